package lua

import (
	"math"
	"runtime/metrics"
	"strings"
	"time"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

const maxText = 1 << 30 // what string.rep may make

// openLibs opens the libraries that do no harm, and replaces the functions that gopher-lua has differently.
func (in *Interp) openLibs() {
	L := in.main
	for _, open := range []glua.LGFunction{glua.OpenBase, glua.OpenTable, glua.OpenString, glua.OpenMath, glua.OpenCoroutine, glua.OpenOs} {
		L.Push(L.NewFunction(open))
		L.Call(0, 0)
	}
	g := in.globals
	g.RawGetString("math").(*glua.LTable).RawSetString("huge", glua.LNumber(math.Inf(1))) // gopher-lua has the largest number
	for _, name := range []string{"dofile", "loadfile", "module", "newproxy", "_printregs", "_GOPHER_LUA_VERSION"} {
		g.RawSetString(name, glua.LNil)
	}
	set := func(t *glua.LTable, fns map[string]glua.LGFunction) {
		for name, f := range fns {
			t.RawSetString(name, L.NewFunction(f))
		}
	}
	table := func(name string) *glua.LTable { return g.RawGetString(name).(*glua.LTable) }
	set(g, map[string]glua.LGFunction{
		"print": in.print, "sleep": in.sleep, "require": in.require, "collectgarbage": collectGarbage,
		"pcall": in.pcall, "xpcall": in.xpcall, "error": in.raiseError, "assert": in.assert,
		"load": in.loadChunk, "loadstring": in.loadChunk,
		"setmetatable": checked(g.RawGetString("setmetatable"), 1, glua.LTTable),
		"setfenv":      checked(g.RawGetString("setfenv"), 2, glua.LTTable),
	})
	set(table("math"), map[string]glua.LGFunction{"random": in.random, "randomseed": in.randomSeed})
	table("table").RawSetString("unpack", g.RawGetString("unpack"))
	text := table("string")
	text.RawSetString("dump", glua.LNil)
	text.RawSetString("rep", L.NewFunction(rep(text.RawGetString("rep").(*glua.LFunction).GFunction)))
	co := table("coroutine")
	set(co, map[string]glua.LGFunction{
		"create": in.armed(co, "create"), "wrap": in.wrap(co), "resume": in.resume(co), "yield": in.yield,
	})
	clock := L.NewTable()
	for _, name := range []string{"time", "clock", "date", "difftime"} {
		clock.RawSetString(name, table("os").RawGetString(name))
	}
	g.RawSetString("os", clock)
	io, debug := L.NewTable(), L.NewTable()
	set(io, map[string]glua.LGFunction{"write": in.write})
	set(debug, map[string]glua.LGFunction{"traceback": in.traceback})
	g.RawSetString("io", io)
	g.RawSetString("debug", debug)
}

// checked is a function of gopher-lua that does not look at its argument i.
func checked(f glua.LValue, i int, want glua.LValueType) glua.LGFunction {
	g := f.(*glua.LFunction).GFunction
	return func(L *glua.LState) int {
		L.CheckType(i, want)
		return g(L)
	}
}

func rep(f glua.LGFunction) glua.LGFunction {
	return func(L *glua.LState) int {
		if s, n := L.CheckString(1), L.CheckInt(2); n > 0 && len(s) > maxText/n {
			L.RaiseError("string.rep: the result would be larger than 1 GiB")
		}
		return f(L)
	}
}

func collectGarbage(L *glua.LState) int {
	n := 0.0
	if L.OptString(1, "") == "count" {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		n = float64(s[0].Value.Uint64()) / 1024
	}
	L.Push(glua.LNumber(n))
	return 1
}

// print and io.write

func (in *Interp) print(L *glua.LState) int {
	var b strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		if i > 1 {
			b.WriteByte('\t')
		}
		b.WriteString(L.ToStringMeta(L.Get(i)).String())
	}
	if len(in.written) > 0 {
		in.written = append(in.written, b.String()...)
		in.flush()
	} else if in.cfg.Print != nil {
		in.cfg.Print(lang.Stdout, b.String())
	}
	return 0
}

