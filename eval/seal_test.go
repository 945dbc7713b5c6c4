package eval_test

import (
	"testing"

	"github.com/mojukapu/mirai/eval"
)

// TestMapSendsOnce: what the tasks of a map have in common does not wait with each of them, and each may change it.
func TestMapSendsOnce(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		xs := make([]float64, 1<<20)
		for i := range xs {
			xs[i] = 7
		}
		m := p.Map(soon(t), make([]int, 30), eval.Task{
			Lang:    language,
			Source:  say("(x, ys) => { const v = xs[5] + ys[6] + xs.length; xs[5] = ys[6] = -1; return v }", "function(x, ys) local v = xs[6] + ys[7] + #xs xs[6] = -1 ys[7] = -1 return v end"),
			Globals: eval.Globals{"xs": xs},
		}, eval.MapOptions{Args: []any{xs}})
		vs, err := m.GetAll(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range vs {
			if v != int64(len(xs)+14) {
				t.Errorf("element %d gives %v, want %d", i, v, len(xs)+14)
			}
		}
		if peak := p.Status().Memory.Peak; peak > 100_000 {
			t.Errorf("%d bytes waited, for 30 tasks that have 16 MB in common", peak)
		}
	})
}
