package lua

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unsafe"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

const (
	trusted   = 1 << 12 // elements that a stream announces are believed up to here
	maxSparse = 1 << 22 // gopher-lua fills the gap below a whole key with nils
	aliased   = 1 << 12 // bytes from here on become a string without a copy
)

// builder is a lang.HostSink that makes a Lua value.
type builder struct {
	in     *Interp
	open   []opened
	ids    []glua.LValue
	result glua.LValue
}

// opened is a container whose elements arrive.
type opened struct {
	kind    lang.Kind
	t       *glua.LTable
	n       int // elements so far
	key     glua.LValue
	named   string
	keyed   bool
	fn      *glua.LFunction // a closure of Lua
	ud      *glua.LUserData // a foreign closure or a custom value
	id      int
	entries []entry
}

func (in *Interp) build(f lang.Feed) (glua.LValue, error) {
	b := builder{in: in}
	if err := f(&b); err != nil {
		return nil, err
	}
	if b.result == nil {
		return glua.LNil, nil
	}
	return b.result, nil
}

// add puts a value where it belongs.
func (b *builder) add(v glua.LValue) error {
	n := len(b.open)
	if n == 0 {
		b.result = v
		return nil
	}
	o := &b.open[n-1]
	switch o.kind {
	case lang.List:
		o.n++
		o.t.RawSetInt(o.n, v)
	case lang.Object, lang.Err:
		o.t.RawSetString(o.named, v)
	case lang.Set:
		return b.insert(o, v, glua.LTrue)
	case lang.Closure:
		o.entries = append(o.entries, entry{glua.LString(o.named), v})
	case lang.Custom:
		o.key = v
	default:
		if o.keyed = !o.keyed; o.keyed {
			o.key = v
			return nil
		}
		return b.insert(o, o.key, v)
	}
	return nil
}

// insert sets a key that need not be a name.
func (b *builder) insert(o *opened, k, v glua.LValue) error {
	o.n++
	if f, ok := k.(glua.LNumber); ok {
		if math.IsNaN(float64(f)) {
			return lang.Refuse("a %s with the key NaN cannot be used in Lua", o.kind)
		}
		if f > maxSparse && float64(f) < float64(glua.MaxArrayIndex) && float64(f) == math.Trunc(float64(f)) && int(f) > 4*o.n+o.t.Len() {
			return lang.Refuse("a %s with the key %s cannot be used in Lua: it would take too much memory", o.kind, f.String())
		}
	}
	o.t.RawSet(k, v)
	return nil
}

func (b *builder) Null() error {
	if len(b.open) == 0 {
		return b.add(glua.LNil)
	}
	return b.add(b.in.null)
}

func (b *builder) Undefined() error {
	if len(b.open) == 0 {
		return b.add(glua.LNil)
	}
	return b.add(b.in.undefined)
}

func (b *builder) Bool(v bool) error { return b.add(glua.LBool(v)) }

func (b *builder) Int(v int64) error {
	if v > maxInt || v < -maxInt {
		return b.add(b.in.big(big.NewInt(v)))
	}
	return b.add(number(float64(v)))
}

func (b *builder) Float(v float64) error      { return b.add(number(v)) }
func (b *builder) BigInt(v *big.Int) error    { return b.add(b.in.big(v)) }
func (b *builder) Text(s string) error        { return b.add(glua.LString(s)) }
func (b *builder) UTF16(units []uint16) error { return b.add(b.in.object(&wide{units})) }

func (b *builder) Bytes(p []byte) error {
	if len(p) >= aliased {
		return b.add(glua.LString(unsafe.String(&p[0], len(p)))) // the feed gave them away
	}
	return b.add(glua.LString(p))
}

func (b *builder) Time(sec int64, nsec int) error { return b.identified(&moment{sec, nsec}) }

func (b *builder) RegExp(source, flags string) error { return b.identified(&pattern{source, flags}) }

func (b *builder) Typed(t lang.Elem, p []byte) error { return b.identified(&typed{t, p}) }

// Host adds a Go value of a registered type as the object that stands for it.
func (b *builder) Host(v any) error {
	u := b.in.hosted(v)
	if u == nil {
		return lang.Refuse("a %T cannot be used in Lua: its type is not registered", v)
	}
	return b.add(u)
}

