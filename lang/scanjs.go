package lang

import (
	"strings"
	"unicode/utf8"
)

// The states of the scanner of JavaScript: what came before decides whether / divides, { is an object, [ is an index.
// From jsOperand on, / divides.
const (
	jsStatement state = iota // a statement may begin
	jsExpr                   // an operand must come
	jsArrow                  // after =>
	jsDefault                // after default
	jsMember                 // a member of an object or a class may begin
	jsHead                   // after if, while, switch...: parentheses
	jsForHead                // after for
	jsFuncDecl               // after function, where a statement begins
	jsFuncExpr               // after function, elsewhere
	jsBodyDecl               // the body of such a function
	jsBodyExpr               //
	jsJump                   // after break and continue
	jsClassDecl              // after class, where a statement begins, and its name
	jsClassExpr              // after class, elsewhere
	jsOperand                // an operand ended
	jsPostfix                // x++ ended: no member can follow
	jsDot                    // after . and ?.
)

// scanJS reads tokens of JavaScript until the text ends or another language begins.
func (s *scanner) scanJS() {
	src := s.src
	for s.pos < len(src) && s.lang == inJS && s.err == nil {
		i := s.pos
		c := src[i]
		switch {
		case classes[c]&blankByte != 0:
			s.pos = i + 1
			continue
		case isDigit(c):
			s.operand(i, numberEnd(src, i))
			continue
		case c >= utf8.RuneSelf:
			if n := blankRune(src[i:]); n > 0 {
				s.pos = i + n
			} else {
				s.word(i)
			}
			continue
		case isWord(c):
			s.word(i)
			continue
		}
		switch c {
		case '"', '\'':
			end, ok := jsString(src, i)
			if !ok && s.broken == 0 {
				s.broken = int32(i + 1)
			}
			s.operand(i, end)
		case '`':
			if s.st != jsOperand && s.st != jsDot {
				s.primary(i)
			}
			s.template(i + 1)
		case '/':
			s.slash(i)
		case '\\':
			s.word(i)
		case '#':
			s.word(i)
		case '.':
			s.dot(i)
		case '(':
			s.jsParen(i)
		case '[':
			if s.st == jsOperand && s.quiet == 0 && s.index(i) {
				break
			}
			if s.st != jsOperand && s.st != jsDot {
				s.primary(i)
			}
			s.push(bracket, jsOperand)
			s.token(i+1, jsExpr)
		case '{':
			s.jsBrace(i)
		case ')', ']':
			s.closeParen(i, c)
		case '}':
			s.closeBrace(i)
		default:
			s.operator(i, c)
		}
	}
}

// operand handles an operand that is one token.
func (s *scanner) operand(i, end int) {
	s.primary(i)
	s.token(end, jsOperand)
}

// word handles an identifier or a keyword at i.
func (s *scanner) word(i int) {
	e := jsWordEnd(s.src, i)
	if e == i {
		e = i + 1 // a stray character
	}
	w := s.src[i:e]
	switch s.st {
	case jsDot:
		s.token(e, jsOperand)
		return
	case jsFuncDecl, jsFuncExpr:
		s.token(e, s.st)
		return
	case jsClassDecl, jsClassExpr:
		if w == "extends" {
			s.token(e, jsExpr)
		} else {
			s.token(e, s.st)
		}
		return
	case jsForHead: // for await
		s.token(e, s.st)
		return
	}
	if e < len(s.src) && s.src[e] == '<' && (w == "mirai" || w == "everywhere") && s.begins(e+1) {
		s.openBlock(i, e)
		return
	}
	switch s.st {
	case jsMember:
		switch w {
		case "get", "set", "static", "async", "accessor":
			s.token(e, jsMember)
			return
		}
		s.operand(i, e)
	case jsJump:
		if s.newline(i) {
			s.st = jsStatement
			s.keyword(i, e, w)
			return
		}
		s.token(e, jsStatement)
	default:
		s.keyword(i, e, w)
	}
}

