package lua

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
	in := fresh(t, lang.Config{Modules: []lang.Module{registrar(&fail)}})
	point := seq(begin(lang.Custom, 1, "P"), num(2), end)
	read := func(want string) {
		t.Helper()
		got := ""
		v, err := in.Eval(context.Background(), block("return v.n"), []lang.Binding{{Name: "v", Value: point}}, nil)
		if err == nil {
			got = in.Show(v)
		} else if got = err.Error(); strings.HasPrefix(got, "globals.v: a P cannot be used in Lua") {
			got = "unknown"
		}
		if got != want {
			t.Errorf("a P reads as %s, want %s", got, want)
		}
	}
	register := func(times string) error {
		src := "local P = {__name = 'P'} serial(P, function(p) return p.n end, function(n) return setmetatable({n = n * " + times + "}, P) end)"
		_, err := eval(t, in, block(src))
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

// TestAncestors: metatables that go round in a circle have no class, and a class that inherits is no value of the other.
func TestAncestors(t *testing.T) {
	fail := false
	in := fresh(t, lang.Config{Modules: []lang.Module{registrar(&fail)}})
	src := `local P = {__name = "P"} P.__index = P
serial(P, function(p) return p.n end, function(n) return setmetatable({n = n}, P) end)
local Q = setmetatable({}, P) Q.__index = Q
local R = setmetatable({}, {__index = Q}) R.__index = R
local a, b = {x = 1}, {} setmetatable(a, b) setmetatable(b, a)
return {setmetatable({n = 1}, Q), setmetatable({n = 2}, R), setmetatable({n = 3}, {__index = P}), {R}, a}`
	v, err := eval(t, in, block(src))
	if err != nil {
		t.Fatal(err)
	}
	var e events
	want := "list5( custom1P( 1 ) custom1P( 2 ) custom1P( 3 ) list1( object1( __index: #5 ) ) object1( x: 1 ) )"
	if err := v.Walk(&e); err != nil || e.String() != want {
		t.Errorf("%s, %v\nwant %s", e.String(), err, want)
	}
}
