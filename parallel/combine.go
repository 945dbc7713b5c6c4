package parallel

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/mojukapu/mirai/lang"
)

// combiner makes one value of the results of foreach.
type combiner interface {
	add(who string, v any) error // a result as scripts see it: a value or a lang.Feed; who, for messages: "element 2 gave"
	failed(err error) error      // of an element, where failures do not end it
	value() any
}

// combining gives the combiner that the options combine and init name; nil: they are not given.
func combining(c *lang.Call, how, init lang.Value) (combiner, error) {
	if how != nil {
		if f := how.Func(); f != nil {
			r := &reduction{f: f}
			if init != nil {
				r.acc, r.begun = init, true
			}
			return r, nil
		}
	}
	name := "list"
	if how != nil {
		v, _ := value(how)
		name, _ = v.(string)
	}
	var from any
	if init != nil {
		var err error
		if from, err = value(init); err != nil {
			return nil, lang.At(err, "init")
		}
	}
	switch name {
	case "list", "concat":
		l := &listing{flat: name == "concat", vs: []any{}}
		if from == nil {
			return l, nil
		}
		items, err := listOf(from)
		if l.vs = slices.Clone(items); err != nil {
			return nil, &lang.Error{Class: "TypeError", Message: fmt.Sprintf("foreach: with combine %q init must be a list, it is %s", name, withArticle(init.Kind()))}
		}
		return l, nil
	case "+", "*":
		s := &arithmetic{op: name}
		if from == nil {
			return s, nil
		}
		return s, s.add("init is", from)
	}
	what := withArticle(how.Kind())
	if name != "" {
		what = fmt.Sprintf("%q", name)
	}
	return nil, &lang.Error{Class: "TypeError", Message: `foreach: combine can be "+", "*", "concat", "list" or a function of two values, it is ` + what}
}

// reduction combines by a function of the script. Without an init the first result is what it begins with.
type reduction struct {
	f     lang.Callback
	acc   any
	begun bool
}

func (r *reduction) add(_ string, v any) error {
	if !r.begun {
		r.acc, r.begun = v, true
		return nil
	}
	acc, err := r.f.Call(r.acc, v)
	r.acc = acc
	return err
}

func (r *reduction) failed(err error) error { return r.add("", scriptError(err)) }
func (r *reduction) value() any             { return r.acc }

// listing makes a list of the results; flat joins those that are lists themselves.
type listing struct {
	flat bool
	vs   []any
}

func (l *listing) add(_ string, v any) error {
	if l.flat {
		x, err := goValue(v)
		if err != nil {
			return err
		}
		if _, isObject := x.(*lang.Record); !isObject {
			if items, err := listOf(x); err == nil {
				l.vs = append(l.vs, items...)
				return nil
			}
		}
		v = x
	}
	l.vs = append(l.vs, v)
	return nil
}

func (l *listing) failed(err error) error {
	if !l.flat {
		l.vs = append(l.vs, scriptError(err))
	}
	return nil
}

func (l *listing) value() any { return l.vs }

// arithmetic adds or multiplies numbers, and lists of as many numbers one by one.
type arithmetic struct {
	op  string
	acc any
}

func (a *arithmetic) add(who string, v any) error {
	x, err := goValue(v)
	if err != nil {
		return err
	}
	sum, ok := plain(x)
	if ok && a.acc != nil {
		sum, ok = a.both(a.acc, sum)
	}
	if !ok {
		return &lang.Error{Class: "TypeError", Message: fmt.Sprintf(
			"foreach: combine %q takes numbers, or lists of as many numbers: %s %s", a.op, who, describe(x))}
	}
	a.acc = sum
	return nil
}

func (a *arithmetic) failed(error) error { return nil }

func (a *arithmetic) value() any {
	switch {
	case a.acc != nil:
		return a.acc
	case a.op == "*":
		return int64(1)
	}
	return int64(0)
}

// plain gives numbers as float64 or *big.Int, and lists of them as []any. False: it is something else.
func plain(v any) (any, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64, *big.Int:
		return v, true
	case []float64:
		return anyOf(v), true
	case []any:
		out, ok := make([]any, len(v)), true
		for i := 0; ok && i < len(v); i++ {
			out[i], ok = plain(v[i])
		}
		return out, ok
	}
	return nil, false
}

// both combines what plain gave. False: they do not match.
func (a *arithmetic) both(x, y any) (any, bool) {
	switch x := x.(type) {
	case float64:
		y, ok := y.(float64)
		if a.op == "*" {
			return x * y, ok
		}
		return x + y, ok
	case *big.Int:
		y, ok := y.(*big.Int)
		switch {
		case !ok:
			return nil, false
		case a.op == "*":
			return new(big.Int).Mul(x, y), true
		}
		return new(big.Int).Add(x, y), true
	}
	xs, _ := x.([]any)
	ys, ok := y.([]any)
	if ok = ok && len(xs) == len(ys); !ok {
		return nil, false
	}
	out := make([]any, len(xs))
	for i := 0; ok && i < len(xs); i++ {
		out[i], ok = a.both(xs[i], ys[i])
	}
	return out, ok
}

// describe is a value in a word or two.
func describe(v any) string {
	switch v := v.(type) {
	case nil, lang.Undefined:
		return "nothing"
	case bool, string, int64, float64:
		return fmt.Sprintf("%#v", v)
	case *big.Int:
		return fmt.Sprintf("the big integer %v", v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case *lang.Record:
		return "an object"
	}
	return "something else"
}

// goValue is a result as a Go value.
func goValue(v any) (any, error) {
	feed, ok := v.(lang.Feed)
	if !ok {
		return v, nil
	}
	var b lang.Builder
	err := feed(&b)
	return b.Value(), err
}

// scriptError is a failure as a value of scripts.
func scriptError(err error) any {
	if e, ok := err.(lang.ScriptErrorer); ok {
		return e.ScriptError()
	}
	return &lang.Error{Class: "Error", Message: err.Error()}
}
