package js

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/unistring"

	"github.com/mojukapu/mirai/lang"
)

// program is compiled text. A function is what its program evaluates to, made once per runtime: it closes over nothing.
type program struct {
	prg   *goja.Program
	name  string
	isFn  bool
	async bool
	pins  bool // declares lexical globals
	fn    goja.Callable
	vm    *goja.Runtime // that fn belongs to
}

// cacheKey is all that a program depends on.
type cacheKey struct {
	code   lang.Code
	params string
}

// The bounds of half a cache, in programs and in bytes of source.
const (
	cacheHalf  = 512
	cacheBytes = 8 << 20
)

// cache keeps the programs used lately: those of the young half, and those of the old half that were used again.
type cache struct {
	young, old map[cacheKey]*program
	bytes      int // of the young half
}

func (c *cache) get(k cacheKey) *program {
	p := c.young[k]
	if p == nil {
		if p = c.old[k]; p != nil {
			c.put(k, p)
		}
	}
	return p
}

func (c *cache) put(k cacheKey, p *program) {
	if c.young == nil || len(c.young) >= cacheHalf || c.bytes > cacheBytes {
		c.old, c.young, c.bytes = c.young, make(map[cacheKey]*program), 0
	}
	c.young[k] = p
	c.bytes += len(k.code.Source)
}

// program gives the compiled form of code whose function takes params.
func (in *Interp) program(code lang.Code, params string) (*program, error) {
	k := cacheKey{code, params}
	if p := in.programs.get(k); p != nil {
		return p, nil
	}
	p, err := in.compile(code, params)
	if err != nil {
		return nil, err
	}
	in.programs.put(k, p)
	return p, nil
}

func (in *Interp) compile(code lang.Code, params string) (*program, error) {
	if code.Mode == lang.Script && strings.HasPrefix(code.Source, "#!") {
		code.Source = "//" + code.Source[2:]
	}
	if err := checkDepth(code); err != nil {
		return nil, err
	}
	text, err := lang.Rewrite(lang.JS, code, in.cfg.Free)
	if err != nil {
		return nil, err
	}
	u := newUnit(code, text)
	in.sources.add(u)
	c := &compilation{unit: u, params: params}
	switch {
	case code.Mode == lang.Block:
		return c.block()
	case code.Mode == lang.Line && strings.HasPrefix(strings.TrimLeft(text.Out, " \t\r\n"), "{"):
		if p, err := c.object(); err == nil {
			return p, nil
		}
	}
	return c.global()
}

// compilation is the making of one program.
type compilation struct {
	*unit
	params string // separated by commas
}

const (
	openFunc  = "(function(){\n"
	openAsync = "(async function(){\n"
	openValue = "(\n"
	closeFunc = "\n})"
)

// block compiles the body of a task: a function whose value is its tail.
func (c *compilation) block() (*program, error) {
	if strings.Contains(c.text.Out, "await") {
		// await (x) is a call where await means nothing, so the meaning with await comes first.
		prg, fn, err := c.function(openAsync)
		if err == nil && awaits(fn.Body) {
			return c.finish(prg, fn, true)
		}
		if err != nil {
			if p, err := c.sync(); err == nil {
				return p, nil
			}
			return nil, err
		}
	}
	return c.sync()
}

func (c *compilation) sync() (*program, error) {
	prg, fn, err := c.function(openFunc)
	if err != nil {
		return nil, err
	}
	return c.finish(prg, fn, false)
}

func (c *compilation) finish(prg *ast.Program, fn *ast.FunctionLiteral, async bool) (*program, error) {
	tail(fn.Body.List)
	p, err := c.emit(prg)
	if err != nil {
		return nil, err
	}
	p.isFn, p.async = true, async
	return p, nil
}

// function parses Out as the body of a function, and nothing but that.
func (c *compilation) function(open string) (*ast.Program, *ast.FunctionLiteral, error) {
	c.prefix = len(open)
	src := open + c.text.Out + closeFunc
	prg, err := parse(c.code.Name, src)
	if err != nil {
		return nil, nil, c.explain(open, src, err)
	}
	var fn *ast.FunctionLiteral
	if s, ok := prg.Body[0].(*ast.ExpressionStatement); ok && len(prg.Body) == 1 {
		fn, _ = s.Expression.(*ast.FunctionLiteral)
	}
	if fn == nil || int(fn.Body.RightBrace) != len(src)-1 {
		return nil, nil, c.stray(prg)
	}
	if err := c.addParams(fn); err != nil {
		return nil, nil, err
	}
	return prg, fn, nil
}

func (c *compilation) addParams(fn *ast.FunctionLiteral) error {
	if c.params == "" {
		return nil
	}
	for name := range strings.SplitSeq(c.params, ",") {
		if !parser.IsIdentifier(name) {
			return &lang.Error{Class: "SyntaxError", Message: fmt.Sprintf("args: %q cannot be the name of a variable: give it another one", name)}
		}
		id := &ast.Identifier{Name: unistring.NewFromString(name), Idx: fn.Function}
		fn.ParameterList.List = append(fn.ParameterList.List, &ast.Binding{Target: id})
	}
	return nil
}

