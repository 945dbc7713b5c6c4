package lua

import (
	"context"
	"fmt"
	"slices"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// class is a class of a script, a metatable, whose values travel as what encode gives.
type class struct {
	name           string
	table          *glua.LTable
	encode, decode glua.LValue
}

// classSet are the registered classes. It is replaced, never changed, so that the baseline may keep it; nil has none.
type classSet struct {
	named  map[string]*class
	tables map[*glua.LTable]*class
}

// with is s and c, which takes the place of those with its name or its table.
func (s *classSet) with(c *class) *classSet {
	n := &classSet{named: map[string]*class{}, tables: map[*glua.LTable]*class{}}
	if s != nil {
		for _, old := range s.named {
			if old.name != c.name && old.table != c.table {
				n.add(old)
			}
		}
	}
	n.add(c)
	return n
}

func (s *classSet) add(c *class) { s.named[c.name], s.tables[c.table] = c, c }

func (s *classSet) get(name string) *class {
	if s == nil {
		return nil
	}
	return s.named[name]
}

// of is the nearest class of a table: its metatable, what that looks names up in, the metatable of this, and so on.
func (s *classSet) of(t *glua.LTable) *class {
	for range maxParents {
		m, ok := t.Metatable.(*glua.LTable)
		if !ok {
			return nil
		}
		if c := s.tables[m]; c != nil {
			return c
		}
		t = m
		if index, ok := m.RawGetString("__index").(*glua.LTable); ok && index != m {
			if c := s.tables[index]; c != nil {
				return c
			}
			t = index
		}
	}
	return nil
}

const maxParents = 100 // metatables may be a circle

// Register has the values of a class travel. See lang.Interpreter.
func (in *Interp) Register(given lang.Class, carry func(lang.Carried) error) error {
	t, ok := given.Class.(*value).v.(*glua.LTable)
	if !ok {
		return notClass("the class must be a metatable, it is of kind %s", given.Class.Kind())
	}
	c := &class{name: given.Name, table: t, encode: given.Encode.(*value).v, decode: given.Decode.(*value).v}
	if c.name == "" {
		name, _ := t.RawGetString("__name").(glua.LString)
		c.name = string(name)
	}
	if c.name == "" {
		return notClass(`a class without __name needs a name: {name = "geo.Point"}`)
	}
	after, parts := in.serial.with(c), in.parts(c)
	err := carry(lang.Carried{Name: c.name, Source: registerSource, Parts: func(s lang.Sink) error {
		w := walker{in: in, s: s, classes: after, bare: c}
		return w.value(parts)
	}})
	if err == nil {
		in.serial = after
	}
	return err
}

func notClass(format string, args ...any) error {
	return &lang.Error{Class: "TypeError", Message: "serial: " + fmt.Sprintf(format, args...)}
}

// registerSource makes a class known from its parts.
const registerSource = `local c = ` + lang.ClassParts + `
` + lang.ClassParts + ` = nil
if c.meta then setmetatable(c.class, c.meta) end
if c.global then _G[c.global] = c.class end
mirai.serial(c.class, c.encode, c.decode, {name = c.name})
return nil`

// parts are what registerSource needs: the metatable, its own, and the global that it is.
func (in *Interp) parts(c *class) *glua.LTable {
	parts := in.main.NewTable()
	parts.RawSetString("class", c.table)
	parts.RawSetString("encode", c.encode)
	parts.RawSetString("decode", c.decode)
	parts.RawSetString("name", glua.LString(c.name))
	if _, ok := c.table.Metatable.(*glua.LTable); ok {
		parts.RawSetString("meta", c.table.Metatable)
	}
	for k, v := in.globals.Next(glua.LNil); k != glua.LNil; k, v = in.globals.Next(k) {
		if name, ok := k.(glua.LString); ok && v == c.table {
			parts.RawSetString("global", name)
			break
		}
	}
	return parts
}

// registered sends a table that is a registered class, or a value of one. False: it is neither.
func (w *walker) registered(t *glua.LTable) (done bool, err error) {
	c := w.classes.tables[t]
	switch {
	case c != nil && c == w.bare:
		return false, nil
	case c != nil:
		if i, ok := w.seen(t); ok {
			return true, w.s.Ref(i)
		}
		return true, w.custom(lang.ClassRef, glua.LString(c.name))
	case t.Metatable == glua.LNil || t.RawGetString("__index") != glua.LNil: // the latter is a class that inherits
		return false, nil
	}
	if c = w.classes.of(t); c == nil {
		return false, nil
	}
	return true, w.instance(t, c)
}

// instance sends a value of a registered class as what its hook gives.
func (w *walker) instance(t *glua.LTable, c *class) error {
	switch {
	case c == w.bare:
		return lang.Refuse("a %s cannot be part of its own class: make it when it is needed", c.name)
	case slices.Contains(w.around, t):
		return lang.Refuse("a %s that contains itself cannot be sent", c.name)
	}
	if i, ok := w.seen(t); ok {
		return w.s.Ref(i)
	}
	v, err := w.in.hook("encode", c, c.encode, t)
	if err != nil {
		return err
	}
	w.around = append(w.around, t)
	err = w.custom(c.name, v)
	w.around = w.around[:len(w.around)-1]
	return err
}

// hook calls a hook of a class. What ends the Eval whose value it is about ends it, too.
func (in *Interp) hook(which string, c *class, f, v glua.LValue) (glua.LValue, error) {
	if in.gate.ctx == context.Background() && in.recent != nil {
		defer in.end(in.begin(in.recent))
	}
	out, err := (&callback{in, f}).Call(&value{in, v})
	if err != nil {
		return nil, lang.HookFailed(which, c.name, err)
	}
	if x := out.(*value).v; x != glua.LNil {
		return x, nil
	}
	return nil, lang.HookSilent(which, c.name)
}

// named is the class, or the value of a class, that a Custom stands for.
func (in *Interp) named(name string, v glua.LValue) (glua.LValue, error) {
	if v == nil || v == in.null {
		v = glua.LNil
	}
	if name == lang.ClassRef {
		if c := in.serial.get(v.String()); c != nil {
			return c.table, nil
		}
		return nil, lang.Unregistered(v.String(), "Lua")
	}
	c := in.serial.get(name)
	return in.hook("decode", c, c.decode, v)
}
