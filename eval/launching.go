package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mojukapu/mirai/launch"
)

// Launcher says how daemons are started elsewhere: the configurations of package launch do.
type Launcher interface {
	// Jobs says how n daemons are started for a profile whose daemons dial url; 0 leaves the number to the configuration.
	// Nothing happens yet.
	Jobs(n int, url string) ([]launch.Job, error)
}

// Launch starts n more daemons: by l, or on this machine where that is nil, and then they are kept like the others. It
// returns when each is connected or on its way: the command that submits it has ended well, or it is a person's to start.
// The error says which job failed and why; the others go on. commands are what was done, what is secret in them masked;
// those that a person is to run (the zero launch.Remote) are whole. ctx bounds the waiting only.
//
// Daemons that were launched elsewhere are not replaced when they end. Those that do not connect in time are told in
// Status and Config.Log, and fail what waits for them when nobody else is there.
func (p *Profile) Launch(ctx context.Context, n int, l Launcher) (commands []string, err error) {
	return p.launch(ctx, n, l, p.cfg.Settings)
}

// launch is Launch of daemons with settings of their own.
func (p *Profile) launch(ctx context.Context, n int, by Launcher, s launch.Settings) (commands []string, err error) {
	switch {
	case p.cfg.Sync:
		return nil, fmt.Errorf("eval: daemons cannot be launched for the profile %q: it evaluates tasks inside the call", p.cfg.Name)
	case n < 0 || n == 0 && by == nil:
		return nil, fmt.Errorf("eval: %d daemons cannot be launched: the number must be one or greater", n)
	}
	if err := p.failed(); err != nil {
		return nil, fmt.Errorf("eval: daemons cannot be launched for the profile %q, which has ended: %w", p.cfg.Name, err)
	}
	if by == nil {
		return nil, p.launchHere(ctx, n, s)
	}
	if err := p.reachable(by); err != nil {
		return nil, err
	}
	jobs, err := by.Jobs(n, p.dialed(true))
	if err != nil {
		return nil, err
	}
	all := make([]*launched, len(jobs))
	for i, job := range jobs {
		all[i] = p.pool.newLaunched(job.Daemons, s)
		all[i].job = &job
		shown, err := p.pool.expect(all[i])
		if err != nil {
			return commands, err
		}
		commands = append(commands, shown...)
	}
	return commands, wait(ctx, all)
}

// failed is why the profile ended by itself, nil when it did not.
func (p *Profile) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broken
}

// launchHere starts local daemons and waits for them.
func (p *Profile) launchHere(ctx context.Context, n int, s launch.Settings) error {
	p.pool.mu.Lock()
	all := p.pool.ready + n
	p.pool.mu.Unlock()
	p.pool.start(n, s)
	return p.pool.wait(ctx, all)
}

// wait waits until each job has begun well, or failed, and gives the first failure.
func wait(ctx context.Context, all []*launched) error {
	var errs []error
	for _, l := range all {
		select {
		case <-l.settled:
			if l.err != nil {
				errs = append(errs, l.err)
			}
		case <-ctx.Done():
			return fmt.Errorf("eval: waiting for daemons: %w", context.Cause(ctx))
		}
	}
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("eval: cannot launch daemons: %w", errs[0])
	}
	return fmt.Errorf("eval: cannot launch daemons: %w (and %d more)", errs[0], len(errs)-1)
}

// expect starts a job. It gives the commands of its daemons as they may be seen.
func (o *pool) expect(l *launched) (commands []string, err error) {
	s, err := o.p.told(l, true)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	l.stop = func() { cancel(errors.New("the profile was closed")) }
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped {
		return nil, o.closed()
	}
	o.launched[l.token] = l
	o.hopeless.Store(false)
	if l.job.Run == nil {
		l.settle(nil)
		close(l.exited)
		for range l.daemons {
			commands = append(commands, l.job.Command(s))
		}
		return commands, nil
	}
	go o.do(ctx, l, s)
	return []string{l.job.Command(s.Masked())}, nil
}

