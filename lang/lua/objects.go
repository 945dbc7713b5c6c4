package lua

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// object is what a userdata of ours holds: a kind of value that Lua has no type for.
type object interface{ kind() string }

type (
	bigint struct{ n *big.Int }
	wide   struct{ units []uint16 } // a string with lone surrogates
	moment struct {
		sec  int64
		nsec int // < 0: JS's invalid Date
	}
	pattern struct{ source, flags string }
	typed   struct {
		elem lang.Elem
		b    []byte
	}
	// foreign is a function of another language.
	foreign struct {
		language string
		entries  []entry
	}
	// opaque is a value of a type that is not registered here.
	opaque struct {
		name string
		v    glua.LValue
	}
)

func (*bigint) kind() string   { return "bigint" }
func (*wide) kind() string     { return "string" }
func (*moment) kind() string   { return "Date" }
func (*pattern) kind() string  { return "RegExp" }
func (o *typed) kind() string  { return o.elem.String() }
func (*foreign) kind() string  { return "function" }
func (o *opaque) kind() string { return o.name }

// metas are the metatables of our values.
type metas struct {
	list, dict, set, err                       *glua.LTable // of tables
	object, bigint, moment, typed, async, null *glua.LTable // of userdata
}

var smallInts = func() (all [256]glua.LValue) {
	for i := range all {
		all[i] = glua.LNumber(i)
	}
	return
}()

func number(f float64) glua.LValue {
	if f >= 0 && f < float64(len(smallInts)) && f == math.Trunc(f) && !(f == 0 && math.Signbit(f)) {
		return smallInts[int(f)]
	}
	return glua.LNumber(f)
}

func (in *Interp) big(n *big.Int) *glua.LUserData { return in.object(&bigint{n}) }

func (in *Interp) object(o object) *glua.LUserData {
	u := &glua.LUserData{Value: o, Metatable: in.metas.object}
	switch o.(type) {
	case *bigint:
		u.Metatable = in.metas.bigint
	case *moment:
		u.Metatable = in.metas.moment
	case *typed:
		u.Metatable = in.metas.typed
	case *awaitable:
		u.Metatable = in.metas.async
	}
	return u
}

func (in *Interp) openObjects() {
	L := in.main
	meta := func(fns map[string]glua.LGFunction) *glua.LTable {
		t := L.NewTable()
		for name, f := range fns {
			t.RawSetString(name, L.NewFunction(f))
		}
		if t.RawGetString("__tostring") == glua.LNil {
			t.RawSetString("__tostring", L.NewFunction(in.objectText))
		}
		t.RawSetString("__metatable", glua.LString("mirai"))
		return t
	}
	plain := func() *glua.LTable { t := L.NewTable(); return t }
	in.metas = metas{
		list: plain(), dict: plain(), set: plain(), err: L.NewTable(),
		object: meta(map[string]glua.LGFunction{"__index": in.objectIndex, "__call": in.objectCall}),
		bigint: meta(in.bigintMeta()),
		moment: meta(map[string]glua.LGFunction{"__index": in.momentIndex, "__eq": compared(0), "__lt": compared(-1)}),
		typed:  meta(map[string]glua.LGFunction{"__index": in.typedIndex, "__newindex": in.typedSet, "__len": in.typedLen}),
		async:  meta(map[string]glua.LGFunction{"__index": in.asyncIndex}),
		null:   meta(map[string]glua.LGFunction{}),
	}
	in.metas.err.RawSetString("__tostring", L.NewFunction(in.errorText))
	in.metas.err.RawSetString("__concat", L.NewFunction(in.errorConcat))
	in.metas.err.RawSetString(errorKey, &glua.LUserData{Value: &raised{}, Metatable: glua.LNil})
	in.null = &glua.LUserData{Metatable: in.metas.null}
	in.undefined = &glua.LUserData{Metatable: in.metas.null}
	in.globals.RawSetString("null", in.null)
	in.globals.RawSetString("undefined", in.undefined)
}

