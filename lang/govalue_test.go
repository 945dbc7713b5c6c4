package lang_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/lang"
)

// build walks v into a Builder.
func build(t *testing.T, v any, types ...*lang.Type) any {
	t.Helper()
	b := lang.Builder{Types: types}
	if err := lang.WalkTypes(v, far{&b}, types); err != nil {
		t.Fatalf("Walk(%v): %v", v, err)
	}
	return b.Value()
}

// far is a sink that takes no host values, as if in another process.
type far struct{ lang.Sink }

func record(kv ...any) *lang.Record {
	r := &lang.Record{}
	for i := 0; i < len(kv); i += 2 {
		r.Keys, r.Values = append(r.Keys, kv[i].(string)), append(r.Values, kv[i+1])
	}
	return r
}

func TestClosedSet(t *testing.T) {
	for _, v := range []any{
		nil, lang.Undefined{}, true, false, int64(-7), 1.5, "é", lang.UTF16{0xd800}, []byte{1, 0xff},
		new(big.Int).Lsh(big.NewInt(-1), 99), time.Unix(12, 345).UTC(), lang.InvalidDate{},
		&lang.RegExp{Source: "a+", Flags: "gi"}, lang.Clamped{1}, lang.Buffer{1, 2}, lang.View{3},
		[]int8{-1}, []uint16{1}, []int16{-1}, []uint32{1}, []int32{-1}, []uint64{1}, []int64{-1}, []float32{1.5}, []float64{-0.5},
		[]any{int64(1), []any{}, nil}, record("z", int64(1), "a", record()),
		&lang.PairTable{Pairs: []lang.Pair{{Key: int64(1), Value: "x"}, {Key: true, Value: []any{nil}}}},
		&lang.PairMap{Pairs: []lang.Pair{{Key: record("k", nil), Value: 2.5}}},
		&lang.ValueSet{Items: []any{"a", int64(1)}},
		&lang.Error{Class: "TypeError", Message: "no", Fields: record("code", int64(7))},
		&lang.Error{Class: "E", Message: "m", Stack: []lang.Frame{{Func: "f", File: "a.js", Line: 3, Column: 9}, {File: "b.lua", Line: 1}}},
		&lang.Function{Lang: "lua", Source: "function() end", Upvalues: record("x", int64(1))},
		&lang.Function{Lang: "js", Source: "x => x"}, &lang.Function{Lang: "lua", Source: "return '\xff'"},
		&lang.Error{Class: "error", Message: "\xff"},
		&lang.CustomValue{Name: "geo.Point", Value: []any{1.5}},
	} {
		if got := build(t, v); !reflect.DeepEqual(got, v) {
			t.Errorf("Walk and Builder make %#v of %#v", got, v)
		}
	}
}

type celsius float64

type base struct {
	ID   int `cbor:"id"`
	Name string
}

type everything struct {
	base
	*Extra
	Plain    string
	Tagged   int            `cbor:"t"`
	JSON     int            `json:"j,omitempty"`
	Skipped  int            `cbor:"-"`
	Empty    []int          `cbor:"e,omitempty"`
	Temp     celsius        `cbor:"temp"`
	When     time.Time      `cbor:"when"`
	Big      *big.Int       `cbor:"big"`
	List     []base         `cbor:"list"`
	Counts   map[string]int `cbor:"counts"`
	Floats   []float64      `cbor:"floats"`
	Any      any            `cbor:"any"`
	internal int
}

// Extra is embedded by pointer, which reflection can set for exported types only.
type Extra struct {
	More string `cbor:"more"`
}

type position struct {
	_    struct{} `cbor:",toarray"`
	X, Y int
}

type coded struct {
	A string `cbor:"1,keyasint"`
	B int    `cbor:"-2,keyasint"`
}

