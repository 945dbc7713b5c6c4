package arrow

import (
	"fmt"
	"math"
	"math/big"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/mojukapu/mirai/lang"
)

// reader reads columns for scripts of a language.
type reader struct{ js bool }

// column gives a column as scripts read it: numbers without gaps as a typed array over the table's own memory, all else
// as a list.
func (r reader) column(name string, data *arrow.Chunked) (any, error) {
	all, err := whole(data)
	if err != nil {
		return nil, err
	}
	if all.NullN() == 0 {
		if v := numbers(all); v != nil {
			return v, nil
		}
	}
	list := make([]any, all.Len())
	for i := range list {
		if list[i], err = r.element(all, i); err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
	}
	return list, nil
}

// whole gives the pieces of a column as one; several are copied together.
func whole(data *arrow.Chunked) (arrow.Array, error) {
	switch chunks := data.Chunks(); len(chunks) {
	case 0:
		return array.MakeArrayOfNull(memory.DefaultAllocator, data.DataType(), 0), nil
	case 1:
		return chunks[0], nil
	default:
		return array.Concatenate(chunks, memory.DefaultAllocator)
	}
}

// numbers gives the memory of numbers, nil when they are none that a typed array holds.
func numbers(a arrow.Array) any {
	switch a := a.(type) {
	case *array.Float64:
		return a.Float64Values()
	case *array.Float32:
		return a.Float32Values()
	case *array.Int64:
		return a.Int64Values()
	case *array.Int32:
		return a.Int32Values()
	case *array.Int16:
		return a.Int16Values()
	case *array.Int8:
		return a.Int8Values()
	case *array.Uint64:
		return a.Uint64Values()
	case *array.Uint32:
		return a.Uint32Values()
	case *array.Uint16:
		return a.Uint16Values()
	case *array.Uint8: // as a []byte it would be bytes, a string in Lua
		return lang.Feed(func(s lang.Sink) error { return s.Typed(lang.Uint8, a.Uint8Values()) })
	}
	return nil
}

// element gives one value of a column as a Go value of docs/values.md.
func (r reader) element(a arrow.Array, i int) (any, error) {
	if a.IsNull(i) {
		return nil, nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i), nil
	case array.StringLike:
		return a.Value(i), nil
	case *array.Binary:
		return a.Value(i), nil
	case *array.LargeBinary:
		return a.Value(i), nil
	case *array.BinaryView:
		return a.Value(i), nil
	case *array.FixedSizeBinary:
		return a.Value(i), nil
	case *array.Timestamp:
		return a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit), nil
	case *array.Date32:
		return a.Value(i).ToTime(), nil
	case *array.Date64:
		return a.Value(i).ToTime(), nil
	case *array.Dictionary:
		return r.element(a.Dictionary(), a.GetValueIndex(i))
	case array.ListLike:
		return r.elements(a, i)
	case *array.Struct:
		return r.record(a, i)
	}
	return r.number(a, i)
}

func (r reader) number(a arrow.Array, i int) (any, error) {
	switch a := a.(type) {
	case *array.Float64:
		return a.Value(i), nil
	case *array.Float32:
		return float64(a.Value(i)), nil
	case *array.Float16:
		return float64(a.Value(i).Float32()), nil
	case *array.Int64:
		if r.js { // as in a BigInt64Array
			return big.NewInt(a.Value(i)), nil
		}
		return a.Value(i), nil
	case *array.Uint64:
		if v := a.Value(i); r.js || v > math.MaxInt64 {
			return new(big.Int).SetUint64(v), nil
		}
		return int64(a.Value(i)), nil
	case *array.Int32:
		return int64(a.Value(i)), nil
	case *array.Int16:
		return int64(a.Value(i)), nil
	case *array.Int8:
		return int64(a.Value(i)), nil
	case *array.Uint32:
		return int64(a.Value(i)), nil
	case *array.Uint16:
		return int64(a.Value(i)), nil
	case *array.Uint8:
		return int64(a.Value(i)), nil
	}
	return nil, fmt.Errorf("values of type %s cannot be read here: give it another type before it is sent", a.DataType())
}

func (r reader) elements(a array.ListLike, i int) (any, error) {
	from, to := a.ValueOffsets(i)
	list := make([]any, 0, to-from)
	for j := from; j < to; j++ {
		v, err := r.element(a.ListValues(), int(j))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (r reader) record(a *array.Struct, i int) (any, error) {
	out := &lang.Record{}
	for k, f := range a.DataType().(*arrow.StructType).Fields() {
		v, err := r.element(a.Field(k), i)
		if err != nil {
			return nil, err
		}
		out.Set(f.Name, v)
	}
	return out, nil
}

// aligned gives b itself when numbers may lie in it, else a copy where they may.
func aligned(b []byte) []byte {
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 == 0 {
		return b
	}
	return append(make([]byte, 0, (len(b)+7)&^7), b...)
}
