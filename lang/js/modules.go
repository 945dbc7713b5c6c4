package js

import (
	"unicode/utf8"

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
		if err := in.try(func() { out = in.toJS(x) }); err != nil {
			return in.fail(err)
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
		host := &lang.Call{Context: in.ctx, Name: name, Lang: lang.JS, Loop: in.loop, Interp: in, Where: in.where, Rand: in.cfg.Rand, RandState: in.cfg.RandState}
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
		return in.toJS(int64(v))
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
	case []lang.Value:
		return in.list(v)
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
	if a, ok := v.(lang.Async); ok {
		return in.asyncPromise(a)
	}
	return in.fromFeed(func(s lang.Sink) error { return lang.WalkTypes(v, s, in.modules.types) })
}

func (in *Interp) list(vs []lang.Value) goja.Value {
	items := make([]any, len(vs))
	for i, v := range vs {
		items[i] = in.toJS(v)
	}
	return in.vm.NewArray(items...)
}

func (in *Interp) fromFeed(f lang.Feed) goja.Value {
	v, err := in.build(f)
	if err != nil {
		in.raise(err)
	}
	return v
}
