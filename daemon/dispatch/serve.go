package dispatch

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mojukapu/mirai/internal/session"
	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/internal/wire"
)

// Link is a Daemon's Peer: its connection, and what it said of itself.
type Link struct {
	Hello wire.HelloBody
	Owner any // what Admit gave
	line  *session.Line
	name  string          // of the session; "" for a daemon that does not stay
	left  chan struct{}   // closed when nobody reads its connection any more; under the dispatcher's lock
	final atomic.Bool     // it may not come back
	lost  error           // why its connection has ended
	sent  map[uint64]bool // shared values: each is sent once
	out   outgoing
	why   func() string // the reason it is lost, asked once
}

func link(d *Daemon) *Link { return d.Peer.(*Link) }

// fetch has a shared value sent, once. A daemon that asks again had to forget it: it is no more.
func (l *Link) fetch(id uint64, send func(*Link, uint64) bool) {
	switch {
	case l.sent[id]:
		l.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Fetch, Task: id}))
	case send(l, id):
		if l.sent == nil {
			l.sent = map[uint64]bool{}
		}
		l.sent[id] = true
	}
}

// serve is one connection's life: it says hello, gets its number or goes on where it was, answers tasks, is lost.
func (s *Dispatcher) serve(p *sp.Peer) {
	hello, err := introduced(p)
	var d *Daemon
	if err == nil {
		if d = s.resume(p, hello); d == nil {
			d, err = s.join(p, hello)
		}
	}
	if err != nil {
		s.cfg.Log("mirai: refused %s: %v", p.Remote(), err)
		return
	}
	l := link(d)
	lost := s.read(p, d)
	p.Close()
	l.line.Detach(p)
	l.out.wait()
	s.do(func(now time.Duration) {
		l.lost = lost
		if d.Stays && s.cfg.Redial > 0 && !s.closed && !l.final.Load() && !errors.Is(lost, sp.ErrBye) {
			s.queue.Away(d, now+s.cfg.Redial)
			close(l.left)
			return
		}
		s.queue.Down(d, now)
		s.forget(d)
		close(l.left)
	})
	if s.isGone(d) {
		l.why()
	}
}

func (s *Dispatcher) read(p *sp.Peer, d *Daemon) error {
	l := link(d).line
	for {
		frame, err := l.Recv(p)
		if err == nil {
			if err = s.receive(d, frame); err != nil {
				link(d).final.Store(true)
			}
		}
		if err != nil {
			return err
		}
		if !p.Buffered() {
			p.Flush()
		}
	}
}

// introduced reads how a peer introduces itself.
func introduced(p *sp.Peer) (hello wire.HelloBody, err error) {
	frame, err := p.Recv()
	if err != nil {
		return hello, err
	}
	h, body, err := wire.ParseHeader(frame)
	if err != nil {
		return hello, err
	}
	if h.Kind != wire.Hello {
		return hello, fmt.Errorf("it began with a frame of kind %d, not with a hello", h.Kind)
	}
	return wire.ParseHello(body)
}

// join welcomes a new daemon, with the setup it has missed before its first task.
func (s *Dispatcher) join(p *sp.Peer, hello wire.HelloBody) (*Daemon, error) {
	owner, err := s.cfg.Admit(hello)
	if err != nil {
		return nil, err
	}
	p.Admit()
	stays := hello.Identity != ""
	l := &Link{Hello: hello, Owner: owner, line: session.New(stays), left: make(chan struct{})}
	d := &Daemon{Peer: l, Stays: stays}
	l.why = sync.OnceValue(func() string { return s.cfg.Gone(d, l.lost) })
	if stays {
		l.name = rand.Text()
		s.replaced(hello)
	}
	s.do(func(now time.Duration) {
		if s.closed {
			err = sp.ErrClosed
			return
		}
		s.last++
		s.stream.Jump()
		d.ID = s.last
		var welcome []byte
		if welcome, err = wire.AppendWelcome(nil, wire.WelcomeBody{Daemon: d.ID, Stream: s.stream, Session: l.name}); err != nil {
			return
		}
		p.Queue(welcome)
		l.line.Attach(p, wire.Receipt{})
		s.remember(d)
		s.queue.Up(d)
		for _, u := range s.setup {
			s.queue.Pin(u.next(&s.queue), d, now)
		}
		s.queue.Ready(d, now)
	})
	if err != nil {
		return nil, err
	}
	l.line.Flush()
	s.cfg.Up(d)
	return d, nil
}

// at gives the task that a daemon may be running.
func (s *Dispatcher) at(d *Daemon, id uint64, attempt uint32) *Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.At(d, id, attempt)
}

func (s *Dispatcher) receive(d *Daemon, frame []byte) error {
	h, body, err := wire.ParseHeader(frame)
	if err != nil {
		return err
	}
	switch h.Kind {
	case wire.Done:
		var t *Task
		busy := d
		if !link(d).line.Buffered() {
			busy = nil // the next task leaves before the result is passed on
		}
		s.doFor(busy, func(now time.Duration) { t = s.queue.Result(d, h.Task, h.Attempt, now) })
		if t != nil {
			s.cfg.Done(t, d, body)
		}
	case wire.Return:
		ids, err := wire.ParseReturn(body)
		if err != nil {
			return err
		}
		s.do(func(now time.Duration) { s.queue.Returned(d, ids, now) })
	case wire.Leave:
		s.do(func(now time.Duration) { s.queue.Leave(d, now) })
	case wire.Output, wire.Progress, wire.Emit:
		if t := s.at(d, h.Task, h.Attempt); t != nil {
			s.cfg.News(t, h.Kind, body)
		}
	case wire.Submit:
		n, err := wire.ParseSubmit(body)
		if err != nil {
			return err
		}
		s.cfg.Nested(link(d), h.Task, s.at(d, n.Parent, h.Attempt), n)
	case wire.Fetch:
		link(d).fetch(h.Task, s.cfg.Fetch)
	case wire.Cancel:
		s.cfg.Drop(link(d), h.Task)
	case wire.Lend:
		back, err := wire.ParseReturn(body)
		if err != nil {
			return err
		}
		s.do(func(now time.Duration) { s.queue.Lend(d, h.Task, &Daemon{}, back, now) })
	case wire.Resume:
		s.do(func(time.Duration) { s.queue.Resume(d, h.Task) })
	default:
		return fmt.Errorf("it sent a frame of kind %d, which a daemon does not send", h.Kind)
	}
	return nil
}
