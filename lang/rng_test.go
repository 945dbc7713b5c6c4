package lang

import (
	"math"
	"testing"
)

// TestRNG holds what the authors publish: the output of test2RngStream.
func TestRNG(t *testing.T) {
	g1 := RNG{12345, 12345, 12345, 12345, 12345, 12345}
	g2 := g1
	g2.Jump()
	if want := (RNG{3692455944, 1366884236, 2968912127, 335948734, 4161675175, 475798818}); g2 != want {
		t.Errorf("the second stream is %d, want %d", g2, want)
	}
	g3 := g2
	g3.Jump()
	if want := (RNG{1015873554, 1310354410, 2249465273, 994084013, 2912484720, 3876682925}); g3 != want {
		t.Errorf("the third stream is %d, want %d", g3, want)
	}
	same(t, "the seed 12345", &g1, 0.1270111, 0.3185276, 0.3091860, 0.8258469, 0.2216299)
	for range 30 {
		g1.Float64()
	}
	if want := (RNG{1040577685, 3747037609, 277208355, 1712706441, 627445683, 2408037141}); g1 != want {
		t.Errorf("after 35 numbers the state is %d, want %d", g1, want)
	}
	same(t, "the 36th number", &g1, 0.07941673614985)

	sum, s := 0.0, g3
	s.Float64() // was taken before
	for range 100 {
		sum += s.Float64()
	}
	if math.Abs(sum-53.98590159232) > 1e-11 {
		t.Errorf("100 numbers of the third stream after the first add up to %.11f, want 53.98590159232", sum)
	}
	s = g3
	same(t, "the third stream", &s, 0.7285097861965, 0.9655872822837, 0.9961841304801, 0.1149884161813, 0.9731454191297)
	for range 4 {
		g3.SubJump()
	}
	same(t, "its fourth substream", &g3, 0.1734545396358, 0.03286351608942, 0.2643169129682, 0.3059403602117, 0.5476303035177)
}

func same(t *testing.T, name string, s *RNG, want ...float64) {
	t.Helper()
	for i, w := range want {
		if got := s.Float64(); math.Abs(got-w) > 5e-8 {
			t.Errorf("%s, number %d: %.13f, want %.13f", name, i, got, w)
		}
	}
}

func TestJumps(t *testing.T) {
	a1 := matrix{{0, 1, 0}, {0, 0, 1}, {m1 - 810728, 1403580, 0}}
	a2 := matrix{{0, 1, 0}, {0, 0, 1}, {m2 - 1370589, 0, 527612}}
	start := NewRNG(1)
	stepped, steps := start, 0
	for k := range 128 {
		if k <= 16 { // 2^k steps one by one
			for ; steps < 1<<k; steps++ {
				stepped.Float64()
			}
			s := start
			if s.advance(&a1, &a2); s != stepped {
				t.Errorf("2^%d numbers on: %d, want %d", k, s, stepped)
			}
		}
		switch {
		case k == 76 && (a1 != subJump1 || a2 != subJump2):
			t.Errorf("the matrices for 2^76 are %d and %d", a1, a2)
		case k == 127 && (a1 != jump1 || a2 != jump2):
			t.Errorf("the matrices for 2^127 are %d and %d", a1, a2)
		}
		a1, a2 = squared(a1, m1), squared(a2, m2)
	}
}

func squared(a matrix, m uint64) (out matrix) {
	for j := range 3 {
		column := []uint32{a[0][j], a[1][j], a[2][j]}
		a.apply(column, m)
		out[0][j], out[1][j], out[2][j] = column[0], column[1], column[2]
	}
	return out
}

func TestSeeds(t *testing.T) {
	// R: set.seed(123, "L'Ecuyer-CMRG"); .Random.seed[-1]
	if s, want := NewRNG(123), (RNG{1806547166, 3311292359, 643431772, 1162448557, 3335719306, 4161054083}); s != want {
		t.Errorf("NewRNG(123) = %d, want %d", s, want)
	}
	seen := map[RNG]int64{}
	for _, seed := range []int64{0, 1, 2, -1, math.MaxInt32, math.MinInt32, 1 << 31, math.MaxUint32, 1 << 32, 1<<32 + 1, 1 << 53, math.MinInt64, math.MaxInt64} {
		s := NewRNG(seed)
		if other, ok := seen[s]; ok || !s.valid() || s != NewRNG(seed) {
			t.Errorf("NewRNG(%d) = %d, valid %v, also that of %d: %v", seed, s, s.valid(), other, ok)
		}
		seen[s] = seed
	}
	if a, b := RandomRNG(), RandomRNG(); a == b || !a.valid() {
		t.Errorf("RandomRNG gives %d, then %d", a, b)
	}
	if n := 0; expand(func() uint32 { n++; return uint32(n / 7) }) == (RNG{}) {
		t.Error("expand gives a state of zeros")
	}
}

func TestRNGOf(t *testing.T) {
	good := [6]uint32{m1 - 1, 0, 0, 0, 0, m2 - 1}
	if s, err := RNGOf(good); err != nil || s != RNG(good) {
		t.Errorf("RNGOf(%d) = %d, %v", good, s, err)
	}
	for _, bad := range [][6]uint32{{}, {1, 1, 1}, {0, 0, 0, 1, 1, 1}, {1, m1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, m2}} {
		if s, err := RNGOf(bad); err == nil {
			t.Errorf("RNGOf(%d) = %d, want an error", bad, s)
		}
	}
}

func TestFloat64IsInside(t *testing.T) {
	for _, s := range []RNG{{0, 0, 1, 0, 0, 1}, {m1 - 1, m1 - 1, m1 - 1, m2 - 1, m2 - 1, m2 - 1}, {1, 0, 0, 1, 0, 0}} {
		for range 1000 {
			if f := s.Float64(); f <= 0 || f >= 1 || !s.valid() {
				t.Fatalf("%v at the state %d", f, s)
			}
		}
	}
	if f := float64(m1) * unit; f >= 1 {
		t.Errorf("the largest number is %v", f)
	}
}

func TestBelow(t *testing.T) {
	s := NewRNG(7)
	for _, n := range []uint64{1, 2, 6, 1 << 16, 1<<16 + 1, 1 << 53, math.MaxUint64} {
		const cells, draws = 6, 6000
		var count [cells]int
		for range draws {
			v := Below(s.Float64, n)
			if v >= n {
				t.Fatalf("Below(%d) = %d", n, v)
			}
			count[min(int(float64(v)/float64(n)*cells), cells-1)]++
		}
		for i, c := range count {
			if n >= cells && math.Abs(float64(c)-draws/cells) > 5*math.Sqrt(draws/cells) {
				t.Errorf("Below(%d): %d of %d in part %d of %d", n, c, draws, i, cells)
			}
		}
	}
}

func TestDefaultRand(t *testing.T) {
	var c Config
	c.DefaultRand()
	s := c.RandState()
	if got, want := c.Rand(), s.Float64(); got != want {
		t.Errorf("Rand() = %v, want %v, which its state says", got, want)
	}
	fixed := Config{Rand: func() float64 { return 0.5 }}
	if fixed.DefaultRand(); fixed.Rand() != 0.5 || fixed.RandState != nil {
		t.Error("DefaultRand replaces a source that is there")
	}
}

func BenchmarkRNG(b *testing.B) {
	s := NewRNG(1)
	b.ReportAllocs()
	var sum float64
	for b.Loop() {
		sum += s.Float64()
	}
	_ = sum
}

func BenchmarkJump(b *testing.B) {
	s := NewRNG(1)
	b.ReportAllocs()
	for b.Loop() {
		s.Jump()
	}
}
