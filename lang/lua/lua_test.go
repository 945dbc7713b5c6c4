package lua

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

func fresh(t testing.TB, cfg lang.Config) *Interp {
	t.Helper()
	in, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func block(src string) lang.Code { return lang.Code{Source: src, Name: "file.lua"} }

func eval(t testing.TB, in *Interp, code lang.Code) (lang.Value, error) {
	t.Helper()
	return in.Eval(context.Background(), code, nil, nil)
}

// shown is the value of a block as Show gives it, or its error.
func shown(t testing.TB, in *Interp, code lang.Code) string {
	t.Helper()
	v, err := eval(t, in, code)
	if err != nil {
		return "! " + err.Error()
	}
	return in.Show(v)
}

func TestBlock(t *testing.T) {
	tests := []struct{ src, want string }{
		{"return 1", "1"},
		{"a + b", "! file.lua:1:1: attempt to perform arithmetic on a nil value (global 'a')"},
		{"1 + 2", "3"},
		{"", "nil"},
		{"-- nothing", "nil"},
		{"x = 1", "nil"},
		{"local x = 1\n x + 1", "2"},
		{"local x = 1\n return -x", "-1"},
		{"local function f(x) return x end f(4) - 1", "3"},
		{"local function f(x) return x end\nf(1)\nf(4)", "4"},
		{"y = 2 y", "2"},
		{"y = 2; y", "2"},
		{"return 1, nil, 3", "{1, null, 3}"},
		{"1, 2", "{1, 2}"},
		{"local function f() return 1, 2 end f()", "{1, 2}"},
		{"'a' .. 'b'", `"ab"`},
		{"{1, 2, x = 'a'}", `{1, 2, x = "a"}`},
		{"function(x) return x end", "function (file.lua:1:1)"},
		{"local t = {a = {b = 5}} t.a.b", "5"},
		{"local t = {f = function() return 7 end} t.f()", "7"},
		{"if true then return 3 end", "3"},
		{"for i = 1, 3 do end 'x'", `"x"`},
		{"repeat local z = 1 until z == 1 'x' .. 1", `"x1"`},
		{"local x\n-1", "-1"},
		{"f = nil\n(function() return 1 end)()", "1"},
		{"'\\x41\\u{e9}\\z\n   b'", `"Aéb"`},
		{"[[\nline\nx]]", `"line\nx"`},
		{"0xFFFFFFFFFFFFFFFF == 2^64", "true"},
		{"010 + 0.5", "10.5"},
		{"not nil and #'abc'", "3"},
		{"select('#', ...)", "0"},
		{"null", "null"},
		{"print == nil", "false"},
		{"table.unpack({1, 2})", "{1, 2}"},
		{"goto done\ndo return 1 end\n::done::\nreturn 2", "2"},
		{"x = 5 x = x + 1 return x", "6"},
		{"local a <const> = 1", "! file.lua:1:9: SyntaxError: unexpected '<'"},
	}
	for _, tt := range tests {
		if got := shown(t, fresh(t, lang.Config{}), block(tt.src)); got != tt.want {
			t.Errorf("block %q = %s, want %s", tt.src, got, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ src, want string }{
		{"local t\n  t.x = 1", "file.lua:2:3: attempt to index a nil value (local 't')"},
		{"return a.b.c", "file.lua:1:8: attempt to index a nil value (global 'a')"},
		{"a = {}\nreturn a.b.c", "file.lua:2:8: attempt to index a nil value (field 'b')"},
		{"  foo()", "file.lua:1:3: attempt to call a nil value (global 'foo')"},
		{"local t = {} t:run(1)", "file.lua:1:14: attempt to call a nil value (method 'run')"},
		{"return 1 .. {}", "file.lua:1:8: attempt to concatenate a table value"},
		{"return 'x' + 1", "file.lua:1:8: attempt to perform arithmetic on a string value"},
		{"return {} < {}", "file.lua:1:8: attempt to compare two table values"},
		{"return 1 < 'x'", "file.lua:1:8: attempt to compare number with string"},
		{"error('no')", "file.lua:1:1: no"},
		{"local function f() error('no', 2) end\nf()", "file.lua:2:1: no"},
		{"error({code = 5})", "file.lua:1:1: {code = 5}"},
		{"error({class = 'Odd', message = 'm', code = 5})", "file.lua:1:1: Odd: m"},
		{"assert(false)", "file.lua:1:1: assertion failed!"},
		{"assert(nil, 'why')", "file.lua:1:1: why"},
		{"math.floor('x')", "file.lua:1:1: bad argument #1 to 'floor' (number expected, got string)"},
		{"local ok, e = pcall(error, {code = 5}) return e.code", ""},
		{"local ok, e = pcall(function() error('in') end) error(e, 0)", "file.lua:1:32: in"},
		{"for i = 1, 'x' do end", "file.lua:1:1: 'for' limit value must be a number"},
		{"local x = = 2", "file.lua:1:11: SyntaxError: unexpected '='"},
		{"x = 'abc", "file.lua:1:5: SyntaxError: unfinished string"},
		{"if x then\n y = 1", "file.lua:2:7: SyntaxError: unexpected end of the text: 'end' is missing, to close 'if' of line 1"},
		{"x != 2", "file.lua:1:3: SyntaxError: unexpected symbol near '!' (Lua writes ~=)"},
		{"goto nowhere", "file.lua:1:1: SyntaxError: no visible label 'nowhere' for <goto> at line 1"},
		{"string.rep('x', 1e10)", "file.lua:1:1: string.rep: the result would be larger than 1 GiB"},
		{"local co = coroutine.wrap(function() local t; t.x = 1 end) co()", "file.lua:1:47: attempt to index a nil value"},
		{"local function f(...) return ... end\nf(1)\n(function() end)()", "file.lua:2:1: attempt to call a number value"},
		{"x = é", "file.lua:1:5: SyntaxError: unexpected symbol near 'é'"},
	}
	for _, tt := range tests {
		_, err := eval(t, fresh(t, lang.Config{}), block(tt.src))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%q fails with %q, want %q", tt.src, got, tt.want)
		}
	}
}

func TestMessagesInScripts(t *testing.T) {
	in := fresh(t, lang.Config{})
	got := shown(t, in, block("local ok, e = pcall(function()\n  local t\n  t.x = 1\nend)\nreturn e"))
	if want := `"file.lua:3: attempt to index a nil value (local 't')"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStack(t *testing.T) {
	_, err := eval(t, fresh(t, lang.Config{}), block("local function inner(x)\n  return x.y + 1\nend\nfunction outer()\n  local r = inner(nil)\n  return r\nend\nouter()"))
	var e *lang.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range e.Stack {
		got = append(got, f.Func+"@"+f.String())
	}
	want := "inner@file.lua:2:10 outer@file.lua:5:13 @file.lua:8:1"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("stack %s, want %s", s, want)
	}
	if e.Line != "  return x.y + 1" {
		t.Errorf("line %q", e.Line)
	}
}
