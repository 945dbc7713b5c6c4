package random

import (
	"errors"
	"math"

	"github.com/mojukapu/mirai/lang"
)

// generator has a stream of its own.
type generator struct {
	rng  lang.RNG
	draw source
}

func newGenerator(s lang.RNG) *generator {
	g := &generator{rng: s}
	g.draw = g.rng.Float64
	return g
}

// generatorType is the type of generators. One that travels goes on there from where it is; the one here does not notice.
func generatorType() *lang.Type {
	own := func(c *lang.Call) *generator { return c.Self.(*generator) }
	return &lang.Type{
		Name: "random.Generator",
		Is:   func(v any) bool { _, ok := v.(*generator); return ok },
		Methods: append(functions(func(c *lang.Call) source { return own(c).draw }),
			lang.Func{Name: "stream", Call: func(c *lang.Call) (any, error) { return numbersOf(own(c).rng), nil }},
		),
		Encode: func(v any) (any, error) { return numbersOf(v.(*generator).rng), nil },
		Decode: func(v any) (any, error) {
			s, err := rngOf(v)
			if err != nil {
				return nil, err
			}
			return newGenerator(s), nil
		},
	}
}

// seed(n) is a generator with the stream of a seed; seed(numbers) one that goes on from what stream() gave.
func seed(c *lang.Call) (any, error) {
	if n, err := whole(c, 0, "seed"); err == nil {
		return newGenerator(lang.NewRNG(n)), nil
	}
	if _, ok := c.Elements(0); !ok {
		return nil, wrong(c, 0, "seed", "a whole number or the six numbers that stream() gives")
	}
	v, err := c.Any(0)
	if err != nil {
		return nil, err
	}
	s, err := rngOf(v)
	if err != nil {
		return nil, &lang.Error{Class: "RangeError", Message: c.Name + ": " + err.Error()}
	}
	return newGenerator(s), nil
}

// stream() is the state of the task's stream, six numbers.
func stream(c *lang.Call) (any, error) {
	if c.RandState == nil {
		return nil, errors.New(c.Name + ": the numbers here come from a source that cannot tell its state: use a generator, seed(n)")
	}
	return numbersOf(c.RandState()), nil
}

func numbersOf(s lang.RNG) []any {
	out := make([]any, len(s))
	for i, x := range s {
		out[i] = int64(x)
	}
	return out
}

var errState = errors.New("the state of a random stream must be six whole numbers of 32 bits")

// rngOf is the stream with the numbers that numbersOf gave.
func rngOf(v any) (lang.RNG, error) {
	var state [6]uint32
	l, _ := v.([]any)
	if len(l) != len(state) {
		return lang.RNG{}, errState
	}
	for i := range state {
		x, ok := l[i].(int64)
		if !ok || x < 0 || x > math.MaxUint32 {
			return lang.RNG{}, errState
		}
		state[i] = uint32(x)
	}
	return lang.RNGOf(state)
}
