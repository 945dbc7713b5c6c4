package js

import (
	"context"
	"fmt"
	"math/big"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// nowhere is a sink that forgets.
type nowhere struct{}

func (nowhere) Null() error                        { return nil }
func (nowhere) Undefined() error                   { return nil }
func (nowhere) Bool(bool) error                    { return nil }
func (nowhere) Int(int64) error                    { return nil }
func (nowhere) Float(float64) error                { return nil }
func (nowhere) BigInt(*big.Int) error              { return nil }
func (nowhere) Text(string) error                  { return nil }
func (nowhere) UTF16([]uint16) error               { return nil }
func (nowhere) Bytes([]byte) error                 { return nil }
func (nowhere) Time(int64, int) error              { return nil }
func (nowhere) RegExp(string, string) error        { return nil }
func (nowhere) Typed(lang.Elem, []byte) error      { return nil }
func (nowhere) Begin(lang.Kind, int, string) error { return nil }
func (nowhere) Key(string) error                   { return nil }
func (nowhere) End() error                         { return nil }
func (nowhere) Ref(int) error                      { return nil }

func BenchmarkEval(b *testing.B) {
	cancelled, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		src     string
		globals int
		reset   bool
	}{
		{"trivial", context.Background(), "1", 0, false},
		{"globals", context.Background(), "a + b", 2, false},
		{"task", context.Background(), "a + b", 2, true},
		{"task with a context", cancelled, "a + b", 2, true},
		{"await", context.Background(), "await a", 1, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := newInterp(b, lang.Config{})
			globals := []lang.Binding{{Name: "a", Value: intFeed(1000)}, {Name: "b", Value: intFeed(2000)}}[:c.globals]
			code := lang.Code{Source: c.src, Name: "bench.js"}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := in.Eval(c.ctx, code, globals, nil); err != nil {
					b.Fatal(err)
				}
				if c.reset {
					in.Reset()
				}
			}
		})
	}
}

func BenchmarkReset(b *testing.B) {
	in := newInterp(b, lang.Config{})
	b.ReportAllocs()
	for b.Loop() {
		in.Reset()
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newInterp(b, lang.Config{})
	}
}

func BenchmarkCompile(b *testing.B) {
	in := newInterp(b, lang.Config{})
	const src = "\nlet xs = []\nfor (let i = 0; i < n; i++) {\n  if (i % 2) xs.push({i, sq: i * i})\n  else xs.push([i, `v${i}`])\n}\nxs.filter(x => x.i > 3).map(({i}) => i)\n"
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		if _, err := in.compile(lang.Code{Source: fmt.Sprintf("%d;%s", n, src), Name: "bench.js"}, ""); err != nil {
			b.Fatal(err)
		}
	}
}

const thousand = "Array.from({length: 1000}, (_, i) => ({id: i, name: 'item' + i, tags: ['a', 'b'], pos: {x: i / 2, y: -i}}))"

func BenchmarkWalk(b *testing.B) {
	for _, c := range [][2]string{{"objects", thousand}, {"doubles", "new Float64Array(1e6)"}, {"numbers", "Array.from({length: 100000}, (_, i) => i)"}} {
		b.Run(c[0], func(b *testing.B) {
			in := newInterp(b, lang.Config{})
			v, err := in.Eval(context.Background(), lang.Code{Source: c[1]}, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := v.Walk(nowhere{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("export", func(b *testing.B) {
		in := newInterp(b, lang.Config{})
		v, err := in.Eval(context.Background(), lang.Code{Source: thousand}, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			v.(value).v.Export()
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	from, to := newInterp(b, lang.Config{}), newInterp(b, lang.Config{})
	for _, c := range [][2]string{{"objects", thousand}, {"doubles", "new Float64Array(1e6)"}, {"numbers", "Array.from({length: 100000}, (_, i) => i)"}} {
		b.Run(c[0], func(b *testing.B) {
			v, err := from.Eval(context.Background(), lang.Code{Source: c[1]}, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := to.Build(v.Walk); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
