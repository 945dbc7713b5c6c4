package dispatch

import (
	"slices"
	"time"
)

// With Queue.Direct a task is given to a daemon at its submission, to each in turn, and waits for that one even while
// others idle. Only what loses its daemon goes elsewhere, ahead of what the others were given.

// assign gives a task to the daemon whose turn it is. It is false while there is none.
func (q *Queue) assign(t *Task, now time.Duration) bool {
	if len(q.turns) == 0 {
		return false
	}
	d := q.taker()
	q.turn = (q.turn + 1) % len(q.turns)
	t.state, t.daemon = waiting, nil
	q.weigh(t)
	d.assigned.push(t, false)
	if d.free > 0 {
		q.fill(d, now)
	}
	return true
}

// taker is the daemon whose turn it is; there must be one.
func (q *Queue) taker() *Daemon { return q.turns[q.turn%len(q.turns)] }

// unassign takes a lost daemon out of the turns; what it was given waits for whichever daemon is free.
func (q *Queue) unassign(d *Daemon) {
	q.unturn(d)
	for t := d.assigned.last; t != nil; t = d.assigned.last {
		q.unlist(t)
		q.enqueue(t, true)
	}
}

// unturn takes a daemon out of the turns.
func (q *Queue) unturn(d *Daemon) {
	if i := slices.Index(q.turns, d); i >= 0 {
		q.turns = slices.Delete(q.turns, i, i+1)
		if q.turn > i {
			q.turn--
		}
	}
}
