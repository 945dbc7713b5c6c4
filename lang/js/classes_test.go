package js

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

var errCarry = errors.New("cannot be carried")

// registrar is a module with serial(class, encode, decode), which fails when *fail is set.
func registrar(fail *bool) lang.Module {
	return lang.Module{Global: true, Funcs: []lang.Func{{Name: "serial", Call: func(c *lang.Call) (any, error) {
		return nil, c.Interp.Register(lang.Class{Class: c.Args[0], Encode: c.Args[1], Decode: c.Args[2]}, func(lang.Carried) error {
			if *fail {
				return errCarry
			}
			return nil
		})
	}}}}
}

// TestRegister: a class is known until Reset, and after it when Keep was called; one that cannot be carried is not, and the
// earlier one of its name stays.
func TestRegister(t *testing.T) {
	fail := false
	in := newInterp(t, lang.Config{Modules: []lang.Module{registrar(&fail)}})
	point := func(s lang.Sink) error { return lang.Walk(&lang.CustomValue{Name: "P", Value: int64(2)}, s) }
	read := func(want string) {
		t.Helper()
		got := ""
		v, err := in.Eval(context.Background(), lang.Code{Source: "v.n"}, []lang.Binding{{Name: "v", Value: point}}, nil)
		if err == nil {
			got = in.Show(v)
		} else if got = err.Error(); strings.HasPrefix(got, "globals.v: a P cannot be used in JavaScript") {
			got = "unknown"
		}
		if got != want {
			t.Errorf("a P reads as %s, want %s", got, want)
		}
	}
	register := func(times string) error {
		src := "serial(class P { constructor(n) { this.n = n } }, p => p.n, function (n) { return new this(n * " + times + ") })"
		_, err := in.Eval(context.Background(), lang.Code{Source: src, Mode: lang.Line}, nil, nil)
		return err
	}
	read("unknown")
	if err := register("1"); err != nil {
		t.Fatal(err)
	}
	read("2")
	in.Reset()
	read("unknown")
	if err := register("2"); err != nil {
		t.Fatal(err)
	}
	in.Keep()
	in.Reset()
	read("4")
	fail = true
	if err := register("3"); !errors.Is(err, errCarry) {
		t.Errorf("a class that cannot be carried gives %v", err)
	}
	read("4")
	fail = false
	if err := register("3"); err != nil {
		t.Fatal(err)
	}
	read("6")
	in.Reset()
	read("4")
}
