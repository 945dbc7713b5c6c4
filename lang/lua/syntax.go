package lua

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"github.com/mojukapu/mirai/lang"
)

// syntax makes a *lang.Error of what scanner, parser and compiler say.
func (c *chunk) syntax(err error) error {
	if err == nil {
		return nil
	}
	e := &lang.Error{Kind: lang.Syntax, Class: "SyntaxError", Message: err.Error()}
	at, known := len(c.scan.src), true
	var se *scanError
	var pe *parse.Error
	var ce *glua.CompileError
	switch {
	case errors.As(err, &se):
		at, e.Incomplete = se.at, se.incomplete
		if se.limited {
			e.Kind = lang.Limited
		}
	case errors.As(err, &pe):
		at = c.parseError(e, pe)
	case errors.As(err, &ce):
		at = c.compileError(e, ce)
	default:
		known = false
	}
	f := lang.Frame{File: c.name}
	if known {
		f.Line, f.Column = c.offset(at)
		e.Line = c.text.SourceLine(f.Line)
	}
	e.Stack = []lang.Frame{f}
	return e
}

func (c *chunk) parseError(e *lang.Error, pe *parse.Error) (at int) {
	s := c.scan
	if pe.Pos.Line != parse.EOF {
		i := min(max(pe.Pos.Line, 1), len(s.toks)) - 1
		e.Message = "unexpected '" + clip(strings.TrimSuffix(s.text(i), "\n")) + "'"
		return int(s.toks[i].start)
	}
	e.Incomplete = true
	e.Message = "unexpected end of the text"
	if n := len(s.open); n > 0 {
		o := int(s.open[n-1])
		line, _ := c.at(o + 1)
		e.Message += fmt.Sprintf(": %s is missing, to close '%s' of line %d", closer(s.text(o)), s.text(o), line)
	}
	return len(strings.TrimRight(s.src, " \t\r\n"))
}

func closer(open string) string {
	switch open {
	case "(":
		return "')'"
	case "[":
		return "']'"
	case "{":
		return "'}'"
	case "repeat":
		return "'until'"
	}
	return "'end'"
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// compileError takes the position out of a message such as "no visible label 'x' for <goto> at line 7".
func (c *chunk) compileError(e *lang.Error, ce *glua.CompileError) (at int) {
	tok := ce.Line
	e.Message = ce.Message
	if head, tail, ok := strings.Cut(ce.Message, " line "); ok {
		n := 0
		for n < len(tail) && isDigit(tail[n]) {
			n++
		}
		tok, _ = strconv.Atoi(tail[:n])
		line, _ := c.at(tok)
		e.Message = head + " line " + strconv.Itoa(line) + tail[n:]
	}
	if len(c.scan.toks) == 0 {
		return 0
	}
	return int(c.scan.toks[min(max(tok, 1), len(c.scan.toks))-1].start)
}
