package js

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// trace is a sink that writes events down, and passes them on.
type trace struct {
	b    strings.Builder
	next lang.Sink
}

func (t *trace) note(format string, args ...any) {
	if t.b.Len() > 0 {
		t.b.WriteByte(' ')
	}
	fmt.Fprintf(&t.b, format, args...)
}

func (t *trace) Null() error               { t.note("null"); return t.next.Null() }
func (t *trace) Undefined() error          { t.note("undefined"); return t.next.Undefined() }
func (t *trace) Bool(v bool) error         { t.note("%v", v); return t.next.Bool(v) }
func (t *trace) Int(v int64) error         { t.note("%d", v); return t.next.Int(v) }
func (t *trace) Float(v float64) error     { t.note("f%v", v); return t.next.Float(v) }
func (t *trace) BigInt(v *big.Int) error   { t.note("%vn", v); return t.next.BigInt(v) }
func (t *trace) Text(s string) error       { t.note("%q", s); return t.next.Text(s) }
func (t *trace) UTF16(u []uint16) error    { t.note("%x", u); return t.next.UTF16(u) }
func (t *trace) Bytes(b []byte) error      { t.note("bytes:%x", b); return t.next.Bytes(b) }
func (t *trace) Time(s int64, n int) error { t.note("time:%d.%d", s, n); return t.next.Time(s, n) }
func (t *trace) RegExp(s, f string) error  { t.note("/%s/%s", s, f); return t.next.RegExp(s, f) }
func (t *trace) Typed(e lang.Elem, b []byte) error {
	t.note("%v:%x", e, b)
	return t.next.Typed(e, b)
}
func (t *trace) Begin(k lang.Kind, n int, name string) error {
	t.note("%v%s(%d", k, name, n)
	return t.next.Begin(k, n, name)
}
func (t *trace) Key(k string) error { t.note("%s:", k); return t.next.Key(k) }
func (t *trace) End() error         { t.note(")"); return t.next.End() }
func (t *trace) Ref(i int) error    { t.note("#%d", i); return t.next.Ref(i) }

