package mirai_test

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{Modules: script.DaemonModules(), Files: true}) // the daemons of scripts are this binary too
	os.Exit(m.Run())
}

// kinds are values of every kind: how each language makes one, and how each recognises it as v. An empty make means that
// the language has no such value of its own; an empty check that it only carries it.
var kinds = []struct{ name, js, isJS, lua, isLua string }{
	{"null", "({x: null})", "v.x === null", "{x = null}", "v.x == null and v.x ~= nil"},
	{"undefined", "({x: undefined})", "'x' in v && v.x === undefined", "{x = undefined}", "v.x == undefined and v.x ~= nil"},
	{"nothing", "null", "v == null", "nil", "v == nil"},
	{"true", "true", "v === true", "true", "v == true"},
	{"false", "false", "v === false", "false", "v == false"},
	{"integer", "42", "v === 42", "42", "v == 42"},
	{"negative", "-7", "v === -7", "-7", "v == -7"},
	{"largest exact", "2**53", "v === 2**53", "2^53", "v == 2^53"},
	{"float", "1.5", "v === 1.5", "1.5", "v == 1.5"},
	{"huge", "1e308", "v === 1e308", "1e308", "v == 1e308"},
	{"minus zero", "-0", "Object.is(v, -0)", "", "v == 0 and 1 / v == -math.huge"},
	{"NaN", "NaN", "Number.isNaN(v)", "0 / 0", "v ~= v"},
	{"infinity", "-Infinity", "v === -Infinity", "-math.huge", "v == -math.huge"},
	{"big integer", "2n**100n", "v === 2n**100n", "", "tostring(v) == '1267650600228229401496703205376'"},
	{"small big integer", "5n", "v === 5n", "", "tostring(v) == '5'"},
	{"text", "'héllo, 世界 🌍'", "v === 'héllo, 世界 🌍'", "'héllo, 世界 🌍'", "v == 'héllo, 世界 🌍'"},
	{"empty text", "''", "v === ''", "''", "v == ''"},
	{"zero byte", `'a\0b'`, `v === 'a\0b'`, `'a\0b'`, `v == 'a\0b'`},
	{"lone surrogate", `'a\ud800b'`, `v.length === 3 && v.charCodeAt(1) === 0xd800`, "", ""},
	{"bytes", "", "v instanceof Uint8Array && v.length === 2 && v[1] === 254", `'\255\254'`, `v == '\255\254'`},
	{"Uint8Array", "new Uint8Array([1, 2, 255])", "v.constructor === Uint8Array && v[2] === 255", "", "#v == 3 and v[3] == 255"},
	{"Uint8ClampedArray", "new Uint8ClampedArray([1, 300])", "v.constructor === Uint8ClampedArray && v[1] === 255", "", "v[2] == 255"},
	{"Int8Array", "new Int8Array([-1, 2])", "v.constructor === Int8Array && v[0] === -1", "", "v[1] == -1"},
	{"Uint16Array", "new Uint16Array([65535])", "v.constructor === Uint16Array && v[0] === 65535", "", "v[1] == 65535"},
	{"Int16Array", "new Int16Array([-2])", "v.constructor === Int16Array && v[0] === -2", "", "v[1] == -2"},
	{"Uint32Array", "new Uint32Array([4294967295])", "v.constructor === Uint32Array && v[0] === 4294967295", "", "v[1] == 4294967295"},
	{"Int32Array", "new Int32Array([-3])", "v.constructor === Int32Array && v[0] === -3", "", "v[1] == -3"},
	{"BigUint64Array", "new BigUint64Array([2n**63n])", "v.constructor === BigUint64Array && v[0] === 2n**63n", "", "tostring(v[1]) == '9223372036854775808'"},
	{"BigInt64Array", "new BigInt64Array([-5n])", "v.constructor === BigInt64Array && v[0] === -5n", "", "tostring(v[1]) == '-5'"},
	{"Float32Array", "new Float32Array([0.5])", "v.constructor === Float32Array && v[0] === 0.5", "", "v[1] == 0.5"},
	{"Float64Array", "new Float64Array([0.1, -0, NaN])", "v.constructor === Float64Array && v[0] === 0.1 && Object.is(v[1], -0)", "", "#v == 3 and v[1] == 0.1"},
	{"large Float64Array", "new Float64Array(5000).fill(0.25)", "v.constructor === Float64Array && v.length === 5000 && v[4999] === 0.25", "", "#v == 5000 and v[5000] == 0.25"},
	{"ArrayBuffer", "new Uint8Array([7, 8]).buffer", "v instanceof ArrayBuffer && new Uint8Array(v)[1] === 8", "", "#v == 2"},
	{"DataView", "new DataView(new Uint8Array([9]).buffer)", "v instanceof DataView && v.getUint8(0) === 9", "", ""},
	{"Date", "new Date(1234567890123)", "v instanceof Date && v.getTime() === 1234567890123", "", "math.abs(v.time - 1234567890.123) < 1e-6"},
	{"old Date", "new Date(-8.64e15)", "v.getTime() === -8.64e15", "", "v.time == -8.64e12"},
	{"invalid Date", "new Date(NaN)", "v instanceof Date && Number.isNaN(v.getTime())", "", ""},
	{"RegExp", "/a+(b)/gi", "v instanceof RegExp && v.source === 'a+(b)' && v.flags === 'gi'", "", "v.source == 'a+(b)' and v.flags == 'gi'"},
	{"Map", "new Map([['a', 1], [{}, 2]])", "v instanceof Map && v.get('a') === 1 && [...v.keys()][1] instanceof Object", "", "v.a == 1"},
	{"Set", "new Set([3, 'x'])", "v instanceof Set && v.size === 2 && v.has(3) && v.has('x')", "", "v[3] and v.x"},
	{"list", "[1, 'a', [true]]", "Array.isArray(v) && v.length === 3 && v[2][0] === true", "{1, 'a', {true}}", "#v == 3 and v[3][1] == true"},
	{"empty list", "[]", "Array.isArray(v) && v.length === 0", "", "#v == 0"},
	{"list with null", "[null, 1, null]", "v.length === 3 && v[0] === null && v[2] === null", "{null, 1, null}", "#v == 3 and v[1] == null and v[2] == 1"},
	{"object, keys in order", "({z: 1, a: {y: 2, b: 3}})", "Object.keys(v).join() === 'z,a' && Object.keys(v.a).join() === 'y,b'",
		"{z = 1, a = {y = 2, b = 3}}", "next(v) == 'z' and next(v.a) == 'y'"},
	{"empty object", "({})", "typeof v === 'object' && Object.keys(v).length === 0 && !Array.isArray(v)", "{}", "next(v) == nil"},
	{"mixed table", "", "v instanceof Map && v.get(1) === 'one' && v.get('x') === 2 && v.get(2.5) === 3", "{'one', x = 2, [2.5] = 3}", "v[1] == 'one' and v.x == 2 and v[2.5] == 3"},
	{"error", "Object.assign(new RangeError('far'), {by: 3})", "v instanceof Error && v.name === 'RangeError' && v.message === 'far' && v.by === 3", "", "v.class == 'RangeError' and v.message == 'far' and v.by == 3"},
	{"function", "(x, y) => x + y * 2", "v(1, 2) === 5", "function(x, y) return x + y * 2 end", "v(1, 2) == 5"},
	{"method", "({m(x) { return x + 1 }})", "v.m(2) === 3", "", ""},
	{"closure", "", "", "(function() local n = 10 return function(x) n = n + x return n end end)()", "v(1) == 11 and v(1) == 12"},
	{"recursive function", "", "", "(function() local function f(n) if n < 2 then return 1 end return n * f(n - 1) end return f end)()", "v(5) == 120"},
	{"shared", "(() => { const s = {n: 1}; return [s, s, {s}] })()", "v[0] === v[1] && v[2].s === v[0] && v[0].n === 1",
		"(function() local s = {n = 1} return {s, s, {s = s}} end)()", "v[1] == v[2] and v[3].s == v[1] and v[1].n == 1"},
	{"cycle", "(() => { const o = {l: []}; o.self = o; o.l.push(o); return o })()", "v.self === v && v.l[0] === v",
		"(function() local o = {l = {}} o.self = o o.l[1] = o return o end)()", "v.self == v and v.l[1] == v"},
	{"arrow function that ends in parentheses", "x => ((x + 1), ({y: (x)}))", "v(2).y === 2", "", ""},
	{"value of a class", "new Point(3, 4)", "v instanceof Point && v.norm() === 5", "Point.new(3, 4)", "getmetatable(v) == Point and v:norm() == 5"},
	{"value of a class that inherits", "new Spot(3, 4)", "v.constructor === Point && v.norm() === 5", "setmetatable({x = 3, y = 4}, Spot)", "getmetatable(v) == Point and v:norm() == 5"},
	{"values of classes, deep and shared", "(p => ({list: [p, {k: p}], line: new Line(p, p)}))(new Point(3, 4))",
		"(p => p instanceof Point && v.list[1].k === p && v.line instanceof Line && v.line.a === p && v.line.b === p)(v.list[0])",
		"(function(p) return {list = {p, {k = p}}, line = setmetatable({a = p, b = p}, Line)} end)(Point.new(3, 4))",
		"(function(p) return p:norm() == 5 and v.list[2].k == p and v.line.a == p and v.line.b == p and getmetatable(v.line) == Line end)(v.list[1])"},
	{"values of a class in a Map and a Set", "(p => [new Map([['k', p], [p, 1]]), new Set([p])])(new Point(3, 4))", "v[0].get(v[0].get('k')) === 1 && v[1].has(v[0].get('k'))",
		"", "v[1].k:norm() == 5 and v[1][v[1].k] == 1 and v[2][v[1].k]"},
	{"class", "[Point, new Point(3, 4)]", "v[0] === Point && v[1] instanceof v[0]", "{Point, Point.new(3, 4)}", "v[1] == Point and getmetatable(v[2]) == v[1]"},
	{"boxed", "[new Number(1), new String('s')]", "v[0] === 1 && v[1] === 's'", "", ""},
	{"deep", "(() => { let x = 'end'; for (let i = 0; i < 3000; i++) x = {x}; return x })()", "(() => { for (let i = 0; i < 3000; i++) v = v.x; return v === 'end' })()",
		"(function() local x = 'end' for i = 1, 3000 do x = {x = x} end return x end)()", "(function() for i = 1, 3000 do v = v.x end return v == 'end' end)()"},
}

