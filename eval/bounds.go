package eval

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Memory is what the tasks that wait occupy, in bytes of their encoded form.
type Memory struct {
	Used     int
	Peak     int // the most there ever was
	Capacity int // Config.Memory; 0 means unbounded
}

func (p *Profile) memory() Memory {
	l := p.d.Load()
	return Memory{l.Bytes, l.Peak, max(p.cfg.Memory, 0)}
}

func (c Config) bounded() bool { return c.Memory > 0 || c.Queue > 0 }

// Try is Go unless the task would have to wait for room (Config.Memory, Config.Queue): then it is nil, and no random
// stream is used up. Without bounds it always submits.
func (p *Profile) Try(ctx context.Context, t Task) *Future {
	f := p.try(ctx, t)
	if f != nil {
		p.inside(ctx, f)
	}
	return f
}

// try is Try without waiting for what is evaluated inside the call.
func (p *Profile) try(ctx context.Context, t Task) *Future {
	if !p.cfg.bounded() {
		return p.submit(ctx, t)
	}
	if p.d.Full() {
		return nil
	}
	var f *Future
	p.seed.lend(func(stream lang.RNG) bool {
		if f = p.prepare(ctx, t, stream); f.Resolved() {
			return true
		}
		if !p.d.Offer(&f.task) {
			f.resolve(nil, nil, newError(Cancelled, "there is no room for it"))
			f = nil
			return false
		}
		return true
	})
	if f != nil && ctx.Done() != nil {
		f.bind(ctx)
	}
	return f
}

// lend is next for one who may not use the stream after all.
func (s *seed) lend(use func(lang.RNG) bool) {
	if !s.given {
		use(lang.RNG{})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.stream
	s.stream.Jump()
	if !use(s.stream) {
		s.stream = before
	}
}

// prepare gives the future of a task, resolved where that cannot be sent. ctx is where traces find whose doing it is.
func (p *Profile) prepare(ctx context.Context, t Task, stream lang.RNG) *Future {
	t = t.withDefaults()
	f := p.future(t)
	a := p.announce(ctx, f, t.purpose(), t)
	frame, err := t.encode(wire.Run, f.task.ID, stream, p.types)
	f.task.Frame = a.frame(frame, err)
	if err != nil {
		f.resolve(nil, nil, newError(Refused, "%v", err))
		return f
	}
	if t.Timeout > 0 {
		f.task.Deadline = f.at + t.Timeout
	}
	return f
}

// admit takes a task in; where there is no room it waits for some. When ctx ends first, the task is cancelled, and its
// end is the error.
func (p *Profile) admit(ctx context.Context, f *Future) error {
	room := p.to.Submit(&f.task)
	if room == nil {
		return nil
	}
	defer lang.Waiting(ctx)()
	select {
	case <-room: // taken in, or over
		return nil
	case <-ctx.Done():
		f.Cancel()
		return context.Cause(ctx)
	}
}

// submitTo is what a script's submission does with a profile: nil for one that was only tried. The call waits for
// room, as long as the script is not interrupted.
func (m module) submitTo(p *Profile, t Task, try bool, c *lang.Call) (any, error) {
	var f *Future
	if try {
		f = p.try(context.WithoutCancel(c.Context), t)
	} else if f = p.prepare(c.Context, t, p.seed.next()); !f.Resolved() {
		if err := p.admit(c.Context, f); err != nil {
			return nil, err
		}
	}
	switch {
	case f == nil:
		return nil, nil
	case f.refused():
		return nil, f.parse()
	}
	m.h.count(f)
	p.inside(c.Context, f)
	return f, nil
}

// memory is what status shows of it: no capacity where there is no bound.
func (s Status) memory() *lang.Record {
	r := &lang.Record{Keys: []string{"used", "peak", "capacity"}, Values: []any{int64(s.Memory.Used), int64(s.Memory.Peak), nil}}
	if s.Memory.Capacity > 0 {
		r.Set("capacity", int64(s.Memory.Capacity))
	}
	return r
}

// bounds reads the options memory and queue of daemons.
func (o *options) bounds(cfg *Config) {
	if v := o.value("memory"); v != nil {
		cfg.Memory = o.bound("memory", "a number of bytes", v)
	}
	if v := o.value("queue"); v != nil {
		cfg.Queue = o.bound("queue", "a number of tasks", v)
	}
}

// bound is a number; what is no number above zero, or infinite, means unbounded.
func (o *options) bound(name, want string, v any) int {
	switch v := v.(type) {
	case int64:
		return int(max(v, 0))
	case float64:
		switch {
		case v >= 1 && v < math.MaxInt64:
			return int(v)
		case v > 0 && v < 1:
			return 1
		}
		return 0
	}
	o.wrong(name, want, v)
	return 0
}

// retry reads the option retry: how many further attempts, or {attempts, backoff}.
func (o *options) retry() (attempts int, backoff time.Duration) {
	var r *lang.Record
	switch v := o.value("retry").(type) {
	case nil, int64:
		return o.count("retry"), 0
	case *lang.Record:
		r = v
	default:
		o.wrong("retry", "a whole number or {attempts, backoff}", v)
		return 0, 0
	}
	in := &options{of: fmt.Sprintf("%s: the option retry", o.of), record: r}
	attempts, backoff = in.count("attempts"), in.time("backoff")
	if err := in.done(); err != nil && o.err == nil {
		o.err = err
	}
	return attempts, backoff
}
