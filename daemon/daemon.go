// Package daemon is the other end: Run dials a host, runs the tasks it sends one at a time and answers each, until the
// host is gone or lets it go. Main makes a program its own daemon. A daemon of a host in the same process is the same
// code on a goroutine (InProcess).
package daemon

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mojukapu/mirai/internal/credential"
	"github.com/mojukapu/mirai/internal/session"
	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// The exit codes of a daemon.
const (
	ExitGone     = 0  // the host is gone, or let it go
	ExitIdle     = 1  // no task for Settings.Idle
	ExitWall     = 2  // Settings.Wall is over
	ExitMaxTasks = 3  // Settings.MaxTasks are done
	ExitUsage    = 64 // what it was told makes no sense
	ExitConnect  = 69 // the host cannot be reached, or does not want it
)

// Config is what the programs of host and daemon have in common.
type Config struct {
	// Modules are the host's own, the same ones that eval.Config has.
	Modules []lang.Module
	// Files lets blocks require script files, relative to the file they are from. Defaults to false.
	Files bool
	// Watch is told of each daemon of this program, for traces. Nil costs nothing.
	Watch Watch

	process bool // the process is nothing but this daemon
}

// Main turns this process into a daemon, and ends it, if it was started as one (launch.Self). Otherwise it does nothing.
// Call it first in main.
func Main(cfg Config) {
	s, told, err := launch.FromEnviron()
	if !told {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(ExitUsage)
	}
	signal.Ignore(os.Interrupt) // at the terminal it is the host's affair
	code, err := Process(context.Background(), s, cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// Process is Run in a process that is nothing but this daemon: a crash says what happened in one line, runaway recursion
// inside the interpreters ends before the machine's memory does. One thread runs Go code while tasks are short: a second
// one would only be woken for nothing, at a quarter of a round trip.
func Process(ctx context.Context, s launch.Settings, cfg Config) (code int, err error) {
	debug.SetTraceback("none")
	debug.SetMaxStack(512 << 20)
	runtime.GOMAXPROCS(1)
	cfg.process = true
	return Run(ctx, s, cfg)
}

// InProcess is Run for eval.Config.InProcess.
func InProcess(ctx context.Context, s launch.Settings, modules []lang.Module) error {
	_, err := Run(ctx, s, Config{Modules: modules})
	return err
}

// Run is a daemon's whole life: it dials s.URL, shows s.Token and runs tasks. It returns the exit code when the host is
// gone, when a limit of s is reached or when ctx ends; a task may then still be running on its own goroutine.
func Run(ctx context.Context, s launch.Settings, cfg Config) (code int, err error) {
	if err := s.Valid(); err != nil {
		return ExitUsage, err
	}
	w := &worker{s: s, cfg: cfg, ended: make(chan struct{})}
	if s.Autoexit == launch.Never && cfg.process {
		ignoreBrokenPipe() // whoever reads what it prints may end before it does
	}
	w.seat = newSeat(w)
	w.standIn = time.AfterFunc(never, w.standInNow)
	w.free = time.AfterFunc(never, w.freeNow)
	defer w.stopClocks()
	secure, err := secure(s)
	if err != nil {
		return ExitUsage, err
	}
	w.peer, w.identity = session.New(s.Autoexit == launch.Never), rand.Text()
	w.connect(ctx, secure)
	w.left()
	w.shared.close()
	return w.code, w.err
}

// secure reads the daemon's credential; nil when it has none and needs none.
func secure(s launch.Settings) (*tls.Config, error) {
	text := s.Credential
	if s.CredentialFile != "" {
		b, err := os.ReadFile(s.CredentialFile)
		if err != nil {
			return nil, fmt.Errorf("daemon: cannot read the credential: %w", err)
		}
		text = string(b)
	}
	if text != "" || s.CredentialFile != "" {
		return credential.Client(text)
	}
	if strings.HasPrefix(s.URL, "tls+") || strings.HasPrefix(s.URL, "wss:") {
		return nil, fmt.Errorf("daemon: %s needs a credential, which the host issues: set MIRAI_CREDENTIAL, or give --credential-file=FILE", s.URL)
	}
	return nil, nil
}

// worker is a daemon at work. The goroutine that reads a task runs it, so that nothing is handed over between the
// socket and the interpreter; when a task lasts, another goroutine takes over reading, so that a cancel is heard.
type worker struct {
	s   launch.Settings
	cfg Config

	identity string // for hosts to know it again
	clocks   sync.Once
	idle     *time.Timer // nil without Settings.Idle
	wall     *time.Timer

	seat  *seat
	hooks *Hooks      // nil when nobody watches
	tasks int         // under the lock, as is all below
	free  *time.Timer // gives memory back after big tasks

	mu         sync.Mutex
	peer       *session.Line // to the present host
	conn       *connection   // that somebody reads, or was to read last
	session    string        // its name
	stream     lang.RNG      // random numbers that the host has given
	giveUp     func()        // ends the dialing that is under way
	bereft     bool          // the host is gone: leave after the task that runs
	complained bool          // somebody was told that there is no host
	busy       bool          // some goroutine runs tasks
	over       bool          // the daemon has ended
	expired    bool          // Settings.Wall is over: leave after the task that runs
	leaving    bool          // no task starts any more
	farewell   int           // the exit code then
	watching   bool          // the stand-in may still be needed
	queue      []job
	early      early // cancels of tasks that are still on their way, or over
	setups     []job // what every interpreter has run before its first task
	standIn    *time.Timer
	armed      bool // the timer is set
	began      int  // how often tasks began
	seen       int  // began when the timer was last due

	lent  []*seat // those that run a task while that of another waits
	spare []*seat // for the next such tasks

	settling sync.Mutex
	bigs     atomic.Int64 // frames that may be overtaken
	settled  atomic.Int64 // and of these those that have left

	nested nested
	shared shared

	once  sync.Once
	ended chan struct{}
	code  int
	err   error
}

// job is a task that was read.
type job struct {
	wire.Header
	line      *session.Line // where it came from
	body      []byte
	cancelled bool
}

// never is when a timer is due that waits for its Reset.
const never = math.MaxInt64

// standInAfter is how long a task runs, at least, before another goroutine takes over reading; at most twice that.
const standInAfter = time.Millisecond

// lastingThreads is how many threads run Go code while a task lasts: the interpreter's, and one for the collector and
// whoever reads.
const lastingThreads = 2

// read reads frames and runs the tasks among them, until the connection ends or a stand-in has taken over reading.
func (w *worker) read(c *connection) {
	for {
		frame, err := c.line.Recv(c.peer)
		if err != nil {
			w.lose(c, err)
			return
		}
		h, body, err := wire.ParseHeader(frame)
		if err != nil {
			w.end(ExitConnect, fmt.Errorf("daemon: %w", err))
			return
		}
		switch h.Kind {
		case wire.Run, wire.Setup:
			if j := (job{Header: h, line: c.line, body: body}); w.begin(&j) && !w.work(j) {
				return
			}
		case wire.Lent:
			w.runLent(job{Header: h, line: c.line, body: body})
		case wire.Done:
			w.nested.answered(h.Task, body)
		case wire.Output, wire.Progress, wire.Emit:
			w.nested.news(h.Task, h.Kind, body)
		case wire.Fetch:
			w.shared.arrived(h.Task, body)
		case wire.Forget:
			w.shared.forget(h.Task)
		case wire.Cancel:
			w.drop(h)
		case wire.Return:
			w.giveBack()
		case wire.Dismiss:
			w.end(ExitGone, nil)
			return
		}
	}
}

// begin makes this goroutine the one that runs tasks; while another one is, the task waits for it. A daemon that leaves
// begins nothing: its host runs the task elsewhere.
func (w *worker) begin(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leaving {
		return false
	}
	j.cancelled = w.early.take(j.Header)
	if w.busy {
		w.queue = append(w.queue, *j)
		return false
	}
	w.busy, w.watching = true, true
	w.began++
	if !w.armed {
		w.armed = true
		w.standIn.Reset(standInAfter)
	}
	return true
}

// work runs a task and those that came meanwhile. It tells whether this goroutine is still the one that reads.
func (w *worker) work(j job) (reading bool) {
	if w.idle != nil {
		w.idle.Stop()
	}
	for {
		w.seat.run(j)
		w.mu.Lock()
		if j.Kind != wire.Setup {
			w.tasks++
		}
		if len(w.queue) == 0 || w.enough() != ExitGone && len(w.lent) == 0 { // else it cannot leave yet
			break
		}
		j = w.queue[0]
		w.queue = w.queue[1:]
		w.mu.Unlock()
	}
	reading = w.watching
	w.busy, w.watching, w.queue = false, false, nil
	leave, bereft := w.departIfEnough(), w.bereft && len(w.lent) == 0
	w.mu.Unlock()
	if bereft {
		w.end(ExitGone, nil)
	}
	if !reading && w.cfg.process {
		runtime.GOMAXPROCS(1)
	}
	w.rest(leave)
	return reading
}

// standInNow takes over reading from a goroutine whose task lasts. Its timer is set once a millisecond while there are
// tasks, not once a task: setting one may wake a thread.
func (w *worker) standInNow() {
	w.mu.Lock()
	seen := w.seen
	w.seen = w.began
	take := w.watching && seen == w.began
	w.armed = w.watching && !take
	if take {
		w.watching = false
	} else if w.armed {
		w.standIn.Reset(standInAfter)
	}
	w.mu.Unlock()
	if take {
		w.takeOver() // on the timer's own goroutine
	}
}

// takeOver reads in place of the goroutine whose task lasts.
func (w *worker) takeOver() {
	if w.cfg.process {
		runtime.GOMAXPROCS(lastingThreads)
	}
	w.mu.Lock()
	c := w.conn
	w.mu.Unlock()
	w.read(c)
}

// freeNow gives memory back to the system, when no task runs.
func (w *worker) freeNow() {
	w.mu.Lock()
	idle := !w.busy && len(w.lent) == 0
	if idle {
		w.seat.frame = nil
	}
	w.mu.Unlock()
	if idle {
		debug.FreeOSMemory()
	}
}

// drop lets go of a task: the running one is interrupted, a waiting one is answered as cancelled in its turn.
func (w *worker) drop(h wire.Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seats() {
		if s.task != nil && s.current.Task == h.Task && s.current.Attempt == h.Attempt {
			s.task.stop(errCancelled)
			return
		}
	}
	for i := range w.queue {
		if w.queue[i].Task == h.Task && w.queue[i].Attempt == h.Attempt {
			w.queue[i].cancelled = true
			return
		}
	}
	w.early.add(h)
}

// giveBack gives the host back what has not started.
func (w *worker) giveBack() {
	w.mu.Lock()
	ids, line := w.takeQueue(), w.peer
	w.mu.Unlock()
	line.Send(wire.AppendReturn(nil, ids))
}

// settle has big frames leave before what is sent next, which would overtake them: the host would take it for news of a
// task that it believes to wait still, or to be over. The end of the connection ends the wait.
func (w *worker) settle() {
	if w.bigs.Load() == w.settled.Load() {
		return
	}
	w.settling.Lock() // who comes second waits too
	defer w.settling.Unlock()
	if n := w.bigs.Load(); n != w.settled.Load() {
		w.mu.Lock()
		line := w.peer
		w.mu.Unlock()
		line.Flushed(context.Background())
		w.settled.Store(n)
	}
}

// sent notes that a frame of n bytes was sent, which may be overtaken when it is big.
func (w *worker) sent(line *session.Line, n int) {
	if n > sp.Ordered && !line.Lasting() {
		w.bigs.Add(1)
	}
}

// takeQueue gives the ids of what has not started, and forgets it. Under the lock.
func (w *worker) takeQueue() []uint64 {
	ids := make([]uint64, len(w.queue))
	for i, j := range w.queue {
		ids[i] = j.Task
	}
	w.queue = nil
	return ids
}

// seats gives all seats at which a task may run. Under the lock.
func (w *worker) seats() []*seat { return append(w.lent[:len(w.lent):len(w.lent)], w.seat) }

func (w *worker) allSetups() []job {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.setups
}

// addSetup has every interpreter run a task before its first one. It gives how many there are.
func (w *worker) addSetup(j job) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j.line == w.peer {
		w.setups = append(w.setups, j)
	}
	return len(w.setups)
}

// more tells whether the goroutine that works has further tasks to read, so that its answers may go out together.
func (w *worker) more() bool {
	w.mu.Lock()
	defer w.mu.Unlock() // so long no stand-in takes over reading
	return w.watching && w.peer.Buffered()
}

func (w *worker) end(code int, err error) {
	w.once.Do(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.leaving && code == ExitGone { // the host has closed the connection, as it was asked to
			code = w.farewell
		}
		w.code, w.err, w.over = code, err, true
		if w.giveUp != nil {
			w.giveUp()
		}
		close(w.ended)
		for _, s := range w.seats() {
			if s.task != nil {
				s.task.stop(errGone)
			}
		}
	})
}
