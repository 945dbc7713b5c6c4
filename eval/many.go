package eval

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Many is a map, or several futures under one handle: results in order, some of them still to come. All its methods
// are safe for use by several goroutines.
type Many struct {
	keys  []string // of the results; nil for a list
	types []*lang.Type
	job   *mapping  // of a map
	fs    []*Future // of a handle to futures
	err   error     // why there is no map

	mu    sync.Mutex
	slots []outcome
	room  []byte   // for small results
	told  []byte   // what tasks of a map that are over have printed
	order []uint32 // elements as they were resolved
	wake  chan struct{}
	done  chan struct{}
	over  []func()
	news  []func()
}

// outcome is what became of an element: neither is set while it is pending.
type outcome struct {
	value []byte // encoded
	err   *Error
}

func (o outcome) resolved() bool { return o.value != nil || o.err != nil }

func newMany(n int, keys []string, types []*lang.Type) *Many {
	m := &Many{keys: keys, types: types, slots: make([]outcome, n), done: make(chan struct{})}
	if n == 0 {
		close(m.done)
	}
	return m
}

func failedMap(err error) *Many {
	m := newMany(0, nil, nil)
	m.err = err
	return m
}

// manyOf puts futures under one handle.
func manyOf(fs []*Future, keys []string) *Many {
	var types []*lang.Type
	if len(fs) > 0 {
		types = fs[0].p.types
	}
	m := newMany(len(fs), keys, types)
	m.fs = fs
	for i, f := range fs {
		f.Notify(func() {
			raw, err := f.raw(context.Background())
			e, _ := err.(*Error)
			m.settle(i, i+1, func(int) outcome { return outcome{raw, e} })
		})
	}
	return m
}

// Len is the number of elements.
func (m *Many) Len() int { return len(m.slots) }

// Err says why nothing was mapped; nil when something was.
func (m *Many) Err() error { return m.err }

// Keys are the names of the elements, nil when they have none.
func (m *Many) Keys() []string { return m.keys }

// Done is closed when all elements are resolved.
func (m *Many) Done() <-chan struct{} { return m.done }

// Resolved tells whether all elements are resolved.
func (m *Many) Resolved() bool {
	done, total := m.Progress()
	return done == total
}

// Progress gives how many elements are resolved, and how many there are.
func (m *Many) Progress() (done, total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.order), len(m.slots)
}

// Notify has n called once when all elements are resolved, at once when they are already. n must not block.
func (m *Many) Notify(n func()) {
	m.mu.Lock()
	if len(m.order) < len(m.slots) {
		m.over = append(m.over, n)
		m.mu.Unlock()
		return
	}
	m.mu.Unlock()
	n()
}

// Cancel ends what is pending: first what waits, from the last on. It tells of each element whether it was pending.
func (m *Many) Cancel() []bool {
	m.mu.Lock()
	pending := make([]bool, len(m.slots))
	for i := range m.slots {
		pending[i] = !m.slots[i].resolved()
	}
	m.mu.Unlock()
	if m.job != nil {
		m.job.cancel(m)
	}
	for i := len(m.fs) - 1; i >= 0; i-- {
		pending[i] = m.fs[i].Cancel()
	}
	return pending
}

// settle resolves the elements from at to end, those that are not resolved yet.
func (m *Many) settle(at, end int, of func(i int) outcome) {
	m.mu.Lock()
	if m.order == nil {
		m.order = make([]uint32, 0, len(m.slots))
	}
	for i := at; i < end; i++ {
		if !m.slots[i].resolved() {
			o := of(i)
			o.value = m.store(o.value)
			m.slots[i] = o
			m.order = append(m.order, uint32(i))
		}
	}
	if m.wake != nil {
		close(m.wake)
		m.wake = nil
	}
	news := m.news
	var over []func()
	if len(m.order) == len(m.slots) && at < end {
		over, m.over, m.news = m.over, nil, nil
		select {
		case <-m.done:
		default:
			close(m.done)
		}
	}
	m.mu.Unlock()
	for _, n := range news {
		n()
	}
	for _, n := range over {
		n()
	}
}

const (
	smallResult = 256
	roomSize    = 16 << 10
)

