package daemon

import (
	"slices"

	"github.com/mojukapu/mirai/internal/wire"
)

// early are the last tasks that were cancelled and not there: a big one may be overtaken by its cancel.
type early struct {
	last [16]wire.Header
	n    int // ever
}

func (e *early) add(h wire.Header) {
	e.last[e.n%len(e.last)] = wire.Header{Task: h.Task, Attempt: h.Attempt}
	e.n++
}

func (e *early) take(h wire.Header) bool {
	if e.n == 0 {
		return false
	}
	i := slices.Index(e.last[:], wire.Header{Task: h.Task, Attempt: h.Attempt})
	if i >= 0 {
		e.last[i] = wire.Header{}
	}
	return i >= 0
}
