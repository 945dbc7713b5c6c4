package lang

import (
	"context"
	"fmt"
	"math"
)

// Module is a set of Go functions and constants that scripts of both languages use under one name.
type Module struct {
	// Name is what require and the global are called. A Global module without a name puts its functions and
	// values into the global scope.
	Name   string
	Global bool // there without require
	Funcs  []Func
	Values []Field                    // constants, made once per interpreter
	Types  []*Type                    // the types of host objects that its functions give
	Call   func(c *Call) (any, error) // what calling the module itself does; nil: it cannot be called
}

// Func is a function of a module or a method of a type.
type Func struct {
	Name string
	Call func(c *Call) (any, error)
}

// Field is a named value. For a Type, Get is asked each time; for a Module, once.
type Field struct {
	Name string
	Get  func(self any) (any, error)
}

// Type gives the Go values of one type a face in scripts: fields, methods, how they show, how they travel.
type Type struct {
	Name    string                // unique among the types of an interpreter: "mirai", "geo.Point"
	Is      func(v any) bool      // whether v is such a value
	Fields  []Field               // read only
	Methods []Func                // Call.Self is the Go value
	Show    func(self any) string // console.log, tostring, REPL; nil shows the name
	// Await makes the values awaitable: await, then, catch and finally in JS, next in Lua. Nil: they are not.
	Await func(self any) Async
	// Encode gives what travels in place of the value, as a Go value; Decode makes it again. Nil: such a value is refused.
	Encode func(self any) (any, error)
	Decode func(v any) (any, error)
	Refuse string // why it is refused, and what to do: "a mirai cannot be sent: send its value, m[]"
}

// Async is a result that arrives later.
type Async interface {
	// Notify has f called once when the result is there, at once when it is there already. f must not block.
	Notify(f func())
	// Result is the result as a Go value or Feed, once it is there.
	Result() (any, error)
}

// Call is one call of a host function. It returns a Go value of the closed set (docs/values.md), a Feed, an Async (a
// promise in JS; by itself, not within a list), a Value given back as it came, a []Value as a list of such, or a value of
// a registered Type. An error is raised in the script at the position of the call.
type Call struct {
	Context   context.Context // ends when the script is interrupted: whoever waits, waits on it too
	Name      string          // of the function, for messages
	Lang      string          // JS or Lua
	Self      any             // the receiver of a method
	Args      []Value
	Loop      *Loop
	Interp    Interpreter
	Where     func() Frame   // the position of the call in the script
	Rand      func() float64 // the random numbers of the task, never nil
	RandState func() RNG     // the state of what Rand draws from; nil: it cannot be told
}

// Given tells whether argument i is there and neither null, nil nor undefined.
func (c *Call) Given(i int) bool {
	if i >= len(c.Args) {
		return false
	}
	k := c.Args[i].Kind()
	return k != "null" && k != "undefined" && k != "nil"
}

// Any gives argument i as a Go value, nil when it is absent.
func (c *Call) Any(i int) (any, error) {
	if i >= len(c.Args) {
		return nil, nil
	}
	var b Builder
	if err := c.Args[i].Walk(&b); err != nil {
		return nil, At(err, fmt.Sprintf("argument %d", i+1))
	}
	v := b.Value()
	if _, ok := v.(Undefined); ok {
		v = nil
	}
	return v, nil
}

// Elements are those of a list of a script, as they are. They are valid until the call is over.
type Elements interface {
	Len() int
	At(i int) Value // from 0
}

// Elements gives the elements of the list at argument i as they are, where Any makes copies. False: it is no list.
func (c *Call) Elements(i int) (Elements, bool) {
	if i >= len(c.Args) {
		return nil, false
	}
	v, ok := c.Args[i].(interface{ Elements() (Elements, bool) })
	if !ok {
		return nil, false
	}
	return v.Elements()
}

// String gives argument i as a string.
func (c *Call) String(i int) (string, error) {
	v, err := c.Any(i)
	switch v := v.(type) {
	case string:
		return v, err
	case []byte:
		return string(v), err
	}
	return "", c.wrong(i, "a string", err)
}

// Float gives argument i as a number.
func (c *Call) Float(i int) (float64, error) {
	v, err := c.Any(i)
	switch v := v.(type) {
	case int64:
		return float64(v), err
	case float64:
		return v, err
	}
	return 0, c.wrong(i, "a number", err)
}

// Int gives argument i as a whole number.
func (c *Call) Int(i int) (int, error) {
	f, err := c.Float(i)
	if err == nil && (f != math.Trunc(f) || math.Abs(f) > 1<<53) {
		err = c.wrong(i, "a whole number", nil)
	}
	return int(f), err
}

// Record gives argument i as an object, nil when it is absent.
func (c *Call) Record(i int) (*Record, error) {
	if !c.Given(i) {
		return nil, nil
	}
	v, err := c.Any(i)
	if r, ok := v.(*Record); ok {
		return r, err
	}
	if l, ok := v.([]any); ok && len(l) == 0 { // Lua's {}
		return &Record{}, err
	}
	return nil, c.wrong(i, "an object", err)
}

// Callback gives argument i as a function.
func (c *Call) Callback(i int) (Callback, error) {
	if i < len(c.Args) {
		if f := c.Args[i].Func(); f != nil {
			return f, nil
		}
	}
	return nil, c.wrong(i, "a function", nil)
}

func (c *Call) wrong(i int, want string, err error) error {
	if err != nil {
		return err
	}
	got := "missing"
	if i < len(c.Args) {
		got = "of kind " + c.Args[i].Kind()
	}
	return &Error{Class: "TypeError", Message: fmt.Sprintf("%s: argument %d must be %s, it is %s", c.Name, i+1, want, got)}
}
