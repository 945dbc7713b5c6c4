package js

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// picture is how an object of some class is drawn: prefix { list, key: value } or base alone when it has no keys.
type picture struct {
	prefix      string // "Foo " or "Map(1) "
	base        string // what stands for the object itself: a date, an error, a function
	open, close string
	array       bool         // elements may be set in columns
	list        []goja.Value // elements; nil for a hole
	pairs       bool         // list is keys and values
	state       string       // of a promise that is not fulfilled
	keys        []string
	symbols     []*goja.Symbol
	extra       int // elements not shown
}

// class is what stands for an object that has no prefix, nested too deep.
func (p *picture) class() string {
	if p.array {
		return "Array"
	}
	return "Object"
}

// numeric tells whether all elements are numbers.
func (p *picture) numeric() bool {
	return !slices.ContainsFunc(p.list, func(v goja.Value) bool { return v == nil || !goja.IsNumber(v) && !goja.IsBigInt(v) })
}

// collect takes the elements of a Map, each two values, or of a Set.
func (p *picture) collect(name string, list []goja.Value, each int) {
	n := len(list) / each
	p.prefix = fmt.Sprintf("%s(%d) ", name, n)
	p.list, p.pairs = list[:min(n, showItems)*each], each == 2
	p.extra = max(n-showItems, 0)
}

func (i *inspector) describe(o *goja.Object) *picture {
	p := &picture{open: "{", close: "}", keys: o.Keys(), symbols: o.Symbols()}
	name := constructorName(o)
	switch kind(o) {
	case "Array":
		i.array(o, p, name)
	case "Map":
		w := walker{in: i.in}
		p.collect(name, w.forEach(o, "Map"), 2)
	case "Set":
		w := walker{in: i.in}
		p.collect(name, w.forEach(o, "Set"), 1)
	case "Date":
		p.base = date(o)
	case "RegExp":
		p.base = "/" + o.Get("source").String() + "/" + o.Get("flags").String()
	case "Error":
		p.base = i.errorBase(o, p)
	case "function":
		p.base = functionBase(o)
	case "Promise":
		p.prefix = "Promise "
		p.state, p.list = i.promise(o)
	case "Number", "String", "Boolean":
		w := walker{in: i.in}
		v := w.unbox(o, kind(o))
		p.base = "[" + kind(o) + ": " + i.value(v, 0) + "]"
		if _, ok := v.(goja.String); ok {
			p.keys = slices.DeleteFunc(p.keys, func(k string) bool { _, err := strconv.Atoi(k); return err == nil })
		}
	case "ArrayBuffer":
		p.base = i.buffer(o)
	case "Proxy":
		p.base = "[Proxy]"
		p.keys = nil
	default:
		i.ordinary(o, p, name)
	}
	return p
}

func (i *inspector) array(o *goja.Object, p *picture, name string) {
	n := int(o.Get("length").ToInteger())
	p.open, p.close, p.array = "[", "]", true
	if name != "Array" {
		p.prefix = fmt.Sprintf("%s(%d) ", name, n)
	}
	elements := 0
	for elements < len(p.keys) {
		if k, err := strconv.Atoi(p.keys[elements]); err != nil || k < 0 {
			break
		}
		elements++
	}
	p.keys = p.keys[elements:]
	shown := min(n, showItems)
	for k := range shown {
		p.list = append(p.list, i.element(o, k))
	}
	p.extra = n - shown
}

// element is an own element of an array: nil where it has a hole.
func (i *inspector) element(o *goja.Object, k int) goja.Value {
	return o.Get(strconv.Itoa(k))
}

func (i *inspector) ordinary(o *goja.Object, p *picture, name string) {
	if e, ok := elemOf(o); ok {
		n := int(o.Get("length").ToInteger())
		p.open, p.close, p.array = "[", "]", true
		p.prefix = fmt.Sprintf("%s(%d) ", e, n)
		shown := min(n, showItems)
		for k := range shown {
			p.list = append(p.list, o.Get(strconv.Itoa(k)))
		}
		p.extra, p.keys = n-shown, nil
		return
	}
	switch tag := text(o.GetSymbol(goja.SymToStringTag)); {
	case o.ClassName() == "Arguments":
		p.prefix = "[Arguments] "
		i.array(o, p, "Array")
	case o.Prototype() == nil:
		p.prefix = "[Object: null prototype] "
	case unsendable[tag] && strings.HasPrefix(tag, "Weak"):
		p.base, p.keys = name+" { <items unknown> }", nil
	case name != "" && name != "Object" && tag != "" && tag != name:
		p.prefix = fmt.Sprintf("%s [%s] ", name, tag)
	case name != "" && name != "Object":
		p.prefix = name + " "
	case tag != "" && tag != "Object":
		p.prefix = fmt.Sprintf("Object [%s] ", tag)
	}
}

