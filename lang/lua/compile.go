package lua

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"sync"
	"unsafe"
	"weak"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/mojukapu/mirai/lang"
)

const cachedPrograms = 1024

// program is code that is ready to run. args are its first locals.
type program struct {
	proto *glua.FunctionProto
	pure  bool // it cannot change a global or a table that it did not make
}

// chunk is where the tokens of a program stand. Its mark is the source name that gopher-lua puts into functions and
// messages; as that string lies inside the chunk, a function keeps its chunk alive and leads back to it.
type chunk struct {
	mark [16]byte // first: see chunkOf
	size uint8
	name string
	text *lang.Text
	scan *scanner
	once sync.Once
	rows []int32
}

func (c *chunk) source() string { return unsafe.String(&c.mark[0], int(c.size)) }

// chunkOf is the chunk of a source name, nil when that is not from here.
func chunkOf(source string) *chunk {
	if len(source) == 0 || source[0] != 1 {
		return nil
	}
	return (*chunk)(unsafe.Pointer(unsafe.StringData(source)))
}

// at gives the user's line and column of a token, counted from 1.
func (c *chunk) at(tok int) (line, column int) {
	if len(c.scan.toks) == 0 {
		return c.text.Pos(1, 1)
	}
	tok = min(max(tok, 1), len(c.scan.toks))
	return c.offset(int(c.scan.toks[tok-1].start))
}

func (c *chunk) offset(at int) (line, column int) {
	c.once.Do(func() { c.rows = lines(c.scan.src) })
	return c.text.Pos(place(c.rows, at))
}

func (c *chunk) frame(tok int) lang.Frame {
	line, column := c.at(tok)
	return lang.Frame{File: c.name, Line: line, Column: column}
}

// newChunk registers a chunk, so that messages find it by its mark.
func (in *Interp) newChunk(name string, text *lang.Text) *chunk {
	in.marks++
	c := &chunk{name: name, text: text}
	mark := strconv.AppendUint(append(c.mark[:0], 1), uint64(in.marks), 36)
	c.size = uint8(len(mark))
	if len(in.chunks) >= in.sweep {
		for k, w := range in.chunks {
			if w.Value() == nil {
				delete(in.chunks, k)
			}
		}
		in.sweep = max(2*len(in.chunks), 2*cachedPrograms)
	}
	in.chunks[string(mark)] = weak.Make(c)
	return c
}

type programKey struct {
	source, name, args string
	line, column       int
	mode               lang.Mode
}

// program compiles code, or finds it compiled.
func (in *Interp) program(code lang.Code, args []lang.Binding) (*program, error) {
	key := programKey{source: code.Source, name: code.Name, line: code.Line, column: code.Column, mode: code.Mode}
	if len(args) > 0 {
		key.args = joinNames(args)
	}
	if p := in.programs[key]; p != nil {
		return p, nil
	}
	p, err := in.compile(code, args)
	if err != nil {
		return nil, err
	}
	if len(in.programs) >= cachedPrograms {
		in.evict()
	}
	in.programs[key] = p
	return p, nil
}

// evict makes room for a quarter of the cache. Which entries go is left to the map.
func (in *Interp) evict() {
	n := cachedPrograms / 4
	for k := range in.programs {
		delete(in.programs, k)
		if n--; n == 0 {
			return
		}
	}
}

func joinNames(args []lang.Binding) string {
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.Name
	}
	return strings.Join(names, ",")
}

func (in *Interp) compile(code lang.Code, args []lang.Binding) (*program, error) {
	if code.Mode == lang.Script && strings.HasPrefix(code.Source, "#") {
		code.Source = "--" + strings.TrimPrefix(code.Source[1:], "!") // a shebang is a comment, of no matter what length
	}
	c, err := in.read(code)
	if err != nil {
		return nil, err
	}
	stmts, valued, err := c.parse(code.Mode)
	if err != nil {
		return nil, err
	}
	if code.Mode == lang.Line {
		stmts = globalise(stmts)
	}
	if len(args) > 0 {
		stmts = append([]ast.Stmt{locals(args)}, stmts...)
	}
	proto, err := c.compile(stmts)
	if err != nil {
		return nil, err
	}
	if valued {
		untail(proto)
	}
	return &program{proto: proto, pure: pure(proto)}, nil
}

