package js

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// TestShow compares with what util.inspect of Node 20 gave for the same expressions.
func TestShow(t *testing.T) {
	b, err := os.ReadFile("../../testdata/lang/js/show.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases [][2]string
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	in := newInterp(t, lang.Config{})
	for _, c := range cases {
		if got := evalMode(t, in, c[0], lang.Line); got != c[1] {
			t.Errorf("Show(%s)\n%s\nwant\n%s", c[0], got, c[1])
		}
	}
}

func TestPrint(t *testing.T) {
	var p printed
	in := newInterp(t, lang.Config{Print: p.print})
	for _, c := range [][2]string{
		{"print('a', 1, {b: 'c'})", "a 1 { b: 'c' }"},
		{"console.log()", ""},
		{"console.info('%s is %d%% of %i, %f', 'x', 50.5, 3.9, '2.5', 'more')", "x is 50.5% of 3, 2.5 more"},
		{"console.debug('%o %O %j %c|', {a: [1]}, {a: 1}, {a: 1}, 'css')", "{ a: [ 1 ] } { a: 1 } {\"a\":1} |"},
		{"console.log('%s %s %s %x', null, 5n, {a: {b: 1}}, 1)", "null 5n { a: [Object] } %x 1"},
		{"console.log('100%', 1)", "100% 1"},
		{"console.error('e')", "! e"},
		{"console.warn(['w'])", "! [ 'w' ]"},
		{"console.log(new Error('boom'))", "Error: boom\n    at test.js:1:13"},
		{"function f() { return new TypeError('t') }; console.log({e: f()})", "{\n  e: TypeError: t\n      at f (test.js:1:23)\n      at test.js:1:62\n}"},
		{"console.log(Object.assign(new Error('x'), {code: 1}))", "Error: x\n    at test.js:1:27 {\n  code: 1\n}"},
	} {
		p.lines = nil
		if got := eval(t, in, c[0]); got != "undefined" || !slices.Equal(p.lines, []string{c[1]}) {
			t.Errorf("%s printed %q, %s; want %q", c[0], p.lines, got, c[1])
		}
	}
}
