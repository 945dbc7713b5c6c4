package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Profile is a named pool of daemons with a queue of its own. All its methods are safe for use by several goroutines.
type Profile struct {
	cfg    Config
	at     listening
	types  []*lang.Type
	d      *dispatch.Dispatcher // nil inside a task: to is then the way to the pool that runs it
	to     taker
	pool   *pool
	lastID atomic.Uint64
	seed   seed
	setups atomic.Int32 // by Everywhere
	lost   atomic.Int32 // daemons that joined late and were lost in their setup, in a row
	hooks  []*Hooks     // nil when nobody watches

	children children
	shares   *sharing

	mu     sync.Mutex
	broken error // why no daemon can start
	closed bool
}

// New starts the daemons of a profile and waits until all are connected. When they cannot start it says why, within
// Config.Start. ctx bounds the starting only: end a profile with Close.
func New(ctx context.Context, cfg Config) (*Profile, error) {
	p, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Launcher != nil {
		_, err = p.Launch(ctx, cfg.Daemons, cfg.Launcher)
	} else {
		err = p.pool.wait(ctx, p.cfg.Daemons)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// open starts the daemons and does not wait. ctx bounds nothing: it is for those who watch.
func open(ctx context.Context, cfg Config) (*Profile, error) {
	if cfg.once {
		cfg.URL, cfg.TLS, cfg.Launcher = "", nil, nil
	}
	cfg, err := cfg.located()
	if err != nil {
		return nil, fmt.Errorf("eval: no address for daemons elsewhere: %w", err)
	}
	cfg = cfg.defaults()
	if err := cfg.valid(); err != nil {
		return nil, err
	}
	at, err := cfg.listening()
	if err != nil {
		return nil, err
	}
	p := &Profile{cfg: cfg, at: at}
	p.seed.set(cfg.Seed)
	p.types = cfg.types()
	if p.shares = cfg.shares; p.shares == nil {
		p.shares = newSharing()
	}
	p.pool = newPool(p)
	p.d, err = dispatch.New(dispatch.Config{
		URL: at.url, TLS: at.server(), Heartbeat: cfg.Settings.Heartbeat, Redial: cfg.Redial, Depth: cfg.Depth, Grace: cfg.Grace, Direct: cfg.Direct, Bytes: max(cfg.Memory, 0), Tasks: max(cfg.Queue, 0),
		Admit: p.pool.admit, Up: p.pool.up, Kill: p.pool.kill, Gone: p.gone, Waits: p.pool.wake, Done: done, End: p.end,
		News: func(t *dispatch.Task, k wire.Kind, body []byte) { t.Owner.(*Future).hear(k, body) }, Nested: p.nested, Drop: p.drop,
		Fetch: p.fetch,
		Log:   func(format string, args ...any) { cfg.Log.Warn(fmt.Sprintf(format, args...), "profile", cfg.Name) },
	})
	if err != nil {
		at.unlink()
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w: give another address, or port 0 for any free one", err)
		}
		return nil, fmt.Errorf("eval: cannot listen for daemons: %w", err)
	}
	p.to = p.d
	p.shares.join(p)
	p.watch(ctx)
	for _, s := range cfg.setups {
		p.onEach(ctx, s.task, s.frame)
	}
	if cfg.Launcher == nil {
		p.pool.start(cfg.Daemons, cfg.Settings)
	}
	return p, nil
}

// Go submits a task and returns its future at once, or once there is room for it where what waits is bounded
// (Config.Memory, Config.Queue). ctx bounds the task: when it ends, the task is cancelled, and Go waits no longer.
// A task that cannot be sent gives a future that is resolved already, with ErrRefused.
func (p *Profile) Go(ctx context.Context, t Task) *Future {
	f := p.submit(ctx, t)
	p.inside(ctx, f)
	return f
}

// submit is Go without waiting for what is evaluated inside the call.
func (p *Profile) submit(ctx context.Context, t Task) *Future {
	f := p.prepare(ctx, t, p.seed.next())
	if f.Resolved() {
		return f
	}
	if ctx.Done() != nil {
		f.bind(ctx)
	}
	p.admit(ctx, f)
	return f
}

func (t Task) withDefaults() Task {
	if t.Lang == "" {
		t.Lang = lang.JS
	}
	if t.File == "" {
		t.File = "task"
	}
	return t
}

func (p *Profile) future(t Task) *Future {
	f := &Future{p: p, name: t.Name, at: p.to.Clock(), apart: t.feeds && p.cfg.bounded()}
	f.task = dispatch.Task{ID: p.lastID.Add(1), RunLimit: t.RunTimeout, Priority: t.Priority,
		Retries: t.Retries, Backoff: t.Backoff, Owner: f}
	return f
}

// bind cancels the future when ctx ends.
func (f *Future) bind(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { f.Cancel() })
	f.mu.Lock()
	over := f.over
	f.forget = stop
	f.mu.Unlock()
	if over { // on its way here
		stop()
	}
}

