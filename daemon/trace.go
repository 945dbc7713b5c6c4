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

// tellWelcome tells who watches that the daemon is connected, the first time.
func (w *worker) tellWelcome() {
	if w.cfg.Watch == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over && w.hooks == nil {
		w.hooks = w.cfg.Watch(w.s.URL)
	}
}

// begun tells the hooks of a task that is about to run.
func (s *seat) begun(ctx *taskContext, j job) {
	hooks := s.w.hooks
	if hooks == nil || hooks.Start == nil || wire.ParseRun(j.body, &s.body) != nil {
		return
	}
	values, end := hooks.Start(Task{ID: j.Task, Attempt: int(j.Attempt), Lang: s.body.Language, File: s.body.File,
		Setup: j.Kind == wire.Setup, Trace: s.body.Trace})
	ctx.carry(values)
	s.finished = end
}

// went tells the hooks how the task that they heard of has gone.
func (s *seat) went(err error) {
	if s.finished != nil {
		s.finished(err)
		s.finished = nil
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
