package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/mojukapu/mirai/internal/session"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/engine"
)

var (
	errCancelled = errors.New("cancelled")
	errGone      = errors.New("the host is gone")
	errOver      = errors.New("the task is over")
)

// seat is where tasks run, one at a time: interpreters and what belongs to them. A daemon has one. While its task waits
// for tasks of its own, others run in further ones (nested.go).
type seat struct {
	w            *worker
	interpreters map[string]lang.Interpreter
	had          int          // how many of the daemon's setups they have had
	body         wire.RunBody // of the last task
	given        []lang.Binding
	encoder      wire.Encoder
	report       report
	own          lang.RNG  // random numbers that go on from task to task
	rng          *lang.RNG // those of the present task
	spare        *taskContext
	finished     func(error) // hears how the present task went; nil when nobody does
	sent         int         // bytes of the last result
	frame        []byte      // of the last big result, for the next

	line *session.Line // the way of the present task, or of the last one, to its host

	current wire.Header  // under the worker's lock, as is all below
	task    *taskContext // that of the current task; nil between tasks
	stale   bool         // what it keeps belongs to a former host, or is nothing yet
}

func newSeat(w *worker) *seat {
	s := &seat{w: w, own: lang.RandomRNG(), stale: true}
	s.body.Shared = s.shared
	s.rng = &s.own
	s.report.init(w)
	return s
}

const (
	big       = 8 << 20                // bytes of a task and its result after which memory is given back
	freeAfter = 200 * time.Millisecond // without another one

	flushWithin = 10 * time.Second // how long the next task waits for the memory of a big result
)

// run runs one task, answers it and tidies up after it, in this order: the host does not wait for the tidying.
func (s *seat) run(j job) {
	if j.cancelled {
		s.line = j.line
		s.answer(j.Header, time.Now(), nil, &lang.Error{Kind: lang.Interrupted, Message: "cancelled before it started"})
		return
	}
	debug.SetPanicOnFault(true) // of this goroutine: shared values cannot be written to
	ctx := s.enter(j)
	s.begun(ctx, j)
	start := time.Now()
	in, v, err := s.prepared(ctx, j)
	s.answer(j.Header, start, v, err) // a cancel still reaches what the value's hooks do
	s.w.mu.Lock()
	s.task = nil
	s.w.mu.Unlock()
	if ctx.up != nil {
		ctx.up.end(ctx.Err() != nil)
		ctx.up = nil
	}
	if ctx.used() {
		ctx.stop(errOver) // whatever the task left running
		s.spare = nil
	}
	s.tidy(in, j.Kind)
	if len(j.body)+s.sent > big {
		s.body, s.given, s.encoder = wire.RunBody{Shared: s.body.Shared}, nil, wire.Encoder{} // they hold on to what they last had
		s.w.free.Reset(freeAfter)
	}
}

// enter makes the context of a task, which a cancel ends.
func (s *seat) enter(j job) *taskContext {
	if s.spare == nil {
		s.spare = &taskContext{seat: s}
	}
	s.line = j.line
	s.report.begin(j)
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.current, s.task = j.Header, s.spare
	if s.w.over || j.line != s.w.peer {
		s.task.stop(errGone)
	}
	if s.stale && j.line == s.w.peer {
		s.stale = false
		s.discard()
		if s == s.w.seat {
			s.own = s.w.stream
		}
	}
	return s.task
}

// prepared evaluates a task in interpreters that have had every setup: new ones get them again first.
func (s *seat) prepared(ctx context.Context, j job) (in lang.Interpreter, v lang.Value, err error) {
	if setups := s.w.allSetups(); s.had < len(setups) {
		for _, setup := range setups[s.had:] {
			if in, _, err = s.evaluate(ctx, setup); err != nil {
				s.discard() // the next task tries again
				return in, nil, err
			}
			in.Keep()
			in.Reset()
			s.had++
		}
		s.report.take() // what they printed belongs to no task
		s.report.begin(j)
	}
	in, v, err = s.evaluate(ctx, j)
	if err == nil && j.Kind == wire.Setup {
		s.had = s.w.addSetup(j)
	}
	return in, v, err
}

// discard has the next task run in new interpreters.
func (s *seat) discard() { s.interpreters, s.had = nil, 0 }