// read rewrites and scans code.
func (in *Interp) read(code lang.Code) (*chunk, error) {
	text, err := lang.Rewrite(lang.Lua, code, in.cfg.Free)
	if err != nil {
		return nil, err
	}
	c := in.newChunk(code.Name, text)
	if c.scan, err = scan(text.Out); err != nil {
		c.scan = &scanner{src: text.Out}
		return nil, c.syntax(err)
	}
	return c, nil
}

// parse reads the tokens as a chunk. valued says that its value is that of its last expression.
func (c *chunk) parse(mode lang.Mode) (stmts []ast.Stmt, valued bool, err error) {
	stmts, err = parseText(c.scan.out, c.source())
	if mode == lang.Script {
		return stmts, false, c.syntax(err)
	}
	if err == nil {
		return stmts, returnCall(stmts), nil
	}
	first := err
	for _, i := range c.scan.tails() {
		stmts, err = c.parseTail(i)
		if err == nil {
			return stmts, true, nil
		}
		if atEnd(err) && !atEnd(first) {
			first = err // "x +": more of it may make it right
		}
	}
	return nil, false, c.syntax(first)
}

// parseTail reads the tokens from i as the value of the chunk.
func (c *chunk) parseTail(i int) ([]ast.Stmt, error) {
	out, at := c.scan.out, int(c.scan.toks[i].out)
	text := make([]byte, 0, len(out)+8)
	text = append(append(append(text, out[:at]...), "return "...), out[at:]...)
	if i > 0 { // "local return x" must not pass for "local", "return x"
		if _, err := parseText(out[:at], ""); err != nil {
			return nil, err
		}
	}
	return parseText(text, c.source())
}

// tails are the tokens at which the last expression may begin: the last token that cannot go on with what stands
// before it, and after it each that could both go on and begin anew.
func (s *scanner) tails() []int {
	var soft []int
	for i := len(s.toks) - 1; i >= 0; i-- {
		if s.toks[i].depth > 0 {
			continue
		}
		if !s.inExpr(i) {
			break
		}
		switch {
		case !s.begins(i):
		case i == 0 || s.ends(i-1) && s.firm(i):
			return append([]int{i}, reversed(soft)...)
		case s.ends(i-1) && len(soft) < 16:
			soft = append(soft, i)
		}
	}
	return reversed(soft)
}

func reversed(xs []int) []int {
	for i, j := 0, len(xs)-1; i < j; i, j = i+1, j-1 {
		xs[i], xs[j] = xs[j], xs[i]
	}
	return xs
}

// inExpr tells whether a token outside of brackets may be a part of an expression.
func (s *scanner) inExpr(i int) bool {
	if s.toks[i].kind == name || s.toks[i].kind == literal {
		return true
	}
	switch w := s.text(i); w {
	case "and", "or", "not", "nil", "true", "false":
		return true
	case "function":
		return s.anonymous(i)
	case "end":
		o := int(s.toks[i].open)
		return o >= 0 && s.text(o) == "function" && s.anonymous(o)
	case "=", ";", "::":
		return false
	default:
		return s.toks[i].kind == punct
	}
}

func (s *scanner) anonymous(i int) bool { return i+1 < len(s.toks) && s.toks[i+1].kind != name }

// begins tells whether an expression can begin with token i, ends whether a statement can end with it.
func (s *scanner) begins(i int) bool {
	if s.toks[i].kind == name || s.toks[i].kind == literal {
		return true
	}
	switch s.text(i) {
	case "(", "{", "-", "#", "not", "nil", "true", "false", "function", "...":
		return true
	}
	return false
}

func (s *scanner) ends(i int) bool {
	if s.toks[i].kind == name || s.toks[i].kind == literal {
		return true
	}
	switch s.text(i) {
	case ")", "]", "}", "end", "nil", "true", "false", "...", ";", "::", "break":
		return true
	}
	return false
}

