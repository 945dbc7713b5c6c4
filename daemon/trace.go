package daemon

import (
	"context"

	"github.com/mojukapu/mirai/internal/wire"
)

// Watch is told of a daemon of this program that its host has welcomed at url, and gives what hears of the rest; nil
// hears nothing.
type Watch func(url string) *Hooks

// Hooks hear what happens in one daemon. A nil field hears nothing.
type Hooks struct {
	// Start hears of a task before it runs. The context of calls of host functions looks its values up in the one given
	// here (nil: there are none); end hears how the task went, before its answer is sent; nil: nothing does.
	Start func(t Task) (values context.Context, end func(err error))
	// Leave hears that the daemon is about to end. A task that does not let go may still be running.
	Leave func()
}

// Task is a task as the hooks of its daemon know it.
type Task struct {
	ID      uint64
	Attempt int // from 1
	Lang    string
	File    string
	Setup   bool   // of everywhere
	Trace   string // the W3C trace context that its host sent, "" for none: traceparent, and in a second line tracestate
}

// welcomed tells who watches that the daemon is connected.
func (w *worker) welcomed() {
	if w.cfg.Watch == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.hooks = w.cfg.Watch(w.s.URL)
	}
}

// begun tells the hooks of a task that is about to run.
func (w *worker) begun(ctx *taskContext, j job) {
	if w.hooks == nil || w.hooks.Start == nil || wire.ParseRun(j.body, &w.body) != nil {
		return
	}
	values, end := w.hooks.Start(Task{ID: j.Task, Attempt: int(j.Attempt), Lang: w.body.Language, File: w.body.File,
		Setup: j.Kind == wire.Setup, Trace: w.body.Trace})
	ctx.carry(values)
	w.finished = end
}

// went tells the hooks how the task that they heard of has gone.
func (w *worker) went(err error) {
	if w.finished != nil {
		w.finished(err)
		w.finished = nil
	}
}

// left tells the hooks that the daemon ends.
func (w *worker) left() {
	w.mu.Lock()
	hooks := w.hooks
	w.mu.Unlock()
	if hooks != nil && hooks.Leave != nil {
		hooks.Leave()
	}
}
