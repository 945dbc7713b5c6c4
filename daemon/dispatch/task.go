package dispatch

import (
	"container/heap"
	"time"
)

// Task is a task from its submission until it is over. The fields above the line are set by who submits it.
type Task struct {
	ID       uint64
	Frame    []byte        // what the daemon gets
	Deadline time.Duration // on the queue's clock; 0 means none
	RunLimit time.Duration // from when it may have started; 0 means none
	Priority int           // higher goes first
	Level    int           // 0 for a task of the host, above that of the task that submitted it otherwise: deeper goes first
	Retries  int           // how often it runs again when its daemon is lost
	Backoff  time.Duration // before it runs again; doubled each time
	Owner    any
	// Inherit has a pinned task wait for the next daemon that joins when its own is gone before it has started it.
	Inherit bool

	Attempt uint32 // from 1, once sent
	Tries   uint32 // attempts that may have started

	state      state
	pinned     bool
	daemon     *Daemon // where it was sent
	list       *list   // where it waits
	prev, next *Task
	due        time.Duration // when something happens to it: its deadline, the end of its run limit or of its delay
	timer      int           // place in the heap by due, from 1; 0 when it is not there
}

type state uint8

const (
	fresh   state = iota // not submitted yet
	blocked              // waits for room
	waiting
	delayed // waits for the time to run again
	sent
	over
)

// Daemon is a connected daemon.
type Daemon struct {
	ID    uint64
	Peer  any
	Stays bool // it goes on when its connection is lost, and may come back (away.go)

	at       []*Task       // sent and not answered, in order; only the first can have started
	since    time.Duration // when the first one may have started
	asked    bool          // its first task lasts: it was asked to give back what it has not started
	recall   bool          // and has not answered yet
	pinned   list          // tasks for this daemon alone
	assigned list          // tasks that this daemon was given in its turn
	kill     time.Duration // when it is killed because it does not let go of an interrupted task; 0: not
	among    *[]*Daemon    // the free daemons among which it is
	free     int           // its place there, from 1; 0 when it is not free
	ready    bool          // may have tasks
	gone     bool
	away     bool
	until    time.Duration // when it is lost that is away; 0: it is not away

	lent   *Daemon   // the place that its task has lent
	places []*Daemon // all that its tasks have lent, and theirs
	lender *Daemon   // of a lent place: the daemon itself
	above  int       // of a lent place: it takes deeper tasks only
}

// Running is the task that the daemon may be running, nil when it is idle.
func (d *Daemon) Running() *Task {
	if len(d.at) == 0 {
		return nil
	}
	return d.at[0]
}

// list is a doubly linked list through the tasks themselves: enqueueing cannot fail, removal costs the same anywhere.
type list struct {
	first, last     *Task
	level, priority int
}

func (l *list) push(t *Task, front bool) {
	t.list = l
	switch {
	case l.first == nil:
		l.first, l.last = t, t
	case front:
		t.next, l.first.prev = l.first, t
		l.first = t
	default:
		t.prev, l.last.next = l.last, t
		l.last = t
	}
}

func (l *list) remove(t *Task) {
	if t.prev == nil {
		l.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		l.last = t.prev
	} else {
		t.next.prev = t.prev
	}
	t.prev, t.next, t.list = nil, nil, nil
}

// set has something happen to a task at due; 0: nothing.
func (q *Queue) set(t *Task, due time.Duration) {
	if t.due == due {
		return
	}
	if t.timer > 0 {
		heap.Remove(&q.timers, t.timer-1)
	}
	if t.due = due; due > 0 {
		heap.Push(&q.timers, t)
	}
}

// timers is a heap of tasks by when they are due.
type timers []*Task

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].due < h[j].due }
func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].timer, h[j].timer = i+1, j+1
}
func (h *timers) Push(x any) {
	t := x.(*Task)
	*h = append(*h, t)
	t.timer = len(*h)
}
func (h *timers) Pop() any {
	n := len(*h) - 1
	t := (*h)[n]
	(*h)[n], *h = nil, (*h)[:n]
	t.timer = 0
	return t
}
