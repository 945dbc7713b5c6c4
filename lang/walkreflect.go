package lang

import (
	"cmp"
	"errors"
	"math/big"
	"reflect"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// cborMarshaler is what github.com/fxamacker/cbor asks of a type that encodes itself.
type cborMarshaler interface {
	MarshalCBOR() ([]byte, error)
}

// traits say how values of a Go type are to be taken.
type traits struct {
	leaf      bool // any takes it without reflection
	marshaler bool // it has MarshalCBOR
	failure   bool // it is an error
	async     bool // it is an Async
	byPointer bool // only a pointer to it has MarshalCBOR
}

// traitsByType caches traits by reflect.Type.
var traitsByType sync.Map

// leaves are the types that any, typed and script take, but for those that reflection never asks about.
var leaves = map[reflect.Type]bool{
	reflect.TypeFor[time.Time](): true, reflect.TypeFor[*big.Int](): true, reflect.TypeFor[Undefined](): true,
	reflect.TypeFor[InvalidDate](): true, reflect.TypeFor[UTF16](): true, reflect.TypeFor[Clamped](): true,
	reflect.TypeFor[Buffer](): true, reflect.TypeFor[View](): true, reflect.TypeFor[Feed](): true,
	reflect.TypeFor[Record](): true, reflect.TypeFor[*Record](): true, reflect.TypeFor[RegExp](): true,
	reflect.TypeFor[*RegExp](): true, reflect.TypeFor[PairTable](): true, reflect.TypeFor[*PairTable](): true,
	reflect.TypeFor[PairMap](): true, reflect.TypeFor[*PairMap](): true, reflect.TypeFor[ValueSet](): true,
	reflect.TypeFor[*ValueSet](): true, reflect.TypeFor[Error](): true, reflect.TypeFor[*Error](): true,
	reflect.TypeFor[Function](): true, reflect.TypeFor[*Function](): true, reflect.TypeFor[CustomValue](): true,
	reflect.TypeFor[*CustomValue](): true, reflect.TypeFor[func(Sink) error](): true, reflect.TypeFor[[]byte](): true,
	reflect.TypeFor[[]any](): true, reflect.TypeFor[map[string]any](): true,
}

// isLeaf tells whether a struct is a value of its own rather than a set of fields.
func isLeaf(t reflect.Type) bool { return leaves[t] || t == reflect.TypeFor[big.Int]() }

func traitsOf(t reflect.Type) traits {
	if v, ok := traitsByType.Load(t); ok {
		return v.(traits)
	}
	var (
		marshaler = reflect.TypeFor[cborMarshaler]()
		failure   = reflect.TypeFor[error]()
		value     = reflect.TypeFor[Value]()
	)
	v := traits{leaf: leaves[t] || t.Implements(value)}
	if !v.leaf && t.Kind() != reflect.Interface {
		v.marshaler = t.Implements(marshaler)
		v.byPointer = !v.marshaler && reflect.PointerTo(t).Implements(marshaler)
		v.failure = t.Implements(failure)
		v.async = t.Implements(reflect.TypeFor[Async]())
	}
	traitsByType.Store(t, v)
	return v
}

// reflected walks any other Go value.
func (w *walker) reflected(v reflect.Value) error {
	t := v.Type()
	if t.PkgPath() == "" && t.Name() != "" { // a basic type
		return w.basic(v)
	}
	switch v.Kind() {
	case reflect.Interface:
		return w.inner(v)
	case reflect.Pointer:
		if v.IsNil() {
			return w.s.Null()
		}
	}
	tr := traitsOf(t)
	if tr.leaf {
		return w.any(v.Interface())
	}
	for _, t := range w.types {
		if t.Is(v.Interface()) {
			return w.registered(t, v)
		}
	}
	switch {
	case tr.async:
		return Refuse("what arrives later cannot be within a value: return it by itself")
	case tr.marshaler:
		return w.raw(v.Interface().(cborMarshaler), t)
	case tr.byPointer && v.CanAddr():
		return w.raw(v.Addr().Interface().(cborMarshaler), t)
	case tr.byPointer:
		p := reflect.New(t)
		p.Elem().Set(v)
		return w.raw(p.Interface().(cborMarshaler), t)
	case tr.failure:
		return w.identified(v, func() error { return w.goError(v.Interface().(error)) })
	}
	return w.byKind(v)
}

func (w *walker) basic(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Bool:
		return w.s.Bool(v.Bool())
	case reflect.String:
		return w.text(v.String())
	case reflect.Interface:
		return w.inner(v)
	}
	if v.CanInt() || v.CanUint() || v.CanFloat() {
		return w.numeric(v)
	}
	return Refuse("a Go %s cannot be sent", v.Type())
}

