package dispatch

import (
	"cmp"
	"slices"
	"time"
)

// Entry is a task as it stands at one moment.
type Entry struct {
	Task    *Task
	Daemon  *Daemon // nil while it waits, unless it is for one daemon alone
	State   string  // "running", "sent" (it stands behind another one at its daemon) or "waiting"
	Attempt uint32  // that it runs or waits for, from 1
	Started time.Duration
}

// Tasks gives every task that is not over: those at daemons, then those that wait in the order they will be sent, then
// those that wait for daemons to join, those that wait to run again and those that wait for room.
func (q *Queue) Tasks() []Entry {
	es := make([]Entry, 0, q.counts.Awaiting+q.counts.Executing+q.load.Blocked)
	ds := q.sorted()
	for _, d := range ds {
		d.all(func(d *Daemon) { es = d.sent(es) })
	}
	for _, d := range ds {
		es = d.assigned.entries(d.pinned.entries(es, d), d)
	}
	for _, l := range q.waiting {
		es = l.entries(es, nil)
	}
	return q.blocked.entries(q.delayed.entries(q.owed.entries(es, nil), nil), nil)
}

// sorted gives the daemons in the order they came.
func (q *Queue) sorted() []*Daemon {
	ds := make([]*Daemon, 0, len(q.daemons))
	for d := range q.daemons {
		ds = append(ds, d)
	}
	slices.SortFunc(ds, func(a, b *Daemon) int { return cmp.Compare(a.ID, b.ID) })
	return ds
}

func (d *Daemon) sent(es []Entry) []Entry {
	for i, t := range d.at {
		switch {
		case t.state == over: // cancelled, and not answered yet
		case i == 0:
			es = append(es, Entry{t, d, "running", t.Attempt, d.since})
		default:
			es = append(es, Entry{t, d, "sent", t.Attempt, 0})
		}
	}
	return es
}

func (l *list) entries(es []Entry, d *Daemon) []Entry {
	for t := l.first; t != nil; t = t.next {
		es = append(es, Entry{t, d, "waiting", t.Attempt + 1, 0})
	}
	return es
}
