package arrow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	miraiarrow "github.com/mojukapu/mirai/arrow"
	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

var modules = []lang.Module{miraiarrow.Module()}

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{Modules: modules})
	os.Exit(m.Run())
}

// profiles runs a test on daemons that are processes and on such that are goroutines.
func profiles(t *testing.T, test func(t *testing.T, p *eval.Profile)) {
	for name, cfg := range map[string]eval.Config{
		"process": {Modules: modules}, "inprocess": {Modules: modules, InProcess: daemon.InProcess},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := eval.New(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			test(t, p)
		})
	}
}

// people has a column of each kind that scripts read apart, and one with a gap.
func people() arrow.Table {
	fields := []arrow.Field{
		{Name: "name", Type: arrow.BinaryTypes.String},
		{Name: "height", Type: arrow.PrimitiveTypes.Float64},
		{Name: "age", Type: arrow.PrimitiveTypes.Int32},
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "here", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "born", Type: arrow.FixedWidthTypes.Date32},
		{Name: "team", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
		{Name: "marks", Type: arrow.ListOf(arrow.PrimitiveTypes.Int8)},
		{Name: "seat", Type: arrow.StructOf(arrow.Field{Name: "row", Type: arrow.PrimitiveTypes.Uint8})},
		{Name: "code", Type: arrow.PrimitiveTypes.Uint8},
	}
	const rows = `{"name": "Ann", "height": 1.6, "age": 30, "id": 1, "score": 0.5, "here": true, "born": "1995-02-03", "team": "red", "marks": [1, 2], "seat": {"row": 7}, "code": 255}
{"name": "Böb", "height": 1.8, "age": 40, "id": 2, "score": null, "here": false, "born": "1985-02-03", "team": "blue", "marks": [], "seat": {"row": 8}, "code": 1}
{"name": "Cy", "height": 1.7, "age": 50, "id": 3, "score": 2.5, "here": true, "born": "1975-02-03", "team": "red", "marks": [3], "seat": {"row": 9}, "code": 2}`
	schema := arrow.NewSchema(fields, nil)
	r := array.NewJSONReader(strings.NewReader(rows), schema, array.WithChunk(-1))
	if !r.Next() {
		panic(r.Err())
	}
	return array.NewTableFromRecords(schema, []arrow.RecordBatch{r.RecordBatch()})
}

// TestRead reads every kind of column in both languages. What it wants is a list of texts, one for each.
func TestRead(t *testing.T) {
	sources := map[string]string{
		lang.JS: `[t.rows, t.names.join(), t.types.slice(0, 3).join(), String(t),
			t.column("name").join(), t.column("height") instanceof Float64Array, t.column("height").reduce((a, b) => a + b).toFixed(1),
			t.column("age").constructor.name, t.column("id").constructor.name, t.column("id")[2] === 3n,
			JSON.stringify(t.column("score")), t.column("here").join(), t.column("born")[0].toISOString(), t.column("team").join(),
			JSON.stringify(t.column("marks")), JSON.stringify(t.column("seat")), t.column("code").constructor.name,
			t.slice(1).column("name").join(), t.slice(0, 2).column("age").join(), t.slice(1, 2).rows].map(String)`,
		lang.Lua: `local function join(xs) local out = {} for i = 1, #xs do out[i] = tostring(xs[i]) end return table.concat(out, ",") end
			local h, sum = t.column and t:column("height"), 0
			for i = 1, #h do sum = sum + h[i] end
			local marks, seat = t:column("marks"), t:column("seat")
			return {tostring(t.rows), join(t.names), t.types[1], tostring(t), join(t:column("name")), string.format("%.1f", sum), join(t:column("age")),
				join(t:column("id")), join(t:column("score")), join(t:column("here")), tostring(t:column("born")[1]), join(t:column("team")),
				join(marks[1]), join(marks[2]), tostring(seat[1].row), join(t:column("code")), join(t:slice(2):column("name")),
				join(t:slice(1, 2):column("age")), tostring(t:slice(2, 2).rows)}`,
	}
	shown := "arrow.Table(3 rows: name utf8, height float64, age int32, id int64, score float64, here bool, born date32, " +
		"team dictionary<values=utf8, indices=int8, ordered=false>, marks list<item: int8, nullable>, seat struct<row: uint8>, code uint8)"
	names := "name,height,age,id,score,here,born,team,marks,seat,code"
	want := map[string][]any{
		lang.JS: {"3", names, "utf8,float64,int32", shown, "Ann,Böb,Cy", "true", "5.1", "Int32Array", "BigInt64Array", "true", "[0.5,null,2.5]",
			"true,false,true", "1995-02-03T00:00:00.000Z", "red,blue,red", "[[1,2],[],[3]]", `[{"row":7},{"row":8},{"row":9}]`, "Uint8Array",
			"Böb,Cy", "30,40", "1"},
		lang.Lua: {"3", names, "utf8", shown, "Ann,Böb,Cy", "5.1", "30,40,50", "1,2,3", "0.5,null,2.5", "true,false,true", "1995-02-03T00:00:00.000Z",
			"red,blue,red", "1,2", "", "7", "255,1,2", "Böb,Cy", "30,40", "1"},
	}
	profiles(t, func(t *testing.T, p *eval.Profile) {
		for _, language := range []string{lang.JS, lang.Lua} {
			got, err := p.Go(t.Context(), eval.Task{Lang: language, Source: sources[language], Globals: eval.Globals{"t": people()}}).Get(t.Context())
			if err != nil {
				t.Errorf("%s: %v", language, err)
				continue
			}
			for i, g := range got.([]any) {
				if i >= len(want[language]) || g != want[language][i] {
					t.Errorf("%s: value %d is %q, want %q", language, i, g, want[language][min(i, len(want[language])-1)])
				}
			}
		}
	})
}

