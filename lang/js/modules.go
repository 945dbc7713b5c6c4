package js

import (
	"errors"
	"reflect"
	"runtime"
	"unicode/utf8"
	"weak"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// moduleSet is what require finds.
type moduleSet struct {
	builtin map[string]*lang.Module
	made    map[string]*goja.Object // objects of built-in modules
	loaded  map[string]*goja.Object // module objects of files
	kept    map[string]*goja.Object // those of the baseline
	types   []*lang.Type
	protos  map[*lang.Type]*goja.Object
}

func (in *Interp) installModules() error {
	in.modules = moduleSet{builtin: map[string]*lang.Module{}, made: map[string]*goja.Object{}, protos: map[*lang.Type]*goja.Object{}}
	for i := range in.cfg.Modules {
		m := &in.cfg.Modules[i]
		in.modules.types = append(in.modules.types, m.Types...)
		if m.Name != "" {
			in.modules.builtin[m.Name] = m
		}
	}
	in.define(in.root, "require", in.newRequire(""))
	for i := range in.cfg.Modules {
		if err := in.installGlobal(&in.cfg.Modules[i]); err != nil {
			return err
		}
	}
	return nil
}

func (in *Interp) installGlobal(m *lang.Module) error {
	switch {
	case !m.Global:
		return nil
	case m.Name == "":
		return in.fill(in.root, m)
	}
	obj, err := in.module(m)
	if err == nil {
		in.define(in.root, m.Name, obj)
	}
	return err
}

// module is the object of a built-in module.
func (in *Interp) module(m *lang.Module) (*goja.Object, error) {
	if obj := in.modules.made[m.Name]; obj != nil {
		return obj, nil
	}
	obj := in.vm.NewObject()
	if m.Call != nil {
		obj = in.hostFunc(m.Name, m.Call, nil)
	}
	in.modules.made[m.Name] = obj
	return obj, in.fill(obj, m)
}

// fill gives obj the functions and values of a module.
func (in *Interp) fill(obj *goja.Object, m *lang.Module) error {
	prefix := ""
	if m.Name != "" {
		prefix = m.Name + "."
	}
	shown := goja.ToFlag(obj != in.root)
	for _, f := range m.Funcs {
		fn := in.hostFunc(prefix+f.Name, f.Call, nil)
		_ = obj.DefineDataProperty(f.Name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, shown)
	}
	for _, v := range m.Values {
		x, err := v.Get(nil)
		if err != nil {
			return err
		}
		var out goja.Value
		if ex := in.vm.Try(func() { out = in.toJS(x) }); ex != nil {
			return in.fail(ex)
		}
		_ = obj.DefineDataProperty(v.Name, out, goja.FLAG_TRUE, goja.FLAG_TRUE, shown)
	}
	return nil
}

// hostFunc makes a function that calls a Go function. self gives the receiver of a method.
func (in *Interp) hostFunc(name string, call func(*lang.Call) (any, error), t *lang.Type) *goja.Object {
	short := name
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			short = name[i+1:]
			break
		}
	}
	return in.native(short, func(c goja.FunctionCall) goja.Value {
		defer in.guard(name)
		host := &lang.Call{Context: in.ctx, Name: name, Lang: lang.JS, Loop: in.loop, Interp: in, Where: in.where}
		if t != nil {
			host.Self = in.receiver(c.This, t, name)
		}
		host.Args = make([]lang.Value, len(c.Arguments))
		for i, a := range c.Arguments {
			host.Args[i] = value{in, a}
		}
		v, err := call(host)
		if err != nil {
			in.raise(err)
		}
		return in.toJS(v)
	})
}

func (in *Interp) receiver(this goja.Value, t *lang.Type, name string) any {
	if h := hostOf(this); h != nil && h.typ == t {
		return h.self
	}
	panic(in.vm.NewTypeError("%s: called on a %s, not on a %s", name, kind(this), t.Name))
}

// where is the position of the running call in the script.
func (in *Interp) where() lang.Frame {
	var room [8]goja.StackFrame
	for _, depth := range []int{len(room), 0} {
		stack := in.vm.CaptureCallStack(depth, room[:0])
		for i := range stack {
			if f, ok := frame(&stack[i]); ok {
				return f
			}
		}
	}
	return lang.Frame{}
}

