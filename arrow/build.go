package arrow

import (
	"fmt"
	"math/big"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/mojukapu/mirai/lang"
)

// makeTable is arrow.table(columns): an object of typed arrays and lists of one length.
func makeTable(c *lang.Call) (any, error) {
	columns := &lang.Record{}
	if c.Given(0) {
		b := lang.Builder{Alias: true} // typed arrays become columns where they are
		if err := c.Args[0].Walk(&b); err != nil {
			return nil, lang.At(err, "columns")
		}
		r, ok := b.Value().(*lang.Record)
		if l, empty := b.Value().([]any); !ok && !(empty && len(l) == 0) { // Lua's {}
			return nil, &lang.Error{Class: "TypeError", Message: "give it an object of columns: arrow.table({x: new Float64Array(3)}), in Lua arrow.table{x = {1, 2, 3}}"}
		} else if ok {
			columns = r
		}
	}
	t, err := build(columns)
	if err != nil {
		return nil, &lang.Error{Class: "TypeError", Message: err.Error()}
	}
	return t, nil
}

// build makes a table of columns.
func build(columns *lang.Record) (arrow.Table, error) {
	fields := make([]arrow.Field, len(columns.Keys))
	out := make([]arrow.Array, len(columns.Keys))
	rows := 0
	for i, name := range columns.Keys {
		a, err := arrayOf(columns.Values[i])
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		if i > 0 && a.Len() != rows {
			return nil, fmt.Errorf("column %q has %d rows, %q has %d: they must have as many", name, a.Len(), columns.Keys[0], rows)
		}
		rows = a.Len()
		fields[i], out[i] = arrow.Field{Name: name, Type: a.DataType(), Nullable: a.NullN() > 0}, a
	}
	schema := arrow.NewSchema(fields, nil)
	piece := array.NewRecordBatch(schema, out, int64(rows))
	return array.NewTableFromRecords(schema, []arrow.RecordBatch{piece}), nil
}

// arrayOf gives what a script has as a column: a typed array as it is, a list by the type of its elements.
func arrayOf(v any) (arrow.Array, error) {
	switch v := v.(type) {
	case []float64:
		return over(arrow.PrimitiveTypes.Float64, arrow.Float64Traits.CastToBytes(v), len(v)), nil
	case []float32:
		return over(arrow.PrimitiveTypes.Float32, arrow.Float32Traits.CastToBytes(v), len(v)), nil
	case []int64:
		return over(arrow.PrimitiveTypes.Int64, arrow.Int64Traits.CastToBytes(v), len(v)), nil
	case []int32:
		return over(arrow.PrimitiveTypes.Int32, arrow.Int32Traits.CastToBytes(v), len(v)), nil
	case []int16:
		return over(arrow.PrimitiveTypes.Int16, arrow.Int16Traits.CastToBytes(v), len(v)), nil
	case []int8:
		return over(arrow.PrimitiveTypes.Int8, arrow.Int8Traits.CastToBytes(v), len(v)), nil
	case []uint64:
		return over(arrow.PrimitiveTypes.Uint64, arrow.Uint64Traits.CastToBytes(v), len(v)), nil
	case []uint32:
		return over(arrow.PrimitiveTypes.Uint32, arrow.Uint32Traits.CastToBytes(v), len(v)), nil
	case []uint16:
		return over(arrow.PrimitiveTypes.Uint16, arrow.Uint16Traits.CastToBytes(v), len(v)), nil
	case []byte:
		return over(arrow.PrimitiveTypes.Uint8, v, len(v)), nil
	case lang.Clamped:
		return over(arrow.PrimitiveTypes.Uint8, v, len(v)), nil
	case []any:
		return listed(v)
	}
	return nil, fmt.Errorf("a column is a typed array or a list, not %s", kindOf(v))
}

// over makes an array over memory.
func over(t arrow.DataType, b []byte, n int) arrow.Array {
	return array.MakeFromData(array.NewData(t, n, []*memory.Buffer{nil, memory.NewBufferBytes(b)}, nil, 0, 0))
}

// dates is the type of a column of dates: scripts know milliseconds.
var dates = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}

// kinds of elements that make a column, and its type.
func typeOf(v any) arrow.DataType {
	switch v.(type) {
	case bool:
		return arrow.FixedWidthTypes.Boolean
	case int64, float64:
		return arrow.PrimitiveTypes.Float64
	case *big.Int:
		return arrow.PrimitiveTypes.Int64
	case string:
		return arrow.BinaryTypes.String
	case []byte:
		return arrow.BinaryTypes.Binary
	case time.Time:
		return dates
	}
	return nil
}

// listed makes an array of a list: its type is that of the first element that is one, and all must have it.
func listed(list []any) (arrow.Array, error) {
	var t arrow.DataType = arrow.Null
	for i, v := range list {
		if missing(v) {
			continue
		}
		this := typeOf(v)
		switch {
		case this == nil:
			return nil, fmt.Errorf("row %d is %s: a list holds numbers, big integers, texts, booleans, dates, bytes or nothing", i+1, kindOf(v))
		case t == arrow.Null:
			t = this
		case !arrow.TypeEqual(t, this):
			return nil, fmt.Errorf("row %d is %s, the rows before are %s: give it values of one kind", i+1, kindOf(v), t)
		}
	}
	b := array.NewBuilder(memory.DefaultAllocator, t)
	b.Reserve(len(list))
	for i, v := range list {
		if err := add(b, v); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return b.NewArray(), nil
}

func missing(v any) bool {
	_, undefined := v.(lang.Undefined)
	return v == nil || undefined
}

func add(b array.Builder, v any) error {
	if missing(v) {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Float64Builder:
		if n, ok := v.(int64); ok {
			v = float64(n)
		}
		b.Append(v.(float64))
	case *array.Int64Builder:
		n := v.(*big.Int)
		if !n.IsInt64() {
			return fmt.Errorf("%v does not fit into 64 bits", n)
		}
		b.Append(n.Int64())
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.BinaryBuilder:
		b.Append(v.([]byte))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.(time.Time).UnixMilli()))
	}
	return nil
}

// kindOf is what messages call a value.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil, lang.Undefined:
		return "nothing"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case *big.Int:
		return "a big integer"
	case string:
		return "a text"
	case []byte:
		return "bytes"
	case time.Time:
		return "a date"
	case []any:
		return "a list"
	case *lang.Function:
		return "a function"
	case *lang.Record, map[string]any, *lang.PairTable, *lang.PairMap:
		return "an object or table"
	default:
		return fmt.Sprintf("a %T", v)
	}
}