// self is the object of a method.
func self[T object](L *glua.LState) T {
	if u, ok := L.Get(1).(*glua.LUserData); ok {
		if o, ok := u.Value.(T); ok {
			return o
		}
	}
	L.RaiseError("a method must be called with a colon: x:method()")
	panic("unreachable")
}

func (in *Interp) objectText(L *glua.LState) int {
	L.Push(glua.LString(in.objectString(L.CheckUserData(1))))
	return 1
}

func (in *Interp) objectString(u *glua.LUserData) string {
	switch o := u.Value.(type) {
	case nil:
		return in.kind(u)
	case *bigint:
		return o.n.String()
	case *wide:
		return string(utf16.Decode(o.units))
	case *moment:
		return o.iso()
	case *pattern:
		return "/" + o.source + "/" + o.flags
	case *typed:
		return o.kind() + "(" + strconv.Itoa(o.len()) + ")"
	case *foreign:
		return "function: " + languageName(o.language)
	case *host:
		return o.show()
	case object:
		return o.kind()
	}
	return u.String()
}

func languageName(l string) string {
	if l == lang.JS {
		return "JavaScript"
	}
	return l
}

func (in *Interp) objectIndex(L *glua.LState) int {
	v := glua.LNil
	switch o := L.CheckUserData(1).Value.(type) {
	case *pattern:
		switch L.Get(2) {
		case glua.LString("source"):
			v = glua.LString(o.source)
		case glua.LString("flags"):
			v = glua.LString(o.flags)
		}
	case *opaque:
		switch L.Get(2) {
		case glua.LString("name"):
			v = glua.LString(o.name)
		case glua.LString("value"):
			v = o.v
		}
	}
	L.Push(v)
	return 1
}

func (in *Interp) objectCall(L *glua.LState) int {
	u := L.CheckUserData(1)
	if o, ok := u.Value.(*foreign); ok {
		L.RaiseError("a %s function cannot be called in Lua", languageName(o.language))
	}
	L.RaiseError("attempt to call a %s", in.kind(u))
	return 0
}

func (in *Interp) errorText(L *glua.LState) int {
	t := L.CheckTable(1)
	class, message := t.RawGetString("class").String(), L.ToStringMeta(t.RawGetString("message")).String()
	switch {
	case class == "" || class == "error" || class == "nil":
		L.Push(glua.LString(message))
	case message == "":
		L.Push(glua.LString(class))
	default:
		L.Push(glua.LString(class + ": " + message))
	}
	return 1
}

func (in *Interp) errorConcat(L *glua.LState) int {
	L.Push(glua.LString(L.ToStringMeta(L.Get(1)).String() + L.ToStringMeta(L.Get(2)).String()))
	return 1
}

// Big integers.

func (in *Interp) bigintMeta() map[string]glua.LGFunction {
	binary := func(f func(z, a, b *big.Int) *big.Int) glua.LGFunction {
		return func(L *glua.LState) int {
			L.Push(in.big(f(new(big.Int), bigOf(L, 1), bigOf(L, 2))))
			return 1
		}
	}
	divided := func(f func(z, a, b *big.Int) *big.Int) glua.LGFunction {
		return binary(func(z, a, b *big.Int) *big.Int {
			if b.Sign() == 0 {
				in.cur.RaiseError("a big integer cannot be divided by zero")
			}
			return f(z, a, b)
		})
	}
	compare := func(ok func(int) bool) glua.LGFunction {
		return func(L *glua.LState) int {
			L.Push(glua.LBool(ok(bigOf(L, 1).Cmp(bigOf(L, 2)))))
			return 1
		}
	}
	return map[string]glua.LGFunction{
		"__add": binary((*big.Int).Add), "__sub": binary((*big.Int).Sub), "__mul": binary((*big.Int).Mul),
		"__div": divided((*big.Int).Quo), "__mod": divided(floorMod),
		"__pow": binary(func(z, a, b *big.Int) *big.Int {
			if b.Sign() < 0 || a.BitLen() > 1 && (b.BitLen() > 30 || b.Int64()*int64(a.BitLen()) > 1<<28) {
				in.cur.RaiseError("the power of a big integer is out of bounds")
			}
			return z.Exp(a, b, nil)
		}),
		"__unm": func(L *glua.LState) int {
			L.Push(in.big(new(big.Int).Neg(bigOf(L, 1))))
			return 1
		},
		"__concat": in.errorConcat,
		"__eq":     compare(func(c int) bool { return c == 0 }),
		"__lt":     compare(func(c int) bool { return c < 0 }),
		"__le":     compare(func(c int) bool { return c <= 0 }),
	}
}

