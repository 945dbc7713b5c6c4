package js

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// awaits tells whether a function body awaits itself, not in a function within.
func awaits(body ast.Node) bool {
	found := false
	var look func(n ast.Node)
	look = func(n ast.Node) {
		switch n.(type) {
		case *ast.AwaitExpression:
			found = true
		case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral:
			return
		}
		if !found {
			children(n, look)
		}
	}
	look(body)
	return found
}

// tail makes the last statement of a list return its value.
func tail(list []ast.Statement) {
	for i := len(list) - 1; i >= 0; i-- {
		if _, empty := list[i].(*ast.EmptyStatement); !empty {
			list[i] = tailStatement(list[i])
			return
		}
	}
}

func tailStatement(s ast.Statement) ast.Statement {
	switch s := s.(type) {
	case *ast.ExpressionStatement:
		return &ast.ReturnStatement{Return: s.Idx0(), Argument: s.Expression}
	case *ast.BlockStatement:
		tail(s.List)
	case *ast.IfStatement:
		s.Consequent = tailStatement(s.Consequent)
		if s.Alternate != nil {
			s.Alternate = tailStatement(s.Alternate)
		}
	case *ast.TryStatement:
		tail(s.Body.List)
		if s.Catch != nil {
			tail(s.Catch.Body.List)
		}
	case *ast.LabelledStatement:
		s.Statement = tailStatement(s.Statement)
	case *ast.WithStatement:
		s.Body = tailStatement(s.Body)
	case *ast.SwitchStatement:
		for i, arm := range s.Body {
			n := len(arm.Consequent)
			if n > 0 && leaves(arm.Consequent[n-1]) {
				tail(arm.Consequent[:n-1])
			} else if i == len(s.Body)-1 {
				tail(arm.Consequent)
			}
		}
	}
	return s
}

func leaves(s ast.Statement) bool {
	b, ok := s.(*ast.BranchStatement)
	return ok && b.Token == token.BREAK && b.Label == nil
}

// pins tells whether statements declare lexical globals, which stay as long as the runtime.
func pins(body []ast.Statement) bool {
	for _, s := range body {
		switch s.(type) {
		case *ast.LexicalDeclaration, *ast.ClassDeclaration:
			return true
		}
	}
	return false
}

// loosen makes let, const and class at the top of a line into var, so that they may be declared again.
func loosen(prg *ast.Program) {
	for i, s := range prg.Body {
		v := variable(s)
		if v == nil {
			continue
		}
		prg.Body[i] = v
		prg.DeclarationList = append(prg.DeclarationList, &ast.VariableDeclaration{Var: v.Var, List: v.List})
	}
}

func variable(s ast.Statement) *ast.VariableStatement {
	switch s := s.(type) {
	case *ast.LexicalDeclaration:
		for _, b := range s.List {
			if b.Initializer == nil { // let x again makes it undefined again
				b.Initializer = &ast.UnaryExpression{Operator: token.VOID, Idx: b.Idx0(), Operand: &ast.NumberLiteral{Idx: b.Idx0(), Literal: "0", Value: int64(0)}}
			}
		}
		return &ast.VariableStatement{Var: s.Idx, List: s.List}
	case *ast.ClassDeclaration:
		return &ast.VariableStatement{Var: s.Class.Class, List: []*ast.Binding{{Target: s.Class.Name, Initializer: s.Class}}}
	}
	return nil
}

// globalize makes the declarations at the top of an async function into assignments to globals.
func globalize(fn *ast.FunctionLiteral) {
	var hoisted, rest []ast.Statement
	for _, s := range fn.Body.List {
		switch d := s.(type) {
		case *ast.FunctionDeclaration:
			hoisted = append(hoisted, assign(d.Function.Name, d.Function))
			continue
		case *ast.VariableStatement:
			rest = appendAssigns(rest, d.List)
		default:
			if v := variable(s); v != nil {
				rest = appendAssigns(rest, v.List)
			} else {
				rest = append(rest, s)
			}
			continue
		}
	}
	fn.Body.List = append(hoisted, rest...)
	fn.DeclarationList = nil
}

func appendAssigns(list []ast.Statement, bindings []*ast.Binding) []ast.Statement {
	for _, b := range bindings {
		if b.Initializer != nil {
			list = append(list, assign(b.Target, b.Initializer))
		}
	}
	return append(list, &ast.BlockStatement{}) // a declaration has no value
}

func assign(to, v ast.Expression) ast.Statement {
	return &ast.ExpressionStatement{Expression: &ast.AssignExpression{Operator: token.ASSIGN, Left: to, Right: v}}
}
