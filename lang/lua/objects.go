package lua

import (
	"math"
	"math/big"
	"strconv"
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
	// opaque is a tag of CBOR that nobody here makes sense of.
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
