package eval

import (
	"errors"
	"slices"
	"strings"

	"github.com/mojukapu/mirai/lang"
)

// Plainly has the functions of a module raise errors that do not name packages of Go: scripts know none. Errors of scripts
// (lang.ScriptErrorer) stay as they are.
func Plainly(m lang.Module) lang.Module {
	m.Funcs = slices.Clone(m.Funcs)
	for i := range m.Funcs {
		m.Funcs[i].Call = plainCall(m.Funcs[i].Call)
	}
	if m.Call != nil {
		m.Call = plainCall(m.Call)
	}
	return m
}

func plainCall(call func(*lang.Call) (any, error)) func(*lang.Call) (any, error) {
	return func(c *lang.Call) (any, error) {
		v, err := call(c)
		var script lang.ScriptErrorer
		if err != nil && !errors.As(err, &script) {
			err = &plainError{err, plainText(err)}
		}
		return v, err
	}
}

// plainError is an error with a text for scripts.
type plainError struct {
	error
	text string
}

func (e *plainError) Error() string { return e.text }
func (e *plainError) Unwrap() error { return e.error }

// packages are those whose errors begin with their name.
var packages = []string{"eval", "launch", "daemon", "dispatch", "credential", "session", "share", "sp", "wire"}

// plainText is the text of an error without the packages that it and those that it wraps name. What others have said, a
// command for instance, is no error of its own and stays.
func plainText(err error) string {
	text := err.Error()
	for _, inner := range wrapped(err) {
		text = strings.Replace(text, inner.Error(), plainText(inner), 1)
	}
	if name, rest, ok := strings.Cut(text, ": "); ok && slices.Contains(packages, name) {
		return rest
	}
	return text
}

func wrapped(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	if inner := errors.Unwrap(err); inner != nil {
		return []error{inner}
	}
	return nil
}
