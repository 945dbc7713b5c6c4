// Package lua is the Lua side of package lang: an Interpreter on gopher-lua, with exact positions, functions
// that travel as source text, and interrupts that no pcall swallows.
//
// New makes an Interp. Eval compiles code (compile.go, tokens.go) and runs it (eval.go); what is raised becomes a
// *lang.Error (errors.go, messages.go). Walk drives a sink through a Lua value (values.go), a builder makes Lua values
// of events (build.go, objects.go, numbers.go, closures.go, for values of classes classes.go). Modules, host functions and host types are in modules.go, awaitable values in loop.go,
// random numbers in random.go, what Reset restores in baseline.go. Free gives the free names of a block.
//
// What an interrupt cannot reach: patterns, and other single calls of the string and table libraries.
package lua

import (
	"context"
	"weak"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

const defaultStack = 10000

// Interp is an interpreter of Lua. It implements lang.Interpreter.
type Interp struct {
	cfg     lang.Config
	main    *glua.LState
	cur     *glua.LState // the thread that runs
	globals *glua.LTable
	enter   *glua.LFunction // calls a function with raise and rescue in place
	loop    *lang.Loop
	gate    gate

	programs  map[programKey]*program
	functions map[functionKey]*glua.FunctionProto
	chunks    map[string]weak.Pointer[chunk] // by mark
	marks     int
	sweep     int

	guards  []glua.LValue // of each pcall that runs: the handler, or nil
	fences  map[*glua.LState]int
	trace   []spot
	last    message
	pending error // the error of Go behind the message that is being raised
	thrown  thrown

	null, undefined *glua.LUserData
	metas           metas
	types           []*hostType
	known           []*lang.Type // of the same types
	modules         map[string]*glua.LTable
	loaded          map[string]glua.LValue // files that were required
	written         []byte                 // by io.write, without a newline so far
	rand            func() float64         // what math.random draws from: Config.Rand, or a stream of math.randomseed
	randState       func() lang.RNG        // the state of that

	serial  *classSet       // of scripts, whose values travel
	lasting *classSet       // those of the baseline
	recent  context.Context // of the last Eval: values are made before it runs, and sent after

	base  baseline
	bound []string // globals set since the last Reset
	dirty bool     // code ran that may have changed more than those
	kept  bool     // the baseline is no longer that of New
	names map[*glua.LFunction]string
}

var _ lang.Interpreter = (*Interp)(nil)

// New makes an interpreter. It fails when a module cannot give its values.
func New(cfg lang.Config) (*Interp, error) {
	if cfg.Stack <= 0 {
		cfg.Stack = defaultStack
	}
	cfg.DefaultRand()
	in := &Interp{
		cfg:       cfg,
		loop:      lang.NewLoop(),
		programs:  map[programKey]*program{},
		functions: map[functionKey]*glua.FunctionProto{},
		chunks:    map[string]weak.Pointer[chunk]{},
		sweep:     2 * cachedPrograms,
		fences:    map[*glua.LState]int{},
		modules:   map[string]*glua.LTable{},
		loaded:    map[string]glua.LValue{},
		main: glua.NewState(glua.Options{
			SkipOpenLibs:        true,
			CallStackSize:       cfg.Stack,
			MinimizeStackMemory: true,
			RegistrySize:        1024,
			RegistryMaxSize:     1 << 22,
			RegistryGrowStep:    4096,
		}),
	}
	in.gate.open()
	in.unseed()
	in.cur = in.main
	in.globals = in.main.Get(glua.GlobalsIndex).(*glua.LTable)
	in.enter = in.main.NewFunction(in.call)
	in.openLibs()
	in.openObjects()
	if err := in.openModules(); err != nil {
		return nil, err
	}
	in.Keep()
	in.kept = false
	return in, nil
}

// Loop is the event loop.
func (in *Interp) Loop() *lang.Loop { return in.loop }

// Build makes a value of this interpreter.
func (in *Interp) Build(f lang.Feed) (lang.Value, error) {
	v, err := in.build(f)
	if err != nil {
		return nil, err
	}
	return in.value(v), nil
}

// value is a Lua value as the host sees it.
type value struct {
	in *Interp
	v  glua.LValue
}

func (in *Interp) value(v glua.LValue) lang.Value { return &value{in, v} }

func (v *value) Walk(s lang.Sink) error { return v.in.walk(v.v, s) }

func (v *value) Host() any {
	if u, ok := v.v.(*glua.LUserData); ok {
		switch o := u.Value.(type) {
		case *host:
			return o.v
		case *awaitable:
			return o.async
		}
	}
	return nil
}

func (v *value) Func() lang.Callback {
	if f, ok := v.v.(*glua.LFunction); ok {
		return &callback{v.in, f}
	}
	return nil
}

// Elements are those of a table with the keys 1..n, whatever else it has. See lang.Call.
func (v *value) Elements() (lang.Elements, bool) {
	t, ok := v.v.(*glua.LTable)
	if !ok {
		return nil, false
	}
	l := list{v.in, t, t.Len()}
	first, _ := t.Next(glua.LNil)
	return l, l.n > 0 || first == glua.LNil
}

// list is a table as the host sees it.
type list struct {
	in *Interp
	t  *glua.LTable
	n  int
}

func (l list) Len() int            { return l.n }
func (l list) At(i int) lang.Value { return l.in.value(l.t.RawGetInt(i + 1)) }

func (v *value) Kind() string { return v.in.kind(v.v) }

func (in *Interp) kind(v glua.LValue) string {
	u, ok := v.(*glua.LUserData)
	if !ok {
		return v.Type().String()
	}
	switch o := u.Value.(type) {
	case nil:
		if u == in.null {
			return "null"
		} else if u == in.undefined {
			return "undefined"
		}
	case object:
		return o.kind()
	}
	return "userdata"
}

// goValue is a Lua value as a Go value; what cannot travel is its text.
func (in *Interp) goValue(v glua.LValue) any {
	b := lang.Builder{Types: in.known}
	if err := in.walk(v, &b); err != nil {
		return in.inspectText(v)
	}
	return b.Value()
}
