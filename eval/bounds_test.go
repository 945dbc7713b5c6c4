package eval_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// until waits for a state of affairs that nobody announces.
func until(t *testing.T, ctx context.Context, what string, is func() bool) {
	t.Helper()
	for !is() {
		if ctx.Err() != nil {
			t.Fatal("it did not come to this: " + what)
		}
		runtime.Gosched()
	}
}

// occupy has every daemon run a task that lasts until it is cancelled.
func occupy(t *testing.T, ctx context.Context, p *eval.Profile) []*eval.Future {
	t.Helper()
	var fs []*eval.Future
	for i := range p.Status().Connections {
		fs = append(fs, p.Go(ctx, eval.Task{Source: "sleep(100000)", Name: "occupied"}))
		until(t, ctx, "a daemon is occupied", func() bool { return len(p.Running()) > i })
	}
	return fs
}

func cancel(fs []*eval.Future) {
	for _, f := range fs {
		f.Cancel()
	}
}

// blocked submits a task that must wait for room, and gives its future when it has some.
func blocked(t *testing.T, ctx context.Context, p *eval.Profile, within context.Context, task eval.Task) <-chan *eval.Future {
	t.Helper()
	n := len(p.Tasks())
	given := make(chan *eval.Future, 1)
	go func() { given <- p.Go(within, task) }()
	until(t, ctx, "a submission waits", func() bool { return len(p.Tasks()) > n })
	select {
	case <-given:
		t.Fatal("Go() came back before there was room")
	default:
	}
	return given
}

func TestMemoryBound(t *testing.T) {
	big := strings.Repeat("x", 1000)
	everyKind(t, eval.Config{Memory: 2500}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		task := eval.Task{Lang: language, Source: "return s", Globals: eval.Globals{"s": big}}
		busy := occupy(t, ctx, p)
		if m := p.Status().Memory; m != (eval.Memory{Capacity: 2500}) {
			t.Errorf("Memory = %+v before anything waits, want a capacity of 2500 only", m)
		}
		fs := []*eval.Future{p.Go(ctx, task), p.Try(ctx, task)}
		full := p.Status().Memory
		if full.Used < 2000 || full.Used > 2500 || full.Peak != full.Used {
			t.Errorf("Memory = %+v, want two tasks of 1000 bytes and a bit each", full)
		}
		start := time.Now()
		for range 100 {
			if f := p.Try(ctx, task); f != nil {
				t.Fatal("Try() gave a future, want nil: there is no room")
			}
		}
		if took := time.Since(start); took > slower*time.Second {
			t.Errorf("100 refusals took %v", took)
		}
		third := blocked(t, ctx, p, ctx, task)
		if m := p.Status().Memory; m != full {
			t.Errorf("Memory = %+v, want %+v: what waits for room has none", m, full)
		}
		within, stop := context.WithCancel(ctx)
		fourth := blocked(t, ctx, p, within, task)
		stop()
		if _, err := (<-fourth).Get(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a submission whose context ended gives %v, want a cancelled future", err)
		}
		fs[0].Cancel()
		fs = append(fs[1:], <-third)
		cancel(busy)
		for i, f := range fs {
			if v, err := f.Get(ctx); v != big || err != nil {
				t.Errorf("task %d gives %.20v, %v", i, v, err)
			}
		}
		if m := p.Status().Memory; m.Used != 0 || m.Peak != full.Peak {
			t.Errorf("Memory = %+v at the end, want nothing used and a peak of %d", m, full.Peak)
		}
		if f := p.Try(ctx, task); f == nil {
			t.Error("Try() is nil though the queue is empty")
		}
	})
}

// TestLargerThanTheBound shows that a task cannot wait for ever for a queue that never could hold it.
func TestLargerThanTheBound(t *testing.T) {
	p := open(t, eval.Config{Memory: 100})
	ctx := soon(t)
	busy := occupy(t, ctx, p)
	f := p.Go(ctx, eval.Task{Source: "s.length", Globals: eval.Globals{"s": strings.Repeat("x", 5000)}})
	if m := p.Status().Memory; m.Used < 5000 {
		t.Errorf("Memory = %+v, want the task let in to an empty queue", m)
	}
	cancel(busy)
	if v, err := f.Get(ctx); v != int64(5000) || err != nil {
		t.Errorf("Get() = %v, %v, want 5000", v, err)
	}
}

