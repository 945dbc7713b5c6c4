package json

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mojukapu/mirai/lang"
)

// tape is a text read once: its tokens, and for each container how much it holds.
type tape struct {
	text   string
	tokens []token
}

// token is a value, a key or an end. kind is the character it begins with; escaped text has kind escaped.
type token struct {
	kind     byte
	from, to int // of the text between quotes, of a number; of a container, to is the number of its entries
}

const (
	number  = '0'
	escaped = '\\'
)

// scanner checks a text and lays its tokens out.
type scanner struct {
	tape
	at   int
	open []int // tokens of the containers that are open
}

// scan reads a whole text. The error names line and column.
func scan(text string) (*tape, error) {
	s := &scanner{tape: tape{text: text}}
	s.tokens = make([]token, 0, len(text)/8+1)
	if strings.HasPrefix(text, "\ufeff") {
		s.at = 3
	}
	if err := s.document(); err != nil {
		return nil, err
	}
	return &s.tape, nil
}

func (s *scanner) document() error {
	if err := s.value(); err != nil {
		return err
	}
	for len(s.open) > 0 {
		if err := s.entry(); err != nil {
			return err
		}
	}
	if s.space(); s.at < len(s.text) {
		return s.unexpected("the end of the text")
	}
	return nil
}

// entry reads the next entry of the innermost container, or its end.
func (s *scanner) entry() error {
	top := &s.tokens[s.open[len(s.open)-1]]
	end := top.kind + 2 // ] or }
	switch c := s.peek(); {
	case c == end:
		s.at++
		s.open = s.open[:len(s.open)-1]
		s.add(end, 0, 0)
		return nil
	case top.to > 0 && c != ',':
		return s.unexpected(fmt.Sprintf("',' or '%c'", end))
	case top.to > 0:
		s.at++
	}
	top.to++
	if top.kind == '[' {
		return s.value()
	}
	if s.peek() != '"' {
		return s.unexpected("a key in double quotes")
	}
	if err := s.str(); err != nil {
		return err
	}
	if s.peek() != ':' {
		return s.unexpected("':'")
	}
	s.at++
	return s.value()
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if len(s.open) == maxDepth {
			return s.fail("nested deeper than %d", maxDepth)
		}
		s.at++
		s.open = append(s.open, len(s.tokens))
		s.add(c, 0, 0)
		return nil
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if strings.HasPrefix(s.text[s.at:], word) {
			s.at += len(word)
			s.add(word[0], 0, 0)
			return nil
		}
	}
	return s.unexpected("a value")
}

func (s *scanner) number() error {
	from := s.at
	if s.text[s.at] == '-' {
		s.at++
	}
	whole := s.at
	ok := s.digits()
	if ok && s.text[whole] == '0' && s.at > whole+1 {
		s.at = whole + 1
		return s.unexpected("no digit after a leading zero")
	}
	if ok && s.at < len(s.text) && s.text[s.at] == '.' {
		s.at++
		ok = s.digits()
	}
	if ok && s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		ok = s.digits()
	}
	if !ok {
		return s.unexpected("a digit")
	}
	s.add(number, from, s.at)
	return nil
}

func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

func (s *scanner) str() error {
	begin := s.at
	kind := byte('"')
	for i := begin + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			if kind == '"' && !utf8.ValidString(s.text[begin+1:i]) {
				kind = escaped
			}
			s.add(kind, begin+1, i)
			s.at = i + 1
			return nil
		case c < ' ':
			s.at = i
			return s.fail("a control character in a string: write \\u%04x", c)
		case c == '\\':
			kind = escaped
			n := escapeLen(s.text[i:])
			if n == 0 {
				s.at = i
				return s.fail("a broken escape in a string")
			}
			i += n - 1
		}
	}
	s.at = begin
	return s.fail("a string that does not end")
}

