package eval

import (
	"context"
	"sync"
	"time"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// What a task submits, without naming a profile, goes to the pool that runs the task: in the daemon a Profile whose taker
// is a relay, in the host Profile.nested. The pool runs it before tasks of the host, and a daemon whose task waits for
// such a one runs another meanwhile, so that a pool of one is enough.

// taker takes tasks in: a dispatcher or, inside a task, the way to the pool that runs it.
type taker interface {
	Submit(t *dispatch.Task) (room <-chan struct{})
	Cancel(t *dispatch.Task) bool
	Clock() time.Duration
}

// pool gives the profile that a script's tasks go to: where it runs in a task and has set none, that of the pool that
// runs it.
func (m module) pool(c *lang.Call, name string) (*Profile, error) {
	p, err := m.need(c, name)
	if err != nil && name == "" && current(c) == defaultName {
		if up := m.h.upstream(c.Context); up != nil {
			return up, nil
		}
	}
	return p, err
}

// upstream gives the profile of the pool that runs a script, nil for one that does not run in a task.
func (h *Host) upstream(ctx context.Context) *Profile {
	up := upstreamOf(ctx)
	if up == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.nested[up]; p != nil {
		return p
	}
	p := &Profile{cfg: Config{Name: defaultName}.defaults(), to: &relay{up: up, start: time.Now(), ids: map[*dispatch.Task]uint64{}}}
	p.seed.of, p.types = up.Stream, h.cfg.types()
	if h.nested == nil {
		h.nested = map[wire.Upstream]*Profile{}
	}
	h.nested[up] = p
	lang.AfterFunc(ctx, func() {
		h.mu.Lock()
		delete(h.nested, up)
		h.mu.Unlock()
	})
	return p
}

// upstreamOf is the way from a task to the pool that runs it, nil for a script that does not run in a task.
func upstreamOf(ctx context.Context) wire.Upstream {
	up, _ := ctx.Value(wire.UpstreamKey{}).(wire.Upstream)
	return up
}

func inTask(ctx context.Context) bool { return upstreamOf(ctx) != nil }

// relay passes tasks on to the pool that runs the task that submits them.
type relay struct {
	up    wire.Upstream
	start time.Time

	mu  sync.Mutex
	ids map[*dispatch.Task]uint64 // of those that are pending
}

func (r *relay) Clock() time.Duration { return time.Since(r.start) }

// Submit never waits for room: somebody holds a place for such a task.
func (r *relay) Submit(t *dispatch.Task) <-chan struct{} {
	f := t.Owner.(*Future)
	n := wire.Nested{Name: f.name, Priority: t.Priority, Retries: t.Retries, Backoff: t.Backoff, RunTimeout: t.RunLimit, Body: t.Frame[wire.HeaderSize:]}
	if t.Deadline > 0 {
		n.Timeout = max(t.Deadline-r.Clock(), time.Microsecond)
	}
	r.mu.Lock()
	id, err := r.up.Submit(n, wire.Hear{Done: func(a wire.Answer) { r.answered(f, a) }, News: f.hear})
	if err == nil {
		r.ids[t] = id
	}
	r.mu.Unlock()
	t.Frame = nil
	if err != nil {
		f.resolve(nil, nil, newError(Reset, "cannot be submitted: %v", err))
	}
	return nil
}

func (r *relay) forget(t *dispatch.Task) (id uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, ok = r.ids[t]
	delete(r.ids, t)
	return id, ok
}

// Cancel ends a task here at once, and there soon.
func (r *relay) Cancel(t *dispatch.Task) bool {
	id, ok := r.forget(t)
	if ok {
		r.up.Cancel(id)
		t.Owner.(*Future).resolve(nil, nil, newError(Cancelled, "cancelled"))
	}
	return ok
}

func (r *relay) answered(f *Future, a wire.Answer) {
	r.forget(&f.task)
	f.task.Tries = uint32(a.Tries)
	var d *dispatch.Daemon
	if a.Daemon > 0 {
		d = &dispatch.Daemon{ID: a.Daemon, Peer: &dispatch.Link{Hello: wire.HelloBody{PID: a.PID, Host: a.Host}}}
	}
	if a.Failure != "" {
		f.resolve(nil, d, newError(a.Failure, "%s", a.Message))
		return
	}
	f.resolve(a.Body, d, nil)
}

// children are the nested tasks of each daemon that are pending, by its own numbers.
type children struct {
	mu sync.Mutex
	of map[*dispatch.Link]map[uint64]*Future
}

func (c *children) add(l *dispatch.Link, id uint64, f *Future) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[*dispatch.Link]map[uint64]*Future{}
	}
	if c.of[l] == nil {
		c.of[l] = map[uint64]*Future{}
	}
	c.of[l][id] = f
}

func (c *children) take(l *dispatch.Link, id uint64) *Future {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.of[l][id]
	delete(c.of[l], id)
	if len(c.of[l]) == 0 {
		delete(c.of, l)
	}
	return f
}

func (c *children) takeAll(l *dispatch.Link) map[uint64]*Future {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.of[l]
	delete(c.of, l)
	return all
}

// nested takes in what a task submits.
func (p *Profile) nested(l *dispatch.Link, id uint64, parent *dispatch.Task, n wire.Nested) {
	answer := func(a wire.Answer) { l.Send(wire.AppendAnswer(nil, wire.Header{Task: id}, a)) }
	if parent == nil {
		answer(wire.Answer{Failure: Cancelled, Message: "the task that submits it is over"})
		return
	}
	f := &Future{p: p, name: n.Name, at: p.d.Clock()}
	f.task = dispatch.Task{ID: p.lastID.Add(1), RunLimit: n.RunTimeout, Priority: n.Priority, Level: parent.Level + 1,
		Retries: n.Retries, Backoff: n.Backoff, Owner: f}
	if n.Timeout > 0 {
		f.task.Deadline = f.at + n.Timeout
	}
	f.task.Frame = append(wire.AppendHeader(make([]byte, 0, wire.HeaderSize+len(n.Body)), wire.Header{Kind: wire.Run, Task: f.task.ID, Attempt: 1}), n.Body...)
	f.live = &live{pass: func(k wire.Kind, body []byte) {
		l.Send(append(wire.AppendHeader(nil, wire.Header{Kind: k, Task: id}), body...))
	}}
	p.children.add(l, id, f)
	f.Notify(func() {
		p.children.take(l, id)
		answer(f.answer())
	})
	f.task.Frame = p.announce(context.Background(), f, ForItself, Task{Name: n.Name}).frame(f.task.Frame, nil)
	p.d.Submit(&f.task)
}

// answer is how a nested task ended.
func (f *Future) answer() (a wire.Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a.Tries, a.Body = f.tries, f.body
	if f.daemon != nil {
		hello := f.daemon.Peer.(*dispatch.Link).Hello
		a.Daemon, a.PID, a.Host = f.daemon.ID, hello.PID, hello.Host
	}
	if f.err != nil {
		a.Failure, a.Message = f.err.Kind, f.err.Message
	}
	return a
}

// drop cancels what a task has submitted and wants no more.
func (p *Profile) drop(l *dispatch.Link, id uint64) {
	if f := p.children.take(l, id); f != nil {
		f.Cancel()
	}
}

// orphan cancels what the tasks of a lost daemon have submitted: nobody waits for it.
func (p *Profile) orphan(d *dispatch.Daemon) {
	for _, f := range p.children.takeAll(d.Peer.(*dispatch.Link)) {
		f.Cancel()
	}
}
