package lang

import (
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Walk drives s through a Go value: what Builder makes, and any numbers, strings, slices, arrays, maps, structs and
// pointers. Structs go by their cbor tags, else json tags, else field names. Pointers and maps that come again are
// references. An error becomes an Err, what has a method MarshalCBOR goes to a sink that has RawCBOR. Nil slices and maps
// are empty ones. Slices of numbers are handed over without a copy.
func Walk(v any, s Sink) error { return WalkTypes(v, s, nil) }

// WalkTypes is Walk for values of types, too: a HostSink gets them as they are, for others they become Customs.
func WalkTypes(v any, s Sink, types []*Type) error {
	w := walker{s: s, types: types}
	return w.any(v)
}

// RawSink is a sink that takes a value of its own encoding. It takes no number.
type RawSink interface {
	RawCBOR(b []byte) error
}

const maxDepth = 10_000

type walker struct {
	s       Sink
	types   []*Type
	depth   int
	number  int // the next one
	seen    identities
	pending identity // of a pointer whose target is about to begin
	keys    []string // of the maps around, those of the innermost last
}

// take takes the next number, for a pending pointer and for id, which may be zero.
func (w *walker) take(id identity) {
	if w.pending.at != nil {
		w.seen.add(w.pending, w.number)
		w.pending = identity{}
	}
	if id.at != nil {
		w.seen.add(id, w.number)
	}
	w.number++
}

func (w *walker) begin(k Kind, n int, name string, id identity) error {
	if w.depth++; w.depth > maxDepth {
		return Refuse("nested deeper than %d levels", maxDepth)
	}
	w.take(id)
	return w.s.Begin(k, n, name)
}

func (w *walker) end() error {
	w.depth--
	return w.s.End()
}

// any walks the values that need no reflection, and hands on the others.
func (w *walker) any(v any) error {
	switch v := v.(type) {
	case nil:
		return w.s.Null()
	case Undefined:
		return w.s.Undefined()
	case bool:
		return w.s.Bool(v)
	case int:
		return w.s.Int(int64(v))
	case int64:
		return w.s.Int(v)
	case float64:
		return w.s.Float(v)
	case string:
		return w.text(v)
	case []byte:
		return w.s.Bytes(v)
	case []any:
		return w.list(v)
	case map[string]any:
		return w.stringMap(v)
	case *Record:
		return w.record(v)
	case *big.Int:
		if v == nil {
			return w.s.Null()
		}
		return w.s.BigInt(v)
	case time.Time:
		w.take(identity{})
		return w.s.Time(v.Unix(), v.Nanosecond())
	case InvalidDate:
		w.take(identity{})
		return w.s.Time(0, -1)
	case UTF16:
		return w.s.UTF16(v)
	}
	if done, err := w.typed(v); done {
		return err
	}
	if done, err := w.script(v); done {
		return err
	}
	return w.reflected(reflect.ValueOf(v))
}

// text hands over a string; one that is no text travels as bytes.
func (w *walker) text(s string) error {
	if !utf8.ValidString(s) {
		return w.s.Bytes([]byte(s))
	}
	return w.s.Text(s)
}

func (w *walker) list(l []any) error {
	id := sliceID(l)
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	if err := w.begin(List, len(l), "", id); err != nil {
		return err
	}
	for i, v := range l {
		if err := w.any(v); err != nil {
			return At(err, index(i))
		}
	}
	return w.end()
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

func sliceID[T any](s []T) identity {
	if len(s) == 0 {
		return identity{}
	}
	return identity{unsafe.Pointer(unsafe.SliceData(s)), len(s), reflect.TypeFor[[]T]()}
}

func pointerID[T any](p *T) identity {
	return identity{at: unsafe.Pointer(p), typ: reflect.TypeFor[T]()}
}

// stringMap walks a map in the order of its keys.
func (w *walker) stringMap(m map[string]any) error {
	id := identity{}
	if m != nil {
		id = identity{at: reflect.ValueOf(m).UnsafePointer(), typ: reflect.TypeFor[map[string]any]()}
	}
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	start := len(w.keys)
	for k := range m {
		w.keys = append(w.keys, k)
	}
	end := len(w.keys)
	slices.Sort(w.keys[start:end])
	if err := w.begin(objectKind(w.keys[start:end]), len(m), "", id); err != nil {
		return err
	}
	table := !allText(w.keys[start:end])
	for i := start; i < end; i++ {
		k := w.keys[i]
		if err := w.entry(k, m[k], table); err != nil {
			return err
		}
	}
	w.keys = w.keys[:start]
	return w.end()
}

// objectKind is Object, or Table when some key is no text.
func objectKind(keys []string) Kind {
	if allText(keys) {
		return Object
	}
	return Table
}

func allText(keys []string) bool {
	for _, k := range keys {
		if !utf8.ValidString(k) {
			return false
		}
	}
	return true
}

// entry walks a key and its value.
func (w *walker) entry(key string, v any, table bool) error {
	if err := w.key(key, table); err != nil {
		return err
	}
	return At(w.any(v), key)
}

func (w *walker) key(key string, table bool) error {
	if table {
		return w.text(key)
	}
	return w.s.Key(key)
}

func (w *walker) record(r *Record) error {
	if r == nil {
		return w.s.Null()
	}
	id := pointerID(r)
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	if err := w.begin(objectKind(r.Keys), len(r.Keys), "", id); err != nil {
		return err
	}
	table := !allText(r.Keys)
	for i, k := range r.Keys {
		if err := w.entry(k, r.Values[i], table); err != nil {
			return err
		}
	}
	return w.end()
}

// typed walks what is a typed array.
func (w *walker) typed(v any) (done bool, err error) {
	switch v := v.(type) {
	case Clamped:
		err = w.array(Uint8Clamped, v, sliceID(v))
	case Buffer:
		err = w.array(ArrayBuffer, v, sliceID(v))
	case View:
		err = w.array(DataView, v, sliceID(v))
	case []int8:
		err = w.array(Int8, payload(v), sliceID(v))
	case []uint16:
		err = w.array(Uint16, payload(v), sliceID(v))
	case []int16:
		err = w.array(Int16, payload(v), sliceID(v))
	case []uint32:
		err = w.array(Uint32, payload(v), sliceID(v))
	case []int32:
		err = w.array(Int32, payload(v), sliceID(v))
	case []uint64:
		err = w.array(BigUint64, payload(v), sliceID(v))
	case []int64:
		err = w.array(BigInt64, payload(v), sliceID(v))
	case []float32:
		err = w.array(Float32, payload(v), sliceID(v))
	case []float64:
		err = w.array(Float64, payload(v), sliceID(v))
	default:
		return false, nil
	}
	return true, err
}

func (w *walker) array(t Elem, b []byte, id identity) error {
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	w.take(id)
	return w.s.Typed(t, b)
}

// numeric walks a number of any kind.
func (w *walker) numeric(v reflect.Value) error {
	switch {
	case v.CanInt():
		return w.s.Int(v.Int())
	case v.CanFloat():
		return w.s.Float(v.Float())
	}
	if n := v.Uint(); n > math.MaxInt64 {
		return w.s.BigInt(new(big.Int).SetUint64(n))
	}
	return w.s.Int(int64(v.Uint()))
}
