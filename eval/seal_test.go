package eval_test

import (
	"errors"
	"strings"
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

// TestShared: a value is shared with the tasks of a profile, until it is closed or that profile is.
func TestShared(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		other := open(t, eval.Config{})
		s, err := other.Share([]float64{1, 2, 39})
		if err != nil {
			t.Fatal(err)
		}
		task := eval.Task{Lang: language, Source: say("xs[2] + xs.length", "return xs[3] + #xs"), Globals: eval.Globals{"xs": s}}
		for range 3 {
			if v, err := p.Go(ctx, task).Get(ctx); v != int64(42) || err != nil {
				t.Errorf("Get() = %v, %v, want 42", v, err)
			}
		}
		other.Close()
		_, err = p.Go(ctx, task).Get(ctx)
		if !errors.Is(err, eval.ErrRefused) || !strings.Contains(err.Error(), "globals.xs: a mirai.Shared cannot be sent: it was closed, or its pool or session has ended") {
			t.Errorf("after its profile has ended: %v, want %v", err, eval.ErrRefused)
		}
		if _, err := p.Share(func() {}); !errors.Is(err, eval.ErrRefused) || !strings.Contains(err.Error(), "the shared value") {
			t.Errorf("Share(func) fails with %v, want %v", err, eval.ErrRefused)
		}
	})
}
