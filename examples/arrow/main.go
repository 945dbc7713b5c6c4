// Arrow is a Go program whose users write what is done with its measurements: a table of Apache Arrow goes to daemons in
// slices, blocks of JavaScript and Lua read its columns where they lie, and a table comes back.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	miraiarrow "github.com/mojukapu/mirai/arrow"
	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// modules are the same in the host and in its daemons: the tables of one are those of the other.
var modules = []lang.Module{miraiarrow.Module()}

// summary is a user's block: the mean and the largest value of each sensor, as a table.
const summary = `
const sensors = t.column("sensor"), values = t.column("celsius")   // a list of texts, a Float64Array
const by = new Map()
for (let i = 0; i < t.rows; i++) {
  const s = by.get(sensors[i]) || {n: 0, sum: 0, max: -Infinity}
  s.n++; s.sum += values[i]; s.max = Math.max(s.max, values[i])
  by.set(sensors[i], s)
}
const all = [...by.values()]
arrow.table({sensor: [...by.keys()], mean: Float64Array.from(all, s => s.sum / s.n), max: Float64Array.from(all, s => s.max)})`

// warmest is another one's, in Lua: the row with the largest value.
const warmest = `
local max, at = t:column("max"), 1
for i = 2, #max do if max[i] > max[at] then at = i end end
return string.format("%s: %.1f", t:column("sensor")[at], max[at])`

func main() {
	daemon.Main(daemon.Config{Modules: modules}) // becomes a daemon, and exits, if started as one
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	p, err := eval.New(ctx, eval.Config{Daemons: 2, Modules: modules})
	if err != nil {
		return err
	}
	defer p.Close()

	// Each half of the measurements is summed up on a daemon of its own.
	halves := split(measure(20_000), 2)
	tasks := make([]*eval.Future, len(halves))
	for i, half := range halves {
		tasks[i] = p.Go(ctx, eval.Task{Source: summary, Globals: eval.Globals{"t": half}, File: "users/ann.js"})
	}
	for _, f := range tasks {
		v, err := f.Get(ctx)
		if err != nil {
			return err
		}
		t := v.(arrow.Table)
		fmt.Print(describe(t))

		var line string
		task := eval.Task{Lang: lang.Lua, Source: warmest, Globals: eval.Globals{"t": t}, File: "users/bob.lua"}
		if err := p.Go(ctx, task).Into(ctx, &line); err != nil {
			return err
		}
		fmt.Println("warmest:", line)
	}
	return nil
}

// measure makes up n measurements of three sensors.
func measure(n int) arrow.Table {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "sensor", Type: arrow.BinaryTypes.String},
		{Name: "celsius", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	sensors, celsius := b.Field(0).(*array.StringBuilder), b.Field(1).(*array.Float64Builder)
	for i := range n {
		sensors.Append([]string{"roof", "hall", "cellar"}[i%3])
		celsius.Append(float64(20 - 5*(i%3) + i*7%11))
	}
	return array.NewTableFromRecords(schema, []arrow.RecordBatch{b.NewRecordBatch()})
}

// split cuts a table into n slices, which share its memory.
func split(t arrow.Table, n int64) []arrow.RecordBatch {
	r := array.NewTableReader(t, (t.NumRows()+n-1)/n)
	var parts []arrow.RecordBatch
	for r.Next() {
		part := r.RecordBatch()
		part.Retain() // the reader lets go of it
		parts = append(parts, part)
	}
	return parts
}

func describe(t arrow.Table) (s string) {
	sensor := t.Column(0).Data().Chunk(0).(*array.String)
	mean := t.Column(1).Data().Chunk(0).(*array.Float64)
	for i := range sensor.Len() {
		s += fmt.Sprintf("%-6s %.2f\n", sensor.Value(i), mean.Value(i))
	}
	return s
}
