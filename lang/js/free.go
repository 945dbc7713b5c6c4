package js

import (
	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"

	"github.com/mojukapu/mirai/lang"
)

// provided are the names that every block has besides the globals of the bare language.
var provided = []string{"console", "print", "sleep", "setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate",
	"queueMicrotask", "structuredClone", "require", "globalThis", "TextEncoder", "TextDecoder", "performance", "mirai", "progress", "emit",
	"undefined", "arguments"}

// standard are the names that a block never gets from its surroundings.
func standard() map[string]bool {
	names := map[string]bool{}
	for _, n := range goja.New().GlobalObject().GetOwnPropertyNames() {
		names[n] = true
	}
	for _, n := range provided {
		names[n] = true
	}
	return names
}

// Free gives the free names of a block in the order of their first use, without those that every block has.
func Free(code string) ([]string, error) {
	in := &Interp{cfg: lang.Config{Free: free}}
	text := lang.Code{Source: code, Mode: lang.Block}
	if err := checkDepth(text); err != nil {
		return nil, err
	}
	out, err := lang.Rewrite(lang.JS, text, in.cfg.Free)
	if err != nil {
		return nil, err
	}
	c := &compilation{unit: newUnit(text, out)}
	_, fn, err := c.function(openAsync)
	if err != nil {
		if _, fn, err = c.function(openFunc); err != nil {
			return nil, err
		}
	}
	f := &finder{standard: standard(), found: map[string]bool{}}
	f.function(fn)
	f.report()
	return f.names, nil
}

// free finds the names of blocks within blocks. Those of the other language come from its own package, which this one
// does not know: they count as none.
func free(language, code string) ([]string, error) {
	if language != lang.JS {
		return nil, nil
	}
	return Free(code)
}

// scope is what a function or a block declares.
type scope struct {
	names    map[string]bool
	function bool
	outer    *scope
}

// finder walks a tree. A use is judged at the end of the walk of its scope, when all declarations are known.
type finder struct {
	standard map[string]bool
	scope    *scope
	uses     []use
	names    []string
	found    map[string]bool
}

type use struct {
	name  string
	scope *scope
}

func (f *finder) open(function bool) {
	f.scope = &scope{names: map[string]bool{}, function: function, outer: f.scope}
}

func (f *finder) close() { f.scope = f.scope.outer }

func (f *finder) declare(name string) { f.scope.names[name] = true }

// hoist declares a var: in the function around.
func (f *finder) hoist(name string) {
	s := f.scope
	for !s.function && s.outer != nil {
		s = s.outer
	}
	s.names[name] = true
}

func (f *finder) use(name string) { f.uses = append(f.uses, use{name, f.scope}) }

// report keeps the uses that nothing declares.
func (f *finder) report() {
	for _, u := range f.uses {
		if f.standard[u.name] || f.found[u.name] || declared(u) {
			continue
		}
		f.found[u.name] = true
		f.names = append(f.names, u.name)
	}
}

func declared(u use) bool {
	for s := u.scope; s != nil; s = s.outer {
		if s.names[u.name] {
			return true
		}
	}
	return false
}

func (f *finder) below(n ast.Node) { children(n, f.visit) }

func (f *finder) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.Identifier:
		f.use(n.Name.String())
	case *ast.DotExpression:
		f.visit(n.Left)
	case *ast.PrivateDotExpression:
		f.visit(n.Left)
	case *ast.MetaProperty, *ast.BranchStatement:
	case *ast.LabelledStatement:
		f.visit(n.Statement)
	case *ast.PropertyShort:
		f.use(n.Name.Name.String())
		if n.Initializer != nil {
			f.visit(n.Initializer)
		}
	case *ast.PropertyKeyed:
		if n.Computed {
			f.visit(n.Key)
		}
		f.visit(n.Value)
	case *ast.VariableStatement:
		f.bindings(n.List, f.hoist)
	case *ast.LexicalDeclaration:
		f.bindings(n.List, f.declare)
	case *ast.FunctionDeclaration:
		f.hoist(n.Function.Name.Name.String())
		f.function(n.Function)
	case *ast.ClassDeclaration:
		f.declare(n.Class.Name.Name.String())
		f.class(n.Class)
	case *ast.FunctionLiteral:
		f.function(n)
	case *ast.ArrowFunctionLiteral:
		f.arrow(n)
	case *ast.ClassLiteral:
		f.class(n)
	default:
		f.statement(n)
	}
}

