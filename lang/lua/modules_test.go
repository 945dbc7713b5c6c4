package lua

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

type point struct{ x, y float64 }

// later is an Async that the test settles.
type later struct {
	mu   sync.Mutex
	done bool
	v    any
	err  error
	fs   []func()
}

func (l *later) Notify(f func()) {
	l.mu.Lock()
	if !l.done {
		l.fs, f = append(l.fs, f), nil
	}
	l.mu.Unlock()
	if f != nil {
		f()
	}
}

func (l *later) Result() (any, error) { return l.v, l.err }

func (l *later) settle(v any, err error) {
	l.mu.Lock()
	l.done, l.v, l.err = true, v, err
	fs := l.fs
	l.mu.Unlock()
	for _, f := range fs {
		f()
	}
}

type coded struct{ code int }

func (c *coded) Error() string { return fmt.Sprint("code ", c.code) }
func (c *coded) ScriptError() *lang.Error {
	return &lang.Error{Class: "CodeError", Message: c.Error(), Fields: &lang.Record{Keys: []string{"code"}, Values: []any{int64(c.code)}}}
}

var errPlain = errors.New("plain failure")

func testModules() []lang.Module {
	pointType := &lang.Type{
		Name:   "geo.Point",
		Is:     func(v any) bool { _, ok := v.(*point); return ok },
		Fields: []lang.Field{{Name: "x", Get: func(p any) (any, error) { return p.(*point).x, nil }}},
		Methods: []lang.Func{{Name: "add", Call: func(c *lang.Call) (any, error) {
			f, err := c.Float(0)
			p := c.Self.(*point)
			return &point{p.x + f, p.y}, err
		}}},
		Show:   func(p any) string { return fmt.Sprintf("Point(%v)", p.(*point).x) },
		Encode: func(p any) (any, error) { return []any{p.(*point).x, p.(*point).y}, nil },
		Decode: func(v any) (any, error) {
			l := v.([]any)
			return &point{float64(l[0].(int64)), float64(l[1].(int64))}, nil
		},
	}
	laterType := &lang.Type{
		Name:   "later",
		Is:     func(v any) bool { _, ok := v.(*later); return ok },
		Await:  func(v any) lang.Async { return v.(*later) },
		Refuse: "a later cannot be sent: send its value",
	}
	fn := func(name string, f func(c *lang.Call) (any, error)) lang.Func { return lang.Func{Name: name, Call: f} }
	soon := func(v any, err error) *later {
		l := &later{}
		go l.settle(v, err)
		return l
	}
	one := &point{1, 2}
	return []lang.Module{
		{Name: "geo", Global: true, Types: []*lang.Type{pointType, laterType}, Funcs: []lang.Func{
			fn("point", func(c *lang.Call) (any, error) { return one, nil }),
			fn("plain", func(c *lang.Call) (any, error) { return nil, errPlain }),
			fn("coded", func(c *lang.Call) (any, error) { return nil, &coded{7} }),
			fn("panics", func(c *lang.Call) (any, error) { panic("oh") }),
			fn("where", func(c *lang.Call) (any, error) { return c.Where().String(), nil }),
			fn("call", func(c *lang.Call) (any, error) {
				f, err := c.Callback(0)
				if err != nil {
					return nil, err
				}
				return f.Call(int64(20), "x")
			}),
			fn("echo", func(c *lang.Call) (any, error) { return c.Any(0) }),
			fn("same", func(c *lang.Call) (any, error) { return c.Args[0], nil }),
			fn("count", func(c *lang.Call) (any, error) { return len(c.Args), nil }),
			fn("points", func(c *lang.Call) (any, error) { return []any{one, &point{5, 6}, nil}, nil }),
			fn("soon", func(c *lang.Call) (any, error) { v, err := c.Any(0); return soon(v, nil), err }),
			fn("fails", func(c *lang.Call) (any, error) { return soon(nil, &coded{9}), nil }),
			fn("feed", func(c *lang.Call) (any, error) {
				return lang.Feed(func(s lang.Sink) error { return s.Text("fed") }), nil
			}),
			fn("waits", func(c *lang.Call) (any, error) { <-c.Context.Done(); return nil, c.Context.Err() }),
		}, Values: []lang.Field{{Name: "origin", Get: func(any) (any, error) { return &point{}, nil }}}},
		{Name: "hidden", Funcs: []lang.Func{fn("f", func(c *lang.Call) (any, error) { return 1, nil })},
			Call: func(c *lang.Call) (any, error) { return len(c.Args), nil }},
		{Global: true, Funcs: []lang.Func{fn("spread", func(c *lang.Call) (any, error) { return "spread", nil })}},
	}
}