// keyword handles an identifier or a keyword where both can stand.
func (s *scanner) keyword(i, e int, w string) {
	if len(w) < 2 || len(w) > 10 || w[0] < 'a' || w[0] > 'y' {
		s.operand(i, e)
		return
	}
	switch w {
	case "if", "while", "with", "catch", "switch":
		s.token(e, jsHead)
	case "for":
		s.token(e, jsForHead)
	case "else", "do", "try", "finally", "export", "debugger":
		s.token(e, jsStatement)
	case "return", "throw", "typeof", "delete", "void", "in", "instanceof", "case", "await", "yield", "const", "var", "extends":
		s.token(e, jsExpr)
	case "default":
		s.token(e, jsDefault)
	case "break", "continue":
		s.token(e, jsJump)
	case "function":
		s.function(i, e)
	case "class":
		s.class(i, e)
	case "new":
		s.primary(i)
		s.newed = true
		s.token(e, jsExpr)
	case "import":
		if p := s.blank(e); p < len(s.src) && (s.src[p] == '(' || s.src[p] == '.') {
			s.operand(i, e)
		} else {
			s.token(e, jsStatement)
		}
	case "let":
		if s.st == jsStatement || s.top().kind == forHead {
			s.token(e, jsExpr)
		} else {
			s.operand(i, e)
		}
	case "of":
		if s.st == jsOperand && s.top().kind == forHead {
			s.token(e, jsExpr)
		} else {
			s.operand(i, e)
		}
	case "async":
		s.async, s.asyncAt = s.begun(), int32(e)
		s.operand(i, e)
	default:
		s.operand(i, e)
	}
}

// begun tells whether a function or class here is a statement.
func (s *scanner) begun() bool { return s.st == jsStatement || s.st == jsDefault }

func (s *scanner) function(i, e int) {
	statement := s.begun()
	if s.st == jsOperand && s.asyncAt == s.prevEnd && s.asyncAt > 0 {
		statement = s.async // async function: it begins at async
	} else {
		s.primary(i)
	}
	if statement {
		s.token(e, jsFuncDecl)
	} else {
		s.token(e, jsFuncExpr)
	}
}

// class keeps where the class began on the stack until its body comes: operands stand between.
func (s *scanner) class(i, e int) {
	st, after := jsClassExpr, jsOperand
	if s.begun() {
		st, after = jsClassDecl, jsStatement
	}
	s.primary(i)
	s.push(heritage, after)
	s.token(e, st)
}

// jsParen handles ( at i.
func (s *scanner) jsParen(i int) {
	k, after := paren, jsOperand
	switch s.st {
	case jsHead:
		after = jsStatement
	case jsForHead:
		k, after = forHead, jsStatement
	case jsFuncDecl:
		after = jsBodyDecl
	case jsFuncExpr:
		after = jsBodyExpr
	case jsOperand, jsDot: // a call
	default:
		s.primary(i)
	}
	s.push(k, after)
	s.token(i+1, jsExpr)
}

// jsBrace handles { at i.
func (s *scanner) jsBrace(i int) {
	k, after, st := block, s.afterBlock(), jsStatement
	switch s.st {
	case jsExpr, jsDefault:
		s.primary(i)
		k, after, st = object, jsOperand, jsMember
	case jsBodyExpr:
		after = jsOperand
	case jsOperand, jsClassDecl, jsClassExpr:
		if f := s.top(); f.kind == heritage {
			f.kind = class
			s.token(i+1, jsMember)
			return
		}
	}
	s.push(k, after)
	s.token(i+1, st)
}

// afterBlock is what comes after a block, or a body, here.
func (s *scanner) afterBlock() state {
	if k := s.top().kind; k == class || k == object {
		return jsMember
	}
	return jsStatement
}

