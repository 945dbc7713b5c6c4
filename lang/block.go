package lang

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Rewrite turns mirai<...>{...}(...), everywhere<...>{...}(...), m[] and m[.flat, .stop] in code.Source into plain calls of
// the module mirai. free gives the free names of a block for a lone ... among its globals; nil makes that an error. Errors are
// *Error of kind Syntax at the user's position. Text without our syntax is given back as it is.
func Rewrite(language string, code Code, free func(language, code string) ([]string, error)) (*Text, error) {
	code.Line, code.Column = max(code.Line, 1), max(code.Column, 1)
	in := inJS
	if language == Lua {
		in = inLua
	}
	if !mayHold(in, code.Source) {
		return &Text{Out: code.Source, source: code.Source, line: code.Line, column: code.Column}, nil
	}
	if len(code.Source) > math.MaxInt32/2 {
		return nil, &Error{Kind: Syntax, Class: "SyntaxError", Message: "the text is longer than 1 GiB: split it",
			Stack: []Frame{{File: code.Name, Line: code.Line, Column: code.Column}}}
	}
	s := &scanner{src: code.Source, lang: in, code: code, free: free, where: cursor{0, code.Line, code.Column}}
	s.stack, s.edits, s.lists, s.made = s.room.stack[:1], s.room.edits[:0], s.room.lists[:0], s.room.made[:0]
	s.run()
	if s.err != nil {
		return nil, s.err
	}
	return s.text(), nil
}

// mayHold tells whether text can have our syntax in it, so that most text need not be scanned.
func mayHold(in tongue, src string) bool {
	if strings.Contains(src, "mirai<") || strings.Contains(src, "everywhere<") {
		return true
	}
	for i := 0; ; i++ {
		n := strings.IndexByte(src[i:], '[')
		if n < 0 {
			return false
		}
		i += n
		if afterOperand(src[:i]) && beforeOptions(in, src[i+1:]) {
			return true
		}
	}
}

// afterOperand tells whether an operand may end with src, leaving the rest to the scanner.
func afterOperand(src string) bool {
	for i := len(src) - 1; i >= 0; i-- {
		switch src[i] {
		case ' ', '\t':
			continue
		case '=', '(', '[', ',', ':', '{', ';', '+', '-', '*', '%', '&', '|', '^', '!', '<', '>', '?', '~':
			return false
		}
		return true
	}
	return false
}

// beforeOptions tells whether src may go on as m[ does.
func beforeOptions(in tongue, src string) bool {
	src = strings.TrimLeft(src, " \t\r\n")
	switch {
	case src == "":
		return false
	case src[0] == '.':
		return len(src) > 1 && (isWord(src[1]) && !isDigit(src[1]))
	case src[0] == '-':
		return in == inLua
	}
	return src[0] == ']' || src[0] == '/' || src[0] >= utf8.RuneSelf || src[0] == '\v' || src[0] == '\f'
}

// maxBlocks bounds how deep blocks nest.
const maxBlocks = 200

var (
	blockOptions   = []string{"js", "lua", "try", "timeout", "runtimeout", "profile", "name", "retry", "priority", "args", "min"}
	collectOptions = []string{"flat", "progress", "stop"}
)

// begins tells whether what follows mirai< at p is the list of a block rather than the right side of a comparison:
// names, then > and a brace, or a name that gets a value.
func (s *scanner) begins(p int) bool {
	known := true
	for n := 0; ; n++ {
		p = s.blank(p)
		if p < len(s.src) && s.src[p] == '>' {
			p = s.blank(p + 1)
			return p == len(s.src) || s.src[p] == '{'
		}
		e := s.wordEnd(p)
		if e == p {
			return false
		}
		option := slices.Contains(blockOptions, s.src[p:e])
		p = s.blank(e)
		switch {
		case p == len(s.src):
			return false
		case s.assigns(p):
			return known || option || n == 0
		case s.src[p] == ',':
			p++
		case s.src[p] != '>':
			return false
		}
		known = known && option
	}
}

// assigns tells whether = stands at p, and not == or =>.
func (s *scanner) assigns(p int) bool {
	return p < len(s.src) && s.src[p] == '=' && (p+1 == len(s.src) || s.src[p+1] != '=' && s.src[p+1] != '>')
}

