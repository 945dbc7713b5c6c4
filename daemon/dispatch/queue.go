// Package dispatch decides which task runs on which daemon, and talks to the daemons. Queue is the decision: a pure
// state machine without clock, I/O or goroutines, whose methods take what happened and collect Actions. Dispatcher
// carries the actions out over internal/sp.
package dispatch

import (
	"cmp"
	"slices"
	"time"
)

// Verb says what an Action asks for.
type Verb uint8

const (
	Send      Verb = iota // send Task to Daemon
	Interrupt             // tell Daemon to let go of Task
	Kill                  // end Daemon: it did not let go in time
	Recall                // ask Daemon to give back what it has not started
	Admit                 // Task had to wait for room and is in the queue now
	Forget                // Daemon was away for too long
	Finish                // Task ends without a result, by Outcome
)

// Outcome is how a task ends that gets no result.
type Outcome uint8

const (
	TimedOut  Outcome = iota // its deadline has passed while it waited
	Cancelled                // somebody cancelled it
	Reset                    // its daemon was lost
	Closed                   // the queue was closed
	Late                     // its deadline has passed while it ran
	Overran                  // it ran longer than its limit
)

// Action is something to carry out, in order.
type Action struct {
	Verb    Verb
	Daemon  *Daemon
	Task    *Task
	Frame   []byte // of a Send
	Outcome Outcome

	room chan struct{} // of an Admit or Finish: closed when it is done
}

// Counts are the counters of a queue. Completed counts finished, failed and cancelled tasks.
type Counts struct{ Connections, Cumulative, Awaiting, Executing, Completed int }

// Queue is the scheduler: first in first out within a priority, any number of daemons, no daemon idle while a task
// waits. Each method takes the time on a clock of the caller's choice. Not safe for concurrent use.
type Queue struct {
	Depth int           // how many tasks a daemon holds at the most, the running one included, while tasks are short; 0 means 1
	Grace time.Duration // between an interrupt and the kill; 0 means no kill
	// MaxBytes and MaxTasks bound what waits: the bytes of its frames, and its number (bounds.go); 0 means no bound.
	MaxBytes, MaxTasks int
	// Kept is how many daemons there are again when one is lost: a task that inherits waits for another one (Task.Inherit)
	// only while there are fewer.
	Kept int
	// Direct gives each task to a daemon at its submission, in turn (direct.go); priorities then count only where no daemon is there.
	Direct bool

	turns   []*Daemon // in Direct: who gets tasks, in the order they came
	turn    int       // whose turn it is
	waiting []*list   // the deepest tasks first, then by priority, highest first
	delayed list      // waits to run again
	owed    list      // waits for daemons that have not joined yet
	blocked list      // not taken in yet: there is no room
	load    Load
	pace    pace
	recalls int           // daemons that have not answered a Recall
	ahead   int           // tasks that stand behind another one at a daemon
	check   time.Duration // when a daemon that idles may have some of them; 0: no need
	idle    []*Daemon
	lent    []*Daemon // places of waiting tasks that are free
	room    []*Daemon // busy, with room for more
	killing []*Daemon
	away    []*Daemon
	timers  timers
	daemons map[*Daemon]struct{}
	counts  Counts
	actions []Action
	closed  bool
}

// Take gives the actions collected since the last Take. They are valid until the next call of a method.
func (q *Queue) Take() []Action {
	a := q.actions
	q.actions = q.actions[:0]
	return a
}

// Counts gives the counters.
func (q *Queue) Counts() Counts { return q.counts }

// Submit takes a task in, at once or, with an Admit, when there is room for it.
func (q *Queue) Submit(t *Task, now time.Duration) {
	if !q.Offer(t, now) {
		q.block(t)
	}
}

// Offer takes a task in unless it would have to wait beyond a bound.
func (q *Queue) Offer(t *Task, now time.Duration) bool {
	switch {
	case t.state == over: // cancelled on its way here
		return true
	case q.closed:
		q.finish(t, Closed)
		return true
	case q.Direct && len(q.turns) > 0 && t.Level == 0:
		if q.taker().free == 0 && !q.fits(t) {
			return false
		}
		q.set(t, t.Deadline)
		q.assign(t, now)
		return true
	case q.front() == nil || t.Level > q.front().Level:
		if d := q.pick(t); d != nil {
			q.set(t, t.Deadline)
			q.send(d, t, now)
			return true
		}
	}
	if t.Level == 0 && !q.fits(t) { // those who hold a place for it must not wait for room
		return false
	}
	q.set(t, t.Deadline)
	q.enqueue(t, false)
	return true
}