func TestQueueBound(t *testing.T) {
	everyKind(t, eval.Config{Queue: 2, Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		task := func(i int) eval.Task {
			return eval.Task{Lang: language, Source: say("i", "return i"), Globals: eval.Globals{"i": i}}
		}
		busy := occupy(t, ctx, p)
		fs := []*eval.Future{p.Go(ctx, task(0)), p.Go(ctx, task(1))}
		late := task(9)
		late.Timeout = 20 * time.Millisecond
		timed := blocked(t, ctx, p, context.Background(), late)
		if _, err := (<-timed).Get(ctx); !errors.Is(err, eval.ErrTimeout) || !strings.Contains(err.Error(), "timed out after 20ms waiting") {
			t.Errorf("a submission that has no room in time gives %v", err)
		}
		given := blocked(t, ctx, p, context.Background(), task(2))
		again := blocked(t, ctx, p, context.Background(), task(3))
		if n := p.Status().Awaiting; n != 2 {
			t.Errorf("%d tasks wait, want 2", n)
		}
		cancel(busy)
		fs = append(fs, <-given, <-again)
		for i, f := range fs {
			if v, err := f.Get(ctx); v != int64(i) || err != nil {
				t.Errorf("task %d gives %v, %v", i, v, err)
			}
		}
	})
}

// TestBoundClosed shows that the end of a profile ends the waiting for room.
func TestBoundClosed(t *testing.T) {
	p := open(t, eval.Config{Queue: 1})
	ctx := soon(t)
	occupy(t, ctx, p)
	p.Go(ctx, eval.Task{Source: "1"})
	given := blocked(t, ctx, p, context.Background(), eval.Task{Source: "2"})
	p.Close()
	if _, err := (<-given).Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("Go() gives %v, want ErrReset", err)
	}
	if _, err := p.Go(context.Background(), eval.Task{Source: "3"}).Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("Go() of a closed profile gives %v, want ErrReset", err)
	}
}

// TestUnbounded shows that without a bound Try submits however busy the daemons are, and so it does with a bound that
// is none.
func TestUnbounded(t *testing.T) {
	for _, bound := range []int{0, -1} {
		p := open(t, eval.Config{Memory: bound, Queue: bound})
		ctx := soon(t)
		busy := occupy(t, ctx, p)
		var fs []*eval.Future
		for range 50 {
			fs = append(fs, p.Try(ctx, eval.Task{Source: "1"}))
		}
		if m := p.Status().Memory; m.Used == 0 || m.Capacity != 0 {
			t.Errorf("Memory = %+v, want some used and no capacity", m)
		}
		cancel(busy)
		for _, f := range fs {
			if f == nil {
				t.Fatal("Try() is nil without a bound")
			}
			if v, err := f.Get(ctx); v != int64(1) || err != nil {
				t.Errorf("Get() = %v, %v", v, err)
			}
		}
	}
}

// TestTryLeavesTheStream shows that a refused submission does not move the random numbers of the others.
func TestTryLeavesTheStream(t *testing.T) {
	seed := int64(7)
	ctx := soon(t)
	p := open(t, eval.Config{Seed: &seed, Queue: 1})
	busy := occupy(t, ctx, p)
	draw := eval.Task{Source: "Math.random()"}
	f := p.Go(ctx, draw)
	for range 10 {
		if p.Try(ctx, draw) != nil {
			t.Fatal("Try() gave a future, want nil")
		}
	}
	cancel(busy)
	f.Get(ctx)
	g := p.Try(ctx, draw)
	stream := lang.NewRNG(seed)
	stream.Jump() // of the task that occupied the daemon
	for i, f := range []*eval.Future{f, g} {
		stream.Jump()
		s := stream
		if v, err := f.Get(ctx); v != s.Float64() || err != nil {
			t.Errorf("task %d drew %v, %v, want the first number of the next stream", i, v, err)
		}
	}
}

// TestBoundedMap shows that a map with a window goes on where the queue is full: nobody who makes room waits for some.
func TestBoundedMap(t *testing.T) {
	p := open(t, eval.Config{Queue: 1, Daemons: 1, Depth: 1})
	ctx := soon(t)
	xs := make([]int, 200)
	m := p.Map(ctx, xs, eval.Task{Source: "x => x + 1"}, eval.MapOptions{Window: 3})
	others := make(chan error, 1)
	go func() {
		for range 100 {
			if _, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); err != nil {
				others <- err
				return
			}
		}
		others <- nil
	}()
	select {
	case <-m.Done():
	case <-ctx.Done():
		done, total := m.Progress()
		t.Fatalf("the map stands at %d of %d", done, total)
	}
	if err := <-others; err != nil {
		t.Error(err)
	}
}

// TestCancelledBefore shows that a context that has ended already cancels what is submitted with it.
func TestCancelledBefore(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	ended, stop := context.WithCancel(ctx)
	stop()
	for range 200 {
		if _, err := p.Go(ended, eval.Task{Source: "sleep(100000)"}).Get(ctx); !errors.Is(err, eval.ErrCancelled) {
			t.Fatalf("Get() failed with %v, want ErrCancelled", err)
		}
	}
	if c := p.Status().Counts; c.Awaiting != 0 || c.Completed != 200 {
		t.Errorf("Counts = %+v, want 200 completed", c)
	}
}
