package lang

import (
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"unsafe"
)

// CBORDecoder is what github.com/fxamacker/cbor asks of a type that decodes itself.
type CBORDecoder interface{ UnmarshalCBOR([]byte) error }

// Assign sets what dst points to from a Go value as Builder makes them: numbers that fit, strings, slices from lists and
// typed arrays, structs and maps from objects and tables. Structs go by the names that Walk gives their fields, then by
// those in any case; keys without a field are passed over. Null and undefined give zero values. An any gets the value as
// it is. The error is a *Refused that names what does not fit.
func Assign(dst, v any) error { return Assigner{}.Assign(dst, v) }

// Assigner assigns with hooks.
type Assigner struct {
	// Encode gives a value as CBOR, for types that are CBORDecoders. Nil: those are set like others.
	Encode func(v any) ([]byte, error)
	// Maps makes a map[string]any of each *Record that lands in an any, at any depth; lists there are changed in place.
	Maps bool
}

// Assign is the function Assign with the hooks of a.
func (a Assigner) Assign(dst, v any) error {
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("lang: Assign to a %T: give it a pointer that is not nil", dst)
	}
	s := assignment{Assigner: a}
	return s.set(p.Elem(), v)
}

// assignment is one Assign.
type assignment struct {
	Assigner
	depth  int
	made   map[made]reflect.Value
	plains map[unsafe.Pointer]any // what plain made, or is about to have changed
}

// made is a pointer or map that was made of a shared value: the same value gives the same one again, and cycles close.
type made struct {
	from unsafe.Pointer
	to   reflect.Type
}

func (a *assignment) set(dst reflect.Value, v any) error {
	if a.depth++; a.depth > maxDepth {
		return Refuse("nested deeper than %d levels", maxDepth)
	}
	defer func() { a.depth-- }()
	if _, ok := v.(Undefined); ok && dst.Kind() != reflect.Interface {
		v = nil
	}
	if done, err := a.decode(dst, v); done {
		return err
	}
	if v == nil {
		dst.SetZero()
		return nil
	}
	if a.Maps && dst.Kind() == reflect.Interface && dst.NumMethod() == 0 {
		v = a.plain(v)
	}
	src := reflect.ValueOf(v)
	t := src.Type()
	switch {
	case t.AssignableTo(dst.Type()):
		dst.Set(src)
	case t.Kind() == reflect.Pointer && t.Elem() == dst.Type() && leaves[dst.Type()] && !src.IsNil():
		dst.Set(src.Elem())
	default:
		return a.convert(dst, v)
	}
	return nil
}

// decode lets dst decode itself when it can. A pointer that could is left to its target.
func (a *assignment) decode(dst reflect.Value, v any) (done bool, err error) {
	if a.Encode == nil || !dst.CanAddr() || dst.Kind() == reflect.Pointer || dst.Type().Name() == "" {
		return false, nil
	}
	d, ok := dst.Addr().Interface().(CBORDecoder)
	if !ok {
		return false, nil
	}
	raw, err := a.Encode(v)
	if err == nil {
		err = d.UnmarshalCBOR(raw)
	}
	if err != nil {
		err = Refuse("cannot put %s into %s: %v", describe(v), dst.Type(), err)
	}
	return true, err
}

func (a *assignment) convert(dst reflect.Value, v any) error {
	switch dst.Kind() {
	case reflect.Pointer:
		return a.pointer(dst, v)
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			dst.SetBool(b)
			return nil
		}
	case reflect.String:
		if s, ok := stringOf(v); ok {
			dst.SetString(s)
			return nil
		}
	case reflect.Slice:
		return a.slice(dst, v)
	case reflect.Array:
		return a.array(dst, v)
	case reflect.Map:
		return a.goMap(dst, v)
	case reflect.Struct:
		return a.structure(dst, v)
	default:
		if isNumeric(dst.Kind()) {
			return setNumber(dst, v)
		}
	}
	return misfit(dst, v)
}

func stringOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func (a *assignment) pointer(dst reflect.Value, v any) error {
	id, shared := sourceID(v, dst.Type())
	if p, ok := a.made[id]; ok && shared {
		dst.Set(p)
		return nil
	}
	p := reflect.New(dst.Type().Elem())
	if shared {
		a.remember(id, p)
	}
	if err := a.set(p.Elem(), v); err != nil {
		return err
	}
	dst.Set(p)
	return nil
}