// openBlock reads from mirai< at i, or everywhere<, whose name ends at e.
func (s *scanner) openBlock(i, e int) {
	if s.depth++; s.depth > maxBlocks {
		s.fail(i, "blocks nest deeper than %d levels", maxBlocks)
		return
	}
	s.primary(i)
	s.push(options, s.done())
	s.top().list = int32(len(s.lists))
	s.lists = append(s.lists, list{at: int32(i), lang: s.lang, everywhere: s.src[i] == 'e'})
	if s.beginEdit(i, int32(i)); s.quiet == 0 {
		s.open.head = s.top().list
	}
	s.pos = e + 1
	s.nextOption()
}

// nextOption reads options up to the value of one or the end of their list.
func (s *scanner) nextOption() {
	l := &s.lists[s.top().list]
	for s.err == nil {
		p := s.gap(s.pos)
		e := s.wordEnd(p)
		next := s.blank(e)
		switch {
		case p == len(s.src):
			s.pos = p
			return
		case s.src[p] == '>':
			s.openCode(p + 1)
			return
		case e == p || next < len(s.src) && !s.assigns(next) && s.src[next] != ',' && s.src[next] != '>':
			s.malformed(p, "an option of a block is a name or name = value")
			return
		case s.assigns(next):
			s.option(l, p, s.src[p:e], true)
			s.lines(e, next)
			s.beginValue(l, s.gap(next+1))
			return
		}
		s.option(l, p, s.src[p:e], false)
		s.lines(e, next)
		if s.pos = next; next < len(s.src) && s.src[next] == ',' {
			s.pos++
		}
	}
}

// malformed reports an item of a list, or passes over it in the code of a block.
func (s *scanner) malformed(at int, message string) {
	if s.quiet == 0 {
		s.fail(at, "%s", message)
	}
	s.pos, s.st = at, s.value()
}

// option takes one option of a block.
func (s *scanner) option(l *list, at int, name string, valued bool) {
	i := slices.Index(blockOptions, name)
	if i == 0 || i == 1 { // the languages
		if l.chosen && s.quiet == 0 {
			s.fail(at, "a block has one language: this one is already %s", l.name())
		} else if valued && s.quiet == 0 {
			s.fail(at, "the language %s takes no value", name)
		}
		l.chosen, l.lang = true, tongue(i)
		return
	}
	switch {
	case s.quiet > 0:
		return
	case i < 0:
		s.fail(at, "there is no option %q of a block: did you mean %q?", name, Nearest(name, blockOptions))
		return
	case l.seen&(1<<i) != 0:
		s.fail(at, "the option %s is given twice", name)
	case !valued && name != "try":
		s.fail(at, "the option %s needs a value: %s = ...", name, name)
	}
	s.entry(l, name, valued)
	l.seen |= 1 << i
}

// entry writes an entry of an object or table, without its value when it has one.
func (s *scanner) entry(l *list, name string, valued bool) {
	if l.seen != 0 {
		s.write(", ")
	}
	switch {
	case s.lang == inJS:
		s.write(name, ": ")
	case name == "try":
		s.write(`["try"] = `)
	default:
		s.write(name, " = ")
	}
	if !valued {
		s.write("true")
	}
}

// openCode reads from the end of the options to the code.
func (s *scanner) openCode(end int) {
	f := s.top()
	l := &s.lists[f.list]
	p := s.gap(end)
	switch {
	case p == len(s.src):
		s.failEarly(int(l.at), "a block needs its code in braces: mirai<...>{ ... }")
	case s.src[p] == '{':
		l.from = int32(p + 1)
		f.kind, f.lang = codeOf, s.lang
		s.lang = l.lang
		s.quiet++
		s.newed = false
		s.token(p+1, s.fresh())
	case s.quiet > 0:
		s.pop(end)
	default:
		s.fail(p, "a block needs its code in braces: mirai<...>{ ... }; a comparison among its options needs parentheses")
	}
}

// closeCode handles the brace at i that ends the code of a block.
func (s *scanner) closeCode(i int) {
	f := s.top()
	l := &s.lists[f.list]
	l.to = int32(i)
	s.lang = f.lang
	s.quiet--
	if s.quiet == 0 {
		s.checkCode(l)
		s.where.move(s.src, int(l.from))
		s.write("}, ")
		s.place()
	}
	p := i + 1
	for p < len(s.src) && (s.src[p] == ' ' || s.src[p] == '\t') {
		p++
	}
	if p == len(s.src) || s.src[p] != '(' {
		f.kind = globals
		s.closeList(i + 1)
		return
	}
	f.kind = globals
	s.token(p+1, s.value())
	if s.quiet == 0 {
		s.nextGlobal()
	}
}