// store keeps a small result next to others, so that it does not hold on to the message it came in.
func (m *Many) store(b []byte) []byte {
	if len(b) == 0 || len(b) > smallResult {
		return b
	}
	if cap(m.room)-len(m.room) < len(b) {
		m.room = make([]byte, 0, max(min(roomSize, 16*len(m.slots)), len(b)))
	}
	at := len(m.room)
	m.room = append(m.room, b...)
	return m.room[at:len(m.room):len(m.room)]
}

// watch has n called whenever something is resolved, without a lock held. n must not block.
func (m *Many) watch(n func()) {
	m.mu.Lock()
	m.news = append(m.news, n)
	m.mu.Unlock()
}

// since gives what was resolved after the first seen, in time, and a channel that is closed when there is more.
func (m *Many) since(seen int) (news []uint32, more <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.order) > seen || len(m.order) == len(m.slots) {
		return m.order[seen:], nil
	}
	if m.wake == nil {
		m.wake = make(chan struct{})
	}
	return nil, m.wake
}

// at gives the outcome of an element.
func (m *Many) at(i int) outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.slots[i]
}

// MapError is the failure of an element of a map or list. It is also whatever that failure is.
type MapError struct {
	Index int    // from 0
	Key   string // empty when elements have no keys
	Err   error  // an *Error, unless the value did not fit

	base int // what scripts count from
}

func (e *MapError) Error() string { return e.where() + ": " + e.Err.Error() }

// Unwrap gives the failure.
func (e *MapError) Unwrap() error { return e.Err }

// As gives the failure with the element in its message, for those who show it.
func (e *MapError) As(target any) bool {
	failure, ok := e.Err.(*Error)
	to, wanted := target.(**Error)
	if !ok || !wanted {
		return false
	}
	told := *failure
	told.Message = e.where() + ": " + failure.Message
	*to = &told
	return true
}

func (e *MapError) where() string {
	if e.Key != "" {
		return fmt.Sprintf("element %d (%q)", e.Index+e.base, e.Key)
	}
	return fmt.Sprintf("element %d", e.Index+e.base)
}

// ScriptError is the failure as scripts see it: its own fields, and index, key and cause.
func (e *MapError) ScriptError() *lang.Error {
	cause := &lang.Error{Class: "Error", Message: e.Err.Error()}
	if s, ok := e.Err.(lang.ScriptErrorer); ok {
		cause = s.ScriptError()
	}
	out := *cause
	out.Message = e.where() + ": " + cause.Message
	out.Fields = &lang.Record{Keys: []string{"index"}, Values: []any{int64(e.Index + e.base)}}
	if e.Key != "" {
		out.Fields.Set("key", e.Key)
	}
	if cause.Fields != nil {
		for i, k := range cause.Fields.Keys {
			out.Fields.Set(k, cause.Fields.Values[i])
		}
	}
	out.Fields.Set("cause", cause)
	out.Cause = e
	return &out
}

// failure gives the error of an element.
func (m *Many) failure(i int, err error) *MapError {
	e := &MapError{Index: i, Err: err}
	if m.keys != nil {
		e.Key = m.keys[i]
	}
	return e
}

// shares tells whether an encoded value may have references in it (tag 29), which count from where it begins.
func shares(raw []byte) bool { return bytes.Contains(raw, []byte{0xd8, 0x1d}) }

// goValue gives an outcome in the forms that Future.Get has, a failure as *Error.
func (m *Many) goValue(o outcome) any {
	if o.err != nil {
		return o.err
	}
	v, err := wire.ToGo(o.value, true, m.types)
	if err != nil {
		return newError(Reset, "the daemon sent a result that cannot be read: %v", err)
	}
	if _, ok := v.(lang.Undefined); ok {
		return nil
	}
	return v
}

// scriptValue gives an outcome for an interpreter: a value, a failure as the error that scripts see, unresolved.
func (m *Many) scriptValue(o outcome, b *lang.Builder) any {
	switch {
	case o.err != nil:
		return o.err.ScriptError()
	case o.value == nil:
		return unresolved
	case simple(o.value[0]):
		if wire.DecodeAll(o.value, b) == nil {
			return b.Value()
		}
	}
	return lang.Feed(func(s lang.Sink) error { return wire.DecodeAll(o.value, s) })
}

// simple tells whether a value is a number, a text or the like by its first byte: nothing that has an identity.
func simple(first byte) bool {
	major := first >> 5
	return major <= 1 || major == 3 || major == 7
}