// TestMake makes tables in blocks of both languages and reads them in Go.
func TestMake(t *testing.T) {
	sources := map[string]string{
		lang.JS: `arrow.table({x: new Float64Array([1, 2]), n: [3, 4.5], who: ["Ann", "Böb"], gap: [true, null], big: [5n, 6n],
			when: [new Date(0), new Date(1000)], i: Int16Array.of(-1, 1)})`,
		lang.Lua: `return arrow.table{x = {1, 2}, n = {3, 4.5}, who = {"Ann", "Böb"}, gap = {true, null}}`,
	}
	want := map[string]string{
		lang.JS: "x float64 [1 2]\nn float64 [3 4.5]\nwho utf8 [\"Ann\" \"Böb\"]\ngap bool [true (null)]\nbig int64 [5 6]\n" +
			"when timestamp[ms, tz=UTC] [0 1000]\ni int16 [-1 1]\n",
		lang.Lua: "x float64 [1 2]\nn float64 [3 4.5]\nwho utf8 [\"Ann\" \"Böb\"]\ngap bool [true (null)]\n",
	}
	profiles(t, func(t *testing.T, p *eval.Profile) {
		for language, source := range sources {
			v, err := p.Go(t.Context(), eval.Task{Lang: language, Source: source}).Get(t.Context())
			if err != nil {
				t.Errorf("%s: %v", language, err)
				continue
			}
			if got := describe(v.(arrow.Table)); got != want[language] {
				t.Errorf("%s:\n%swant\n%s", language, got, want[language])
			}
		}
	})
}