func floorMod(z, a, b *big.Int) *big.Int {
	if z.Rem(a, b); z.Sign() != 0 && z.Sign() != b.Sign() {
		z.Add(z, b)
	}
	return z
}

// bigOf is an operand: a big integer, or a number that is whole.
func bigOf(L *glua.LState, i int) *big.Int {
	switch v := L.Get(i).(type) {
	case *glua.LUserData:
		if o, ok := v.Value.(*bigint); ok {
			return o.n
		}
	case glua.LNumber:
		if f := float64(v); f == math.Trunc(f) && !math.IsInf(f, 0) {
			n, _ := big.NewFloat(f).Int(nil)
			return n
		}
	}
	L.RaiseError("attempt to calculate with a big integer and a %s that is no whole number", L.Get(i).Type())
	return nil
}

// Dates.

func (o *moment) time() time.Time { return time.Unix(o.sec, int64(o.nsec)).UTC() }

func (o *moment) iso() string {
	if o.nsec < 0 {
		return "Invalid Date"
	}
	return o.time().Format("2006-01-02T15:04:05.000Z07:00")
}

func (o *moment) seconds() float64 {
	if o.nsec < 0 {
		return math.NaN()
	}
	return float64(o.sec) + float64(o.nsec)/1e9
}

func (in *Interp) momentIndex(L *glua.LState) int {
	o := self[*moment](L)
	switch L.Get(2) {
	case glua.LString("time"):
		L.Push(glua.LNumber(o.seconds()))
	case glua.LString("iso"):
		L.Push(L.NewFunction(func(L *glua.LState) int {
			L.Push(glua.LString(self[*moment](L).iso()))
			return 1
		}))
	default:
		L.Push(glua.LNil)
	}
	return 1
}

// compared gives __eq for 0 and __lt for -1.
func compared(want int) glua.LGFunction {
	return func(L *glua.LState) int {
		a, aok := L.CheckUserData(1).Value.(*moment)
		b, bok := L.CheckUserData(2).Value.(*moment)
		ok := aok && bok && a.nsec >= 0 && b.nsec >= 0 && a.time().Compare(b.time()) == want
		L.Push(glua.LBool(ok))
		return 1
	}
}

// Typed arrays.

func (o *typed) len() int { return len(o.b) / o.elem.Size() }

func (o *typed) get(in *Interp, i int) glua.LValue {
	p := o.b[i*o.elem.Size():]
	switch o.elem {
	case lang.Int8:
		return number(float64(int8(p[0])))
	case lang.Uint16:
		return number(float64(binary.LittleEndian.Uint16(p)))
	case lang.Int16:
		return number(float64(int16(binary.LittleEndian.Uint16(p))))
	case lang.Uint32:
		return number(float64(binary.LittleEndian.Uint32(p)))
	case lang.Int32:
		return number(float64(int32(binary.LittleEndian.Uint32(p))))
	case lang.BigUint64:
		return in.big(new(big.Int).SetUint64(binary.LittleEndian.Uint64(p)))
	case lang.BigInt64:
		return in.big(big.NewInt(int64(binary.LittleEndian.Uint64(p))))
	case lang.Float32:
		return number(float64(math.Float32frombits(binary.LittleEndian.Uint32(p))))
	case lang.Float64:
		return number(math.Float64frombits(binary.LittleEndian.Uint64(p)))
	}
	return number(float64(p[0]))
}