// constructorName is the name of the nearest constructor that has one.
func constructorName(o *goja.Object) string {
	for ; o != nil; o = o.Prototype() {
		if c, ok := o.Get("constructor").(*goja.Object); ok {
			if name := text(c.Get("name")); name != "" {
				return name
			}
		}
	}
	return ""
}

func date(o *goja.Object) string {
	t, ok := o.Export().(time.Time)
	if !ok {
		return "Invalid Date"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func functionBase(o *goja.Object) string {
	name := text(o.Get("name"))
	word := "Function"
	src := o.String()
	switch {
	case strings.HasPrefix(src, "class"):
		if name == "" {
			name = "(anonymous)"
		}
		if p := o.Prototype(); p != nil {
			if parent := text(p.Get("name")); parent != "" {
				return "[class " + name + " extends " + parent + "]"
			}
		}
		return "[class " + name + "]"
	case strings.HasPrefix(src, "async"):
		word = "AsyncFunction"
	case strings.HasPrefix(src, "function*"):
		word = "GeneratorFunction"
	}
	if name == "" {
		return "[" + word + " (anonymous)]"
	}
	return "[" + word + ": " + name + "]"
}

// errorBase is the stack of an error; inside other values it stands in brackets when it has none.
func (i *inspector) errorBase(o *goja.Object, p *picture) string {
	p.keys = slices.DeleteFunc(p.keys, func(k string) bool { return k == "name" || k == "message" || k == "stack" })
	for _, k := range errorKeys(o) {
		if !slices.Contains(p.keys, k) {
			p.keys = append(p.keys, k)
		}
	}
	head := className(o)
	if m := text(o.Get("message")); m != "" {
		head += ": " + m
	}
	var lines []string
	for _, l := range strings.Split(cleanStack(text(o.Get("stack"))), "\n") {
		if strings.HasPrefix(l, "    at ") {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return "[" + head + "]"
	}
	pad := strings.Repeat(" ", i.indent)
	return head + "\n" + pad + strings.Join(lines, "\n"+pad)
}

// cleanStack makes the stack of goja look like Node's: without program counters and native frames.
func cleanStack(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	out := lines[:0]
	for _, l := range lines {
		rest, isFrame := strings.CutPrefix(l, "\tat ")
		if !isFrame {
			out = append(out, l)
			continue
		}
		if rest == "native" || strings.HasSuffix(rest, "(native)") || strings.Contains(rest, ownName) {
			continue
		}
		closed := strings.HasSuffix(rest, "))")
		if at := strings.LastIndexByte(rest, '('); at >= 0 {
			rest = rest[:at]
			if closed {
				rest += ")"
			}
		}
		out = append(out, "    at "+rest)
	}
	return strings.Join(out, "\n")
}

func (i *inspector) promise(o *goja.Object) (state string, list []goja.Value) {
	p, _ := o.Export().(*goja.Promise)
	switch {
	case p == nil || p.State() == goja.PromiseStatePending:
		return "<pending>", nil
	case p.State() == goja.PromiseStateRejected:
		return "<rejected> ", []goja.Value{p.Result()}
	}
	return "", []goja.Value{p.Result()}
}

func (i *inspector) buffer(o *goja.Object) string {
	b, _ := o.Export().(goja.ArrayBuffer)
	mem := b.Bytes()
	var hex strings.Builder
	for k, c := range mem[:min(len(mem), 50)] {
		if k > 0 {
			hex.WriteByte(' ')
		}
		fmt.Fprintf(&hex, "%02x", c)
	}
	if n := len(mem) - 50; n > 0 {
		fmt.Fprintf(&hex, " ... %d more byte%s", n, plural(n))
	}
	return fmt.Sprintf("ArrayBuffer { [Uint8Contents]: <%s>, byteLength: %d }", hex.String(), len(mem))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