// Everywhere runs a task on each daemon, now and on each that joins later, before its first task. What it does to
// globals stays. It gives a future for each daemon there is now, and where these are fewer than t.Min one for each of
// those that join next. It fails when there can never be so many.
func (p *Profile) Everywhere(t Task) ([]*Future, error) {
	fs, err := p.everywhere(context.Background(), t)
	for _, f := range fs {
		p.inside(context.Background(), f)
	}
	return fs, err
}

// everywhere is Everywhere without waiting; ctx is where traces find whose doing it is, also of daemons that join later.
func (p *Profile) everywhere(ctx context.Context, t Task) ([]*Future, error) {
	t = t.withDefaults()
	if p.cfg.Sync {
		t.Min = 0 // there is one daemon, whatever was asked for
	}
	if err := p.reaches(t.Min); err != nil {
		return nil, err
	}
	if err := p.lasts(); err != nil {
		return nil, err
	}
	frame, err := t.encode(wire.Setup, 0, lang.RNG{}, p.types)
	if err != nil {
		return nil, newError(Refused, "%v", err)
	}
	return p.onEach(ctx, t, frame), nil
}

// onEach is everywhere for a task that is encoded already.
func (p *Profile) onEach(ctx context.Context, t Task, frame []byte) (fs []*Future) {
	p.d.Everywhere(t.Min, func(late bool) *dispatch.Task {
		f := p.future(t)
		own := append(wire.AppendHeader(nil, wire.Header{Kind: wire.Setup, Task: f.task.ID, Attempt: 1}), frame[wire.HeaderSize:]...)
		f.task.Frame = p.announce(ctx, f, ForEverywhere, t).frame(own, nil)
		if late {
			f.Notify(func() { p.joined(f) })
			return &f.task
		}
		if t.Timeout > 0 {
			f.task.Deadline = f.at + t.Timeout
		}
		f.task.Inherit = true
		fs = append(fs, f)
		return &f.task
	})
	return fs
}

// joined hears how the setup of a daemon went that joined late. One that ends every daemon ends the profile: it would be
// started for ever.
func (p *Profile) joined(f *Future) {
	err := f.parse()
	if err == nil {
		p.lost.Store(0)
		return
	}
	p.cfg.Log.Error("everywhere failed on a daemon that joined late", "error", err, "daemon", f.where())
	if errors.Is(err, ErrReset) && p.lost.Add(1) >= tries {
		p.pool.giveUp(fmt.Errorf("no daemon gets through what everywhere has set up: %w", err))
	}
}

// reaches tells what keeps the profile from ever having n daemons.
func (p *Profile) reaches(n int) error {
	p.mu.Lock()
	broken := p.broken
	p.mu.Unlock()
	if broken != nil {
		return newError(Reset, "%v", broken)
	}
	if most := p.pool.most(); n > most {
		return fmt.Errorf("everywhere: min is %d, and the profile %q has %d daemons, running or starting: set more, or ask for fewer", n, p.cfg.Name, most)
	}
	return nil
}

// lasts tells when a daemon that joins would do nothing but its setup, and leave: another one would follow it, for ever.
func (p *Profile) lasts() error {
	limit := int32(p.cfg.Settings.MaxTasks)
	if n := p.setups.Add(1); limit > 0 && n >= limit && !p.cfg.NoRespawn {
		p.setups.Add(-1)
		return fmt.Errorf("everywhere: maxtasks is %d, and setup counts among the tasks: a daemon that joins later would leave after its setup alone. Set maxtasks above the number of calls of everywhere", limit)
	}
	return nil
}

// most is how many daemons there are, once those that are starting, or are started when tasks wait, have connected. Where
// others may connect there is no end to it.
func (o *pool) most() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.p.cfg.URL != "" {
		return math.MaxInt
	}
	n := len(o.rested)
	for _, l := range o.launched {
		if !l.abandoned {
			n++
		}
	}
	if o.p.cfg.NoRespawn {
		return n
	}
	return max(n, o.kept) // one may be about to be replaced
}

// Status is the state of a profile.
type Status struct {
	Name    string
	URL     string
	Direct  bool // tasks are given to the daemons in turn (Config.Direct)
	Daemons []DaemonStatus
	Memory  Memory
	// Expected is how many daemons that were launched elsewhere have not connected yet.
	Expected int
	// Failed says why others are not expected any more: the last ones, of the launches that nobody waited for, too.
	Failed []string
	dispatch.Counts
}

// DaemonStatus is a connected daemon.
type DaemonStatus struct {
	ID   uint64
	PID  int
	Host string
}

