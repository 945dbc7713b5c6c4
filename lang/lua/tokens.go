package lua

import (
	"math"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// gopher-lua keeps line numbers only. So its parser is given a text with each token on a line of its own: what it
// calls a line is then the number of a token, and that has a line and a column.

const (
	maxDepth = 1000  // brackets and blocks in each other: parser and compiler recurse
	maxChain = 20000 // operators, calls and elseifs one after the other: so do these
)

type tokenKind uint8

const (
	name tokenKind = iota
	keyword
	literal // string or number
	punct
)

type token struct {
	start int32 // in the text
	out   int32 // in the text for the parser
	open  int32 // of a closer: its opener, else -1
	depth int16 // of brackets and blocks around it
	kind  tokenKind
}

// scanError says what cannot be read, at a place in the text.
type scanError struct {
	at         int
	message    string
	incomplete bool
	limited    bool
}

func (e *scanError) Error() string { return e.message }

type scanner struct {
	src   string
	pos   int
	toks  []token
	out   []byte
	open  []int32
	chain int
}

// scan splits src into tokens and writes the text for the parser.
func scan(src string) (*scanner, error) {
	s := &scanner{src: src, toks: make([]token, 0, len(src)/4+4), out: make([]byte, 0, len(src)+len(src)/4+16)}
	for {
		if err := s.space(); err != nil {
			return nil, err
		}
		if s.pos >= len(src) {
			return s, nil
		}
		if err := s.token(); err != nil {
			return nil, err
		}
	}
}

// text is the source text of token i, for names, keywords and punctuation.
func (s *scanner) text(i int) string {
	end := len(s.out)
	if i+1 < len(s.toks) {
		end = int(s.toks[i+1].out)
	}
	return string(s.out[s.toks[i].out : end-1])
}

func (s *scanner) space() error {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			s.pos++
		case strings.HasPrefix(s.src[s.pos:], "--"):
			if err := s.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (s *scanner) comment() error {
	at := s.pos
	s.pos += 2
	if level := s.bracket(s.pos); level >= 0 {
		if _, ok := s.long(level); !ok {
			return &scanError{at: at, message: "unfinished long comment", incomplete: true}
		}
		return nil
	}
	if i := strings.IndexAny(s.src[s.pos:], "\r\n"); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.src)
	}
	return nil
}

// bracket is the level of the long bracket at p, -1 when there is none.
func (s *scanner) bracket(p int) int {
	if p >= len(s.src) || s.src[p] != '[' {
		return -1
	}
	level := 0
	for p++; p < len(s.src) && s.src[p] == '='; p++ {
		level++
	}
	if p < len(s.src) && s.src[p] == '[' {
		return level
	}
	return -1
}

// long reads a long bracket and gives its content.
func (s *scanner) long(level int) (string, bool) {
	from := s.pos + level + 2
	end := strings.Index(s.src[from:], "]"+strings.Repeat("=", level)+"]")
	if end < 0 {
		return "", false
	}
	s.pos = from + end + level + 2
	return s.src[from : from+end], true
}

func (s *scanner) token() error {
	at := s.pos
	t := token{start: int32(at), out: int32(len(s.out)), open: -1, depth: int16(len(s.open)), kind: punct}
	c := s.src[at]
	switch {
	case isName(c):
		for s.pos++; s.pos < len(s.src) && (isName(s.src[s.pos]) || isDigit(s.src[s.pos])); s.pos++ {
		}
		word := s.src[at:s.pos]
		s.out = append(s.out, word...)
		if t.kind = name; reserved[word] {
			t.kind = keyword
		}
	case isDigit(c) || c == '.' && at+1 < len(s.src) && isDigit(s.src[at+1]):
		t.kind = literal
		if err := s.number(); err != nil {
			return err
		}
	case c == '"' || c == '\'':
		t.kind = literal
		if err := s.short(c); err != nil {
			return err
		}
	case s.bracket(at) >= 0:
		t.kind = literal
		text, ok := s.long(s.bracket(at))
		if !ok {
			return &scanError{at: at, message: "unfinished long string", incomplete: true}
		}
		s.quote(unixLines(text))
	default:
		n := operator(s.src[at:])
		if n == 0 {
			r, _ := utf8.DecodeRuneInString(s.src[at:])
			return &scanError{at: at, message: "unexpected symbol near '" + string(r) + "'" + hint(s.src[at:])}
		}
		s.pos += n
		s.out = append(s.out, s.src[at:s.pos]...)
	}
	s.out = append(s.out, '\n')
	return s.nest(&t)
}

