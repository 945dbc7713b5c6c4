package eval_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// TestSeed: with a seed the numbers depend on the order of submission alone: not on the number of daemons, not on tasks
// sent ahead, not on the language, not on everywhere; without one every daemon has others.
func TestSeed(t *testing.T) {
	ctx := soon(t)
	draw := func(seed *int64, daemons int, language string) (xs []float64) {
		t.Helper()
		p := open(t, eval.Config{Daemons: daemons, Seed: seed})
		source := map[string]string{lang.JS: "Math.random()", lang.Lua: "return math.random()"}[language]
		var fs []*eval.Future
		for i := range 40 {
			if i == 20 {
				if _, err := p.Everywhere(eval.Task{Lang: language, Source: source}); err != nil {
					t.Fatal(err)
				}
			}
			fs = append(fs, p.Go(ctx, eval.Task{Lang: language, Source: source}))
		}
		for _, f := range fs {
			var x float64
			if err := f.Into(ctx, &x); err != nil {
				t.Fatal(err)
			}
			xs = append(xs, x)
		}
		return xs
	}
	seed := int64(1234)
	one := draw(&seed, 1, lang.JS)
	for _, daemons := range []int{1, 2, 8} {
		for _, language := range []string{lang.JS, lang.Lua} {
			if got := draw(&seed, daemons, language); !reflect.DeepEqual(got, one) {
				t.Errorf("%d daemons, %s: %v, want %v", daemons, language, got[:3], one[:3])
			}
		}
	}
	stream := lang.NewRNG(seed)
	for i, x := range one {
		stream.Jump()
		if s := stream; s.Float64() != x {
			t.Fatalf("task %d drew %v, want the first number of stream %d", i, x, i)
		}
	}
	all := map[float64]bool{}
	for range 2 {
		for _, x := range draw(nil, 2, lang.JS) {
			all[x] = true
		}
	}
	if len(all) != 80 {
		t.Errorf("without a seed 80 tasks drew %d different numbers", len(all))
	}
}

// TestOwnStream: without a seed the numbers of a daemon go on from task to task, whatever a task seeds for itself.
func TestOwnStream(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := context.Background()
	seen := map[float64]bool{}
	for range 5 {
		var x float64
		if err := p.Go(ctx, eval.Task{Lang: lang.Lua, Source: "local x = math.random() math.randomseed(7) math.random() return x"}).Into(ctx, &x); err != nil {
			t.Fatal(err)
		}
		if seen[x] {
			t.Errorf("%v was drawn twice", x)
		}
		seen[x] = true
	}
}