func (in *Interp) write(L *glua.LState) int {
	for i := 1; i <= L.GetTop(); i++ {
		in.written = append(in.written, L.CheckString(i)...)
	}
	for {
		line, rest, ok := strings.Cut(string(in.written), "\n")
		if !ok {
			break
		}
		in.written = in.written[:copy(in.written, rest)]
		if in.cfg.Print != nil {
			in.cfg.Print(lang.Stdout, line)
		}
	}
	L.Push(glua.LTrue)
	return 1
}

// flush gives out the line that has no newline yet.
func (in *Interp) flush() {
	if len(in.written) > 0 && in.cfg.Print != nil {
		in.cfg.Print(lang.Stdout, string(in.written))
	}
	in.written = in.written[:0]
}

// Errors

func (in *Interp) pcall(L *glua.LState) int {
	v := L.CheckAny(1)
	if v.Type() != glua.LTFunction && L.GetMetaField(v, "__call").Type() != glua.LTFunction {
		L.Push(glua.LFalse)
		L.Push(glua.LString("attempt to call a " + v.Type().String() + " value"))
		return 2
	}
	return in.guarded(L, glua.LNil)
}

func (in *Interp) xpcall(L *glua.LState) int {
	h := L.CheckFunction(2)
	L.Remove(2)
	return in.guarded(L, h)
}

// guarded calls what is on the stack; it gives true and the values, or false and the error.
func (in *Interp) guarded(L *glua.LState, handler glua.LValue) int {
	L.Insert(in.enter, 1)
	n := len(in.guards)
	in.guards = append(in.guards, handler)
	if L != in.main {
		in.fences[L]++
		defer func() {
			if in.fences[L]--; in.fences[L] == 0 {
				delete(in.fences, L)
			}
		}()
	}
	err := L.PCall(L.GetTop()-1, glua.MultRet, nil)
	in.guards = in.guards[:n]
	if err == nil {
		L.Insert(glua.LTrue, 1)
		return L.GetTop()
	}
	v := err.(*glua.ApiError).Object
	if in.gate.shut() {
		L.Error(v, 0) // no pcall stops an interrupt
	}
	L.Push(glua.LFalse)
	L.Push(v)
	return 2
}

func (in *Interp) raiseError(L *glua.LState) int {
	v, level := L.Get(1), L.OptInt(2, 1)
	if s, ok := v.(glua.LString); ok && level > 0 {
		v = glua.LString(in.where(L, level)) + s
	}
	L.Error(v, 0)
	return 0
}

func (in *Interp) assert(L *glua.LState) int {
	if L.CheckAny(1); glua.LVAsBool(L.Get(1)) {
		return L.GetTop()
	}
	if L.GetTop() < 2 {
		L.Push(glua.LString("assertion failed!"))
	}
	L.Error(L.Get(2), 0)
	return 0
}

func (in *Interp) traceback(L *glua.LState) int {
	if v := L.Get(1); v != glua.LNil && v.Type() != glua.LTString && v.Type() != glua.LTNumber && v.Type() != glua.LTThread {
		L.Push(v)
		return 1
	}
	var b strings.Builder
	T, skip := L, 1
	if th, ok := L.Get(1).(*glua.LState); ok {
		T, skip = th, 0
	} else if L.Get(1) != glua.LNil {
		b.WriteString(L.Get(1).String() + "\n")
	}
	b.WriteString("stack traceback:")
	for _, s := range in.spots(T, skip) {
		line, _ := s.c.at(s.tok)
		f := lang.Frame{File: s.c.name, Line: line}
		switch s.fn {
		case "":
			b.WriteString("\n\t" + f.String() + ": in main chunk")
		default:
			b.WriteString("\n\t" + f.String() + ": in function '" + s.fn + "'")
		}
	}
	L.Push(glua.LString(b.String()))
	return 1
}

