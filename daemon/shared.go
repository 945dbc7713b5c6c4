package daemon

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/mojukapu/mirai/internal/share"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// shared are the shared values that a daemon has: mapped where they are on this machine, sent by its host otherwise.
type shared struct {
	mu    sync.Mutex
	have  map[uint64]*share.Mapping
	asked map[uint64][]chan<- fetched // by those who wait for them
}

// shared gives the bytes of a shared value, for the task that runs.
func (s *seat) shared(ref []byte) ([]byte, error) {
	r, err := share.Parse(ref)
	if err != nil {
		return nil, err
	}
	all := &s.w.shared
	all.mu.Lock()
	m := all.have[r.ID]
	if m == nil {
		if m, err = share.Open(r); err == nil {
			all.keep(r.ID, m)
		}
	}
	all.mu.Unlock()
	if errors.Is(err, share.ErrElsewhere) {
		m, err = s.fetch(s.task, r)
	}
	if err != nil {
		return nil, err
	}
	if r.Copy {
		return slices.Clone(m.Bytes()), nil
	}
	return m.Bytes(), nil
}

// keep keeps a mapping; under the lock.
func (a *shared) keep(id uint64, m *share.Mapping) {
	if a.have == nil {
		a.have = map[uint64]*share.Mapping{}
	}
	a.have[id] = m
}

// fetched is a shared value that its host has sent: nil when it is no more.
type fetched struct {
	m   *share.Mapping
	err error
}

// fetch has the host send a shared value, and waits for it.
func (s *seat) fetch(ctx context.Context, r share.Ref) (*share.Mapping, error) {
	all, there := &s.w.shared, make(chan fetched, 1)
	s.w.handOver(s)
	if all.ask(r.ID, there) && s.line.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Fetch, Task: r.ID})) != nil {
		all.arrived(r.ID, nil)
	}
	select {
	case f := <-there:
		if f.err == nil && (f.m == nil || int64(len(f.m.Bytes())) != r.Size) {
			f.err = &lang.Error{Class: "Error", Message: "the shared value is no more: its pool or session has ended, or it was closed"}
		}
		return f.m, f.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ask has there get a value. It tells whether the host must be asked: it sends a value once.
func (a *shared) ask(id uint64, there chan<- fetched) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if m := a.have[id]; m != nil {
		there <- fetched{m: m}
		return false
	}
	if a.asked == nil {
		a.asked = map[uint64][]chan<- fetched{}
	}
	a.asked[id] = append(a.asked[id], there)
	return len(a.asked[id]) == 1
}

// arrived keeps a shared value, also when nobody waits for it any more, and passes it on to those who do.
func (a *shared) arrived(id uint64, b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var f fetched
	if len(b) > 0 {
		if f.m, f.err = share.Hold(b); f.err == nil {
			a.keep(id, f.m)
		}
	}
	a.answer(id, f)
}

// answer passes on to those who wait what there is. Under the lock.
func (a *shared) answer(id uint64, f fetched) {
	for _, there := range a.asked[id] {
		there <- f
	}
	delete(a.asked, id)
}

// abandon ends the waiting for values: nobody will send them.
func (a *shared) abandon() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range a.asked {
		a.answer(id, fetched{})
	}
}

// forget gives the memory of a shared value back. A task that uses it still fails.
func (a *shared) forget(id uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if m := a.have[id]; m != nil {
		m.Drop()
		delete(a.have, id)
	}
}

// close gives back the memory of all.
func (a *shared) close() {
	a.abandon()
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, m := range a.have {
		m.Drop()
		delete(a.have, id)
	}
}
