package eval_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// TestMap has every way of mapping give the same results.
func TestMap(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		task := eval.Task{Lang: language, Source: say("x => x * k", "function(x) return x * k end"), Globals: eval.Globals{"k": 10}}
		want := []any{int64(10), int64(20), int64(30), int64(40), int64(50)}
		for _, o := range []eval.MapOptions{{}, {Chunk: 2}, {Chunk: 9}, {Chunk: 1<<63 - 1}, {Window: 1}, {Window: 2, Chunk: 2}, {Window: 100}} {
			for _, xs := range []any{[]int{1, 2, 3, 4, 5}, []float64{1, 2, 3, 4, 5}, []int64{1, 2, 3, 4, 5}, []byte{1, 2, 3, 4, 5},
				[]any{1, 2, 3, 4, 5}, [5]uint16{1, 2, 3, 4, 5}, map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}} {
				m := p.Map(ctx, xs, task, o)
				if vs, err := m.Get(ctx); err != nil || !reflect.DeepEqual(vs, want) {
					t.Fatalf("Map(%T, %+v) = %v, %v, want %v", xs, o, vs, err, want)
				}
				if done, total := m.Progress(); done != 5 || total != 5 {
					t.Errorf("Progress() = %d, %d", done, total)
				}
			}
		}
	})
}

func TestMapArguments(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		type row struct {
			A int `cbor:"a"`
			B any `cbor:"b"`
		}
		list := say("(...xs) => xs.map(x => x ?? 'none')", "function(...) local t = {} for i = 1, select('#', ...) do local x = select(i, ...) t[i] = x == nil and 'none' or x end return t end")
		for _, c := range []struct {
			xs   any
			o    eval.MapOptions
			want []any
		}{
			{[]any{1, nil}, eval.MapOptions{Args: []any{2, nil, "z"}}, []any{[]any{int64(1), int64(2), "none", "z"}, []any{"none", int64(2), "none", "z"}}},
			{[]row{{1, nil}, {2, 3}}, eval.MapOptions{Spread: true, Args: []any{"z"}}, []any{[]any{int64(1), "none", "z"}, []any{int64(2), int64(3), "z"}}},
			{[]any{[]any{1, 2}, []float64{3}}, eval.MapOptions{Spread: true}, []any{[]any{int64(1), int64(2)}, []any{int64(3)}}},
			{[]*lang.Record{{Keys: []string{"z", "a"}, Values: []any{1, 2}}}, eval.MapOptions{Spread: true}, []any{[]any{int64(1), int64(2)}}},
			{[]any{map[string]any{"a": 1}}, eval.MapOptions{}, []any{[]any{map[string]any{"a": int64(1)}}}},
		} {
			for _, chunk := range []int{1, 3} {
				c.o.Chunk = chunk
				vs, err := p.Map(ctx, c.xs, eval.Task{Lang: language, Source: list}, c.o).Get(ctx)
				if err != nil || fmt.Sprint(vs) != fmt.Sprint(c.want) {
					t.Errorf("Map(%v, %+v) = %v, %v, want %v", c.xs, c.o, vs, err, c.want)
				}
			}
		}
	})
}

// TestMapFails: an element that fails fails alone, at its place in the user's text, in a chunk as in a task of its own.
func TestMapFails(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		task := eval.Task{Lang: language, File: "users/ann", Line: 10, Column: 5, Source: say(
			"x => {\n  if (x === 2) throw Object.assign(new RangeError('two'), {by: 3})\n  if (x === 3) null.y\n  return x }",
			"function(x)\n  if x == 2 then error({class = 'RangeError', message = 'two', by = 3}) end\n  if x == 3 then local y = x.y.z end\n  return x end")}
		for _, chunk := range []int{1, 4} {
			vs, err := p.Map(ctx, []int{1, 2, 3, 4}, task, eval.MapOptions{Chunk: chunk}).Get(ctx)
			if err != nil || vs[0] != int64(1) || vs[3] != int64(4) {
				t.Fatalf("Get() = %v, %v", vs, err)
			}
			e, ok := vs[1].(*eval.Error)
			if !ok || !errors.Is(e, eval.ErrRaised) || e.Class != "RangeError" || e.Message != "two" || e.Data.Get("by") != int64(3) || e.Task == "" || e.Daemon == "" {
				t.Errorf("chunk %d: element 1 failed with %#v", chunk, vs[1])
			}
			e, ok = vs[2].(*eval.Error)
			if !ok || len(e.Stack) == 0 || e.Stack[0].File != "users/ann" || e.Stack[0].Line != 12 {
				t.Errorf("chunk %d: element 2 failed with %#v, want it at users/ann:12", chunk, vs[2])
			}
		}
	})
}

