package lang

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"math/rand/v2"
)

// RNG is a stream of random numbers: the six numbers of the state of MRG32k3a, oldest first in each half. Its period is
// 2^191. NewRNG, RNGOf and RandomRNG make one; the zero value gives nothing but the same number. Not for secrets.
//
// The generator is from P. L'Ecuyer, "Good parameters and implementations for combined multiple recursive random number
// generators", Operations Research 47 (1999); streams and substreams are from P. L'Ecuyer, R. Simard, E. J. Chen,
// W. D. Kelton, "An object-oriented random-number package with many long streams and substreams", Operations Research 50
// (2002). R calls it "L'Ecuyer-CMRG": its .Random.seed holds the same six numbers, and parallel::nextRNGStream is Jump.
type RNG [6]uint32

const (
	m1   = 1<<32 - 209   // modulus of the first three
	m2   = 1<<32 - 22853 // modulus of the last three
	unit = 1 / (m1 + 1.0)
)

// NewRNG gives the stream of a seed. For a seed of 32 bits it is the one that R has after set.seed(seed, "L'Ecuyer-CMRG"):
// a congruential generator (69069 x + 1) makes the six numbers, the first 50 are thrown away. A larger one is
// expanded by SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014).
func NewRNG(seed int64) RNG {
	if seed == int64(int32(seed)) {
		x := uint32(seed)
		congruential := func() uint32 {
			x = 69069*x + 1
			return x
		}
		for range 50 {
			congruential()
		}
		return expand(congruential)
	}
	x := uint64(seed)
	return expand(func() uint32 {
		x += 0x9e3779b97f4a7c15
		z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return uint32((z ^ z>>31) >> 32)
	})
}

// RNGOf gives the stream with these six numbers. The error says what they must be.
func RNGOf(state [6]uint32) (RNG, error) {
	s := RNG(state)
	if !s.valid() {
		return RNG{}, errors.New("the six numbers of a random stream: the first three must be below 4294967087, the last three below 4294944443, and neither three all zero")
	}
	return s, nil
}

// RandomRNG gives a stream that nobody has seen before.
func RandomRNG() RNG { return expand(rand.Uint32) }

// Child gives the nth stream of those that belong to one: where it begins is drawn by ChaCha8, seeded with the stream and
// n, so that children of children do not meet, as those of jumps would.
func (s RNG) Child(n uint64) RNG {
	var seed [32]byte
	for i, v := range s {
		binary.LittleEndian.PutUint32(seed[4*i:], v)
	}
	binary.LittleEndian.PutUint64(seed[24:], n)
	source := rand.NewChaCha8(seed)
	return expand(func() uint32 { return uint32(source.Uint64()) })
}

// expand takes six numbers that are a state.
func expand(next func() uint32) RNG {
	var s RNG
	for !s.valid() {
		for i := range s {
			for s[i] = next(); s[i] >= m2; s[i] = next() {
			}
		}
	}
	return s
}

func (s *RNG) valid() bool {
	return s[0]|s[1]|s[2] != 0 && s[3]|s[4]|s[5] != 0 &&
		max(s[0], s[1], s[2]) < m1 && max(s[3], s[4], s[5]) < m2
}

// Float64 gives the next number, between 0 and 1 and neither of them, with 32 bits of randomness.
func (s *RNG) Float64() float64 {
	// Differences are written as sums: nothing here is negative, nor larger than 2^53.
	p1 := (1403580*uint64(s[1]) + 810728*(m1-uint64(s[0]))) % m1
	p2 := (527612*uint64(s[5]) + 1370589*(m2-uint64(s[3]))) % m2
	s[0], s[1], s[2] = s[1], s[2], uint32(p1)
	s[3], s[4], s[5] = s[4], s[5], uint32(p2)
	d := int64(p1) - int64(p2)
	if d <= 0 {
		d += m1
	}
	return float64(d) * unit
}

// State gives the stream as it is now; a copy goes on by itself.
func (s *RNG) State() RNG { return *s }

// Jump goes to the beginning of the next stream: 2^127 numbers on.
func (s *RNG) Jump() { s.advance(&jump1, &jump2) }

// SubJump goes to the beginning of the next substream: 2^76 numbers on. A stream has 2^51 of them.
func (s *RNG) SubJump() { s.advance(&subJump1, &subJump2) }

// Below gives a whole number from 0 to n-1, n > 0, all equally likely: 16 bits of rand at a time, and again when the
// number is too large. R's sample takes its numbers in the same way.
func Below(rand func() float64, n uint64) uint64 {
	width := bits.Len64(n - 1)
	for {
		var v uint64
		for got := 0; got <= width; got += 16 {
			v = v<<16 | uint64(rand()*(1<<16))
		}
		if v &= 1<<width - 1; v < n {
			return v
		}
	}
}

// DefaultRand gives c a source of its own when it has none.
func (c *Config) DefaultRand() {
	if c.Rand == nil {
		s := RandomRNG()
		c.Rand, c.RandState = s.Float64, s.State
	}
}

// matrix takes three numbers of a state so many steps on.
type matrix [3][3]uint32

// The matrices of one step to the power of 2^127 and 2^76.
var (
	jump1    = matrix{{2427906178, 3580155704, 949770784}, {226153695, 1230515664, 3580155704}, {1988835001, 986791581, 1230515664}}
	jump2    = matrix{{1464411153, 277697599, 1610723613}, {32183930, 1464411153, 1022607788}, {2824425944, 32183930, 2093834863}}
	subJump1 = matrix{{82758667, 1871391091, 4127413238}, {3672831523, 69195019, 1871391091}, {3672091415, 3528743235, 69195019}}
	subJump2 = matrix{{1511326704, 3759209742, 1610795712}, {4292754251, 1511326704, 3889917532}, {3859662829, 4292754251, 3708466080}}
)

func (s *RNG) advance(a1, a2 *matrix) {
	a1.apply(s[:3], m1)
	a2.apply(s[3:], m2)
}

// apply multiplies v from the left, modulo m.
func (a *matrix) apply(v []uint32, m uint64) {
	var out [3]uint32
	for i, row := range a {
		var sum uint64
		for j, x := range row {
			sum = (sum + uint64(x)*uint64(v[j])%m) % m
		}
		out[i] = uint32(sum)
	}
	copy(v, out[:])
}
