package lua

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// drawing is an interpreter that draws from a stream of the host's.
func drawing(t *testing.T, s *lang.RNG) *Interp {
	t.Helper()
	return fresh(t, lang.Config{Rand: s.Float64, RandState: s.State})
}

func float(t *testing.T, in *Interp, src string) float64 {
	t.Helper()
	v, err := in.Eval(context.Background(), lang.Code{Source: src}, nil, nil)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	var f float64
	if err := assign(v, &f); err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return f
}

func assign(v lang.Value, dst any) error {
	var b lang.Builder
	if err := v.Walk(&b); err != nil {
		return err
	}
	return lang.Assign(dst, b.Value())
}

func TestRandom(t *testing.T) {
	s := lang.NewRNG(1)
	in := drawing(t, &s)
	for _, x := range []struct {
		src    string
		lo, hi float64
		whole  bool
	}{
		{"math.random()", 0, 1, false},
		{"math.random(1)", 1, 1, true},
		{"math.random(6)", 1, 6, true},
		{"math.random(6.9)", 1, 6, true},
		{"math.random(-3, 3)", -3, 3, true},
		{"math.random(2^52, 2^53)", 1 << 52, 1 << 53, true},
		{"coroutine.wrap(function() coroutine.yield(math.random(2)) end)()", 1, 2, true},
	} {
		least, largest := math.Inf(1), math.Inf(-1)
		for range 200 {
			f := float(t, in, x.src)
			if f < x.lo || f > x.hi || x.whole && f != math.Trunc(f) {
				t.Fatalf("%s = %v, want %v to %v", x.src, f, x.lo, x.hi)
			}
			least, largest = min(least, f), max(largest, f)
		}
		if x.whole && x.hi < 10 && (least != x.lo || largest != x.hi) {
			t.Errorf("%s gives %v to %v, want %v to %v", x.src, least, largest, x.lo, x.hi)
		}
	}
}

func TestRandomErrors(t *testing.T) {
	in := fresh(t, lang.Config{})
	for src, want := range map[string]string{
		"math.random(0)":         "bad argument #1 to 'random' (interval is empty)",
		"math.random(2, 1)":      "bad argument #2 to 'random' (interval is empty)",
		"math.random(0/0)":       "interval is empty",
		"math.random(1, 1/0)":    "interval goes beyond 2^53",
		"math.random(-1/0, 1/0)": "interval goes beyond 2^53",
		"math.random(1, 2, 3)":   "wrong number of arguments",
		"math.random('x')":       "number expected, got string",
		"math.randomseed()":      "number expected, got nil",
	} {
		if _, err := in.Eval(context.Background(), lang.Code{Source: src}, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", src, err, want)
		}
	}
}

// TestRandomSeed seeds in one task: the host's stream waits for the next.
func TestRandomSeed(t *testing.T) {
	s := lang.NewRNG(1)
	in := drawing(t, &s)
	float(t, in, "math.random()")
	before := s
	seeded := lang.NewRNG(7)
	if got, want := float(t, in, "math.randomseed(7.5) return math.random()"), seeded.Float64(); got != want {
		t.Errorf("seeded, the first number is %v, want %v", got, want)
	}
	if got, want := float(t, in, "math.random()"), seeded.Float64(); got != want {
		t.Errorf("seeded, the second number is %v, want %v", got, want)
	}
	for _, odd := range []string{"0/0", "1/0", "-2^70"} {
		if f := float(t, in, "math.randomseed("+odd+") return math.random()"); f <= 0 || f >= 1 {
			t.Errorf("after randomseed(%s) comes %v", odd, f)
		}
	}
	if s != before {
		t.Errorf("a seed of the script changes the stream of the host")
	}
	in.Reset()
	if got, want := float(t, in, "math.random()"), before.Float64(); got != want {
		t.Errorf("after Reset comes %v, want %v, the host's next", got, want)
	}
}
