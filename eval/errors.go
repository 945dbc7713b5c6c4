package eval

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// The sentinels that errors.Is finds in an *Error, one for each kind.
var (
	ErrRaised      = errors.New("raised by the code")
	ErrInterrupted = errors.New("interrupted")
	ErrTimeout     = errors.New("timed out") // also matches context.DeadlineExceeded
	ErrReset       = errors.New("daemon lost")
	ErrCancelled   = errors.New("cancelled") // also matches context.Canceled
	ErrRefused     = errors.New("cannot be sent")
	ErrLimit       = errors.New("limit reached")
)

// The kinds of Error.
const (
	Raised      = "error"
	Interrupted = "interrupted"
	TimedOut    = "timeout"
	Reset       = "reset"
	Cancelled   = "cancelled"
	Refused     = "refused"
	Limit       = "limit"
)

var kinds = map[string]struct {
	code      int
	sentinels []error
}{
	Raised:      {1, []error{ErrRaised}},
	Interrupted: {4, []error{ErrInterrupted}},
	TimedOut:    {5, []error{ErrTimeout, context.DeadlineExceeded}},
	Reset:       {19, []error{ErrReset}},
	Cancelled:   {20, []error{ErrCancelled, context.Canceled}},
	Refused:     {3, []error{ErrRefused}},
	Limit:       {2, []error{ErrLimit}},
}

// Error is how a task fails, the MiraiError of scripts.
type Error struct {
	Kind    string // Raised, Interrupted, TimedOut, Reset, Cancelled, Refused or Limit
	Code    int    // 5 timeout, 19 reset, 20 cancelled; 1, 2, 3, 4 for Raised, Limit, Refused, Interrupted
	Class   string // of the error that the code raised: "TypeError"
	Message string
	Stack   []lang.Frame // in the user's own text, innermost first
	Line    string       // the source line of Stack[0]
	Data    *lang.Record // own fields of the error that the code raised
	Value   any          // what the code raised when it was no error object
	Task    string       // id and name
	Daemon  string       // "2 (pid 4711 on host)"; empty when it never reached one
}

// newError makes an Error, which scripts see too: errors in it name no package.
func newError(kind, format string, args ...any) *Error {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = plainText(err)
		}
	}
	return &Error{Kind: kind, Code: kinds[kind].code, Message: fmt.Sprintf(format, args...)}
}

// Error is the position, the class and the message.
func (e *Error) Error() string { return e.raised().Error() }

// Detail is the error for a person: with the source line, a caret and the stack.
func (e *Error) Detail() string { return e.raised().Detail() }

func (e *Error) raised() *lang.Error {
	return &lang.Error{Class: e.Class, Message: e.Message, Stack: e.Stack, Line: e.Line}
}

// Is matches the sentinel of the kind.
func (e *Error) Is(target error) bool {
	for _, s := range kinds[e.Kind].sentinels {
		if s == target {
			return true
		}
	}
	return false
}

// ScriptError is the MiraiError that a script catches.
func (e *Error) ScriptError() *lang.Error {
	fields := &lang.Record{}
	fields.Set("kind", e.Kind)
	fields.Set("code", int64(e.Code))
	fields.Set("class", e.Class)
	fields.Set("trace", e.trace())
	if e.Data != nil {
		fields.Set("data", e.Data)
	} else {
		fields.Set("data", e.Value)
	}
	fields.Set("task", e.Task)
	fields.Set("daemon", e.Daemon)
	return &lang.Error{Class: "MiraiError", Message: e.raised().Text(), Fields: fields, Cause: e}
}

func (e *Error) trace() string {
	var b strings.Builder
	for i, f := range e.Stack {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimSpace(f.Func + " " + f.String()))
	}
	return b.String()
}

// unwrap makes the failure of a task that the code waited for the failure itself: its class, where it came from first.
func (e *Error) unwrap() {
	trace, _ := e.Data.Get("trace").(string)
	if _, ok := e.Data.Get("daemon").(string); !ok || trace == "" {
		return
	}
	if class, ok := e.Data.Get("class").(string); ok { // in Lua it is there already
		e.Class, e.Message = class, strings.TrimPrefix(e.Message, class+": ")
	}
	var inner []lang.Frame
	for _, line := range strings.Split(trace, "\n") {
		at := strings.LastIndexByte(line, ' ') + 1
		if f, ok := lang.ParseFrame(line[at:]); ok {
			f.Func = strings.TrimSpace(line[:at])
			inner = append(inner, f)
		}
	}
	e.Stack, e.Line = append(inner, e.Stack...), ""
}

// fromFault makes the error that a daemon reported.
func fromFault(f *wire.Fault, types []*lang.Type) *Error {
	e := newError(f.Kind, "%s", f.Message)
	e.Class, e.Line = f.Class, f.Line
	for _, s := range f.Stack {
		e.Stack = append(e.Stack, lang.Frame{Func: s.Func, File: s.File, Line: s.Line, Column: s.Column})
	}
	if f.Fields != nil {
		v, _ := wire.ToGo(f.Fields, false, types)
		e.Data, _ = v.(*lang.Record)
	}
	e.unwrap()
	if f.Value != nil {
		e.Value, _ = wire.ToGo(f.Value, false, types)
	}
	return e
}
