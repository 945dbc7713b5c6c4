package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/engine"
)

var (
	errCancelled = errors.New("cancelled")
	errGone      = errors.New("the host is gone")
	errOver      = errors.New("the task is over")
)

const (
	big       = 8 << 20                // bytes of a task and its result after which memory is given back
	freeAfter = 200 * time.Millisecond // without another one

	flushWithin = 10 * time.Second // how long a big result may take to leave before the next task runs
)

// run runs one task, answers it and tidies up after it, in this order: the host does not wait for the tidying.
func (w *worker) run(j job) {
	if j.cancelled {
		w.answer(j.Header, time.Now(), nil, &lang.Error{Kind: lang.Interrupted, Message: "cancelled before it started"})
		return
	}
	ctx := w.enter(j.Header)
	w.begun(ctx, j)
	start := time.Now()
	in, v, err := w.prepared(ctx, j)
	w.mu.Lock()
	w.task = nil
	w.mu.Unlock()
	w.answer(j.Header, start, v, err)
	if ctx.used() {
		ctx.stop(errOver) // whatever the task left running
		w.spare = nil
	}
	w.tidy(in, j.Kind)
	if len(j.body)+w.sent > big {
		w.body, w.given, w.encoder = wire.RunBody{}, nil, wire.Encoder{} // they hold on to what they last had
		w.free.Reset(freeAfter)
	}
	if j.Kind != wire.Setup {
		w.tasks++
	}
}

// enter makes the context of a task, which a cancel ends.
func (w *worker) enter(h wire.Header) *taskContext {
	if w.spare == nil {
		w.spare = new(taskContext)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current, w.task = h, w.spare
	if w.over {
		w.task.stop(errGone)
	}
	return w.task
}

// prepared evaluates a task in interpreters that have had every setup: new ones get them again first.
func (w *worker) prepared(ctx context.Context, j job) (in lang.Interpreter, v lang.Value, err error) {
	if w.interpreters == nil && len(w.setups) > 0 {
		for _, s := range w.setups {
			if in, _, err = w.evaluate(ctx, s); err != nil {
				w.interpreters = nil // the next task tries again
				return in, nil, err
			}
			in.Keep()
			in.Reset()
		}
		w.out.take() // what they printed belongs to no task
	}
	in, v, err = w.evaluate(ctx, j)
	if err == nil && j.Kind == wire.Setup {
		w.setups = append(w.setups, j)
	}
	return in, v, err
}

func (w *worker) evaluate(ctx context.Context, j job) (in lang.Interpreter, v lang.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a bug in mirai, please report it: %v\n%s", p, debug.Stack())
			w.interpreters = nil
		}
	}()
	r := &w.body
	if err := wire.ParseRun(j.body, r); err != nil {
		return nil, nil, err
	}
	if w.rng = &w.own; r.Stream != (lang.RNG{}) {
		stream, err := lang.RNGOf(r.Stream)
		if err != nil {
			return nil, nil, err
		}
		w.rng = &stream
	}
	if in, err = w.interpreter(r.Language); err != nil {
		return nil, nil, err
	}
	code := lang.Code{Source: r.Source, Name: r.File, Line: r.Line, Column: r.Column}
	if j.Kind == wire.Setup {
		code.Mode = lang.Line
	}
	w.given = w.given[:0]
	for _, b := range r.Globals {
		w.given = append(w.given, lang.Binding{Name: b.Name, Value: b.Feed})
	}
	n := len(w.given)
	for _, b := range r.Args {
		w.given = append(w.given, lang.Binding{Name: b.Name, Value: b.Feed})
	}
	v, err = in.Eval(ctx, code, w.given[:n:n], w.given[n:])
	return in, v, err
}

// interpreter gives the interpreter of a language, made when it is first needed.
func (w *worker) interpreter(language string) (lang.Interpreter, error) {
	if in := w.interpreters[language]; in != nil {
		return in, nil
	}
	cfg := lang.Config{Modules: w.cfg.Modules, Print: w.out.print, Stack: w.s.Stack,
		Rand: func() float64 { return w.rng.Float64() }, RandState: func() lang.RNG { return *w.rng }}
	if w.cfg.Files {
		cfg.Load = lang.Loader(language)
	}
	in, err := engine.New(language, cfg)
	if err != nil {
		return nil, err
	}
	if w.interpreters == nil {
		w.interpreters = map[string]lang.Interpreter{}
	}
	w.out.show = w.s.Output
	w.interpreters[language] = in
	return in, nil
}

// tidy restores the interpreter after a task; what a setup did to globals stays.
func (w *worker) tidy(in lang.Interpreter, kind wire.Kind) {
	switch {
	case in == nil:
	case kind == wire.Setup:
		in.Keep()
		in.Reset()
	case w.s.Cleanup == "fresh":
		w.interpreters = nil
	case w.s.Cleanup == "":
		in.Reset()
	}
}

// answer sends the result of a task. A value that cannot be sent is a failure of the task.
func (w *worker) answer(h wire.Header, start time.Time, v lang.Value, err error) {
	h.Kind = wire.Done
	b := w.frame
	if w.frame = nil; b == nil {
		b = make([]byte, 0, 128)
	}
	if err == nil {
		b = wire.AppendDone(b, h, false)
		w.encoder.Reset(b)
		if err = v.Walk(&w.encoder); err == nil {
			b, err = w.encoder.Finish()
		}
		err = lang.Within(err, "the result")
	}
	w.went(err)
	if err != nil {
		b = wire.AppendDone(b[:0], h, true)
		b = appendFault(b, err)
	}
	b = wire.AppendDoneEnd(b, start.UnixMicro(), time.Since(start).Microseconds(), w.out.take())
	w.sent = len(b)
	if len(b) > big {
		w.peer.Send(b)
		w.frame = w.again(b)
	} else if w.more() {
		w.peer.Post(b)
	} else {
		w.peer.Send(b)
	} // a lost host is noticed by whoever reads
}

// again waits until a big frame has gone out, and gives its memory for the next one: fresh memory costs more than
// the copying into it.
func (w *worker) again(frame []byte) []byte {
	ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	if w.peer.Flushed(ctx) != nil {
		return nil
	}
	return frame[:0]
}

func appendFault(b []byte, err error) []byte {
	f := fault(err)
	with, err := wire.AppendFault(b, f)
	if err != nil { // the thrown object's fields cannot travel
		f.Fields, f.Value = nil, nil
		with, _ = wire.AppendFault(b, f)
	}
	return with
}

// fault is an error as it travels.
func fault(err error) *wire.Fault {
	var refused *lang.Refused
	if errors.As(err, &refused) {
		return &wire.Fault{Kind: "refused", Message: refused.Error()}
	}
	var e *lang.Error
	if !errors.As(err, &e) {
		return &wire.Fault{Kind: "error", Message: err.Error()}
	}
	f := &wire.Fault{Kind: faultKinds[e.Kind], Class: e.Class, Message: e.Message, Line: e.Line}
	for _, s := range e.Stack {
		f.Stack = append(f.Stack, wire.Frame{Func: s.Func, File: s.File, Line: s.Line, Column: s.Column})
	}
	if e.Fields != nil {
		f.Fields, _ = wire.EncodeGo(e.Fields, nil)
	}
	if e.Value != nil {
		f.Value, _ = wire.EncodeGo(e.Value, nil)
	}
	return f
}

var faultKinds = [...]string{lang.Raised: "error", lang.Syntax: "error", lang.Interrupted: "interrupted", lang.Limited: "limit"}