// nest keeps the book of openers and closers, and of the bounds.
func (s *scanner) nest(t *token) error {
	i := len(s.toks)
	s.toks = append(s.toks, *t)
	s.chained(i)
	if t.kind == name || t.kind == literal {
		return s.bounded(t)
	}
	switch s.src[t.start:s.pos] {
	case "(", "[", "{", "function", "if", "do", "repeat":
		s.open = append(s.open, int32(i))
	case ")", "]", "}", "end", "until":
		if n := len(s.open); n > 0 {
			s.toks[i].open, s.toks[i].depth = s.open[n-1], int16(n-1)
			s.open = s.open[:n-1]
		}
	}
	return s.bounded(t)
}

func (s *scanner) bounded(t *token) error {
	if len(s.open) > maxDepth {
		return &scanError{at: int(t.start), limited: true, message: "brackets and blocks are nested deeper than " + strconv.Itoa(maxDepth)}
	}
	if s.chain > maxChain {
		return &scanError{at: int(t.start), limited: true, message: "an expression has more than " + strconv.Itoa(maxChain) + " operators"}
	}
	return nil
}

// chained counts what parser and compiler recurse over without a bracket.
func (s *scanner) chained(i int) {
	switch t := s.toks[i]; t.kind {
	case punct:
		switch s.src[t.start:s.pos] {
		case ",", ";", "=", "{":
			s.chain = 0
		default:
			s.chain++
		}
	case keyword:
		switch s.src[t.start:s.pos] {
		case "and", "or", "not", "elseif", "nil", "true", "false", "then":
			s.chain++
		default:
			s.chain = 0
		}
	default:
		if i > 0 && t.kind == name && (s.toks[i-1].kind == name || s.out[t.out-2] == ')') {
			s.chain = 0
		}
	}
}

// number copies a number, as a decimal: gopher-lua takes a leading 0 for octal and knows no big hexadecimals.
func (s *scanner) number() error {
	at := s.pos
	for ; s.pos < len(s.src); s.pos++ {
		c := s.src[s.pos]
		sign := (c == '-' || c == '+') && (s.src[s.pos-1]|0x20) == 'e' && !isHex(s.src[at:])
		if !isName(c) && !isDigit(c) && c != '.' && !sign {
			break
		}
	}
	word := s.src[at:s.pos]
	v, ok := parseNumber(word)
	switch {
	case !ok:
		return &scanError{at: at, message: "malformed number near '" + word + "'"}
	case math.IsInf(v, 0):
		s.out = append(s.out, "(1e308*10)"...)
	case isHex(word) || word[0] == '0':
		s.out = strconv.AppendFloat(s.out, v, 'g', -1, 64)
	default:
		s.out = append(s.out, word...)
	}
	return nil
}

func parseNumber(word string) (float64, bool) {
	if isHex(word) {
		v, err := strconv.ParseUint(word[2:], 16, 64)
		return float64(v), err == nil
	}
	if strings.ContainsAny(word, "_xXpPnN") {
		return 0, false
	}
	v, err := strconv.ParseFloat(word, 64)
	return v, err == nil || math.IsInf(v, 0)
}