// loadChunk is load and loadstring: a text, or a function that gives pieces of it.
func (in *Interp) loadChunk(L *glua.LState) int {
	var text strings.Builder
	switch v := L.Get(1).(type) {
	case glua.LString:
		text.WriteString(string(v))
	case *glua.LFunction:
		for {
			L.Push(v)
			L.Call(0, 1)
			piece, ok := L.Get(-1).(glua.LString)
			L.Pop(1)
			if !ok || piece == "" {
				break
			}
			text.WriteString(string(piece))
		}
	default:
		L.CheckString(1)
	}
	name := strings.TrimLeft(L.OptString(2, `[string "`+clip(firstLine(text.String()))+`"]`), "=@")
	p, err := in.program(lang.Code{Source: text.String(), Name: name, Mode: lang.Script}, nil)
	if err != nil {
		L.Push(glua.LNil)
		L.Push(glua.LString(err.Error()))
		return 2
	}
	f := in.main.NewFunctionFromProto(p.proto)
	if env, ok := L.Get(4).(*glua.LTable); ok {
		f.Env = env
	}
	L.Push(f)
	return 1
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// Coroutines

// armed makes coroutine.create interruptible.
func (in *Interp) armed(co *glua.LTable, name string) glua.LGFunction {
	create := co.RawGetString(name).(*glua.LFunction).GFunction
	return func(L *glua.LState) int {
		n := create(L)
		in.arm(L.CheckThread(L.GetTop()))
		return n
	}
}

func (in *Interp) resume(co *glua.LTable) glua.LGFunction {
	resume := co.RawGetString("resume").(*glua.LFunction).GFunction
	return func(L *glua.LState) int {
		th := L.CheckThread(1)
		top := L.GetTop()
		n := in.switched(L, th, func() int {
			in.guards = append(in.guards, glua.LNil)
			return resume(L)
		})
		if L.GetTop() < top-1 || n < 1 {
			return n
		}
		if s, ok := L.Get(-1).(glua.LString); ok && n == 2 && L.Get(-2) == glua.LFalse {
			if in.gate.shut() {
				L.Error(s, 0)
			}
			L.Pop(1)
			L.Push(in.standard(L, string(s)))
		}
		return n
	}
}

// switched runs f, in which th runs.
func (in *Interp) switched(L, th *glua.LState, f func() int) int {
	in.arm(th)
	cur, guards := in.cur, len(in.guards)
	in.cur = th
	defer func() { in.cur, in.guards = cur, in.guards[:guards] }()
	return f()
}

// wrap is made of create and resume: so it has the thread in its hand.
func (in *Interp) wrap(co *glua.LTable) glua.LGFunction {
	create := co.RawGetString("create").(*glua.LFunction).GFunction
	resume := co.RawGetString("resume").(*glua.LFunction).GFunction
	return func(L *glua.LState) int {
		create(L)
		th := L.CheckThread(L.GetTop())
		L.Push(L.NewFunction(func(L *glua.LState) int {
			L.Insert(th, 1)
			n := in.switched(L, th, func() int { return resume(L) })
			if ok := L.Get(-n); ok == glua.LFalse {
				L.Error(L.Get(-n+1), 0)
			}
			return n - 1
		}))
		return 1
	}
}

func (in *Interp) yield(L *glua.LState) int {
	if in.fences[L] > 0 {
		L.RaiseError("attempt to yield across a pcall: call pcall outside of the coroutine, or in what it calls")
	}
	return -1
}

// sleep waits for a number of milliseconds, or a time such as "1.5s".
func (in *Interp) sleep(L *glua.LState) int {
	var d time.Duration
	switch v := L.Get(1).(type) {
	case glua.LNumber:
		d = time.Duration(float64(v) * float64(time.Millisecond))
	case glua.LString:
		var err error
		if d, err = time.ParseDuration(string(v)); err != nil {
			L.RaiseError("sleep: %q is no time: write milliseconds, or a time such as \"1.5s\"", string(v))
		}
	default:
		L.TypeError(1, glua.LTNumber)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-in.gate.ctx.Done():
		L.RaiseError("interrupted")
	}
	return 0
}