// object compiles a line such as {a: 1} as the value that it looks like.
func (c *compilation) object() (*program, error) {
	c.prefix = len(openValue)
	src := openValue + c.text.Out + "\n)"
	prg, err := parse(c.code.Name, src)
	if err != nil {
		return nil, err
	}
	if s, ok := prg.Body[0].(*ast.ExpressionStatement); !ok || len(prg.Body) != 1 || int(s.Idx0()) == 1 {
		return nil, errNotObject
	}
	return c.emit(prg)
}

var errNotObject = fmt.Errorf("js: not an object literal")

// global compiles a script or a line. With await at its top it becomes an async function: the declarations of a script
// are then its own, as in a module, those of a line global all the same.
func (c *compilation) global() (*program, error) {
	c.prefix = 0
	line := c.code.Mode == lang.Line
	if strings.Contains(c.text.Out, "await") {
		prg, fn, err := c.function(openAsync)
		if err == nil && awaits(fn.Body) {
			if line {
				globalize(fn)
				return c.finish(prg, fn, true)
			}
			p, err := c.emit(prg)
			if err == nil {
				p.isFn, p.async = true, true
			}
			return p, err
		}
		if err != nil {
			c.prefix = 0
			if _, plain := parse(c.code.Name, c.text.Out); plain != nil {
				return nil, err
			}
		}
	}
	c.prefix = 0
	prg, err := parse(c.code.Name, c.text.Out)
	if err != nil {
		return nil, c.explain("", c.text.Out, err)
	}
	if line {
		loosen(prg)
	}
	p, err := c.emit(prg)
	if err == nil {
		p.pins = pins(prg.Body)
	}
	return p, err
}

// emit gives a tree its positions in the user's file and compiles it.
func (c *compilation) emit(prg *ast.Program) (p *program, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = c.syntaxError(c.prefix, fmt.Sprintf("cannot be compiled: %v", x))
		}
	}()
	c.move(prg)
	out, err := goja.CompileAST(prg, false)
	if e, ok := err.(*goja.CompilerSyntaxError); ok {
		p := c.file.Position(e.Offset)
		return nil, c.syntaxAt(lang.Frame{File: c.code.Name, Line: p.Line, Column: p.Column}, e.Message)
	} else if err != nil {
		return nil, err
	}
	return &program{prg: out, name: c.code.Name}, nil
}

// parse gives the tree of a text. A panic of the parser is an error of that text.
func parse(name, src string) (prg *ast.Program, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("cannot be parsed: %v", x)
		}
	}()
	return parser.ParseFile(nil, name, src, 0, parser.WithDisableSourceMaps)
}

// explain makes a syntax error of what the parser says about src, which begins with open.
func (c *compilation) explain(open, src string, err error) error {
	list, ok := err.(parser.ErrorList)
	if !ok || len(list) == 0 {
		return c.syntaxError(c.prefix, err.Error())
	}
	first := list[0]
	off := offsetOf(src, first.Position)
	msg := strings.TrimSpace(strings.TrimPrefix(first.Message, "SyntaxError:"))
	end := len(open) + len(c.text.Out)
	switch {
	case open == "" && msg == "Unexpected end of input":
		return c.incomplete()
	case open == "":
		return c.syntaxError(off, msg)
	case off < end && msg != "Unexpected end of input":
		return c.syntaxError(off, msg)
	}
	// The wrapper's own end did not fit: too few closing brackets in the text, or one too many.
	if _, err := parse("", strings.TrimPrefix(strings.Replace(open, "function", "function f", 1), "(")+c.text.Out); err == nil {
		return c.syntaxError(len(open)+strings.LastIndexByte(c.text.Out, '}'), "Unexpected token }")
	}
	return c.incomplete()
}

// stray is the error for text that closes the wrapper itself.
func (c *compilation) stray(prg *ast.Program) error {
	off := c.prefix
	var find func(n ast.Node)
	found := false
	find = func(n ast.Node) {
		if fn, ok := n.(*ast.FunctionLiteral); ok && !found {
			found, off = true, int(fn.Body.RightBrace)-1
		}
		if !found {
			children(n, find)
		}
	}
	find(prg.Body[0])
	return c.syntaxError(off, "Unexpected token }")
}

func (c *compilation) incomplete() error {
	e := c.syntaxAt(c.pos(c.prefix+len(strings.TrimRight(c.text.Out, " \t\r\n"))), "Unexpected end of input")
	e.Incomplete = true
	return e
}

func (c *compilation) syntaxError(off int, msg string) error { return c.syntaxAt(c.pos(off), msg) }

func (c *compilation) syntaxAt(at lang.Frame, msg string) *lang.Error {
	return &lang.Error{Kind: lang.Syntax, Class: "SyntaxError", Message: msg, Stack: []lang.Frame{at}, Line: c.text.SourceLine(at.Line)}
}

// offsetOf is the offset of a line and column, which the parser counts in bytes.
func offsetOf(src string, p file.Position) int {
	starts := lineStarts(src)
	return min(starts[min(max(p.Line-1, 0), len(starts)-1)]+max(p.Column-1, 0), len(src))
}