func TestStructs(t *testing.T) {
	v := everything{base: base{ID: 1, Name: "n"}, Extra: &Extra{More: "m"}, Plain: "p", Tagged: 2, Skipped: 9, Temp: 21.5,
		When: time.Unix(5, 0).UTC(), Big: big.NewInt(3), List: []base{{ID: 4}}, Counts: map[string]int{"b": 2, "a": 1},
		Floats: []float64{1, 2}, Any: "x", internal: 8}
	want := record("id", int64(1), "Name", "n", "more", "m", "Plain", "p", "t", int64(2), "temp", 21.5, "when", v.When,
		"big", v.Big, "list", []any{record("id", int64(4), "Name", "")}, "counts", record("a", int64(1), "b", int64(2)),
		"floats", []float64{1, 2}, "any", "x")
	got := build(t, &v)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("Walk makes %+v, want %+v", got, want)
	}
	var back everything
	if err := lang.Assign(&back, got); err != nil {
		t.Fatal(err)
	}
	v.Skipped, v.internal = 0, 0
	if !reflect.DeepEqual(back, v) {
		t.Errorf("Assign makes %+v, want %+v", back, v)
	}
	if got := build(t, position{X: 1, Y: 2}); !reflect.DeepEqual(got, []any{int64(1), int64(2)}) {
		t.Errorf("toarray gives %v", got)
	}
	table := &lang.PairTable{Pairs: []lang.Pair{{Key: int64(1), Value: "a"}, {Key: int64(-2), Value: int64(5)}}}
	if got := build(t, coded{"a", 5}); !reflect.DeepEqual(got, table) {
		t.Errorf("keyasint gives %v", got)
	}
	var p position
	var c coded
	if err := errors.Join(lang.Assign(&p, []any{int64(1), int64(2)}), lang.Assign(&c, table)); err != nil {
		t.Fatal(err)
	}
	if p.X != 1 || p.Y != 2 || c != (coded{"a", 5}) {
		t.Errorf("Assign gives %v, %v", p, c)
	}
}

func TestGoValues(t *testing.T) {
	seven := 7
	var none *int
	for _, c := range []struct{ in, want any }{
		{uint8(3), int64(3)}, {uint64(math.MaxUint64), new(big.Int).SetUint64(math.MaxUint64)}, {float32(0.5), 0.5},
		{celsius(1.5), 1.5}, {time.Second, int64(1e9)}, {&seven, int64(7)}, {none, nil}, {[]int{1}, []any{int64(1)}},
		{[]celsius{1}, []any{1.0}}, {[2]bool{true}, []any{true, false}}, {[2]byte{1, 2}, []byte{1, 2}}, {[1]float64{3}, []float64{3}},
		{[]string(nil), []any{}}, {map[string]int(nil), record()}, {map[int]string{2: "b", 1: "a"},
			&lang.PairTable{Pairs: []lang.Pair{{Key: int64(1), Value: "a"}, {Key: int64(2), Value: "b"}}}},
		{"\xff", []byte{0xff}}, {map[string]any{"\xff": nil}, &lang.PairTable{Pairs: []lang.Pair{{Key: []byte{0xff}, Value: nil}}}},
		{errors.New("gone"), &lang.Error{Class: "Error", Message: "gone"}}, {*big.NewInt(5), big.NewInt(5)},
		{&time.Time{}, time.Time{}}, {map[float64]int{math.NaN(): 1}, nil}, {struct{}{}, record()},
		{lang.Feed(func(s lang.Sink) error { return s.Int(3) }), int64(3)},
	} {
		got := build(t, c.in)
		if c.want == nil && c.in != none {
			continue // it must not panic
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("Walk(%#v) makes %#v, want %#v", c.in, got, c.want)
		}
	}
}

func TestShared(t *testing.T) {
	r := record("n", int64(1))
	r.Set("self", r)
	list := []any{r, nil, []float64{1}}
	list[1] = list
	m := map[string]any{"r": r, "l": list, "f": list[2]}
	m["m"] = m
	got := build(t, m).(*lang.Record)
	l, gr := got.Get("l").([]any), got.Get("r").(*lang.Record)
	switch {
	case got.Get("m") != any(got):
		t.Error("the map does not hold itself")
	case gr.Get("self") != any(gr) || l[0] != any(gr):
		t.Error("the record is not shared")
	case &l[1].([]any)[0] != &l[0]:
		t.Error("the list does not hold itself")
	case &got.Get("f").([]float64)[0] != &l[2].([]float64)[0]:
		t.Error("the array is not shared")
	}
	type node struct {
		Next *node `cbor:"next"`
		N    int   `cbor:"n"`
	}
	a := &node{N: 1}
	a.Next = &node{N: 2, Next: a}
	v := build(t, a)
	var back *node
	if err := lang.Assign(&back, v); err != nil {
		t.Fatal(err)
	}
	if back.Next.Next != back || back.Next.N != 2 {
		t.Errorf("the ring came back as %+v", back)
	}
	big := make([]*node, 100)
	for i := range big {
		big[i] = &node{N: i}
	}
	both := build(t, [][]*node{big, {big[99], big[0]}}).([]any)
	if both[1].([]any)[0] != both[0].([]any)[99] || both[1].([]any)[1] != both[0].([]any)[0] {
		t.Error("pointers among many are not shared")
	}
}

// TestNestedFeed has references inside a feed, which count from its own beginning, and after it.
func TestNestedFeed(t *testing.T) {
	r := record()
	feed := lang.Feed(func(s lang.Sink) error { return lang.Walk([]any{r, r}, s) })
	got := build(t, []any{record(), feed, r, r}).([]any)
	inner := got[1].([]any)
	if inner[0] != inner[1] || inner[0] == got[0] || got[2] != got[3] || got[2] == got[0] {
		t.Errorf("references are mixed up: %v", got)
	}
}

