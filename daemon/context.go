package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// taskContext is the context of one task, made to be used again for the next: a task that nobody cancels costs no
// allocation, which context.WithCancelCause would. It ends by stop; Err is then the cause.
type taskContext struct {
	seat *seat
	up   *upstream // made when the task first asks for it; its interpreter's goroutine only

	mu    sync.Mutex
	err   error
	done  chan struct{} // made when somebody asks for it
	after []*afterFunc
	// values are what Value looks things up in, nil where nobody traces.
	values context.Context
}

type afterFunc struct{ f func() }

// stop ends the context.
func (c *taskContext) stop(cause error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = cause
	after := c.after
	c.after = nil
	if c.done != nil {
		close(c.done)
	}
	c.mu.Unlock()
	for _, a := range after {
		go a.f()
	}
}

// used tells whether somebody may still hold on to the context, so that the next task needs another one.
func (c *taskContext) used() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil || c.done != nil || len(c.after) > 0
}

func (c *taskContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value gives the task's way to submit tasks, has its waiting noted, and gives what the hooks of the task carry.
func (c *taskContext) Value(key any) any {
	switch key.(type) {
	case wire.UpstreamKey:
		return c.upstream()
	case lang.WaitingKey:
		return c.waiting
	}
	c.mu.Lock()
	values := c.values
	c.mu.Unlock()
	if values == nil {
		return nil
	}
	return values.Value(key)
}

// carry has Value look things up in values.
func (c *taskContext) carry(values context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values = values
}

func (c *taskContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *taskContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	return c.done
}

// AfterFunc is what context.AfterFunc uses where a context has it.
func (c *taskContext) AfterFunc(f func()) (stop func() bool) {
	a := &afterFunc{f}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.after = append(c.after, a)
	return func() bool { return c.forget(a) }
}

func (c *taskContext) forget(a *afterFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.after {
		if other == a {
			c.after = append(c.after[:i], c.after[i+1:]...)
			return true
		}
	}
	return false
}

var _ context.Context = (*taskContext)(nil)
