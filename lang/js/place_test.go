package js

import (
	"context"
	"errors"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// A function that travels keeps its place in the file it is from.
func TestFunctionKeepsItsPlace(t *testing.T) {
	there, err := New(lang.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		source, want string
		line         string
	}{
		{"let x = 1;\n  let f = (a) => a.b; f", "lib.js:11:20", "          (a) => a.b"},
		{"({ m(a) {\n return a.b } }).m", "function:2:11", " return a.b }"},   // a method is taken out of its object
		{"let f = a => a.b; let g = a => a.b; f", "function:1:8", "a => a.b"}, // the same text twice: which one is not known
	} {
		here, err := New(lang.Config{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := here.Eval(context.Background(), lang.Code{Source: c.source, Name: "lib.js", Line: 10}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = there.Eval(context.Background(), lang.Code{Source: "f(null)", Name: "task.js"}, []lang.Binding{{Name: "f", Value: f.Walk}}, nil)
		var e *lang.Error
		if !errors.As(err, &e) || len(e.Stack) != 2 || e.Stack[0].String() != c.want || e.Line != c.line {
			t.Errorf("%s: failed with %#v, want it at %s in %q", c.source, err, c.want, c.line)
		}
		there.Reset()
	}
}
