package eval

import (
	"context"
	"time"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/wire"
)

// Watch is told of a profile that is set, before its daemons start, and gives what hears of the rest; nil hears nothing.
// ctx is that of the call that sets it.
type Watch func(ctx context.Context, p *Profile) *Hooks

// Hooks hear what happens in one profile. A nil field hears nothing. They are called where the thing happens, Submit at
// times with locks held: they must not wait, nor call the profile.
type Hooks struct {
	// Submit hears of a task before it is encoded; ctx is that of the call that submits it, and bounds nothing. trace is
	// the W3C trace context that travels with the task, "" for none; of several hooks' the first counts. done hears when
	// the task is encoded, with the error when it cannot be sent; it may be nil.
	Submit func(ctx context.Context, s Submission) (trace string, done func(error))
	// Map hears of a map before its tasks, which are submitted with the context it gives; done hears when as many of them
	// are as the window lets.
	Map func(ctx context.Context, elements int) (within context.Context, done func())
	// End hears of a task that is over. A daemon tells when a task started with its result: wait is the time from the
	// submission until then, or until the end where there is no result (Result.Info.Started is zero).
	End func(s Submission, r Result, wait time.Duration)
	// Up hears of a daemon that has connected, Gone of one that has left or is lost.
	Up, Gone func(d DaemonStatus)
	// Reset hears that the profile was closed, when all else is over.
	Reset func()
}

// Purpose says what a task is for.
type Purpose string

const (
	ForItself     Purpose = "task"
	ForMap        Purpose = "map"        // an element of a map, or a chunk of them
	ForEverywhere Purpose = "everywhere" // setup, on one daemon
)

// Submission is a task as its hooks know it.
type Submission struct {
	ID      uint64
	Name    string
	Lang    string
	Purpose Purpose
}

func (t Task) purpose() Purpose {
	if t.feeds {
		return ForMap
	}
	return ForItself
}

// watch tells who watches of the profile.
func (p *Profile) watch(ctx context.Context) {
	for _, w := range p.cfg.Watch {
		if h := w(ctx, p); h != nil {
			p.hooks = append(p.hooks, h)
		}
	}
}

// announced is a task that the hooks have heard of. Its zero value is a task that nobody watches.
type announced struct {
	trace string
	done  []func(error)
}

// announce tells the hooks of a task that is about to be encoded, and has them told of its end.
func (p *Profile) announce(ctx context.Context, f *Future, why Purpose, t Task) (a announced) {
	if p.hooks == nil {
		return a
	}
	s := Submission{ID: f.task.ID, Name: t.Name, Lang: t.Lang, Purpose: why}
	for _, h := range p.hooks {
		if h.Submit == nil {
			continue
		}
		trace, done := h.Submit(ctx, s)
		if a.trace == "" {
			a.trace = trace
		}
		if done != nil {
			a.done = append(a.done, done)
		}
	}
	f.Notify(func() { p.tellEnd(f, s) })
	return a
}

// frame tells that the task is encoded, or cannot be, and gives its frame with the trace context.
func (a announced) frame(frame []byte, err error) []byte {
	for _, done := range a.done {
		done(err)
	}
	if err != nil {
		return nil
	}
	return wire.AppendTrace(frame, a.trace)
}

func (p *Profile) tellEnd(f *Future, s Submission) {
	r := f.Result()
	wait := max(p.d.Clock()-f.at-r.Info.Run, 0)
	for _, h := range p.hooks {
		if h.End != nil {
			h.End(s, r, wait)
		}
	}
}

// tellMap tells of a map that begins.
func (p *Profile) tellMap(ctx context.Context, elements int) (within context.Context, begun func()) {
	if p.hooks == nil {
		return context.Background(), func() {}
	}
	within = context.WithoutCancel(ctx)
	var all []func()
	for _, h := range p.hooks {
		if h.Map == nil {
			continue
		}
		var done func()
		if within, done = h.Map(within, elements); done != nil {
			all = append(all, done)
		}
	}
	return within, func() { callAll(all) }
}

func (p *Profile) tellUp(d *dispatch.Daemon) {
	for _, h := range p.hooks {
		if h.Up != nil {
			h.Up(statusOf(d))
		}
	}
}

func (p *Profile) tellGone(d *dispatch.Daemon) {
	for _, h := range p.hooks {
		if h.Gone != nil {
			h.Gone(statusOf(d))
		}
	}
}

func (p *Profile) tellReset() {
	for _, h := range p.hooks {
		if h.Reset != nil {
			h.Reset()
		}
	}
}
