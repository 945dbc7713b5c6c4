package dispatch

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/internal/wire"
)

// A daemon that stays is known by the name of its session while it is away. Its Link, and what each side has still to
// send, outlive the connection.

// remember keeps a daemon that stays. Under the lock.
func (s *Dispatcher) remember(d *Daemon) {
	if !d.Stays {
		return
	}
	if s.sessions == nil {
		s.sessions = map[string]*Daemon{}
	}
	s.sessions[link(d).name] = d
}

// forget has a daemon come back as a new one only. Under the lock.
func (s *Dispatcher) forget(d *Daemon) { delete(s.sessions, link(d).name) }

func (s *Dispatcher) isGone(d *Daemon) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.gone
}

// resume goes on with a session, nil where there is none to go on with.
func (s *Dispatcher) resume(p *sp.Peer, hello wire.HelloBody) *Daemon {
	d := s.known(hello)
	if d == nil {
		return nil
	}
	l := link(d)
	s.part(d)
	back := false
	s.do(func(now time.Duration) {
		if back = l.alone() && !s.closed && s.queue.Back(d, now); !back {
			return
		}
		got := l.line.Got()
		welcome, err := wire.AppendWelcome(nil, wire.WelcomeBody{Daemon: d.ID, Session: l.name, Got: &got})
		if err != nil { // it is ours alone
			panic(err)
		}
		p.Admit()
		p.Queue(welcome)
		l.left = make(chan struct{})
		l.line.Attach(p, *hello.Got)
	})
	if !back {
		return nil
	}
	return d
}

// known gives the daemon that a hello is from, when its session can go on.
func (s *Dispatcher) known(hello wire.HelloBody) *Daemon {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.sessions[hello.Session]
	if hello.Session == "" || hello.Got == nil || d == nil {
		return nil
	}
	was := link(d).Hello
	if was.Identity != hello.Identity || subtle.ConstantTimeCompare([]byte(was.Token), []byte(hello.Token)) != 1 {
		return nil
	}
	return d
}

// part ends a connection that its daemon has given up, and waits until all that came on it is read.
func (s *Dispatcher) part(d *Daemon) {
	s.mu.Lock()
	left := link(d).left
	s.mu.Unlock()
	link(d).line.Hang()
	<-left
}

// alone tells whether nobody reads a connection of the daemon. Under the dispatcher's lock.
func (l *Link) alone() bool {
	select {
	case <-l.left:
		return true
	default:
		return false // it has come back by another connection meanwhile
	}
}

// replaced ends what is left of other sessions of a daemon that begins anew. It has dropped what it had of them; of one
// that it never heard of it had nothing.
func (s *Dispatcher) replaced(hello wire.HelloBody) {
	for _, d := range s.those(func(l *Link) bool { return l.Hello.Identity == hello.Identity }) {
		s.drop(d, link(d).Hello.Session == hello.Session)
	}
}

// Abandon ends the sessions of daemons whose owner knows that they cannot come back.
func (s *Dispatcher) Abandon(owner any) {
	for _, d := range s.those(func(l *Link) bool { return l.Owner == owner }) {
		s.drop(d, false)
	}
}

// those are the daemons that stay and match.
func (s *Dispatcher) those(match func(l *Link) bool) (ds []*Daemon) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.sessions {
		if match(link(d)) {
			ds = append(ds, d)
		}
	}
	return ds
}

// drop ends a session. unheard: the daemon cannot have begun anything.
func (s *Dispatcher) drop(d *Daemon, unheard bool) {
	l := link(d)
	l.final.Store(!unheard) // or its tasks would fail
	s.part(d)
	s.do(func(now time.Duration) {
		s.forget(d)
		if unheard {
			s.queue.Leave(d, now)
		} else {
			s.queue.Down(d, now)
		}
	})
	l.line.Close()
	l.why()
}

// kill ends a daemon that does not let go: one that would stay is told to leave.
func (l *Link) kill() {
	if l.line.Lasting() {
		l.final.Store(true)
		l.line.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Dismiss}))
	}
	l.line.Close()
}

// Dismiss tells every daemon to leave, also those that would stay when the host is gone. ctx bounds the telling.
func (s *Dispatcher) Dismiss(ctx context.Context) {
	for _, d := range s.Daemons() {
		if l := link(d); l.line.Lasting() {
			l.final.Store(true)
			l.line.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Dismiss}))
			l.line.Flushed(ctx)
		}
	}
}
