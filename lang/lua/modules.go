package lua

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// hostType is a lang.Type with its metatable.
type hostType struct {
	*lang.Type
	meta *glua.LTable
}

func (t *hostType) refusal() string {
	if t.Refuse != "" {
		return t.Refuse
	}
	return "a " + t.Name + " cannot be sent"
}

// host is a Go value of a registered type.
type host struct {
	t *hostType
	v any
}

func (h *host) kind() string { return h.t.Name }

func (h *host) show() string {
	if h.t.Show == nil {
		return h.t.Name
	}
	return h.t.Show(h.v)
}

func (in *Interp) openModules() error {
	for i := range in.cfg.Modules {
		for _, t := range in.cfg.Modules[i].Types {
			in.types, in.known = append(in.types, in.newType(t)), append(in.known, t)
		}
	}
	for i := range in.cfg.Modules {
		m := &in.cfg.Modules[i]
		t := in.globals
		if m.Name != "" {
			t = in.main.NewTable()
			in.modules[m.Name] = t
		}
		if err := in.fill(m, t); err != nil {
			return err
		}
		if m.Global && m.Name != "" {
			in.globals.RawSetString(m.Name, t)
		}
	}
	return nil
}

func (in *Interp) fill(m *lang.Module, t *glua.LTable) error {
	prefix := ""
	if m.Name != "" {
		prefix = m.Name + "."
	}
	for _, f := range m.Funcs {
		t.RawSetString(f.Name, in.main.NewFunction(in.hostFunction(prefix+f.Name, f.Call, 0)))
	}
	for _, f := range m.Values {
		v, err := f.Get(nil)
		if err != nil {
			return fmt.Errorf("lua: module %s: %s: %w", m.Name, f.Name, err)
		}
		lv, err := in.toLua(v)
		if err != nil {
			return fmt.Errorf("lua: module %s: %s: %w", m.Name, f.Name, err)
		}
		t.RawSetString(f.Name, lv)
	}
	if m.Call != nil && m.Name != "" {
		meta := in.main.NewTable()
		meta.RawSetString("__call", in.main.NewFunction(in.hostFunction(m.Name, m.Call, 1)))
		t.Metatable = meta
	}
	return nil
}

// hostCall is a lang.Call with room for the usual number of arguments.
type hostCall struct {
	lang.Call
	values [4]value
	args   [4]lang.Value
}

// hostFunction makes a function of Lua of one of Go. The first skip arguments are not for it.
func (in *Interp) hostFunction(name string, f func(*lang.Call) (any, error), skip int) glua.LGFunction {
	return func(L *glua.LState) int {
		return in.callHost(L, name, f, skip, nil)
	}
}

func (in *Interp) callHost(L *glua.LState, name string, f func(*lang.Call) (any, error), skip int, self any) int {
	c := &hostCall{Call: lang.Call{Context: in.gate.ctx, Name: name, Lang: lang.Lua, Self: self, Loop: in.loop, Interp: in, Rand: in.rand, RandState: in.randState}}
	n := max(L.GetTop()-skip, 0)
	c.Args = c.args[:0]
	for i := range n {
		v := L.Get(skip + i + 1)
		if i < len(c.values) {
			c.values[i] = value{in, v}
			c.Args = append(c.Args, &c.values[i])
		} else {
			c.Args = append(c.Args, in.value(v))
		}
	}
	c.Where = func() lang.Frame {
		s, _ := in.spot(L, 0)
		return s.frame()
	}
	v, err := safely(f, &c.Call)
	if err == nil {
		var lv glua.LValue
		if lv, err = in.toLua(v); err == nil {
			L.Push(lv)
			return 1
		}
	}
	in.throw(L, err)
	return 0
}

// safely calls f; a panic of Go is an error, one of gopher-lua goes on.
func safely(f func(*lang.Call) (any, error), c *lang.Call) (v any, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *glua.ApiError:
			panic(r)
		default:
			err = fmt.Errorf("%s: internal error: %v", c.Name, r)
		}
	}()
	return f(c)
}

// toLua makes a Lua value of what a function of Go gave.
func (in *Interp) toLua(v any) (glua.LValue, error) {
	switch v := v.(type) {
	case nil:
		return glua.LNil, nil
	case bool:
		return glua.LBool(v), nil
	case string:
		return glua.LString(v), nil
	case int:
		return number(float64(v)), nil
	case int64:
		if v <= maxInt && v >= -maxInt {
			return number(float64(v)), nil
		}
	case float64:
		return number(v), nil
	case *value:
		if v.in == in {
			return v.v, nil
		}
		return in.build(v.Walk)
	case lang.Value:
		return in.build(v.Walk)
	case []lang.Value:
		return in.list(v)
	case lang.Feed:
		return in.build(v)
	case func(lang.Sink) error:
		return in.build(v)
	}
	if u := in.hosted(v); u != nil {
		return u, nil
	}
	if a, ok := v.(lang.Async); ok {
		return in.object(&awaitable{a}), nil
	}
	return in.build(func(s lang.Sink) error { return lang.WalkTypes(v, s, in.known) })
}

func (in *Interp) list(vs []lang.Value) (glua.LValue, error) {
	t := in.main.CreateTable(len(vs), 0)
	for i, v := range vs {
		lv, err := in.toLua(v)
		if err != nil {
			return nil, err
		}
		if lv == glua.LNil {
			lv = in.null
		}
		t.RawSetInt(i+1, lv)
	}
	return t, nil
}

