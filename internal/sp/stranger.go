package sp

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var errCrowded = errors.New("too many connections that did not say who they are")

// strangers are the connections to a socket that are not admitted yet. Their number is bounded. When there are too many, the
// oldest one goes, of the address that has the most: a daemon needs a few round trips only, so it gets in unless as many
// strangers come in that time, from all over the world. To let new ones wait instead would let a few silent ones keep
// everybody out.
type strangers struct {
	limit int

	mu     sync.Mutex
	all    []*stranger // the oldest first
	count  map[string]int
	closed bool
}

// stranger is one of them. Nil is nobody's: its methods do nothing.
type stranger struct {
	among *strangers
	conn  net.Conn
	host  string
	since time.Time
	out   atomic.Bool // it was dropped
}

// enter gives nil when the socket is closed.
func (s *strangers) enter(conn net.Conn) *stranger {
	x := &stranger{among: s, conn: conn, since: time.Now()}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		x.host = string(a.IP)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	if len(s.all) >= s.limit {
		s.drop()
	}
	if s.count == nil {
		s.count = map[string]int{}
	}
	s.all = append(s.all, x)
	s.count[x.host]++
	return x
}

// drop closes the one that has to go. Holds mu.
func (s *strangers) drop() {
	host, most := "", 0
	for h, n := range s.count {
		if n > most {
			host, most = h, n
		}
	}
	for i, x := range s.all {
		if x.host == host {
			x.out.Store(true)
			x.conn.Close()
			s.remove(i)
			return
		}
	}
}

// close ends them all, and every later one.
func (s *strangers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, x := range s.all {
		x.conn.Close()
	}
}

// remove forgets one. Holds mu.
func (s *strangers) remove(i int) {
	x := s.all[i]
	s.all = append(s.all[:i], s.all[i+1:]...)
	if s.count[x.host]--; s.count[x.host] == 0 {
		delete(s.count, x.host)
	}
}

// leave is for one that is admitted, or gone; again and again if need be.
func (x *stranger) leave() {
	if x == nil {
		return
	}
	s := x.among
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.all {
		if other == x {
			s.remove(i)
			return
		}
	}
}

// age is how long it has been one.
func (x *stranger) age() time.Duration {
	if x == nil {
		return 0
	}
	return time.Since(x.since)
}

func (x *stranger) dropped() bool { return x != nil && x.out.Load() }