// place writes where the code of a block begins, for its errors.
func (s *scanner) place() {
	s.made = appendLiteral(s.made, s.lang, strings.ToValidUTF8(s.code.Name, "\uFFFD"))
	s.made[len(s.made)-1] = ':'
	s.made = strconv.AppendInt(s.made, int64(s.where.line), 10)
	s.made = strconv.AppendInt(append(s.made, ':'), int64(s.where.column), 10)
	s.made = append(s.made, '"')
}

// checkCode refuses code that a string of the language around cannot hold.
func (s *scanner) checkCode(l *list) {
	code := s.src[l.from:l.to]
	if s.lang != inJS || utf8.ValidString(code) {
		return
	}
	for i, r := range code {
		if _, n := utf8.DecodeRuneInString(code[i:]); r == utf8.RuneError && n == 1 {
			s.fail(int(l.from)+i, "the byte 0x%02x is not UTF-8, which a block in JavaScript text must be: write an escape such as \\%d", code[i], code[i])
			return
		}
	}
}

// nextGlobal reads globals up to the value of one or the end of their list.
func (s *scanner) nextGlobal() {
	l := &s.lists[s.top().list]
	for s.err == nil {
		p := s.gap(s.pos)
		switch {
		case p == len(s.src):
			s.pos = p
			return
		case s.src[p] == ')':
			s.closeList(p + 1)
			return
		case strings.HasPrefix(s.src[p:], "..."):
			if next := s.gap(p + 3); next < len(s.src) && s.src[next] != ',' && s.src[next] != ')' {
				s.write(`, "...", `)
				s.beginValue(l, next)
				return
			}
			s.everyName(l, p)
			s.pos = s.afterItem(p + 3)
			continue
		}
		e := s.wordEnd(p)
		next := s.blank(e)
		switch {
		case e == p || !isName(s.lang, s.src[p:e]):
			s.fail(p, "a global of a block is name, name = value or ...values")
		case s.assigns(next):
			s.write(`, "`, s.src[p:e], `", `)
			s.lines(e, next)
			s.beginValue(l, s.gap(next+1))
			return
		case next < len(s.src) && s.src[next] != ',' && s.src[next] != ')':
			s.fail(p, "a global of a block is name, name = value or ...values: give this one a name, as in x = %s...", s.src[p:e])
		default:
			s.write(`, "`, s.src[p:e], `", `)
			s.endEdit(p)
			s.beginEdit(e, int32(p))
			s.gap(e)
			s.pos = s.afterItem(next)
		}
	}
}

// afterItem passes over the comma at p, or what stands before it.
func (s *scanner) afterItem(p int) int {
	if p = s.blank(p); p < len(s.src) && s.src[p] == ',' {
		p++
	}
	return p
}

// everyName writes the free names of the code, for the lone ... at p.
func (s *scanner) everyName(l *list, p int) {
	if s.free == nil {
		s.fail(p, "a lone ... is not available here: name the globals of the block")
		return
	}
	names, err := s.free(l.name(), s.src[l.from:l.to])
	if err != nil {
		s.failInside(l, p, err)
		return
	}
	for _, n := range names {
		switch {
		case !isName(s.lang, n): // no scope of this language defines it
		case s.lang == inJS:
			s.write(`, "`, n, `", typeof `, n, ` === "undefined" ? mirai.absent : `, n)
		default:
			s.write(`, "`, n, `", `, n)
		}
	}
}

// failInside passes on what free says about the code of a block, at its place in the text.
func (s *scanner) failInside(l *list, at int, err error) {
	var e *Error
	if !errors.As(err, &e) {
		s.fail(at, "the names for ... cannot be found: %v", err)
		return
	}
	place := int(l.from)
	if len(e.Stack) > 0 {
		lay := measure(s.src[l.from:l.to])
		place += lay.place(e.Stack[0].Line, e.Stack[0].Column)
	}
	s.fail(place, "%s", e.Message)
}