// Owe takes in a task that a daemon will run that has not joined yet: Pin says which one.
func (q *Queue) Owe(t *Task) {
	if q.closed {
		q.finish(t, Closed)
		return
	}
	q.set(t, t.Deadline)
	t.state = waiting
	q.weigh(t)
	q.owed.push(t, false)
}

// Owed tells whether a task waits for a daemon to join.
func (q *Queue) Owed(t *Task) bool { return t.list == &q.owed }

// Pin takes in a task that only d may run, before any other that waits.
func (q *Queue) Pin(t *Task, d *Daemon, now time.Duration) {
	if t.list != nil {
		q.unlist(t)
	}
	if q.closed || d.gone {
		q.finish(t, Closed)
		return
	}
	q.set(t, t.Deadline)
	q.weigh(t)
	t.pinned = true
	d.pinned.push(t, false)
	if d.ready {
		q.fill(d, now)
	}
}

// Up takes a daemon in. What is pinned to it must be pinned before Ready.
func (q *Queue) Up(d *Daemon) {
	if q.daemons == nil {
		q.daemons = map[*Daemon]struct{}{}
	}
	q.daemons[d] = struct{}{}
	q.counts.Connections++
	q.counts.Cumulative++
}

// Ready lets a daemon have tasks.
func (q *Queue) Ready(d *Daemon, now time.Duration) {
	if !d.gone {
		d.ready = true
		if q.Direct {
			q.turns = append(q.turns, d)
		}
		q.fill(d, now)
	}
}

// Daemons calls f for each daemon.
func (q *Queue) Daemons(f func(*Daemon)) {
	for d := range q.daemons {
		f(d)
	}
}

// bereave has a pinned task whose daemon is gone wait for another one, or end.
func (q *Queue) bereave(t *Task) {
	if t.Inherit && q.counts.Connections < q.Kept && !q.closed {
		q.Owe(t)
		return
	}
	q.finish(t, Reset)
}

// Result says that a daemon has answered. It gives the task when the result counts: a late one gives nil.
func (q *Queue) Result(d *Daemon, id uint64, attempt uint32, now time.Duration) *Task {
	d = d.holder(id)
	if d == nil || d.Running().Attempt != attempt {
		return nil
	}
	t := d.Running()
	q.resume(d)
	d.lent = nil
	d.at = d.at[:copy(d.at, d.at[1:])]
	q.ahead -= min(len(d.at), 1)
	q.pace.note(now - d.since)
	d.asked = false
	q.spare(d)
	q.started(d, now)
	q.fill(d, now)
	d.leave()
	if t.state != sent {
		return nil
	}
	q.counts.Executing--
	q.retire(t)
	return t
}

// Tick lets time pass.
func (q *Queue) Tick(now time.Duration) {
	for len(q.timers) > 0 && q.timers[0].due <= now {
		q.expire(q.timers[0], now)
	}
	if q.check > 0 && q.check <= now {
		q.look(now)
	}
	if len(q.away) > 0 {
		q.despair(now)
	}
	for _, d := range q.killing {
		if d.kill <= now {
			d.kill = 1<<63 - 1 // once
			q.act(Action{Verb: Kill, Daemon: d})
		}
	}
}

// Next is when Tick is due, 0 for never.
func (q *Queue) Next() time.Duration {
	next := time.Duration(1<<63 - 1)
	if len(q.timers) > 0 {
		next = q.timers[0].due
	}
	for _, d := range q.killing {
		next = min(next, d.kill)
	}
	for _, d := range q.away {
		next = min(next, d.until)
	}
	if q.check > 0 {
		next = min(next, q.check)
	}
	if next == 1<<63-1 {
		return 0
	}
	return next
}

// Close ends every task.
func (q *Queue) Close() {
	q.closed = true
	q.clear(&q.blocked)
	for _, l := range q.waiting {
		q.clear(l)
	}
	q.clear(&q.delayed)
	q.clear(&q.owed)
	for d := range q.daemons {
		q.clear(&d.pinned)
		q.clear(&d.assigned)
		d.all(func(d *Daemon) {
			for _, t := range d.at {
				if t.state == sent {
					q.counts.Executing--
					q.finish(t, Closed)
				}
			}
		})
	}
}

func (q *Queue) clear(l *list) {
	for t := l.first; t != nil; t = l.first {
		q.unlist(t)
		q.finish(t, Closed)
	}
}

// pick takes a daemon with room for a task: an idle one, the last to become so first since it is warm.
func (q *Queue) pick(t *Task) *Daemon {
	if n := len(q.idle); n > 0 {
		return q.idle[n-1]
	}
	for _, d := range q.lent {
		if t.Level > d.above {
			return d
		}
	}
	for n := len(q.room); n > 0; n-- {
		d := q.room[n-1]
		if len(d.at) < q.depth(d) {
			return d
		}
		q.unfree(d) // tasks take longer now; its next result files it again
	}
	return nil
}

