package dispatch

import (
	"slices"
	"time"
)

// A daemon that stays when its connection is lost goes on with its task meanwhile. Until a time it is away: it keeps the
// task, gets no other, and is lost only when it does not come back. It holds one task at a time: of several, nobody could
// tell which it has begun.

// Away says that the connection of a daemon that stays is lost. It is Down at a time, unless Back comes before.
func (q *Queue) Away(d *Daemon, until time.Duration) {
	if d.gone || d.until > 0 {
		return
	}
	d.until = until
	q.away = append(q.away, d)
	q.counts.Connections--
	d.all(func(d *Daemon) {
		d.away = true
		q.unfree(d)
		q.spare(d) // it hears of no interrupt
	})
	q.unturn(d)
}

// Back says that a daemon has come back with what it had, or will never. It is false when it is lost already.
func (q *Queue) Back(d *Daemon, now time.Duration) bool {
	if d.gone {
		return false
	}
	if d.until == 0 {
		return true
	}
	q.present(d)
	q.counts.Connections++
	d.all(func(d *Daemon) {
		d.away = false
		if t := d.Running(); t != nil && t.state == over {
			q.doom(d, now)
		}
	})
	if q.Direct && d.ready {
		q.turns = append(q.turns, d)
	}
	d.all(func(d *Daemon) { q.fill(d, now) })
	return true
}

// present takes a daemon out of those that are away.
func (q *Queue) present(d *Daemon) {
	d.until = 0
	q.away = slices.DeleteFunc(q.away, func(o *Daemon) bool { return o == d })
}

// despair gives up those that have been away for too long.
func (q *Queue) despair(now time.Duration) {
	for _, d := range slices.Clone(q.away) {
		if d.until <= now {
			q.act(Action{Verb: Forget, Daemon: d})
			q.Down(d, now)
		}
	}
}
