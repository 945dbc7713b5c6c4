package js

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// foreignFunc is a function of another language: nothing but its parts, on their way back.
type foreignFunc struct {
	lang   string
	src    string
	names  []string
	values []any // goja.Value
}

// foreign makes the function of JS that stands for a function of another language.
func (in *Interp) foreign(language string) *goja.Object {
	title := map[string]string{lang.Lua: "Lua"}[language]
	if title == "" {
		title = language
	}
	o := in.native("", func(goja.FunctionCall) goja.Value {
		panic(in.vm.NewTypeError("a %s function cannot be called in JavaScript", title))
	})
	in.hide(o, foreignMark, &foreignFunc{lang: language})
	return o
}

// function sends a function as its source.
func (w *walker) function(o *goja.Object) error {
	if f, ok := hidden[*foreignFunc](o, foreignMark); ok {
		return w.foreign(f)
	}
	if c := w.classes.ctor(o); c != nil && c != w.bare {
		return w.custom(lang.ClassRef, w.in.vm.ToValue(c.name))
	}
	src, err := w.in.source(o)
	if err != nil {
		return err
	}
	if err := w.s.Begin(lang.Closure, 1, lang.JS); err != nil {
		return err
	}
	if err := w.s.Key(""); err != nil {
		return err
	}
	if err := w.s.Text(w.in.sources.placed(src)); err != nil {
		return err
	}
	return w.s.End()
}

func (w *walker) foreign(f *foreignFunc) error {
	if err := w.s.Begin(lang.Closure, 1+len(f.names), f.lang); err != nil {
		return err
	}
	if err := w.s.Key(""); err != nil {
		return err
	}
	if !utf8.ValidString(f.src) {
		if err := w.s.Bytes([]byte(f.src)); err != nil {
			return err
		}
	} else if err := w.s.Text(f.src); err != nil {
		return err
	}
	for i, name := range f.names {
		if err := w.s.Key(name); err != nil {
			return err
		}
		if err := w.value(f.values[i].(goja.Value)); err != nil {
			return lang.At(err, name)
		}
	}
	return w.s.End()
}

// source is the text of a function as an expression.
func (in *Interp) source(o *goja.Object) (string, error) {
	v, err := in.method("Function", "toString")(o)
	if err != nil {
		return "", lang.Refuse("this function cannot be sent: %v", err)
	}
	src := v.String()
	name := text(o.Get("name"))
	switch {
	case strings.HasSuffix(src, "{ [native code] }"):
		return "", lang.Refuse("a native or bound function cannot be sent: wrap it, (...args) => %s(...args)", cmpName(name))
	case strings.HasPrefix(src, "function"), strings.HasPrefix(src, "async function"), strings.HasPrefix(src, "class"):
		return src, nil
	}
	if src, ok := closed(src); ok {
		return src, nil
	}
	method := "({" + src + "\n})[" + strconv.Quote(name) + "]"
	if _, err := parse("", "("+method+")"); err != nil || strings.HasPrefix(src, "[") || strings.HasPrefix(src, "get ") || strings.HasPrefix(src, "set ") {
		return "", lang.Refuse("the method %s cannot be sent: make it a plain function", cmpName(name))
	}
	return method, nil
}

const maxParens = 16 // around the value of an arrow function

// closed gives the text of a function that is an expression. goja forgets the parentheses that end x => (x).
func closed(src string) (string, bool) {
	for n := 0; n == 0 || n <= maxParens && strings.Contains(src, "=>"); n++ {
		if _, err := parse("", "("+src+"\n)"); err == nil {
			return src, true
		}
		src += ")"
	}
	return "", false
}

func cmpName(name string) string {
	name = strings.TrimPrefix(name, "bound ")
	if name == "" {
		return "f"
	}
	return name
}

// A function travels with its place before it, as a comment, so that its errors name the user's own file: /*@file:line:column*/.
const (
	placeOpen  = "/*@"
	placeClose = "*/"
	unplaced   = "function" // the file of one without a place
)

// placed puts its place before the source of a function, when that stands in exactly one of the latest texts.
func (s *sources) placed(src string) string {
	found := ""
	for _, u := range s.units {
		i := strings.Index(u.text.Out, src)
		if i < 0 || u.code.Name == "" || u.code.Name == unplaced {
			continue
		}
		if found != "" || strings.Contains(u.text.Out[i+1:], src) {
			return src
		}
		f := u.pos(i + u.prefix)
		found = fmt.Sprintf("%s%s:%d:%d%s", placeOpen, f.File, f.Line, f.Column, placeClose)
	}
	if strings.Contains(strings.TrimPrefix(found, placeOpen), placeOpen) || strings.Count(found, placeClose) > 1 {
		return src // a file of that name would end the comment early
	}
	return found + src
}

// place takes the place of a function off its source.
func place(src string) lang.Code {
	if at, rest, ok := strings.Cut(strings.TrimPrefix(src, placeOpen), placeClose); ok && len(at) < len(src) && strings.HasPrefix(src, placeOpen) {
		if f, ok := lang.ParseFrame(at); ok {
			return lang.Code{Source: rest, Name: f.File, Line: f.Line, Column: f.Column}
		}
	}
	return lang.Code{Source: src, Name: unplaced}
}

const closureMode lang.Mode = 0xff // in cache keys only

// closure makes a function from its source.
func (in *Interp) closure(src string) (goja.Value, error) {
	k := cacheKey{code: lang.Code{Source: src, Mode: closureMode}}
	p := in.programs.get(k)
	if p == nil {
		var err error
		if p, err = in.compileClosure(src); err != nil {
			return nil, err
		}
		in.programs.put(k, p)
	}
	v, err := in.vm.RunProgram(p.prg)
	if err != nil {
		return nil, in.fail(err)
	}
	if _, ok := goja.AssertFunction(v); !ok {
		return nil, fmt.Errorf("js: the source of a function gives a %s", kind(v))
	}
	return v, nil
}

var errNoFunction = errors.New("js: the source of a function has more in it than one expression")

func (in *Interp) compileClosure(src string) (*program, error) {
	code := place(src)
	if err := checkDepth(code); err != nil {
		return nil, err
	}
	text, err := lang.Rewrite(lang.JS, code, in.cfg.Free)
	if err != nil {
		return nil, err
	}
	u := newUnit(code, text)
	in.sources.add(u)
	c := &compilation{unit: u}
	c.prefix = len(openValue)
	all := openValue + text.Out + "\n)"
	prg, err := parse(code.Name, all)
	if err != nil {
		return nil, c.explain("", all, err)
	}
	if len(prg.Body) != 1 {
		return nil, errNoFunction
	}
	return c.emit(prg)
}
