package js

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// maxDepth bounds how deep a value may nest: walking it uses the Go stack.
const maxDepth = 10_000

// walker drives a sink through a value.
type walker struct {
	in    *Interp
	s     lang.Sink
	n     int // numbers given away
	depth int
	first *goja.Object         // the object with number 0: most values need no map
	seen  map[*goja.Object]int // the others

	classes *classSet
	bare    *class         // that travels itself, not its name
	open    []*goja.Object // values of classes around here
}

func (in *Interp) walk(v goja.Value, s lang.Sink) (err error) {
	w := walker{in: in, s: s, classes: in.serial}
	if _, ok := v.(*goja.Object); !ok {
		return w.value(v)
	}
	if thrown := in.try(func() { err = w.value(v) }); thrown != nil {
		return in.fail(thrown)
	}
	return err
}

func (w *walker) value(v goja.Value) error {
	switch x := v.(type) {
	case nil:
		return w.s.Undefined()
	case *goja.Object:
		return w.object(x)
	case goja.String:
		return w.text(x)
	case *goja.Symbol:
		return lang.Refuse("a symbol cannot be sent")
	}
	if goja.IsUndefined(v) {
		return w.s.Undefined()
	}
	if goja.IsNull(v) {
		return w.s.Null()
	}
	switch v.ExportType().Kind() {
	case reflect.Int64:
		return w.s.Int(v.ToInteger())
	case reflect.Float64:
		return w.number(v.ToFloat())
	case reflect.Bool:
		return w.s.Bool(v.ToBoolean())
	}
	if b, ok := v.Export().(*big.Int); ok {
		return w.s.BigInt(b)
	}
	return lang.Refuse("a %s cannot be sent", kind(v))
}

func (w *walker) number(f float64) error {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 && (f != 0 || !math.Signbit(f)) {
		return w.s.Int(int64(f))
	}
	return w.s.Float(f)
}

// text sends a string. Only one that shows a replacement character as UTF-8 can have lone surrogates.
func (w *walker) text(x goja.String) error {
	s := x.String()
	if !strings.Contains(s, "\uFFFD") {
		return w.s.Text(s)
	}
	units, lone := make([]uint16, x.Length()), false
	for i := range units {
		units[i] = x.CharAt(i)
	}
	for i := 0; i < len(units); i++ {
		switch u := units[i]; {
		case u >= 0xD800 && u < 0xDC00 && i+1 < len(units) && units[i+1] >= 0xDC00 && units[i+1] < 0xE000:
			i++
		case u >= 0xD800 && u < 0xE000:
			lone = true
		}
	}
	if lone {
		return w.s.UTF16(units)
	}
	return w.s.Text(s)
}

// met sends a reference when o was sent before, and gives o its number when not.
func (w *walker) met(o *goja.Object) (bool, error) {
	if o == w.first {
		return true, w.s.Ref(0)
	}
	if i, ok := w.seen[o]; ok {
		return true, w.s.Ref(i)
	}
	switch {
	case w.n == 0:
		w.first = o
	case w.seen == nil:
		w.seen = make(map[*goja.Object]int)
		fallthrough
	default:
		w.seen[o] = w.n
	}
	w.n++
	return false, nil
}

func (w *walker) object(o *goja.Object) error {
	typ := o.ExportType()
	switch typ {
	case promiseType:
		return lang.Refuse("a promise cannot be sent: await it first")
	case proxyType:
		return lang.Refuse("a Proxy cannot be sent")
	}
	class := o.ClassName()
	switch class { // boxed primitives travel as what is in them
	case "Number", "String", "Boolean":
		return w.value(w.unbox(o, class))
	case "Symbol":
		return lang.Refuse("a symbol cannot be sent")
	}
	if typ == bigType {
		return w.value(w.unbox(o, "BigInt"))
	}
	if typ == hostType {
		if s, ok := w.s.(lang.HostSink); ok {
			return s.Host(hostOf(o).self)
		}
	}
	if typ == bytesType {
		if _, ok := hidden[*mark](o, bytesMark); ok {
			return w.s.Bytes(o.Export().([]byte))
		}
	}
	if w.classes != nil {
		if c := w.classes.of(o); c != nil {
			return w.instance(o, c)
		}
	}
	if met, err := w.met(o); met {
		return err
	}
	if w.depth++; w.depth > maxDepth {
		return lang.Refuse("nested deeper than %d levels", maxDepth)
	}
	err := w.identified(o, typ, class)
	w.depth--
	return err
}

func (w *walker) unbox(o *goja.Object, class string) goja.Value {
	v, err := w.in.method(class, "valueOf")(o)
	if err != nil {
		panic(err)
	}
	return v
}

// identified sends an object that has its number by now.
func (w *walker) identified(o *goja.Object, typ reflect.Type, class string) error {
	switch typ {
	case recordType:
		if class == "Object" {
			return w.ordinary(o)
		}
	case listType:
		if class == "Array" {
			return w.list(o)
		}
		return w.set(o)
	case mapType:
		return w.pairs(o)
	case timeType:
		return w.date(o)
	case hostType:
		return w.host(hostOf(o))
	case bufferType:
		return w.s.Typed(lang.ArrayBuffer, o.Export().(goja.ArrayBuffer).Bytes())
	}
	switch class {
	case "Error":
		return w.error(o)
	case "RegExp":
		return w.s.RegExp(o.Get("source").String(), o.Get("flags").String())
	case "Arguments":
		return w.entries(o, w.in.keys(o))
	}
	if _, ok := goja.AssertFunction(o); ok {
		return w.function(o)
	}
	if e, b, ok := typed(o); ok {
		return w.s.Typed(e, b)
	}
	if typ == recordType {
		return w.entries(o, w.in.keys(o))
	}
	return lang.Refuse("a %s cannot be sent", class)
}

