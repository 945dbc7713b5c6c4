package lua

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// events is a sink that writes down what it is given.
type events struct{ strings.Builder }

func (e *events) put(format string, args ...any) error {
	if e.Len() > 0 {
		e.WriteByte(' ')
	}
	fmt.Fprintf(e, format, args...)
	return nil
}

func (e *events) Null() error                       { return e.put("null") }
func (e *events) Undefined() error                  { return e.put("undefined") }
func (e *events) Bool(v bool) error                 { return e.put("%v", v) }
func (e *events) Int(v int64) error                 { return e.put("%d", v) }
func (e *events) Float(v float64) error             { return e.put("f%v", v) }
func (e *events) BigInt(v *big.Int) error           { return e.put("%vn", v) }
func (e *events) Text(s string) error               { return e.put("%q", s) }
func (e *events) UTF16(u []uint16) error            { return e.put("utf16%v", u) }
func (e *events) Bytes(b []byte) error              { return e.put("x%x", b) }
func (e *events) Time(sec int64, ns int) error      { return e.put("time(%d,%d)", sec, ns) }
func (e *events) RegExp(s, f string) error          { return e.put("/%s/%s", s, f) }
func (e *events) Typed(t lang.Elem, b []byte) error { return e.put("%s%x", t, b) }
func (e *events) Key(k string) error                { return e.put("%s:", k) }
func (e *events) End() error                        { return e.put(")") }
func (e *events) Ref(i int) error                   { return e.put("#%d", i) }
func (e *events) Begin(k lang.Kind, n int, name string) error {
	return e.put("%s%d%s(", k, n, name)
}

func TestWalk(t *testing.T) {
	tests := []struct{ src, want string }{
		{"nil", "null"},
		{"null", "null"},
		{"undefined", "undefined"},
		{"true", "true"},
		{"1", "1"}, {"-1", "-1"}, {"1.5", "f1.5"}, {"-0", "f-0"}, {"-1 * 0", "f-0"}, {"0/0", "fNaN"}, {"1/0", "f+Inf"},
		{"2^53", "9007199254740992"}, {"2^54", "f1.8014398509481984e+16"},
		{"'é'", `"é"`}, {"'\\255a'", "xff61"}, {"''", `""`},
		{"{}", "object0( )"},
		{"{1, 'a', {}}", `list3( 1 "a" object0( ) )`},
		{"{z = 1, a = 2}", "object2( z: 1 a: 2 )"},
		{"{1, x = 2}", `table2( 1 1 "x" 2 )`},
		{"{1, nil, 3}", "table2( 1 1 3 3 )"},
		{"{['\\255'] = 1}", "table1( xff 1 )"},
		{"{[true] = 1}", "table1( true 1 )"},
		{"{1, null}", "list2( 1 null )"},
		{"return 1, nil", "list2( 1 null )"},
		{"local a = {} a.me = a return a", "object1( me: #0 )"},
		{"local a, b = {1}, {2} return {a, b, a, b}", "list4( list1( 1 ) list1( 2 ) #1 #2 )"},
		{"function(a) return a end", `function1lua( : "--[[@file.lua:1:1]]function(a) return a end" )`},
		{"local k = 2 return function(a) return a + k end", `function2lua( : "--[[@file.lua:1:20]]function(a) return a + k end" k: 2 )`},
		{"local function f(n) return n == 0 or f(n - 1) end return f", `function2lua( : "--[[@file.lua:1:9]]function(n) return n == 0 or f(n - 1) end" f: #0 )`},
		{"local t = {} function t:m(x) return x end return t.m", `function1lua( : "--[[@file.lua:1:18]]function(self, x) return x end" )`},
		{"local t = {} function t:m() end return t.m", `function1lua( : "--[[@file.lua:1:18]]function(self) end" )`},
		{"print", "! print is built in: it cannot be sent"},
		{"{a = {1, {b = string.rep}}}", "! a[2].b: string.rep is built in: it cannot be sent"},
		{"coroutine.create(function() end)", "! a coroutine cannot be sent"},
		{"local t = {} for i = 1, 20000 do t = {t} end return t", "nested deeper"},
	}
	for _, tt := range tests {
		v, err := eval(t, fresh(t, lang.Config{}), block(tt.src))
		if err != nil {
			t.Errorf("%q: %v", tt.src, err)
			continue
		}
		var e events
		got := ""
		if err := v.Walk(&e); err != nil {
			got = "! " + err.Error()
		} else {
			got = e.String()
		}
		if got != tt.want && !(tt.want == "nested deeper" && strings.Contains(got, tt.want)) {
			t.Errorf("%q walks as %s, want %s", tt.src, got, tt.want)
		}
	}
}

