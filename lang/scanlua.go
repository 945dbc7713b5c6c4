package lang

import (
	"strings"
	"unicode/utf8"
)

// The states of the scanner of Lua. From luaValue on, an operand ended.
const (
	luaNone   state = iota // anything may come
	luaDot                 // after . and :
	luaValue               // a number, a string, a table
	luaDots                // ...
	luaPrefix              // a name, an index, parentheses: it can be called and indexed
	luaCall                // a call, likewise; it may have many values
)

// scanLua reads tokens of Lua until the text ends or another language begins.
func (s *scanner) scanLua() {
	src := s.src
	for s.pos < len(src) && s.lang == inLua && s.err == nil {
		i := s.pos
		c := src[i]
		switch {
		case classes[c]&blankByte != 0:
			s.pos = i + 1
			continue
		case isDigit(c):
			s.literal(i, luaNumberEnd(src, i))
			continue
		case isWord(c) && c != '$':
			s.luaWord(i)
			continue
		}
		switch c {
		case '"', '\'':
			end, ok := luaString(src, i)
			if !ok && s.broken == 0 {
				s.broken = int32(i + 1)
			}
			s.luaText(i, end)
		case '-':
			if end := luaComment(src, i); end > i {
				s.pos = end
			} else {
				s.token(i+1, luaNone)
			}
		case '.', ':':
			s.luaDot(i, c)
		case '(':
			s.luaOpen(i, paren, luaPrefix)
		case '{':
			s.luaOpen(i, table, luaValue)
		case '[':
			s.luaBracket(i)
		case ')', ']':
			s.closeParen(i, c)
		case '}':
			s.closeBrace(i)
		case ',':
			if !s.comma(i) {
				s.token(i+1, luaNone)
			}
		case '>':
			if !s.closeOptions(i) {
				s.token(i+1, luaNone)
			}
		default:
			s.token(i+1, luaNone)
		}
	}
}

func (s *scanner) literal(i, end int) {
	s.primary(i)
	s.token(end, luaValue)
}

// called tells whether a parenthesis, string or table now is an argument of what stands before it.
func (s *scanner) called() bool { return s.st >= luaPrefix }

// manyValued tells whether the value just read may be several.
func (s *scanner) manyValued() bool {
	return s.lang == inLua && (s.st == luaCall || s.st == luaDots)
}

// luaText handles a string.
func (s *scanner) luaText(i, end int) {
	if s.called() {
		s.token(end, luaCall)
	} else {
		s.literal(i, end)
	}
}

// luaOpen handles ( and {.
func (s *scanner) luaOpen(i int, k kind, after state) {
	if s.called() {
		after = luaCall
	} else {
		s.primary(i)
	}
	s.push(k, after)
	s.token(i+1, luaNone)
}

// luaBracket handles [ at i: a long string, m[], or an index.
func (s *scanner) luaBracket(i int) {
	if end := longEnd(s.src, i); end > i {
		s.luaText(i, end)
		return
	}
	if s.st >= luaValue && s.quiet == 0 && s.index(i) {
		return
	}
	if !s.called() {
		s.primary(i)
	}
	s.push(bracket, luaPrefix)
	s.token(i+1, luaNone)
}

// luaDot handles . and : at i.
func (s *scanner) luaDot(i int, c byte) {
	rest := s.src[i:]
	switch {
	case strings.HasPrefix(rest, "..."):
		s.primary(i)
		s.token(i+3, luaDots)
	case len(rest) > 1 && rest[1] == c: // .. and ::
		s.token(i+2, luaNone)
	case c == '.' && len(rest) > 1 && isDigit(rest[1]):
		s.literal(i, luaNumberEnd(s.src, i))
	default:
		s.token(i+1, luaDot)
	}
}

// luaWord handles a name or a keyword at i.
func (s *scanner) luaWord(i int) {
	e := luaWordEnd(s.src, i)
	w := s.src[i:e]
	switch {
	case s.st == luaDot:
		s.token(e, luaPrefix)
	case e < len(s.src) && s.src[e] == '<' && (w == "mirai" || w == "everywhere") && s.begins(e+1):
		s.openBlock(i, e)
	case w == "nil" || w == "true" || w == "false":
		s.literal(i, e)
	case luaReserved(w):
		s.token(e, luaNone)
	default:
		s.primary(i)
		s.token(e, luaPrefix)
	}
}

// luaComment gives the end of a comment at i, i when there is none.
func luaComment(src string, i int) int {
	if !strings.HasPrefix(src[i:], "--") {
		return i
	}
	if end := longEnd(src, i+2); end > i+2 {
		return end
	}
	if n := strings.IndexByte(src[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(src)
}

// longEnd gives the end of the long bracket at i, i when there is none.
func longEnd(src string, i int) int {
	if i+1 >= len(src) || src[i] != '[' || src[i+1] != '[' && src[i+1] != '=' {
		return i
	}
	p := i + 1
	for p < len(src) && src[p] == '=' {
		p++
	}
	if p == len(src) || src[p] != '[' {
		return i
	}
	level := p - i - 1
	for p++; ; p++ {
		n := strings.IndexByte(src[p:], ']')
		if n < 0 {
			return len(src)
		}
		p += n
		q := p + 1
		for q < len(src) && src[q] == '=' {
			q++
		}
		if q < len(src) && src[q] == ']' && q-p-1 == level {
			return q + 1
		}
		p = q - 1 // ]==: the next bracket may begin here
	}
}

// luaString gives the end of the string at i: the end of its line when it has none.
func luaString(src string, i int) (end int, ok bool) {
	quote := src[i]
	for i++; i < len(src); i++ {
		switch src[i] {
		case quote:
			return i + 1, true
		case '\n', '\r':
			return i, false
		case '\\':
			i++
			switch {
			case i+1 < len(src) && src[i] == '\r' && src[i+1] == '\n', i+1 < len(src) && src[i] == '\n' && src[i+1] == '\r':
				i++
			case i < len(src) && src[i] == 'z':
				for i+1 < len(src) && classes[src[i+1]]&blankByte != 0 {
					i++
				}
			}
		}
	}
	return len(src), false
}

// luaNumberEnd gives the end of the number at i.
func luaNumberEnd(src string, i int) int {
	exponent := byte('e')
	if src[i] == '0' && i+1 < len(src) && src[i+1]|0x20 == 'x' {
		exponent = 'p'
	}
	for ; i < len(src); i++ {
		switch c := src[i]; {
		case c == '.' || isWord(c) && c < utf8.RuneSelf && c != '$':
		case (c == '+' || c == '-') && src[i-1]|0x20 == exponent:
		default:
			return i
		}
	}
	return i
}

// luaWordEnd gives the end of the name at i, i when there is none. Bytes that are not ASCII may be in a name, as
// they may in Lua by locale.
func luaWordEnd(src string, i int) int {
	for i < len(src) && isWord(src[i]) && src[i] != '$' {
		i++
	}
	return i
}

func luaReserved(w string) bool {
	switch w {
	case "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
		"or", "repeat", "return", "then", "true", "until", "while":
		return true
	}
	return false
}

// luaBlank gives the end of the white space and comments at p.
func luaBlank(src string, p int) int {
	for p < len(src) {
		end := p
		switch c := src[p]; {
		case classes[c]&blankByte != 0:
			end++
		case c == '-':
			end = luaComment(src, p)
		}
		if end == p {
			return p
		}
		p = end
	}
	return p
}
