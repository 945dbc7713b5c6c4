package lua

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/lang"
)

func binding(name string, v any) lang.Binding {
	return lang.Binding{Name: name, Value: func(s lang.Sink) error { return lang.Walk(v, s) }}
}

func TestBindings(t *testing.T) {
	in := fresh(t, lang.Config{})
	ctx := context.Background()
	v, err := in.Eval(ctx, block("a + b * c"), []lang.Binding{binding("a", 1)}, []lang.Binding{binding("b", 2), binding("c", 3)})
	if err != nil || in.Show(v) != "7" {
		t.Fatal(v, err)
	}
	if got := shown(t, in, block("a")); got != "1" {
		t.Errorf("a global before Reset is %s", got)
	}
	if got := shown(t, in, block("b")); got != "nil" {
		t.Errorf("a local leaked: %s", got)
	}
	in.Reset()
	if got := shown(t, in, block("a")); got != "nil" {
		t.Errorf("a global after Reset is %s", got)
	}
	_, err = in.Eval(ctx, block("a"), []lang.Binding{binding("a", make(chan int))}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "globals.a: ") {
		t.Errorf("a refusal without its path: %v", err)
	}
}

func TestReset(t *testing.T) {
	in := fresh(t, lang.Config{})
	spoil := `x = 1; string.foo = 2; print = 3; math.pi = 4; _G[1] = 5; _G[true] = 6; string.upper = nil
setmetatable(_G, {__index = function() return 7 end}); getmetatable("").__index = {}; type = nil; _G.y = 8; table[1] = 9`
	check := "{x, string.foo, type(print), math.pi > 3.1, _G[1], _G[true], ('a'):upper(), y, getmetatable(_G), table[1]}"
	for range 200 {
		if got := shown(t, in, block(spoil)); got != "nil" {
			t.Fatal(got)
		}
		in.Reset()
		if got, want := shown(t, in, block(check)), `{[3] = "function", [4] = true, [7] = "A"}`; got != want {
			t.Fatalf("after Reset: %s, want %s", got, want)
		}
		in.Reset()
	}
}

func TestResetAfterManyNames(t *testing.T) {
	in := fresh(t, lang.Config{})
	for i := range 1000 {
		if _, err := in.Eval(context.Background(), block(fmt.Sprintf("g%d = 1", i)), []lang.Binding{binding(fmt.Sprintf("b%d", i), 1)}, nil); err != nil {
			t.Fatal(err)
		}
		in.Reset()
	}
	if got := shown(t, in, block("local n = 0 for k in pairs(_G) do n = n + 1 end return n < 60")); got != "true" {
		t.Error(got)
	}
}

func TestKeep(t *testing.T) {
	in := fresh(t, lang.Config{})
	shown(t, in, block("function double(x) return x * 2 end state = 5"))
	in.Keep()
	shown(t, in, block("double = nil; state = 6; other = 1"))
	in.Reset()
	if got := shown(t, in, block("{double(state), tostring(other)}")); got != `{10, "nil"}` {
		t.Error(got)
	}
}

func TestLines(t *testing.T) {
	in := fresh(t, lang.Config{})
	for _, step := range []struct{ src, want string }{
		{"local x, y = 1", "nil"}, {"x", "1"}, {"local function f(n) return n == 0 and 'end' or f(n - 1) end", "nil"},
		{"f(3)", `"end"`}, {"x = x + 1; x", "2"}, {"{a = x}", "{a = 2}"}, {"local x", "nil"}, {"x", "nil"},
	} {
		if got := shown(t, in, lang.Code{Source: step.src, Name: "repl", Mode: lang.Line}); got != step.want {
			t.Errorf("%s: %s, want %s", step.src, got, step.want)
		}
	}
	for _, src := range []string{"x +", "if x then", "f(", "x = [[ab", "--[[ab", "local x =", "function f()", "{1,", "for i = 1, 2 do"} {
		var e *lang.Error
		_, err := eval(t, in, lang.Code{Source: src, Mode: lang.Line})
		if !errors.As(err, &e) || !e.Incomplete || e.Kind != lang.Syntax {
			t.Errorf("%q must be incomplete: %v", src, err)
		}
	}
	for _, src := range []string{"x + )", "x = 'ab", "end", "local 1"} {
		var e *lang.Error
		_, err := eval(t, in, lang.Code{Source: src, Mode: lang.Line})
		if !errors.As(err, &e) || e.Incomplete {
			t.Errorf("%q must be wrong: %v", src, err)
		}
	}
}

