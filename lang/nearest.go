package lang

import "strings"

// Nearest is the known name that takes the fewest edits (a letter more, less, changed, or two swapped) to make of
// name, the first of them where several do. Case counts little. Empty when nothing is known.
func Nearest(name string, known []string) string {
	best, least := "", -1
	for _, k := range known {
		if d := edits(name, k); least < 0 || d < least {
			best, least = k, d
		}
	}
	return best
}

// longName bounds what names are compared at: the work grows with the product of the lengths.
const longName = 64

// edits is twice the Damerau-Levenshtein distance without regard to case, and one more when the case differs.
func edits(a, b string) int {
	if a == b {
		return 0
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	if a == b {
		return 1
	}
	x, y := []rune(a), []rune(b)
	x, y = x[:min(len(x), longName)], y[:min(len(y), longName)]
	var rows [3][longName + 1]int
	for j := range len(y) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		row, above, twoAbove := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			d := min(above[j], row[j-1]) + 1
			if x[i-1] == y[j-1] {
				d = min(d, above[j-1])
			} else {
				d = min(d, above[j-1]+1)
			}
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, twoAbove[j-2]+1)
			}
			row[j] = d
		}
	}
	return 2 * rows[len(x)%3][len(y)]
}
