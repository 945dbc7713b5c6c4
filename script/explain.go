package script

import (
	"errors"
	"strings"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// Explain says what went wrong as a person reads it: position and message, the source line with a caret, the stack. Of
// a failed task that the script did not catch it gives the place in the block, and then where the script awaited it.
func (s *Session) Explain(err error) string { return Explain(err, s.texts.get) }

// Explain is Session.Explain outside of a session. source gives the text of a file
// that is known, for whole source lines; nil is fine.
func Explain(err error, source func(file string) string) string {
	var script *lang.Error
	var task *eval.Error
	switch isScript, isTask := errors.As(err, &script), errors.As(err, &task); {
	case isTask && len(task.Stack) > 0:
		inner := &lang.Error{Class: task.Class, Message: task.Message, Stack: task.Stack, Line: task.Line}
		return detail(inner, source) + awaited(script, task)
	case isScript && isTask: // it never ran, or did not end by itself; in Lua class is a field of the task's own error
		outer := *script
		outer.Class, outer.Message = task.ScriptError().Class, task.ScriptError().Message
		return detail(&outer, source)
	case isScript:
		return detail(script, source)
	}
	return err.Error()
}

func awaited(script *lang.Error, task *eval.Error) string {
	if script == nil || len(script.Stack) == 0 || script.Stack[0] == task.Stack[0] {
		return ""
	}
	var b strings.Builder
	at := "\n  awaited at "
	for _, f := range script.Stack {
		b.WriteString(at + place(f))
		at = "\n          at "
	}
	return b.String()
}

func place(f lang.Frame) string {
	if f.Func != "" {
		return f.Func + " (" + f.String() + ")"
	}
	return f.String()
}

// detail is e.Detail with the whole source line, where its file is known.
func detail(e *lang.Error, source func(file string) string) string {
	if len(e.Stack) > 0 && source != nil {
		if line, ok := lineOf(source(e.Stack[0].File), e.Stack[0].Line); ok {
			whole := *e
			whole.Line = line
			e = &whole
		}
	}
	return e.Detail()
}

func lineOf(text string, n int) (string, bool) {
	for line := range strings.Lines(text) {
		if n--; n == 0 {
			return strings.TrimRight(line, "\r\n"), true
		}
	}
	return "", false
}
