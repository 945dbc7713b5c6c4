package dispatch

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mojukapu/mirai/internal/session"
	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Config is what a Dispatcher is made with. Its hooks are called without a lock held, on the goroutine where the
// thing happened; they must not wait for the dispatcher.
type Config struct {
	URL       string
	TLS       *tls.Config   // the host's side, for tls+tcp and wss
	Heartbeat time.Duration // how often a sign of life goes out; a daemon silent for three of them is gone. Defaults to 5 s
	Redial    time.Duration // how long the task of a daemon that stays is kept when its connection is lost
	Depth     int           // tasks a daemon holds at the most, the running one included. Defaults to 1
	Grace     time.Duration // between an interrupt and the kill
	Direct    bool          // each task goes to a daemon at its submission, in turn
	Bytes     int           // of frames that may wait; 0: any number
	Tasks     int           // that may wait; 0: any number

	Admit func(h wire.HelloBody) (owner any, err error)   // whether a peer is a daemon of ours
	Done  func(t *Task, d *Daemon, body []byte)           // a result has come
	End   func(t *Task, o Outcome, d *Daemon, why string) // a task ended without one; d and why for Reset
	Up    func(d *Daemon)                                 // a daemon has joined
	Kill  func(d *Daemon)                                 // end the process of a daemon, where that is in our hands
	Gone  func(d *Daemon, err error) string               // a daemon is lost; it gives the reason, and may wait for an exit status
	Waits func()                                          // tasks wait for daemons, after a change; nil: nobody wants to know
	Log   func(format string, args ...any)                // strangers and broken frames, a few a minute

	// News is what a task tells while it runs: the body of an Output, a Progress or an Emit.
	News func(t *Task, k wire.Kind, body []byte)
	// Nested is a task that the task parent submits, under a number of its daemon's own; nil parent: that is over.
	Nested func(l *Link, id uint64, parent *Task, n wire.Nested)
	// Fetch is a daemon that has no shared value of that id. It sends the value, or that it is no more, and tells which.
	Fetch func(l *Link, id uint64) (found bool)
	// Drop says that a daemon cancels a nested task.
	Drop func(l *Link, id uint64)
}

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

// Dispatcher is a Queue with its daemons on a socket.
type Dispatcher struct {
	cfg    Config
	socket *sp.Socket
	start  time.Time

	mu     sync.Mutex
	queue  Queue
	setup  []*setup
	last   uint64   // daemon id
	stream lang.RNG // of the last daemon
	timer  *time.Timer
	armed  time.Duration
	rooms  map[*Task]chan struct{} // of blocked tasks: closed when they are taken in, or over
	closed bool

	sessions map[string]*Daemon // of those that stay, by the names of their sessions
}

// New listens at cfg.URL.
func New(cfg Config) (*Dispatcher, error) {
	cfg.Log = sparse(cfg.Log)
	s := &Dispatcher{cfg: cfg, start: time.Now(), stream: lang.RandomRNG(), queue: Queue{Depth: cfg.Depth, Grace: cfg.Grace, Direct: cfg.Direct, MaxBytes: cfg.Bytes, MaxTasks: cfg.Tasks}}
	s.timer = time.AfterFunc(math.MaxInt64, func() { s.do(func(now time.Duration) { s.queue.Tick(now) }) })
	var err error
	if s.socket, err = sp.Listen(cfg.URL, sp.Config{TLS: cfg.TLS, Heartbeat: cfg.Heartbeat, Log: cfg.Log, Peer: s.serve}); err != nil {
		return nil, err
	}
	return s, nil
}

// URL is where daemons dial to.
func (s *Dispatcher) URL() string { return s.socket.URL() }

// Clock is the time on the queue's clock, for deadlines.
func (s *Dispatcher) Clock() time.Duration { return time.Since(s.start) }

// Submit takes a task in. Where there is no room it gives a channel, which is closed when the task is taken in, or over.
func (s *Dispatcher) Submit(t *Task) (room <-chan struct{}) {
	s.do(func(now time.Duration) {
		if s.queue.Submit(t, now); t.state == blocked {
			room = s.await(t)
		}
	})
	return room
}

func (s *Dispatcher) await(t *Task) chan struct{} {
	if s.rooms == nil {
		s.rooms = map[*Task]chan struct{}{}
	}
	room := make(chan struct{})
	s.rooms[t] = room
	return room
}

// Offer takes a task in unless it would have to wait beyond a bound.
func (s *Dispatcher) Offer(t *Task) (ok bool) {
	s.do(func(now time.Duration) { ok = s.queue.Offer(t, now) })
	return ok
}

// Full tells whether a bound is reached.
func (s *Dispatcher) Full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.Full()
}

// Load gives what waits.
func (s *Dispatcher) Load() Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.Load()
}

// Tasks gives every task that is not over, and the time.
func (s *Dispatcher) Tasks() ([]Entry, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.Tasks(), s.Clock()
}

// CancelIf ends the tasks that match, the last first. It gives how many there were.
func (s *Dispatcher) CancelIf(match func(*Task) bool) (n int) {
	s.do(func(now time.Duration) {
		for _, e := range slices.Backward(s.queue.Tasks()) {
			if match(e.Task) && s.queue.Cancel(e.Task, now) {
				n++
			}
		}
	})
	return n
}

// Cancel ends a task: false when it was over already.
func (s *Dispatcher) Cancel(t *Task) (ok bool) {
	s.do(func(now time.Duration) { ok = s.queue.Cancel(t, now) })
	return ok
}

