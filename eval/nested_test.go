package eval_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// nesting runs a test on pools of n daemons, processes and goroutines, whose blocks may hold blocks.
func nesting(t *testing.T, n int, test func(t *testing.T, p *eval.Profile)) {
	inside := func(ctx context.Context, s launch.Settings, own []lang.Module) error {
		host := eval.NewHost(eval.Config{Modules: own})
		defer host.Close()
		return daemon.InProcess(ctx, s, append(own[:len(own):len(own)], host.Modules()...))
	}
	t.Run("process", func(t *testing.T) { test(t, open(t, eval.Config{Daemons: n})) })
	t.Run("inprocess", func(t *testing.T) { test(t, open(t, eval.Config{Daemons: n, InProcess: inside})) })
}

// state gives the states of the tasks that are not over, by their names, "" for those that are.
func state(p *eval.Profile, name string) string {
	for _, s := range p.Tasks() {
		if s.Name == name {
			return s.State
		}
	}
	return ""
}

// TestNestedCancel: a task that is cancelled takes those along that it waits for, and the pool goes on.
func TestNestedCancel(t *testing.T) {
	nesting(t, 1, func(t *testing.T, p *eval.Profile) {
		ctx := soon(t)
		f := p.Go(ctx, eval.Task{Name: "outer", Source: `mirai<js, name="middle">{ mirai<lua, name="inner">{ while true do end }[] }[]`})
		until(t, ctx, "the inner task runs", func() bool { return state(p, "inner") == "running" })
		if n := p.Status().Executing; n != 3 {
			t.Errorf("%d tasks run, want 3", n)
		}
		f.Cancel()
		if v, err := p.Go(ctx, eval.Task{Source: "1 + 1"}).Get(ctx); v != int64(2) || err != nil {
			t.Errorf("the next task gives %v, %v, want 2", v, err)
		}
		until(t, ctx, "all are over", func() bool { return len(p.Tasks()) == 0 })
	})
}

// TestNestedTimeout: a task catches the failure of one that it waits for, by its kind, and goes on.
func TestNestedTimeout(t *testing.T) {
	nesting(t, 1, func(t *testing.T, p *eval.Profile) {
		ctx := soon(t)
		v, err := p.Go(ctx, eval.Task{Source: `let kind; try { mirai<js, timeout=30>{ for (;;); }[] } catch (e) { kind = e.kind + e.code }; kind + mirai<js>{ 1 }[]`}).Get(ctx)
		if v != "timeout51" || err != nil {
			t.Errorf("Get() = %v, %v, want timeout51", v, err)
		}
	})
}

// TestNestedLost: when a daemon dies whose task waits, that task and the one in its place fail with it; others run on.
func TestNestedLost(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{})
	f := p.Go(ctx, eval.Task{Source: `mirai<js, name="inner">{ for (;;) sleep(1000) }[]`})
	next := p.Go(ctx, eval.Task{Source: "'next'"})
	until(t, ctx, "the inner task runs", func() bool { return state(p, "inner") == "running" })
	kill(p.Status().Daemons[0].PID)
	if _, err := f.Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("the outer task fails with %v, want %v", err, eval.ErrReset)
	}
	if v, err := next.Get(ctx); v != "next" || err != nil {
		t.Errorf("the next task gives %v, %v", v, err)
	}
	until(t, ctx, "all are over", func() bool { return len(p.Tasks()) == 0 })
}

// TestNestedUnheard: a task that nobody waits for runs all the same.
func TestNestedUnheard(t *testing.T) {
	nesting(t, 1, func(t *testing.T, p *eval.Profile) {
		ctx := soon(t)
		if _, err := p.Go(ctx, eval.Task{Source: `mirai<js, name="left">{ sleep(5) }; 0`}).Get(ctx); err != nil {
			t.Fatal(err)
		}
		until(t, ctx, "both have run", func() bool { return p.Status().Completed == 2 })
	})
}

// TestNestedMany: tasks that wait are no more than there are daemons, whatever is queued, and each gives its own.
func TestNestedMany(t *testing.T) {
	nesting(t, 2, func(t *testing.T, p *eval.Profile) {
		ctx := soon(t)
		var fs []*eval.Future
		for i := range 100 {
			fs = append(fs, p.Go(ctx, eval.Task{Lang: []string{"js", "lua"}[i%2], Source: fmt.Sprintf(
				`mirai<js>{ mirai<lua>{ %d }[] + 1 }[] + mirai<lua>{ 1 }[]`, i)}))
		}
		for i, f := range fs {
			if v, err := f.Get(ctx); v != int64(i+2) || err != nil {
				t.Errorf("task %d gives %v, %v, want %d", i, v, err, i+2)
			}
		}
		if c := p.Status().Completed; c != 400 {
			t.Errorf("%d tasks have run, want 400", c)
		}
	})
}

