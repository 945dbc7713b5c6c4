package lang

import (
	"fmt"
	"math/big"
	"strings"
)

// Sink takes one value as a sequence of events. Scalars are one event; a container is Begin, its n elements or
// entries, End. In an Object, an Err and a Closure each entry is Key and then a value; in a Table and a Map it is a
// value (the key) and then a value.
//
// Everything with an identity (each Begin, Typed, Time and RegExp) takes the next number, from 0 in each stream, in
// the order of those events; Ref(i) stands for number i again, which may still be open (a cycle).
//
// Bytes given to a sink: an interpreter's sink keeps and aliases them, wire.Encoder copies them.
// An error from any event ends the stream.
type Sink interface {
	Null() error
	Undefined() error
	Bool(v bool) error
	Int(v int64) error
	Float(v float64) error
	BigInt(v *big.Int) error
	Text(s string) error            // valid UTF-8
	UTF16(units []uint16) error     // a string with lone surrogates
	Bytes(b []byte) error           // a byte string: Go's []byte, a Lua string that is not UTF-8
	Time(sec int64, nsec int) error // since 1970 UTC; nsec < 0 is JS's invalid Date
	RegExp(source, flags string) error
	Typed(t Elem, b []byte) error // elements in little-endian order
	// Begin opens a container of n elements or entries. name is the class of an Err, the language of a Closure, the
	// type name of a Custom, and empty otherwise.
	Begin(k Kind, n int, name string) error
	Key(k string) error // valid UTF-8; an object with any other key travels as a Table
	End() error
	Ref(i int) error
}

// HostSink is a sink in this process that takes the Go values behind host objects as they are, like Builder: walkers
// offer them to it before they encode them.
type HostSink interface {
	Sink
	Host(v any) error
}

// Kind is a kind of container.
type Kind uint8

const (
	List    Kind = iota // a JS array, a Lua table with the keys 1..n, Go's []any
	Object              // a JS object, a Lua table whose keys are all UTF-8 strings, Go's map[string]any and structs; in key order
	Table               // any other Lua table; a Map in JS
	Map                 // a JS Map
	Set                 // a JS Set; its elements are values
	Err                 // an error: entries "message", "stack" (text, when known), then its own fields
	Closure             // a function: entry "" is its source text, the others its upvalues
	Custom              // a value of a registered Type: one element, what its Encode gave
)

var kindNames = [...]string{"list", "object", "table", "Map", "Set", "error", "function", "custom"}

func (k Kind) String() string { return kindNames[k] }

// Elem is the type of the elements of a typed array.
type Elem uint8

const (
	Uint8 Elem = iota
	Uint8Clamped
	Int8
	Uint16
	Int16
	Uint32
	Int32
	BigUint64
	BigInt64
	Float32
	Float64
	ArrayBuffer // not an array: the bare buffer
	DataView    // neither
)

var elemNames = [...]string{"Uint8Array", "Uint8ClampedArray", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array",
	"Int32Array", "BigUint64Array", "BigInt64Array", "Float32Array", "Float64Array", "ArrayBuffer", "DataView"}
var elemSizes = [...]int{1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 1, 1}

// String is the name of the JS class.
func (e Elem) String() string { return elemNames[e] }

// Size is the size of an element in bytes.
func (e Elem) Size() int { return elemSizes[e] }

// The Go forms of kinds that Go has no type for. The whole table is in docs/values.md.
type (
	// Undefined is JS's undefined.
	Undefined struct{}
	// UTF16 is a string with lone surrogates.
	UTF16 []uint16
	// InvalidDate is JS's new Date(NaN).
	InvalidDate struct{}
	// RegExp is a regular expression of JS.
	RegExp struct{ Source, Flags string }
	// Clamped is a Uint8ClampedArray.
	Clamped []byte
	// Buffer is an ArrayBuffer.
	Buffer []byte
	// View is a DataView.
	View []byte
	// Pair is an entry of a PairTable or PairMap.
	Pair struct{ Key, Value any }
	// PairTable is a Lua table with keys of several kinds.
	PairTable struct{ Pairs []Pair }
	// PairMap is a JS Map.
	PairMap struct{ Pairs []Pair }
	// ValueSet is a JS Set.
	ValueSet struct{ Items []any }
	// Function is a function as it travels: source text, and in Lua the values of its upvalues.
	Function struct {
		Lang     string
		Source   string
		Upvalues *Record
	}
	// CustomValue is a value of a type that this side has not registered.
	CustomValue struct {
		Name  string
		Value any
	}
)

// Record is an object with its keys in order.
type Record struct {
	Keys   []string
	Values []any
}

// Get gives the value of a key, nil when there is none.
func (r *Record) Get(key string) any {
	if r != nil {
		for i, k := range r.Keys {
			if k == key {
				return r.Values[i]
			}
		}
	}
	return nil
}

// Set adds or replaces an entry.
func (r *Record) Set(key string, v any) {
	for i, k := range r.Keys {
		if k == key {
			r.Values[i] = v
			return
		}
	}
	r.Keys, r.Values = append(r.Keys, key), append(r.Values, v)
}

// Refused says that a value cannot travel: which, and why.
type Refused struct {
	Why  string   // "a symbol cannot be sent"
	path []string // innermost first
	full bool     // it begins at the value itself
}

// Refuse makes a *Refused.
func Refuse(format string, args ...any) error { return &Refused{Why: fmt.Sprintf(format, args...)} }

// At adds to a *Refused where it happened: a key, or an index as "[3]". Other errors are given back as they are.
func At(err error, elem string) error {
	if r, ok := err.(*Refused); ok && !r.full {
		r.path = append(r.path, elem)
	}
	return err
}

// Full says of a *Refused that a sink has told the whole path in a value: whoever drives the sink adds nothing by At.
func Full(err error) error {
	if r, ok := err.(*Refused); ok {
		r.full = true
	}
	return err
}

// Within adds to a *Refused what the value itself is: "globals.p".
func Within(err error, what string) error {
	if r, ok := err.(*Refused); ok {
		r.path = append(r.path, what)
	}
	return err
}

// Path is where the value is: "opts.list[3].conn". The middle of a long one is left out.
func (r *Refused) Path() string {
	var b strings.Builder
	for i := len(r.path) - 1; i >= 0; i-- {
		if i > 3 && i < len(r.path)-8 {
			b.WriteString("..")
			i = 3
		}
		if b.Len() > 0 && !strings.HasPrefix(r.path[i], "[") {
			b.WriteByte('.')
		}
		b.WriteString(r.path[i])
	}
	return b.String()
}

func (r *Refused) Error() string {
	if len(r.path) == 0 {
		return r.Why
	}
	return r.Path() + ": " + r.Why
}