type point struct{ x, y int }

var pointType = &lang.Type{Name: "geo.Point",
	Is:     func(v any) bool { _, ok := v.(*point); return ok },
	Encode: func(v any) (any, error) { return []any{v.(*point).x, v.(*point).y}, nil },
	Decode: func(v any) (any, error) {
		l := v.([]any)
		return &point{int(l[0].(int64)), int(l[1].(int64))}, nil
	}}

func TestTypes(t *testing.T) {
	p := &point{1, 2}
	got := build(t, []any{p, map[string]*point{"p": p}}, pointType).([]any)
	if q := got[0].(*point); *q != *p || got[1].(*lang.Record).Get("p") != any(q) {
		t.Errorf("the points came back as %v", got)
	}
	var b lang.Builder
	types := []*lang.Type{pointType}
	if err := lang.WalkTypes(p, far{&b}, types); err != nil || b.Value().(*lang.CustomValue).Name != "geo.Point" {
		t.Errorf("an unknown type came as %v, %v", b.Value(), err)
	}
	feed := lang.Feed(func(s lang.Sink) error { return lang.WalkTypes(p, s, types) })
	if err := lang.WalkTypes([]any{p, feed}, &b, types); err != nil || b.Value().([]any)[0] != any(p) || b.Value().([]any)[1] != any(p) {
		t.Errorf("host values came as %v, %v", b.Value(), err)
	}
	b.Types = []*lang.Type{pointType}
	err := errors.Join(b.Begin(lang.Custom, 1, "geo.Point"), b.Ref(0))
	if err == nil || !strings.Contains(err.Error(), "a geo.Point that contains itself cannot be read") {
		t.Errorf("a cycle through Decode gives %v", err)
	}
}

func TestRefusals(t *testing.T) {
	deep := any(nil)
	for range 10_001 {
		deep = []any{deep}
	}
	socket := &lang.Type{Name: "socket", Is: func(v any) bool { _, ok := v.(point); return ok }, Refuse: "a socket cannot be sent"}
	for _, c := range []struct {
		v    any
		want string
	}{
		{map[string]any{"opts": map[string]any{"list": []any{1, 2, 3, point{}}}}, "opts.list[3]: a socket cannot be sent"},
		{struct{ C chan int }{}, "C: a Go chan int cannot be sent"},
		{[]any{func() {}}, "[0]: a Go func() cannot be sent"},
		{[]any{1, later{}}, "[1]: what arrives later cannot be within a value: return it by itself"},
		{complex(1, 2), "a Go complex128 cannot be sent"},
		{map[string]marshaler{"m": {}}, "m: a Go lang_test.marshaler, which has MarshalCBOR, can only be sent to a daemon"},
		{&lang.PairMap{Pairs: []lang.Pair{{Key: make(chan int)}}}, "key [0]: a Go chan int cannot be sent"},
		{[]lang.Feed{func(lang.Sink) error { return lang.At(lang.Refuse("no"), "x") }}, "[0].x: no"},
	} {
		err := lang.WalkTypes(c.v, far{&lang.Builder{}}, []*lang.Type{socket})
		if err == nil || err.Error() != c.want {
			t.Errorf("Walk(%T) gives %v, want %q", c.v, err, c.want)
		}
	}
	if err := lang.Walk(deep, &lang.Builder{}); err == nil || !strings.HasSuffix(err.Error(), "nested deeper than 10000 levels") {
		t.Errorf("a deep list gives %.80v", err)
	}
}

type later struct{}

func (later) Notify(func())        {}
func (later) Result() (any, error) { return nil, nil }

type marshaler struct{}

func (marshaler) MarshalCBOR() ([]byte, error) { return []byte{1}, nil }

