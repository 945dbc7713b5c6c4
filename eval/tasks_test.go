package eval_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
)

func TestTasks(t *testing.T) {
	everyKind(t, eval.Config{Depth: 1}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		if ts := p.Tasks(); len(ts) != 0 {
			t.Errorf("Tasks() = %+v, want none", ts)
		}
		busy := occupy(t, ctx, p)
		for i, priority := range []int{0, 0, 5} {
			p.Go(ctx, eval.Task{Lang: language, Source: "return 1", Name: fmt.Sprintf("w%d", i), Priority: priority})
		}
		until(t, ctx, "the task has run for a while", func() bool { return p.Tasks()[0].Ran > time.Millisecond })
		var got []string
		for _, s := range p.Tasks() {
			got = append(got, fmt.Sprintf("%s %s %d %d", s.Name, s.State, s.Attempt, s.Priority))
			if s.Waited <= 0 || (s.PID > 0) != (s.State == "running") || (s.Ran > 0) != (s.State == "running") {
				t.Errorf("Tasks() has %+v", s)
			}
		}
		if got, want := strings.Join(got, ", "), "occupied running 1 0, w2 waiting 1 5, w0 waiting 1 0, w1 waiting 1 0"; got != want {
			t.Errorf("Tasks() = %s, want %s", got, want)
		}
		if n := p.CancelNamed("w1"); n != 1 {
			t.Errorf("CancelNamed() = %d, want 1", n)
		}
		if n := p.CancelNamed("w1"); n != 0 {
			t.Errorf("CancelNamed() = %d the second time, want 0", n)
		}
		if n := p.CancelNamed("occupied"); n != 1 {
			t.Errorf("CancelNamed() of the running task = %d, want 1", n)
		}
		if _, err := busy[0].Get(ctx); !errors.Is(err, eval.ErrCancelled) {
			t.Errorf("Get() failed with %v, want ErrCancelled", err)
		}
	})
}

const many = 100_000

// TestManyWaiting bounds the memory that a waiting task costs.
func TestManyWaiting(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	occupy(t, ctx, p)
	fs := make([]*eval.Future, many)
	before := heap()
	for i := range fs {
		fs[i] = p.Go(context.Background(), eval.Task{Source: "1"})
	}
	each := (heap() - before) / many
	t.Logf("%d bytes for each waiting task", each)
	start := time.Now()
	for i := len(fs) - 1; i >= 0; i-- {
		if !fs[i].Cancel() {
			t.Fatalf("Cancel() of task %d is false", i)
		}
	}
	t.Logf("cancelling %d of them took %v", many, time.Since(start)) // mirai bench measures it
	if each > 800 {
		t.Errorf("a waiting task costs %d bytes, want at most 800", each)
	}
	if m := p.Status().Memory; m.Used != 0 {
		t.Errorf("Memory = %+v, want none used", m)
	}
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
