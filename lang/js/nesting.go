package js

import (
	"fmt"
	"strings"

	"github.com/mojukapu/mirai/lang"
)

const maxNesting = 1000

// checkDepth refuses text whose brackets nest so deep that the parser would use up the Go stack. It reads literals and
// comments roughly; a closing bracket closes whatever stands open within it, so that what it misreads does not add up.
func checkDepth(code lang.Code) error {
	var open []byte
	src := code.Source
	for i := 0; i < len(src); i++ {
		if n := len(open); n > 0 && open[n-1] == '`' {
			i = skipTemplate(src, i, &open)
			continue
		}
		switch ch := src[i]; ch {
		case '\\':
			i++
		case '"', '\'':
			i = skipString(src, i)
		case '/':
			i = skipSlash(src, i)
		case '(', '[', '{', '`':
			if open = append(open, ch); len(open) > maxNesting {
				line := max(code.Line, 1) + strings.Count(src[:i], "\n")
				return &lang.Error{Kind: lang.Limited, Class: "SyntaxError", Stack: []lang.Frame{{File: code.Name, Line: line}},
					Message: fmt.Sprintf("brackets nest deeper than %d levels: split the expression", maxNesting)}
			}
		case ')', ']', '}':
			open = closeBracket(open, ch)
		}
	}
	return nil
}

func closeBracket(open []byte, ch byte) []byte {
	for j := len(open) - 1; j >= 0 && open[j] != '`'; j-- {
		if open[j] == ch-1 || open[j] == ch-2 {
			return open[:j]
		}
	}
	return open
}

// skipTemplate passes over the text of a template literal, to its end or to the code in it.
func skipTemplate(src string, i int, open *[]byte) int {
	for ; i < len(src); i++ {
		switch {
		case src[i] == '\\':
			i++
		case src[i] == '`':
			*open = (*open)[:len(*open)-1]
			return i
		case src[i] == '$' && i+1 < len(src) && src[i+1] == '{':
			*open = append(*open, '{')
			return i + 1
		}
	}
	return i
}

// skipString gives the index of the end of a string on one line, or i when it does not end there.
func skipString(src string, i int) int {
	for j := i + 1; j < len(src) && src[j] != '\n'; j++ {
		switch src[j] {
		case '\\':
			j++
		case src[i]:
			return j
		}
	}
	return i
}

// skipSlash passes over a comment or a regular expression; a division stays.
func skipSlash(src string, i int) int {
	rest := src[i:]
	end := 0
	switch {
	case strings.HasPrefix(rest, "//"):
		end = strings.IndexByte(rest, '\n')
	case strings.HasPrefix(rest, "/*"):
		if end = strings.Index(rest[2:], "*/"); end >= 0 {
			end += 3
		}
	case expectsValue(src[:i]):
		return skipRegExp(src, i)
	}
	if end < 0 {
		return len(src)
	}
	return i + end
}

// expectsValue tells whether a slash after this text begins a regular expression.
func expectsValue(before string) bool {
	before = strings.TrimRight(before, " \t\r\n")
	return before == "" || strings.IndexByte("(,=:[!&|?{};+-*%~^<>", before[len(before)-1]) >= 0 || strings.HasSuffix(before, "return")
}

func skipRegExp(src string, i int) int {
	class := false
	for j := i + 1; j < len(src) && src[j] != '\n'; j++ {
		switch {
		case src[j] == '\\':
			j++
		case src[j] == '[':
			class = true
		case src[j] == ']':
			class = false
		case src[j] == '/' && !class:
			return j
		}
	}
	return i
}