func (w *walker) byKind(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		return w.pointer(v)
	case reflect.Struct:
		return w.structure(v)
	case reflect.Map:
		return w.goMap(v)
	case reflect.Slice:
		return w.slice(v)
	case reflect.Array:
		return w.goArray(v)
	}
	return w.basic(v)
}

// inner walks what an interface holds.
func (w *walker) inner(v reflect.Value) error {
	if v.IsNil() {
		return w.s.Null()
	}
	return w.any(v.Elem().Interface())
}

// identified has walk take the number of the pointer v, unless that came before. Other kinds have no identity.
func (w *walker) identified(v reflect.Value, walk func() error) error {
	if v.Kind() != reflect.Pointer || v.Type().Elem().Size() == 0 {
		return walk()
	}
	id := identity{at: v.UnsafePointer(), typ: v.Type().Elem()}
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	w.pending = id
	err := walk()
	w.pending = identity{} // what took no number cannot be referred to
	return err
}

func (w *walker) pointer(v reflect.Value) error {
	if w.depth++; w.depth > maxDepth {
		return Refuse("nested deeper than %d levels", maxDepth)
	}
	defer func() { w.depth-- }()
	return w.identified(v, func() error { return w.reflected(v.Elem()) })
}

// registered walks a value of a Type.
func (w *walker) registered(t *Type, v reflect.Value) error {
	if s, ok := w.s.(HostSink); ok {
		return s.Host(v.Interface())
	}
	if t.Encode == nil {
		return Refuse("%s", cmp.Or(t.Refuse, "a "+t.Name+" cannot be sent"))
	}
	return w.identified(v, func() error {
		inside, err := t.Encode(v.Interface())
		if err != nil {
			return Refuse("a %s cannot be sent: %v", t.Name, err)
		}
		return w.one(t.Name, inside, identity{})
	})
}

func (w *walker) raw(m cborMarshaler, t reflect.Type) error {
	s, ok := w.s.(RawSink)
	if !ok {
		return Refuse("a Go %s, which has MarshalCBOR, can only be sent to a daemon", t)
	}
	b, err := m.MarshalCBOR()
	if err == nil {
		err = s.RawCBOR(b)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNoRaw):
		return Refuse("a Go %s, which has MarshalCBOR, can only be sent to a daemon", t)
	}
	return Refuse("a Go %s cannot be sent: %v", t, err)
}

// slice walks a slice: of numbers as a typed array, of bytes as bytes.
func (w *walker) slice(v reflect.Value) error {
	if plain := numbersOf(v.Type()); plain != nil {
		return w.any(v.Convert(plain).Interface())
	}
	id := identity{}
	if v.Len() > 0 && v.Type().Elem().Size() > 0 {
		id = identity{v.UnsafePointer(), v.Len(), v.Type()}
	}
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	return w.elements(v, id)
}