// TestRoundTrip walks a value into another interpreter and from there once more.
func TestRoundTrip(t *testing.T) {
	from, to := newInterp(t, lang.Config{}), newInterp(t, lang.Config{})
	for _, c := range [][2]string{
		{"null", "null"},
		{"undefined", "undefined"},
		{"[true, false]", "list(2 true false )"},
		{"[0, -5, 2**53, -(2**53), 1.5, -0, NaN, Infinity, 2**60]", "list(9 0 -5 9007199254740992 -9007199254740992 f1.5 f-0 fNaN f+Inf f1.152921504606847e+18 )"},
		{"[1n, 2n**70n, -3n]", "list(3 1n 1180591620717411303424n -3n )"},
		{"['a', 'é', '\\u{1F600}', '\\ud800', '\\ufffd', '']", `list(6 "a" "é" "😀" [d800] "�" "" )`},
		{"[,1,,]", "list(3 undefined 1 undefined )"},
		{"({z: 1, a: {}, m: [], 2: 0, 1: 0})", "object(5 1: 0 2: 0 z: 1 a: object(0 ) m: list(0 ) )"},
		{"({['__proto__']: 1})", "object(1 __proto__: 1 )"},
		{"class P { x = 1; get y() { return 2 } }; new P()", "object(1 x: 1 )"},
		{"({get y() { return 2 }})", "object(1 y: 2 )"},
		{"Object.create(null)", "object(0 )"},
		{"new Date(1500)", "time:1.500000000"},
		{"new Date(-1500)", "time:-2.500000000"},
		{"new Date(NaN)", "time:0.-1"},
		{"/a+\\/b/gi", `/a+\/b/gi`},
		{"new Map([['a', 1], [{}, new Map()]])", `Map(2 "a" 1 object(0 ) Map(0 ) )`},
		{"new Set([1, 'x', [2]])", `Set(3 1 "x" list(1 2 ) )`},
		{"new Uint8Array([1, 2])", "Uint8Array:0102"},
		{"new Uint8ClampedArray([1, 300])", "Uint8ClampedArray:01ff"},
		{"new Int16Array([1, -1]).subarray(1)", "Int16Array:ffff"},
		{"[new Int8Array(1), new Uint16Array(1), new Uint32Array(1), new Int32Array(1), new Float32Array(1)]",
			"list(5 Int8Array:00 Uint16Array:0000 Uint32Array:00000000 Int32Array:00000000 Float32Array:00000000 )"},
		{"[new BigInt64Array(1), new BigUint64Array(0), new Float64Array([1])]", "list(3 BigInt64Array:0000000000000000 BigUint64Array: Float64Array:000000000000f03f )"},
		{"new Uint8Array([1, 2, 3]).buffer", "ArrayBuffer:010203"},
		{"new DataView(new Uint8Array([1, 2, 3]).buffer, 1)", "DataView:0203"},
		{"[new Number(1), new String('s'), new Boolean(false), Object(2n)]", `list(4 1 "s" false 2n )`},
		{"let a = {}; [a, a, [a]]", "list(3 object(0 ) #1 list(1 #1 ) )"},
		{"let a = []; a.push(a, [a]); a", "list(2 #0 list(1 #0 ) )"},
		{"let o = {}; o.self = o; o.list = [o]; o.list.push(o.list); o", "object(2 self: #0 list: list(2 #0 #1 ) )"},
		{"let m = new Map(); m.set(m, m); m", "Map(1 #0 #0 )"},
		{"let d = new Date(0), r = /x/, t = new Uint8Array(1); [d, r, t, [d, r, t]]", "list(4 time:0.0 /x/ Uint8Array:00 list(3 #1 #2 #3 ) )"},
		{"(function (a) { return a + 1 })", `functionjs(1 : "function (a) { return a + 1 }" )`},
		{"a => a * 2", `functionjs(1 : "a => a * 2" )`},
		{"({m(x) { return x }}).m", `functionjs(1 : "({m(x) { return x }\n})[\"m\"]" )`},
		{"({async m(x) { return x }}).m", `functionjs(1 : "({async m(x) { return x }\n})[\"m\"]" )`},
		{"class A { b() {} }; A", `functionjs(1 : "class A { b() {} }" )`},
		{"(function () { return arguments })(1)", "object(1 0: 1 )"},
	} {
		v, err := from.Eval(context.Background(), lang.Code{Source: c[0]}, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		first := &trace{}
		built, err := to.Build(func(s lang.Sink) error { first.next = s; return v.Walk(first) })
		if err != nil || first.b.String() != c[1] {
			t.Errorf("%s = %s, %v; want %s", c[0], first.b.String(), err, c[1])
			continue
		}
		second := &trace{next: nowhere{}}
		if err := built.Walk(second); err != nil || second.b.String() != c[1] {
			t.Errorf("%s: back as %s, %v; want %s", c[0], second.b.String(), err, c[1])
		}
	}
}

func TestErrorsTravel(t *testing.T) {
	from, to := newInterp(t, lang.Config{}), newInterp(t, lang.Config{})
	v, err := from.Eval(context.Background(), lang.Code{Name: "e.js",
		Source: "class HttpError extends Error { constructor(m, s) { super(m, {cause: 'c'}); this.status = s } }\n[new HttpError('no', 404), new RangeError('r')]"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := &trace{}
	built, err := to.Build(func(s lang.Sink) error { first.next = s; return v.Walk(first) })
	want := `list(2 errorHttpError(4 message: "no" stack: "Error: no\n    at e.js:1:58\n    at e.js:2:2" status: 404 cause: "c" ) ` +
		`errorRangeError(2 message: "r" stack: "RangeError: r\n    at e.js:2:28" ) )`
	if err != nil || first.b.String() != want {
		t.Errorf("%s, %v\nwant %s", first.b.String(), err, want)
	}
	set := lang.Binding{Name: "es", Value: func(s lang.Sink) error { return built.Walk(s) }}
	got, err := to.Eval(context.Background(), lang.Code{Source: "es.map(e => [e instanceof Error, e.name, e.constructor.name, e.message, e.status, e.cause, Object.keys(e)])"}, []lang.Binding{set}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := to.Show(got); !strings.Contains(strings.Join(strings.Fields(s), " "), "true, 'HttpError', 'HttpError', 'no', 404, 'c', [ 'status' ]") {
		t.Error(s)
	}
}

func TestRefused(t *testing.T) {
	in := newInterp(t, lang.Config{Stack: 500})
	for _, c := range [][2]string{
		{"Symbol('x')", "a symbol cannot be sent"},
		{"({a: {list: [1, Symbol()]}})", "a.list[1]: a symbol cannot be sent"},
		{"[new WeakMap()]", "[0]: a WeakMap cannot be sent"},
		{"({g: (function* () {})()})", "g: a Generator cannot be sent"},
		{"({p: Promise.resolve(1)})", "p: a promise cannot be sent: await it first"},
		{"({p: new Proxy({}, {})})", "p: a Proxy cannot be sent"},
		{"({f: Math.max})", "f: a native or bound function cannot be sent: wrap it, (...args) => max(...args)"},
		{"({f: (function g() {}).bind(1)})", "f: a native or bound function cannot be sent: wrap it, (...args) => g(...args)"},
		{"new Map([['k', Symbol()]])", "['k']: a symbol cannot be sent"},
		{"({get x() { throw new TypeError('no') }})", "TypeError: no"},
		{"let a = []; for (let i = 0; i < 20000; i++) a = [a]; a", "nested deeper than 10000 levels"},
		{"({get x() { return this.x }})", "RangeError: Maximum call stack size exceeded"},
		{"delete Map.prototype.forEach; new Map()", "TypeError: the built-in method forEach is gone: the script took it away"},
		{"let a = []; a[4e9] = 1; a", "an array of length 4000000001 that is nearly empty cannot be sent: send a Map"},
	} {
		v, err := in.Eval(context.Background(), lang.Code{Source: c[0]}, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		if err = v.Walk(nowhere{}); err == nil || !strings.HasSuffix(err.Error(), c[1]) {
			t.Errorf("%s: %.200v, want %s", c[0], err, c[1])
		}
	}
}

// TestForeign: what JavaScript has no kind for goes back as it came.
func TestForeign(t *testing.T) {
	in := newInterp(t, lang.Config{})
	events := func(s lang.Sink) error {
		return errors.Join(s.Begin(lang.List, 4, ""),
			s.Begin(lang.Closure, 4, "lua"), s.Key(""), s.Text("function() end"),
			s.Key("t"), s.Begin(lang.Table, 2, ""), s.Int(1), s.Text("a"), s.Text("k"), s.Ref(1), s.End(),
			s.Key("b"), s.Bytes([]byte{255}), s.Key("f"), s.Ref(1), s.End(),
			s.Ref(2),
			s.Begin(lang.Custom, 1, "cbor.tag.9"), s.Begin(lang.List, 1, ""), s.Int(1), s.End(), s.End(),
			s.Int(1<<60), s.End())
	}
	v, err := in.Build(events)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trace{next: nowhere{}}
	want := `list(4 functionlua(4 : "function() end" t: table(2 1 "a" "k" #1 ) b: bytes:ff f: #1 ) #2 customcbor.tag.9(1 list(1 1 ) ) 1152921504606846976n )`
	if err := v.Walk(tr); err != nil || tr.b.String() != want {
		t.Errorf("%s, %v\nwant %s", tr.b.String(), err, want)
	}
	got, err := in.Eval(context.Background(), lang.Code{Source: "try { v[0]() } catch (e) { e.message + v[2].name + v[2].value[0] + (v[1] instanceof Map) }"},
		[]lang.Binding{{Name: "v", Value: events}}, nil)
	if err != nil || in.Show(got) != "'a Lua function cannot be called in JavaScriptcbor.tag.91true'" {
		t.Error(got, err)
	}
}

// TestUnregistered: what no class and no type here is the name of cannot be used, and the error says where it was.
func TestUnregistered(t *testing.T) {
	in := newInterp(t, lang.Config{})
	feed := func(v any) lang.Feed { return func(s lang.Sink) error { return lang.Walk(v, s) } }
	for _, name := range []string{"geo.Point", lang.ClassRef} {
		value := []any{int64(0), &lang.PairMap{Pairs: []lang.Pair{{Key: "k", Value: &lang.CustomValue{Name: name, Value: "geo.Point"}}}}}
		_, err := in.Eval(context.Background(), lang.Code{Source: "1"}, []lang.Binding{{Name: "v", Value: feed(value)}}, nil)
		var refused *lang.Refused
		if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "globals.v[1]['k']: a geo.Point cannot be used in JavaScript: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTypedAlias(t *testing.T) {
	in := newInterp(t, lang.Config{})
	mem := make([]byte, 16)
	v, err := in.Eval(context.Background(), lang.Code{Source: "a[1] = 1; a"}, []lang.Binding{{Name: "a", Value: func(s lang.Sink) error { return s.Typed(lang.Float64, mem) }}}, nil)
	if err != nil || mem[15] != 0x3f {
		t.Fatal("not the same memory", err)
	}
	if err := v.Walk(nowhere{}); err != nil {
		t.Fatal(err)
	}
	odd := make([]byte, 17)[1:]
	if _, err := in.Build(func(s lang.Sink) error { return s.Typed(lang.Float64, odd) }); err != nil {
		t.Error(err)
	}
	if _, err := in.Build(func(s lang.Sink) error { return s.Typed(lang.Float64, odd[:9]) }); err == nil {
		t.Error("9 bytes of doubles: no error")
	}
}
