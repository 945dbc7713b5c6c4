package js

import (
	"context"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// printed collects what scripts print.
type printed struct{ lines []string }

func (p *printed) print(s lang.Stream, text string) {
	if s == lang.Stderr {
		text = "! " + text
	}
	p.lines = append(p.lines, text)
}

func newInterp(t testing.TB, cfg lang.Config) *Interp {
	t.Helper()
	in, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// eval evaluates a block and shows its value.
func eval(t testing.TB, in *Interp, src string) string {
	t.Helper()
	return evalMode(t, in, src, lang.Block)
}

func evalMode(t testing.TB, in *Interp, src string, mode lang.Mode) string {
	t.Helper()
	v, err := in.Eval(context.Background(), lang.Code{Source: src, Name: "test.js", Mode: mode}, nil, nil)
	if err != nil {
		return "error: " + err.Error()
	}
	return in.Show(v)
}

func intFeed(n int64) lang.Feed { return func(s lang.Sink) error { return s.Int(n) } }

func TestBlock(t *testing.T) {
	in := newInterp(t, lang.Config{})
	for _, c := range [][2]string{
		{"1 + 2", "3"},
		{"return 5; 6", "5"},
		{"let x = 1; x + 1;;", "2"},
		{"", "undefined"},
		{"let x = 1", "undefined"},
		{"if (true) { 1 } else { 2 }", "1"},
		{"if (false) 1; else 2", "2"},
		{"{ let y = 3; { y } }", "3"},
		{"try { null.x } catch (e) { 'caught' }", "'caught'"},
		{"try { 7 } finally { 8 }", "7"},
		{"switch (2) { case 1: 'a'; break; case 2: 'b'; break; default: 'c' }", "'b'"},
		{"switch (9) { case 1: 'a'; break; default: 'c' }", "'c'"},
		{"lbl: { 4 }", "4"},
		{"'use strict'; (function () { return this })()", "undefined"},
		{"'use strict'; typeof this", "'undefined'"},
		{"function f() { return 1 } f() // comment", "1"},
		{"await 5", "5"},
		{"await (1 + 1)", "2"},
		{"await new Promise(r => setTimeout(() => r('later'), 1))", "'later'"},
		{"Promise.resolve(3)", "3"},
		{"let await = 4; await", "4"},
		{"const xs = []; for (const x of [1,2]) xs.push(await x); xs", "[ 1, 2 ]"},
		{"new Promise(r => queueMicrotask(() => r(1)))", "1"},
		{"`a${1}}` + '}'", "'a1}}'"},
		{"/[}]/.test('}')", "true"},
		{"typeof globalThis.undefinedName", "'undefined'"},
		{"globalThis === (function () { return this })()", "true"},
	} {
		if got := eval(t, in, c[0]); got != c[1] {
			t.Errorf("%s = %s, want %s", c[0], got, c[1])
		}
		in.Reset()
	}
}

func TestSyntaxErrors(t *testing.T) {
	in := newInterp(t, lang.Config{})
	for _, c := range []struct {
		src        string
		want       string
		incomplete bool
	}{
		{"}); evil(); (function(){", "test.js:1:1: SyntaxError: Unexpected token }", false},
		{"a }", "test.js:1:3: SyntaxError: Unexpected token }", false},
		{"x = 1;\n  let = = 2", "test.js:2:9: SyntaxError: Unexpected token =", false},
		{"if (x) {", "test.js:1:9: SyntaxError: Unexpected end of input", true},
		{"f(1,", "test.js:1:5: SyntaxError: Unexpected end of input", true},
		{"`abc", "test.js:1:5: SyntaxError: Unexpected end of input", true},
		{"/* abc", "test.js:1:7: SyntaxError: Unexpected end of input", true},
		{"let a; let a", "test.js:1:12: SyntaxError: Identifier 'a' has already been declared", false},
		{"'abc", "test.js:1:1: SyntaxError: Unexpected token ILLEGAL", false},
	} {
		for _, mode := range []lang.Mode{lang.Block, lang.Script, lang.Line} {
			_, err := in.Eval(context.Background(), lang.Code{Source: c.src, Name: "test.js", Mode: mode}, nil, nil)
			if mode == lang.Line && strings.HasPrefix(c.src, "let a") {
				continue // declaring again is what a line may do
			}
			e, ok := err.(*lang.Error)
			if !ok {
				t.Errorf("mode %d: %q: %v, want a *lang.Error", mode, c.src, err)
				continue
			}
			if e.Error() != c.want || e.Kind != lang.Syntax || e.Incomplete != c.incomplete {
				t.Errorf("mode %d: %q: %v, kind %d, incomplete %v; want %s, %v", mode, c.src, e, e.Kind, e.Incomplete, c.want, c.incomplete)
			}
		}
	}
}

func TestGlobals(t *testing.T) {
	in := newInterp(t, lang.Config{})
	ctx := context.Background()
	code := lang.Code{Source: "x = a + b; Math = 1; globalThis.z = 2; var v = 3; typeof v + x"}
	v, err := in.Eval(ctx, code, []lang.Binding{{Name: "a", Value: intFeed(1)}, {Name: "b", Value: intFeed(2)}}, nil)
	if err != nil || in.Show(v) != "'number3'" {
		t.Fatal(v, err)
	}
	in.Reset()
	if got := eval(t, in, "[typeof x, typeof a, typeof Math, typeof z, typeof v]"); got != "[ 'undefined', 'undefined', 'object', 'undefined', 'undefined' ]" {
		t.Error(got)
	}
	v, err = in.Eval(ctx, lang.Code{Source: "typeof globalThis.p + p"}, nil, []lang.Binding{{Name: "p", Value: intFeed(4)}})
	if err != nil || in.Show(v) != "'undefined4'" {
		t.Error(v, err)
	}
	eval(t, in, "globalThis.kept = 1")
	in.Keep()
	eval(t, in, "kept = 2")
	in.Reset()
	if got := eval(t, in, "kept"); got != "1" {
		t.Error("kept =", got)
	}
	evalMode(t, in, "let s = 1; var w = 2; function g() {}", lang.Script)
	in.Reset()
	if got := eval(t, in, "[typeof w, typeof g]"); got != "[ 'undefined', 'undefined' ]" {
		t.Error(got)
	}
}

func TestLine(t *testing.T) {
	in := newInterp(t, lang.Config{})
	for _, c := range [][2]string{
		{"let x = 1", "undefined"},
		{"let x = 2", "undefined"},
		{"x", "2"},
		{"{a: 1}", "{ a: 1 }"},
		{"{ let q = 1; q }", "1"},
		{"const y = await Promise.resolve(7)", "undefined"},
		{"y", "7"},
		{"await y + 1", "8"},
		{"const {p, q: [r]} = await ({p: 1, q: [2]}); function h() { return p + r }", "undefined"},
		{"h()", "3"},
		{"class A { m() { return 1 } }", "undefined"},
		{"new A().m()", "1"},
		{"Promise.resolve(1)", "Promise { 1 }"},
		{"if (true) { 'x' }", "'x'"},
	} {
		if got := evalMode(t, in, c[0], lang.Line); got != c[1] {
			t.Errorf("%s = %s, want %s", c[0], got, c[1])
		}
	}
}
