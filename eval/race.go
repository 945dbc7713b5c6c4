package eval

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/mojukapu/mirai/lang"
)

// Race gives the index of the first future that is resolved: when some are already, of the first of those. It is -1 for
// no futures. ctx bounds the waiting; its end is the error.
func Race(ctx context.Context, fs []*Future) (int, error) { return raceAll(ctx, fs) }

func raceAll[H handle](ctx context.Context, hs []H) (int, error) {
	if i := slices.IndexFunc(hs, H.Resolved); i >= 0 || len(hs) == 0 {
		return i, nil
	}
	if len(hs) > maxSelect {
		return raceNotified(ctx, hs)
	}
	cases := make([]reflect.SelectCase, 0, len(hs)+1)
	for _, h := range hs {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(h.Done())})
	}
	cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())})
	defer lang.Waiting(ctx)()
	i, _, _ := reflect.Select(cases) // leaves nothing behind at the futures, so that races may be run in a loop
	if i == len(hs) {
		return -1, context.Cause(ctx)
	}
	return i, nil
}

const maxSelect = 1<<16 - 2 // a select has at most 65536 cases

// raceNotified is raceAll for more than a select can have.
func raceNotified[H handle](ctx context.Context, hs []H) (int, error) {
	first := make(chan int, 1)
	for i, h := range hs {
		h.Notify(func() {
			select {
			case first <- i:
			default: // another was earlier
			}
		})
	}
	select {
	case i := <-first:
		return i, nil
	case <-ctx.Done():
		return -1, context.Cause(ctx)
	}
}

// raceMany is Race for the elements of a handle.
func raceMany(ctx context.Context, m *Many) (int, error) {
	if m.Len() == 0 {
		return -1, m.err
	}
	for {
		if i := m.first(); i >= 0 {
			return i, nil
		}
		_, more := m.since(0)
		if more == nil {
			continue
		}
		on := lang.Waiting(ctx)
		select {
		case <-more:
		case <-ctx.Done():
		}
		if on(); ctx.Err() != nil {
			return -1, context.Cause(ctx)
		}
	}
}

// first gives the first element in order that is resolved, -1 for none.
func (m *Many) first() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.order) > 0 {
		for i := range m.slots {
			if m.slots[i].resolved() {
				return i
			}
		}
	}
	return -1
}

// limited bounds a wait by a time, where there is one.
func limited(ctx context.Context, d time.Duration, has bool) (context.Context, context.CancelFunc) {
	if !has {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d, errTimeUp)
}