// dot handles . at i: a member, a number, or three of them.
func (s *scanner) dot(i int) {
	switch {
	case strings.HasPrefix(s.src[i:], "..."):
		s.token(i+3, jsExpr)
	case s.st != jsOperand && i+1 < len(s.src) && isDigit(s.src[i+1]):
		s.operand(i, numberEnd(s.src, i))
	default:
		s.newed = false
		s.token(i+1, jsDot)
	}
}

// operator handles any other punctuation.
func (s *scanner) operator(i int, c byte) {
	next := byte(0)
	if i+1 < len(s.src) {
		next = s.src[i+1]
	}
	switch c {
	case ',':
		switch {
		case s.comma(i):
		case s.top().kind == object:
			s.token(i+1, jsMember)
		default:
			s.token(i+1, jsExpr)
		}
	case ';':
		s.semicolon(i)
	case ':':
		s.colon(i)
	case '=':
		if next == '>' {
			s.token(i+2, jsArrow)
		} else {
			s.token(i+1, jsExpr)
		}
	case '?':
		s.question(i, next)
	case '+', '-':
		switch {
		case next != c:
			s.token(i+1, jsExpr)
		case s.st == jsOperand && !s.newline(i):
			s.token(i+2, jsPostfix)
		default:
			s.token(i+2, jsExpr)
		}
	case '>':
		if !s.closeOptions(i) {
			s.token(i+1, jsExpr)
		}
	case '*':
		if s.st == jsMember || s.st == jsFuncDecl || s.st == jsFuncExpr {
			s.token(i+1, s.st)
		} else {
			s.token(i+1, jsExpr)
		}
	case '@': // a decorator
		s.token(i+1, s.st)
	default:
		s.token(i+1, jsExpr)
	}
}

func (s *scanner) semicolon(i int) {
	for s.top().kind == heritage {
		s.pop(i)
	}
	switch f := s.top(); f.kind {
	case class:
		s.token(i+1, jsMember)
	case top, block, codeOf:
		f.quest = 0
		s.token(i+1, jsStatement)
	default:
		s.token(i+1, jsExpr)
	}
}

// colon handles the : of a conditional, a label, a case, or a member.
func (s *scanner) colon(i int) {
	f := s.top()
	switch {
	case f.quest > 0:
		f.quest--
		s.token(i+1, jsExpr)
	case f.kind == top || f.kind == block || f.kind == codeOf:
		s.token(i+1, jsStatement)
	default:
		s.token(i+1, jsExpr)
	}
}

func (s *scanner) question(i int, next byte) {
	switch {
	case next == '.' && (i+2 == len(s.src) || !isDigit(s.src[i+2])):
		s.token(i+2, jsDot)
	case next == '?':
		s.token(i+2, jsExpr)
	default:
		s.top().quest++
		s.token(i+1, jsExpr)
	}
}

// slash handles / at i: a comment, a division, or a regular expression.
func (s *scanner) slash(i int) {
	if end := jsComment(s.src, i); end > i {
		s.pos = end
		return
	}
	if s.st >= jsOperand || i < int(s.noRegex) {
		s.token(i+1, jsExpr)
		return
	}
	end, ok := regexEnd(s.src, i)
	if !ok {
		s.noRegex = int32(end)
		s.token(i+1, jsExpr)
		return
	}
	s.operand(i, end)
}

// template reads the text of a template from i to its end or its next ${.
func (s *scanner) template(i int) {
	for src := s.src; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case '`':
			s.token(i+1, jsOperand)
			return
		case '$':
			if i+1 < len(src) && src[i+1] == '{' {
				s.push(hole, jsOperand)
				s.token(i+2, jsExpr)
				return
			}
		}
	}
	s.token(len(s.src), jsOperand)
}

// newline tells whether a line ends between the last token and i.
func (s *scanner) newline(i int) bool {
	for _, c := range []byte(s.src[s.prevEnd:i]) {
		if c == '\n' || c == '\r' {
			return true
		}
		if c == 0xE2 && strings.ContainsAny(s.src[s.prevEnd:i], "\u2028\u2029") {
			return true
		}
	}
	return false
}