func TestModules(t *testing.T) {
	tests := []struct{ src, want string }{
		{"geo.point().x", "1"},
		{"geo.point():add(2).x", "3"},
		{"geo.point():add('a')", "! file.lua:1:1: TypeError: geo.Point:add: argument 1 must be a number, it is of kind string"},
		{"geo.point().add(1)", "! file.lua:1:1: add must be called with a colon: x:add(...)"},
		{"geo.point() == geo.point()", "true"},
		{"geo.point() == geo.origin", "false"},
		{"tostring(geo.point())", `"Point(1)"`},
		{"geo.point()", "Point(1)"},
		{"geo.point().x = 3", "! file.lua:1:1: a geo.Point cannot be changed"},
		{"{geo.points()[2].x, geo.points()[3]}", "{5, null}"},
		{"geo.plain()", "! file.lua:1:1: plain failure"},
		{"  geo.coded()", "! file.lua:1:3: CodeError: code 7"},
		{"local ok, e = pcall(geo.coded) return e.class, e.code, e.message, tostring(e)", `{"CodeError", 7, "code 7", "CodeError: code 7"}`},
		{"local ok, e = pcall(function() geo.plain() end) return e", `"file.lua:1: plain failure"`},
		{"geo.panics()", "! file.lua:1:1: geo.panics: internal error: oh"},
		{"\n  return geo.where()", `"file.lua:2:10"`},
		{"geo.call(function(a, b) return a + 1 .. b end)", `"21x"`},
		{"geo.call(function() error({code = 3}) end)", "! file.lua:1:21: {code = 3}"},
		{"local ok, e = pcall(geo.call, function() error({code = 3}) end) return e.code", "3"},
		{"geo.call(1)", "! file.lua:1:1: TypeError: geo.call: argument 1 must be a function, it is of kind number"},
		{"local t = {} return geo.same(t) == t", "true"},
		{"geo.echo({a = {1, 2}})", "{a = {1, 2}}"},
		{"geo.echo(nil)", "nil"},
		{"geo.count(1, nil, 3, 4, 5, 6)", "6"},
		{"geo.feed()", `"fed"`},
		{"spread()", `"spread"`},
		{"hidden", "nil"},
		{"require('hidden').f()", "1"},
		{"require('hidden')(1, 2)", "2"},
		{"require('hiden')", "! file.lua:1:1: module 'hiden' not found: did you mean 'hidden'?"},
		{"require('nothing')", "! file.lua:1:1: module 'nothing' not found: the built-in modules are geo, hidden"},
		{"geo.soon(5):wait()", "5"},
		{"geo.soon(5)", "5"},
		{"geo.soon(5):next(function(v) return v + 1 end):next(function(v) return geo.soon(v * 2) end)", "12"},
		{"geo.soon(5):next(function(v) return v + 1 end):wait()", "6"},
		{"geo.fails():next(nil, function(e) return e.code end)", "9"},
		{"geo.fails()", "! CodeError: code 9"},
		{"geo.soon(1):next(function() error('late') end)", "! file.lua:1:29: late"},
		{"geo.fails():next(print):next(nil, function(e) return 'seen ' .. e end)", `"seen CodeError: code 9"`},
		{"local p = geo.soon(3) local n = 0 p:next(function(v) n = v end) p:next(function() end):wait() return n", "3"},
		{"geo.soon(5).nothing", "nil"},
	}
	for _, tt := range tests {
		in := fresh(t, lang.Config{Modules: testModules()})
		if got := shown(t, in, block(tt.src)); got != tt.want {
			t.Errorf("%s = %s, want %s", tt.src, got, tt.want)
		}
	}
}

func TestCauses(t *testing.T) {
	in := fresh(t, lang.Config{Modules: testModules()})
	for _, src := range []string{"geo.coded()", "local ok, e = pcall(geo.coded) error(e)"} {
		_, err := eval(t, in, block(src))
		var c *coded
		if !errors.As(err, &c) || c.code != 7 {
			t.Errorf("%s: %v does not lead to its cause", src, err)
		}
	}
	for _, src := range []string{"geo.plain()", "local ok, e = pcall(function() geo.plain() end) error(e, 0)"} {
		if _, err := eval(t, in, block(src)); !errors.Is(err, errPlain) {
			t.Errorf("%s: %v does not lead to its cause", src, err)
		}
	}
}

func TestHostWalk(t *testing.T) {
	in := fresh(t, lang.Config{Modules: testModules()})
	v, err := eval(t, in, block("local p = geo.point() return {p, p, geo.point()}"))
	if err != nil {
		t.Fatal(err)
	}
	var e events
	if err := v.Walk(&e); err != nil || e.String() != "list3( custom1geo.Point( list2( 1 2 ) ) #1 custom1geo.Point( list2( 1 2 ) ) )" {
		t.Error(e.String(), err)
	}
	back, err := in.Build(v.Walk)
	if err != nil || in.Show(back) != "{Point(1), Point(1), Point(1)}" {
		t.Error(in.Show(back), err)
	}
	var g lang.Builder
	if err := v.Walk(&g); err != nil || g.Value().([]any)[0].(*point).x != 1 {
		t.Error(g.Value(), err)
	}
	v, err = eval(t, in, block("return {a = {geo.soon(1)}}"))
	if err == nil {
		err = v.Walk(&e)
	}
	if err == nil || err.Error() != "a[1]: a later cannot be sent: send its value" {
		t.Error(err)
	}
}

