package eval_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/mojukapu/mirai/eval"
)

// TestEach: completion order, whatever the order of submission; each once.
func TestEach(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	var fs []*eval.Future
	for i := range 3 { // one daemon runs the highest priority first, as soon as the task before is done
		fs = append(fs, p.Go(ctx, eval.Task{Source: "sleep(10); i", Globals: eval.Globals{"i": i}, Priority: i}))
	}
	var order []int
	for i, f := range eval.Each(ctx, fs) {
		if v, err := f.Get(ctx); v != int64(i) || err != nil || !f.Resolved() {
			t.Errorf("future %d gives %v, %v", i, v, err)
		}
		order = append(order, i)
	}
	if want := []int{0, 2, 1}; !reflect.DeepEqual(order, want) {
		t.Errorf("Each() = %v, want %v", order, want)
	}
	for i := range eval.Each(ctx, fs) { // resolved ones, and leaving early
		if i != 0 {
			t.Errorf("Each() of resolved futures begins with %d", i)
		}
		break
	}
	pending := p.Go(ctx, eval.Task{Source: "sleep(60000)"})
	short, cancel := context.WithCancel(ctx)
	cancel()
	for range eval.Each(short, []*eval.Future{pending}) {
		t.Error("Each() gives a future after the end of ctx")
	}
	pending.Cancel()
}

func TestManyEach(t *testing.T) {
	p := open(t, eval.Config{Daemons: 2})
	ctx := soon(t)
	m := p.Map(ctx, []int{60000, 1, -1}, eval.Task{Source: "x => { if (x < 0) throw 1; sleep(x); return x }"}, eval.MapOptions{})
	seen := map[int]bool{}
	for i, v := range m.Each(ctx) {
		seen[i] = true
		if e, failed := v.(*eval.Error); i == 2 && (!failed || !errors.Is(e, eval.ErrRaised)) || i == 1 && v != int64(1) {
			t.Errorf("element %d is %v", i, v)
		}
		if len(seen) == 2 {
			m.Cancel()
		}
	}
	if len(seen) != 3 {
		t.Errorf("Each() gave %v, want all three", seen)
	}
}

func TestRace(t *testing.T) {
	p := open(t, eval.Config{Daemons: 2})
	ctx := soon(t)
	slow := p.Go(ctx, eval.Task{Source: "sleep(60000)"})
	quick := p.Go(ctx, eval.Task{Source: "sleep(20)"})
	if i, err := eval.Race(ctx, []*eval.Future{slow, quick}); i != 1 || err != nil {
		t.Errorf("Race() = %d, %v, want 1", i, err)
	}
	if i, err := eval.Race(ctx, nil); i != -1 || err != nil {
		t.Errorf("Race() of none = %d, %v, want -1", i, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if i, err := eval.Race(ended, []*eval.Future{slow}); i != -1 || !errors.Is(err, context.Canceled) {
		t.Errorf("Race() after the end of ctx = %d, %v", i, err)
	}
	if i, err := eval.Race(ended, []*eval.Future{slow, quick}); i != 1 || err != nil {
		t.Errorf("Race() with one resolved = %d, %v, want 1 at once", i, err)
	}
	many := make([]*eval.Future, 70_000) // more than one select takes
	for i := range many {
		many[i] = slow
	}
	many = append(many, p.Go(ctx, eval.Task{Source: "sleep(20)"}))
	if i, err := eval.Race(ctx, many); i != 70_000 || err != nil {
		t.Errorf("Race() of many = %d, %v", i, err)
	}
	slow.Cancel()
}
