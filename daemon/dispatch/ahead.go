package dispatch

import (
	"slices"
	"time"
)

// A round trip is as long as many a task. So while tasks are short a daemon is sent some ahead, up to Queue.Depth: about
// lead's worth of work. When one of them turns out to last while another daemon has nothing to do, those behind it
// are called back and run there: no daemon idles while a task waits, and first in stays first out.
const (
	lead    = 400 * time.Microsecond // of work that a daemon is sent ahead
	short   = 200 * time.Microsecond // tasks that take longer are not sent ahead
	lasting = time.Millisecond       // after so long the tasks behind one are called back for an idle daemon
)

// pace is how long tasks take, as seen from here: a moving average that new ones enter by an eighth.
type pace struct{ average time.Duration }

func (p *pace) note(took time.Duration) {
	if p.average == 0 {
		p.average = lasting // unknown: not short
	}
	p.average += (min(took, 8*lasting) - p.average) / 8
}

// depth is how many tasks a daemon may hold now.
func (q *Queue) depth(d *Daemon) int {
	if !d.ready || d.away {
		return 0
	}
	if q.Depth <= 1 || d.Stays || d.lender != nil || q.pace.average == 0 || q.pace.average > short || d.asked || q.recalls > 0 {
		return 1
	}
	return min(q.Depth, 1+int(lead/q.pace.average))
}

// look calls tasks back that stand behind one that lasts, if a daemon idles.
func (q *Queue) look(now time.Duration) {
	q.check = 0
	if q.ahead == 0 || len(q.idle)+len(q.lent) == 0 || q.Direct {
		return
	}
	for d := range q.daemons {
		switch due := d.since + lasting; {
		case len(d.at) < 2 || d.asked:
		case due > now:
			if q.check == 0 || due < q.check {
				q.check = due
			}
		default:
			d.asked, d.recall = true, true
			q.recalls++
			q.unfree(d)
			q.act(Action{Verb: Recall, Daemon: d})
		}
	}
}

// Returned says that a daemon has given back tasks that it did not start: they wait again, at the front. The first of
// them may be the first at the daemon by now: the result of the one before it came first.
func (q *Queue) Returned(d *Daemon, ids []uint64, now time.Duration) {
	if d.gone {
		return
	}
	first := d.Running()
	q.giveBack(d, ids)
	q.recalled(d)
	if d.Running() != first {
		q.spare(d)
		q.started(d, now)
		q.unfree(d)
		q.refile(d)
	}
	q.refill(now)
	if d.pinned.first != nil {
		q.fill(d, now)
	}
}

// giveBack has tasks wait again that a daemon has not started.
func (q *Queue) giveBack(d *Daemon, ids []uint64) {
	back := make(map[uint64]bool, len(ids))
	for _, id := range ids {
		back[id] = true
	}
	before := len(d.at)
	for i := len(d.at) - 1; i >= 0; i-- {
		if t := d.at[i]; back[t.ID] {
			q.unsend(t)
			d.at = slices.Delete(d.at, i, i+1)
		}
	}
	q.ahead -= max(before-1, 0) - max(len(d.at)-1, 0)
}

// recalled notes that the answer to a Recall is there, or will never be.
func (q *Queue) recalled(d *Daemon) {
	if d.recall {
		d.recall = false
		q.recalls--
	}
}
