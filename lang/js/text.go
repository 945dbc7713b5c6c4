package js

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// installText adds TextEncoder, TextDecoder (UTF-8) and structuredClone.
func (in *Interp) installText() {
	enc := in.vm.ToValue(func(c goja.ConstructorCall) *goja.Object {
		_ = c.This.Set("encoding", "utf-8")
		return nil
	}).(*goja.Object)
	in.define(enc, "name", in.vm.ToValue("TextEncoder"))
	in.define(enc.Get("prototype").(*goja.Object), "encode", in.native("encode", in.encodeText))
	in.define(in.root, "TextEncoder", enc)

	dec := in.vm.ToValue(func(c goja.ConstructorCall) *goja.Object {
		if label := c.Argument(0); !goja.IsUndefined(label) && !isUTF8(label.String()) {
			panic(in.newError("RangeError", fmt.Sprintf("TextDecoder: the encoding %q is not supported: only utf-8 is", label)))
		}
		_ = c.This.Set("encoding", "utf-8")
		return nil
	}).(*goja.Object)
	in.define(dec, "name", in.vm.ToValue("TextDecoder"))
	in.define(dec.Get("prototype").(*goja.Object), "decode", in.native("decode", in.decodeText))
	in.define(in.root, "TextDecoder", dec)
	in.define(in.root, "structuredClone", in.native("structuredClone", in.structuredClone))
}

func isUTF8(label string) bool {
	label = strings.ToLower(strings.TrimSpace(label))
	return label == "utf-8" || label == "utf8" || label == "unicode-1-1-utf-8"
}

func (in *Interp) encodeText(c goja.FunctionCall) goja.Value {
	var s string
	if v := c.Argument(0); !goja.IsUndefined(v) {
		s = v.String()
	}
	b := builder{in: in}
	o, err := b.typed(lang.Uint8, []byte(s))
	if err != nil {
		in.raise(err)
	}
	return o
}

func (in *Interp) decodeText(c goja.FunctionCall) goja.Value {
	v := c.Argument(0)
	if goja.IsUndefined(v) {
		return in.vm.ToValue("")
	}
	var b []byte
	if o, ok := v.(*goja.Object); ok {
		if buf, is := o.Export().(goja.ArrayBuffer); is {
			b = buf.Bytes()
		} else if _, mem, is := typed(o); is {
			b = mem
		} else {
			ok = false
		}
		if ok {
			return in.vm.ToValue(strings.TrimPrefix(strings.ToValidUTF8(string(b), "\uFFFD"), "\uFEFF"))
		}
	}
	panic(in.vm.NewTypeError("decode: the argument must be an ArrayBuffer or a typed array, it is %s", kind(v)))
}

// structuredClone copies a value the way it would be sent.
func (in *Interp) structuredClone(c goja.FunctionCall) goja.Value {
	if o, ok := c.Argument(0).(*goja.Object); ok {
		return in.fromFeed(func(s lang.Sink) error { return in.walk(o, &copying{s}) })
	}
	return c.Argument(0)
}

// copying is a sink that gives its own memory away.
type copying struct{ lang.Sink }

func (s *copying) Typed(t lang.Elem, b []byte) error {
	return s.Sink.Typed(t, append(make([]byte, 0, len(b)), b...))
}

// maxJSON bounds how deep JSON may nest: the parser uses the Go stack.
const maxJSON = 10_000

// installJSON makes JSON.parse refuse what would use up the Go stack.
func (in *Interp) installJSON() {
	json, _ := in.root.Get("JSON").(*goja.Object)
	parse, ok := goja.AssertFunction(json.Get("parse"))
	if !ok {
		return
	}
	in.define(json, "parse", in.native("parse", func(c goja.FunctionCall) goja.Value {
		if s, ok := c.Argument(0).(goja.String); ok && deepJSON(s.String()) {
			panic(in.newError("RangeError", fmt.Sprintf("JSON.parse: nested deeper than %d levels", maxJSON)))
		}
		v, err := parse(c.This, c.Arguments...)
		if err != nil {
			in.rethrow(err)
		}
		return v
	}))
}

func deepJSON(s string) bool {
	if strings.Count(s, "[")+strings.Count(s, "{") <= maxJSON {
		return false
	}
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			if depth++; depth > maxJSON {
				return true
			}
		case ']', '}':
			depth--
		}
	}
	return false
}

func (in *Interp) parseJSON(code lang.Code) (goja.Value, error) {
	json, _ := in.root.Get("JSON").(*goja.Object)
	parse, _ := goja.AssertFunction(json.Get("parse"))
	v, err := parse(json, in.vm.ToValue(code.Source))
	if err != nil {
		return nil, fmt.Errorf("%s: %s", code.Name, in.fail(err).(*lang.Error).Text())
	}
	return v, nil
}
