package eval

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Future is the handle to the result of a task. All its methods are safe for use by several goroutines.
type Future struct {
	task dispatch.Task
	p    *Profile
	name string
	at   time.Duration // of the submission, on the dispatcher's clock

	apart bool // those who are notified may submit more and wait for room: not on a goroutine that makes it

	mu     sync.Mutex
	over   bool
	done   chan struct{} // made when somebody asks for it
	notify []func()
	forget func() bool // of the context that bounds the task
	body   []byte      // the result as it came; read when somebody asks for it
	read   bool
	result wire.DoneBody
	err    *Error
	daemon *dispatch.Daemon
	tries  int
	live   *live // what it tells while it runs; nil when that is nothing
}

// Done is closed when the future is resolved.
func (f *Future) Done() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done == nil {
		f.done = make(chan struct{})
		if f.over {
			close(f.done)
		}
	}
	return f.done
}

// Notify has n called once when the future is resolved, at once when it is already. n must not block.
func (f *Future) Notify(n func()) {
	f.mu.Lock()
	if !f.over {
		f.notify = append(f.notify, n)
		f.mu.Unlock()
		return
	}
	f.mu.Unlock()
	n()
}

// Get waits for the value, as Go's any (docs/values.md; objects as map[string]any). ctx bounds the waiting, not the
// task. A failed task gives an *Error.
func (f *Future) Get(ctx context.Context) (any, error) {
	raw, err := f.raw(ctx)
	if err != nil {
		return nil, err
	}
	v, err := wire.ToGo(raw, true, f.p.types)
	if _, ok := v.(lang.Undefined); ok {
		v = nil
	}
	return v, err
}

// Into waits for the value and puts it where dst points to, as encoding/json does; struct fields go by their cbor tags.
func (f *Future) Into(ctx context.Context, dst any) error {
	raw, err := f.raw(ctx)
	if err != nil {
		return err
	}
	return wire.Into(raw, dst, f.p.types)
}

// Peek gives the value without waiting; resolved is false when it is not there yet.
func (f *Future) Peek() (v any, err error, resolved bool) {
	if !f.Resolved() {
		return nil, nil, false
	}
	v, err = f.Get(context.Background())
	return v, err, true
}

// Resolved tells whether the future is resolved.
func (f *Future) Resolved() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// refused tells whether the task could not be sent. One that failed in a daemon may be resolved as early.
func (f *Future) refused() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over && f.daemon == nil && f.err != nil && f.err.Kind == Refused
}

// Cancel ends the task: a waiting one is dropped, a running one interrupted. It is true if the task was still
// waiting or running; the future is then resolved at once, with ErrCancelled.
func (f *Future) Cancel() bool { return !f.Resolved() && f.p.cancel(f) }

// resolveAndCancel has the task fail with an error of ours.
func (f *Future) resolveAndCancel(err *Error) {
	f.resolve(nil, nil, err)
	f.p.cancel(f)
}

// Info is what is known of a task.
type Info struct {
	ID       uint64
	Name     string
	State    string // "pending", "resolved" or "failed"; Profile.Tasks tells waiting from running
	Daemon   uint64 // 0 when no daemon has had it
	Host     string
	PID      int
	Started  time.Time     // zero before its result
	Run      time.Duration // how long it ran
	Attempts int           // 0 before its result
}

// Result is how a task went.
type Result struct {
	Info   Info
	Err    *Error // nil when it succeeded or is pending
	Output []OutputLine
}

// Result gives what is known now, without waiting.
func (f *Future) Result() Result {
	f.parse()
	f.mu.Lock()
	defer f.mu.Unlock()
	r := Result{Err: f.err, Output: f.result.Output}
	if f.live != nil {
		r.Output = slices.Concat(f.live.output, r.Output)
	}
	r.Info = Info{ID: f.task.ID, Name: f.name, State: "pending", Attempts: f.tries}
	if f.over {
		r.Info.State = "resolved"
	}
	if f.err != nil {
		r.Info.State = "failed"
	}
	if f.daemon != nil {
		hello := f.daemon.Peer.(*dispatch.Link).Hello
		r.Info.Daemon, r.Info.Host, r.Info.PID = f.daemon.ID, hello.Host, hello.PID
	}
	if f.result.Started > 0 {
		r.Info.Started = time.UnixMicro(f.result.Started)
		r.Info.Run = time.Duration(f.result.Micros) * time.Microsecond
	}
	return r
}

// Feed gives the value as events, for an interpreter of this process. It fails as Get does.
func (f *Future) Feed(ctx context.Context) (lang.Feed, error) {
	raw, err := f.raw(ctx)
	if err != nil {
		return nil, err
	}
	return func(s lang.Sink) error { return wire.DecodeAll(raw, s) }, nil
}

// raw waits for the encoded value.
func (f *Future) raw(ctx context.Context) ([]byte, error) {
	if !f.Resolved() {
		on := lang.Waiting(ctx)
		select {
		case <-f.Done():
		case <-ctx.Done():
		}
		if on(); !f.Resolved() {
			return nil, context.Cause(ctx)
		}
	}
	if err := f.parse(); err != nil {
		return nil, err
	}
	return f.result.Value, nil
}

// parse reads the result, once it is there.
func (f *Future) parse() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over && !f.read {
		f.read = true
		if f.body != nil {
			f.readBody()
		}
		f.body = nil
		if f.err != nil {
			f.err.Task, f.err.Daemon = f.label(), f.where()
		}
	}
	if f.err != nil {
		return f.err
	}
	return nil
}

func (f *Future) readBody() {
	var err error
	if f.result, err = wire.ParseDone(f.body); err != nil {
		f.err = newError(Reset, "the daemon sent a result that cannot be read: %v", err)
	} else if f.result.Fault != nil {
		f.err = fromFault(f.result.Fault, f.p.types)
	}
}

// label names the task for people.
func (f *Future) label() string {
	if f.name != "" {
		return fmt.Sprintf("%d (%s)", f.task.ID, f.name)
	}
	return fmt.Sprint(f.task.ID)
}

func (f *Future) where() string {
	if f.daemon == nil {
		return ""
	}
	hello := f.daemon.Peer.(*dispatch.Link).Hello
	return fmt.Sprintf("%d (pid %d on %s)", f.daemon.ID, hello.PID, hello.Host)
}

// resolve ends the future, with a result as it came or with an error.
func (f *Future) resolve(body []byte, d *dispatch.Daemon, err *Error) {
	f.mu.Lock()
	if f.over {
		f.mu.Unlock()
		return
	}
	f.over, f.body, f.daemon, f.err = true, body, d, err
	f.tries = int(f.task.Tries) // the queue is done with it
	done, notify, forget := f.done, f.notify, f.forget
	f.notify, f.forget = nil, nil
	if done != nil {
		close(done)
	}
	if f.live != nil && f.live.more != nil {
		close(f.live.more)
		f.live.more = nil
	}
	f.mu.Unlock()
	if forget != nil {
		forget()
	}
	if f.apart {
		go callAll(notify)
	} else {
		callAll(notify)
	}
}

func callAll(fs []func()) {
	for _, f := range fs {
		f()
	}
}
