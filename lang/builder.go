package lang

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Builder is a sink that makes a Go value, of the forms that docs/values.md lists. What was shared is shared again:
// pointers and maps are the same ones, lists have the same array. The zero Builder is ready, and is so again when a
// value is complete.
type Builder struct {
	Alias bool    // byte strings and typed arrays keep the bytes given; otherwise they are copied
	Maps  bool    // an object becomes a map[string]any; otherwise a *Record
	Types []*Type // whose Decode makes the value of a Custom; a type that is not here gives a *CustomValue

	root  any
	stack []node
	known []any // what each number stands for
}

// node is an open container.
type node struct {
	kind   Kind
	count  int // elements or entries announced
	given  int
	value  any    // what it will be
	key    string // of the entry to come
	pair   any    // the key of a pair whose value is to come
	halved bool   // whether there is such a key
	number int
	typ    *Type
}

// undecoded stands for a Custom whose Decode has not run yet.
type undecoded struct{ name string }

// Value is the last complete value.
func (b *Builder) Value() any { return b.root }

func (b *Builder) Null() error             { return b.put(nil) }
func (b *Builder) Undefined() error        { return b.put(Undefined{}) }
func (b *Builder) Bool(v bool) error       { return b.put(v) }
func (b *Builder) Int(v int64) error       { return b.put(v) }
func (b *Builder) Float(v float64) error   { return b.put(v) }
func (b *Builder) BigInt(v *big.Int) error { return b.put(v) }
func (b *Builder) Text(s string) error     { return b.put(s) }

// Host takes the Go value behind a host object: see HostSink.
func (b *Builder) Host(v any) error { return b.put(v) }

func (b *Builder) UTF16(units []uint16) error { return b.put(UTF16(slices.Clone(units))) }

func (b *Builder) Bytes(p []byte) error { return b.put(b.own(p)) }

func (b *Builder) Time(sec int64, nsec int) error {
	if nsec < 0 {
		return b.identified(InvalidDate{})
	}
	return b.identified(time.Unix(sec, int64(nsec)).UTC())
}

func (b *Builder) RegExp(source, flags string) error {
	return b.identified(&RegExp{Source: source, Flags: flags})
}

func (b *Builder) Typed(t Elem, p []byte) error {
	if len(p)%t.Size() != 0 {
		return fmt.Errorf("lang: %d bytes are no whole number of elements of a %s", len(p), t)
	}
	switch t {
	case Uint8:
		return b.identified(b.own(p))
	case Uint8Clamped:
		return b.identified(Clamped(b.own(p)))
	case ArrayBuffer:
		return b.identified(Buffer(b.own(p)))
	case DataView:
		return b.identified(View(b.own(p)))
	}
	return b.identified(elements(t, p, b.Alias))
}

func (b *Builder) own(p []byte) []byte {
	if b.Alias {
		return p
	}
	if p = bytes.Clone(p); p == nil {
		p = []byte{}
	}
	return p
}

func (b *Builder) Begin(k Kind, n int, name string) error {
	v, t := b.container(k, n, name)
	b.stack = append(b.stack, node{kind: k, count: n, value: v, number: len(b.known), typ: t})
	b.known = append(b.known, v)
	return nil
}

func (b *Builder) container(k Kind, n int, name string) (any, *Type) {
	switch k {
	case List:
		return make([]any, n), nil
	case Table:
		return &PairTable{Pairs: make([]Pair, 0, n)}, nil
	case Map:
		return &PairMap{Pairs: make([]Pair, 0, n)}, nil
	case Set:
		return &ValueSet{Items: make([]any, 0, n)}, nil
	case Err:
		return &Error{Class: name}, nil
	case Closure:
		return &Function{Lang: name}, nil
	case Custom:
		for _, t := range b.Types {
			if t.Name == name && t.Decode != nil {
				return &undecoded{name}, t
			}
		}
		return &CustomValue{Name: name}, nil
	}
	if b.Maps {
		return make(map[string]any, n), nil
	}
	r := &Record{}
	if n > 0 {
		r.Keys, r.Values = make([]string, 0, n), make([]any, 0, n)
	}
	return r, nil
}