// hosted is the object for a Go value of a registered type, nil for another.
func (in *Interp) hosted(v any) *glua.LUserData {
	for _, t := range in.types {
		if t.Is(v) {
			return &glua.LUserData{Value: &host{t, v}, Metatable: t.meta}
		}
	}
	return nil
}

// newType makes the metatable of a type: fields and methods by __index.
func (in *Interp) newType(t *lang.Type) *hostType {
	h := &hostType{Type: t, meta: in.main.NewTable()}
	methods := map[string]*glua.LFunction{}
	for _, f := range t.Methods {
		methods[f.Name] = in.main.NewFunction(in.method(h, f))
	}
	if t.Await != nil {
		for name, f := range map[string]glua.LGFunction{"next": in.next, "wait": in.wait} {
			if methods[name] == nil {
				methods[name] = in.main.NewFunction(f)
			}
		}
	}
	fields := map[string]lang.Field{}
	for _, f := range t.Fields {
		fields[f.Name] = f
	}
	h.meta.RawSetString("__index", in.main.NewFunction(func(L *glua.LState) int {
		name := L.Get(2).String()
		if m := methods[name]; m != nil {
			L.Push(m)
			return 1
		}
		f, ok := fields[name]
		if !ok {
			L.Push(glua.LNil)
			return 1
		}
		return in.callHost(L, t.Name+"."+name, func(c *lang.Call) (any, error) { return f.Get(c.Self) }, 2, in.receiver(L, h, name))
	}))
	h.meta.RawSetString("__newindex", in.main.NewFunction(func(L *glua.LState) int {
		L.RaiseError("a %s cannot be changed", t.Name)
		return 0
	}))
	h.meta.RawSetString("__tostring", in.main.NewFunction(in.objectText))
	h.meta.RawSetString("__metatable", glua.LString("mirai"))
	h.meta.RawSetString("__eq", in.main.NewFunction(func(L *glua.LState) int {
		a, b := L.CheckUserData(1).Value.(*host), L.CheckUserData(2).Value.(*host)
		L.Push(glua.LBool(identical(a.v, b.v)))
		return 1
	}))
	return h
}

// identical compares as Go does; what Go cannot compare is never equal.
func identical(a, b any) (same bool) {
	defer func() { _ = recover() }()
	return a == b
}

func (in *Interp) method(h *hostType, f lang.Func) glua.LGFunction {
	return func(L *glua.LState) int {
		return in.callHost(L, h.Name+":"+f.Name, f.Call, 1, in.receiver(L, h, f.Name))
	}
}

func (in *Interp) receiver(L *glua.LState, h *hostType, name string) any {
	if u, ok := L.Get(1).(*glua.LUserData); ok {
		if o, ok := u.Value.(*host); ok && o.t == h {
			return o.v
		}
	}
	L.RaiseError("%s must be called with a colon: x:%s(...)", name, name)
	return nil
}

// require finds a module by name, or loads a file, once.
func (in *Interp) require(L *glua.LState) int {
	name := L.CheckString(1)
	if t := in.modules[name]; t != nil {
		L.Push(t)
		return 1
	}
	if t, ok := in.globals.RawGetString(name).(*glua.LTable); ok && in.builtin(name) {
		L.Push(t)
		return 1
	}
	if in.cfg.Load == nil {
		in.throw(L, in.unknown(name, nil))
	}
	from := ""
	if s, ok := in.spot(L, 0); ok {
		from = s.c.name
	}
	code, err := in.cfg.Load(from, name)
	if err != nil {
		in.throw(L, in.unknown(name, err))
	}
	L.Push(in.file(L, name, code))
	return 1
}

func (in *Interp) builtin(name string) bool {
	switch name {
	case "string", "table", "math", "coroutine", "os", "io", "debug":
		return true
	}
	return false
}

// file runs a file that is required. While it runs, requiring it again is a loop.
func (in *Interp) file(L *glua.LState, name string, code lang.Code) glua.LValue {
	v, ok := in.loaded[code.Name]
	if ok && v == nil {
		in.throw(L, fmt.Errorf("loop or previous error loading module '%s'", name))
	}
	if ok {
		return v
	}
	code.Mode = lang.Script
	p, err := in.program(code, nil)
	if err != nil {
		in.throw(L, err)
	}
	in.loaded[code.Name] = nil
	defer func() {
		if in.loaded[code.Name] == nil {
			delete(in.loaded, code.Name)
		}
	}()
	L.Push(in.main.NewFunctionFromProto(p.proto))
	L.Push(glua.LString(name))
	L.Call(1, 1)
	if v = L.Get(-1); v == glua.LNil {
		v = glua.LTrue
	}
	L.Pop(1)
	in.loaded[code.Name] = v
	return v
}

// unknown says that there is no such module, and which one may have been meant.
func (in *Interp) unknown(name string, cause error) error {
	var names []string
	for n := range in.modules {
		names = append(names, n)
	}
	sort.Strings(names)
	text := fmt.Sprintf("module '%s' not found", name)
	if n := nearest(name, names); n != "" {
		text += fmt.Sprintf(": did you mean '%s'?", n)
	} else if len(names) > 0 {
		text += ": the built-in modules are " + strings.Join(names, ", ")
	}
	if cause == nil {
		return errors.New(text)
	}
	return fmt.Errorf("%s; as a file: %w", text, cause)
}

// nearest is the name that differs from s in at most a third of its letters, "" when none does.
func nearest(s string, names []string) string {
	best, least := "", max(1, len(s)/3)+1
	for _, n := range names {
		if d := distance(s, n); d < least {
			best, least = n, d
		}
	}
	return best
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
