package lua

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// gate is the context that gopher-lua asks before each instruction. It costs less than a real one: until it shuts, it
// has no channel.
type gate struct {
	ctx  context.Context
	flag atomic.Bool
}

var (
	errInterrupted = errors.New("interrupted")
	shutChannel    = closedChannel()
)

func closedChannel() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (g *gate) open() { g.ctx = context.Background() }

// shut tells whether the code is to stop, even when the gate has not been told yet.
func (g *gate) shut() bool { return g.flag.Load() || g.ctx.Err() != nil }

func (g *gate) Done() <-chan struct{} {
	if g.flag.Load() {
		return shutChannel
	}
	return nil
}

func (g *gate) Err() error {
	if g.flag.Load() {
		return errInterrupted
	}
	return nil
}

func (g *gate) Deadline() (time.Time, bool) { return time.Time{}, false }
func (g *gate) Value(any) any               { return nil }

// run is one stay inside the interpreter.
type run struct {
	outer  context.Context
	guards []glua.LValue
	stop   func() bool
	fired  chan struct{}
}

func (in *Interp) begin(ctx context.Context) run {
	r := run{outer: in.gate.ctx, guards: in.guards}
	in.gate.ctx, in.guards, in.trace = ctx, nil, nil
	in.arm(in.cur)
	if lang.CanEnd(ctx) && ctx != r.outer {
		r.fired = make(chan struct{})
		r.stop = lang.AfterFunc(ctx, func() {
			in.gate.flag.Store(true)
			close(r.fired)
		})
	}
	return r
}

// end sees to it that no interrupt leaks out.
func (in *Interp) end(r run) {
	if r.stop != nil && !r.stop() {
		<-r.fired
	}
	in.gate.ctx, in.guards = r.outer, r.guards
	in.gate.flag.Store(r.outer.Err() != nil)
}

// arm makes a thread interruptible, when there is something to be interrupted by.
func (in *Interp) arm(L *glua.LState) {
	switch ours := L.Context() == context.Context(&in.gate); {
	case !lang.CanEnd(in.gate.ctx):
		L.RemoveContext()
	case !ours: // a new coroutine has a child of the gate, which hears nothing
		L.SetContext(&in.gate)
	}
}

// Eval evaluates code. See lang.Interpreter; several values come as one list, and globals stay until Reset.
func (in *Interp) Eval(ctx context.Context, code lang.Code, globals, args []lang.Binding) (lang.Value, error) {
	p, err := in.program(code, args)
	if err != nil {
		return nil, err
	}
	in.recent = ctx
	if err := in.bind(globals); err != nil {
		return nil, err
	}
	if !p.pure || in.kept {
		in.dirty = true
	}
	L := in.cur
	top := L.GetTop()
	defer L.SetTop(top)
	L.Push(in.enter)
	L.Push(in.main.NewFunctionFromProto(p.proto))
	for _, a := range args {
		v, err := in.build(a.Value)
		if err != nil {
			return nil, lang.Within(err, "args."+a.Name)
		}
		L.Push(v)
	}
	defer in.loop.SetLocal(in.loop.Local())
	r := in.begin(ctx)
	defer in.end(r)
	v, err := in.protected(L, top, 1+len(args))
	if err == nil && code.Mode == lang.Block {
		v, err = in.awaited(v)
	}
	in.flush()
	if err != nil {
		return nil, err
	}
	return in.value(v), nil
}

func (in *Interp) bind(globals []lang.Binding) error {
	for _, g := range globals {
		v, err := in.build(g.Value)
		if err != nil {
			return lang.Within(err, "globals."+g.Name)
		}
		in.globals.RawSetString(g.Name, v)
		if !in.dirty {
			in.bound = append(in.bound, g.Name)
		}
	}
	return nil
}

// protected calls what lies above top, and gives its value: a list when there are several.
func (in *Interp) protected(L *glua.LState, top, nargs int) (glua.LValue, error) {
	if in.gate.shut() {
		return nil, in.interrupted()
	}
	if err := L.PCall(nargs, glua.MultRet, nil); err != nil {
		return nil, in.fail(err)
	}
	switch n := L.GetTop() - top; n {
	case 0:
		return glua.LNil, nil
	case 1:
		return L.Get(-1), nil
	default:
		list := L.CreateTable(n, 0)
		for i := 1; i <= n; i++ {
			v := L.Get(top + i)
			if v == glua.LNil {
				v = in.null
			}
			list.RawSetInt(i, v)
		}
		return list, nil
	}
}

// call is the function enter: its first argument is called with the others.
func (in *Interp) call(L *glua.LState) int {
	L.Panic = in.raise
	defer in.rescue(L)
	L.Call(L.GetTop()-1, glua.MultRet)
	return L.GetTop()
}

func (in *Interp) interrupted() error {
	return &lang.Error{Kind: lang.Interrupted, Class: "Interrupted", Message: "the code was interrupted", Cause: context.Cause(in.gate.ctx)}
}

// Run runs the event loop. See lang.Interpreter.
func (in *Interp) Run(ctx context.Context) error {
	r := in.begin(ctx)
	defer in.end(r)
	defer in.flush()
	return in.drain(nil)
}

// drain runs callbacks until done says so.
func (in *Interp) drain(done func() bool) error {
	err := in.loop.Run(in.gate.ctx, done)
	if err != nil && in.gate.shut() {
		var e *lang.Error
		if errors.As(err, &e) && e.Kind == lang.Interrupted {
			return err
		}
		return in.interrupted()
	}
	return err
}

// callback is a Lua function in the hands of the host.
type callback struct {
	in *Interp
	fn glua.LValue
}

func (c *callback) Call(args ...any) (lang.Value, error) {
	in, L := c.in, c.in.cur
	in.dirty = true
	top := L.GetTop()
	defer L.SetTop(top)
	L.Push(in.enter)
	L.Push(c.fn)
	for _, a := range args {
		v, err := in.toLua(a)
		if err != nil {
			return nil, err
		}
		L.Push(v)
	}
	r := in.begin(in.gate.ctx)
	defer in.end(r)
	v, err := in.protected(L, top, 1+len(args))
	if err != nil {
		return nil, err
	}
	return in.value(v), nil
}
