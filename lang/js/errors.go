package js

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// carrier ties an error object of JS to the Go error that it stands for.
var carrier = goja.NewSymbol("mirai.cause")

// carried is the value of the property carrier.
type carried struct{ err error }

// builtinErrors are the classes of errors that every runtime has.
var builtinErrors = []string{"Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError", "AggregateError"}

// fail makes what goja returned into a *lang.Error.
func (in *Interp) fail(err error) error {
	if in.ctx.Err() != nil && (isInterrupt(err) || errors.Is(err, context.Cause(in.ctx))) {
		return in.interrupted(in.ctx)
	}
	var (
		own         *lang.Error
		interrupted *goja.InterruptedError
		overflow    *goja.StackOverflowError
		exception   *goja.Exception
		refused     *lang.Refused
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &interrupted):
		return in.interruptedBy(interrupted)
	case errors.As(err, &overflow):
		e := &lang.Error{Kind: lang.Limited, Class: "RangeError", Message: "Maximum call stack size exceeded", Stack: frames(overflow.Stack())}
		in.raised, in.raisedVal = e, nil
		return in.locate(e)
	case errors.As(err, &exception):
		return in.thrown(exception.Value(), exception.Stack())
	case errors.As(err, &refused):
		return err
	}
	return &lang.Error{Class: "Error", Message: err.Error(), Cause: err}
}

// try calls f and gives what it threw, also what no script can catch.
func (in *Interp) try(f func()) (err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case *goja.InterruptedError:
			err = x
		case *goja.StackOverflowError:
			err = x
		case *lang.Error:
			err = x
		default:
			panic(x)
		}
	}()
	if ex := in.vm.Try(f); ex != nil {
		return ex
	}
	return nil
}

func isInterrupt(err error) bool {
	var interrupted *goja.InterruptedError
	return errors.As(err, &interrupted)
}

// thrown is the error for a value that a script threw. The stack is where it was thrown, unless the value knows better.
func (in *Interp) thrown(v goja.Value, stack []goja.StackFrame) (err error) {
	if stack == nil { // a rejection: only error objects know where they were made
		if _, ok := v.(*goja.Object); ok {
			stack = in.vm.Try(func() { panic(v) }).Stack()
		}
	}
	e := &lang.Error{Stack: frames(stack)}
	if len(e.Stack) > maxFrames {
		e.Stack = e.Stack[:maxFrames]
	}
	if in.try(func() { in.describe(v, e) }) != nil {
		e.Message = "an error that cannot be read"
	}
	in.raised, in.raisedVal = e, v
	if s := (*lang.Error)(nil); errors.As(e.Cause, &s) && s.Kind == lang.Syntax && e.Class == s.Class {
		e.Kind, e.Stack, e.Line, e.Incomplete = s.Kind, append(slices.Clone(s.Stack), e.Stack...), s.Line, false
		return e
	}
	return in.locate(e)
}

const maxFrames = 50

// describe fills in what an error says about itself.
func (in *Interp) describe(v goja.Value, e *lang.Error) {
	obj := in.errorOf(v)
	if obj == nil {
		e.Message = in.plain(v)
		e.Value = in.goValue(v)
		return
	}
	e.Class = className(obj)
	e.Message = text(obj.Get("message"))
	if c, ok := obj.GetSymbol(carrier).(*goja.Object); ok {
		if c, ok := c.Export().(*carried); ok {
			e.Cause = c.err
		}
	}
	for _, k := range errorKeys(obj) {
		if e.Fields == nil {
			e.Fields = &lang.Record{}
		}
		e.Fields.Set(k, in.goValue(obj.Get(k)))
	}
}

// errorOf is v as an error object, or nil.
func (in *Interp) errorOf(v goja.Value) *goja.Object {
	if obj, ok := v.(*goja.Object); ok && obj.ClassName() == "Error" {
		return obj
	}
	return nil
}

// className is what a person calls the class of an error: its name, or the constructor's where the name says nothing.
func className(obj *goja.Object) string {
	name := text(obj.Get("name"))
	if name != "" && name != "Error" {
		return name
	}
	if c, ok := obj.Get("constructor").(*goja.Object); ok {
		if n := text(c.Get("name")); n != "" {
			return n
		}
	}
	return "Error"
}

