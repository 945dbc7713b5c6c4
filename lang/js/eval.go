package js

import (
	"context"
	"errors"
	"strings"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// Eval evaluates code. Globals stay until the next Eval or Reset, so that callbacks that run later see them.
func (in *Interp) Eval(ctx context.Context, code lang.Code, globals, args []lang.Binding) (lang.Value, error) {
	in.dropGiven()
	in.recent = ctx
	in.rejected, in.uncaught = nil, nil
	p, err := in.program(code, paramNames(args))
	if err != nil {
		return nil, err
	}
	if err := in.setGlobals(globals); err != nil {
		return nil, err
	}
	params, err := in.buildAll(args)
	if err != nil {
		return nil, err
	}
	end, err := in.enter(ctx)
	if err != nil {
		return nil, err
	}
	local := in.loop.Local()
	v, err := in.run(p, params)
	if err == nil && (code.Mode == lang.Block || p.async) {
		v, err = in.await(v)
	}
	if err == nil && code.Mode != lang.Block {
		err = in.pending()
	}
	if err != nil {
		err = in.fail(err)
	}
	in.loop.SetLocal(local) // an interrupt leaves that of a callback
	end()
	if err != nil {
		return nil, within(err, code)
	}
	return value{in, v}, nil
}

// within moves an error to the beginning of code when goja has no place for it: a name that cannot be declared again.
func within(err error, code lang.Code) error {
	e, ok := err.(*lang.Error)
	if !ok || len(e.Stack) == 0 {
		return err
	}
	if f := &e.Stack[len(e.Stack)-1]; f.File == code.Name && f.Line < code.Line {
		f.Line, f.Column = code.Line, max(code.Column, 1)
	}
	return err
}

// run runs a program once.
func (in *Interp) run(p *program, params []goja.Value) (goja.Value, error) {
	in.clean = false
	if !p.isFn {
		in.pinned = in.pinned || p.pins
		return in.vm.RunProgram(p.prg)
	}
	if p.vm != in.vm {
		f, err := in.vm.RunProgram(p.prg)
		if err != nil {
			return nil, err
		}
		p.fn, _ = goja.AssertFunction(f)
		p.vm = in.vm
	}
	return p.fn(goja.Undefined(), params...)
}

// Run runs the event loop until nothing is owed. A rejection that nobody handles is an error.
func (in *Interp) Run(ctx context.Context) error {
	end, err := in.enter(ctx)
	if err != nil {
		return err
	}
	local := in.loop.Local()
	err = in.pending()
	if err == nil {
		err = in.loop.Run(in.ctx, func() bool { return in.pending() != nil })
	}
	if err == nil {
		err = in.pending()
	}
	if err != nil {
		err = in.fail(err)
	}
	in.loop.SetLocal(local)
	end()
	in.rejected, in.uncaught = nil, nil
	return err
}

// pending is the error that callbacks left behind.
func (in *Interp) pending() error {
	if in.uncaught != nil {
		return in.uncaught
	}
	if len(in.rejected) > 0 {
		return in.thrown(in.rejected[0].Result(), nil)
	}
	return nil
}

// await gives what a promise is fulfilled with, running the event loop until it is settled.
func (in *Interp) await(v goja.Value) (goja.Value, error) {
	p := in.promiseOf(v)
	if p == nil {
		return v, nil
	}
	settled := func() bool { return p.State() != goja.PromiseStatePending || in.uncaught != nil }
	if !settled() {
		if err := in.loop.Run(in.ctx, settled); err != nil {
			return nil, err
		}
	}
	switch {
	case in.uncaught != nil:
		return nil, in.uncaught
	case p.State() == goja.PromiseStateFulfilled:
		return p.Result(), nil
	case p.State() == goja.PromiseStateRejected:
		in.trackRejection(p, goja.PromiseRejectionHandle)
		return nil, in.thrown(p.Result(), nil)
	}
	return nil, &lang.Error{Class: "Error", Message: "the awaited promise never settles: nothing is left to run that could settle it"}
}

// promiseOf is the promise behind a value: a promise itself, or a host object that can be awaited.
func (in *Interp) promiseOf(v goja.Value) *goja.Promise {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	switch obj.ExportType() {
	case promiseType:
		p, _ := obj.Export().(*goja.Promise)
		return p
	case hostType:
		h := obj.Export().(*host)
		if h.typ.Await != nil {
			return in.promiseOf(in.hostPromise(h))
		}
	}
	return nil
}

// enter makes ctx interrupt the interpreter until end is called.
func (in *Interp) enter(ctx context.Context) (end func(), err error) {
	if ctx.Err() != nil {
		return nil, in.interrupted(ctx)
	}
	outer := in.ctx
	in.ctx = ctx
	if !lang.CanEnd(ctx) || ctx == outer {
		if outer == ctx {
			return nothing, nil
		}
		return func() { in.ctx = outer }, nil
	}
	fired, vm := make(chan struct{}), in.vm
	stop := lang.AfterFunc(ctx, func() {
		vm.Interrupt(ctx)
		close(fired)
	})
	return func() {
		if !stop() { // it fired, or is about to: nothing of it may be left for whoever comes next
			<-fired
		}
		in.ctx = outer
		in.settleInterrupt()
	}, nil
}

func nothing() {}

// settleInterrupt leaves the runtime interrupted exactly when the present context has ended.
func (in *Interp) settleInterrupt() {
	in.vm.ClearInterrupt()
	if in.ctx.Err() != nil {
		in.vm.Interrupt(in.ctx)
	}
}

// interrupted is the error for a context that has ended.
func (in *Interp) interrupted(ctx context.Context) *lang.Error {
	cause := context.Cause(ctx)
	msg := "interrupted"
	switch {
	case errors.Is(cause, context.DeadlineExceeded):
		msg = "interrupted: the time is up"
	case cause != nil && !errors.Is(cause, context.Canceled):
		msg = "interrupted: " + cause.Error()
	}
	return &lang.Error{Kind: lang.Interrupted, Class: "InterruptedError", Message: msg, Cause: cause}
}

func paramNames(args []lang.Binding) string {
	switch len(args) {
	case 0:
		return ""
	case 1:
		return args[0].Name
	}
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.Name)
	}
	return b.String()
}

func (in *Interp) buildAll(args []lang.Binding) ([]goja.Value, error) {
	if len(args) == 0 {
		return nil, nil
	}
	vs := make([]goja.Value, len(args))
	for i, a := range args {
		v, err := in.build(a.Value)
		if err != nil {
			return nil, lang.Within(err, "args."+a.Name)
		}
		vs[i] = v
	}
	return vs, nil
}