func TestScript(t *testing.T) {
	in := fresh(t, lang.Config{})
	v, err := eval(t, in, lang.Code{Source: "#!/usr/bin/env mirai\nx = 1\nreturn x, ...", Name: "s.lua", Mode: lang.Script})
	if err != nil || in.Show(v) != "1" {
		t.Error(v, err)
	}
	_, err = eval(t, in, lang.Code{Source: "#!/bin/x\n  error('no')", Name: "s.lua", Mode: lang.Script})
	if err == nil || err.Error() != "s.lua:2:3: no" {
		t.Error(err)
	}
}

func TestInterrupt(t *testing.T) {
	for _, src := range []string{
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"xpcall(function() while true do end end, function(e) while true do end end) while true do end",
		"local co = coroutine.create(function() while true do end end) coroutine.resume(co) return 1",
		"local co = coroutine.wrap(function() while true do end end) pcall(co) return 1",
		"sleep(60000)",
		"pcall(sleep, '1m') return 1",
	} {
		in := fresh(t, lang.Config{})
		why := errors.New("stopped by the test")
		ctx, cancel := context.WithCancelCause(context.Background())
		timer := time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
		_, err := in.Eval(ctx, block(src), nil, nil)
		timer.Stop()
		var e *lang.Error
		if !errors.As(err, &e) || e.Kind != lang.Interrupted || !errors.Is(err, why) {
			t.Errorf("%q: %v", src, err)
		}
		in.Reset()
		live, done := context.WithCancel(context.Background())
		if v, err := in.Eval(live, block("local n = 0 for i = 1, 1000 do n = n + i end return n"), nil, nil); err != nil || in.Show(v) != "500500" {
			t.Errorf("%q leaked: %v", src, err)
		}
		done()
	}
}