// fill gives a daemon what it has room for, and files it by the room that is left.
func (q *Queue) fill(d *Daemon, now time.Duration) {
	q.unfree(d)
	for len(d.at) < q.depth(d) {
		t := q.dequeue(d, now)
		if t == nil {
			break
		}
		q.put(d, t, now)
	}
	q.refile(d)
	if len(d.at) == 0 {
		q.look(now)
	}
}

// refill gives what waits to whoever has room, one by one: a daemon that idles comes before another task ahead.
func (q *Queue) refill(now time.Duration) {
	for t := q.front(); t != nil; t = q.front() {
		d := q.pick(t)
		if d == nil {
			return
		}
		q.send(d, q.dequeue(d, now), now)
	}
}

func (q *Queue) send(d *Daemon, t *Task, now time.Duration) {
	q.unfree(d)
	q.put(d, t, now)
	q.refile(d)
}

func (q *Queue) put(d *Daemon, t *Task, now time.Duration) {
	t.state, t.daemon = sent, d
	t.Attempt++
	d.at = append(d.at, t)
	q.counts.Executing++
	if len(d.at) == 1 {
		q.started(d, now)
	} else {
		q.ahead++
	}
	q.act(Action{Verb: Send, Daemon: d, Task: t, Frame: t.Frame})
}

// started notes that the first task of a daemon may run from now on.
func (q *Queue) started(d *Daemon, now time.Duration) {
	t := d.Running()
	d.since = now
	switch {
	case t == nil:
	case t.state == over: // cancelled while it stood behind another
		q.doom(d, now)
	default:
		t.Tries = t.Attempt
		if end := now + t.RunLimit; t.RunLimit > 0 && (t.due == 0 || end < t.due) {
			q.set(t, end)
		}
	}
}

func (q *Queue) unfree(d *Daemon) {
	if d.free == 0 {
		return
	}
	l := d.among
	last := len(*l) - 1
	moved := (*l)[last]
	(*l)[d.free-1], moved.free = moved, d.free
	(*l)[last] = nil
	*l, d.free, d.among = (*l)[:last], 0, nil
}

func (q *Queue) refile(d *Daemon) {
	switch n := len(d.at); {
	case d.gone || !d.ready || n >= q.depth(d):
		return
	case d.lender != nil:
		d.among = &q.lent
	case n == 0:
		d.among = &q.idle
	default:
		d.among = &q.room
	}
	*d.among = append(*d.among, d)
	d.free = len(*d.among)
}

func (q *Queue) enqueue(t *Task, front bool) {
	t.state, t.daemon = waiting, nil
	q.weigh(t)
	q.peers(t).push(t, front)
}

// peers gives the list of the tasks of the same level and priority.
func (q *Queue) peers(t *Task) *list {
	i, ok := slices.BinarySearchFunc(q.waiting, t, func(l *list, t *Task) int {
		return cmp.Or(t.Level-l.level, t.Priority-l.priority)
	})
	if !ok {
		q.waiting = slices.Insert(q.waiting, i, &list{level: t.Level, priority: t.Priority})
	}
	return q.waiting[i]
}

// front is the task that is next, whoever takes it.
func (q *Queue) front() *Task {
	if t := q.head(); t != nil {
		return t
	}
	return q.blocked.first // what runs at once needs no room
}

// head is the first task that waits for whichever daemon.
func (q *Queue) head() *Task {
	for _, l := range q.waiting {
		if l.first != nil {
			return l.first
		}
	}
	return nil
}

func (q *Queue) dequeue(d *Daemon, now time.Duration) *Task {
	t := cmp.Or(d.pinned.first, q.head(), d.assigned.first, q.blocked.first)
	if t == nil || d.lender != nil && t.Level <= d.above {
		return nil
	}
	if t.state == blocked {
		q.act(Action{Verb: Admit, Task: t})
	}
	q.unlist(t)
	q.unfree(d) // t is for it, not what is admitted now
	q.admit(now)
	return t
}

func (q *Queue) finish(t *Task, o Outcome) {
	q.retire(t)
	q.act(Action{Verb: Finish, Daemon: t.daemon, Task: t, Outcome: o})
}

// retire marks a task as over and lets go of what it holds.
func (q *Queue) retire(t *Task) {
	t.state, t.Frame = over, nil
	q.counts.Completed++
	q.set(t, 0)
}

func (q *Queue) act(a Action) { q.actions = append(q.actions, a) }
