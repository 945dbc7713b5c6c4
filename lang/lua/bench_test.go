package lua

import (
	"context"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

func benchEval(b *testing.B, ctx context.Context, src string, reset bool, globals ...lang.Binding) {
	in := fresh(b, lang.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.Eval(ctx, block(src), globals, nil); err != nil {
			b.Fatal(err)
		}
		if reset {
			in.Reset()
		}
	}
}

func BenchmarkEvalTrivial(b *testing.B) { benchEval(b, context.Background(), "return 1 + 2", false) }

func integer(name string, i int64) lang.Binding {
	return lang.Binding{Name: name, Value: func(s lang.Sink) error { return s.Int(i) }}
}

func BenchmarkEvalGlobals(b *testing.B) {
	benchEval(b, context.Background(), "return a + b", true, integer("a", 1), integer("b", 2))
}

func BenchmarkEvalGlobalsCancellable(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	benchEval(b, ctx, "return a + b", true, integer("a", 1), integer("b", 2))
}

func BenchmarkEvalAndFullReset(b *testing.B) {
	benchEval(b, context.Background(), "x = a + b return x", true, integer("a", 1), integer("b", 2))
}

const fib = "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(27)"

func BenchmarkFib27(b *testing.B) { benchEval(b, context.Background(), fib, false) }

func BenchmarkFib27Cancellable(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	benchEval(b, ctx, fib, false)
}

const thousand = "local t = {} for i = 1, 1000 do t[i] = {id = i, name = 'n' .. i, ok = true, list = {1, 2, 3}} end return t"

func BenchmarkMake1000(b *testing.B) { benchEval(b, context.Background(), thousand, false) }

// nothing is a sink that does nothing.
type nothing struct{ lang.Sink }

func (nothing) Bool(bool) error                    { return nil }
func (nothing) Int(int64) error                    { return nil }
func (nothing) Float(float64) error                { return nil }
func (nothing) Text(string) error                  { return nil }
func (nothing) Typed(lang.Elem, []byte) error      { return nil }
func (nothing) Begin(lang.Kind, int, string) error { return nil }
func (nothing) Key(string) error                   { return nil }
func (nothing) End() error                         { return nil }

func benchWalk(b *testing.B, src string) {
	in := fresh(b, lang.Config{})
	v, err := eval(b, in, block(src))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("walk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := v.Walk(nothing{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := in.Build(v.Walk); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func Benchmark1000Tables(b *testing.B) { benchWalk(b, thousand) }

func BenchmarkMillionNumbers(b *testing.B) {
	benchWalk(b, "local t = {} for i = 1, 1000000 do t[i] = i + 0.5 end return t")
}

func BenchmarkMillionDoubles(b *testing.B) {
	in := fresh(b, lang.Config{})
	v, err := in.Build(func(s lang.Sink) error { return s.Typed(lang.Float64, make([]byte, 8<<20)) })
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.Build(v.Walk); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		fresh(b, lang.Config{})
	}
}

func BenchmarkCompile(b *testing.B) {
	in := fresh(b, lang.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.compile(block(fib), nil); err != nil {
			b.Fatal(err)
		}
	}
}
