package lua

import (
	"sort"
	"sync"

	"github.com/yuin/gopher-lua/ast"

	"github.com/mojukapu/mirai/lang"
)

// Free gives the free names of a block in the order of their first use, without the globals that every block has.
// Names that nested blocks are given count; a lone ... among the globals of a nested block counts in Lua only.
func Free(code string) ([]string, error) {
	text, err := lang.Rewrite(lang.Lua, lang.Code{Source: code, Name: "block"}, func(language, code string) ([]string, error) {
		if language == lang.Lua {
			return Free(code)
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	c := &chunk{name: "block", text: text}
	if c.scan, err = scan(text.Out); err != nil {
		c.scan = &scanner{src: text.Out}
		return nil, c.syntax(err)
	}
	stmts, _, err := c.parse(lang.Block)
	if err != nil {
		return nil, err
	}
	f := finder{found: map[string]int{}}
	f.block(stmts)
	return f.names(), nil
}

// standard are the names that are there in a bare interpreter and in every block.
var standard = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{"mirai": true, "progress": true, "emit": true, "daemons": true, "everywhere": true, "console": true, "arg": true}
	in, err := New(lang.Config{})
	if err != nil {
		return all
	}
	for _, e := range in.base.globals.entries {
		all[e.k.String()] = true
	}
	return all
})

// finder walks a syntax tree with Lua's scopes. Line numbers are those of tokens, so the least is the first use.
type finder struct {
	scope []string
	found map[string]int
}

func (f *finder) names() []string {
	var all []string
	for n := range f.found {
		if !standard()[n] {
			all = append(all, n)
		}
	}
	sort.Slice(all, func(i, j int) bool { return f.found[all[i]] < f.found[all[j]] })
	return all
}

func (f *finder) use(name string, at int) {
	for i := len(f.scope) - 1; i >= 0; i-- {
		if f.scope[i] == name {
			return
		}
	}
	if old, ok := f.found[name]; !ok || at < old {
		f.found[name] = at
	}
}

// block walks statements in a scope of their own.
func (f *finder) block(stmts []ast.Stmt, names ...string) {
	n := len(f.scope)
	f.scope = append(f.scope, names...)
	f.stmts(stmts)
	f.scope = f.scope[:n]
}

func (f *finder) stmts(stmts []ast.Stmt) {
	for _, s := range stmts {
		f.stmt(s)
	}
}

func (f *finder) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		f.exprs(s.Lhs)
		f.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		f.local(s)
	case *ast.FuncCallStmt:
		f.expr(s.Expr)
	case *ast.DoBlockStmt:
		f.block(s.Stmts)
	case *ast.WhileStmt:
		f.expr(s.Condition)
		f.block(s.Stmts)
	case *ast.RepeatStmt:
		n := len(f.scope)
		f.stmts(s.Stmts)
		f.expr(s.Condition) // it sees the locals of the body
		f.scope = f.scope[:n]
	case *ast.IfStmt:
		f.expr(s.Condition)
		f.block(s.Then)
		f.block(s.Else)
	case *ast.NumberForStmt:
		f.exprs([]ast.Expr{s.Init, s.Limit, s.Step})
		f.block(s.Stmts, s.Name)
	case *ast.GenericForStmt:
		f.exprs(s.Exprs)
		f.block(s.Stmts, s.Names...)
	case *ast.FuncDefStmt:
		f.define(s)
	case *ast.ReturnStmt:
		f.exprs(s.Exprs)
	}
}

// local sees the name of a function inside of it, as gopher-lua has it even for "local f = function".
func (f *finder) local(s *ast.LocalAssignStmt) {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if fn, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			f.scope = append(f.scope, s.Names...)
			f.expr(fn)
			return
		}
	}
	f.exprs(s.Exprs)
	f.scope = append(f.scope, s.Names...)
}

func (f *finder) define(s *ast.FuncDefStmt) {
	if s.Name.Func != nil {
		f.expr(s.Name.Func)
		f.expr(s.Func)
		return
	}
	f.expr(s.Name.Receiver)
	f.block(s.Func.Stmts, append([]string{"self", "arg"}, s.Func.ParList.Names...)...)
}

func (f *finder) exprs(all []ast.Expr) {
	for _, e := range all {
		f.expr(e)
	}
}

func (f *finder) expr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.IdentExpr:
		f.use(e.Value, e.Line())
	case *ast.AttrGetExpr:
		f.expr(e.Object)
		f.expr(e.Key)
	case *ast.TableExpr:
		for _, x := range e.Fields {
			f.expr(x.Key)
			f.expr(x.Value)
		}
	case *ast.FuncCallExpr:
		f.expr(e.Func)
		f.expr(e.Receiver)
		f.exprs(e.Args)
	case *ast.LogicalOpExpr:
		f.expr(e.Lhs)
		f.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		f.expr(e.Lhs)
		f.expr(e.Rhs)
	case *ast.StringConcatOpExpr:
		f.expr(e.Lhs)
		f.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		f.expr(e.Lhs)
		f.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		f.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		f.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		f.expr(e.Expr)
	case *ast.FunctionExpr:
		f.block(e.Stmts, e.ParList.Names...)
	}
}
