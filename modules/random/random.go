// Package random is the module random of scripts: numbers of the usual distributions, and choices from lists. They come
// from the stream of the task, so with a seed they are the same in both languages and on any daemon; nothing is kept
// between calls. Not for keys and passwords.
//
// Module makes it: the functions below, drawing from the task's stream, seed and stream. numbers.go has the
// distributions, lists.go the choices, generator.go the generators that seed gives: the same functions on a stream of
// their own. What R has too is done as R does it, so R's kind "L'Ecuyer-CMRG" with the same seed gives the same normal
// numbers.
package random

import (
	"fmt"
	"math"
	"strconv"

	"github.com/mojukapu/mirai/lang"
)

// source gives numbers between 0 and 1, neither of them.
type source func() float64

// Module gives the module random.
func Module() lang.Module {
	return lang.Module{
		Name: "random",
		Funcs: append(functions(func(c *lang.Call) source { return c.Rand }),
			lang.Func{Name: "seed", Call: seed},
			lang.Func{Name: "stream", Call: stream},
		),
		Types: []*lang.Type{generatorType()},
	}
}

// functions are those that draw; of says what from.
func functions(of func(*lang.Call) source) []lang.Func {
	drawing := func(f func(*lang.Call, source) (any, error)) func(*lang.Call) (any, error) {
		return func(c *lang.Call) (any, error) { return f(c, of(c)) }
	}
	return []lang.Func{
		{Name: "uniform", Call: drawing(uniform)},
		{Name: "normal", Call: drawing(normal)},
		{Name: "exponential", Call: drawing(exponential)},
		{Name: "integer", Call: drawing(integer)},
		{Name: "choice", Call: drawing(choice)},
		{Name: "shuffle", Call: drawing(shuffle)},
		{Name: "sample", Call: drawing(sample)},
	}
}

// number is argument i, a finite number, or its default when it is not given.
func number(c *lang.Call, i int, name string, otherwise float64) (float64, error) {
	if !c.Given(i) {
		return otherwise, nil
	}
	f, err := c.Float(i)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, wrong(c, i, name, "a finite number")
	}
	return f, nil
}

// whole is argument i, a whole number.
func whole(c *lang.Call, i int, name string) (int64, error) {
	f, err := c.Float(i)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, wrong(c, i, name, "a whole number")
	}
	return int64(f), nil
}

// most bounds how many numbers one call gives: 1 GiB of them.
const most = 1 << 27

// count is argument i: how many.
func count(c *lang.Call, i int, name string) (int, error) {
	n, err := whole(c, i, name)
	if err != nil || n < 0 || n > most {
		return 0, wrong(c, i, name, fmt.Sprintf("a whole number from 0 to %d", most))
	}
	return int(n), nil
}

// wrong says what argument i must be and what it is.
func wrong(c *lang.Call, i int, name, want string) error {
	got := "missing"
	if i < len(c.Args) {
		got = "of kind " + c.Args[i].Kind()
		if f, err := c.Float(i); err == nil {
			got = strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	return &lang.Error{Class: "TypeError", Message: fmt.Sprintf("%s: %s must be %s, it is %s", c.Name, name, want, got)}
}
