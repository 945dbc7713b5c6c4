package js

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"

	"github.com/mojukapu/mirai/lang"
)

// class is a class of a script whose values travel as what encode gives.
type class struct {
	name           string
	global         string // the variable that it is elsewhere; empty for none
	ctor, proto    *goja.Object
	encode, decode *goja.Object
}

// classSet are the registered classes. It is replaced, never changed, so that the baseline may keep it; nil has none.
type classSet struct {
	named  map[string]*class
	protos map[*goja.Object]*class // by the prototype of their values
	ctors  map[*goja.Object]*class
}

// with is s and c, which takes the place of those with its name or its constructor.
func (s *classSet) with(c *class) *classSet {
	n := &classSet{named: map[string]*class{}, protos: map[*goja.Object]*class{}, ctors: map[*goja.Object]*class{}}
	if s != nil {
		for _, old := range s.named {
			if old.name != c.name && old.ctor != c.ctor {
				n.add(old)
			}
		}
	}
	n.add(c)
	return n
}

func (s *classSet) add(c *class) { s.named[c.name], s.protos[c.proto], s.ctors[c.ctor] = c, c, c }

func (s *classSet) get(name string) *class {
	if s == nil {
		return nil
	}
	return s.named[name]
}

// of is the nearest class in the prototype chain of o.
func (s *classSet) of(o *goja.Object) *class {
	for p := o.Prototype(); p != nil; p = p.Prototype() {
		if c := s.protos[p]; c != nil {
			return c
		}
	}
	return nil
}

// Register has the values of a class travel. See lang.Interpreter.
func (in *Interp) Register(given lang.Class, carry func(lang.Carried) error) error {
	c, err := in.class(given)
	if err != nil {
		return err
	}
	after := in.serial.with(c)
	parts, err := in.parts(c)
	if err != nil {
		return err
	}
	err = carry(lang.Carried{Name: c.name, Source: registerSource, Parts: func(s lang.Sink) (err error) {
		w := walker{in: in, s: s, classes: after, bare: c}
		if thrown := in.try(func() { err = w.value(parts) }); thrown != nil {
			return in.fail(thrown)
		}
		return err
	}})
	if err == nil {
		in.serial = after
	}
	return err
}

// class checks what was given.
func (in *Interp) class(given lang.Class) (*class, error) {
	v := given.Class.(value).v
	ctor, ok := v.(*goja.Object)
	var proto *goja.Object
	if ok {
		if _, ok = goja.AssertConstructor(ctor); ok {
			proto, ok = ctor.Get("prototype").(*goja.Object)
		}
	}
	if !ok {
		return nil, notClass("the class must be a class or a constructor function, it is of kind %s", kind(v))
	}
	c := &class{name: given.Name, ctor: ctor, proto: proto,
		encode: given.Encode.(value).v.(*goja.Object), decode: given.Decode.(value).v.(*goja.Object)}
	if name := text(ctor.Get("name")); parser.IsIdentifier(name) {
		c.global = name
	}
	if c.name == "" {
		c.name = c.global
	}
	if c.name == "" {
		return nil, notClass(`a class without a name needs one: {name: "geo.Point"}`)
	}
	return c, in.inherits(c)
}

func notClass(format string, args ...any) error {
	return &lang.Error{Class: "TypeError", Message: "serial: " + fmt.Sprintf(format, args...)}
}

// inherits makes sure that what a class extends is there where it is made again from its source.
func (in *Interp) inherits(c *class) error {
	src, err := in.source(c.ctor)
	if err != nil {
		return notClass("%s is built in: give it a class of the script", c.name)
	}
	if !strings.HasPrefix(src, "class") {
		if p := c.proto.Prototype(); p != nil && p != in.objectProto() {
			return notClass("%s inherits by its prototype, which is not carried: write it as a class that extends the other", c.name)
		}
		return nil
	}
	parent := c.ctor.Prototype()
	if _, err := in.source(parent); err != nil { // built in, or none
		return nil
	}
	p := in.serial.ctor(parent)
	switch name := text(parent.Get("name")); {
	case p == nil:
		return notClass("%s extends %s, which is not registered: register that first", c.name, cmp.Or(name, "a class without a name"))
	case p.global == "" || superName(src) != p.global:
		return notClass("%s must say by name what it extends, to find it elsewhere: class %s extends %s", c.name, cmpName(c.global), cmpName(name))
	}
	return nil
}

