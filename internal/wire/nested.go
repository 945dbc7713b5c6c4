package wire

import (
	"errors"
	"time"

	"github.com/mojukapu/mirai/lang"
)

// Upstream is how the code of a task submits tasks of its own: they run in the pool that runs the task. A daemon puts
// one into the context of each task, under UpstreamKey.
type Upstream interface {
	// Submit sends a task on its way and gives the number that Cancel takes.
	Submit(t Nested, h Hear) (id uint64, err error)
	Cancel(id uint64)
	// Stream is that of the random numbers of the next task; zero when the one that submits it brought none.
	Stream() lang.RNG
}

// Hear hears of a nested task, on any goroutine.
type Hear struct {
	Done func(Answer)              // how it ended, once
	News func(k Kind, body []byte) // what it tells before: the body of an Output, a Progress or an Emit
}

// UpstreamKey is the key of an Upstream in the context of a task.
type UpstreamKey struct{}

// Nested is a task that a task submits. On the wire: an array of the id of the task that submits it, the fields in this
// order, times in microseconds; what stands in the frame of a Run after its header follows.
type Nested struct {
	Parent     uint64
	Name       string
	Priority   int
	Retries    int
	Backoff    time.Duration // before it runs again
	Timeout    time.Duration // from its submission
	RunTimeout time.Duration // from the start of its run
	Body       []byte
}

// Answer is how a nested task ended. On the wire: an array of its fields; what stands in the frame of a Done after its
// header follows, if Failure is empty.
type Answer struct {
	Failure string // a kind of eval.Error; empty when there is a result
	Message string // of the failure
	Daemon  uint64 // that ran it last, 0 for none
	PID     int
	Host    string
	Tries   int
	Body    []byte // of the result
}

// AppendSubmit appends the frame of a nested task. h names it by a number of the daemon's own.
func AppendSubmit(b []byte, h Header, n Nested) []byte {
	h.Kind = Submit
	b = AppendHead(AppendHeader(b, h), 4, 7)
	b = AppendUint(b, n.Parent)
	b = AppendText(b, utf8Text(n.Name))
	b = AppendInt(b, int64(n.Priority))
	for _, v := range []int64{int64(n.Retries), n.Backoff.Microseconds(), n.Timeout.Microseconds(), n.RunTimeout.Microseconds()} {
		b = AppendUint(b, uint64(max(v, 0)))
	}
	return append(b, n.Body...)
}

// ParseSubmit reads the body of a Submit. Its Body aliases body.
func ParseSubmit(body []byte) (n Nested, err error) {
	d := Reader{B: body}
	if d.Array() != 7 {
		return n, errors.New("wire: a nested task has 7 fields")
	}
	n.Parent, n.Name, n.Priority = d.Uint(), d.Text(), int(d.Int())
	n.Retries = int(d.Uint())
	for _, to := range []*time.Duration{&n.Backoff, &n.Timeout, &n.RunTimeout} {
		*to = time.Duration(d.Uint()) * time.Microsecond
	}
	n.Body = d.Rest()
	if n.Retries < 0 || n.Backoff < 0 || n.Timeout < 0 || n.RunTimeout < 0 {
		return n, errors.New("wire: a nested task has a number that is too large")
	}
	return n, d.Err()
}

// AppendAnswer appends the frame that ends a nested task.
func AppendAnswer(b []byte, h Header, a Answer) []byte {
	h.Kind = Done
	b = AppendHead(AppendHeader(b, h), 4, 6)
	b = AppendText(AppendText(b, a.Failure), utf8Text(a.Message))
	b = AppendUint(AppendUint(b, a.Daemon), uint64(a.PID))
	b = AppendUint(AppendText(b, a.Host), uint64(a.Tries))
	return append(b, a.Body...)
}

// ParseAnswer reads the body of a Done from a host. Its Body aliases body.
func ParseAnswer(body []byte) (a Answer, err error) {
	d := Reader{B: body}
	if d.Array() != 6 {
		return a, errors.New("wire: an answer has 6 fields")
	}
	a.Failure, a.Message = d.Text(), d.Text()
	a.Daemon, a.PID = d.Uint(), int(d.Uint())
	a.Host, a.Tries = d.Text(), int(d.Uint())
	a.Body = d.Rest()
	return a, d.Err()
}

// AppendLend appends the frame that lends the place of a task: back are the ids of what stood behind it.
func AppendLend(b []byte, h Header, back []uint64) []byte {
	h.Kind = Lend
	return appendIDs(b, h, back)
}
