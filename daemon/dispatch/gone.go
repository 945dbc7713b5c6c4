package dispatch

import (
	"slices"
	"time"
)

// Down says that a daemon is lost. The task it may have been running fails, or runs again where that was asked for;
// those it had not started wait again, at the front.
func (q *Queue) Down(d *Daemon, now time.Duration) {
	if d.gone {
		return
	}
	d.all(func(d *Daemon) {
		first := d.Running()
		q.remove(d)
		if first != nil && first.state == sent {
			q.counts.Executing--
			if int(first.Attempt) > first.Retries {
				q.finish(first, Reset)
			} else {
				q.again(first, now)
			}
		}
	})
	q.refill(now)
}

// Leave says that a daemon starts nothing more: whatever it has not answered waits again.
func (q *Queue) Leave(d *Daemon, now time.Duration) {
	if d.gone {
		return
	}
	d.all(func(d *Daemon) {
		first := d.Running()
		q.remove(d)
		if first != nil {
			q.unsend(first)
		}
	})
	q.refill(now)
}

// remove takes a daemon out; all that it cannot have started waits again.
func (q *Queue) remove(d *Daemon) {
	d.gone = true
	if d.lender == nil {
		delete(q.daemons, d)
		if d.until == 0 {
			q.counts.Connections--
		}
		q.present(d)
	}
	q.unfree(d)
	q.recalled(d)
	q.killing = slices.DeleteFunc(q.killing, func(o *Daemon) bool { return o == d })
	for i := len(d.at) - 1; i > 0; i-- {
		q.unsend(d.at[i])
	}
	q.ahead -= max(len(d.at)-1, 0)
	d.at = nil
	q.unassign(d)
	for t := d.pinned.first; t != nil; t = d.pinned.first {
		q.unlist(t)
		t.daemon = d
		q.bereave(t)
	}
}

// unsend has a task wait again that was sent and did not start.
func (q *Queue) unsend(t *Task) {
	if t.state != sent {
		return
	}
	q.counts.Executing--
	t.Attempt--
	t.Tries = min(t.Tries, t.Attempt)
	q.set(t, t.Deadline)
	switch d := t.daemon; {
	case !t.pinned:
		q.enqueue(t, true)
	case d.gone:
		q.bereave(t)
	default:
		t.state = waiting
		q.weigh(t)
		d.pinned.push(t, true)
	}
}