// TestMapStops: the first failure in time ends the rest, although elements before it are pending.
func TestMapStops(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		before := pids(p)
		for _, o := range []eval.MapOptions{{}, {Window: 2}} {
			m := p.Map(ctx, map[string]int{"a": 60000, "b": -1, "c": 60000, "d": 60000}, eval.Task{Lang: language, Source: say(
				"x => { if (x < 0) throw new Error('negative'); sleep(x) }", "function(x) if x < 0 then error('negative') end sleep(x) end")}, o)
			_, err := m.GetAll(ctx)
			var at *eval.MapError
			var e *eval.Error
			if !errors.As(err, &at) || at.Index != 1 || at.Key != "b" || !errors.As(err, &e) || !errors.Is(err, eval.ErrRaised) || !strings.Contains(err.Error(), `element 1 ("b"): `) {
				t.Fatalf("GetAll() failed with %v, want element 1 (b)", err)
			}
			vs, err := m.Get(ctx)
			for _, i := range []int{0, 2, 3} {
				if e, ok := vs[i].(*eval.Error); !ok || e.Code != 20 {
					t.Errorf("element %d is %v, %v, want cancelled", i, vs[i], err)
				}
			}
		}
		if v, err := p.Go(ctx, eval.Task{Lang: language, Source: "1"}).Get(ctx); v != int64(1) || err != nil {
			t.Errorf("afterwards: %v, %v", v, err)
		}
		if after := pids(p); !reflect.DeepEqual(before, after) {
			t.Errorf("daemons were replaced: %v, then %v", before, after)
		}
	})
}

// TestMapCancel: what was cancelled has no effect, and cancelling again changes nothing.
func TestMapCancel(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	for _, o := range []eval.MapOptions{{}, {Window: 1}, {Chunk: 3}} {
		m := p.Map(ctx, make([]int, 10), eval.Task{Source: "x => sleep(60000)"}, o)
		if got, want := fmt.Sprint(m.Cancel()), fmt.Sprint(slicesOf(true, 10)); got != want {
			t.Errorf("Cancel() = %v, want %v", got, want)
		}
		if got, want := fmt.Sprint(m.Cancel()), fmt.Sprint(slicesOf(false, 10)); got != want {
			t.Errorf("Cancel() again = %v, want %v", got, want)
		}
		vs, err := m.Get(ctx)
		for i, v := range vs {
			if e, ok := v.(*eval.Error); !ok || !errors.Is(e, eval.ErrCancelled) {
				t.Errorf("element %d is %v, %v", i, v, err)
			}
		}
	}
	bounded, leave := context.WithCancel(ctx)
	m := p.Map(bounded, make([]int, 3), eval.Task{Source: "x => sleep(60000)"}, eval.MapOptions{})
	leave()
	if vs, err := m.Get(ctx); err != nil || len(vs) != 3 {
		t.Errorf("the end of its context: Get() = %v, %v", vs, err)
	}
}

func slicesOf(v bool, n int) (vs []bool) {
	for range n {
		vs = append(vs, v)
	}
	return vs
}

