package lang

import (
	"fmt"
	"strings"
)

// tongue is a language as the scanner knows it.
type tongue uint8

const (
	inJS tongue = iota
	inLua
)

// scanner reads a text token by token, only once and without recursion. What is open stands on its stack. Within the
// code of a block it only looks for the end: that text travels as it is.
type scanner struct {
	src     string
	pos     int
	lang    tongue
	st      state
	newed   bool  // the operand to come belongs to a new before it
	async   bool  // the async at asyncAt began a statement
	asyncAt int32 // the end of the last async
	start   int32 // of the operand that ends or is being read
	prevEnd int32 // of the last token
	noRegex int32 // a regular expression that begins before here does not end
	broken  int32 // the first string that does not end, plus 1
	quiet   int   // blocks whose code we are in
	depth   int   // blocks whose list or code we are in
	stack   []frame
	lists   []list
	edits   []edit
	inserts []insert
	made    []byte
	open    edit // the edit that grows at the end of made
	where   cursor
	code    Code
	free    func(language, code string) ([]string, error)
	err     error
	room    struct {
		stack [24]frame
		lists [2]list
		edits [12]edit
		made  [192]byte
	}
}

// state says what may come next. The scanners of both languages have their own.
type state uint8

// frame is something open.
type frame struct {
	kind  kind
	after state  // once it is closed
	lang  tongue // around a block's code
	list  int32
	start int32 // of the operand around
	quest int32 // ? that wait for their :
}

type kind uint8

const (
	top      kind = iota // nothing is open
	block                // statements in braces
	object               // a JS object
	class                // the body of one
	hole                 // ${ in a template
	table                // a Lua table
	codeOf               // the code of one of our blocks
	paren                // from here on: what a closing brace closes too
	forHead              // the parentheses after for
	bracket              // [
	heritage             // between class and its body
	options              // mirai<
	globals              // mirai<...>{...}(
	collect              // m[.
)

// holds tells whether a closing brace may close a frame of this kind.
func (k kind) holds() bool { return k < paren }

func (k kind) ours() bool { return k >= options }

func (s *scanner) top() *frame { return &s.stack[len(s.stack)-1] }

func (s *scanner) push(k kind, after state) {
	s.stack = append(s.stack, frame{kind: k, after: after, start: s.start})
	s.newed = false
}

// pop closes the innermost frame, the token that ends at end being the last of it.
func (s *scanner) pop(end int) {
	f := s.top()
	s.st, s.start = f.after, f.start
	if f.kind.ours() && f.kind != collect {
		s.depth--
	}
	s.stack = s.stack[:len(s.stack)-1]
	s.pos, s.prevEnd = end, int32(end)
}

// primary notes where an operand begins.
func (s *scanner) primary(at int) {
	if !s.newed {
		s.start = int32(at)
	}
	s.newed = false
}

func (s *scanner) token(end int, st state) {
	s.pos, s.prevEnd, s.st = end, int32(end), st
}

func (s *scanner) run() {
	if strings.HasPrefix(s.src, "#!") {
		s.pos = lineEnd(s.src, 0)
	}
	s.st = s.fresh()
	for s.pos < len(s.src) && s.err == nil {
		if s.lang == inJS {
			s.scanJS()
		} else {
			s.scanLua()
		}
	}
	if s.err == nil {
		s.unclosed()
	}
}

// fresh is the state in which text begins, done the one in which a block or m[] leaves it.
func (s *scanner) fresh() state {
	if s.lang == inJS {
		return jsStatement
	}
	return luaNone
}

func (s *scanner) done() state {
	if s.lang == inJS {
		return jsOperand
	}
	return luaPrefix
}

func (s *scanner) value() state {
	if s.lang == inJS {
		return jsExpr
	}
	return luaNone
}