// escapeLen is the length of the escape that s begins with, 0 when it is none.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	if s[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, s[1]) < 0 {
			return 0
		}
		return 2
	}
	if len(s) < 6 {
		return 0
	}
	if _, err := strconv.ParseUint(s[2:6], 16, 16); err != nil {
		return 0
	}
	return 6
}

func (s *scanner) add(kind byte, from, to int) { s.tokens = append(s.tokens, token{kind, from, to}) }

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek gives the next character that is no white space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) unexpected(want string) error {
	if s.at == len(s.text) {
		return s.fail("the text ends where %s is expected", want)
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.at:])
	return s.fail("%q where %s is expected", r, want)
}

func (s *scanner) fail(format string, args ...any) error {
	before := s.text[:s.at]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return &lang.Error{Class: "SyntaxError", Message: fmt.Sprintf("json.parse: %d:%d: %s", line, column, fmt.Sprintf(format, args...))}
}

// feed drives s along the tape.
func (t *tape) feed(s lang.Sink) (err error) {
	var objects []bool // whether the containers that are open are objects
	key := false       // whether the next token is a key
	for _, k := range t.tokens {
		inKey := key
		key = len(objects) > 0 && objects[len(objects)-1] && !inKey
		switch k.kind {
		case '{':
			err = s.Begin(lang.Object, k.to, "")
			objects, key = append(objects, true), true
		case '[':
			err = s.Begin(lang.List, k.to, "")
			objects, key = append(objects, false), false
		case '}', ']':
			err = s.End()
			objects = objects[:len(objects)-1]
			key = len(objects) > 0 && objects[len(objects)-1]
		case '"', escaped:
			err = t.str(s, k, inKey)
		case number:
			err = t.number(s, k)
		case 'n':
			err = s.Null()
		default:
			err = s.Bool(k.kind == 't')
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tape) str(s lang.Sink, k token, key bool) error {
	text := t.text[k.from:k.to]
	var units []uint16
	if k.kind == escaped {
		text, units = unescape(text)
	}
	switch {
	case key:
		return s.Key(text)
	case units != nil:
		return s.UTF16(units)
	}
	return s.Text(text)
}

// unescape gives the text, and its UTF-16 too when there are lone surrogates in it.
func unescape(s string) (string, []uint16) {
	var b strings.Builder
	b.Grow(len(s))
	lone := false
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			r, n := utf8.DecodeRuneInString(s[i:])
			b.WriteRune(r)
			i += n
			continue
		}
		r, n := escape(s[i:])
		lone = lone || utf16.IsSurrogate(r)
		b.WriteRune(r) // a lone surrogate becomes U+FFFD
		i += n
	}
	if lone {
		return b.String(), unescapeUnits(s)
	}
	return b.String(), nil
}

func unescapeUnits(s string) []uint16 {
	var units []uint16
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if s[i] == '\\' {
			r, n = escape(s[i:])
		}
		if utf16.IsSurrogate(r) {
			units = append(units, uint16(r))
		} else {
			units = utf16.AppendRune(units, r)
		}
		i += n
	}
	return units
}

// escape reads the escape that s begins with; a pair of surrogates is one character.
func escape(s string) (r rune, n int) {
	if s[1] != 'u' {
		if i := strings.IndexByte("bfnrt", s[1]); i >= 0 {
			return rune("\b\f\n\r\t"[i]), 2
		}
		return rune(s[1]), 2
	}
	u, _ := strconv.ParseUint(s[2:6], 16, 16)
	if r = rune(u); utf16.IsSurrogate(r) && escapeLen(s[6:]) == 6 {
		low, _ := strconv.ParseUint(s[8:12], 16, 16)
		if pair := utf16.DecodeRune(r, rune(low)); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return r, 6
}

func (t *tape) number(s lang.Sink, k token) error {
	text := t.text[k.from:k.to]
	if !strings.ContainsAny(text, ".eE") && text != "-0" {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return s.Int(i)
		}
		b, _ := new(big.Int).SetString(text, 10)
		return s.BigInt(b)
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range is an infinity, as in JSON.parse
	return s.Float(f)
}