// unsendable are the classes of objects whose contents nobody can see.
var unsendable = map[string]bool{"WeakMap": true, "WeakSet": true, "WeakRef": true, "Generator": true, "Array Iterator": true, "Map Iterator": true,
	"Set Iterator": true, "String Iterator": true, "RegExp String Iterator": true}

// ordinary sends an object of no built-in class, as far as goja tells.
func (w *walker) ordinary(o *goja.Object) error {
	if p := o.Prototype(); p != nil && p != w.in.objectProto() {
		switch tag := text(o.GetSymbol(goja.SymToStringTag)); {
		case tag == "":
		case tag == "DataView":
			return w.view(o)
		case tag == "AsyncFunction":
			return w.function(o)
		case unsendable[tag]:
			return lang.Refuse("a %s cannot be sent", tag)
		}
		if c, ok := hidden[*unknownCustom](o, customMark); ok {
			return w.custom(c.name, c.v)
		}
	}
	return w.entries(o, w.in.keys(o))
}

// entries sends own enumerable properties as an object.
func (w *walker) entries(o *goja.Object, keys []goja.Value) error {
	if err := w.s.Begin(lang.Object, len(keys), ""); err != nil {
		return err
	}
	if err := w.fields(o, keys); err != nil {
		return err
	}
	return w.s.End()
}

func (w *walker) fields(o *goja.Object, keys []goja.Value) error {
	for _, key := range keys {
		k := key.String()
		if err := w.field(k, o.Get(k)); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) field(k string, v goja.Value) error {
	if err := w.s.Key(k); err != nil {
		return err
	}
	if err := w.value(v); err != nil {
		return lang.At(err, k)
	}
	return nil
}

// maxHoles is how long an array may be that has nearly no elements.
const maxHoles = 1 << 20

func (w *walker) list(o *goja.Object) error {
	if n := o.Get("length").ToInteger(); n > maxHoles && int64(len(o.Keys())) < n/8 {
		return lang.Refuse("an array of length %d that is nearly empty cannot be sent: send a Map", n)
	}
	items := w.in.elements(o)
	if err := w.s.Begin(lang.List, len(items), ""); err != nil {
		return err
	}
	for i, v := range items {
		if err := w.value(v); err != nil {
			return lang.At(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return w.s.End()
}

// forEach collects the arguments of a Map's or a Set's forEach.
func (w *walker) forEach(o *goja.Object, class string) []goja.Value {
	var vs []goja.Value
	each := w.in.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		if class == "Map" {
			vs = append(vs, c.Argument(1))
		}
		vs = append(vs, c.Argument(0))
		return goja.Undefined()
	})
	if _, err := w.in.method(class, "forEach")(o, each); err != nil {
		panic(err)
	}
	return vs
}

func (w *walker) pairs(o *goja.Object) error {
	vs := w.forEach(o, "Map")
	k := lang.Map
	if _, ok := hidden[*mark](o, tableMark); ok {
		k = lang.Table
	}
	if err := w.s.Begin(k, len(vs)/2, ""); err != nil {
		return err
	}
	for i, v := range vs {
		if err := w.value(v); err != nil {
			return lang.At(err, "["+w.in.show(vs[i&^1])+"]")
		}
	}
	return w.s.End()
}

func (w *walker) set(o *goja.Object) error {
	vs := w.forEach(o, "Set")
	if err := w.s.Begin(lang.Set, len(vs), ""); err != nil {
		return err
	}
	for i, v := range vs {
		if err := w.value(v); err != nil {
			return lang.At(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return w.s.End()
}

func (w *walker) date(o *goja.Object) error {
	t, ok := o.Export().(time.Time)
	if !ok {
		return w.s.Time(0, -1)
	}
	return w.s.Time(t.Unix(), t.Nanosecond())
}

func (w *walker) error(o *goja.Object) error {
	keys := errorKeys(o)
	stack := cleanStack(text(o.Get("stack")))
	n := 1 + len(keys)
	if stack != "" {
		n++
	}
	if err := w.s.Begin(lang.Err, n, className(o)); err != nil {
		return err
	}
	if err := w.s.Key("message"); err != nil {
		return err
	}
	if err := w.s.Text(text(o.Get("message"))); err != nil {
		return err
	}
	if stack != "" {
		if err := w.s.Key("stack"); err != nil {
			return err
		}
		if err := w.s.Text(stack); err != nil {
			return err
		}
	}
	for _, k := range keys {
		if err := w.field(k, o.Get(k)); err != nil {
			return err
		}
	}
	return w.s.End()
}

func (in *Interp) objectProto() *goja.Object {
	if in.known.object == nil {
		in.known.object = in.vm.NewObject().Prototype()
	}
	return in.known.object
}
