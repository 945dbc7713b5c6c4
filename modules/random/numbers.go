package random

import (
	"fmt"
	"math"
	"strconv"

	"github.com/mojukapu/mirai/lang"
)

// uniform(a, b, n) is a number between a and b, 0 and 1 unless given. With n it is a Float64Array of n numbers, here and below.
func uniform(c *lang.Call, rand source) (any, error) {
	a, err := number(c, 0, "a", 0)
	if err != nil {
		return nil, err
	}
	b, err := number(c, 1, "b", 1)
	if err != nil {
		return nil, err
	}
	if a > b {
		return nil, wrong(c, 1, "b", atLeast(a))
	}
	width := b - a
	if math.IsInf(width, 0) {
		return numbers(c, 2, func() float64 { u := rand(); return float64(a*(1-u)) + float64(b*u) })
	}
	// The conversion keeps processors that multiply and add in one from giving other numbers.
	return numbers(c, 2, func() float64 { return a + float64(width*rand()) })
}

// normal(mean, sd, n) is a number of the normal distribution, mean 0 and standard deviation 1 unless given.
func normal(c *lang.Call, rand source) (any, error) {
	mean, err := number(c, 0, "mean", 0)
	if err != nil {
		return nil, err
	}
	sd, err := number(c, 1, "sd", 1)
	if err != nil {
		return nil, err
	}
	if sd < 0 {
		return nil, wrong(c, 1, "sd", "0 or more")
	}
	return numbers(c, 2, func() float64 { return mean + float64(sd*standard(rand)) })
}

// standard inverts the distribution function (M. J. Wichura, algorithm AS 241, 1988, which is what math.Erfinv is) at a
// number of 59 bits made of two. R does the same.
func standard(rand source) float64 {
	const big = 1 << 27
	for {
		u := math.Floor(big*rand()) + rand()
		if z := math.Sqrt2 * math.Erfinv(2*(u/big)-1); !math.IsInf(z, 0) { // u may be so small that it is lost
			return z
		}
	}
}

// exponential(rate, n) is a number of the exponential distribution, mean 1/rate, rate 1 unless given.
func exponential(c *lang.Call, rand source) (any, error) {
	rate, err := number(c, 0, "rate", 1)
	if err != nil {
		return nil, err
	}
	if rate <= 0 {
		return nil, wrong(c, 0, "rate", "above 0")
	}
	return numbers(c, 1, func() float64 { return -math.Log(rand()) / rate })
}

// integer(a, b, n) is a whole number from a to b, both included.
func integer(c *lang.Call, rand source) (any, error) {
	a, err := whole(c, 0, "a")
	if err != nil {
		return nil, err
	}
	b, err := whole(c, 1, "b")
	if err != nil {
		return nil, err
	}
	if a > b {
		return nil, wrong(c, 1, "b", atLeast(float64(a)))
	}
	width := uint64(b-a) + 1
	return numbers(c, 2, func() float64 { return float64(a + int64(lang.Below(rand, width))) })
}

func atLeast(a float64) string {
	return fmt.Sprintf("at least a, which is %s", strconv.FormatFloat(a, 'g', -1, 64))
}

// numbers gives what next gives: once, or n times when argument i says so.
func numbers(c *lang.Call, i int, next source) (any, error) {
	if !c.Given(i) {
		return next(), nil
	}
	n, err := count(c, i, "n")
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	for k := range out {
		if k&0xffff == 0 && c.Context.Err() != nil {
			return nil, c.Context.Err()
		}
		out[k] = next()
	}
	return out, nil
}