func (b *builder) identified(o object) error {
	u := b.in.object(o)
	b.ids = append(b.ids, u)
	return b.add(u)
}

func (b *builder) Begin(k lang.Kind, n int, name string) error {
	if len(b.open) >= maxNesting {
		return lang.Refuse("a value nested deeper than %d cannot be used", maxNesting)
	}
	o := opened{kind: k, id: len(b.ids)}
	hint := min(max(n, 0), trusted)
	var v glua.LValue
	switch k {
	case lang.List:
		o.t = b.in.main.CreateTable(hint, 0)
		if n == 0 {
			o.t.Metatable = b.in.metas.list
		}
		v = o.t
	case lang.Closure:
		o.named = name
		v = b.closure(&o, name)
	case lang.Custom:
		o.named = name
		switch {
		case name == lang.ClassRef || b.in.serial.get(name) != nil: // there at its end
		case strings.HasPrefix(name, lang.TagPrefix) || b.in.typeNamed(name) != nil:
			o.ud = &glua.LUserData{Metatable: glua.LNil}
			v = o.ud
		default:
			return b.at(lang.Unregistered(name, "Lua"))
		}
	default:
		o.t = b.in.main.CreateTable(0, hint)
		o.t.Metatable = b.in.metaOf(k)
		if k == lang.Err {
			o.t.RawSetString("class", glua.LString(name))
		}
		v = o.t
	}
	b.ids = append(b.ids, v)
	b.open = append(b.open, o)
	return nil
}

func (in *Interp) metaOf(k lang.Kind) glua.LValue {
	switch k {
	case lang.Map:
		return in.metas.dict
	case lang.Set:
		return in.metas.set
	case lang.Err:
		return in.metas.err
	}
	return glua.LNil
}

func (b *builder) Key(k string) error {
	b.open[len(b.open)-1].named = k
	return nil
}

func (b *builder) End() error {
	n := len(b.open) - 1
	o := b.open[n]
	v := b.ids[o.id]
	var err error
	switch {
	case o.kind == lang.Closure:
		err = b.endClosure(o)
	case o.kind == lang.Custom && o.ud == nil:
		v, err = b.in.named(o.named, o.key)
		b.ids[o.id] = v
	case o.kind == lang.Custom:
		err = b.in.decode(o.named, o.key, o.ud)
	}
	b.open[n] = opened{}
	b.open = b.open[:n]
	if err != nil {
		return b.at(err)
	}
	return b.add(v)
}

func (b *builder) Ref(i int) error {
	if i < 0 || i >= len(b.ids) {
		return lang.Refuse("a reference to number %d, which is not there", i)
	}
	if b.ids[i] == nil {
		return b.at(lang.Refuse("a value of a registered class cannot contain itself"))
	}
	return b.add(b.ids[i])
}

// at adds to a *Refused where the builder is.
func (b *builder) at(err error) error {
	for i := len(b.open) - 1; i >= 0; i-- {
		switch o := &b.open[i]; o.kind {
		case lang.List, lang.Set:
			err = lang.At(err, "["+strconv.Itoa(o.n+1)+"]")
		case lang.Object, lang.Err, lang.Closure:
			err = lang.At(err, o.named)
		case lang.Map, lang.Table:
			if o.keyed {
				err = lang.At(err, elem(o.key))
			}
		}
	}
	return lang.Full(err)
}

// decode makes the value of a registered type, or keeps it as it came.
func (in *Interp) decode(name string, v glua.LValue, u *glua.LUserData) error {
	if v == nil {
		v = glua.LNil
	}
	t := in.typeNamed(name)
	if t == nil {
		u.Value, u.Metatable = &opaque{name, v}, in.metas.object
		return nil
	}
	b := lang.Builder{Types: in.known, Alias: true} // nobody else has v
	if err := in.walk(v, &b); err != nil {
		return err
	}
	x, err := t.Decode(b.Value())
	if err != nil {
		return err
	}
	u.Value, u.Metatable = &host{t, x}, t.meta
	return nil
}

// typeNamed is the type whose values are made again from what travels under a name.
func (in *Interp) typeNamed(name string) *hostType {
	for _, t := range in.types {
		if t.Name == name && t.Decode != nil {
			return t
		}
	}
	return nil
}
