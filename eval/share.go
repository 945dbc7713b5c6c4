package eval

import (
	"errors"
	"fmt"
	"sync"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/share"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Shared is a value that travels to each daemon once, however many tasks are given it: daemons on this machine map its
// bytes (Linux), others are sent them when they first need it. In a task it is the value itself; what is an array of
// numbers or bytes there is the shared memory, and cannot be changed. Close it when no task needs it any more.
type Shared struct {
	of   *sharing
	seg  *share.Segment
	ref  []byte
	size int

	mu     sync.Mutex
	closed bool
}

// sharing is the shared values of a profile, or of all profiles of a Host.
type sharing struct {
	mu       sync.Mutex
	all      map[uint64]*Shared
	profiles map[*Profile]struct{}
}

func newSharing() *sharing {
	return &sharing{all: map[uint64]*Shared{}, profiles: map[*Profile]struct{}{}}
}

func (s *sharing) join(p *Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.profiles[p] = struct{}{}
}

func (s *sharing) leave(p *Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.profiles, p)
}

// add encodes a value and keeps it.
func (s *sharing) add(v lang.Feed) (*Shared, error) {
	raw, err := wire.Encode(v)
	if err != nil {
		return nil, newError(Refused, "%v", lang.At(err, "the shared value"))
	}
	return s.keep(raw, false)
}

// keep keeps a value that is encoded. Each task may have a copy of its own.
func (s *sharing) keep(raw []byte, copied bool) (*Shared, error) {
	seg, err := share.New(raw)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	seg.Copy = copied
	x := &Shared{of: s, seg: seg, ref: seg.Ref.Append(nil), size: len(raw)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[seg.ID] = x
	return x, nil
}

// remove forgets a value and tells the daemons.
func (s *sharing) remove(x *Shared) {
	s.mu.Lock()
	delete(s.all, x.seg.ID)
	var ps []*Profile
	for p := range s.profiles {
		ps = append(ps, p)
	}
	s.mu.Unlock()
	for _, p := range ps {
		p.d.Broadcast(wire.AppendHeader(nil, wire.Header{Kind: wire.Forget, Task: x.seg.ID}))
	}
}

// close closes every value.
func (s *sharing) close() {
	s.mu.Lock()
	var all []*Shared
	for _, x := range s.all {
		all = append(all, x)
	}
	s.mu.Unlock()
	for _, x := range all {
		x.Close()
	}
}

// bytes appends the bytes of a value, nothing when it is no more.
func (s *sharing) bytes(id uint64, before []byte) (b []byte, found bool) {
	s.mu.Lock()
	x := s.all[id]
	s.mu.Unlock()
	if x == nil {
		return before, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return before, false
	}
	return append(before[:len(before):len(before)], x.seg.Bytes()...), true
}

// Share shares a value with the daemons of the profile, until it is closed or the profile is. What cannot be sent gives an
// *Error, ErrRefused.
func (p *Profile) Share(v any) (*Shared, error) {
	return p.shares.add(func(s lang.Sink) error { return lang.WalkTypes(v, s, p.types) })
}

// Size is the size of the value in bytes, as it travels.
func (x *Shared) Size() int { return x.size }

// Close takes the value back: the memory is free again, tasks that are given it from now on are refused, those that use it
// fail.
func (x *Shared) Close() error {
	x.mu.Lock()
	closed := x.closed
	x.closed = true
	x.mu.Unlock()
	if closed {
		return nil
	}
	x.of.remove(x)
	x.mu.Lock() // those who send it are done
	defer x.mu.Unlock()
	return x.seg.Close()
}

// reference is what travels in place of the value.
func (x *Shared) reference() ([]byte, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, errors.New("it was closed, or its pool or session has ended")
	}
	return x.ref, nil
}

// feed gives the reference, for what is about to be sent.
func (x *Shared) feed(s lang.Sink) error {
	ref, err := x.reference()
	if err == nil {
		err = s.Begin(lang.Custom, 1, wire.NameShared)
	}
	if err == nil {
		err = s.Bytes(ref)
	}
	if err == nil {
		err = s.End()
	}
	return err
}

// fetch sends a shared value to a daemon that cannot map it. It tells whether there is such a value.
func (p *Profile) fetch(l *dispatch.Link, id uint64) bool {
	b, found := p.shares.bytes(id, wire.AppendHeader(nil, wire.Header{Kind: wire.Fetch, Task: id}))
	l.Send(b)
	return found
}

// sharedType is the face of a shared value in scripts, and how it travels.
func sharedType() *lang.Type {
	return &lang.Type{
		Name:   wire.NameShared,
		Is:     func(v any) bool { _, ok := v.(*Shared); return ok },
		Fields: []lang.Field{{Name: "size", Get: func(self any) (any, error) { return int64(self.(*Shared).size), nil }}},
		Methods: []lang.Func{{Name: "close", Call: func(c *lang.Call) (any, error) {
			return lang.Undefined{}, c.Self.(*Shared).Close()
		}}},
		Show:   func(self any) string { return fmt.Sprintf("shared<%d bytes>", self.(*Shared).size) },
		Encode: func(self any) (any, error) { return self.(*Shared).reference() },
	}
}

// share is mirai.share(x).
func (m module) share(c *lang.Call) (any, error) {
	if len(c.Args) == 0 {
		return nil, &lang.Error{Class: "TypeError", Message: "share: give it the value to share: mirai.share(x)"}
	}
	if inTask(c.Context) {
		return nil, &lang.Error{Class: "Error", Message: "share: a task cannot share values, its host can: share the value there and give it to the task"}
	}
	return m.h.cfg.shares.add(c.Args[0].Walk)
}