// unclosed tells of the innermost of our brackets that the end of the text leaves open.
func (s *scanner) unclosed() {
	for i := len(s.stack) - 1; i >= 0; i-- {
		f := &s.stack[i]
		if !f.kind.ours() && f.kind != codeOf {
			continue
		}
		at, what := int(s.lists[f.list].at), "the block that begins here has no end: } is missing"
		switch {
		case f.kind == codeOf && s.broken > s.lists[f.list].from:
			s.fail(int(s.broken-1), "the string has no end on its line, so the block around it has no end either")
			return
		case f.kind == options:
			what = "the options of the block have no end: > is missing"
		case f.kind == globals:
			what = "the globals of the block have no end: ) is missing"
		case f.kind == collect:
			what = "the options of [...] have no end: ] is missing"
		}
		s.failEarly(at, what)
		return
	}
}

// closeBrace handles a closing brace at i: what else is open within its pair is closed with it.
func (s *scanner) closeBrace(i int) {
	for !s.top().kind.holds() {
		if s.top().kind.ours() && s.quiet == 0 {
			s.fail(i, "unexpected }: the list of %s that begins at line %d has no end", s.top().kind.items(), s.lineOf(int(s.lists[s.top().list].at)))
			return
		}
		s.pop(i)
	}
	switch s.top().kind {
	case top:
		s.token(i+1, s.fresh())
	case codeOf:
		s.closeCode(i)
	case hole:
		s.pop(i + 1)
		s.template(i + 1)
	default:
		s.pop(i + 1)
	}
}

// closeParen handles ) and ] at i. One that does not fit closes the innermost pair, but no braces.
func (s *scanner) closeParen(i int, c byte) {
	for s.top().kind == heritage {
		s.pop(i)
	}
	switch k := s.top().kind; {
	case k == globals && c == ')' || k == collect && c == ']':
		s.endValue()
		if s.err == nil {
			s.closeList(i + 1)
		}
	case k.ours() && s.quiet == 0:
		s.fail(i, "unexpected %c in a list of %s", c, s.top().kind.items())
	case k.holds():
		s.token(i+1, s.value())
	default:
		s.pop(i + 1)
	}
}

func (k kind) items() string {
	if k == globals {
		return "globals"
	}
	return "options"
}

// fail ends the scan with an error at a place in the text.
func (s *scanner) fail(at int, format string, args ...any) {
	s.failAt(at, false, fmt.Sprintf(format, args...))
}

// failEarly is fail where more text could make it right.
func (s *scanner) failEarly(at int, message string) { s.failAt(at, true, message) }

func (s *scanner) failAt(at int, incomplete bool, message string) {
	if s.err != nil {
		return
	}
	c := cursor{0, s.code.Line, s.code.Column}
	c.move(s.src, at)
	t := Text{source: s.src, line: s.code.Line, column: s.code.Column}
	s.err = &Error{Kind: Syntax, Class: "SyntaxError", Message: message, Incomplete: incomplete,
		Stack: []Frame{{File: s.code.Name, Line: c.line, Column: c.column}}, Line: t.SourceLine(c.line)}
}

func (s *scanner) lineOf(at int) int { return s.code.Line + strings.Count(s.src[:at], "\n") }

// blank gives the end of the white space and comments at p.
func (s *scanner) blank(p int) int {
	if s.lang == inJS {
		return jsBlank(s.src, p)
	}
	return luaBlank(s.src, p)
}

// wordEnd gives the end of the name at p, p when there is none.
func (s *scanner) wordEnd(p int) int {
	switch {
	case p >= len(s.src) || isDigit(s.src[p]) || s.src[p] == '#':
		return p
	case s.lang == inJS:
		return jsWordEnd(s.src, p)
	}
	return luaWordEnd(s.src, p)
}

// isName tells whether s can be the name of a variable.
func isName(in tongue, s string) bool {
	switch {
	case s == "" || isDigit(s[0]) || s[0] == '#':
		return false
	case in == inJS:
		return jsWordEnd(s, 0) == len(s) && !jsReserved(s)
	}
	return luaWordEnd(s, 0) == len(s) && !luaReserved(s)
}