// toJS makes a value of what a host function returned. It throws what cannot be made.
func (in *Interp) toJS(v any) goja.Value {
	switch v := v.(type) {
	case nil:
		return goja.Null()
	case bool, float64:
		return in.vm.ToValue(v)
	case int:
		return in.fromFeed(func(s lang.Sink) error { return s.Int(int64(v)) })
	case int64:
		if v <= 1<<53 && v >= -1<<53 {
			return in.vm.ToValue(v)
		}
	case string:
		if utf8.ValidString(v) {
			return in.vm.ToValue(v)
		}
	case lang.Undefined:
		return goja.Undefined()
	case value:
		if v.in == in {
			return v.v
		}
		return in.fromFeed(v.Walk)
	case lang.Value:
		return in.fromFeed(v.Walk)
	case *callback:
		return in.vm.ToValue(v.f)
	case lang.Feed:
		return in.fromFeed(v)
	case func(lang.Sink) error:
		return in.fromFeed(v)
	}
	if t := in.typeOf(v); t != nil {
		return in.hostObject(v, t)
	}
	switch v := v.(type) {
	case lang.Async:
		return in.asyncPromise(v)
	case []any:
		if in.holdsHost(v) {
			return in.hostList(v)
		}
	case *lang.Record:
		if v != nil && in.holdsHost(v.Values) {
			return in.hostRecord(v)
		}
	}
	return in.fromFeed(func(s lang.Sink) error { return lang.Walk(v, s) })
}

func (in *Interp) fromFeed(f lang.Feed) goja.Value {
	v, err := in.build(f)
	if err != nil {
		in.raise(err)
	}
	return v
}

// holdsHost tells whether a list has elements that only toJS can make.
func (in *Interp) holdsHost(vs []any) bool {
	for _, v := range vs {
		switch v := v.(type) {
		case nil, bool, int, int64, float64, string:
			continue
		case lang.Value, lang.Feed, lang.Async:
			return true
		case []any:
			if in.holdsHost(v) {
				return true
			}
		case *lang.Record:
			if v != nil && in.holdsHost(v.Values) {
				return true
			}
		}
		if in.typeOf(v) != nil {
			return true
		}
	}
	return false
}

func (in *Interp) hostList(vs []any) goja.Value {
	items := make([]any, len(vs))
	for i, v := range vs {
		items[i] = in.toJS(v)
	}
	return in.vm.NewArray(items...)
}

func (in *Interp) hostRecord(r *lang.Record) goja.Value {
	obj := in.vm.NewObject()
	for i, k := range r.Keys {
		_ = set(obj, k, in.toJS(r.Values[i]))
	}
	return obj
}

// host is the Go value behind a host object. It has nothing that scripts could see.
type host struct {
	self    any
	typ     *lang.Type
	promise goja.Value
}

var hostType = reflect.TypeFor[*host]()

func hostOf(v goja.Value) *host {
	if o, ok := v.(*goja.Object); ok && o.ExportType() == hostType {
		h, _ := o.Export().(*host)
		return h
	}
	return nil
}

func (in *Interp) typeOf(v any) *lang.Type {
	for _, t := range in.modules.types {
		if t.Is != nil && t.Is(v) {
			return t
		}
	}
	return nil
}

