package dispatch

import "time"

// What waits may be bounded, by the bytes of its frames and by its number. A task beyond a bound is not taken in: it is
// refused (Offer), or blocked until there is room (Submit), in the order of the submissions. What runs at once
// needs no room. A task that waits again was taken in before, and goes back whatever the bounds.

// Load is what waits. Bytes and Peak, the most there ever were, count frames.
type Load struct {
	Bytes, Peak int
	Blocked     int // tasks that wait for room
}

// Load gives what waits.
func (q *Queue) Load() Load { return q.load }

// Full tells whether a task of any size would be refused.
func (q *Queue) Full() bool {
	switch {
	case len(q.idle) > 0: // Offer knows
		return false
	case q.load.Blocked > 0:
		return true
	}
	return q.MaxBytes > 0 && q.load.Bytes >= q.MaxBytes || q.MaxTasks > 0 && q.counts.Awaiting >= q.MaxTasks
}

// fits tells whether a task may wait: nobody is before it, and it stays within the bounds.
func (q *Queue) fits(t *Task) bool { return q.blocked.first == nil && q.holds(t) }

// holds tells whether there is room for a task. One that is larger than the bound must wait for an empty queue only.
func (q *Queue) holds(t *Task) bool {
	if q.counts.Awaiting == 0 {
		return true
	}
	return (q.MaxBytes == 0 || q.load.Bytes+len(t.Frame) <= q.MaxBytes) && (q.MaxTasks == 0 || q.counts.Awaiting < q.MaxTasks)
}

func (q *Queue) block(t *Task) {
	t.state = blocked
	q.set(t, t.Deadline)
	q.load.Blocked++
	q.blocked.push(t, false)
}

// admit takes blocked tasks in, as many as there is room for.
func (q *Queue) admit(now time.Duration) {
	for t := q.blocked.first; t != nil && !q.closed && q.holds(t); t = q.blocked.first {
		q.unlist(t)
		q.act(Action{Verb: Admit, Task: t})
		if !q.Direct || !q.assign(t, now) {
			q.enqueue(t, false)
		}
	}
}

// weigh counts a task that begins to wait.
func (q *Queue) weigh(t *Task) {
	q.counts.Awaiting++
	q.load.Bytes += len(t.Frame)
	q.load.Peak = max(q.load.Peak, q.load.Bytes)
}

// unlist takes a task from where it waits. Whoever calls it calls admit when the task has gone its way.
func (q *Queue) unlist(t *Task) {
	t.list.remove(t)
	if t.state == blocked {
		q.load.Blocked--
		return
	}
	q.counts.Awaiting--
	q.load.Bytes -= len(t.Frame)
}
