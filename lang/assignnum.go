package lang

import (
	"math"
	"math/big"
	"reflect"
)

func isNumeric(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Float64 }

// setNumber sets a number of any kind, refusing what it cannot hold: whole numbers stay exact.
func setNumber(dst reflect.Value, v any) error {
	ok := false
	switch n := v.(type) {
	case int64:
		ok = setInt(dst, n)
	case float64:
		ok = setFloat(dst, n)
	case *big.Int:
		ok = setBig(dst, n)
	}
	if !ok {
		return misfit(dst, v)
	}
	return nil
}

func setInt(dst reflect.Value, n int64) bool {
	switch {
	case dst.CanInt():
		if dst.OverflowInt(n) {
			return false
		}
		dst.SetInt(n)
	case dst.CanUint():
		if n < 0 || dst.OverflowUint(uint64(n)) {
			return false
		}
		dst.SetUint(uint64(n))
	default:
		dst.SetFloat(float64(n))
	}
	return true
}

func setFloat(dst reflect.Value, f float64) bool {
	if dst.CanFloat() {
		if dst.OverflowFloat(f) {
			return false
		}
		dst.SetFloat(f)
		return true
	}
	n, ok := whole(f)
	return ok && setBig(dst, n)
}

// whole gives a float that is a whole number.
func whole(f float64) (*big.Int, bool) {
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		return nil, false
	}
	n, _ := big.NewFloat(f).Int(nil)
	return n, true
}

// bigOf gives any whole number.
func bigOf(v any) (*big.Int, bool) {
	switch n := v.(type) {
	case int64:
		return big.NewInt(n), true
	case float64:
		return whole(n)
	case *big.Int:
		return n, n != nil
	}
	return nil, false
}

func setBig(dst reflect.Value, n *big.Int) bool {
	switch {
	case n.IsInt64():
		return setInt(dst, n.Int64())
	case dst.CanUint() && n.IsUint64():
		if dst.OverflowUint(n.Uint64()) {
			return false
		}
		dst.SetUint(n.Uint64())
		return true
	case dst.CanFloat():
		f, _ := new(big.Float).SetInt(n).Float64()
		return setFloat(dst, f)
	}
	return false
}

// slice sets a slice from a list, a set, a typed array or bytes.
func (a *assignment) slice(dst reflect.Value, v any) error {
	src, ok := sequence(dst, v)
	if !ok {
		return misfit(dst, v)
	}
	t := dst.Type()
	if src.Type().Elem() == t.Elem() && src.Kind() == reflect.Slice && !src.IsNil() {
		dst.Set(src.Convert(t)) // the memory of a typed array is kept
		return nil
	}
	s := reflect.MakeSlice(t, src.Len(), src.Len())
	if err := a.each(s, src); err != nil {
		return err
	}
	dst.Set(s)
	return nil
}

// array sets an array from what has no more elements; the others become zero.
func (a *assignment) array(dst reflect.Value, v any) error {
	src, ok := sequence(dst, v)
	if !ok {
		return misfit(dst, v)
	}
	if src.Len() > dst.Len() {
		return Refuse("cannot put %d elements into %s", src.Len(), dst.Type())
	}
	dst.SetZero()
	return a.each(dst, src)
}

func (a *assignment) each(dst, src reflect.Value) error {
	for i := range src.Len() {
		if err := a.set(dst.Index(i), element(src.Index(i))); err != nil {
			return At(err, index(i))
		}
	}
	return nil
}

// element gives an element of a sequence in the form that Builder would give it.
func element(v reflect.Value) any {
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanFloat():
		return v.Float()
	case v.CanUint():
		if n := v.Uint(); n > math.MaxInt64 {
			return new(big.Int).SetUint64(n)
		}
		return int64(v.Uint())
	}
	return v.Interface()
}

// sequence gives what has elements as a slice; a string only for bytes.
func sequence(dst reflect.Value, v any) (reflect.Value, bool) {
	switch s := v.(type) {
	case *ValueSet:
		v = s.Items
	case string:
		if dst.Type().Elem().Kind() == reflect.Uint8 {
			v = []byte(s)
		}
	}
	r := reflect.ValueOf(v)
	return r, r.Kind() == reflect.Slice
}