func (b *Builder) Key(k string) error {
	if len(b.stack) == 0 {
		return fmt.Errorf("lang: the key %q is in no container", k)
	}
	b.stack[len(b.stack)-1].key = k
	return nil
}

func (b *Builder) End() error {
	n := len(b.stack)
	if n == 0 {
		return fmt.Errorf("lang: there is no container to end")
	}
	top := b.stack[n-1]
	b.stack[n-1] = node{}
	b.stack = b.stack[:n-1]
	if top.given != top.count || top.halved {
		return fmt.Errorf("lang: a %s of %d entries has %d", top.kind, top.count, top.given)
	}
	if top.typ == nil {
		return b.put(top.value)
	}
	v, err := top.typ.Decode(top.pair)
	if err != nil {
		return fmt.Errorf("lang: a %s cannot be read: %w", top.typ.Name, err)
	}
	b.known[top.number] = v
	return b.put(v)
}

func (b *Builder) Ref(i int) error {
	if i < 0 || i >= len(b.known) {
		return fmt.Errorf("lang: a reference to number %d of %d", i, len(b.known))
	}
	v := b.known[i]
	if u, ok := v.(*undecoded); ok {
		return Refuse("a %s that contains itself cannot be read", u.name)
	}
	return b.put(v)
}

// identified is put for a value that takes a number.
func (b *Builder) identified(v any) error {
	b.known = append(b.known, v)
	return b.put(v)
}

// put puts a complete value where it belongs. A closed container is put only then, yet is known from its Begin on.
func (b *Builder) put(v any) error {
	n := len(b.stack)
	if n == 0 {
		b.root = v
		clear(b.known)
		b.known = b.known[:0]
		return nil
	}
	top := &b.stack[n-1]
	if top.kind == Table || top.kind == Map {
		if !top.halved {
			top.pair, top.halved = v, true
			return nil
		}
		top.halved = false
	}
	if top.given == top.count {
		return fmt.Errorf("lang: a %s of %d entries has more", top.kind, top.count)
	}
	top.given++
	switch c := top.value.(type) {
	case []any:
		c[top.given-1] = v
	case *Record:
		c.Keys, c.Values = append(c.Keys, top.key), append(c.Values, v)
	case map[string]any:
		c[top.key] = v
	case *PairTable:
		c.Pairs = append(c.Pairs, Pair{top.pair, v})
	case *PairMap:
		c.Pairs = append(c.Pairs, Pair{top.pair, v})
	case *ValueSet:
		c.Items = append(c.Items, v)
	case *Error:
		c.entry(top.key, v)
	case *Function:
		c.entry(top.key, v)
	case *CustomValue:
		c.Value = v
	case *undecoded:
		top.pair = v
	}
	return nil
}

// entry takes an entry of an Err.
func (e *Error) entry(key string, v any) {
	text, isText := stringOf(v)
	switch {
	case key == "message" && isText && e.Message == "":
		e.Message = text
		return
	case key == "stack" && isText && e.Stack == nil:
		if e.Stack = parseStack(text); e.Stack != nil {
			return
		}
	}
	if e.Fields == nil {
		e.Fields = &Record{}
	}
	e.Fields.Keys, e.Fields.Values = append(e.Fields.Keys, key), append(e.Fields.Values, v)
}

// entry takes an entry of a Closure.
func (f *Function) entry(key string, v any) {
	if text, ok := stringOf(v); ok && key == "" {
		f.Source = text
		return
	}
	if f.Upvalues == nil {
		f.Upvalues = &Record{}
	}
	f.Upvalues.Keys, f.Upvalues.Values = append(f.Upvalues.Keys, key), append(f.Upvalues.Values, v)
}
