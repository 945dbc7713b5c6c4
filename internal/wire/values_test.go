package wire

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/fxamacker/cbor/v2"

	"github.com/mojukapu/mirai/lang"
)

// oneOfEach has a value of each kind.
func oneOfEach() []any {
	r := &lang.Record{Keys: []string{"z", "", "a"}, Values: []any{nil, lang.Undefined{}, "é"}}
	return []any{
		nil, lang.Undefined{}, true, int64(math.MinInt64), int64(math.MaxInt64), math.Copysign(0, -1), math.Inf(-1), 0.1,
		new(big.Int).Lsh(big.NewInt(1), 200), big.NewInt(-5), big.NewInt(0), "", "𐅑", lang.UTF16{0xdfff, 0}, []byte{0xff},
		time.Unix(1, 0).UTC(), time.Unix(-1, 5e6).UTC(), time.Unix(1, 7).UTC(), lang.InvalidDate{}, &lang.RegExp{Source: "/", Flags: "u"},
		lang.Clamped{9}, lang.Buffer{1}, lang.View{}, []int8{-1}, []uint16{1, 2}, []int16{-2}, []uint32{3}, []int32{-4},
		[]uint64{5}, []int64{-6}, []float32{0.5}, []float64{7}, []any{}, r,
		&lang.PairTable{Pairs: []lang.Pair{{Key: 1.5, Value: []any{true}}, {Key: "k", Value: nil}}},
		&lang.PairMap{Pairs: []lang.Pair{{Key: []any{int64(1)}, Value: &lang.ValueSet{Items: []any{"x", 2.5}}}}},
		&lang.Error{Class: "RangeError", Message: "m", Stack: []lang.Frame{{File: "f.js", Line: 1, Column: 2}}, Fields: &lang.Record{Keys: []string{"code"}, Values: []any{int64(3)}}},
		&lang.Function{Lang: "lua", Source: "return 1", Upvalues: &lang.Record{Keys: []string{"up"}, Values: []any{[]any{nil}}}},
		&lang.CustomValue{Name: "geo.Point", Value: []any{1.5, 2.5}}, &lang.CustomValue{Name: "cbor.tag.999", Value: int64(1)},
		&lang.CustomValue{Name: lang.ClassRef, Value: "geo.Point"},
		&lang.CustomValue{Name: "cbor.tag.28", Value: int64(1)},
	}
}

// nest puts v into each kind of container, depth times.
func nest(v any, depth int) any {
	for range depth {
		v = []any{&lang.Record{Keys: []string{"k"}, Values: []any{&lang.PairMap{Pairs: []lang.Pair{{Key: "m",
			Value: &lang.ValueSet{Items: []any{&lang.PairTable{Pairs: []lang.Pair{{Key: int64(1), Value: &lang.CustomValue{Name: "c", Value: v}}}}}}}}}}}}
	}
	return v
}

func TestRoundTrip(t *testing.T) {
	for _, v := range oneOfEach() {
		for _, depth := range []int{0, 1, 1000} {
			in := nest(v, depth)
			raw, err := EncodeGo(in, nil)
			if err != nil {
				t.Fatalf("EncodeGo(%#v): %v", v, err)
			}
			if err := cborWellformed(raw); err != nil {
				t.Errorf("%#v is encoded as %x: %v", v, clip(raw), err)
			}
			if n, err := Skip(raw); n != len(raw) || err != nil {
				t.Errorf("Skip of %#v = %d, %v, want %d", v, n, err, len(raw))
			}
			out, err := ToGo(raw, false, nil)
			if err != nil || depth < 1000 && !reflect.DeepEqual(out, in) {
				t.Errorf("%#v comes back as %#v, %v", in, out, err)
			}
			again, err := EncodeGo(out, nil)
			if err != nil || !bytes.Equal(again, raw) {
				t.Errorf("%#v is encoded as %x and then %x, %v", v, clip(raw), clip(again), err)
			}
		}
	}
}

func cborWellformed(raw []byte) error {
	mode, err := cbor.DecOptions{MaxNestedLevels: 65535, MaxArrayElements: math.MaxInt32, MaxMapPairs: math.MaxInt32}.DecMode()
	if err != nil {
		return err
	}
	return mode.Wellformed(raw)
}

