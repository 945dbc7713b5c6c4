package daemon

import (
	"errors"
	"sync"

	"github.com/mojukapu/mirai/internal/session"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// A task submits tasks of its own to the pool that runs it: through its daemon's connection, under numbers of the daemon's
// own. When it waits while one of them is pending, the daemon lends its place: the host may send a task that runs in a
// seat of its own meanwhile. Whatever is pending when the task is over runs on unheard, unless the task was cancelled.

// nested are the nested tasks of a daemon that are pending.
type nested struct {
	mu      sync.Mutex
	last    uint64
	pending map[uint64]pendingTask
}

type pendingTask struct {
	up   *upstream
	hear wire.Hear
}

// take forgets a task and gives it.
func (n *nested) take(id uint64) (pendingTask, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p, ok := n.pending[id]
	if ok {
		delete(n.pending, id)
		p.up.pending--
	}
	return p, ok
}

// answered passes on how a nested task ended.
func (n *nested) answered(id uint64, body []byte) {
	p, ok := n.take(id)
	if !ok {
		return
	}
	a, err := wire.ParseAnswer(body)
	if err != nil {
		a = wire.Answer{Failure: "reset", Message: "the host sent an answer that cannot be read: " + err.Error()}
	}
	p.hear.Done(a)
}

// abandon ends all that is pending: nobody will answer.
func (n *nested) abandon() {
	n.mu.Lock()
	left := n.pending
	n.pending = nil
	for _, p := range left {
		p.up.pending--
	}
	n.mu.Unlock()
	for _, p := range left {
		p.hear.Done(wire.Answer{Failure: "reset", Message: errGone.Error()})
	}
}

// news passes on what a nested task tells.
func (n *nested) news(id uint64, k wire.Kind, body []byte) {
	n.mu.Lock()
	p, ok := n.pending[id]
	n.mu.Unlock()
	if ok {
		p.hear.News(k, body)
	}
}

// upstream is the way of one task to its host: a wire.Upstream.
type upstream struct {
	w       *worker
	line    *session.Line
	task    wire.Header
	stream  lang.RNG // of the task; zero: it brought none
	streams uint64   // given to tasks of its own
	pending int      // under the lock of nested
	over    bool     // so is this
	lent    bool     // the interpreter's goroutine only
}

func (c *taskContext) upstream() *upstream {
	if c.up == nil {
		c.up = &upstream{w: c.seat.w, line: c.seat.line, task: c.seat.current, stream: c.seat.body.Stream}
	}
	return c.up
}

var errTaskOver = errors.New("the task that submits it is over")

// Submit sends a task to the host.
func (u *upstream) Submit(t wire.Nested, h wire.Hear) (uint64, error) {
	n := &u.w.nested
	n.mu.Lock()
	if u.over {
		n.mu.Unlock()
		return 0, errTaskOver
	}
	n.last++
	id := n.last
	if n.pending == nil {
		n.pending = map[uint64]pendingTask{}
	}
	n.pending[id] = pendingTask{u, h}
	u.pending++
	n.mu.Unlock()
	t.Parent = u.task.Task
	frame := wire.AppendSubmit(nil, wire.Header{Task: id, Attempt: u.task.Attempt}, t)
	u.w.settle()
	err := u.line.Send(frame)
	u.w.sent(u.line, len(frame))
	if err != nil {
		n.take(id)
	}
	return id, err
}

// Stream gives each task another stream, which depends on that of the task that submits it and on their order alone.
func (u *upstream) Stream() lang.RNG {
	if u.stream == (lang.RNG{}) {
		return u.stream
	}
	u.w.nested.mu.Lock()
	defer u.w.nested.mu.Unlock()
	u.streams++
	return u.stream.Child(u.streams)
}

// Cancel has the host cancel a task that was submitted here; its done is called as the host answers.
func (u *upstream) Cancel(id uint64) {
	u.w.settle() // it must not come before the task
	u.line.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Cancel, Task: id}))
}

// end is called when the task is over. Nobody will hear of what is pending.
func (u *upstream) end(cancel bool) {
	if cancel {
		u.w.settle()
	}
	n := &u.w.nested
	n.mu.Lock()
	u.over = true
	var left []func(wire.Answer)
	for id, p := range n.pending {
		if p.up == u {
			delete(n.pending, id)
			left = append(left, p.hear.Done)
			if cancel {
				u.line.Queue(wire.AppendHeader(nil, wire.Header{Kind: wire.Cancel, Task: id}))
			}
		}
	}
	n.mu.Unlock()
	u.line.Flush()
	for _, done := range left {
		done(wire.Answer{Failure: "cancelled", Message: errTaskOver.Error()})
	}
}

// waiting lends the task's place while it waits for tasks of its own.
func (c *taskContext) waiting() (on func()) {
	u := c.up
	if u == nil || u.lent {
		return func() {}
	}
	w := u.w
	w.nested.mu.Lock()
	lend := u.pending > 0
	w.nested.mu.Unlock()
	if !lend {
		return func() {}
	}
	u.lent = true
	w.lend(c.seat, u.task)
	return func() {
		u.lent = false
		u.line.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Resume, Task: u.task.Task, Attempt: u.task.Attempt}))
	}
}

// lend gives back what stands behind the task, which would wait for long, and has another goroutine read.
func (w *worker) lend(s *seat, h wire.Header) {
	var back []uint64
	w.mu.Lock()
	if s == w.seat {
		back = w.takeQueue()
	}
	w.mu.Unlock()
	w.settle()
	s.line.Send(wire.AppendLend(nil, h, back))
	w.handOver(s)
}

// handOver has another goroutine read while the task at a seat waits for what is to be read.
func (w *worker) handOver(s *seat) {
	w.mu.Lock()
	take := s == w.seat && w.watching
	if take {
		w.watching = false
	}
	w.mu.Unlock()
	if take {
		go w.takeOver()
	}
}

// runLent runs a task in a lent place.
func (w *worker) runLent(j job) {
	w.mu.Lock()
	if w.leaving {
		w.mu.Unlock()
		return
	}
	var s *seat
	if n := len(w.spare); n > 0 {
		s, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		s = newSeat(w)
	}
	w.lent = append(w.lent, s)
	j.cancelled = w.early.take(j.Header)
	w.mu.Unlock()
	go func() {
		s.run(j)
		w.vacate(s)
	}()
}

// spareSeats is how many seats are kept for the next nested tasks.
const spareSeats = 4

func (w *worker) vacate(s *seat) {
	w.mu.Lock()
	w.tasks++
	for i, o := range w.lent {
		if o == s {
			w.lent = append(w.lent[:i], w.lent[i+1:]...)
		}
	}
	if len(w.spare) < spareSeats {
		w.spare = append(w.spare, s)
	}
	busy, leave := w.busy || len(w.lent) > 0, w.departIfEnough()
	bereft := w.bereft && !busy
	w.mu.Unlock()
	if bereft {
		w.end(ExitGone, nil)
	}
	if !busy {
		w.rest(leave)
	}
}