func statusOf(d *dispatch.Daemon) DaemonStatus {
	hello := d.Peer.(*dispatch.Link).Hello
	return DaemonStatus{d.ID, hello.PID, hello.Host}
}

// Status gives the state of the profile.
func (p *Profile) Status() Status {
	s := Status{Name: p.cfg.Name, URL: p.d.URL(), Direct: p.cfg.Direct, Counts: p.d.Counts(), Memory: p.memory()}
	s.Expected, s.Failed = p.pool.elsewhere()
	for _, d := range p.d.Daemons() {
		s.Daemons = append(s.Daemons, statusOf(d))
	}
	return s
}

// RunningTask is a task on its daemon.
type RunningTask struct {
	Task    uint64
	Name    string
	Attempt int
	Daemon  uint64
	PID     int
}

// Running gives the tasks that daemons have now.
func (p *Profile) Running() (ts []RunningTask) {
	p.d.Running(func(d *dispatch.Daemon, t *dispatch.Task) {
		f := t.Owner.(*Future)
		ts = append(ts, RunningTask{t.ID, f.name, int(t.Attempt), d.ID, d.Peer.(*dispatch.Link).Hello.PID})
	})
	return ts
}

// Close ends the profile: pending futures are resolved with ErrReset, daemons leave, and it waits until they have. Those
// that stay (launch.Never) are left to the next host.
func (p *Profile) Close() error { return p.close(false) }

// Dismiss is Close, with daemons that would stay told to leave. Those whose connection is lost just then stay.
func (p *Profile) Dismiss() error { return p.close(true) }

func (p *Profile) close(dismiss bool) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	p.pool.stop()
	if dismiss {
		p.dismiss()
	}
	err := p.d.Close()
	p.pool.reap(dismiss)
	if p.shares.leave(p); p.cfg.shares == nil {
		p.shares.close()
	}
	p.at.unlink()
	p.tellReset()
	return err
}

func (p *Profile) cancel(f *Future) bool { return p.to.Cancel(&f.task) }

// gone says why a daemon is lost.
func (p *Profile) gone(d *dispatch.Daemon, err error) string {
	p.orphan(d)
	return p.pool.gone(d, err)
}

// fail ends the profile because no daemon can start.
func (p *Profile) fail(err error) {
	p.mu.Lock()
	if p.broken == nil {
		p.broken = err
	}
	p.mu.Unlock()
	p.d.Fail()
}

func done(t *dispatch.Task, d *dispatch.Daemon, body []byte) { t.Owner.(*Future).resolve(body, d, nil) }

// end resolves the future of a task that got no result.
func (p *Profile) end(t *dispatch.Task, o dispatch.Outcome, d *dispatch.Daemon, why string) {
	f := t.Owner.(*Future)
	f.resolve(nil, d, p.outcome(t, o, f, why))
}

func (p *Profile) outcome(t *dispatch.Task, o dispatch.Outcome, f *Future, why string) *Error {
	switch o {
	case dispatch.TimedOut:
		return newError(TimedOut, "timed out after %v waiting", t.Deadline-f.at)
	case dispatch.Late:
		return newError(TimedOut, "timed out after %v, while running", t.Deadline-f.at)
	case dispatch.Overran:
		return newError(TimedOut, "timed out after %v running", t.RunLimit)
	case dispatch.Cancelled:
		return newError(Cancelled, "cancelled")
	case dispatch.Reset:
		if why == "" {
			why = "the connection ended"
		}
		if t.Attempt > 1 {
			why = fmt.Sprintf("%s (attempt %d of %d)", why, t.Attempt, t.Retries+1)
		}
		return newError(Reset, "daemon lost: %s", why)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return newError(Reset, "%v", p.broken)
	}
	return newError(Reset, "the profile %q was closed", p.cfg.Name)
}

// Once runs one task in a daemon of its own, which is there for that task alone. ctx bounds the task.
func Once(ctx context.Context, cfg Config, t Task) (*Future, error) {
	p, f, err := once(ctx, cfg, t)
	if err != nil {
		return nil, err
	}
	if ctx.Done() != nil {
		f.bind(ctx)
	}
	f.Notify(func() { go p.Close() })
	return f, nil
}

// had tells whether a profile for one task has had it.
func (p *Profile) had() bool {
	c := p.d.Counts()
	return p.cfg.once && c.Completed > c.Cumulative*len(p.cfg.setups)
}

// once is Once without the end of the profile, and not bounded by ctx.
func once(ctx context.Context, cfg Config, t Task) (*Profile, *Future, error) {
	cfg.Daemons, cfg.Settings.MaxTasks, cfg.once = 1, 1, true
	p, err := open(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	return p, p.Go(context.WithoutCancel(ctx), t), nil
}
