package dispatch

import "time"

// longest is the longest that a task waits before it runs again.
const longest = time.Minute

// again has a task run again whose daemon was lost: at once, before all others, or after its back-off.
func (q *Queue) again(t *Task, now time.Duration) {
	wait := backoff(t.Backoff, t.Attempt)
	if wait == 0 {
		q.set(t, t.Deadline)
		q.enqueue(t, true)
		return
	}
	t.state, t.daemon = delayed, nil
	q.weigh(t)
	q.delayed.push(t, false)
	due := now + wait
	if t.Deadline > 0 {
		due = min(due, t.Deadline)
	}
	q.set(t, due)
}

// backoff is the time between an attempt and the next: first, doubled with each attempt, a minute at the most.
func backoff(first time.Duration, attempt uint32) time.Duration {
	wait := min(first, longest)
	for ; attempt > 1 && 0 < wait && wait < longest; attempt-- {
		wait = min(2*wait, longest)
	}
	return wait
}

// expire does what is due for a task.
func (q *Queue) expire(t *Task, now time.Duration) {
	running := t.state == sent && t.daemon.Running() == t
	switch {
	case t.due != t.Deadline && t.state == delayed:
		q.unlist(t)
		q.set(t, t.Deadline)
		q.enqueue(t, true)
		q.refill(now)
	case !running:
		q.drop(t, TimedOut, now)
	case t.due == t.Deadline:
		q.drop(t, Late, now)
	default:
		q.drop(t, Overran, now)
	}
}
