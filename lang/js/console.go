package js

import (
	"math"
	"reflect"
	"strings"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

func (in *Interp) installConsole() {
	console := in.vm.NewObject()
	out := func(s lang.Stream) func(goja.FunctionCall) goja.Value {
		return func(c goja.FunctionCall) goja.Value {
			if in.cfg.Print != nil {
				in.cfg.Print(s, in.format(c.Arguments))
			}
			return goja.Undefined()
		}
	}
	for _, name := range []string{"log", "info", "debug"} {
		in.define(console, name, in.native(name, out(lang.Stdout)))
	}
	for _, name := range []string{"warn", "error", "trace"} {
		in.define(console, name, in.native(name, out(lang.Stderr)))
	}
	in.define(in.root, "console", console)
	in.define(in.root, "print", in.native("print", out(lang.Stdout)))
}

// plain is a value as console.log prints it alone: text without quotes.
func (in *Interp) plain(v goja.Value) string {
	if s, ok := v.(goja.String); ok {
		return s.String()
	}
	return in.show(v)
}

// format is util.format: the first argument may have %s, %d, %i, %f, %j, %o, %O, %c and %%.
func (in *Interp) format(args []goja.Value) string {
	if len(args) == 0 {
		return ""
	}
	var b strings.Builder
	rest := args
	if f, ok := args[0].(goja.String); ok && len(args) > 1 {
		rest = in.directives(&b, f.String(), args[1:])
	} else {
		b.WriteString(in.plain(args[0]))
		rest = args[1:]
	}
	for _, v := range rest {
		b.WriteByte(' ')
		b.WriteString(in.plain(v))
	}
	return b.String()
}

func (in *Interp) directives(b *strings.Builder, f string, args []goja.Value) []goja.Value {
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 == len(f) {
			b.WriteByte(f[i])
			continue
		}
		i++
		if f[i] == '%' {
			b.WriteByte('%')
			continue
		}
		if !strings.ContainsRune("sdifjoOc", rune(f[i])) || len(args) == 0 {
			b.WriteByte('%')
			b.WriteByte(f[i])
			continue
		}
		b.WriteString(in.directive(f[i], args[0]))
		args = args[1:]
	}
	return args
}

func (in *Interp) directive(verb byte, v goja.Value) string {
	_, isObject := v.(*goja.Object)
	switch verb {
	case 's':
		switch {
		case isObject:
			return in.inspect(v, 0)
		case goja.IsBigInt(v):
			return v.String() + "n"
		}
		if goja.IsNumber(v) && v.ExportType().Kind() == reflect.Float64 { // -0
			return in.show(v)
		}
		return v.String()
	case 'd':
		switch {
		case goja.IsBigInt(v):
			return v.String() + "n"
		case isObject:
			return "NaN"
		}
		return in.show(v.ToNumber())
	case 'i', 'f':
		f := v.ToFloat()
		if verb == 'i' {
			f = math.Trunc(f)
		}
		return in.show(in.vm.ToValue(f))
	case 'j':
		if o, ok := v.(*goja.Object); ok {
			if b, err := o.MarshalJSON(); err == nil {
				return string(b)
			}
		}
		return in.show(v)
	case 'o':
		return in.inspect(v, 4)
	case 'O':
		return in.inspect(v, showDepth)
	}
	return ""
}