func (a *assignment) remember(id made, v reflect.Value) {
	if a.made == nil {
		a.made = map[made]reflect.Value{}
	}
	a.made[id] = v
}

// sourceID identifies a source that may come again.
func sourceID(v any, to reflect.Type) (made, bool) {
	switch v.(type) {
	case *Record, map[string]any, *PairTable, *PairMap, *ValueSet:
		return made{reflect.ValueOf(v).UnsafePointer(), to}, true
	}
	return made{}, false
}

// entries calls each for the entries of an object or a table, and tells whether v is one. Lua's {} is an empty list.
func entries(v any, each func(key, v any) error) (ok bool, err error) {
	switch v := v.(type) {
	case *Record:
		for i, k := range v.Keys {
			if err := each(k, v.Values[i]); err != nil {
				return true, err
			}
		}
	case map[string]any:
		for k, x := range v {
			if err := each(k, x); err != nil {
				return true, err
			}
		}
	case *PairTable:
		return true, eachPair(v.Pairs, each)
	case *PairMap:
		return true, eachPair(v.Pairs, each)
	case []any:
		return len(v) == 0, nil
	default:
		return false, nil
	}
	return true, nil
}

func eachPair(pairs []Pair, each func(key, v any) error) error {
	for _, p := range pairs {
		if err := each(p.Key, p.Value); err != nil {
			return err
		}
	}
	return nil
}

func (a *assignment) goMap(dst reflect.Value, v any) error {
	if s, ok := v.(*ValueSet); ok && dst.Type().Elem() == reflect.TypeFor[struct{}]() {
		v = setAsTable(s)
	}
	id, shared := sourceID(v, dst.Type())
	if m, ok := a.made[id]; ok && shared {
		dst.Set(m)
		return nil
	}
	t := dst.Type()
	m := reflect.MakeMap(t)
	if shared {
		a.remember(id, m)
	}
	n := 0
	ok, err := entries(v, func(key, x any) error {
		k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := a.set(k, key); err != nil {
			return At(err, "key "+index(n))
		}
		if k.Kind() == reflect.Interface && !k.IsNil() && !k.Comparable() {
			return At(Refuse("%s cannot be a key of a Go map", describe(key)), "key "+index(n))
		}
		if err := a.set(e, x); err != nil {
			return At(err, keyName(key, n))
		}
		n++
		m.SetMapIndex(k, e)
		return nil
	})
	if !ok {
		return misfit(dst, v)
	}
	dst.Set(m)
	return err
}

// setAsTable gives the items of a set as the keys of a table.
func setAsTable(s *ValueSet) *PairTable {
	t := &PairTable{Pairs: make([]Pair, len(s.Items))}
	for i, v := range s.Items {
		t.Pairs[i] = Pair{Key: v}
	}
	return t
}

func (a *assignment) structure(dst reflect.Value, v any) error {
	if dst.Type() == reflect.TypeFor[big.Int]() {
		n, ok := bigOf(v)
		if !ok {
			return misfit(dst, v)
		}
		dst.Addr().Interface().(*big.Int).Set(n)
		return nil
	}
	if isLeaf(dst.Type()) {
		return misfit(dst, v)
	}
	s := shapeOf(dst.Type())
	if l, ok := v.([]any); ok && s.toArray {
		return a.positions(dst, s, l)
	}
	ok, err := entries(v, func(key, x any) error {
		f, ok := s.keyed(key)
		if !ok {
			return nil
		}
		return At(a.set(f.settable(dst), x), f.name)
	})
	if !ok {
		return misfit(dst, v)
	}
	return err
}

// keyed gives the field for a key of any type.
func (s *shape) keyed(key any) (field, bool) {
	switch k := key.(type) {
	case string:
		return s.find(k)
	case int64:
		f, ok := s.find(strconv.FormatInt(k, 10))
		return f, ok && f.asInt
	}
	return field{}, false
}

// positions fills the fields of a struct in their order.
func (a *assignment) positions(dst reflect.Value, s *shape, l []any) error {
	for i, f := range s.fields {
		if i == len(l) {
			break
		}
		if err := a.set(f.settable(dst), l[i]); err != nil {
			return At(err, index(i))
		}
	}
	return nil
}
