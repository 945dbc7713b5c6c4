package lua

import (
	"math"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// random is math.random: a number between 0 and 1, a whole one from 1 to m, or from m to n.
func (in *Interp) random(L *glua.LState) int {
	lo, hi := 1.0, 0.0
	switch L.GetTop() {
	case 0:
		L.Push(number(in.rand()))
		return 1
	case 1:
		hi = math.Trunc(float64(L.CheckNumber(1)))
	case 2:
		lo, hi = math.Trunc(float64(L.CheckNumber(1))), math.Trunc(float64(L.CheckNumber(2)))
	default:
		L.RaiseError("wrong number of arguments")
	}
	switch width := hi - lo; {
	case !(width >= 0): // or not a number
		L.ArgError(L.GetTop(), "interval is empty")
	case width > maxInt || math.Abs(lo) > maxInt || math.Abs(hi) > maxInt:
		L.ArgError(L.GetTop(), "interval goes beyond 2^53")
	default:
		L.Push(number(lo + float64(lang.Below(in.rand, uint64(width)+1))))
	}
	return 1
}

// randomSeed is math.randomseed: the rest of the task draws from the stream of a seed. What the task drew from before,
// a stream of the host's, stays where it is, and the next task draws from it again.
func (in *Interp) randomSeed(L *glua.LState) int {
	f := math.Trunc(float64(L.CheckNumber(1)))
	seed := int64(math.Float64bits(f))
	if math.Abs(f) < 1<<63 {
		seed = int64(f)
	}
	s := lang.NewRNG(seed)
	in.rand, in.randState = s.Float64, s.State
	return 0
}

func (in *Interp) unseed() { in.rand, in.randState = in.cfg.Rand, in.cfg.RandState }
