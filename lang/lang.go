// Package lang says what a language is to mirai: what text of it looks like, what a script can be
// given and what it can raise. It knows no interpreter and imports the standard library only.
//
// Rewrite turns mirai<...>{...}(...) and m[] into plain calls of the module mirai. An Interpreter
// (lang/js, lang/lua) evaluates Code. Values cross as events of a Sink, so that no tree stands between
// an interpreter and the wire. A Module is a set of Go functions that exists in both languages, a Type
// gives Go values a face in scripts, a Class has values of a script's own classes travel. Whatever fails
// in a script is an *Error.
package lang

import "context"

// The languages, by the names that options, frames and file endings use.
const (
	JS  = "js"
	Lua = "lua"
)

// Mode says how the text of a Code is meant.
type Mode uint8

const (
	// Block is the body of a task: its own scope, a value by return or by the last expression.
	Block Mode = iota
	// Script is a whole file at global scope; its shebang line is skipped.
	Script
	// Line is what a person typed: global scope, the value of the last expression, names may be declared again.
	Line
)

// Code is a piece of text to evaluate, with our syntax still in it.
type Code struct {
	Source string
	Name   string // the file it is from, for errors
	Line   int    // where Source begins in that file, from 1; 0 means 1
	Column int    // in bytes, from 1; 0 means 1
	Mode   Mode
}

// Feed drives a sink through exactly one value. A feed may be asked once, and gives away the bytes it hands over.
type Feed func(Sink) error

// Binding is a name and the value it gets.
type Binding struct {
	Name  string
	Value Feed
}

// Value is a value inside an interpreter. It belongs to the goroutine that runs that interpreter.
type Value interface {
	// Walk drives s through the value. What cannot travel is a *Refused.
	Walk(s Sink) error
	// Host is the Go value behind a host object (see Type), or nil.
	Host() any
	// Func is the value as a function to call, or nil.
	Func() Callback
	// Kind is what the language calls it: "number", "function", "table", "Date".
	Kind() string
}

// Callback is a function of a script. It must be called on its interpreter's goroutine: from another one by
// way of Loop.Register.
type Callback interface {
	Call(args ...any) (Value, error)
}

// Interpreter evaluates code of one language. One goroutine at a time.
type Interpreter interface {
	// Eval evaluates code with globals and local args and gives its value, which is valid until the next call.
	// In Block mode a promise is awaited, the event loop running meanwhile. When ctx ends, the code is
	// interrupted as soon as the interpreter can be, and the error is an *Error of kind Interrupted that wraps context.Cause(ctx).
	Eval(ctx context.Context, code Code, globals, args []Binding) (Value, error)
	// Run runs the event loop until no callback is owed. The first uncaught error ends it.
	Run(ctx context.Context) error
	// Loop is the event loop.
	Loop() *Loop
	// Build makes a value of this interpreter.
	Build(f Feed) (Value, error)
	// Register has the values of a class travel from now on, in place of an earlier class of that name. Before that, carry
	// is given what registers it in other interpreters; when it fails, nothing is registered. Class is what scripts of the
	// language make classes of, both hooks are functions.
	Register(c Class, carry func(Carried) error) error
	// Show gives a value as a person wants to see it at the REPL.
	Show(v Value) string
	// Keep makes the present globals the baseline.
	Keep()
	// Reset restores the baseline: globals added since are removed, changed ones restored, pending callbacks dropped.
	Reset()
}

// Config is what an interpreter is made with. Its zero value gives the bare language.
type Config struct {
	// Modules are what require finds; those marked Global are there without it.
	Modules []Module
	// Print takes a line that the script printed (without its newline). Nil discards it.
	Print func(stream Stream, text string)
	// Load finds the script file that require(name) in the file from asks for. Nil means no files.
	Load func(from, name string) (Code, error)
	// Free gives the free names of a block, for a lone ... among its globals. Nil means that ... is an error.
	Free func(language, code string) ([]string, error)
	// Stack bounds the depth of calls. Defaults to 10,000.
	Stack int
	// Rand gives the random numbers of scripts, between 0 and 1 and neither of them. It is asked each time, so the host may
	// change between tasks what it draws from. Defaults to a source of the interpreter's own.
	Rand func() float64
	// RandState gives the state of what Rand draws from, for scripts that ask for it. Nil: it cannot be told.
	RandState func() RNG
}

// Stream says where printed text belongs.
type Stream uint8

const (
	Stdout Stream = iota // print, console.log, console.info, console.debug
	Stderr               // console.warn, console.error
)
