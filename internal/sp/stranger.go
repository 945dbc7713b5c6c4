package sp

import (
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var errCrowded = errors.New("too many connections that did not say who they are")

// grace is how long a stranger may stay in any case: for a daemon's handshakes and hello, also when a thousand come at once.
const grace = time.Second

// strangers are the connections to a socket that are not admitted yet. Their number is bounded. When there are too many,
// the next one waits until one is admitted, or until the oldest, of the address that has the most, has had its grace: then
// that one goes. So a crowd of daemons gets in without losing one, and silent strangers keep nobody out for longer than
// that. It is the accepting that waits: later ones stand in the kernel's queue, and cost nothing.
type strangers struct {
	limit int
	grace time.Duration

	mu     sync.Mutex
	room   sync.Cond   // one has left, or has had its grace; on mu
	all    []*stranger // the oldest first
	count  map[string]int
	closed bool
}

func (s *strangers) init(limit int) {
	s.limit, s.grace, s.count, s.room.L = limit, grace, map[string]int{}, &s.mu
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
	x := &stranger{among: s, conn: conn}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		x.host = string(a.IP)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed && len(s.all) >= s.limit {
		s.makeRoom()
	}
	if s.closed {
		return nil
	}
	x.since = time.Now()
	s.all = append(s.all, x)
	s.count[x.host]++
	return x
}

// makeRoom closes the one that has to go, or waits for a change. Holds mu.
func (s *strangers) makeRoom() {
	most := 0
	for _, n := range s.count {
		most = max(most, n)
	}
	i := slices.IndexFunc(s.all, func(x *stranger) bool { return s.count[x.host] == most })
	x := s.all[i]
	if left := s.grace - x.age(); left > 0 {
		defer time.AfterFunc(left, s.room.Broadcast).Stop()
		s.room.Wait()
		return
	}
	x.out.Store(true)
	x.conn.Close()
	s.remove(i)
}

// close ends them all, and every later one.
func (s *strangers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.room.Broadcast()
	for _, x := range s.all {
		x.conn.Close()
	}
}

// remove forgets one. Holds mu.
func (s *strangers) remove(i int) {
	x := s.all[i]
	s.all = slices.Delete(s.all, i, i+1)
	if s.count[x.host]--; s.count[x.host] == 0 {
		delete(s.count, x.host)
	}
	s.room.Broadcast()
}

// leave is for one that is admitted, or gone; again and again if need be.
func (x *stranger) leave() {
	if x == nil {
		return
	}
	s := x.among
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.all, x); i >= 0 {
		s.remove(i)
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
