package eval

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"github.com/mojukapu/mirai/launch"
)

// launched is a launch: a token that lets in so many daemons. A local one has one daemon, and its life is that of the
// daemon; one elsewhere has a job, and its life is that of the job.
type launched struct {
	token    string
	settings launch.Settings // of its daemons, but for where they connect
	job      *launch.Job     // nil: a local daemon
	daemons  int             // that the token lets in
	process  bool            // false for a goroutine
	stop     func()          // kills the process, or asks the goroutine or the job to end
	output   launch.Said
	exited   chan struct{}
	exit     string // how the daemon or the job ended, once exited is closed
	idle     bool   // it left because nothing was to do

	// under the pool's lock
	admitted  int
	ready     int
	lasting   bool            // the job was not over when the daemon connected
	late      bool            // it did not connect in time
	abandoned bool            // a goroutine that was replaced already
	over      bool            // its daemons are not expected any more
	settled   chan struct{}   // closed when the job has begun well, or failed
	err       error           // why it failed
	known     map[string]bool // daemons that stay, by their identities: they may come again
}

func (o *pool) newLaunched(daemons int, s launch.Settings) *launched {
	return &launched{token: o.p.token(), settings: s, daemons: daemons, exited: make(chan struct{}), settled: make(chan struct{})}
}

// settle says, once, how the launch went. Under the lock.
func (l *launched) settle(err error) {
	select {
	case <-l.settled:
	default:
		l.err = err
		close(l.settled)
	}
}

// begin starts a local daemon; wait then waits for its end.
func (o *pool) begin(l *launched) (wait func() error, err error) {
	s, err := o.p.told(l, false)
	if err != nil {
		return nil, err
	}
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
		cmd.Stdout, l.output.Also = os.Stdout, os.Stderr
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l.process = true
	l.stop = func() { cmd.Process.Kill() }
	return cmd.Wait, nil
}

// tooLate ends a local daemon that did not connect in time.
func (o *pool) tooLate(l *launched) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l.admitted == 0 {
		l.late = true
		l.stop()
	}
}

// ending is how the daemon ended, as far as it has.
func (l *launched) ending() string {
	select {
	case <-l.exited:
		return l.exit
	default:
		return "it does not let go of a task"
	}
}

// describe says how a local daemon ended.
func (l *launched) describe(err error) string {
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