// classes are those that both languages know by the same names.
var classes = map[string]string{
	lang.JS: `Point = class Point { constructor(x, y) { this.x = x; this.y = y } norm() { return Math.hypot(this.x, this.y) } }
Spot = class Spot extends Point {}
Line = class Line { constructor(a, b) { this.a = a; this.b = b } }
mirai.serial(Point, p => [p.x, p.y], xy => new Point(...xy), {name: "geo.Point"})
mirai.serial("geo.Line", Line, l => ({a: l.a, b: l.b}), o => new Line(o.a, o.b))
null`,
	lang.Lua: `Point = {__name = "geo.Point"} Point.__index = Point
function Point.new(x, y) return setmetatable({x = x, y = y}, Point) end
function Point:norm() return math.sqrt(self.x ^ 2 + self.y ^ 2) end
Spot = setmetatable({}, Point) Spot.__index = Spot
Line = {}
mirai.serial(Point, function(p) return {p.x, p.y} end, function(xy) return Point.new(xy[1], xy[2]) end)
mirai.serial(Line, function(l) return {a = l.a, b = l.b} end, function(o) return setmetatable({a = o.a, b = o.b}, Line) end, {name = "geo.Line"})
return nil`,
}

func register(t *testing.T, p *eval.Profile) {
	t.Helper()
	for language, source := range classes {
		fs, err := p.Everywhere(eval.Task{Lang: language, Source: source})
		if err == nil {
			_, err = fs[0].Get(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestValues sends every kind from each language to itself and through the other one and back, over process daemons.
func TestValues(t *testing.T) {
	p, err := eval.New(context.Background(), eval.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	register(t, p)
	run := func(language, source string, v lang.Feed) *eval.Future {
		g := eval.Globals{}
		if v != nil {
			g["v"] = v
		}
		if language == lang.Lua && source != "" {
			source = "return " + source
		}
		return p.Go(ctx, eval.Task{Lang: language, Source: source, Globals: g})
	}
	pass := func(t *testing.T, language, source string, v lang.Feed) lang.Feed {
		t.Helper()
		feed, err := run(language, source, v).Feed(ctx)
		if err != nil {
			t.Fatalf("%s %s: %v", language, source, err)
		}
		return feed
	}
	check := func(t *testing.T, language, source string, v lang.Feed, path string) {
		t.Helper()
		if source == "" {
			return
		}
		if ok, err := run(language, source, v).Get(ctx); ok != true || err != nil {
			t.Errorf("%s: %s: %s is %v, %v", path, language, source, ok, err)
		}
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			for _, from := range []string{lang.JS, lang.Lua} {
				source, is, other, isOther := k.js, k.isJS, lang.Lua, k.isLua
				if from == lang.Lua {
					source, is, other, isOther = k.lua, k.isLua, lang.JS, k.isJS
				}
				if source == "" {
					continue
				}
				if from == lang.JS {
					source = "(" + source + ")"
				}
				made := func() lang.Feed { return pass(t, from, source, nil) }
				check(t, from, is, made(), from+" -> "+from)
				if k.name != "function" { // only its own language can call it
					check(t, other, isOther, made(), from+" -> "+other)
				}
				check(t, from, is, pass(t, other, "v", made()), fmt.Sprintf("%s -> %s -> %s", from, other, from))
			}
		})
	}
}

// TestGoValues sends Go values through each language and back.
func TestGoValues(t *testing.T) {
	p, err := eval.New(context.Background(), eval.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	type inner struct {
		Tags []string `cbor:"tags"`
		Skip string   `cbor:"-"`
	}
	type outer struct {
		ID    int       `cbor:"id"`
		Inner *inner    `cbor:"inner"`
		Data  []float64 `cbor:"data,omitempty"`
	}
	for _, v := range []any{
		nil, true, int64(-5), int64(1) << 53, 0.1, math.Inf(1), "text", "", []byte{255, 0, 254}, huge,
		time.Unix(1234567890, 123000000).UTC(), []float64{1, 2.5, math.Inf(-1)}, []float32{0.5}, []int8{-1}, []uint16{9}, []int16{-9}, []uint32{8}, []int32{-8},
		[]uint64{math.MaxUint64}, []int64{math.MinInt64}, []any{}, []any{int64(1), nil, "x"}, map[string]any{}, map[string]any{"a": map[string]any{"b": []any{true}}},
		outer{ID: 1, Inner: &inner{Tags: []string{"a", "b"}}, Data: []float64{0.25}}, []outer{{ID: 2}},
	} {
		for _, language := range []string{lang.JS, lang.Lua} {
			back := reflect.New(reflect.TypeFor[any]())
			if v != nil {
				back = reflect.New(reflect.TypeOf(v))
			}
			err := p.Go(ctx, eval.Task{Lang: language, Source: "v", Globals: eval.Globals{"v": v}}).Into(ctx, back.Interface())
			if got := back.Elem().Interface(); err != nil || !reflect.DeepEqual(got, v) {
				t.Errorf("%T(%v) came back from %s as %T(%v), %v", v, v, language, got, got, err)
			}
		}
	}
}

type point struct{ x, y float64 }

// TestGoClasses: a Go value of a type is a value of the class of that name in scripts, and the other way round. Where Go
// has no such type it sees what the hook gave.
func TestGoClasses(t *testing.T) {
	typ := &lang.Type{
		Name:   "geo.Point",
		Is:     func(v any) bool { _, ok := v.(*point); return ok },
		Encode: func(v any) (any, error) { return []float64{v.(*point).x, v.(*point).y}, nil },
		Decode: func(v any) (any, error) {
			var xy [2]float64
			err := lang.Assign(&xy, v)
			return &point{xy[0], xy[1]}, err
		},
	}
	p, err := eval.New(context.Background(), eval.Config{Modules: []lang.Module{{Types: []*lang.Type{typ}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	register(t, p)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for language, source := range map[string]string{
		lang.JS:  "[v.p[0] instanceof Point, v.p[0] === v.p[1], v.p, new Line(v.p[0], 1)]",
		lang.Lua: "{getmetatable(v.p[1]) == Point, v.p[1] == v.p[2], v.p, setmetatable({a = v.p[1], b = 1}, Line)}",
	} {
		same := &point{3, 4.5}
		v, err := p.Go(ctx, eval.Task{Lang: language, Source: source, Globals: eval.Globals{"v": map[string]any{"p": []*point{same, same}}}}).Get(ctx)
		got, _ := v.([]any)
		if err != nil || len(got) != 4 {
			t.Fatalf("%s: Get() = %v, %v", language, v, err)
		}
		points, line := got[2].([]any), got[3].(*lang.CustomValue)
		back, _ := points[0].(*point)
		if got[0] != true || got[1] != true || back == nil || *back != *same || points[1] != any(back) {
			t.Errorf("%s: the points came back as %v", language, got)
		}
		if content, ok := line.Value.(map[string]any); !ok || line.Name != "geo.Line" || content["a"] != any(back) || content["b"] != int64(1) {
			t.Errorf("%s: a Line came as %v", language, line)
		}
	}
}
