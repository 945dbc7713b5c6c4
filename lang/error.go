package lang

import (
	"fmt"
	"strconv"
	"strings"
)

// ErrorKind tells an error of the code from one of its surroundings.
type ErrorKind uint8

const (
	Raised      ErrorKind = iota // thrown by the code or its interpreter
	Syntax                       // the text cannot be read
	Interrupted                  // stopped from outside; Unwrap gives the cause
	Limited                      // ran into a bound: call depth, memory, size
)

// Error is whatever fails in a script, at the user's own position.
type Error struct {
	Kind    ErrorKind
	Class   string  // "TypeError"; "error" for what Lua's error raises with a string
	Message string  // without position and class
	Stack   []Frame // innermost first; empty when the error has no position
	Line    string  // the text of the source line of Stack[0]
	Fields  *Record // own fields of the thrown object, nil when it has none
	Value   any     // what was thrown when it is not an error object, as a Go value
	// Incomplete says that the text ends too early: more of it may make it right.
	Incomplete bool
	Cause      error // what an Interrupted error was interrupted by, or the Go error behind it
}

// Frame is a place in a stack.
type Frame struct {
	Func   string // empty at the top level
	File   string
	Line   int // from 1
	Column int // from 1, in characters; 0 when unknown
}

func (f Frame) String() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d", f.Line)
		if f.Column > 0 {
			s += fmt.Sprintf(":%d", f.Column)
		}
	}
	return s
}

// ParseFrame reads what String gives for a place with line and column.
func ParseFrame(s string) (f Frame, ok bool) {
	i := strings.LastIndexByte(s, ':')
	j := strings.LastIndexByte(s[:max(i, 0)], ':')
	if j < 0 {
		return Frame{File: s}, false
	}
	var err1, err2 error
	f.Line, err1 = strconv.Atoi(s[j+1 : i])
	f.Column, err2 = strconv.Atoi(s[i+1:])
	f.File = s[:j]
	return f, err1 == nil && err2 == nil && f.Line > 0 && f.Column > 0
}

// Error is "file:line:column: Class: message".
func (e *Error) Error() string {
	s := e.Text()
	if len(e.Stack) > 0 && e.Stack[0].File != "" {
		s = e.Stack[0].String() + ": " + s
	}
	return s
}

// Text is "Class: message", or the message alone for a plain error of Lua.
func (e *Error) Text() string {
	if e.Class == "" || e.Class == "error" {
		return e.Message
	}
	if e.Message == "" {
		return e.Class
	}
	return e.Class + ": " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ScriptError gives e itself: see ScriptErrorer.
func (e *Error) ScriptError() *Error { return e }

// ScriptErrorer is a Go error that knows how scripts should see it: class, message, own fields. Any other Go
// error that a host function returns becomes an error of class Error with its text.
type ScriptErrorer interface {
	error
	ScriptError() *Error
}

// Detail is the error for a person: position and text, the source line with a caret, the stack.
func (e *Error) Detail() string {
	var b strings.Builder
	b.WriteString(e.Error())
	if e.Line != "" && len(e.Stack) > 0 && e.Stack[0].Column > 0 {
		fmt.Fprintf(&b, "\n    %s\n    %s^", strings.ReplaceAll(e.Line, "\t", " "), strings.Repeat(" ", e.Stack[0].Column-1))
	}
	for _, f := range e.Stack {
		b.WriteString("\n    at ")
		if f.Func != "" {
			fmt.Fprintf(&b, "%s (%s)", f.Func, f)
		} else {
			b.WriteString(f.String())
		}
	}
	return b.String()
}