// errorKeys are the fields of an error besides message and stack, cause and errors included although they are hidden.
func errorKeys(obj *goja.Object) []string {
	keys := slices.DeleteFunc(obj.Keys(), func(k string) bool {
		return k == "message" || k == "stack" || k == "name"
	})
	for _, k := range obj.GetOwnPropertyNames() {
		if (k == "cause" || k == "errors") && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func text(v goja.Value) string {
	if v == nil || goja.IsUndefined(v) {
		return ""
	}
	return v.String()
}

// goValue is a value as Go sees it, or its text when it cannot travel.
func (in *Interp) goValue(v goja.Value) any {
	var b lang.Builder
	if err := in.walk(v, &b); err != nil {
		return in.show(v)
	}
	return b.Value()
}

// locate adds the source line of the top frame.
func (in *Interp) locate(e *lang.Error) error {
	if len(e.Stack) > 0 {
		e.Line = in.sources.line(e.Stack[0].File, e.Stack[0].Line)
	}
	return e
}

func (in *Interp) interruptedBy(i *goja.InterruptedError) error {
	e := &lang.Error{Kind: lang.Interrupted, Class: "InterruptedError", Message: "interrupted", Stack: frames(i.Stack())}
	if in.ctx.Err() != nil {
		e = in.interrupted(in.ctx)
	}
	return e
}

// frames are those of the script: neither native ones nor our own.
func frames(stack []goja.StackFrame) []lang.Frame {
	var out []lang.Frame
	for i := range stack {
		f, ok := frame(&stack[i])
		if ok {
			out = append(out, f)
		}
	}
	return out
}

func frame(s *goja.StackFrame) (lang.Frame, bool) {
	p := s.Position()
	if p.Line == 0 || p.Filename == ownName {
		return lang.Frame{}, false
	}
	f := lang.Frame{Func: s.FuncName(), File: p.Filename, Line: p.Line, Column: p.Column}
	if f.Func == "<anonymous>" {
		f.Func = ""
	}
	return f, true
}

// ownName is the name of files with code of ours.
const ownName = "mirai:js"

// raise throws a Go error into the script: to be called from a native function.
func (in *Interp) raise(err error) {
	if in.ctx.Err() != nil { // nothing may catch this
		panic(&goja.InterruptedError{})
	}
	if err == error(in.raised) && in.raised != nil {
		if in.raisedVal == nil {
			panic(&goja.StackOverflowError{})
		}
		panic(in.raisedVal)
	}
	panic(in.errorValue(err))
}

// errorValue is a Go error as a value to throw.
func (in *Interp) errorValue(err error) goja.Value {
	class, msg := "Error", err.Error()
	var fields *lang.Record
	var own lang.ScriptErrorer
	if errors.As(err, &own) {
		e := own.ScriptError()
		if e.Value != nil {
			return in.toJS(e.Value)
		}
		msg, fields = e.Message, e.Fields
		if e.Class != "" && e.Class != "error" {
			class = e.Class
		}
	}
	obj := in.newError(class, msg)
	_ = obj.DefineDataPropertySymbol(carrier, in.vm.ToValue(&carried{err}), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	if fields != nil {
		for i, k := range fields.Keys {
			hidden := goja.ToFlag(k != "cause" && k != "errors")
			_ = obj.DefineDataProperty(k, in.toJS(fields.Values[i]), goja.FLAG_TRUE, goja.FLAG_TRUE, hidden)
		}
	}
	return obj
}

// newError makes an error of a class, which is made when there is none.
func (in *Interp) newError(class, msg string) *goja.Object {
	args := []goja.Value{in.vm.ToValue(msg)}
	if class == "AggregateError" {
		args = []goja.Value{in.vm.NewArray(), args[0]}
	}
	obj, err := in.vm.New(in.errorClass(class), args...)
	if err != nil {
		obj = in.vm.NewTypeError(msg)
	}
	return obj
}

func (in *Interp) errorClass(name string) *goja.Object {
	if slices.Contains(builtinErrors, name) {
		return in.ctor(name)
	}
	if c := in.classes[name]; c != nil {
		return c
	}
	define := in.helper("(name => { const c = {[name]: class extends Error {}}[name]; " +
		"Object.defineProperty(c.prototype, 'name', {value: name, writable: true, configurable: true}); return c })")
	v, err := define(goja.Undefined(), in.vm.ToValue(name))
	c, _ := v.(*goja.Object)
	if err != nil || c == nil {
		return in.ctor("Error")
	}
	if in.classes == nil {
		in.classes = map[string]*goja.Object{}
	}
	in.classes[name] = c
	return c
}

// helper compiles a function of ours.
func (in *Interp) helper(src string) goja.Callable {
	v, err := in.vm.RunProgram(goja.MustCompile(ownName, src, true))
	if err != nil {
		panic(fmt.Sprintf("js: %s: %v", src, err))
	}
	f, _ := goja.AssertFunction(v)
	return f
}

// guard gives panics of host functions to the script as errors; those of goja go on.
func (in *Interp) guard(name string) {
	x := recover()
	if x == nil {
		return
	}
	t := reflect.TypeOf(x)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == "github.com/dop251/goja" {
		panic(x)
	}
	msg := strings.TrimPrefix(fmt.Sprint(x), "runtime error: ")
	panic(in.newError("Error", fmt.Sprintf("%s: bug in the host function: %s", name, msg)))
}
