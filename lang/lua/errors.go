package lua

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// Raised errors pass three places. raise sees each one while the stack still stands: it puts the message into standard
// words and positions, calls the handler of an xpcall, and notes the stack when nobody protects the code. rescue does
// the same for panics of Go. fail makes a *lang.Error of what leaves the code.

const (
	unwound   = "-" // as the stack trace of an ApiError it spares gopher-lua to write one
	maxFrames = 64
)

// spot is a token of a chunk, in the function fn.
type spot struct {
	c   *chunk
	tok int
	fn  string
}

func (s spot) frame() lang.Frame {
	if s.c == nil {
		return lang.Frame{}
	}
	f := s.c.frame(s.tok)
	f.Func = s.fn
	return f
}

// message is a text that was raised, with what it was made from.
type message struct {
	text, bare string // with and without position
	at         spot
	cause      error
	limited    bool
}

// thrown remembers which Lua value an error given to the host came from, for when the host gives it back.
type thrown struct {
	err   *lang.Error
	value glua.LValue
	stack []spot
	again bool // it is being raised again
}

// raised is what the metatable of an error table hides.
type raised struct{ cause error }

// raise is LState.Panic of every thread that runs protected.
func (in *Interp) raise(L *glua.LState) {
	v := L.Get(-1)
	if s, ok := v.(glua.LString); ok {
		v = in.standard(L, string(s))
	}
	panic(&glua.ApiError{Type: glua.ApiErrorRun, Object: in.noted(L, v), StackTrace: unwound})
}

// noted notes the stack, or asks the handler of an xpcall.
func (in *Interp) noted(L *glua.LState, v glua.LValue) glua.LValue {
	n := len(in.guards)
	again := in.thrown.again
	in.thrown.again = false
	switch {
	case n == 0 && again:
		in.trace = in.thrown.stack
		return v
	case n == 0 || in.gate.shut() && in.trace == nil:
		in.trace = in.spots(L, 0)
		return v
	}
	h, ok := in.guards[n-1].(*glua.LFunction)
	if !ok || in.gate.shut() {
		return v
	}
	in.guards[n-1] = glua.LNil // an error in the handler has no handler
	L.Push(h)
	L.Push(v)
	L.Call(1, 1)
	v = L.Get(-1)
	L.Pop(1)
	return v
}

// rescue turns panics of Go into errors of Lua. It is deferred.
func (in *Interp) rescue(L *glua.LState) {
	r := recover()
	if r == nil {
		return
	}
	if e, ok := r.(*glua.ApiError); ok {
		panic(e)
	}
	text := fmt.Sprint(r)
	if fault := lang.Fault(r); fault != nil {
		text = fault.Message
	} else if text == "lua callstack overflow" {
		text = "stack overflow"
	} else {
		text = "internal error: " + text
	}
	m := message{text: text, bare: text, limited: text == "stack overflow"}
	if at, ok := in.spot(L, 0); ok {
		m.at, m.text = at, position(at)+text
	}
	in.last = m
	if len(in.guards) == 0 {
		in.trace = in.spots(L, 0)
	}
	panic(&glua.ApiError{Type: glua.ApiErrorRun, Object: glua.LString(m.text), StackTrace: unwound})
}

// standard gives a message of gopher-lua in Lua's words, at the user's position.
func (in *Interp) standard(L *glua.LState, s string) glua.LString {
	c, tok, rest := in.marked(s)
	if c == nil {
		if in.pending != nil {
			in.last, in.pending = message{text: s, bare: s, cause: in.pending}, nil
		}
		return glua.LString(in.unmark(s))
	}
	m := message{bare: in.unmark(in.plain(L, tok, rest)), at: spot{c: c, tok: tok}, cause: in.pending}
	m.limited = rest == "stack overflow" || rest == "registry overflow"
	m.text = position(m.at) + m.bare
	in.last, in.pending = m, nil
	return glua.LString(m.text)
}

func position(s spot) string {
	line, _ := s.c.at(s.tok)
	return s.c.name + ":" + strconv.Itoa(line) + ": "
}

// marked takes the mark of a chunk and the number of a token off the front of a message.
func (in *Interp) marked(s string) (c *chunk, tok int, rest string) {
	if len(s) == 0 || s[0] != 1 {
		return nil, 0, s
	}
	mark, after, ok := strings.Cut(s, ":")
	if !ok {
		return nil, 0, s
	}
	n := 0
	for n < len(after) && isDigit(after[n]) {
		n++
	}
	tok, err := strconv.Atoi(after[:n])
	w, known := in.chunks[mark]
	if err != nil || !known {
		return nil, 0, s
	}
	rest = strings.TrimPrefix(after[n:], ":")
	return w.Value(), tok, strings.TrimPrefix(rest, " ")
}