func TestInterruptBefore(t *testing.T) {
	in := fresh(t, lang.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var e *lang.Error
	if _, err := in.Eval(ctx, block("x = 1"), nil, nil); !errors.As(err, &e) || e.Kind != lang.Interrupted {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	for _, src := range []string{
		"local function f() return 1 + f() end f()",
		"local t = setmetatable({}, {__index = function(t, k) return t[k .. 'x'] end}) return t.a",
		strings.Repeat("(", 100000) + "1",
		"x = " + strings.Repeat("{", 3000000),
		strings.Repeat("do ", 5000),
		"x = 1" + strings.Repeat(" + 1", 1000000),
		"x = " + strings.Repeat("not ", 1000000) + "1",
		"x = f" + strings.Repeat("()", 1000000),
		"x = a" + strings.Repeat(" .. a", 1000000),
	} {
		in := fresh(t, lang.Config{})
		var e *lang.Error
		if _, err := eval(t, in, block(src)); !errors.As(err, &e) || e.Kind != lang.Limited {
			t.Errorf("%.40q: %v", src, err)
		}
		if got := shown(t, in, block("1 + 1")); got != "2" {
			t.Errorf("%.40q: afterwards %s", src, got)
		}
	}
	in := fresh(t, lang.Config{})
	if got := shown(t, in, block("local function f() return 1 + f() end return pcall(f)")); !strings.Contains(got, "stack overflow") {
		t.Error(got)
	}
	if got := shown(t, in, block("local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(9000)")); got != "9000" {
		t.Error(got)
	}
	if got := shown(t, in, block("local n = 0 local t = {} for i = 1, 100000 do t[i] = i end return select('#', unpack(t))")); got != "100000" {
		t.Error(got)
	}
	if got := shown(t, in, block("local function loop(n) if n == 0 then return 'done' end return loop(n - 1) end return loop(1000000)")); got != `"done"` {
		t.Error(got)
	}
}

func TestPrint(t *testing.T) {
	var lines []string
	in := fresh(t, lang.Config{Print: func(_ lang.Stream, s string) { lines = append(lines, s) }})
	shown(t, in, block("print(1, 'a', nil, true, null) io.write('x', 1, '\\ny') print('z') io.write('end')"))
	if got, want := strings.Join(lines, "|"), "1\ta\tnil\ttrue\tnull|x1|yz|end"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProtection(t *testing.T) {
	tests := []struct{ src, want string }{
		{"pcall(error)", "{false, null}"},
		{"pcall(error, {code = 1})", "{false, {code = 1}}"},
		{"pcall(error, 'x', 0)", `{false, "x"}`},
		{"pcall(nil)", `{false, "attempt to call a nil value"}`},
		{"pcall(function(...) return ... end, 1, nil, 3)", "{true, 1, null, 3}"},
		{"xpcall(function() error('x', 0) end, function(e) return e .. '!' end)", `{false, "x!"}`},
		{"xpcall(function(a) return a end, print, 5)", "{true, 5}"},
		{"xpcall(function() local x = 1 g = function() return x end error('x') end, function() end) return g()", "1"},
		{"select(2, xpcall(function() local t; t.x = 1 end, debug.traceback)):match('traceback:.*function')", `"traceback:\n\tfile.lua:1: in function"`},
		{"select(2, pcall(assert, false, {1}))", "{1}"},
		{"coroutine.resume(coroutine.create(function() error('x') end))", `{false, "file.lua:1: x"}`},
		{"local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end) local _, x = coroutine.resume(co, 1) local _, y = coroutine.resume(co, 5) return x, y, coroutine.status(co)", `{2, 10, "dead"}`},
		{"local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return f(), f(), f()", "{1, 2, 3}"},
		{"local co = coroutine.create(function() pcall(function() coroutine.yield(1) end) end) return select(2, coroutine.resume(co))", "nil"},
		{"pcall(setmetatable, 1, {})", `{false, "file.lua:1: bad argument #1 to '?' (table expected, got number)"}`},
		{"load('return 1 + 1')()", "2"},
		{"loadstring('return ...')(7)", "7"},
		{"select(2, load('x = = 1', 'chunk'))", `"chunk:1:5: SyntaxError: unexpected '='"`},
		{"select(2, pcall(load('local t\\nt.x = 1', '=chunk')))", `"chunk:2: attempt to index a nil value (local 't')"`},
		{"type(collectgarbage('count'))", `"number"`},
		{"{io.open, os.exit, os.execute, dofile, debug.getinfo, newproxy, string.dump}", "{}"},
	}
	for _, tt := range tests {
		if got := shown(t, fresh(t, lang.Config{}), block(tt.src)); got != tt.want {
			t.Errorf("%s = %s, want %s", tt.src, got, tt.want)
		}
	}
}

func TestErrorValues(t *testing.T) {
	in := fresh(t, lang.Config{})
	_, err := eval(t, in, block("error({code = 5, list = {1, 2}})"))
	var e *lang.Error
	if !errors.As(err, &e) || e.Fields.Get("code") != int64(5) || e.Value == nil || e.Class != "error" {
		t.Errorf("%#v", err)
	}
	_, err = eval(t, in, block("error({name = 'Odd', message = 'm', code = 5})"))
	if !errors.As(err, &e) || e.Fields.Get("code") != int64(5) || e.Value != nil || e.Class != "Odd" || e.Message != "m" {
		t.Errorf("%#v", err)
	}
	_, err = eval(t, in, block("error(42)"))
	if !errors.As(err, &e) || e.Value != int64(42) || e.Message != "42" || len(e.Stack) == 0 {
		t.Errorf("%#v", err)
	}
}

func TestShow(t *testing.T) {
	in := fresh(t, lang.Config{})
	tests := []struct{ src, want string }{
		{"{1, 'a\\n', x = {y = {}}, ['a b'] = 1, [true] = 2, ['end'] = 3}", `{1, "a\n", x = {y = {}}, ["a b"] = 1, [true] = 2, ["end"] = 3}`},
		{"local t = {} t.t = t return t", "{t = {<cycle>}}"},
		{"{{{{{{1}}}}}}", "{{{{{...}}}}}"},
		{"print", "function: print"},
		{"('x'):rep(3000)", `"` + strings.Repeat("x", 2000) + `"... 1000 more bytes`},
		{"local t = {} for i = 1, 102 do t[i] = 0 end return t", "{" + strings.Repeat("0, ", 99) + "0, ... 2 more}"},
	}
	for _, tt := range tests {
		if got := shown(t, in, block(tt.src)); got != tt.want {
			t.Errorf("%s shows as %s, want %s", tt.src, got, tt.want)
		}
	}
}