// TestOracle compares with the library on what both understand.
func TestOracle(t *testing.T) {
	in := map[string]any{"i": int64(-3), "u": uint64(7), "f": 1.5, "s": "é", "b": []byte{1}, "l": []any{nil, true, "x"}, "m": map[string]any{"k": 1e300}}
	theirs, err := cbor.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := EncodeGo(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{ours, theirs} {
		var lib map[string]any
		if err := cbor.Unmarshal(raw, &lib); err != nil {
			t.Fatal(err)
		}
		if lib["i"] != int64(-3) || lib["m"].(map[any]any)["k"] != 1e300 || lib["l"].([]any)[2] != "x" {
			t.Errorf("the library reads %v", lib)
		}
		got, err := ToGo(raw, true, nil)
		if m, _ := got.(map[string]any); err != nil || m["u"] != int64(7) || !bytes.Equal(m["b"].([]byte), []byte{1}) {
			t.Errorf("ToGo(%x) = %v, %v", raw, got, err)
		}
	}
}

func TestSharing(t *testing.T) {
	shared := &lang.Record{Keys: []string{"n"}, Values: []any{int64(1)}}
	shared.Set("self", shared)
	floats := make([]float64, 1000)
	floats[999] = 2.5
	when := []any{shared, floats, "x", floats, []any{shared, floats}}
	when = append(when, any(nil))
	when[5] = when
	raw, err := EncodeGo(when, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 8200 {
		t.Errorf("%d bytes: the floats are there more than once", len(raw))
	}
	v, err := ToGo(raw, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := v.([]any)
	r, f := l[0].(*lang.Record), l[1].([]float64)
	switch {
	case r.Get("self") != any(r) || l[4].([]any)[0] != any(r):
		t.Error("the record is not one")
	case &f[0] != &l[3].([]float64)[0] || &f[0] != &l[4].([]any)[1].([]float64)[0] || f[999] != 2.5:
		t.Error("the array is not one")
	case &l[5].([]any)[0] != &l[0]:
		t.Error("the list does not hold itself")
	case uintptr(unsafe.Pointer(&f[0]))-uintptr(unsafe.Pointer(&raw[0])) > uintptr(len(raw)):
		t.Error("the array was copied: it is not aligned")
	}
	plain, err := EncodeGo([]any{nil, floats}, nil)
	if err != nil || bytes.Contains(plain[:16], []byte{0xd8, tagShareable}) {
		t.Errorf("what is not shared is marked: %x, %v", plain[:16], err)
	}
}

func TestAlignment(t *testing.T) {
	for elem := lang.Uint8; elem <= lang.DataView; elem++ {
		for _, size := range []int{1 << 10, 1<<16 - 8, 1 << 16, 1 << 17} {
			for header := range 17 {
				var e Encoder
				e.Reset(make([]byte, header))
				data := bytes.Repeat([]byte{7}, size)
				if err := errors.Join(e.Begin(lang.List, 2, ""), e.Int(1), e.Typed(elem, data), e.End()); err != nil {
					t.Fatal(err)
				}
				raw, err := e.Finish()
				if at := bytes.Index(raw, data); err != nil || at%8 != 0 || at > header+40 {
					t.Fatalf("%d bytes of %s after %d bytes begin at %d, %v", size, elem, header, at, err)
				}
				if err := cborWellformed(raw[header:]); err != nil {
					t.Fatal(err)
				}
				var s show
				if rest, err := Decode(raw[header:], &s, Limits{}); err != nil || len(rest) > 0 || !strings.Contains(s.String(), elem.String()) {
					t.Fatalf("Decode gives %.40s, %v", s.String(), err)
				}
			}
		}
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) lang.Feed {
		return func(s lang.Sink) error {
			for range n {
				if err := s.Begin(lang.List, 1, ""); err != nil {
					return err
				}
			}
			err := s.Null()
			for range n {
				err = errors.Join(err, s.End())
			}
			return err
		}
	}
	raw, err := Encode(deep(10_000))
	if err != nil {
		t.Fatal(err)
	}
	wide := append(AppendHead(nil, majorArray, 100), bytes.Repeat([]byte{0}, 100)...)
	for _, c := range []struct {
		feed lang.Feed
		raw  []byte
		lim  Limits
		want string
	}{
		{feed: deep(10_001), want: "nested deeper than 10000 levels"},
		{raw: append([]byte{0x81}, raw...), want: "nested deeper than 10000 levels"},
		{raw: raw, lim: Limits{Depth: 3}, want: "nested deeper than 3 levels"},
		{raw: bytes.Repeat([]byte{0xc9}, 100), lim: Limits{Depth: 3}, want: "nested deeper than 3 levels"},
		{raw: wide, lim: Limits{Count: 100}, want: "larger than 100 values"},
		{raw: wide, lim: Limits{Size: 50}, want: "larger than 50 bytes"},
		{feed: func(s lang.Sink) error { return s.Text(strings.Repeat("x", 51)) }, lim: Limits{Size: 50}, want: "larger than 50 bytes"},
		{feed: deep(4), lim: Limits{Count: 4}, want: "larger than 4 values"},
	} {
		if c.feed == nil {
			_, err = Decode(c.raw, discard{}, c.lim)
		} else {
			e := Encoder{Limits: c.lim}
			e.Reset(nil)
			err = c.feed(&e)
		}
		var refused *lang.Refused
		if !errors.As(err, &refused) || refused.Why != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestHostile bounds what small inputs cost.
func TestHostile(t *testing.T) {
	nested := bytes.Repeat([]byte{0x9a, 0, 0, 0x40, 0}, 5000) // each announces 16,384
	open := bytes.Repeat([]byte{0x9f}, 20_000)
	for _, raw := range [][]byte{nested, open, append(bytes.Repeat([]byte{0x9f}, 9000), bytes.Repeat([]byte{0xff}, 9000)...)} {
		var b lang.Builder
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = Decode(raw, &b, Limits{})
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		if used > 600*uint64(len(raw)) {
			t.Errorf("%d bytes cost %d bytes of memory", len(raw), used)
		}
	}
}

func TestEncoderRefuses(t *testing.T) {
	for name, feed := range map[string]lang.Feed{
		"a second value":                   func(s lang.Sink) error { return errors.Join(s.Null(), s.Null()) },
		"a value too many":                 func(s lang.Sink) error { return errors.Join(s.Begin(lang.List, 0, ""), s.Null()) },
		"before it had what was announced": func(s lang.Sink) error { return errors.Join(s.Begin(lang.List, 1, ""), s.End()) },
		"one without a key":                func(s lang.Sink) error { return errors.Join(s.Begin(lang.Object, 1, ""), s.Null()) },
		"a key was given":                  func(s lang.Sink) error { return errors.Join(s.Begin(lang.List, 1, ""), s.Key("k")) },
		"the value is incomplete":          func(s lang.Sink) error { return s.Begin(lang.List, 1, "") },
		"a reference to number 1":          func(s lang.Sink) error { return errors.Join(s.Begin(lang.List, 1, ""), s.Ref(1)) },
		"a list of -1 entries":             func(s lang.Sink) error { return s.Begin(lang.List, -1, "") },
		"the name is taken":                func(s lang.Sink) error { return s.Begin(lang.Custom, 1, "mirai.x") },
	} {
		if raw, err := Encode(feed); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%x, %v, want an error with %q", raw, err, name)
		}
	}
}

func TestEncoderReuse(t *testing.T) {
	var e Encoder
	for _, v := range oneOfEach() {
		e.Reset([]byte("header"))
		if err := lang.Walk([]any{v, v}, &e); err != nil {
			t.Fatal(err)
		}
		got, err := e.Finish()
		want, _ := EncodeGo([]any{v, v}, nil)
		if err != nil || string(got) != "header"+string(want) {
			t.Errorf("%#v is %x, %v, want %x", v, got, err, want)
		}
	}
}

// own encodes and decodes itself.
type own struct{ n int }

func (o own) MarshalCBOR() ([]byte, error) { return cbor.Marshal(map[string]int{"own": o.n}) }

func (o *own) UnmarshalCBOR(b []byte) error {
	var m map[string]int
	err := cbor.Unmarshal(b, &m)
	o.n = m["own"]
	return err
}

type bad struct{ raw string }

func (b bad) MarshalCBOR() ([]byte, error) { return []byte(b.raw), nil }

func TestMarshalers(t *testing.T) {
	type both struct {
		A *own           `cbor:"a"`
		B map[string]own `cbor:"b"`
	}
	in := both{&own{1}, map[string]own{"x": {2}}}
	raw, err := EncodeGo(&in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustEvents(t, raw); got != "object2( a: object1( own: 1 ) b: object1( x: object1( own: 2 ) ) )" {
		t.Errorf("the structs became %s", got)
	}
	var out both
	if err := Into(raw, &out, nil); err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("Into gives %+v, %v", out, err)
	}
	var top own
	if err := Into(unhex(t, "a1636f776e05"), &top, nil); err != nil || top.n != 5 {
		t.Errorf("Into gives %+v, %v", top, err)
	}
	for _, c := range []string{"", "\x81", "\x00\x00", "\xd8\x1c\x80", "\xf0"} {
		if _, err := EncodeGo([]any{bad{c}}, nil); err == nil || !strings.HasPrefix(err.Error(), "[0]: a Go wire.bad cannot be sent: ") {
			t.Errorf("MarshalCBOR of %q gives %v", c, err)
		}
	}
}

func TestInto(t *testing.T) {
	type target struct {
		When  time.Time          `cbor:"when"`
		Data  []float64          `cbor:"data"`
		Any   any                `cbor:"any"`
		Order *lang.Record       `cbor:"order"`
		Rest  map[string]float32 `json:"rest"`
	}
	in := map[string]any{"when": time.Unix(1, 0), "data": make([]float64, 500), "any": map[string]any{"b": []any{map[string]any{}}},
		"order": &lang.Record{Keys: []string{"z", "a"}, Values: []any{nil, nil}}, "rest": map[string]float64{"x": 0.5}}
	raw, err := EncodeGo(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got target
	if err := Into(raw, &got, nil); err != nil {
		t.Fatal(err)
	}
	if _, ok := got.Any.(map[string]any)["b"].([]any)[0].(map[string]any); !ok || len(got.Data) != 500 || got.Rest["x"] != 0.5 ||
		got.When.Unix() != 1 || got.Order.Keys[0] != "z" {
		t.Errorf("Into gives %+v", got)
	}
	var wrong struct{ Data []string }
	if err := Into(raw, &wrong, nil); err == nil || err.Error() != "Data[0]: cannot put 0 (number) into string" {
		t.Errorf("Into gives %v", err)
	}
}

func TestReader(t *testing.T) {
	b := AppendHead(nil, majorArray, 6)
	b = AppendBytes(AppendText(AppendUint(b, 300), "é"), []byte{1, 2})
	b = AppendInt(AppendBool(AppendNull(b), true), -5)
	b = append(AppendHead(b, majorMap, 1), 0x81, 0x01, 0x02)
	r := Reader{B: b}
	if r.Array() != 6 || r.Uint() != 300 || r.Text() != "é" || len(r.Bytes()) != 2 || !r.Null() || !r.Bool() || r.Int() != -5 ||
		r.Map() != 1 || len(r.Raw()) != 2 || r.Null() || r.Uint() != 2 || r.Err() != nil || len(r.Rest()) != 0 {
		t.Errorf("the reader is at %d: %v", r.Offset(), r.Err())
	}
	for _, read := range []func(*Reader){func(r *Reader) { r.Uint() }, func(r *Reader) { r.Text() }, func(r *Reader) { r.Raw() },
		func(r *Reader) { r.Bool() }, func(r *Reader) { r.Bytes() }, func(r *Reader) { r.Int() }, func(r *Reader) { r.Map() }} {
		r := Reader{B: []byte{0x9a, 0x7f, 0xff, 0xff, 0xff}}
		read(&r)
		first := r.Err()
		if first == nil || r.Array() != 0 || r.Err() != first {
			t.Errorf("the error does not stick: %v, %v", first, r.Err())
		}
	}
}
