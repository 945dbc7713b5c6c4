package eval

import (
	"errors"
	"os/exec"

	"github.com/mojukapu/mirai/launch"
)

// exitIdle is the exit code of a daemon that left because it had nothing to do for Settings.Idle (daemon.ExitIdle).
const exitIdle = 1

// leftIdle tells whether a process ended so.
func leftIdle(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == exitIdle
}

// rest leaves the place of a daemon empty until tasks wait: to replace it at once would make idle processes for ever.
func (o *pool) rest(s launch.Settings) {
	o.mu.Lock()
	o.rested = append(o.rested, s)
	o.resting.Add(1)
	o.mu.Unlock()
	o.p.cfg.Log.Info("a daemon had nothing to do: resting", "profile", o.p.cfg.Name)
	o.wake()
}

// wake fills empty places, as many as there are tasks that wait and have no daemon starting for them. Where nobody will
// ever come, it says so.
func (o *pool) wake() {
	if o.hopeless.Load() {
		o.despair()
	}
	if o.resting.Load() == 0 {
		return
	}
	waiting := o.p.d.Counts().Awaiting
	o.mu.Lock()
	for _, l := range o.launched {
		if l.admitted == 0 {
			waiting--
		}
	}
	n := max(0, min(len(o.rested), waiting))
	places := o.rested[:n:n]
	o.rested = o.rested[n:]
	o.resting.Add(int32(-n))
	o.mu.Unlock()
	for _, s := range places {
		o.launch(s)
	}
}