// statement visits what opens a scope of its own, and the rest.
func (f *finder) statement(n ast.Node) {
	switch n := n.(type) {
	case *ast.BlockStatement, *ast.SwitchStatement, *ast.ForStatement, *ast.ForInStatement, *ast.ForOfStatement:
		f.open(false)
		f.below(n)
		f.close()
	case *ast.CatchStatement:
		f.open(false)
		if n.Parameter != nil {
			f.pattern(n.Parameter, f.declare)
		}
		f.visit(n.Body)
		f.close()
	case *ast.ForLoopInitializerVarDeclList:
		f.bindings(n.List, f.hoist)
	case *ast.ForLoopInitializerLexicalDecl:
		f.bindings(n.LexicalDeclaration.List, f.declare)
	case *ast.ForIntoVar:
		f.bindings([]*ast.Binding{n.Binding}, f.hoist)
	case *ast.ForDeclaration:
		f.pattern(n.Target, f.declare)
	case *ast.ClassStaticBlock:
		f.open(true)
		f.below(n.Block)
		f.close()
	default:
		f.below(n)
	}
}

func (f *finder) bindings(list []*ast.Binding, declare func(string)) {
	for _, b := range list {
		f.pattern(b.Target, declare)
		if b.Initializer != nil {
			f.visit(b.Initializer)
		}
	}
}

// pattern declares the names of a binding target and visits the defaults in it.
func (f *finder) pattern(n ast.Node, declare func(string)) {
	switch n := n.(type) {
	case *ast.Identifier:
		declare(n.Name.String())
	case *ast.Binding:
		f.bindings([]*ast.Binding{n}, declare)
	case *ast.AssignExpression:
		f.pattern(n.Left, declare)
		f.visit(n.Right)
	case *ast.ArrayPattern:
		for _, e := range n.Elements {
			if e != nil {
				f.pattern(e, declare)
			}
		}
		if n.Rest != nil {
			f.pattern(n.Rest, declare)
		}
	case *ast.ObjectPattern:
		for _, p := range n.Properties {
			f.pattern(p, declare)
		}
		if n.Rest != nil {
			f.pattern(n.Rest, declare)
		}
	case *ast.PropertyShort:
		declare(n.Name.Name.String())
		if n.Initializer != nil {
			f.visit(n.Initializer)
		}
	case *ast.PropertyKeyed:
		if n.Computed {
			f.visit(n.Key)
		}
		f.pattern(n.Value, declare)
	}
}

func (f *finder) params(p *ast.ParameterList) {
	f.bindings(p.List, f.declare)
	if p.Rest != nil {
		f.pattern(p.Rest, f.declare)
	}
}

func (f *finder) function(n *ast.FunctionLiteral) {
	f.open(true)
	if n.Name != nil {
		f.declare(n.Name.Name.String())
	}
	f.params(n.ParameterList)
	f.below(n.Body)
	f.close()
}

func (f *finder) arrow(n *ast.ArrowFunctionLiteral) {
	f.open(true)
	f.params(n.ParameterList)
	switch b := n.Body.(type) {
	case *ast.BlockStatement:
		f.below(b)
	case *ast.ExpressionBody:
		f.visit(b.Expression)
	}
	f.close()
}

func (f *finder) class(n *ast.ClassLiteral) {
	if n.SuperClass != nil {
		f.visit(n.SuperClass)
	}
	f.open(false)
	if n.Name != nil {
		f.declare(n.Name.Name.String())
	}
	for _, e := range n.Body {
		switch e := e.(type) {
		case *ast.FieldDefinition:
			f.member(e.Key, e.Computed, e.Initializer)
		case *ast.MethodDefinition:
			f.member(e.Key, e.Computed, e.Body)
		default:
			f.visit(e)
		}
	}
	f.close()
}

func (f *finder) member(key ast.Expression, computed bool, body ast.Expression) {
	if computed {
		f.visit(key)
	}
	if body != nil {
		f.visit(body)
	}
}