// unmark replaces every mark in a text by file and line.
func (in *Interp) unmark(s string) string {
	i := strings.IndexByte(s, 1)
	if i < 0 {
		return s
	}
	c, tok, rest := in.marked(s[i:])
	if c == nil {
		return s[:i+1] + in.unmark(s[i+1:])
	}
	line, _ := c.at(tok)
	if !strings.HasPrefix(rest, ">") { // "<file:line>" names a function
		rest = ": " + rest
	}
	return s[:i] + c.name + ":" + strconv.Itoa(line) + in.unmark(rest)
}

// spots is the stack of L and of the threads that resumed it, without functions of Go.
func (in *Interp) spots(L *glua.LState, level int) []spot {
	var all []spot
	for ; L != nil; L, level = L.Parent, 0 {
		for ghosts := 0; len(all) < maxFrames && ghosts < maxFrames; level++ {
			dbg, ok := L.GetStack(level)
			if !ok {
				break
			}
			if s, ok := in.inspect(L, dbg); ok {
				all = append(all, s)
			}
			if dbg.What != "main" {
				continue
			}
			if _, more := L.GetStack(level + 1); !more {
				break
			}
			ghosts++ // a tail call that is gone shows as the bottom of the stack
			if n := len(all); n > 0 && dbg.Source != "" {
				all = all[:n-1]
			}
		}
	}
	return all
}

// spot is the innermost Lua function of L, from level on.
func (in *Interp) spot(L *glua.LState, level int) (spot, bool) {
	for ; level < 1<<16; level++ {
		dbg, ok := L.GetStack(level)
		if !ok {
			return spot{}, false
		}
		if s, ok := in.inspect(L, dbg); ok {
			return s, true
		}
	}
	return spot{}, false
}

func (in *Interp) inspect(L *glua.LState, dbg *glua.Debug) (spot, bool) {
	fn, err := L.GetInfo("Slnf", dbg, glua.LNil)
	c := chunkOf(dbg.Source)
	if err != nil || c == nil {
		return spot{}, false
	}
	return spot{c: c, tok: dbg.CurrentLine, fn: c.functionName(fn.(*glua.LFunction).Proto, dbg.Name)}, true
}

// functionName is what a function is called where it is defined, or else where it is called.
func (c *chunk) functionName(p *glua.FunctionProto, called string) string {
	if p.LineDefined == 0 {
		return ""
	}
	if n := c.definedName(p.LineDefined - 1); n != "" {
		return n
	}
	if called == "" || strings.ContainsAny(called, "<?(\x01") || called == "main chunk" || called == "corountine" {
		return "anonymous"
	}
	return called
}

// definedName reads the name of the function whose "(" or "function" is token i.
func (c *chunk) definedName(i int) string {
	s := c.scan
	if i >= len(s.toks) {
		return ""
	}
	if s.text(i) == "(" { // function a.b:c (
		from := i
		for from > 0 && s.text(from-1) != "function" {
			from--
		}
		return strings.Join(strings.Fields(s.src[s.toks[from].start:s.toks[i].start]), "")
	}
	if i > 1 && s.text(i-1) == "=" && s.toks[i-2].kind == name { // f = function
		return s.text(i - 2)
	}
	return ""
}

// where is the position that error() adds at a level, as gopher-lua writes it: "" when there is none.
func (in *Interp) where(L *glua.LState, level int) string {
	dbg, ok := L.GetStack(level)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("Sl", dbg, glua.LNil); err != nil || dbg.Source == "" {
		return ""
	}
	return dbg.Source + ":" + strconv.Itoa(dbg.CurrentLine) + ": "
}

// fail makes an error for the host of what left the code.
func (in *Interp) fail(err error) error {
	var api *glua.ApiError
	if !errors.As(err, &api) {
		return err
	}
	e := &lang.Error{Class: "error"}
	at := in.describe(e, api.Object)
	stack := in.trace
	if at.c != nil {
		stack = from(stack, at)
	}
	for _, s := range stack {
		e.Stack = append(e.Stack, s.frame())
	}
	if len(stack) > 0 {
		e.Line = stack[0].c.text.SourceLine(e.Stack[0].Line)
	}
	in.thrown = thrown{err: e, value: api.Object, stack: stack}
	in.trace = nil
	if in.gate.shut() {
		e.Kind, e.Class, e.Message, e.Value, e.Fields = lang.Interrupted, "Interrupted", "the code was interrupted", nil, nil
		e.Cause = context.Cause(in.gate.ctx)
	}
	return e
}