func (s *classSet) ctor(o *goja.Object) *class {
	if s == nil {
		return nil
	}
	return s.ctors[o]
}

// superName is the name after extends, empty where no single name stands there.
func superName(src string) string {
	prg, err := parse("", "("+src+"\n)")
	if err != nil || len(prg.Body) != 1 {
		return ""
	}
	if s, ok := prg.Body[0].(*ast.ExpressionStatement); ok {
		if c, ok := s.Expression.(*ast.ClassLiteral); ok {
			if id, ok := c.SuperClass.(*ast.Identifier); ok {
				return id.Name.String()
			}
		}
	}
	return ""
}

// registerSource makes a class known from its parts. It becomes a global, for the hooks and for classes that extend it.
const registerSource = `(({Class, encode, decode, methods, name, global}) => {
  if (global && !Class.name) Object.defineProperty(Class, "name", {value: global})
  Object.assign(Class.prototype, methods)
  delete globalThis.` + lang.ClassParts + `
  if (global) globalThis[global] = Class
  mirai.serial(Class, encode, decode, {name})
})(` + lang.ClassParts + `)`

// parts are what registerSource needs: the class is its source, with what was put into its prototype since.
func (in *Interp) parts(c *class) (parts *goja.Object, err error) {
	thrown := in.try(func() {
		methods := in.vm.NewObject()
		for _, k := range c.proto.Keys() {
			err = set(methods, k, c.proto.Get(k))
		}
		parts = in.vm.NewObject()
		for _, p := range []struct {
			name string
			v    any
		}{{"Class", c.ctor}, {"encode", c.encode}, {"decode", c.decode}, {"methods", methods}, {"name", c.name}, {"global", c.global}} {
			_ = parts.Set(p.name, p.v)
		}
	})
	if thrown != nil {
		err = in.fail(thrown)
	}
	return parts, err
}

// instance sends a value of a registered class as what its hook gives.
func (w *walker) instance(o *goja.Object, c *class) error {
	switch {
	case c == w.bare:
		return lang.Refuse("a %s cannot be part of its own class: make it when it is needed", c.name)
	case slices.Contains(w.open, o):
		return lang.Refuse("a %s that contains itself cannot be sent", c.name)
	}
	if met, err := w.met(o); met {
		return err
	}
	if w.depth++; w.depth > maxDepth {
		return lang.Refuse("nested deeper than %d levels", maxDepth)
	}
	v, err := w.in.hook("encode", c, c.encode, o)
	if err != nil {
		return err
	}
	w.open = append(w.open, o)
	err = w.custom(c.name, v)
	w.open = w.open[:len(w.open)-1]
	w.depth--
	return err
}

// hook calls a hook of a class, with the class as this. What ends the Eval whose value it is about ends it, too.
func (in *Interp) hook(which string, c *class, f *goja.Object, v goja.Value) (goja.Value, error) {
	if in.ctx == context.Background() && in.recent != nil {
		end, err := in.enter(in.recent)
		if err != nil {
			return nil, err
		}
		defer end()
	}
	call, _ := goja.AssertFunction(f)
	out, err := call(c.ctor, v)
	switch {
	case err != nil:
		return nil, lang.HookFailed(which, c.name, in.fail(err))
	case out == nil || goja.IsUndefined(out):
		return nil, lang.HookSilent(which, c.name)
	}
	return out, nil
}

// named is the class, or the value of a class, that a Custom stands for.
func (in *Interp) named(name string, v goja.Value) (goja.Value, error) {
	if name == lang.ClassRef {
		if c := in.serial.get(text(v)); c != nil {
			return c.ctor, nil
		}
		return nil, lang.Unregistered(text(v), "JavaScript")
	}
	c := in.serial.get(name)
	return in.hook("decode", c, c.decode, v)
}
