// Package arrow lets tables of Apache Arrow travel between a Go host and blocks of JavaScript and Lua. Module is given to
// host and daemons alike; then an arrow.Table or arrow.RecordBatch of apache/arrow-go is a value like any other. In a
// block it has names, types, rows, column(name) and slice(from, to); arrow.table(columns) makes one. docs/arrow.md tells
// which column is read as what.
//
// A table travels as one buffer in Arrow's file format, and its columns are read where they lie in it. The package
// stands alone so that nobody else links Arrow.
package arrow

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/mojukapu/mirai/lang"
)

// Module gives the module arrow. It is global: blocks need no require.
func Module() lang.Module {
	return lang.Module{
		Name:   "arrow",
		Global: true,
		Types:  []*lang.Type{tableType()},
		Funcs:  []lang.Func{{Name: "table", Call: makeTable}},
	}
}

func tableType() *lang.Type {
	return &lang.Type{
		Name: "arrow.Table",
		Is: func(v any) bool {
			switch v.(type) {
			case arrow.Table, arrow.RecordBatch:
				return true
			}
			return false
		},
		Fields: []lang.Field{
			{Name: "rows", Get: func(self any) (any, error) { return tableOf(self).NumRows(), nil }},
			{Name: "names", Get: func(self any) (any, error) {
				return ofFields(self, func(f arrow.Field) string { return f.Name }), nil
			}},
			{Name: "types", Get: func(self any) (any, error) {
				return ofFields(self, func(f arrow.Field) string { return f.Type.String() }), nil
			}},
		},
		Methods: []lang.Func{
			{Name: "column", Call: readColumn},
			{Name: "slice", Call: slice},
		},
		Show:   show,
		Encode: func(self any) (any, error) { return encode(tableOf(self)) },
		Decode: decode,
	}
}

// tableOf is a host's value as a table: a record batch is a table of one piece.
func tableOf(self any) arrow.Table {
	if r, ok := self.(arrow.RecordBatch); ok {
		return array.NewTableFromRecords(r.Schema(), []arrow.RecordBatch{r})
	}
	return self.(arrow.Table)
}

func ofFields(self any, of func(arrow.Field) string) []any {
	fields := tableOf(self).Schema().Fields()
	out := make([]any, len(fields))
	for i, f := range fields {
		out[i] = of(f)
	}
	return out
}

func show(self any) string {
	t := tableOf(self)
	columns := make([]string, t.NumCols())
	for i, f := range t.Schema().Fields() {
		columns[i] = f.Name + " " + f.Type.String()
	}
	return fmt.Sprintf("arrow.Table(%d rows: %s)", t.NumRows(), strings.Join(columns, ", "))
}

// readColumn is t.column(name).
func readColumn(c *lang.Call) (v any, err error) {
	defer broken(&err)
	name, err := c.String(0)
	if err != nil {
		return nil, err
	}
	t := tableOf(c.Self)
	at := t.Schema().FieldIndices(name)
	switch len(at) {
	case 1:
		return reader{c.Lang == lang.JS}.column(name, t.Column(at[0]).Data())
	case 0:
		return nil, fmt.Errorf("there is no column %q: there are %q", name, ofFields(t, func(f arrow.Field) string { return f.Name }))
	}
	return nil, fmt.Errorf("there are %d columns %q", len(at), name)
}

// slice is t.slice(from, to): the rows from one on up to another, which is not among them, as Array.slice counts; in Lua
// both are, as string.sub counts. Without the second it goes to the end. It copies nothing.
func slice(c *lang.Call) (any, error) {
	t := tableOf(c.Self)
	from, err := c.Int(0)
	if err != nil {
		return nil, err
	}
	to := int(t.NumRows())
	if c.Given(1) {
		if to, err = c.Int(1); err != nil {
			return nil, err
		}
	}
	if c.Lang == lang.Lua {
		from--
	}
	if from < 0 || to > int(t.NumRows()) || from > to {
		return nil, &lang.Error{Class: "RangeError", Message: fmt.Sprintf("there are no such rows: the table has %d", t.NumRows())}
	}
	columns := make([]arrow.Column, t.NumCols())
	for i := range columns {
		columns[i] = *array.NewColumnSlice(t.Column(i), int64(from), int64(to))
	}
	return array.NewTable(t.Schema(), columns, int64(to-from)), nil
}

// broken makes an error of a panic: what came over the wire may be no table of Arrow, whatever it says.
func broken(err *error) {
	if p := recover(); p != nil {
		*err = errors.New(strings.TrimPrefix(fmt.Sprintf("the table is broken: %v", p), "arrow/array: "))
	}
}
