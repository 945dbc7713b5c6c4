package lua

import (
	"fmt"
	"strings"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"github.com/mojukapu/mirai/lang"
)

// A function travels as its source text and the values of its upvalues.

// function walks a function: its source text, then its upvalues by name.
func (w *walker) function(f *glua.LFunction) error {
	if i, ok := w.seen(f); ok {
		return w.s.Ref(i)
	}
	if f.IsG {
		return lang.Refuse("%s is built in: it cannot be sent", w.in.nameOf(f))
	}
	src, err := sourceOf(f.Proto)
	if err != nil {
		return err
	}
	if err := w.enter(); err != nil {
		return err
	}
	if err := w.s.Begin(lang.Closure, 1+len(f.Upvalues), lang.Lua); err != nil {
		return err
	}
	if err := w.s.Key(""); err != nil {
		return err
	}
	if err := w.text(src); err != nil {
		return err
	}
	for i, u := range f.Upvalues {
		name := f.Proto.DbgUpvalues[i]
		if err := w.s.Key(name); err != nil {
			return err
		}
		if err := w.value(u.Value()); err != nil {
			return lang.At(err, name)
		}
	}
	w.depth--
	return w.s.End()
}

// sourceOf is the text of a function as an expression, behind a comment that says where it is from.
func sourceOf(p *glua.FunctionProto) (string, error) {
	c := chunkOf(p.SourceName)
	if c == nil || p.LineDefined == 0 || p.LastLineDefined > len(c.scan.toks) {
		return "", lang.Refuse("a chunk that load made cannot be sent: send its text")
	}
	s := c.scan
	i, last := p.LineDefined-1, s.toks[p.LastLineDefined-1].start+int32(len("end"))
	line, column := c.at(i + 1)
	text := s.src[s.toks[i].start:last]
	if s.text(i) == "(" { // function t:m(...), function f(...): without its name it is an expression
		text, column = "function"+text, column-len("function")
		if i > 1 && s.text(i-2) == ":" {
			text = "function(self" + strings.TrimPrefix(text, "function(")
			if s.text(i+1) != ")" {
				text = "function(self, " + strings.TrimPrefix(text, "function(self")
			}
		}
	}
	if c.name == "" || strings.ContainsAny(c.name, "]\n") {
		return text, nil
	}
	return fmt.Sprintf("--[[@%s:%d:%d]]%s", c.name, line, max(column, 1), text), nil
}

// nameOf is the global name of a function of Go.
func (in *Interp) nameOf(f *glua.LFunction) string {
	if in.names == nil {
		in.names = map[*glua.LFunction]string{}
		for _, s := range append(in.base.tables, in.base.globals) {
			prefix := ""
			for _, e := range in.base.globals.entries {
				if e.v == s.t && s.t != in.globals {
					prefix = e.k.String() + "."
				}
			}
			for _, e := range s.entries {
				if g, ok := e.v.(*glua.LFunction); ok {
					in.names[g] = prefix + e.k.String()
				}
			}
		}
	}
	if n := in.names[f]; n != "" {
		return n
	}
	return "this function"
}

// closure is a function that gets its code when all of it is there: until then others can refer to it.
func (b *builder) closure(o *opened, language string) glua.LValue {
	if language == lang.Lua {
		o.fn = &glua.LFunction{Env: b.in.globals}
		return o.fn
	}
	o.ud = b.in.object(&foreign{language: language})
	return o.ud
}

func (b *builder) endClosure(o opened) error {
	if o.fn == nil {
		o.ud.Value.(*foreign).entries = o.entries
		return nil
	}
	src, values := "", make(map[string]glua.LValue, len(o.entries))
	names := make([]string, 0, len(o.entries))
	for _, e := range o.entries {
		switch k := e.k.(glua.LString); k {
		case "":
			s, _ := e.v.(glua.LString)
			src = string(s)
		default:
			values[string(k)] = e.v
			names = append(names, string(k))
		}
	}
	p, err := b.in.function(src, names)
	if err != nil {
		return err
	}
	o.fn.Proto = p
	for _, n := range p.DbgUpvalues {
		u := &glua.Upvalue{}
		u.Close()
		v := values[n]
		if v == nil || v == b.in.null {
			v = glua.LNil
		}
		u.SetValue(v)
		o.fn.Upvalues = append(o.fn.Upvalues, u)
	}
	return nil
}

type functionKey struct{ source, names string }

// function compiles the text of a function whose upvalues have these names.
func (in *Interp) function(src string, names []string) (*glua.FunctionProto, error) {
	key := functionKey{src, strings.Join(names, ",")}
	if p := in.functions[key]; p != nil {
		return p, nil
	}
	c, err := in.read(origined(src))
	if err != nil {
		return nil, err
	}
	stmts, err := parseText(append([]byte("return "), c.scan.out...), c.source())
	if err != nil {
		return nil, c.syntax(err)
	}
	ret, ok := stmts[0].(*ast.ReturnStmt)
	if !ok || len(stmts) != 1 || len(ret.Exprs) != 1 {
		return nil, lang.Refuse("the text of a function is no function")
	}
	if _, ok := ret.Exprs[0].(*ast.FunctionExpr); !ok {
		return nil, lang.Refuse("the text of a function is no function")
	}
	stmts = []ast.Stmt{&ast.LocalAssignStmt{Names: names, Exprs: []ast.Expr{&ast.Comma3Expr{}}}, ret}
	if len(names) == 0 {
		stmts = stmts[1:]
	}
	p, err := c.compile(stmts)
	if err != nil {
		return nil, err
	}
	if len(in.functions) >= cachedPrograms {
		clear(in.functions)
	}
	in.functions[key] = p.FunctionPrototypes[0]
	return p.FunctionPrototypes[0], nil
}

// origined takes the comment off that sourceOf put before a function.
func origined(src string) lang.Code {
	code := lang.Code{Source: src, Name: "function"}
	head, body, ok := strings.Cut(src, "]]")
	if !ok || !strings.HasPrefix(head, "--[[@") {
		return code
	}
	if f, ok := lang.ParseFrame(strings.TrimPrefix(head, "--[[@")); ok {
		return lang.Code{Source: body, Name: f.File, Line: f.Line, Column: f.Column}
	}
	return code
}
