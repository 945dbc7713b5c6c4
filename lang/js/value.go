package js

import (
	"math/big"
	"reflect"
	"time"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// value is a value of an interpreter, as Go code holds it.
type value struct {
	in *Interp
	v  goja.Value
}

func (v value) Walk(s lang.Sink) error { return v.in.walk(v.v, s) }
func (v value) Kind() string           { return kind(v.v) }

func (v value) Host() any {
	if h := hostOf(v.v); h != nil {
		return h.self
	}
	return nil
}

func (v value) Func() lang.Callback {
	if f, ok := goja.AssertFunction(v.v); ok {
		return &callback{v.in, f}
	}
	return nil
}

// list is an array, as Go code holds it.
type list struct {
	in    *Interp
	items []goja.Value
}

func (l list) Len() int            { return len(l.items) }
func (l list) At(i int) lang.Value { return value{l.in, l.items[i]} }

// Elements are those of an array. See lang.Call.
func (v value) Elements() (lang.Elements, bool) {
	o, ok := v.v.(*goja.Object)
	if !ok || o.ClassName() != "Array" || o.ExportType() == proxyType {
		return nil, false
	}
	return list{v.in, v.in.elements(o)}, true
}

// callback is a function of a script.
type callback struct {
	in *Interp
	f  goja.Callable
}

// Call calls the function; microtasks run afterwards unless a script is running already.
func (c *callback) Call(args ...any) (lang.Value, error) {
	vs := make([]goja.Value, len(args))
	if err := c.in.try(func() {
		for i, a := range args {
			vs[i] = c.in.toJS(a)
		}
	}); err != nil {
		return nil, c.in.fail(err)
	}
	v, err := c.f(goja.Undefined(), vs...)
	if err != nil {
		return nil, c.in.fail(err)
	}
	return value{c.in, v}, nil
}

var (
	promiseType = reflect.TypeFor[*goja.Promise]()
	proxyType   = reflect.TypeFor[goja.Proxy]()
	timeType    = reflect.TypeFor[time.Time]()
	mapType     = reflect.TypeFor[[][2]any]()
	listType    = reflect.TypeFor[[]any]()
	recordType  = reflect.TypeFor[map[string]any]()
	bufferType  = reflect.TypeFor[goja.ArrayBuffer]()
	bigType     = reflect.TypeFor[*big.Int]()
	bytesType   = reflect.TypeFor[[]byte]()
)

// kind is what JavaScript calls a value: its typeof, "null", or the class of a built-in object.
func kind(v goja.Value) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case goja.String:
		return "string"
	case *goja.Symbol:
		return "symbol"
	case *goja.Object:
		return objectKind(v)
	}
	switch {
	case goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsNumber(v):
		return "number"
	case goja.IsBigInt(v):
		return "bigint"
	}
	return "boolean"
}

func objectKind(o *goja.Object) string {
	if _, ok := goja.AssertFunction(o); ok {
		return "function"
	}
	switch o.ExportType() {
	case hostType:
		return hostOf(o).typ.Name
	case promiseType:
		return "Promise"
	case proxyType:
		return "Proxy"
	case mapType:
		return "Map"
	case bufferType:
		return "ArrayBuffer"
	case listType:
		if o.ClassName() == "Object" {
			return "Set"
		}
	}
	if c := o.ClassName(); c != "Object" {
		return c
	}
	if tag, ok := elemOf(o); ok {
		return tag.String()
	}
	return "object"
}