func TestRun(t *testing.T) {
	var lines []string
	in := fresh(t, lang.Config{Modules: testModules(), Print: func(_ lang.Stream, s string) { lines = append(lines, s) }})
	if _, err := eval(t, in, lang.Code{Source: "geo.soon(1):next(function(v) print('got', v) end)", Name: "s.lua", Mode: lang.Script}); err != nil {
		t.Fatal(err)
	}
	if err := in.Run(context.Background()); err != nil || strings.Join(lines, "|") != "got\t1" {
		t.Error(lines, err)
	}
	eval(t, in, lang.Code{Source: "geo.soon(1):next(function(v)\n error('late') end)", Name: "s.lua", Mode: lang.Script})
	if err := in.Run(context.Background()); err == nil || err.Error() != "s.lua:2:2: late" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	eval(t, in, lang.Code{Source: "geo.soon(1):next(function(v) cancel() while true do end end)", Name: "s.lua", Mode: lang.Script})
	in.globals.RawSetString("cancel", in.main.NewFunction(in.hostFunction("cancel", func(*lang.Call) (any, error) { cancel(); return nil, nil }, 0)))
	var e *lang.Error
	if err := in.Run(ctx); !errors.As(err, &e) || e.Kind != lang.Interrupted {
		t.Error(err)
	}
}

func TestRequireFiles(t *testing.T) {
	files := map[string]string{
		"a": "local b = require('b') return {name = 'a', b = b, args = ...}",
		"b": "loads = (loads or 0) + 1",
		"c": "return require('c')",
		"d": "local t\nt.x = 1",
	}
	in := fresh(t, lang.Config{Load: func(from, name string) (lang.Code, error) {
		src, ok := files[name]
		if !ok {
			return lang.Code{}, fmt.Errorf("no file %s.lua beside %s", name, from)
		}
		return lang.Code{Source: src, Name: name + ".lua"}, nil
	}})
	tests := []struct{ src, want string }{
		{"require('a') require('b') return require('a').name, require('a').b, loads, require('a').args", `{"a", true, 1, "a"}`},
		{"require('c')", "! c.lua:1:8: loop or previous error loading module 'c'"},
		{"require('d')", "! d.lua:2:1: attempt to index a nil value (local 't')"},
		{"require('e')", "! file.lua:1:1: module 'e' not found; as a file: no file e.lua beside file.lua"},
		{"require('string') == string", "true"},
	}
	for _, tt := range tests {
		if got := shown(t, in, block(tt.src)); got != tt.want {
			t.Errorf("%s = %s, want %s", tt.src, got, tt.want)
		}
	}
	in.Reset()
	if got := shown(t, in, block("require('b') return loads")); got != "1" {
		t.Errorf("after Reset a file is loaded again: %s", got)
	}
}

func TestOurSyntax(t *testing.T) {
	var got []string
	spawn := func(c *lang.Call) (any, error) {
		for i := range c.Args {
			v, err := c.Any(i)
			if err != nil {
				return nil, err
			}
			got = append(got, fmt.Sprint(v))
		}
		return 5, nil
	}
	in := fresh(t, lang.Config{
		Free: func(_, code string) ([]string, error) { return Free(code) },
		Modules: []lang.Module{{Name: "mirai", Global: true, Funcs: []lang.Func{
			{Name: "spawn", Call: spawn},
			{Name: "wait", Call: func(c *lang.Call) (any, error) { return c.Any(0) }},
		}}},
	})
	code := lang.Code{Source: "local a, b = 1, 2\nlocal m = mirai<lua>{ return a + b }(...) local t\nreturn m[] + m[], t.x", Name: "f.lua", Line: 10, Column: 5}
	if got, want := shown(t, in, code), "! f.lua:12:19: attempt to index a nil value (local 't')"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if s, want := strings.Join(got, "|"), "lua| return a + b |&{[] []}|f.lua:11:22|a|1|b|2"; s != want {
		t.Errorf("spawn was given %s, want %s", s, want)
	}
	if got := shown(t, in, block("local m = 4 return m[] * 2")); got != "8" {
		t.Error(got)
	}
}

func TestFree(t *testing.T) {
	tests := []struct{ src, want string }{
		{"a + b", "a b"},
		{"local a = b return a + c", "b c"},
		{"print(x) sleep(y) progress(z) string.rep(null)", "x y z"},
		{"local function f(n) return f(n - 1) + g end", "g"},
		{"for i = a, b do i = i + c end i = 1", "a b c i"},
		{"for k, v in pairs(t) do local q = k end", "t"},
		{"repeat local done = p until done", "p"},
		{"local t = {} function t:m(x) return self, x, y end", "y"},
		{"function o.f(...) return ... end", "o"},
		{"x.y.z = w", "x w"},
		{"b(a) a()", "b a"},
		{"local x = x", "x"},
		{"local f = mirai<lua>{ q + 1 }(..., z = w)", "q w"},
		{"mirai<js>{ q + 1 }(p)", "p"},
	}
	for _, tt := range tests {
		got, err := Free(tt.src)
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("Free(%q) = %v, %v, want %s", tt.src, got, err, tt.want)
		}
	}
}
