package dispatch

import (
	"slices"
	"time"
)

// Cancel ends a task: it is false when it was over already.
func (q *Queue) Cancel(t *Task, now time.Duration) bool {
	if t.state == over {
		return false
	}
	q.drop(t, Cancelled, now)
	return true
}

// drop ends a task that is not over.
func (q *Queue) drop(t *Task, why Outcome, now time.Duration) {
	if t.state != sent {
		if t.list != nil { // nil: it was not submitted yet
			q.unlist(t)
		}
		q.finish(t, why)
		q.admit(now)
		return
	}
	d := t.daemon
	first := d.Running() == t
	if !first {
		t.daemon = nil // that one never had it
	}
	q.counts.Executing--
	q.finish(t, why)
	q.act(Action{Verb: Interrupt, Daemon: d, Task: t})
	if first {
		q.doom(d, now)
	}
}

// spare calls off the kill of a daemon.
func (q *Queue) spare(d *Daemon) {
	if d.kill != 0 {
		d.kill = 0
		q.killing = slices.DeleteFunc(q.killing, func(o *Daemon) bool { return o == d })
	}
}

func (q *Queue) doom(d *Daemon, now time.Duration) {
	if q.Grace > 0 && d.kill == 0 && !d.away {
		d.kill = now + q.Grace
		q.killing = append(q.killing, d)
	}
}