func (o *typed) set(L *glua.LState, i int, v glua.LValue) {
	p := o.b[i*o.elem.Size():]
	if o.elem == lang.BigInt64 || o.elem == lang.BigUint64 {
		L.Replace(3, v)
		n := new(big.Int).And(bigOf(L, 3), new(big.Int).SetUint64(math.MaxUint64))
		binary.LittleEndian.PutUint64(p, n.Uint64())
		return
	}
	n, ok := v.(glua.LNumber)
	if !ok {
		L.RaiseError("an element of a %s must be a number, it is a %s", o.kind(), v.Type())
	}
	f := float64(n)
	switch o.elem {
	case lang.Uint8Clamped:
		p[0] = byte(math.RoundToEven(max(0, min(255, zeroNaN(f)))))
	case lang.Float32:
		binary.LittleEndian.PutUint32(p, math.Float32bits(float32(f)))
	case lang.Float64:
		binary.LittleEndian.PutUint64(p, math.Float64bits(f))
	default:
		w := uint32(int64(math.Mod(zeroNaN(math.Trunc(f)), 1<<32)))
		switch o.elem.Size() {
		case 1:
			p[0] = byte(w)
		case 2:
			binary.LittleEndian.PutUint16(p, uint16(w))
		case 4:
			binary.LittleEndian.PutUint32(p, w)
		}
	}
}

func zeroNaN(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

func (in *Interp) typedLen(L *glua.LState) int {
	L.Push(glua.LNumber(self[*typed](L).len()))
	return 1
}

func (in *Interp) typedIndex(L *glua.LState) int {
	o := self[*typed](L)
	switch k := L.Get(2).(type) {
	case glua.LNumber:
		if i := int(k); i >= 1 && i <= o.len() && float64(i) == float64(k) {
			L.Push(o.get(in, i-1))
			return 1
		}
	case glua.LString:
		if m := in.typedMethod(string(k)); m != nil {
			L.Push(L.NewFunction(m))
			return 1
		} else if k == "kind" {
			L.Push(glua.LString(o.kind()))
			return 1
		}
	}
	L.Push(glua.LNil)
	return 1
}

func (in *Interp) typedMethod(name string) glua.LGFunction {
	switch name {
	case "each": // for i, v in t:each() do
		return func(L *glua.LState) int {
			o := self[*typed](L)
			i := 0
			L.Push(L.NewFunction(func(L *glua.LState) int {
				if i >= o.len() {
					return 0
				}
				i++
				L.Push(glua.LNumber(i))
				L.Push(o.get(in, i-1))
				return 2
			}))
			return 1
		}
	case "table":
		return func(L *glua.LState) int {
			o := self[*typed](L)
			t := L.CreateTable(o.len(), 0)
			for i := range o.len() {
				t.RawSetInt(i+1, o.get(in, i))
			}
			L.Push(t)
			return 1
		}
	case "bytes":
		return func(L *glua.LState) int {
			L.Push(glua.LString(self[*typed](L).b))
			return 1
		}
	}
	return nil
}

func (in *Interp) typedSet(L *glua.LState) int {
	o := self[*typed](L)
	k, ok := L.Get(2).(glua.LNumber)
	if i := int(k); !ok || i < 1 || i > o.len() || float64(i) != float64(k) {
		L.RaiseError("a %s of %d elements has no element %s", o.kind(), o.len(), strings.TrimSpace(L.Get(2).String()))
	}
	o.set(L, int(k)-1, L.Get(3))
	return 0
}
