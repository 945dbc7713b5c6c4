package js

import (
	"strings"
	"testing"
)

func TestFree(t *testing.T) {
	for _, c := range [][2]string{
		{"a + b + a", "a b"},
		{"let a = b; a", "b"},
		{"f(); function f() { return g + x; var x }", "g"},
		{"Math.max(a.b.c, console.log, print, sleep(1), undefined, globalThis)", "a"},
		{"const {p, q: [r = d], ...s} = o; p + r + s", "d o"},
		{"(x, {y, z = w}, ...rest) => x + y + z + rest + v", "w v"},
		{"({a, b: c, [k]: 1, m() { return n }, get g() { return this }})", "a c k n"},
		{"for (let i = 0; i < n; i++) s += i; i", "n s i"},
		{"for (const [k, v] of list) out[k] = v", "list out"},
		{"for (var k in o) ; k", "o"},
		{"try { t() } catch ({message}) { message + e }", "t e"},
		{"class A extends B { #p = f1; static s = f2; [k]() { return A + this.#p } static { g } }", "B f1 f2 k g"},
		{"lbl: for (;;) { break lbl }", ""},
		{"if (true) { var v = 1; let w = 2 } v + w", "w"},
		{"{ function inner() {} } inner()", ""},
		{"`${a} ${`${b}`}` + tag`x${c}`", "a b tag c"},
		{"x = 1; y += x; z++", "x y z"},
		{"[a, {b: c}] = d", "a c d"},
		{"await f(x)", "f x"},
		{"function f(a, b = a + c) { return arguments[0] + f + new.target }", "c"},
		{"typeof q; delete o.p; void 0; u?.v?.[w]", "q o u w"},
		{"switch (x) { case y: let z; z }", "x y"},
		{"async () => { for (const x of xs) await x }", "xs"},
		{"new Foo(a)?.b", "Foo a"},
	} {
		got, err := Free(c[0])
		if err != nil || strings.Join(got, " ") != c[1] {
			t.Errorf("Free(%s) = %v, %v; want %s", c[0], got, err, c[1])
		}
	}
	if _, err := Free("let = = 1"); err == nil {
		t.Error("no syntax error")
	}
}
