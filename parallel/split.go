package parallel

import "math"

// Split cuts xs into n contiguous parts, as even as splitIndices of R makes them; of fewer elements than parts some are
// empty. It is nil for n below 1. The parts share the memory of xs.
func Split[T any](xs []T, n int) [][]T {
	if n < 1 {
		return nil
	}
	out, at := make([][]T, n), 0
	for i, end := range ends(len(xs), n) {
		out[i] = xs[at:end:end]
		at = end
	}
	return out
}

// ends gives where each of n parts of size elements ends. The formula is that of splitIndices: n intervals as long as each
// other, from just below the first element, which is 1, to just above the last.
func ends(size, n int) []int {
	out := make([]int, n)
	fuzz := min(float64(size-1)/1000, 0.4*float64(size)/float64(n))
	step := (float64(size-1) + 2*fuzz) / float64(n)
	for i := range out { // the conversion keeps processors that multiply and add in one from rounding otherwise
		out[i] = max(0, min(int(math.Floor(1-fuzz+float64(step*float64(i+1)))), size))
	}
	out[n-1] = size
	return out
}
