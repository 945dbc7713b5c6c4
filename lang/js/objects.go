package js

import (
	"errors"
	"reflect"
	"runtime"
	"weak"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

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

// host sends a value of a registered type as what its Encode gives. Its number is the last one taken.
func (w *walker) host(h *host) error {
	shifted := &shift{Sink: w.s, from: w.n - 1}
	err := lang.WalkTypes(h.self, shifted, w.in.modules.types)
	w.n += shifted.n - 1
	return err
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

// RawCBOR hands on to the sink around.
func (s *shift) RawCBOR(b []byte) error {
	if raw, ok := s.Sink.(lang.RawSink); ok {
		return raw.RawCBOR(b)
	}
	return lang.Refuse("this sink takes no CBOR")
}
