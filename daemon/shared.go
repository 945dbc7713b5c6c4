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
	asked map[uint64][]chan<- []byte
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

// fetch has the host send a shared value, and waits for it.
func (s *seat) fetch(ctx context.Context, r share.Ref) (*share.Mapping, error) {
	all, there := &s.w.shared, make(chan []byte, 1)
	all.mu.Lock()
	if all.asked == nil {
		all.asked = map[uint64][]chan<- []byte{}
	}
	all.asked[r.ID] = append(all.asked[r.ID], there)
	all.mu.Unlock()
	s.w.handOver(s)
	s.line.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Fetch, Task: r.ID}))
	select {
	case b := <-there:
		if int64(len(b)) != r.Size || r.Size == 0 {
			return nil, &lang.Error{Class: "Error", Message: "the shared value is no more: its pool or session has ended, or it was closed"}
		}
		m, err := share.Hold(b)
		if err == nil {
			all.mu.Lock()
			all.keep(r.ID, m)
			all.mu.Unlock()
		}
		return m, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// arrived passes a shared value on to those who wait for it.
func (a *shared) arrived(id uint64, b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, there := range a.asked[id] {
		there <- b
	}
	delete(a.asked, id)
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
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, m := range a.have {
		m.Drop()
		delete(a.have, id)
	}
}
