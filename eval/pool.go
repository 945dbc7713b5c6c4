package eval

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/wire"
)

// tries is how many daemons in a row may fail to start before the pool gives up.
const tries = 3

// pool keeps n local daemons running: each is launched with a token of its own, matched to its launch by it, and
// replaced when it ends.
type pool struct {
	p *Profile

	mu       sync.Mutex
	launched map[string]*local // by token
	failures int               // in a row
	ready    int
	online   int          // connected and not known to be lost
	resting  atomic.Int32 // left because nothing was to do, and not replaced yet
	stopped  bool
	err      error         // why no daemon can start
	changed  chan struct{} // closed and made anew when ready, err or stopped change
}

// local is a daemon that we launched.
type local struct {
	token     string
	process   bool   // false for a goroutine
	stop      func() // kills the process, or asks the goroutine to end
	late      bool   // it did not connect in time
	admitted  bool
	idle      bool // it left because nothing was to do
	abandoned bool // a goroutine that was replaced already
	output    tail
	exited    chan struct{}
	exit      string // how it ended, once exited is closed
}

func newPool(p *Profile) *pool {
	return &pool{p: p, launched: map[string]*local{}, changed: make(chan struct{})}
}

func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func (o *pool) start(n int) {
	for range n {
		o.launch()
	}
}

// launch starts one daemon; it is asynchronous, and a failure counts like a daemon that ends at once.
func (o *pool) launch() {
	l := &local{token: newToken(), exited: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped {
		return
	}
	o.launched[l.token] = l
	go o.run(l)
}

// run is the life of a daemon that we launched.
func (o *pool) run(l *local) {
	wait, err := o.begin(l)
	if err == nil {
		late := time.AfterFunc(o.p.cfg.Start, func() { o.tooLate(l) })
		err = wait()
		late.Stop()
	}
	l.exit, l.idle = l.describe(err), leftIdle(err)
	close(l.exited)
	o.ended(l)
}

// begin starts a daemon; wait then waits for its end.
func (o *pool) begin(l *local) (wait func() error, err error) {
	s := o.p.cfg.Settings
	s.URL, s.Token = o.p.d.URL(), l.token
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped {
		return nil, errors.New("the profile was closed")
	}
	if run := o.p.cfg.InProcess; run != nil {
		ctx, cancel := context.WithCancel(context.Background())
		l.stop = cancel
		return func() error { return run(ctx, s, o.p.cfg.Modules) }, nil
	}
	cmd, err := o.p.cfg.Command(s)
	if err != nil {
		return nil, err
	}
	if cmd.Stderr = &l.output; s.Output {
		cmd.Stdout, l.output.also = os.Stdout, os.Stderr
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l.process = true
	l.stop = func() { cmd.Process.Kill() }
	return cmd.Wait, nil
}

// tooLate ends a daemon that did not connect in time.
func (o *pool) tooLate(l *local) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !l.admitted {
		l.late = true
		l.stop()
	}
}

// ended replaces a daemon that is gone, unless too many in a row never connected.
func (o *pool) ended(l *local) {
	o.mu.Lock()
	delete(o.launched, l.token)
	if !l.admitted {
		o.failures++
	}
	failed, needed := o.failures >= tries, !o.stopped && !l.abandoned
	o.mu.Unlock()
	switch last := o.p.cfg.NoRespawn; {
	case !needed:
	case last && l.admitted:
		o.bereft(l)
	case failed || last:
		o.giveUp(fmt.Errorf("no daemon can start: %s", l.exit))
	case l.admitted && l.idle && o.p.cfg.Settings.Idle > 0:
		o.rest()
	case l.admitted && o.p.cfg.once && o.p.d.Counts().Completed > 0: // it has had its task
	default:
		o.p.cfg.Log.Info("replacing a daemon", "profile", o.p.cfg.Name, "ended", l.exit)
		o.launch()
	}
}

// bereft gives up when no daemon is left, where none is replaced. It is called when a process is gone and when a
// connection is, whichever is last: the task that ran there has then failed for a reason of its own.
func (o *pool) bereft(l *local) {
	o.mu.Lock()
	left := len(o.launched) + o.online
	o.mu.Unlock()
	if o.p.cfg.NoRespawn && left == 0 {
		o.giveUp(fmt.Errorf("no daemon is left, and none is replaced because respawn is off; of the last one: %s", l.ending()))
	}
}

func (o *pool) giveUp(err error) {
	o.mu.Lock()
	stopped := o.stopped
	if !stopped && o.err == nil {
		o.err = err
		o.signal()
	}
	o.mu.Unlock()
	if !stopped {
		o.p.fail(err)
	}
}

// signal wakes those who wait for the pool; under the lock.
func (o *pool) signal() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// wait waits until all daemons are connected, or cannot be.
func (o *pool) wait(ctx context.Context) error {
	for {
		o.mu.Lock()
		ready, err, changed := o.ready >= o.p.cfg.Daemons, o.err, o.changed
		o.mu.Unlock()
		if ready || err != nil {
			if err != nil {
				err = fmt.Errorf("eval: %w", err)
			}
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("eval: waiting for daemons: %w", context.Cause(ctx))
		}
	}
}

// admit lets a daemon in that shows the token of a launch, once.
func (o *pool) admit(h wire.HelloBody) (any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.launched[h.Token]
	if l == nil || l.admitted || o.stopped {
		return nil, errors.New("it does not hold the token of a daemon that was launched here")
	}
	l.admitted, o.failures = true, 0
	o.online++
	return l, nil
}

func (o *pool) up(d *dispatch.Daemon) {
	o.p.tellUp(d)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ready++
	o.signal()
}

func launchOf(d *dispatch.Daemon) *local { return d.Peer.(*dispatch.Link).Owner.(*local) }

// kill ends a daemon that does not let go of a task.
func (o *pool) kill(d *dispatch.Daemon) {
	l := launchOf(d)
	o.p.cfg.Log.Warn("killing a daemon that does not let go of a task", "profile", o.p.cfg.Name, "daemon", d.ID)
	if l.stop(); !l.process {
		o.abandon(l)
	}
}

// abandon replaces a goroutine that cannot be ended.
func (o *pool) abandon(l *local) {
	o.mu.Lock()
	l.abandoned = true
	if o.p.cfg.NoRespawn {
		delete(o.launched, l.token)
	}
	o.mu.Unlock()
	if !o.p.cfg.NoRespawn {
		o.launch()
	}
}

// gone gives the reason why a daemon is lost: how its process ended, if it does so soon.
func (o *pool) gone(d *dispatch.Daemon, err error) string {
	l := launchOf(d)
	o.p.tellGone(d)
	o.mu.Lock()
	o.online--
	stopped := o.stopped
	o.mu.Unlock()
	o.bereft(l)
	if stopped {
		return ""
	}
	select {
	case <-l.exited:
		return l.exit
	case <-time.After(time.Second):
	}
	if l.stop(); !l.process { // it hangs without a connection: nobody needs it
		return fmt.Sprint(err)
	}
	<-l.exited
	return fmt.Sprintf("%v, then %s", err, l.exit)
}

// stop launches no more.
func (o *pool) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	o.signal()
}

