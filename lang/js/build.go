package js

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unsafe"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// Properties that only we can name. They mark what JavaScript has no kind for, so that it goes back as it came.
var (
	tableMark   = goja.NewSymbol("mirai.table")   // a Map that is a Lua table elsewhere
	bytesMark   = goja.NewSymbol("mirai.bytes")   // a Uint8Array that is a byte string elsewhere
	customMark  = goja.NewSymbol("mirai.custom")  // a tag of CBOR that nobody here makes sense of
	foreignMark = goja.NewSymbol("mirai.foreign") // a function of another language
)

type mark struct{}

type unknownCustom struct {
	name string
	v    goja.Value
}

// hidden is the Go value in a property of o that only we can name.
func hidden[T any](o *goja.Object, sym *goja.Symbol) (v T, ok bool) {
	if p, is := o.GetSymbol(sym).(*goja.Object); is {
		v, ok = p.Export().(T)
	}
	return v, ok
}

func (in *Interp) hide(o *goja.Object, sym *goja.Symbol, v any) {
	_ = o.DefineDataPropertySymbol(sym, in.vm.ToValue(v), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
}

// Build makes a value of this interpreter.
func (in *Interp) Build(f lang.Feed) (lang.Value, error) {
	v, err := in.build(f)
	if err != nil {
		return nil, err
	}
	return value{in, v}, nil
}

func (in *Interp) build(f lang.Feed) (goja.Value, error) {
	b := in.spare
	if in.spare = nil; b == nil {
		b = &builder{in: in}
	}
	var err error
	thrown := in.try(func() { err = f(b) })
	v := b.out
	if len(b.refs) == 0 { // nothing of it stays reachable
		b.out, b.frames = nil, b.frames[:0]
		in.spare = b
	}
	switch {
	case thrown != nil:
		return nil, in.fail(thrown)
	case err != nil:
		return nil, err
	case v == nil:
		return nil, errors.New("js: a feed gave no value")
	}
	return v, nil
}

// builder is a sink that makes a value.
type builder struct {
	in     *Interp
	frames []part
	refs   []goja.Value // what has a number; nil while it cannot be referred to
	out    goja.Value
}

// part is a container that is still open.
type part struct {
	kind  lang.Kind
	name  string
	ref   int
	obj   *goja.Object // nil for what can only be made at its end
	items []any        // elements of a list, the content of a Custom, upvalues
	key   string
	k     goja.Value // key of a map
	keys  []string   // names of upvalues
	src   string     // of a function
}

func (b *builder) Null() error      { return b.add(goja.Null()) }
func (b *builder) Undefined() error { return b.add(goja.Undefined()) }

func (b *builder) Bool(v bool) error     { return b.add(b.in.vm.ToValue(v)) }
func (b *builder) Float(v float64) error { return b.add(b.in.vm.ToValue(v)) }

func (b *builder) Int(v int64) error {
	if v > 1<<53 || v < -1<<53 {
		return b.BigInt(big.NewInt(v))
	}
	return b.add(b.in.vm.ToValue(v))
}

func (b *builder) BigInt(v *big.Int) error    { return b.add(b.in.vm.ToValue(v)) }
func (b *builder) UTF16(units []uint16) error { return b.add(goja.StringFromUTF16(units)) }

// Text adds a string; that of a function is its source.
func (b *builder) Text(s string) error {
	if n := len(b.frames); n > 0 {
		if f := &b.frames[n-1]; f.kind == lang.Closure && f.key == "" && f.src == "" {
			f.src = s
			return nil
		}
	}
	return b.add(b.in.vm.ToValue(s))
}

// Bytes makes a Uint8Array that goes back as the byte string it is elsewhere. Source text and messages may be any bytes
// in Lua.
func (b *builder) Bytes(p []byte) error {
	if n := len(b.frames); n > 0 {
		switch f := &b.frames[n-1]; {
		case f.kind == lang.Closure && f.key == "" && f.src == "":
			f.src = string(p)
			return nil
		case f.kind == lang.Err && (f.key == "message" || f.key == "stack"):
			return b.Text(strings.ToValidUTF8(string(p), "\uFFFD"))
		}
	}
	o, err := b.typed(lang.Uint8, p)
	if err != nil {
		return err
	}
	b.in.hide(o, bytesMark, &mark{})
	return b.add(o)
}

func (b *builder) Time(sec int64, nsec int) error {
	ms := goja.NaN()
	if nsec >= 0 {
		ms = b.in.vm.ToValue(sec*1000 + int64(nsec/1e6))
	}
	return b.construct("Date", ms)
}

func (b *builder) RegExp(source, flags string) error {
	return b.construct("RegExp", b.in.vm.ToValue(source), b.in.vm.ToValue(flags))
}

func (b *builder) construct(class string, args ...goja.Value) error {
	o, err := b.in.vm.New(b.in.ctor(class), args...)
	if err != nil {
		return b.in.fail(err)
	}
	b.refs = append(b.refs, o)
	return b.add(o)
}

func (b *builder) Typed(t lang.Elem, p []byte) error {
	o, err := b.typed(t, p)
	if err != nil {
		return err
	}
	b.refs = append(b.refs, o)
	return b.add(o)
}

// typed makes a typed array over p itself, or over a copy where p is not aligned.
func (b *builder) typed(t lang.Elem, p []byte) (*goja.Object, error) {
	size := t.Size()
	if len(p)%size != 0 {
		return nil, fmt.Errorf("js: %d bytes are no whole number of elements of a %s", len(p), t)
	}
	if size > 1 && uintptr(unsafe.Pointer(unsafe.SliceData(p)))%uintptr(size) != 0 {
		p = append(make([]byte, 0, len(p)), p...)
	}
	buf := b.in.vm.ToValue(b.in.vm.NewArrayBuffer(p)).(*goja.Object)
	if t == lang.ArrayBuffer {
		return buf, nil
	}
	o, err := b.in.vm.New(b.in.ctor(t.String()), buf)
	if err != nil {
		return nil, b.in.fail(err)
	}
	return o, nil
}

// Host adds a Go value of a registered type as the object that stands for it.
func (b *builder) Host(v any) error { return b.add(b.in.toJS(v)) }

const maxItems = 4096 // room made before the elements are seen

func (b *builder) Begin(k lang.Kind, n int, name string) error {
	if len(b.frames) >= maxDepth {
		return lang.Refuse("nested deeper than %d levels", maxDepth)
	}
	f := part{kind: k, name: name, ref: len(b.refs)}
	var ref goja.Value
	switch k {
	case lang.List:
		f.items = make([]any, 0, min(n, maxItems))
	case lang.Object:
		f.obj = b.in.vm.NewObject()
	case lang.Map, lang.Table, lang.Set, lang.Err:
		o, err := b.container(k, name)
		if err != nil {
			return b.in.fail(err)
		}
		f.obj = o
	case lang.Closure:
		if name != lang.JS {
			f.obj = b.in.foreign(name)
		}
	case lang.Custom:
		switch {
		case name == lang.ClassRef || b.in.serial.get(name) != nil || b.in.typeNamed(name) != nil:
		case strings.HasPrefix(name, lang.TagPrefix):
			f.obj = b.in.unknown(name)
		default:
			return b.at(lang.Unregistered(name, "JavaScript"))
		}
	}
	if f.obj != nil {
		ref = f.obj
	}
	b.refs = append(b.refs, ref)
	b.frames = append(b.frames, f)
	return nil
}

func (b *builder) container(k lang.Kind, name string) (*goja.Object, error) {
	switch k {
	case lang.Set:
		return b.in.vm.New(b.in.ctor("Set"))
	case lang.Err:
		return b.in.newError(name, ""), nil
	}
	o, err := b.in.vm.New(b.in.ctor("Map"))
	if err == nil && k == lang.Table {
		b.in.hide(o, tableMark, &mark{})
	}
	return o, err
}

func (b *builder) Key(k string) error {
	b.frames[len(b.frames)-1].key = k
	return nil
}

// add puts a finished value where it belongs.
func (b *builder) add(v goja.Value) error {
	if len(b.frames) == 0 {
		b.out = v
		return nil
	}
	f := &b.frames[len(b.frames)-1]
	switch f.kind {
	case lang.List, lang.Custom:
		f.items = append(f.items, v)
	case lang.Object:
		return set(f.obj, f.key, v)
	case lang.Err:
		return b.errorField(f, v)
	case lang.Closure:
		f.keys, f.items = append(f.keys, f.key), append(f.items, v)
	case lang.Set:
		b.in.setAdd(f.obj, v)
	default:
		if f.k == nil {
			f.k = v
			return nil
		}
		b.in.mapSet(f.obj, f.k, v)
		f.k = nil
	}
	return nil
}

func (b *builder) errorField(f *part, v goja.Value) error {
	hidden := f.key == "message" || f.key == "stack" || f.key == "cause" || f.key == "errors"
	return f.obj.DefineDataProperty(f.key, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.ToFlag(!hidden))
}

func (b *builder) End() error {
	f := b.frames[len(b.frames)-1]
	b.frames = b.frames[:len(b.frames)-1]
	v, err := b.finish(&f)
	if err != nil {
		return b.at(err)
	}
	b.refs[f.ref] = v
	return b.add(v)
}

// at adds to a *Refused where the builder is.
func (b *builder) at(err error) error {
	for i := len(b.frames) - 1; i >= 0; i-- {
		switch f := &b.frames[i]; {
		case f.kind == lang.List:
			err = lang.At(err, "["+strconv.Itoa(len(f.items))+"]")
		case f.kind == lang.Set:
			err = lang.At(err, "["+f.obj.Get("size").String()+"]")
		case f.k != nil:
			err = lang.At(err, "["+b.in.show(f.k)+"]")
		case f.key != "":
			err = lang.At(err, f.key)
		}
	}
	return lang.Full(err)
}

func (b *builder) finish(f *part) (goja.Value, error) {
	switch f.kind {
	case lang.List:
		if f.obj == nil {
			return b.in.vm.NewArray(f.items...), nil
		}
		return f.obj, b.in.push(f.obj, f.items)
	case lang.Closure:
		if f.obj == nil {
			return b.in.closure(f.src)
		}
		h, _ := hidden[*foreignFunc](f.obj, foreignMark)
		h.src, h.names, h.values = f.src, f.keys, f.items
	case lang.Custom:
		if len(f.items) != 1 {
			return nil, fmt.Errorf("js: a value of type %s needs one content, not %d", f.name, len(f.items))
		}
		return b.in.custom(f)
	}
	return f.obj, nil
}

// Ref adds what has number i. A list is made early when something in it refers to it.
func (b *builder) Ref(i int) error {
	if i < 0 || i >= len(b.refs) {
		return fmt.Errorf("js: reference to number %d of %d", i, len(b.refs))
	}
	if b.refs[i] == nil {
		for j := range b.frames {
			if f := &b.frames[j]; f.ref == i && f.kind == lang.List {
				f.obj = b.in.vm.NewArray()
				b.refs[i] = f.obj
			}
		}
	}
	if b.refs[i] == nil {
		return b.at(lang.Refuse("a value of a registered type or class cannot contain itself"))
	}
	return b.add(b.refs[i])
}

// push appends items to an array.
func (in *Interp) push(arr *goja.Object, items []any) error {
	args := make([]goja.Value, len(items))
	for i, v := range items {
		args[i] = v.(goja.Value)
	}
	_, err := in.method("Array", "push")(arr, args...)
	return err
}

func (in *Interp) setAdd(set, v goja.Value) {
	if in.known.setAdd == nil {
		in.known.setAdd = in.rawMethod("Set", "add")
	}
	in.known.call[0] = v
	in.known.setAdd(goja.FunctionCall{This: set, Arguments: in.known.call[:1]})
}

func (in *Interp) mapSet(m, k, v goja.Value) {
	if in.known.mapSet == nil {
		in.known.mapSet = in.rawMethod("Map", "set")
	}
	in.known.call[0], in.known.call[1] = k, v
	in.known.mapSet(goja.FunctionCall{This: m, Arguments: in.known.call[:2]})
}

// unknown stands for a tag of CBOR that nobody here makes sense of: {name, value}, which goes back as it came.
func (in *Interp) unknown(name string) *goja.Object {
	o := in.vm.CreateObject(in.vm.CreateObject(in.objectProto())) // a prototype of its own tells walk to look for the mark
	_ = o.Set("name", name)
	in.hide(o, customMark, &unknownCustom{name: name})
	return o
}

// custom makes a value of a registered type or class from its content.
func (in *Interp) custom(f *part) (goja.Value, error) {
	v := f.items[0].(goja.Value)
	if f.obj != nil {
		c, _ := hidden[*unknownCustom](f.obj, customMark)
		c.v = v
		return f.obj, set(f.obj, "value", v)
	}
	if f.name == lang.ClassRef || in.serial.get(f.name) != nil {
		return in.named(f.name, v)
	}
	t := in.typeNamed(f.name)
	if t.Decode == nil {
		return nil, fmt.Errorf("js: a %s cannot be read: its type has no Decode", f.name)
	}
	b := lang.Builder{Alias: true} // nobody else has v
	if err := in.walk(v, &b); err != nil {
		return nil, err
	}
	self, err := t.Decode(b.Value())
	if err != nil {
		return nil, fmt.Errorf("js: a %s cannot be read: %w", f.name, err)
	}
	return in.hostObject(self, t), nil
}