func TestMapRefuses(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	f := eval.Task{Source: "x => x"}
	for _, c := range []struct {
		xs   any
		task eval.Task
		o    eval.MapOptions
		want string
	}{
		{7, f, eval.MapOptions{}, "`xs` must be a list"},
		{nil, f, eval.MapOptions{}, "`xs` must be a list"},
		{[]int{1}, f, eval.MapOptions{Chunk: -1}, "chunk"},
		{[]int{1}, f, eval.MapOptions{Window: -1}, "window"},
		{[]int{1}, f, eval.MapOptions{Spread: true}, "spread"},
		{[]int{1}, f, eval.MapOptions{Args: []any{1, make(chan int)}}, "args[1]"},
		{[]int{1}, eval.Task{Source: "x => x", Globals: eval.Globals{"conn": make(chan int)}}, eval.MapOptions{}, "globals.conn: "},
		{[]int{1}, eval.Task{Source: "x => x", Lang: "perl"}, eval.MapOptions{}, "perl"},
	} {
		m := p.Map(ctx, c.xs, c.task, c.o)
		if _, err := m.Get(ctx); err == nil || m.Err() == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Map(%v, %+v) failed with %v, want %q", c.xs, c.o, err, c.want)
		}
	}
	vs, err := p.Map(ctx, []any{1, make(chan int), 3}, f, eval.MapOptions{}).Get(ctx)
	if e, ok := vs[1].(*eval.Error); err != nil || !ok || !errors.Is(e, eval.ErrRefused) || vs[2] != int64(3) {
		t.Errorf("an element that cannot be sent: %v, %v", vs, err)
	}
	if vs, err := p.Map(ctx, []int{}, f, eval.MapOptions{}).Get(ctx); len(vs) != 0 || err != nil {
		t.Errorf("an empty list gives %v, %v", vs, err)
	}
	if vs, err := p.Map(ctx, []int{1, 2}, eval.Task{Source: "x + "}, eval.MapOptions{}).Get(ctx); err != nil || len(vs) != 2 || !strings.Contains(fmt.Sprint(vs[0]), "SyntaxError") {
		t.Errorf("a function that cannot be read gives %v, %v", vs, err)
	}
}

// TestMapWindow: no more tasks are submitted than the window lets, and the next follow.
func TestMapWindow(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	m := p.Map(ctx, make([]int, 1000), eval.Task{Source: "x => sleep(0.1)"}, eval.MapOptions{Window: 3})
	most := 0
	for range m.Each(ctx) {
		s := p.Status()
		most = max(most, s.Awaiting+s.Executing)
	}
	if done, _ := m.Progress(); done != 1000 || most > 3 {
		t.Errorf("%d of 1000 are done, at most %d tasks were submitted at a time, want 3", done, most)
	}
}

// TestMapShares: results of a chunk that are one value arrive, each whole.
func TestMapShares(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		vs, err := p.Map(ctx, []int{1, 2, 3}, eval.Task{Lang: language, Source: say("x => (globalThis.one ??= {a: [1]})", "function(x) one = one or {a = {1}} return one end")},
			eval.MapOptions{Chunk: 3}).Get(ctx)
		want := map[string]any{"a": []any{int64(1)}}
		if err != nil || !reflect.DeepEqual(vs, []any{want, want, want}) {
			t.Errorf("Get() = %v, %v", vs, err)
		}
	})
}

// TestMapLost: a daemon that dies fails what it ran, and a retry runs that again.
func TestMapLost(t *testing.T) {
	p := open(t, eval.Config{Daemons: 2})
	ctx := soon(t)
	for _, retries := range []int{0, 1} {
		ready := make(chan struct{})
		m := p.Map(ctx, []int{0, 1}, eval.Task{Source: "x => { if (x === 0) sleep(300); return x }", Retries: retries}, eval.MapOptions{})
		m.Notify(func() { close(ready) })
		for killed := false; !killed; {
			for _, d := range p.Running() {
				if d.Attempt == 1 {
					kill(d.PID)
					killed = true
				}
			}
			if ctx.Err() != nil {
				t.Fatal("no element runs")
			}
		}
		<-ready
		vs, err := m.Get(ctx)
		failed := 0
		for _, v := range vs {
			if e, ok := v.(*eval.Error); ok && errors.Is(e, eval.ErrReset) {
				failed++
			}
		}
		if err != nil || retries == 0 && failed == 0 || retries == 1 && failed > 0 {
			t.Errorf("with %d retries: %v, %v", retries, vs, err)
		}
	}
}