// do is the life of a job.
func (o *pool) do(ctx context.Context, l *launched, s launch.Settings) {
	if l.job.Start > 0 {
		late := time.AfterFunc(l.job.Start, func() { o.overdue(l) })
		context.AfterFunc(ctx, func() { late.Stop() })
	}
	said, err := l.job.Run(ctx, s)
	o.mu.Lock()
	defer o.mu.Unlock()
	if l.exit = said; err != nil {
		l.exit = err.Error()
	}
	close(l.exited)
	switch {
	case err == nil || l.over || l.admitted == l.daemons:
		l.settle(nil)
	case o.stopped:
		l.settle(err)
	default:
		o.fails(l, err)
	}
	o.forget(l)
}

// overdue says that daemons did not connect in time, and ends the job where none did.
func (o *pool) overdue(l *launched) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l.over || l.admitted == l.daemons || o.stopped {
		return
	}
	err := fmt.Errorf("%s did not connect within %v", l.missing(), l.job.Start)
	select {
	case <-l.exited:
		if l.exit != "" {
			err = fmt.Errorf("%w; what launched it said: %s", err, l.exit)
		}
	default:
		if l.admitted == 0 {
			l.stop()
		}
	}
	o.fails(l, err)
	o.forget(l)
}

// missing names the daemons of a launch that have not connected.
func (l *launched) missing() string {
	switch n := l.daemons - l.admitted; {
	case l.daemons == 1:
		return "the daemon"
	case n == l.daemons:
		return fmt.Sprintf("%d daemons", n)
	default:
		return fmt.Sprintf("%d of %d daemons", n, l.daemons)
	}
}

// mostFailed is how many failed launches the status tells of.
const mostFailed = 20

// fails ends the expectation of a launch's daemons, under the lock. Whoever waits for the launch is told; where nobody
// does any more, what waits for daemons is told when there are none.
func (o *pool) fails(l *launched, err error) {
	l.over = true
	if o.failed = append(o.failed, err.Error()); len(o.failed) > mostFailed {
		o.failed = o.failed[1:]
	}
	o.p.cfg.Log.Warn("a launch failed", "profile", o.p.cfg.Name, "daemons", l.daemons, "connected", l.admitted, "error", err)
	select {
	case <-l.settled:
		if o.online == 0 && o.expected() == 0 && o.kept == 0 {
			o.hopeless.Store(true)
			go o.wake()
		}
	default:
		l.settle(err)
	}
}

// despair ends the profile when tasks wait for daemons that nobody will start.
func (o *pool) despair() {
	o.mu.Lock()
	hopeless, why := o.hopeless.Load(), o.failed[len(o.failed)-1]
	o.mu.Unlock()
	if hopeless && o.p.d.Counts().Awaiting > 0 {
		o.giveUp(fmt.Errorf("no daemon is there and none is expected: %s", why))
	}
}

// expected is how many daemons that were launched elsewhere have not connected yet, under the lock.
func (o *pool) expected() (n int) {
	for _, l := range o.launched {
		if l.job != nil && !l.over {
			n += l.daemons - l.admitted
		}
	}
	return n
}

// elsewhere gives how many daemons are expected that were launched elsewhere, and why others are not.
func (o *pool) elsewhere() (expected int, failed []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.expected(), slices.Clone(o.failed)
}

// forget drops a launch whose job has ended and whose daemons have all come, or never will. Under the lock.
func (o *pool) forget(l *launched) {
	select {
	case <-l.exited:
		if l.over || l.ready == l.daemons {
			if len(l.known) == 0 { // they may come again
				delete(o.launched, l.token)
			}
			l.stop()
		}
	default:
	}
}

// lost gives the reason why a daemon that was launched elsewhere is lost: how its job ended, where that lasts as long as
// its only daemon does.
func (l *launched) lost(err error) string {
	if l.daemons == 1 && l.lasting {
		select {
		case <-l.exited:
			if l.exit != "" {
				return l.exit
			}
		case <-time.After(time.Second):
		}
	}
	return fmt.Sprint(err)
}
