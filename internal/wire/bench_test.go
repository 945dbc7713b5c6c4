package wire

import (
	"testing"

	"github.com/mojukapu/mirai/lang"
)

func small() *lang.Record {
	return &lang.Record{Keys: []string{"id", "name", "score"}, Values: []any{int64(12345), "somebody", 0.75}}
}

func benchmarks() map[string]any {
	many := make([]any, 1000)
	for i := range many {
		many[i] = small()
	}
	return map[string]any{"small": small(), "1000": many, "floats": make([]float64, 1<<20), "int": int64(7)}
}

func BenchmarkEncode(b *testing.B) {
	for name, v := range benchmarks() {
		b.Run(name, func(b *testing.B) {
			var e Encoder
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				e.Reset(buf[:0])
				if err := lang.Walk(v, &e); err != nil {
					b.Fatal(err)
				}
				buf, _ = e.Finish()
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, v := range benchmarks() {
		raw, err := EncodeGo(v, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/events", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := Decode(raw, discard{}, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/go", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := ToGo(raw, false, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSkip(b *testing.B) {
	raw, err := EncodeGo(benchmarks()["1000"], nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := Skip(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMemcpy(b *testing.B) {
	from, to := make([]byte, 8<<20), make([]byte, 8<<20+24)[24:]
	b.SetBytes(int64(len(from)))
	for b.Loop() {
		copy(to, from)
	}
}
