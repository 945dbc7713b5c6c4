package lang

import (
	"strings"
	"unicode/utf8"
)

// isWord tells whether an identifier or a number may go on with c; bytes of other characters than ASCII count.
func isWord(c byte) bool { return classes[c]&wordByte != 0 }

func isDigit(c byte) bool { return c-'0' < 10 }

const (
	wordByte  = 1 << iota // of an identifier
	blankByte             // white space
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '$', c >= utf8.RuneSelf:
			t[c] = wordByte
		case c == ' ', c >= '\t' && c <= '\r':
			t[c] = blankByte
		}
	}
	return t
}()

// jsComment gives the end of a comment at i, i when there is none.
func jsComment(src string, i int) int {
	switch {
	case strings.HasPrefix(src[i:], "//"):
		return lineEnd(src, i)
	case strings.HasPrefix(src[i:], "/*"):
		if n := strings.Index(src[i+2:], "*/"); n >= 0 {
			return i + 2 + n + 2
		}
		return len(src)
	}
	return i
}

// lineEnd is where the line of i ends, before its terminator.
func lineEnd(src string, i int) int {
	for ; i < len(src); i++ {
		if c := src[i]; c == '\n' || c == '\r' || c == 0xE2 && isSeparator(src[i:]) {
			break
		}
	}
	return i
}

// isSeparator tells whether s begins with one of the line ends that are not ASCII.
func isSeparator(s string) bool {
	return len(s) > 2 && s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9)
}

// jsString gives the end of the string at i: the end of its line when it has none.
func jsString(src string, i int) (end int, ok bool) {
	quote := src[i]
	for i++; i < len(src); i++ {
		switch src[i] {
		case quote:
			return i + 1, true
		case '\\':
			if i++; i+1 < len(src) && src[i] == '\r' && src[i+1] == '\n' {
				i++
			}
		case '\n', '\r':
			return i, false
		}
	}
	return len(src), false
}

// regexEnd gives the end of the regular expression at i, with its flags: the end of the line when it has none.
func regexEnd(src string, i int) (end int, ok bool) {
	set := false
	for i++; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\\':
			if i++; i < len(src) && (src[i] == '\n' || src[i] == '\r') {
				return i, false
			}
		case c == '[':
			set = true
		case c == ']':
			set = false
		case c == '/' && !set:
			for i++; i < len(src) && isWord(src[i]); i++ {
			}
			return i, true
		case c == '\n' || c == '\r' || c == 0xE2 && isSeparator(src[i:]):
			return i, false
		}
	}
	return len(src), false
}

// numberEnd gives the end of the number at i.
func numberEnd(src string, i int) int {
	digits := func() {
		for i < len(src) && (isDigit(src[i]) || src[i] == '_') {
			i++
		}
	}
	if src[i] == '0' && i+1 < len(src) && strings.IndexByte("xXoObB", src[i+1]) >= 0 {
		for i += 2; i < len(src) && (isDigit(src[i]) || src[i] == '_' || src[i]|0x20 >= 'a' && src[i]|0x20 <= 'f'); i++ {
		}
		return bigEnd(src, i)
	}
	digits()
	if i < len(src) && src[i] == '.' {
		i++
		digits()
	}
	if i+1 < len(src) && src[i]|0x20 == 'e' {
		if sign := src[i+1]; isDigit(sign) {
			i++
		} else if i+2 < len(src) && (sign == '+' || sign == '-') && isDigit(src[i+2]) {
			i += 2
		}
		digits()
	}
	return bigEnd(src, i)
}

// bigEnd passes over the n of a big integer.
func bigEnd(src string, i int) int {
	if i < len(src) && src[i] == 'n' && (i+1 == len(src) || !isWord(src[i+1])) {
		return i + 1
	}
	return i
}

// jsWordEnd gives the end of the identifier at i, i when there is none. It may have escapes, and a # before it.
func jsWordEnd(src string, i int) int {
	if i < len(src) && src[i] == '#' {
		i++
	}
	for i < len(src) {
		switch c := src[i]; {
		case c < utf8.RuneSelf && isWord(c):
			i++
		case c >= utf8.RuneSelf:
			if blankRune(src[i:]) > 0 {
				return i
			}
			_, n := utf8.DecodeRuneInString(src[i:])
			i += n
		case c == '\\' && i+1 < len(src) && src[i+1] == 'u':
			i += 2
			if i < len(src) && src[i] == '{' {
				for i++; i < len(src) && isWord(src[i]); i++ {
				}
				if i < len(src) && src[i] == '}' {
					i++
				}
			}
		default:
			return i
		}
	}
	return i
}

// blankRune gives the length of the white space that is not ASCII at the beginning of s, or 0.
func blankRune(s string) int {
	switch r, n := utf8.DecodeRuneInString(s); {
	case r == 0xA0, r == 0xFEFF, r == 0x1680, r >= 0x2000 && r <= 0x200A, r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x3000:
		return n
	}
	return 0
}

// jsBlank gives the end of the white space and comments at p.
func jsBlank(src string, p int) int {
	for p < len(src) {
		switch c := src[p]; {
		case classes[c]&blankByte != 0:
			p++
		case c == '/':
			end := jsComment(src, p)
			if end == p {
				return p
			}
			p = end
		case c >= utf8.RuneSelf:
			n := blankRune(src[p:])
			if n == 0 {
				return p
			}
			p += n
		default:
			return p
		}
	}
	return p
}

// jsReserved tells whether no variable can have this name.
func jsReserved(w string) bool {
	switch w {
	case "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "enum",
		"export", "extends", "false", "finally", "for", "function", "if", "import", "in", "instanceof", "new", "null", "return",
		"super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "yield":
		return true
	}
	return false
}
