package dispatch

import (
	"slices"
	"time"
)

// A daemon whose task waits for tasks of its own lends its place: a further Daemon stands for the same peer and holds one
// task at a time, so that a pool of one runs tasks that submit tasks. It takes only what tasks deeper than the one that
// waits have submitted: no more tasks are under way than there are daemons, each with its descendants. Deeper ones go
// before others, as somebody holds a place for them.

// Lend opens a place at d, whose task id waits: the one that it lent before while a task is still in that. back are the ids
// of what stood behind that task and has not started.
func (q *Queue) Lend(d *Daemon, id uint64, place *Daemon, back []uint64, now time.Duration) {
	h := d.holder(id)
	if d.gone || h == nil || h.lent != nil && h.lent.ready {
		return
	}
	if h.lent != nil && len(h.lent.at) > 0 {
		place = h.lent
	} else {
		place.ID, place.Peer = d.ID, d.Peer
		place.lender, place.above = d, h.Running().Level
		d.places = append(d.places, place)
	}
	h.lent, place.ready = place, true
	if h == d {
		q.behind(d, back, now)
	}
	q.fill(place, now)
}

// behind takes back what stands behind a task that waits.
func (q *Queue) behind(d *Daemon, back []uint64, now time.Duration) {
	q.unfree(d)
	q.giveBack(d, back)
	if d.asked = true; len(d.at) > 1 && !d.recall { // more was on its way
		d.recall = true
		q.recalls++
		q.act(Action{Verb: Recall, Daemon: d})
	}
	q.refill(now)
}

// Resume says that task id goes on: its place takes nothing more.
func (q *Queue) Resume(d *Daemon, id uint64) {
	if h := d.holder(id); h != nil {
		q.resume(h)
	}
}

func (q *Queue) resume(h *Daemon) {
	if h.lent != nil {
		h.lent.ready = false
		q.unfree(h.lent)
		h.lent.leave()
	}
}

// leave takes a place away that takes nothing more, once it is empty.
func (d *Daemon) leave() {
	if d.lender != nil && !d.ready && len(d.at) == 0 {
		d.lender.places = slices.DeleteFunc(d.lender.places, func(p *Daemon) bool { return p == d })
	}
}

// holder is the one among d and its places whose first task has an id, nil for none.
func (d *Daemon) holder(id uint64) *Daemon {
	if t := d.Running(); t != nil && t.ID == id {
		return d
	}
	for _, p := range d.places {
		if t := p.Running(); t != nil && t.ID == id {
			return p
		}
	}
	return nil
}

// At gives the task that d may be running, in its own place or a lent one, by its id and attempt; nil when it is over.
func (q *Queue) At(d *Daemon, id uint64, attempt uint32) *Task {
	if h := d.holder(id); h != nil && !d.gone {
		if t := h.Running(); t.Attempt == attempt && t.state == sent {
			return t
		}
	}
	return nil
}

// all calls f for d and its places.
func (d *Daemon) all(f func(*Daemon)) {
	f(d)
	for _, p := range slices.Clone(d.places) {
		f(p)
	}
}