// f64 are the bytes of float64s.
func f64(xs ...float64) []byte {
	var b []byte
	for _, x := range xs {
		u := math.Float64bits(x)
		for i := range 8 {
			b = append(b, byte(u>>(8*i)))
		}
	}
	return b
}

func seq(steps ...func(lang.Sink) error) lang.Feed {
	return func(s lang.Sink) error {
		for _, f := range steps {
			if err := f(s); err != nil {
				return err
			}
		}
		return nil
	}
}

func begin(k lang.Kind, n int, name string) func(lang.Sink) error {
	return func(s lang.Sink) error { return s.Begin(k, n, name) }
}
func key(k string) func(lang.Sink) error  { return func(s lang.Sink) error { return s.Key(k) } }
func text(k string) func(lang.Sink) error { return func(s lang.Sink) error { return s.Text(k) } }
func num(i int64) func(lang.Sink) error   { return func(s lang.Sink) error { return s.Int(i) } }
func ref(i int) func(lang.Sink) error     { return func(s lang.Sink) error { return s.Ref(i) } }
func end(s lang.Sink) error               { return s.End() }
func null(s lang.Sink) error              { return s.Null() }

func TestBuild(t *testing.T) {
	tests := []struct {
		feed            lang.Feed
		src, want, back string
	}{
		{null, "v", "nil", "null"},
		{seq(begin(lang.List, 2, ""), null, num(1), end), "#v", "2", "list2( null 1 )"},
		{seq(begin(lang.List, 0, ""), end), "#v", "0", "list0( )"},
		{seq(begin(lang.Object, 0, ""), end), "next(v)", "nil", "object0( )"},
		{seq(begin(lang.Object, 2, ""), key("z"), num(1), key("a"), null, end), "v.z", "1", "object2( z: 1 a: null )"},
		{num(1 << 60), "tostring(v + 1)", `"1152921504606846977"`, "1152921504606846976n"},
		{num(1 << 60), "v == v + 0 and v < v + 1 and -v < v", "true", "1152921504606846976n"},
		{func(s lang.Sink) error { return s.Bytes([]byte{0xff, 1}) }, "#v", "2", "xff01"},
		{func(s lang.Sink) error { return s.UTF16([]uint16{0xd800, 'a'}) }, "tostring(v)", `"` + "\uFFFD" + `a"`, "utf16[55296 97]"},
		{func(s lang.Sink) error { return s.Time(1700000000, 500000000) }, "v.time == 1700000000.5", "true", "time(1700000000,500000000)"},
		{func(s lang.Sink) error { return s.Time(1700000000, 500000000) }, "v:iso()", `"2023-11-14T22:13:20.500Z"`, "time(1700000000,500000000)"},
		{func(s lang.Sink) error { return s.Time(0, -1) }, "tostring(v)", `"Invalid Date"`, "time(0,-1)"},
		{func(s lang.Sink) error { return s.RegExp("a+", "g") }, "v.source .. v.flags", `"a+g"`, "/a+/g"},
		{func(s lang.Sink) error { return s.Typed(lang.Float64, f64(1, 2.5)) }, "v[1] + v[2] + #v", "5.5", "Float64Array" + fmt.Sprintf("%x", f64(1, 2.5))},
		{func(s lang.Sink) error { return s.Typed(lang.Int16, []byte{1, 0, 255, 255}) }, "v[2] = -2 return v[2]", "-2", "Int16Array0100feff"},
		{func(s lang.Sink) error { return s.Typed(lang.Uint8, []byte{1, 2}) }, "local n = 0 for i, x in v:each() do n = n + i * x end n", "5", "Uint8Array0102"},
		{func(s lang.Sink) error { return s.Typed(lang.Uint8, []byte{65, 66}) }, "v:bytes() .. v:table()[2] .. v.kind", `"AB66Uint8Array"`, "Uint8Array4142"},
		{seq(begin(lang.Map, 1, ""), num(1), text("x"), end), "v[1]", `"x"`, `Map1( 1 "x" )`},
		{seq(begin(lang.Set, 2, ""), num(1), text("x"), end), "v.x and v[1]", "true", `Set2( 1 "x" )`},
		{seq(begin(lang.Table, 2, ""), num(1), text("x"), text("y"), num(3), end), "v.y", "3", `table2( 1 "x" "y" 3 )`},
		{seq(begin(lang.List, 2, ""), begin(lang.List, 1, ""), num(5), end, ref(1), end), "v[1] == v[2]", "true", "list2( list1( 5 ) #1 )"},
		{seq(begin(lang.Object, 1, ""), key("me"), ref(0), end), "v.me == v", "true", "object1( me: #0 )"},
		{seq(begin(lang.Err, 2, "TypeError"), key("message"), text("bad"), key("code"), num(5), end), "tostring(v) .. v.code", `"TypeError: bad5"`, `error2TypeError( message: "bad" code: 5 )`},
		{seq(begin(lang.Closure, 2, "lua"), key(""), text("function(x) return x + k end"), key("k"), num(2), end), "v(40)", "42",
			`function2lua( : "--[[@function:1:1]]function(x) return x + k end" k: 2 )`},
		{seq(begin(lang.Closure, 2, "lua"), key(""), text("function(n) if n == 0 then return 'done' end return f(n - 1) end"), key("f"), ref(0), end), "v(3)", `"done"`,
			`function2lua( : "--[[@function:1:1]]function(n) if n == 0 then return 'done' end return f(n - 1) end" f: #0 )`},
		{seq(begin(lang.Closure, 1, "js"), key(""), text("x => x"), end), "select(2, pcall(v))", `"a JavaScript function cannot be called in Lua"`, `function1js( : "x => x" )`},
		{seq(begin(lang.Custom, 1, "cbor.tag.9"), num(4), end), "v.name .. v.value", `"cbor.tag.94"`, "custom1cbor.tag.9( 4 )"},
	}
	for _, tt := range tests {
		in := fresh(t, lang.Config{})
		v, err := in.Eval(context.Background(), block(tt.src), []lang.Binding{{Name: "v", Value: tt.feed}}, nil)
		if err != nil {
			t.Errorf("%q: %v", tt.src, err)
			continue
		}
		if got := in.Show(v); got != tt.want && !strings.Contains(got, strings.Trim(tt.want, `"`)) {
			t.Errorf("%q = %s, want %s", tt.src, got, tt.want)
		}
		b, err := in.Eval(context.Background(), block("v"), nil, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		var e events
		if err := b.Walk(&e); err != nil || e.String() != tt.back {
			t.Errorf("%q goes back as %s (%v), want %s", tt.src, e.String(), err, tt.back)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	in := fresh(t, lang.Config{})
	for want, feed := range map[string]lang.Feed{
		"the key NaN":        seq(begin(lang.Map, 1, ""), func(s lang.Sink) error { return s.Float(math.NaN()) }, null, end),
		"too much memory":    seq(begin(lang.Map, 1, ""), num(60_000_000), null, end),
		"which is not there": ref(3),
		"p[2]: a geo.Point":  seq(begin(lang.Object, 1, ""), key("p"), begin(lang.List, 2, ""), num(1), begin(lang.Custom, 1, "geo.Point"), num(1), end, end, end),
	} {
		var r *lang.Refused
		if _, err := in.Build(feed); !errors.As(err, &r) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a refusal with %q", err, want)
		}
	}
}