// from is the stack from a spot on: error(text, 2) blames the caller.
func from(stack []spot, at spot) []spot {
	for i, s := range stack {
		if s.c == at.c && s.tok == at.tok {
			return stack[i:]
		}
	}
	return append([]spot{at}, stack...)
}

// describe fills in what was raised, and tells where when the message says so.
func (in *Interp) describe(e *lang.Error, v glua.LValue) spot {
	switch v := v.(type) {
	case glua.LString:
		if e.Message = string(v); e.Message != in.last.text {
			return spot{}
		}
		e.Message, e.Cause = in.last.bare, in.last.cause
		if in.last.limited {
			e.Kind = lang.Limited
		}
		return in.last.at
	case *glua.LTable:
		in.describeTable(e, v)
	default:
		e.Message, e.Value = in.inspectText(v), in.goValue(v)
	}
	return spot{}
}

func (in *Interp) describeTable(e *lang.Error, t *glua.LTable) {
	text := func(key string) (string, bool) {
		s, ok := t.RawGetString(key).(glua.LString)
		return string(s), ok
	}
	class, classed := text("class")
	if !classed {
		class, classed = text("name")
	}
	message, told := text("message")
	if classed {
		e.Class = class
	}
	if e.Message = message; !told {
		e.Message = in.inspectText(t)
	}
	e.Fields = in.ownFields(t)
	if !classed && !told {
		e.Value = in.goValue(t)
	}
	if r := hidden(t); r != nil {
		e.Cause = r.cause
	}
}

// ownFields are the entries of an error table that lang.Error has no place for.
func (in *Interp) ownFields(t *glua.LTable) *lang.Record {
	var r *lang.Record
	for k, v := t.Next(glua.LNil); k != glua.LNil; k, v = t.Next(k) {
		key, ok := k.(glua.LString)
		if !ok || key == "class" || key == "message" || key == "stack" {
			continue
		}
		if r == nil {
			r = &lang.Record{}
		}
		r.Set(string(key), in.goValue(v))
	}
	return r
}

// hidden is what the metatable of an error table hides, nil when t is another table.
func hidden(t *glua.LTable) *raised {
	mt, ok := t.Metatable.(*glua.LTable)
	if !ok {
		return nil
	}
	u, ok := mt.RawGetString(errorKey).(*glua.LUserData)
	if !ok {
		return nil
	}
	r, _ := u.Value.(*raised)
	return r
}

const errorKey = "mirai error"

// newError makes an error table.
func (in *Interp) newError(cause error) *glua.LTable {
	t := in.main.CreateTable(0, 4)
	if cause == nil {
		t.Metatable = in.metas.err
		return t
	}
	mt := in.main.CreateTable(0, 4)
	for k, v := in.metas.err.Next(glua.LNil); k != glua.LNil; k, v = in.metas.err.Next(k) {
		mt.RawSet(k, v)
	}
	mt.RawSetString(errorKey, &glua.LUserData{Value: &raised{cause}, Metatable: glua.LNil})
	t.Metatable = mt
	return t
}

// throw raises an error of Go in the script.
func (in *Interp) throw(L *glua.LState, err error) {
	v := in.errorValue(err)
	in.thrown.again = in.thrown.err != nil && err == error(in.thrown.err)
	if s, ok := v.(glua.LString); ok && !in.thrown.again {
		in.pending = err
		if at, ok := in.spot(L, 0); ok {
			v = glua.LString(at.c.source()+":"+strconv.Itoa(at.tok)+": ") + s
		}
	}
	L.Error(v, 0)
}

// errorValue is what scripts see of an error of Go: what they raised themselves, a table, or its text.
func (in *Interp) errorValue(err error) glua.LValue {
	if in.thrown.err != nil && err == error(in.thrown.err) {
		return in.thrown.value
	}
	var se lang.ScriptErrorer
	if !errors.As(err, &se) {
		return glua.LString(err.Error())
	}
	e := se.ScriptError()
	t := in.newError(err)
	t.RawSetString("class", glua.LString(e.Class))
	t.RawSetString("message", glua.LString(e.Message))
	if e.Fields != nil {
		for i, k := range e.Fields.Keys {
			v, bad := in.toLua(e.Fields.Values[i])
			if bad != nil {
				v = glua.LString(bad.Error())
			}
			t.RawSetString(k, v)
		}
	}
	return t
}