// firm tells that token i cannot go on with the operand before it.
func (s *scanner) firm(i int) bool {
	if !s.inExpr(i - 1) {
		return true
	}
	switch s.toks[i].kind {
	case name:
		return true
	case literal:
		return isDigit(s.src[s.toks[i].start]) || s.src[s.toks[i].start] == '.'
	case keyword:
		return true
	}
	return s.text(i) == "#" || s.text(i) == "..."
}

// parseText is the parser of gopher-lua without its traps.
func parseText(text []byte, source string) (stmts []ast.Stmt, err error) {
	stmts, err = parse.Parse(bytes.NewReader(text), source)
	if err == nil && stmts == nil {
		err = errors.New("the text cannot be read")
	}
	return stmts, err
}

func atEnd(err error) bool {
	var e *parse.Error
	return errors.As(err, &e) && e.Pos.Line == parse.EOF
}

// compile makes a function of statements.
func (c *chunk) compile(stmts []ast.Stmt) (proto *glua.FunctionProto, err error) {
	defer func() {
		if r := recover(); r != nil { // an index out of range in the compiler: too many registers
			proto, err = nil, c.syntax(errors.New("the code is too large: split it into functions"))
		}
	}()
	if proto, err = glua.Compile(stmts, c.source()); err != nil {
		return nil, c.syntax(err)
	}
	proto.IsVarArg &^= glua.VarArgNeedsArg // nobody sees the table "arg" of a main chunk
	return proto, nil
}

// returnCall makes a call at the end of a chunk its value.
func returnCall(stmts []ast.Stmt) bool {
	if len(stmts) == 0 {
		return false
	}
	call, ok := stmts[len(stmts)-1].(*ast.FuncCallStmt)
	if ok {
		ret := &ast.ReturnStmt{Exprs: []ast.Expr{call.Expr}}
		ret.SetLine(call.Line())
		stmts[len(stmts)-1] = ret
	}
	return ok
}

// untail makes a plain call of the tail call that returnCall brought about: the user wrote none, and wants to see
// the chunk in the stack.
func untail(proto *glua.FunctionProto) {
	for i, inst := range proto.Code {
		if opcode(inst) == glua.OP_TAILCALL {
			proto.Code[i] = inst&(0xff<<18|0x1ff) | uint32(glua.OP_CALL)<<26
		}
	}
}

// globalise makes the outermost locals of a typed line global, so that the next line sees them.
func globalise(stmts []ast.Stmt) []ast.Stmt {
	for i, s := range stmts {
		local, ok := s.(*ast.LocalAssignStmt)
		if !ok {
			continue
		}
		set := &ast.AssignStmt{Rhs: local.Exprs}
		set.SetLine(local.Line())
		set.SetLastLine(local.LastLine())
		for _, n := range local.Names {
			id := &ast.IdentExpr{Value: n}
			id.SetLine(local.Line())
			set.Lhs = append(set.Lhs, id)
		}
		if len(set.Rhs) == 0 {
			none := &ast.NilExpr{}
			none.SetLine(local.Line())
			set.Rhs = []ast.Expr{none}
		}
		stmts[i] = set
	}
	return stmts
}

// locals is "local a, b = ...".
func locals(args []lang.Binding) ast.Stmt {
	l := &ast.LocalAssignStmt{Exprs: []ast.Expr{&ast.Comma3Expr{}}}
	for _, a := range args {
		l.Names = append(l.Names, a.Name)
	}
	return l
}

// pure tells whether no instruction can change what was there before, or call somebody who could.
func pure(p *glua.FunctionProto) bool {
	for _, inst := range p.Code {
		switch opcode(inst) {
		case glua.OP_SETGLOBAL, glua.OP_SETTABLE, glua.OP_SETTABLEKS, glua.OP_CALL, glua.OP_TAILCALL, glua.OP_SELF, glua.OP_TFORLOOP:
			return false
		}
	}
	return true
}

func opcode(inst uint32) int { return int(inst >> 26) }
