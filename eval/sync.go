package eval

import "context"

// handle is a Future or a Many.
type handle interface {
	Done() <-chan struct{}
	Notify(n func())
	Resolved() bool
}

// inside waits for what was submitted to a profile that evaluates tasks inside the call. When ctx ends first, it is cancelled.
func (p *Profile) inside(ctx context.Context, x handle) {
	if !p.cfg.Sync {
		return
	}
	select {
	case <-x.Done():
		return
	case <-ctx.Done():
	}
	switch x := x.(type) {
	case *Future:
		x.Cancel()
	case *Many:
		x.Cancel()
	}
	<-x.Done()
}