// Keep says how many daemons there are again when one is lost.
func (s *Dispatcher) Keep(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.Kept = n
}

// setup is what each daemon runs before its first task.
type setup struct {
	make  func(late bool) *Task
	tasks []*Task // those that somebody waits for
}

// next is the task for a daemon that joins: one that waits for such a daemon, or a new one.
func (u *setup) next(q *Queue) *Task {
	for _, t := range u.tasks {
		if q.Owed(t) {
			return t
		}
	}
	return u.make(true)
}

// Everywhere has make give a task for each daemon, now and for each that joins later, before its first task. Where fewer
// than min are connected the missing tasks wait for those that join next. Tasks of later ones have nobody waiting:
// make is told.
func (s *Dispatcher) Everywhere(min int, make func(late bool) *Task) {
	s.do(func(now time.Duration) {
		u := &setup{make: make}
		s.queue.Daemons(func(d *Daemon) {
			t := make(false)
			u.tasks = append(u.tasks, t)
			s.queue.Pin(t, d, now)
		})
		for len(u.tasks) < min {
			t := make(false)
			u.tasks = append(u.tasks, t)
			s.queue.Owe(t)
		}
		s.setup = append(s.setup, u)
	})
}

// Counts gives the counters.
func (s *Dispatcher) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.Counts()
}

// Daemons gives the connected daemons in the order they came.
func (s *Dispatcher) Daemons() []*Daemon {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ds []*Daemon
	s.queue.Daemons(func(d *Daemon) { ds = append(ds, d) })
	slices.SortFunc(ds, func(a, b *Daemon) int { return int(a.ID) - int(b.ID) })
	return ds
}

// Running calls f for each daemon that has a task, with the one that it may be running.
func (s *Dispatcher) Running(f func(d *Daemon, t *Task)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.Daemons(func(d *Daemon) {
		if t := d.Running(); t != nil {
			f(d, t)
		}
	})
}

// Fail ends every task, and every later one at once.
func (s *Dispatcher) Fail() { s.do(func(time.Duration) { s.queue.Close() }) }

// Close ends every task, lets the daemons go and waits for the connections to end.
func (s *Dispatcher) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.Fail()
	s.timer.Stop()
	return s.socket.Close()
}

// do changes the queue and carries out what it asks for. Frames are queued at their peers under the lock, so that what
// is sent to a daemon keeps the queue's order; everything that may take time happens outside.
func (s *Dispatcher) do(change func(now time.Duration)) { s.doFor(nil, change) }

// doFor is do for a receiver that has more to read: it sends later what goes to its own daemon.
func (s *Dispatcher) doFor(busy *Daemon, change func(now time.Duration)) {
	s.mu.Lock()
	change(s.Clock())
	var few [4]Action
	todo := append(few[:0], s.queue.Take()...)
	s.post(todo)
	waits := s.cfg.Waits != nil && s.queue.Counts().Awaiting > 0
	s.mu.Unlock()
	s.perform(busy, todo)
	if waits {
		s.cfg.Waits()
	}
}

// post queues the frames of actions and sets the timer, under the lock.
func (s *Dispatcher) post(todo []Action) {
	for i, a := range todo {
		switch a.Verb {
		case Send:
			if a.Task.Attempt > 1 { // the first attempt's bytes may still be on their way to a dead peer
				a.Frame = slices.Clone(a.Frame)
				wire.SetAttempt(a.Frame, a.Task.Attempt)
			}
			if a.Daemon.lender != nil {
				a.Frame = slices.Clone(a.Frame)
				wire.SetKind(a.Frame, wire.Lent)
			}
			link(a.Daemon).line.Queue(a.Frame)
		case Interrupt:
			link(a.Daemon).line.Queue(wire.AppendHeader(nil, wire.Header{Kind: wire.Cancel, Task: a.Task.ID, Attempt: a.Task.Attempt}))
		case Recall:
			link(a.Daemon).line.Queue(wire.AppendHeader(nil, wire.Header{Kind: wire.Return}))
		case Forget:
			s.forget(a.Daemon)
		case Admit, Finish:
			todo[i].room = s.rooms[a.Task]
			delete(s.rooms, a.Task)
		}
	}
	if next := s.queue.Next(); next != s.armed {
		if s.armed = next; next > 0 {
			s.timer.Reset(next - s.Clock())
		}
	}
}

func (s *Dispatcher) perform(busy *Daemon, todo []Action) {
	for _, a := range todo {
		switch a.Verb {
		case Send, Interrupt, Recall:
			if a.Daemon != busy {
				link(a.Daemon).line.Flush() // a lost peer is noticed by its receiver
			}
		case Kill:
			s.cfg.Kill(a.Daemon)
			link(a.Daemon).kill()
		case Forget:
			link(a.Daemon).line.Close()
			go link(a.Daemon).why() // it may wait for an exit status
		}
	}
	for _, a := range todo {
		if a.Verb == Finish {
			s.end(a)
		}
		if a.room != nil { // whoever waits for it finds the task taken in, or over
			close(a.room)
		}
	}
}

func (s *Dispatcher) end(a Action) {
	why := ""
	if a.Outcome == Reset && a.Daemon != nil {
		why = link(a.Daemon).why()
	}
	s.cfg.End(a.Task, a.Outcome, a.Daemon, why)
}

// Broadcast sends a frame that concerns no task to every daemon.
func (s *Dispatcher) Broadcast(frame []byte) {
	for _, d := range s.Daemons() {
		link(d).Send(frame)
	}
}

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

func link(d *Daemon) *Link { return d.Peer.(*Link) }

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
