package js

import (
	"reflect"
	"unsafe"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// view sends a DataView.
func (w *walker) view(o *goja.Object) error {
	buf, ok := o.Get("buffer").(*goja.Object)
	if ok {
		if b, ok := buf.Export().(goja.ArrayBuffer); ok {
			off, n := o.Get("byteOffset").ToInteger(), o.Get("byteLength").ToInteger()
			if all := b.Bytes(); off >= 0 && n >= 0 && off+n <= int64(len(all)) {
				return w.s.Typed(lang.DataView, all[off:off+n:off+n])
			}
		}
	}
	return lang.Refuse("a DataView without its buffer cannot be sent")
}

// typed gives the type and the memory of a typed array.
func typed(o *goja.Object) (e lang.Elem, b []byte, ok bool) {
	e, ok = elemOf(o)
	if !ok {
		return 0, nil, false
	}
	switch s := o.Export().(type) {
	case []byte:
		return e, s, true
	case []int8:
		return e, raw(s), true
	case []uint16:
		return e, raw(s), true
	case []int16:
		return e, raw(s), true
	case []uint32:
		return e, raw(s), true
	case []int32:
		return e, raw(s), true
	case []uint64:
		return e, raw(s), true
	case []int64:
		return e, raw(s), true
	case []float32:
		return e, raw(s), true
	case []float64:
		return e, raw(s), true
	}
	return 0, nil, false
}

// elemOf is the element type of a typed array.
func elemOf(o *goja.Object) (lang.Elem, bool) {
	switch t := o.ExportType(); t {
	case bytesType:
		if text(o.GetSymbol(goja.SymToStringTag)) == "Uint8ClampedArray" {
			return lang.Uint8Clamped, true
		}
		return lang.Uint8, true
	default:
		e, ok := elems[t]
		return e, ok
	}
}

var elems = map[reflect.Type]lang.Elem{
	reflect.TypeFor[[]int8]():    lang.Int8,
	reflect.TypeFor[[]uint16]():  lang.Uint16,
	reflect.TypeFor[[]int16]():   lang.Int16,
	reflect.TypeFor[[]uint32]():  lang.Uint32,
	reflect.TypeFor[[]int32]():   lang.Int32,
	reflect.TypeFor[[]uint64]():  lang.BigUint64,
	reflect.TypeFor[[]int64]():   lang.BigInt64,
	reflect.TypeFor[[]float32](): lang.Float32,
	reflect.TypeFor[[]float64](): lang.Float64,
}

// raw is the memory of a slice of numbers.
func raw[T int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}