// TestNews: a Go host hears what a task tells, in order, and takes its partial results one by one.
func TestNews(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		f := p.Go(ctx, eval.Task{Lang: language, Source: `print("a"); emit(1); progress(1, 2, "half"); emit("two"); ` + say("for (;;) sleep(1000)", "while true do sleep(1000) end")})
		got := make(chan string, 10)
		until(t, ctx, "it has told something", func() bool { _, told := f.Progress(); return told })
		f.OnNews(eval.News{
			Output: func(lines []eval.OutputLine) { got <- "output " + lines[0].Text },
			Progress: func(r eval.Report) {
				last, _ := f.Progress() // whoever hears may ask, also of what was told before
				got <- fmt.Sprint("progress ", last)
			},
			Emit: func(lang.Feed) { got <- "emit" },
		})
		heard := map[string]int{}
		for range 4 {
			select {
			case s := <-got:
				heard[s]++
			case <-ctx.Done():
				t.Fatalf("heard only %v", heard)
			}
		}
		if heard["emit"] != 2 || heard["output a"] != 1 || heard["progress {1 2 half}"] != 1 {
			t.Errorf("heard %v", heard)
		}
		if r, ok := f.Progress(); !ok || r != (eval.Report{Done: 1, Total: 2, Text: "half"}) {
			t.Errorf("Progress() = %v, %v", r, ok)
		}
		var values []any
		for v, err := range f.Values(ctx) {
			if err != nil {
				if !errors.Is(err, eval.ErrCancelled) {
					t.Errorf("the last error is %v, want %v", err, eval.ErrCancelled)
				}
				break
			}
			if values = append(values, v); len(values) == 2 {
				f.Cancel()
			}
		}
		if fmt.Sprint(values) != "[1 two]" {
			t.Errorf("Values() gave %v, want [1 two]", values)
		}
	})
}

// TestEmitUnheard: partial results that nobody takes end their task before they fill the memory of the host.
func TestEmitUnheard(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		f := p.Go(ctx, eval.Task{Lang: language, Source: say("const s = 'x'.repeat(4 << 20); for (;;) emit(s)", "local s = ('x'):rep(4194304) while true do emit(s) end")})
		if _, err := f.Get(ctx); !errors.Is(err, eval.ErrLimit) || !strings.Contains(err.Error(), "take them with m.values()") {
			t.Errorf("Get() fails with %v, want %v", err, eval.ErrLimit)
		}
		if v, err := p.Go(ctx, eval.Task{Lang: language, Source: "return 1"}).Get(ctx); v != int64(1) || err != nil {
			t.Errorf("the next task gives %v, %v", v, err)
		}
	})
}

// BenchmarkNested is a task that waits for another, which waits for another and so on, on a pool of one.
func BenchmarkNested(b *testing.B) {
	p, err := eval.New(context.Background(), eval.Config{Modules: modules})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	for _, depth := range []int{1, 5} {
		source := strings.Repeat("mirai<js>{ ", depth) + "1" + strings.Repeat(" }[]", depth)
		b.Run(fmt.Sprint("depth=", depth), func(b *testing.B) {
			for b.Loop() {
				if v, err := p.Go(context.Background(), eval.Task{Source: source}).Get(context.Background()); v != int64(1) || err != nil {
					b.Fatal(v, err)
				}
			}
		})
	}
}

// BenchmarkShared is a task that is given a shared array of 100 MB, after the first.
func BenchmarkShared(b *testing.B) {
	p, err := eval.New(context.Background(), eval.Config{Daemons: 2, Modules: modules})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	shared, err := p.Share(make([]float64, 12_500_000))
	if err != nil {
		b.Fatal(err)
	}
	task := eval.Task{Source: "xs[xs.length - 1]", Globals: eval.Globals{"xs": shared}}
	for b.Loop() {
		if v, err := p.Go(context.Background(), task).Get(context.Background()); v != int64(0) || err != nil {
			b.Fatal(v, err)
		}
	}
}

// BenchmarkLive is the time from a line that a task prints to the handle.
func BenchmarkLive(b *testing.B) {
	p, err := eval.New(context.Background(), eval.Config{Modules: modules})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	f := p.Go(context.Background(), eval.Task{Source: "for (;;) { print(Date.now()); sleep(15) }"})
	defer f.Cancel()
	lines := make(chan string, 100)
	f.OnNews(eval.News{Output: func(out []eval.OutputLine) { lines <- out[len(out)-1].Text }})
	var sum, most time.Duration
	for b.Loop() {
		var at int64
		fmt.Sscan(<-lines, &at)
		took := time.Since(time.UnixMilli(at))
		sum, most = sum+took, max(most, took)
	}
	b.ReportMetric(float64(sum.Microseconds())/1000/float64(b.N), "ms")
	b.ReportMetric(float64(most.Microseconds())/1000, "ms-most")
}
