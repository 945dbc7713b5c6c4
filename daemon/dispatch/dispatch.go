package dispatch

import (
	"crypto/tls"
	"math"
	"slices"
	"sync"
	"time"

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
