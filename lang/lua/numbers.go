package lua

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

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