// numbersOf gives the unnamed slice type for a slice that travels as bytes or a typed array, nil for others.
func numbersOf(t reflect.Type) reflect.Type {
	switch t.Elem() {
	case reflect.TypeFor[byte](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[int16](),
		reflect.TypeFor[uint32](), reflect.TypeFor[int32](), reflect.TypeFor[uint64](), reflect.TypeFor[int64](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64]():
		return reflect.SliceOf(t.Elem())
	}
	return nil
}

// goArray walks an array: of numbers as a slice of them.
func (w *walker) goArray(v reflect.Value) error {
	if numbersOf(v.Type()) == nil {
		return w.elements(v, identity{})
	}
	s := reflect.MakeSlice(reflect.SliceOf(v.Type().Elem()), v.Len(), v.Len())
	reflect.Copy(s, v)
	return w.any(s.Interface())
}

func (w *walker) elements(v reflect.Value, id identity) error {
	n := v.Len()
	if err := w.begin(List, n, "", id); err != nil {
		return err
	}
	for i := range n {
		if err := w.reflected(v.Index(i)); err != nil {
			return At(err, index(i))
		}
	}
	return w.end()
}

// goMap walks a map: with keys that are strings as an object, with others as a table, in the order of the keys.
func (w *walker) goMap(v reflect.Value) error {
	id := identity{}
	if !v.IsNil() {
		id = identity{at: v.UnsafePointer(), typ: v.Type()}
	}
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	entries := make([]goPair, 0, v.Len())
	for i := v.MapRange(); i.Next(); {
		entries = append(entries, goPair{i.Key(), i.Value()})
	}
	slices.SortFunc(entries, func(a, b goPair) int { return compareKeys(a.key, b.key) })
	kind := Table
	if v.Type().Key().Kind() == reflect.String && !slices.ContainsFunc(entries, goPair.bytes) {
		kind = Object
	}
	if err := w.begin(kind, len(entries), "", id); err != nil {
		return err
	}
	for i, e := range entries {
		if err := w.goEntry(kind, e, i); err != nil {
			return err
		}
	}
	return w.end()
}

type goPair struct{ key, value reflect.Value }

// bytes tells whether the key, a string, is no text.
func (p goPair) bytes() bool { return !utf8.ValidString(p.key.String()) }

func (w *walker) goEntry(kind Kind, p goPair, i int) error {
	name := index(i)
	if p.key.Kind() == reflect.String {
		name = p.key.String()
		if err := w.key(name, kind == Table); err != nil {
			return err
		}
	} else if err := w.reflected(p.key); err != nil {
		return At(err, "key "+name)
	}
	return At(w.reflected(p.value), name)
}

// compareKeys orders strings and numbers; keys of other types stay as they come.
func compareKeys(a, b reflect.Value) int {
	switch {
	case a.Kind() != b.Kind():
		return 0
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return 0
}

// structure walks a struct by its shape.
func (w *walker) structure(v reflect.Value) error {
	if v.Type() == reflect.TypeFor[big.Int]() {
		return w.bigInt(v)
	}
	s := shapeOf(v.Type())
	n := 0
	for i := range s.fields {
		if _, ok := s.fields[i].in(v); ok || s.toArray {
			n++
		}
	}
	kind := Object
	switch {
	case s.toArray:
		kind = List
	case s.intKeys:
		kind = Table
	}
	if err := w.begin(kind, n, "", identity{}); err != nil {
		return err
	}
	for i := range s.fields {
		if err := w.field(&s.fields[i], v, kind); err != nil {
			return err
		}
	}
	return w.end()
}

func (w *walker) field(f *field, v reflect.Value, kind Kind) error {
	x, ok := f.in(v)
	if !ok && kind == List {
		return w.s.Null()
	}
	if !ok {
		return nil
	}
	var err error
	switch {
	case kind == List:
	case f.asInt:
		err = w.s.Int(f.key)
	default:
		err = w.key(f.name, kind == Table)
	}
	if err != nil {
		return err
	}
	return At(w.reflected(x), f.name)
}

func (w *walker) bigInt(v reflect.Value) error {
	if v.CanAddr() {
		return w.s.BigInt(v.Addr().Interface().(*big.Int))
	}
	n := v.Interface().(big.Int)
	return w.s.BigInt(&n)
}
