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
	if err := w.s.Text(src); err != nil {
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
	if _, err := parse("", "("+src+"\n)"); err == nil {
		return src, nil
	}
	method := "({" + src + "\n})[" + strconv.Quote(name) + "]"
	if _, err := parse("", "("+method+")"); err != nil || strings.HasPrefix(src, "[") || strings.HasPrefix(src, "get ") || strings.HasPrefix(src, "set ") {
		return "", lang.Refuse("the method %s cannot be sent: make it a plain function", cmpName(name))
	}
	return method, nil
}

func cmpName(name string) string {
	name = strings.TrimPrefix(name, "bound ")
	if name == "" {
		return "f"
	}
	return name
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
	code := lang.Code{Source: src, Name: "function"}
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