func (s *seat) evaluate(ctx context.Context, j job) (in lang.Interpreter, v lang.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.discard()
			if fault := lang.Fault(p); fault != nil { // goja knows no place for it: that of the block
				fault.Stack = []lang.Frame{{File: s.body.File, Line: s.body.Line, Column: s.body.Column}}
				err = fault
				return
			}
			err = fmt.Errorf("a bug in mirai, please report it: %v\n%s", p, debug.Stack())
		}
	}()
	r := &s.body
	if err := wire.ParseRun(j.body, r); err != nil {
		return nil, nil, err
	}
	if s.rng = &s.own; r.Stream != (lang.RNG{}) {
		stream, err := lang.RNGOf(r.Stream)
		if err != nil {
			return nil, nil, err
		}
		s.rng = &stream
	}
	if in, err = s.interpreter(r.Language); err != nil {
		return nil, nil, err
	}
	code := lang.Code{Source: r.Source, Name: r.File, Line: r.Line, Column: r.Column}
	if j.Kind == wire.Setup {
		code.Mode = lang.Line
	}
	s.given = s.given[:0]
	for _, b := range r.Globals {
		s.given = append(s.given, lang.Binding{Name: b.Name, Value: b.Feed})
	}
	n := len(s.given)
	for _, b := range r.Args {
		s.given = append(s.given, lang.Binding{Name: b.Name, Value: b.Feed})
	}
	v, err = in.Eval(ctx, code, s.given[:n:n], s.given[n:])
	return in, v, err
}

// interpreter gives the interpreter of a language, made when it is first needed.
func (s *seat) interpreter(language string) (lang.Interpreter, error) {
	if in := s.interpreters[language]; in != nil {
		return in, nil
	}
	cfg := lang.Config{Modules: append(s.w.cfg.Modules[:len(s.w.cfg.Modules):len(s.w.cfg.Modules)], s.report.module()),
		Print: s.report.print, Stack: s.w.s.Stack,
		Rand: func() float64 { return s.rng.Float64() }, RandState: func() lang.RNG { return *s.rng }}
	if s.w.cfg.Files {
		cfg.Load = lang.Loader(language)
	}
	in, err := engine.New(language, cfg)
	if err != nil {
		return nil, err
	}
	if s.interpreters == nil {
		s.interpreters = map[string]lang.Interpreter{}
	}
	s.interpreters[language] = in
	return in, nil
}

// tidy restores the interpreter after a task; what a setup did to globals stays.
func (s *seat) tidy(in lang.Interpreter, kind wire.Kind) {
	switch {
	case in == nil:
	case kind == wire.Setup:
		in.Keep()
		in.Reset()
	case s.w.s.Cleanup == "fresh":
		s.discard()
	case s.w.s.Cleanup == "":
		in.Reset()
	}
}

// answer sends the result of a task. A value that cannot be sent is a failure of the task.
func (s *seat) answer(h wire.Header, start time.Time, v lang.Value, err error) {
	h.Kind = wire.Done
	b := s.frame
	if s.frame = nil; b == nil {
		b = make([]byte, 0, 128)
	}
	if err == nil {
		b = wire.AppendDone(b, h, false)
		s.encoder.Reset(b)
		if err = s.encode(v); err == nil {
			b, err = s.encoder.Finish()
		}
		err = lang.Within(err, "the result")
	}
	s.went(err)
	if err != nil {
		b = wire.AppendDone(b[:0], h, true)
		b = appendFault(b, err)
	}
	b = wire.AppendDoneEnd(b, start.UnixMicro(), time.Since(start).Microseconds(), s.report.take())
	s.sent = len(b)
	s.w.settle() // results come in the order of the tasks, each after what its task told
	defer s.w.sent(s.line, s.sent)
	switch w := s.w; {
	case len(b) > big:
		s.line.Send(b)
		s.frame = s.again(b)
	case s == w.seat && w.more():
		s.line.Post(b)
	default:
		s.line.Send(b)
	} // a lost host is noticed by whoever reads
}

func (s *seat) encode(v lang.Value) (err error) {
	defer func() {
		if p := recover(); p != nil {
			fault := lang.Fault(p)
			if fault == nil {
				panic(p)
			}
			s.discard()
			err = fault
		}
	}()
	return v.Walk(&s.encoder)
}

// again waits until a big frame has gone out, and gives its memory for the next one: fresh memory costs more than
// the copying into it.
func (s *seat) again(frame []byte) []byte {
	if s.line.Lasting() {
		return frame[:0] // it has a copy
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	if s.line.Flushed(ctx) != nil {
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