func (in *Interp) typeNamed(name string) *lang.Type {
	for _, t := range in.modules.types {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// hostObject is the object of a Go value: the same one for the same pointer, as long as the script holds it.
func (in *Interp) hostObject(self any, t *lang.Type) *goja.Object {
	pointer := reflect.TypeOf(self).Kind() == reflect.Pointer
	if pointer {
		in.mu.Lock()
		o := in.hosts[self].Value()
		in.mu.Unlock()
		if o != nil {
			return o
		}
	}
	o := in.vm.ToValue(&host{self: self, typ: t}).(*goja.Object)
	_ = o.SetPrototype(in.proto(t))
	if pointer {
		in.remember(self, o)
	}
	return o
}

func (in *Interp) remember(self any, o *goja.Object) {
	w := weak.Make(o)
	in.mu.Lock()
	if in.hosts == nil {
		in.hosts = map[any]weak.Pointer[goja.Object]{}
	}
	in.hosts[self] = w
	in.mu.Unlock()
	runtime.AddCleanup(o, func(self any) {
		in.mu.Lock()
		if in.hosts[self] == w {
			delete(in.hosts, self)
		}
		in.mu.Unlock()
	}, self)
}

// proto is the prototype of the objects of a type.
func (in *Interp) proto(t *lang.Type) *goja.Object {
	if p := in.modules.protos[t]; p != nil {
		return p
	}
	p := in.vm.NewObject()
	in.modules.protos[t] = p
	_ = p.DefineDataPropertySymbol(goja.SymToStringTag, in.vm.ToValue(t.Name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	in.define(p, "toString", in.native("toString", func(c goja.FunctionCall) goja.Value {
		return in.vm.ToValue(showHost(hostOf(c.This)))
	}))
	in.define(p, "toJSON", in.native("toJSON", func(goja.FunctionCall) goja.Value {
		panic(in.vm.NewTypeError("%s", refusal(t)))
	}))
	for _, f := range t.Fields {
		get := in.hostFunc(t.Name+"."+f.Name, func(c *lang.Call) (any, error) { return f.Get(c.Self) }, t)
		_ = p.DefineAccessorProperty(f.Name, get, nil, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	for _, m := range t.Methods {
		in.define(p, m.Name, in.hostFunc(t.Name+"."+m.Name, m.Call, t))
	}
	if t.Await != nil {
		for _, name := range []string{"then", "catch", "finally"} {
			in.define(p, name, in.promiseMethod(t, name))
		}
	}
	return p
}

// promiseMethod is a method of promises on a host object that can be awaited.
func (in *Interp) promiseMethod(t *lang.Type, name string) *goja.Object {
	call := in.method("Promise", name)
	return in.native(name, func(c goja.FunctionCall) goja.Value {
		defer in.guard(t.Name + "." + name)
		in.receiver(c.This, t, t.Name+"."+name)
		v, err := call(in.hostPromise(hostOf(c.This)), c.Arguments...)
		if err != nil {
			in.rethrow(err)
		}
		return v
	})
}

// rethrow throws in a native function what a call of JS gave it.
func (in *Interp) rethrow(err error) {
	var ex *goja.Exception
	if isInterrupt(err) || !errors.As(err, &ex) {
		panic(err)
	}
	panic(ex.Value())
}

func showHost(h *host) string {
	switch {
	case h == nil:
		return "[object Object]"
	case h.typ.Show == nil:
		return h.typ.Name
	}
	return h.typ.Show(h.self)
}

func refusal(t *lang.Type) string {
	if t.Refuse != "" {
		return t.Refuse
	}
	return "a " + t.Name + " cannot be sent"
}

// host sends a value of a registered type as what its Encode gives.
func (w *walker) host(h *host) error {
	if h.typ.Encode == nil {
		return lang.Refuse("%s", refusal(h.typ))
	}
	v, err := h.typ.Encode(h.self)
	if err != nil {
		return err
	}
	if err := w.s.Begin(lang.Custom, 1, h.typ.Name); err != nil {
		return err
	}
	shifted := &shift{Sink: w.s, from: w.n}
	if err := lang.Walk(v, shifted); err != nil {
		return err
	}
	w.n += shifted.n
	return w.s.End()
}

func (w *walker) custom(name string, v goja.Value) error {
	if err := w.s.Begin(lang.Custom, 1, name); err != nil {
		return err
	}
	if err := w.value(v); err != nil {
		return err
	}
	return w.s.End()
}

// shift is a sink for a stream within a stream: it numbers from where the outer one is.
type shift struct {
	lang.Sink
	from, n int
}

func (s *shift) Begin(k lang.Kind, n int, name string) error {
	s.n++
	return s.Sink.Begin(k, n, name)
}

func (s *shift) Typed(t lang.Elem, b []byte) error {
	s.n++
	return s.Sink.Typed(t, b)
}

func (s *shift) Time(sec int64, nsec int) error {
	s.n++
	return s.Sink.Time(sec, nsec)
}

func (s *shift) RegExp(source, flags string) error {
	s.n++
	return s.Sink.RegExp(source, flags)
}

func (s *shift) Ref(i int) error { return s.Sink.Ref(i + s.from) }