func TestAssign(t *testing.T) {
	type shape struct {
		Points []struct {
			X float64 `cbor:"x"`
		} `cbor:"points"`
	}
	for _, c := range []struct {
		dst, v any
		want   any // or an error's text
	}{
		{new(int8), int64(127), int8(127)}, {new(int8), int64(128), "cannot put 128 (number) into int8"},
		{new(uint), int64(-1), "cannot put -1 (number) into uint"}, {new(int), 3.0, 3}, {new(int), 3.5, "cannot put 3.5 (number) into int"},
		{new(uint64), new(big.Int).SetUint64(math.MaxUint64), uint64(math.MaxUint64)}, {new(float64), int64(2), 2.0},
		{new(float32), 1e300, "cannot put 1e+300 (number) into float32"}, {new(celsius), 1.5, celsius(1.5)},
		{new(int), nil, 0}, {new(int), lang.Undefined{}, 0}, {new(string), []byte("x"), "x"}, {new([]byte), "x", []byte("x")},
		{new([]int), []float64{1, 2}, []int{1, 2}}, {new([]int), "ab", `cannot put "ab" (string) into []int`},
		{new([]float64), []any{int64(1), 2.5}, []float64{1, 2.5}}, {new([2]int), []any{int64(1)}, [2]int{1}},
		{new([1]int), []any{nil, nil}, "cannot put 2 elements into [1]int"}, {new([]any), []float64{1}, []any{1.0}},
		{new(map[string]int), record("a", int64(1)), map[string]int{"a": 1}}, {new(map[string]int), []any{}, map[string]int{}},
		{new(map[int]string), &lang.PairTable{Pairs: []lang.Pair{{Key: int64(1), Value: "a"}}}, map[int]string{1: "a"}},
		{new(map[string]struct{}), &lang.ValueSet{Items: []any{"a"}}, map[string]struct{}{"a": {}}},
		{new(map[any]int), &lang.PairMap{Pairs: []lang.Pair{{Key: []any{}, Value: int64(1)}}}, "key [0]: a list cannot be a key of a Go map"},
		{new(shape), record("points", []any{record("x", int64(1)), record("x", "abc")}), `points[1].x: cannot put "abc" (string) into float64`},
		{new(base), record("ID", int64(3), "name", "n", "other", nil), base{3, "n"}}, {new(any), record(), record()},
		{new(time.Time), time.Unix(1, 0).UTC(), time.Unix(1, 0).UTC()}, {new(time.Time), "x", `cannot put "x" (string) into time.Time`},
		{new(big.Int), int64(5), *big.NewInt(5)}, {new(*big.Int), 1e20, mustBig("100000000000000000000")},
		{new(lang.Record), record("a", nil), *record("a", nil)}, {new(error), &lang.Error{Message: "x"}, &lang.Error{Message: "x"}},
		{new(**int), int64(4), func() **int { n := 4; p := &n; return &p }()}, {new(bool), "x", `cannot put "x" (string) into bool`},
	} {
		err := lang.Assign(c.dst, c.v)
		if text, ok := c.want.(string); ok && err != nil {
			if err.Error() != text {
				t.Errorf("Assign(%T, %v) gives %v, want %s", c.dst, c.v, err, text)
			}
			continue
		}
		if got := reflect.ValueOf(c.dst).Elem().Interface(); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("Assign(%T, %v) makes %#v, %v, want %#v", c.dst, c.v, got, err, c.want)
		}
	}
	if err := lang.Assign(3, 4); err == nil {
		t.Error("Assign to what is no pointer succeeds")
	}
}

func mustBig(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

func TestAssignerMaps(t *testing.T) {
	r := record("a", []any{record("b", int64(1))})
	r.Set("self", r)
	var v any
	if err := (lang.Assigner{Maps: true}).Assign(&v, r); err != nil {
		t.Fatal(err)
	}
	m := v.(map[string]any)
	if b := m["a"].([]any)[0].(map[string]any)["b"]; b != int64(1) || fmt.Sprintf("%p", m) != fmt.Sprintf("%p", m["self"]) {
		t.Errorf("the record came as %v", b)
	}
}

func TestStackTexts(t *testing.T) {
	for text, want := range map[string][]lang.Frame{
		"TypeError: x\n\tat f (a b.js:1:2(3))\n\tat c.js:4:5(6)\n\tat Array.map (native)": {{Func: "f", File: "a b.js", Line: 1, Column: 2}, {File: "c.js", Line: 4, Column: 5}, {Func: "Array.map", File: "native"}},
		"stack traceback:\n\tx.lua:3: in function 'g'\n\tx.lua:9: in main chunk":          {{Func: "g", File: "x.lua", Line: 3}, {File: "x.lua", Line: 9}},
	} {
		var b lang.Builder
		err := errors.Join(b.Begin(lang.Err, 1, "E"), b.Key("stack"), b.Text(text), b.End())
		if got := b.Value().(*lang.Error).Stack; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the stack %q is read as %v, %v", text, got, err)
		}
	}
}

func TestAlias(t *testing.T) {
	in := []float64{1, 2}
	b := lang.Builder{Alias: true}
	if err := lang.Walk(in, &b); err != nil {
		t.Fatal(err)
	}
	if got := b.Value().([]float64); &got[0] != &in[0] {
		t.Error("Alias copies")
	}
	if got := build(t, in).([]float64); &got[0] == &in[0] {
		t.Error("without Alias nothing is copied")
	}
}