// reap waits for the daemons to leave, now that their connections are closed, and kills those that do not.
func (o *pool) reap() {
	o.mu.Lock()
	var left []*local
	for _, l := range o.launched {
		left = append(left, l)
	}
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), o.p.cfg.Grace)
	defer cancel()
	for _, l := range left {
		select {
		case <-l.exited:
			continue
		case <-ctx.Done():
		}
		o.mu.Lock()
		stop, wait := l.stop, l.process
		o.mu.Unlock()
		if stop != nil {
			stop()
		}
		if wait {
			<-l.exited
		}
	}
}

// ending is how the daemon ended, as far as it has.
func (l *local) ending() string {
	select {
	case <-l.exited:
		return l.exit
	default:
		return "it does not let go of a task"
	}
}

// describe says how a daemon ended.
func (l *local) describe(err error) string {
	if l.late {
		return "it did not connect in time"
	}
	s := "it left"
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		s = exit.Error() // "exit status 2", "signal: killed"
	case err != nil:
		s = err.Error()
	}
	if out := l.output.String(); out != "" {
		s += "; it said: " + out
	}
	return s
}

// tail keeps the first and the last bytes written to it.
type tail struct {
	mu          sync.Mutex
	first, last []byte
	also        *os.File
}

const tailSize = 512

func (t *tail) Write(b []byte) (int, error) {
	if t.also != nil {
		t.also.Write(b)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(b), tailSize-len(t.first))
	t.first = append(t.first, b[:n]...)
	if t.last = append(t.last, b[n:]...); len(t.last) > tailSize {
		t.last = append(t.last[:0], t.last[len(t.last)-tailSize:]...)
	}
	return len(b), nil
}

// String is what a person needs of it: the first line of a crash, or everything when it is short.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := append(bytes.Clone(t.first), t.last...)
	for _, line := range strings.Split(string(all), "\n") {
		if strings.HasPrefix(line, "fatal error:") || strings.HasPrefix(line, "panic:") {
			return line
		}
	}
	return strings.TrimSpace(string(all))
}
