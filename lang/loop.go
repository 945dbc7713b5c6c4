package lang

import (
	"context"
	"sync"
	"time"
)

// Loop is the event loop of one interpreter: callbacks that are due, in order, and how many are still owed.
// Register is safe for use by several goroutines, Run belongs to the interpreter's.
type Loop struct {
	mu    sync.Mutex
	due   []job
	owed  int
	era   int // callbacks registered before a Reset are dropped
	wake  chan struct{}
	local any
}

// job is a callback that is due, and what was local where it was registered.
type job struct {
	run   func() error
	local any
}

// Local is what the code that runs now carries with it: nil, unless SetLocal was called. Callbacks run with what was
// local where they were registered; interpreters see to it that code goes on with its own after an await.
func (l *Loop) Local() any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.local
}

// SetLocal makes v local and gives what was so before: whoever sets it sets it back.
func (l *Loop) SetLocal(v any) (before any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, l.local = l.local, v
	return before
}

// NewLoop makes an empty loop.
func NewLoop() *Loop { return &Loop{wake: make(chan struct{}, 1)} }

// Register owes a callback: Run does not end before call was called. Call may come from any goroutine; its job then
// runs on the interpreter's. Only the first call counts; a nil job just settles the debt.
func (l *Loop) Register() (call func(job func() error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed++
	era, open, local := l.era, true, l.local
	return func(run func() error) {
		l.mu.Lock()
		if open && era == l.era {
			open = false
			l.owed--
			if run != nil {
				l.due = append(l.due, job{run, local})
			}
		}
		l.mu.Unlock()
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// After owes a job d from now. Stop forgives it.
func (l *Loop) After(d time.Duration, run func() error) (stop func()) {
	call := l.Register()
	t := time.AfterFunc(d, func() { call(run) })
	return func() {
		t.Stop()
		call(nil)
	}
}

// Run runs callbacks as they become due until done says so (nil: never), nothing is owed, a callback fails or ctx ends.
// An ended ctx gives context.Cause(ctx).
func (l *Loop) Run(ctx context.Context, done func() bool) error {
	for {
		if done != nil && done() {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		next, idle := l.next()
		switch {
		case next.run != nil:
			before := l.SetLocal(next.local)
			err := next.run()
			l.SetLocal(before)
			if err != nil {
				return err
			}
		case idle:
			return nil
		default:
			on := Waiting(ctx)
			select {
			case <-l.wake:
			case <-ctx.Done():
			}
			on()
		}
	}
}

func (l *Loop) next() (next job, idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.due) == 0 {
		return job{}, l.owed == 0
	}
	next, l.due[0] = l.due[0], job{}
	if l.due = l.due[1:]; len(l.due) == 0 {
		l.due = nil
	}
	return next, false
}

// Reset drops every callback, due and owed.
func (l *Loop) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.local = nil
	if l.owed > 0 || l.due != nil {
		l.due, l.owed = nil, 0
		l.era++
	}
}

// AfterFunc is context.AfterFunc, straight to a context that has a method of that name.
func AfterFunc(ctx context.Context, f func()) (stop func() bool) {
	if c, ok := ctx.(interface{ AfterFunc(func()) func() bool }); ok {
		return c.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}

// CanEnd tells whether a context can ever end.
func CanEnd(ctx context.Context) bool {
	_, ok := ctx.(interface{ AfterFunc(func()) func() bool })
	return ok || ctx.Done() != nil
}