func describe(t arrow.Table) string {
	var b strings.Builder
	for i, f := range t.Schema().Fields() {
		fmt.Fprintf(&b, "%s %s", f.Name, f.Type)
		for _, c := range t.Column(i).Data().Chunks() {
			fmt.Fprintf(&b, " %v", c)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestThereAndBack sends tables through a daemon: what came goes on as it came, pieces and dictionaries included.
func TestThereAndBack(t *testing.T) {
	one := people()
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Float64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.Float64Builder).AppendValues([]float64{1, 2}, nil)
	first := b.NewRecordBatch()
	b.Field(0).(*array.Float64Builder).AppendValues([]float64{3}, nil)
	second := b.NewRecordBatch()
	two := array.NewTableFromRecords(schema, []arrow.RecordBatch{first, second})
	profiles(t, func(t *testing.T, p *eval.Profile) {
		for name, c := range map[string]struct{ sent, want any }{
			"kinds": {one, one}, "pieces": {two, two}, "batch": {first, array.NewTableFromRecords(schema, []arrow.RecordBatch{first})},
			"empty": {array.NewTableFromRecords(schema, nil), array.NewTableFromRecords(schema, nil)},
		} {
			v, err := p.Go(t.Context(), eval.Task{Source: "({t})", Globals: eval.Globals{"t": c.sent}}).Get(t.Context())
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got := v.(map[string]any)["t"].(arrow.Table)
			if !array.TableEqual(got, c.want.(arrow.Table)) {
				t.Errorf("%s: %s\nwant %s", name, got, c.want)
			}
		}
		v, err := p.Go(t.Context(), eval.Task{Source: "[...t.column('x')]", Globals: eval.Globals{"t": two}}).Get(t.Context())
		if err != nil || fmt.Sprint(v) != "[1 2 3]" {
			t.Errorf("a column of two pieces is %v, %v", v, err)
		}
		empty := eval.Globals{"t": array.NewTableFromRecords(schema, nil)}
		v, err = p.Go(t.Context(), eval.Task{Source: "String([t.rows, t.column('x').constructor.name, t.slice(0).rows])", Globals: empty}).Get(t.Context())
		if err != nil || v != "0,Float64Array,0" {
			t.Errorf("a table without rows is %v, %v", v, err)
		}
		var into struct{ T arrow.Table }
		if err := p.Go(t.Context(), eval.Task{Source: "({T: t})", Globals: eval.Globals{"t": two}}).Into(t.Context(), &into); err != nil || into.T.NumRows() != 3 {
			t.Errorf("into a field: %v, %v", into.T, err)
		}
	})
}

func TestErrors(t *testing.T) {
	profiles(t, func(t *testing.T, p *eval.Profile) {
		for source, want := range map[string]string{
			`t.column("nam")`:                  `there is no column "nam": there are ["name" "height" "age" "id" "score" "here" "born" "team" "marks" "seat" "code"]`,
			`t.slice(2, 4)`:                    `there are no such rows: the table has 3`,
			`t.slice(-1)`:                      `there are no such rows: the table has 3`,
			`arrow.table([1])`:                 "give it an object of columns: arrow.table({x: new Float64Array(3)}), in Lua arrow.table{x = {1, 2, 3}}",
			`arrow.table({x: [1], y: [1, 2]})`: `column "y" has 2 rows, "x" has 1: they must have as many`,
			`arrow.table({x: [1, "a"]})`:       `column "x": row 2 is a text, the rows before are float64: give it values of one kind`,
			`arrow.table({x: [[1]]})`:          `column "x": row 1 is a list: a list holds numbers, big integers, texts, booleans, dates, bytes or nothing`,
			`arrow.table({x: 1})`:              `column "x": a column is a typed array or a list, not a number`,
			`arrow.table({x: [1n << 70n]})`:    `column "x": row 1: 1180591620717411303424 does not fit into 64 bits`,
			`arrow.table({x: [() => 1]})`:      `column "x": row 1 is a function`,
		} {
			_, err := p.Go(t.Context(), eval.Task{Source: source, Globals: eval.Globals{"t": people()}}).Get(t.Context())
			var failed *eval.Error
			if !errors.As(err, &failed) || !strings.HasPrefix(failed.Message, want) {
				t.Errorf("%s: %v\nwant %s", source, err, want)
			}
		}
	})
}

// file is a table as it travels.
func file(t *testing.T, table arrow.Table) lang.Buffer {
	t.Helper()
	v, err := miraiarrow.Module().Types[0].Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	return v.(lang.Buffer)
}

// TestNoCopy wants the columns of a table where its bytes came, and a column to be the table's own memory.
func TestNoCopy(t *testing.T) {
	b := file(t, numbers(1000))
	v, err := miraiarrow.Module().Types[0].Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	xs := v.(arrow.Table).Column(0).Data().Chunk(0).(*array.Float64).Float64Values()
	at, from := uintptr(unsafe.Pointer(&xs[0])), uintptr(unsafe.Pointer(&b[0]))
	if at < from || at >= from+uintptr(len(b)) {
		t.Error("the column was copied")
	}
	profiles(t, func(t *testing.T, p *eval.Profile) {
		for language, source := range map[string]string{
			lang.JS:  `t.column("x")[1] = -1; t.column("x")[1]`,
			lang.Lua: `t:column("x")[2] = -1 return t:column("x")[2]`,
		} {
			v, err := p.Go(t.Context(), eval.Task{Lang: language, Source: source, Globals: eval.Globals{"t": numbers(1000)}}).Get(t.Context())
			if err != nil || v != int64(-1) {
				t.Errorf("%s: %v, %v: the column is a copy", language, v, err)
			}
		}
	})
}

// numbers is a table of n rows.
func numbers(n int) arrow.Table {
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Float64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range n {
		b.Field(0).(*array.Float64Builder).Append(float64(i))
	}
	return array.NewTableFromRecords(schema, []arrow.RecordBatch{b.NewRecordBatch()})
}

// BenchmarkThereAndBack sends 80 MB of doubles to a daemon and gets them back, as a table and as a bare array.
func BenchmarkThereAndBack(b *testing.B) {
	b.Run("table", func(b *testing.B) { thereAndBack(b, "t.column('x')[7]; t", numbers(10_000_000)) })
	b.Run("array", func(b *testing.B) { thereAndBack(b, "t[7]; t", make([]float64, 10_000_000)) })
}

func thereAndBack(b *testing.B, source string, v any) {
	p, err := eval.New(b.Context(), eval.Config{Modules: modules})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	b.SetBytes(2 * 80_000_000)
	for b.Loop() {
		if _, err := p.Go(b.Context(), eval.Task{Source: source, Globals: eval.Globals{"t": v}}).Get(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// TestBroken sends what says it is a table and is none.
func TestBroken(t *testing.T) {
	p, err := eval.New(t.Context(), eval.Config{Modules: modules})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	whole := file(t, people())
	short := append(bytes.Clone(whole[:300]), whole[len(whole)-300:]...)
	flipped := bytes.Clone(whole)
	for i := 8; i < len(flipped)-400; i += 7 {
		flipped[i] ^= 0x55
	}
	for _, v := range []any{lang.Buffer{}, lang.Buffer("ARROW1"), lang.Buffer(strings.Repeat("x", 4096)), short, flipped, "no buffer", nil} {
		broken := &lang.CustomValue{Name: "arrow.Table", Value: v}
		_, err := p.Go(t.Context(), eval.Task{Source: "t.names.map(n => t.column(n))", Globals: eval.Globals{"t": broken}}).Get(t.Context())
		if !errors.Is(err, eval.ErrRaised) {
			t.Errorf("%.20v: %v, want an error of the task", v, err)
		}
	}
	if v, err := p.Go(t.Context(), eval.Task{Source: "1"}).Get(context.Background()); err != nil || v != int64(1) {
		t.Errorf("after it the daemon gives %v, %v", v, err)
	}
}