// TestMapClosed: elements that were not submitted fail, too, when the profile is closed.
func TestMapClosed(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	m := p.Map(ctx, make([]int, 100_000), eval.Task{Source: "x => sleep(60000)"}, eval.MapOptions{Window: 1})
	p.Close()
	vs, err := m.Get(ctx)
	if e, ok := vs[99_999].(*eval.Error); err != nil || !ok || !errors.Is(e, eval.ErrReset) {
		t.Errorf("the last element is %v, %v, want reset", vs[99_999], err)
	}
}

func TestMapGeneric(t *testing.T) {
	p := open(t, eval.Config{Daemons: 2})
	ctx := soon(t)
	xs := make([]int, 1000)
	for i := range xs {
		xs[i] = i
	}
	type square struct{ X, Y float64 }
	ys, err := eval.Map[int, square](ctx, p, xs, eval.Task{Source: "x => ({X: x, Y: x * x})"})
	if err != nil || len(ys) != 1000 || ys[999] != (square{999, 999 * 999}) {
		t.Errorf("Map() = %d results, %v", len(ys), err)
	}
	var at *eval.MapError
	if _, err := eval.Map[int, int](ctx, p, xs, eval.Task{Source: "x => x === 500 ? 'a' : x"}); !errors.As(err, &at) || at.Index != 500 {
		t.Errorf("a result that does not fit gives %v", err)
	}
	if _, err := eval.Map[int, int](ctx, p, xs, eval.Task{Source: "x => { if (x === 7) throw new Error('seven') }"}); !errors.As(err, &at) || at.Index != 7 || !errors.Is(err, eval.ErrRaised) {
		t.Errorf("a failure gives %v", err)
	}
	start := time.Now()
	if _, err := eval.Map[int, int](ctx, p, []int{0}, eval.Task{Source: "x => { for (;;) {} }", Timeout: 100 * time.Millisecond}); !errors.Is(err, eval.ErrTimeout) || time.Since(start) > 5*time.Second {
		t.Errorf("a timeout gives %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := eval.Map[int, int](short, p, xs, eval.Task{Source: "x => sleep(60000)"}); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, eval.ErrCancelled) {
		t.Errorf("the end of ctx gives %v", err)
	}
}

// numbers are xs that every benchmark maps.
func numbers(n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = float64(i)
	}
	return xs
}

func benchmarkMap(b *testing.B, n int, o eval.MapOptions) {
	p, err := eval.New(context.Background(), eval.Config{Daemons: 2, Modules: modules})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	xs := numbers(n)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		vs, err := p.Map(ctx, xs, eval.Task{Source: "x => x + 1"}, o).Get(ctx)
		if err != nil || vs[n-1] != int64(n) {
			b.Fatal(vs[n-1], err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "elements/s")
}

func BenchmarkMap20k(b *testing.B)      { benchmarkMap(b, 20_000, eval.MapOptions{}) }
func BenchmarkMap20kChunk(b *testing.B) { benchmarkMap(b, 20_000, eval.MapOptions{Chunk: 100}) }
func BenchmarkMap1MChunk(b *testing.B)  { benchmarkMap(b, 1_000_000, eval.MapOptions{Chunk: 1000}) }

// BenchmarkMap1MWindow reports the largest heap while a million elements, each a task, go through a window of 1000.
func BenchmarkMap1MWindow(b *testing.B) {
	p, err := eval.New(context.Background(), eval.Config{Daemons: 2, Modules: modules})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	const n = 1_000_000
	xs := numbers(n)
	ctx := context.Background()
	var before, now runtime.MemStats
	peak := uint64(0)
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		m := p.Map(ctx, xs, eval.Task{Source: "x => x + 1"}, eval.MapOptions{Window: 1000})
		seen := 0
		for range m.Each(ctx) {
			if seen++; seen%100_000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc-before.HeapAlloc)
			}
		}
		if seen != n {
			b.Fatal(seen)
		}
	}
	b.ReportMetric(float64(peak)/n, "heap-B/element")
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "elements/s")
}