func isHex(s string) bool { return len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' }

// short copies a quoted string; escapes that gopher-lua has not, or that span lines, are written out.
func (s *scanner) short(quote byte) error {
	at := s.pos
	s.out = append(s.out, quote)
	for s.pos++; ; {
		if s.pos >= len(s.src) || s.src[s.pos] == '\n' || s.src[s.pos] == '\r' {
			return &scanError{at: at, message: "unfinished string"}
		}
		c := s.src[s.pos]
		s.pos++
		switch c {
		case quote:
			s.out = append(s.out, quote)
			return nil
		case '\\':
			if err := s.escape(); err != nil {
				return err
			}
		default:
			s.out = append(s.out, c)
		}
	}
}

func (s *scanner) escape() error {
	if s.pos >= len(s.src) {
		return &scanError{at: s.pos, message: "unfinished string", incomplete: true}
	}
	at, c := s.pos-1, s.src[s.pos]
	s.pos++
	switch c {
	case '\n', '\r':
		if s.pos < len(s.src) && s.src[s.pos] != c && (s.src[s.pos] == '\n' || s.src[s.pos] == '\r') {
			s.pos++
		}
		s.out = append(s.out, `\n`...)
	case 'z':
		for s.pos < len(s.src) && (s.src[s.pos] == ' ' || s.src[s.pos] >= '\t' && s.src[s.pos] <= '\r') {
			s.pos++
		}
	case 'x':
		if len(s.src) < s.pos+2 {
			return &scanError{at: at, message: "hexadecimal digit expected"}
		}
		v, err := strconv.ParseUint(s.src[s.pos:s.pos+2], 16, 8)
		if err != nil {
			return &scanError{at: at, message: "hexadecimal digit expected"}
		}
		s.pos += 2
		s.decimal(byte(v))
	case 'u':
		return s.codepoint(at)
	default:
		s.out = append(s.out, '\\', c)
	}
	return nil
}

func (s *scanner) codepoint(at int) error {
	rest := s.src[s.pos:]
	end := strings.IndexByte(rest, '}')
	if end < 2 || rest[0] != '{' {
		return &scanError{at: at, message: `\u must be followed by hexadecimal digits in braces`}
	}
	v, err := strconv.ParseUint(rest[1:end], 16, 21)
	if err != nil {
		return &scanError{at: at, message: `\u must be followed by hexadecimal digits in braces`}
	}
	for _, b := range utf8.AppendRune(nil, rune(v)) {
		s.decimal(b)
	}
	s.pos += end + 1
	return nil
}

func (s *scanner) decimal(b byte) {
	s.out = append(s.out, '\\', '0'+b/100, '0'+b/10%10, '0'+b%10)
}

// quote writes a string on one line.
func (s *scanner) quote(text string) {
	s.out = append(s.out, '"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\\':
			s.out = append(s.out, '\\', c)
		case '\n', '\r', 0:
			s.decimal(c)
		default:
			s.out = append(s.out, c)
		}
	}
	s.out = append(s.out, '"')
}

// unixLines is the content of a long string as Lua reads it: no first newline, each line end a \n.
func unixLines(text string) string {
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.NewReplacer("\r\n", "\n", "\n\r", "\n", "\r", "\n").Replace(text)
	}
	return strings.TrimPrefix(text, "\n")
}

func operator(s string) int {
	for _, op := range [...]string{"...", "..", "==", "~=", "<=", ">=", "::"} {
		if strings.HasPrefix(s, op) {
			return len(op)
		}
	}
	if strings.IndexByte("+-*/%^#<>=(){}[];:,.", s[0]) >= 0 {
		return 1
	}
	return 0
}

func hint(s string) string {
	switch {
	case strings.HasPrefix(s, "!="):
		return " (Lua writes ~=)"
	case s[0] == '!':
		return " (Lua writes not)"
	case strings.HasPrefix(s, "&&"):
		return " (Lua writes and)"
	case strings.HasPrefix(s, "||"):
		return " (Lua writes or)"
	}
	return ""
}

func isName(c byte) bool  { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

var reserved = map[string]bool{"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true,
	"false": true, "for": true, "function": true, "goto": true, "if": true, "in": true, "local": true, "nil": true,
	"not": true, "or": true, "repeat": true, "return": true, "then": true, "true": true, "until": true, "while": true}

// lines are the offsets at which the lines of src begin.
func lines(src string) []int32 {
	starts := []int32{0}
	for i := 0; i < len(src); i++ {
		if src[i] == '\n' {
			starts = append(starts, int32(i+1))
		}
	}
	return starts
}

// place gives line and column, both from 1, of an offset.
func place(starts []int32, at int) (line, column int) {
	line = sort.Search(len(starts), func(i int) bool { return int(starts[i]) > at })
	return line, at - int(starts[line-1]) + 1
}
