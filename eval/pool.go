package eval

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/launch"
)

// tries is how many daemons in a row may fail to start before the pool gives up.
const tries = 3

// pool has the daemons of a profile. Each launch has a token of its own, by which those that connect are matched to it.
// Local daemons, one to a launch, are replaced when they end; those that are launched elsewhere are expected.
type pool struct {
	p *Profile

	mu       sync.Mutex
	launched map[string]*launched // by token
	failures int                  // of local ones, in a row
	ready    int
	kept     int               // local daemons
	online   int               // connected and not known to be lost
	resting  atomic.Int32      // len(rested)
	rested   []launch.Settings // of those that left because nothing was to do, and were not replaced yet
	failed   []string          // why daemons launched elsewhere are not expected any more
	hopeless atomic.Bool       // the last of failed left nobody who could do what waits
	stopped  bool
	err      error         // why no daemon can start
	changed  chan struct{} // closed and made anew when ready, err or stopped change
	adopted  *launched     // of daemons that a former host has launched, or a person with Config.Token
}

func newPool(p *Profile) *pool {
	return &pool{p: p, launched: map[string]*launched{}, changed: make(chan struct{}), adopted: adopted()}
}

func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// start starts n local daemons that are kept.
func (o *pool) start(n int, s launch.Settings) {
	o.mu.Lock()
	o.kept += n
	kept := o.kept
	o.mu.Unlock()
	if !o.p.cfg.NoRespawn {
		o.p.d.Keep(kept)
	}
	for range n {
		o.launch(s)
	}
}

// launch starts one local daemon; it is asynchronous, and a failure counts like a daemon that ends at once.
func (o *pool) launch(s launch.Settings) {
	l := o.newLaunched(1, s)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped {
		return
	}
	o.launched[l.token] = l
	go o.run(l)
}

// run is the life of a local daemon.
func (o *pool) run(l *launched) {
	wait, err := o.begin(l)
	if err == nil {
		late := time.AfterFunc(o.p.cfg.Start, func() { o.tooLate(l) })
		err = wait()
		late.Stop()
	}
	l.exit, l.idle = l.describe(err), leftIdle(err)
	close(l.exited)
	o.p.d.Abandon(l)
	o.ended(l)
}

// ended replaces a daemon that is gone, unless too many in a row never connected.
func (o *pool) ended(l *launched) {
	o.mu.Lock()
	delete(o.launched, l.token)
	admitted := l.admitted > 0
	if !admitted {
		o.failures++
	}
	failed, needed := o.failures >= tries, !o.stopped && !l.abandoned
	o.mu.Unlock()
	switch last := o.p.cfg.NoRespawn; {
	case !needed:
	case last && admitted:
		o.bereft(l)
	case failed || last:
		o.giveUp(fmt.Errorf("no daemon can start: %s", l.exit))
	case admitted && l.idle && l.settings.Idle > 0:
		o.rest(l.settings)
	case admitted && o.p.had():
	default:
		o.p.cfg.Log.Info("replacing a daemon", "profile", o.p.cfg.Name, "ended", l.exit)
		o.launch(l.settings)
	}
}

// bereft gives up when no daemon is left, where none is replaced. It is called when a process is gone and when a
// connection is, whichever is last: the task that ran there has then failed for a reason of its own. Where others may
// connect it does not.
func (o *pool) bereft(l *launched) {
	o.mu.Lock()
	left := len(o.launched) + o.online
	o.mu.Unlock()
	if o.p.cfg.NoRespawn && o.p.cfg.URL == "" && left == 0 {
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

// wait waits until so many daemons have connected, or cannot, or the profile ends.
func (o *pool) wait(ctx context.Context, n int) error {
	for {
		o.mu.Lock()
		ready, err, stopped, changed := o.ready >= n, o.err, o.stopped, o.changed
		o.mu.Unlock()
		switch {
		case err != nil:
			return fmt.Errorf("eval: %w", err)
		case stopped:
			return o.closed()
		case ready:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("eval: waiting for daemons: %w", context.Cause(ctx))
		}
	}
}

// closed is why nothing comes of a launch once the profile is closed.
func (o *pool) closed() error { return fmt.Errorf("eval: the profile %q was closed", o.p.cfg.Name) }

// admit lets a daemon in that shows the token of a launch, as often as that has daemons.
func (o *pool) admit(h wire.HelloBody) (any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.launched[h.Token]
	switch {
	case o.stopped:
		l = nil
	case l != nil && l.again(h):
		o.online++
		return l, nil
	case l == nil || l.over || l.admitted == l.daemons:
		l = o.adopt(h)
	}
	if l == nil {
		return nil, errors.New("it does not hold the token of a daemon that was launched here")
	}
	l.admit(h)
	o.online++
	if l.job == nil {
		o.failures = 0
		return l, nil
	}
	o.hopeless.Store(false)
	select {
	case <-l.exited:
	default:
		l.lasting = true
	}
	return l, nil
}

func (o *pool) up(d *dispatch.Daemon) {
	o.p.tellUp(d)
	l := launchOf(d)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ready++
	o.signal()
	if l.ready++; l.job != nil && l.ready == l.daemons {
		l.settle(nil)
		o.forget(l)
	}
}

func launchOf(d *dispatch.Daemon) *launched { return d.Peer.(*dispatch.Link).Owner.(*launched) }

// kill ends a daemon that does not let go of a task.
func (o *pool) kill(d *dispatch.Daemon) {
	l := launchOf(d)
	o.p.cfg.Log.Warn("killing a daemon that does not let go of a task", "profile", o.p.cfg.Name, "daemon", d.ID)
	if l.job != nil {
		return // it ends without its connection
	}
	if l.stop(); !l.process {
		o.abandon(l)
	}
}

// abandon replaces a goroutine that cannot be ended.
func (o *pool) abandon(l *launched) {
	o.mu.Lock()
	l.abandoned = true
	if o.p.cfg.NoRespawn {
		delete(o.launched, l.token)
	}
	o.mu.Unlock()
	if !o.p.cfg.NoRespawn {
		o.launch(l.settings)
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
	if l.job != nil {
		return l.lost(err)
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

// reap waits for the daemons to leave, now that their connections are closed, and kills those that do not. Those that
// stay are let be, unless they were dismissed.
func (o *pool) reap(dismissed bool) {
	o.mu.Lock()
	var left []*launched
	for _, l := range o.launched {
		if dismissed || l.settings.Autoexit != launch.Never || l.admitted == 0 {
			left = append(left, l)
		}
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
		stop, wait := l.stop, l.process || l.job != nil
		o.mu.Unlock()
		if stop != nil {
			stop()
		}
		if wait {
			<-l.exited
		}
	}
}
