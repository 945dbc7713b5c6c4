package parallel_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
	"github.com/mojukapu/mirai/parallel"
	"github.com/mojukapu/mirai/script"
)

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{Modules: slices.Concat(script.DaemonModules(), modules), Files: true}) // the test binary is its own daemon
	os.Exit(m.Run())
}

// modules let a block end its process, or hang.
var modules = []lang.Module{{Name: "test", Global: true, Funcs: []lang.Func{
	{Name: "hang", Call: func(*lang.Call) (any, error) { select {} }},
	{Name: "die", Call: func(*lang.Call) (any, error) {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return nil, err
		}
		return nil, self.Kill()
	}},
}}}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T, n int, cfg eval.Config) *parallel.Cluster {
	t.Helper()
	cfg.Modules = modules
	c, err := parallel.New(soon(t), n, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop() })
	return c
}

// everyKind runs a test in both languages on process and in-process nodes. task picks the text of the language.
func everyKind(t *testing.T, n int, test func(t *testing.T, c *parallel.Cluster, task func(js, lua string) eval.Task)) {
	for kind, cfg := range map[string]eval.Config{"process": {}, "inprocess": {InProcess: daemon.InProcess}} {
		for _, language := range []string{lang.JS, lang.Lua} {
			t.Run(kind+"/"+language, func(t *testing.T) {
				test(t, start(t, n, cfg), func(js, lua string) eval.Task {
					if language == lang.JS {
						return eval.Task{Lang: language, Source: js}
					}
					return eval.Task{Lang: language, Source: lua}
				})
			})
		}
	}
}

func TestVerbs(t *testing.T) {
	everyKind(t, 3, func(t *testing.T, c *parallel.Cluster, task func(js, lua string) eval.Task) {
		ctx := soon(t)
		check := func(what string, got any, err error, want any) {
			t.Helper()
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s = %v, %v, want %v", what, got, err, want)
			}
		}
		square := task("x => x * x", "function(x) return x * x end")
		ints, err := parallel.Apply[int, int](ctx, c, []int{1, 2, 3, 4, 5, 6, 7}, square)
		check("Apply", ints, err, []int{1, 4, 9, 16, 25, 36, 49})
		ints, err = parallel.ApplyLB[int, int](ctx, c, []int{1, 2, 3, 4, 5}, square)
		check("ApplyLB", ints, err, []int{1, 4, 9, 16, 25})
		sum := task("(a, b) => a + b", "function(a, b) return a + b end")
		vs, err := c.Apply(ctx, map[string]int{"b": 2, "a": 1}, sum, 10)
		check("Cluster.Apply", vs, err, []any{int64(11), int64(12)})
		vs, err = c.ApplyLB(ctx, []float64{0.5, 1.5}, sum, 10)
		check("Cluster.ApplyLB", vs, err, []any{10.5, 11.5})
		vs, err = c.Map(ctx, sum, []any{1, 2}, []any{10, 20})
		check("Map", vs, err, []any{int64(11), int64(22)})
		check("Export", nil, c.Export(ctx, square.Lang, eval.Globals{"k": 5}), nil)
		vs, err = c.Eval(ctx, task("var z = k + 1; z", "z = k + 1 return z"))
		check("Eval", vs, err, []any{int64(6), int64(6), int64(6)})
		vs, err = c.Call(ctx, task("x => k + z + x", "function(x) return k + z + x end"), 100)
		check("Call", vs, err, []any{int64(111), int64(111), int64(111)})
		none, err := parallel.Apply[int, int](ctx, c, nil, square)
		check("Apply of nothing", none, err, []int{})
	})
}

func TestSplit(t *testing.T) {
	for _, x := range []struct {
		size, n int
		want    []int
	}{{20, 3, []int{7, 6, 7}}, {10, 4, []int{3, 2, 2, 3}}, {7, 3, []int{2, 3, 2}}, {3, 5, []int{1, 0, 1, 0, 1}}, {4, 2, []int{2, 2}},
		{0, 2, []int{0, 0}}, {1, 2, []int{1, 0}}, {5, 1, []int{5}}, {5, 0, nil}} {
		xs := make([]int, x.size)
		for i := range xs {
			xs[i] = i
		}
		var sizes, joined []int
		for _, part := range parallel.Split(xs, x.n) {
			sizes, joined = append(sizes, len(part)), append(joined, part...)
		}
		if !slices.Equal(sizes, x.want) || x.n > 0 && !slices.Equal(joined, xs) {
			t.Errorf("Split(%d elements, %d) has sizes %v, want %v", x.size, x.n, sizes, x.want)
		}
	}
}

// TestSeed: node i draws from the i-th stream of the seed, as in R, and goes on where no task was before.
func TestSeed(t *testing.T) {
	everyKind(t, 3, func(t *testing.T, c *parallel.Cluster, task func(js, lua string) eval.Task) {
		ctx := soon(t)
		draw := task("() => Math.random()", "function() return math.random() end")
		c.SetSeed(123)
		first, err := c.Call(ctx, draw)
		if err != nil {
			t.Fatal(err)
		}
		stream := lang.NewRNG(123)
		for i, got := range first {
			numbers := stream
			if want := numbers.Float64(); got != want {
				t.Errorf("node %d draws %v, want %v", i+1, got, want)
			}
			stream.Jump()
		}
		second, err := c.Call(ctx, draw)
		if err != nil || slices.ContainsFunc(second, func(x any) bool { return slices.Contains(first, x) }) {
			t.Errorf("the second call draws %v, %v after %v", second, err, first)
		}
		c.SetSeed(123)
		if again, err := c.Call(ctx, draw); err != nil || !slices.Equal(again, first) {
			t.Errorf("after SetSeed the nodes draw %v, %v, want %v", again, err, first)
		}
	})
}

func TestFailure(t *testing.T) {
	everyKind(t, 2, func(t *testing.T, c *parallel.Cluster, task func(js, lua string) eval.Task) {
		ctx := soon(t)
		f := task("x => { if (x === 3) throw new RangeError('three'); return x }", "function(x) if x == 3 then error({class = 'RangeError', message = 'three'}) end return x end")
		f.File, f.Line = "users/ann", 7
		_, err := parallel.Apply[int, int](ctx, c, []int{1, 2, 3, 4}, f)
		var node *parallel.NodeError
		var element *eval.MapError
		var e *eval.Error
		if !errors.As(err, &node) || node.Node != "cluster node 2" || !errors.As(err, &element) || element.Index != 2 || !errors.Is(err, eval.ErrRaised) {
			t.Fatalf("Apply failed with %#v, want cluster node 2 and element 2", err)
		}
		if !errors.As(element.Err, &e) || e.Class != "RangeError" || e.Message != "three" || !strings.HasPrefix(err.Error(), "cluster node 2: element 2: ") {
			t.Errorf("the cause is %#v, the text %q", element.Err, err)
		}
		if _, err = parallel.Apply[int, bool](ctx, c, []int{1, 2}, f); !errors.As(err, &node) || node.Node != "cluster node 1" {
			t.Errorf("a number for a bool gives %v, want an error of node 1", err)
		}
		if _, err := c.Call(ctx, task("() => nosuch()", "function() nosuch() end")); !errors.As(err, &node) || !errors.Is(err, eval.ErrRaised) {
			t.Errorf("Call failed with %v", err)
		}
		if _, err := c.Map(ctx, f, []any{1}, []any{1, 2}); err == nil || !strings.Contains(err.Error(), "1 and 2 elements") {
			t.Errorf("lists of several lengths give %v", err)
		}
		if vs, err := c.Call(ctx, task("() => 1", "function() return 1 end")); err != nil || len(vs) != 2 {
			t.Errorf("afterwards Call gives %v, %v", vs, err)
		}
	})
}

// TestLost: a node that dies is named; the others go on, without its elements where those are balanced.
func TestLost(t *testing.T) {
	ctx := soon(t)
	c := start(t, 3, eval.Config{})
	kill := eval.Task{Source: "x => { if (x === 0) test.die(); return x }"}
	how := parallel.Combine[[]int, int]{
		Func:   func(acc []int, x int) ([]int, error) { return append(acc, x), nil },
		Failed: func(acc []int, i int, err error) ([]int, error) { return append(acc, -1), unless(err, eval.ErrReset) },
	}
	if got, err := parallel.Fold(ctx, c, []int{1, 0, 2, 3, 4, 5, 6, 7}, kill, how); err != nil || !slices.Equal(got, []int{1, -1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("Fold = %v, %v", got, err)
	}
	_, err := c.Call(ctx, eval.Task{Source: "() => 1"})
	var node *parallel.NodeError
	if !errors.As(err, &node) || !errors.Is(err, eval.ErrReset) {
		t.Fatalf("Call on a cluster that has lost a node gives %v, want its name and ErrReset", err)
	}
	if _, err := c.Eval(ctx, eval.Task{Source: "1"}); !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), node.Node) {
		t.Errorf("Eval gives %v, want %s", err, node.Node)
	}
	got, err := parallel.Fold(ctx, c, []int{0, 0, 0, 1}, kill, how) // no node is left
	if err != nil || !slices.Equal(got, []int{-1, -1, -1, -1}) && !slices.Equal(got, []int{-1, -1, -1, 1}) {
		t.Errorf("Fold = %v, %v", got, err)
	}
}

// unless is nil for an error of a kind.
func unless(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

func TestFold(t *testing.T) {
	everyKind(t, 2, func(t *testing.T, c *parallel.Cluster, task func(js, lua string) eval.Task) {
		ctx := soon(t)
		xs := []int{1, 2, 3, 4, 5}
		sum := func(acc, x int) (int, error) { return acc + x, nil }
		square := task("x => x * x", "function(x) return x * x end")
		if got, err := parallel.Fold(ctx, c, xs, square, parallel.Combine[int, int]{Init: 100, Func: sum}); got != 155 || err != nil {
			t.Errorf("Fold = %v, %v, want 155", got, err)
		}
		add := func(acc []int, x int) ([]int, error) { return append(acc, x), nil }
		for _, arriving := range []bool{false, true} {
			got, err := parallel.Fold(ctx, c, xs, square, parallel.Combine[[]int, int]{Func: add, Arriving: arriving})
			if arriving {
				slices.Sort(got)
			}
			if err != nil || !slices.Equal(got, []int{1, 4, 9, 16, 25}) {
				t.Errorf("Fold, arriving %v = %v, %v", arriving, got, err)
			}
		}
		enough := errors.New("enough")
		_, err := parallel.Fold(ctx, c, xs, square, parallel.Combine[int, int]{Func: func(int, int) (int, error) { return 0, enough }})
		if err != enough {
			t.Errorf("Fold = %v, want the function's error", err)
		}
		fails := task("x => { if (x === 2) throw new Error('two'); sleep(x === 1 ? 60000 : 0) }", "function(x) if x == 2 then error('two') end sleep(x == 1 and 60000 or 0) end")
		var node *parallel.NodeError
		if _, err := parallel.Fold(ctx, c, xs, fails, parallel.Combine[int, any]{}); !errors.As(err, &node) || !errors.Is(err, eval.ErrRaised) {
			t.Errorf("Fold = %v, want the failure of element 1 although element 0 is not due yet", err)
		}
	})
}

// TestCancel: when ctx ends, the call does, and the nodes are free again.
func TestCancel(t *testing.T) {
	everyKind(t, 2, func(t *testing.T, c *parallel.Cluster, task func(js, lua string) eval.Task) {
		asleep := task("() => sleep(60000)", "function() sleep(60000) end")
		for _, run := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := c.Apply(ctx, []int{1, 2, 3}, asleep); return err },
			func(ctx context.Context) error { _, err := c.ApplyLB(ctx, []int{1, 2, 3}, asleep); return err },
			func(ctx context.Context) error { _, err := c.Call(ctx, asleep); return err },
			func(ctx context.Context) error {
				_, err := c.Eval(ctx, task("sleep(60000)", "sleep(60000)"))
				return err
			},
		} {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			err := run(ctx)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, eval.ErrCancelled) {
				t.Errorf("a call whose context ends gives %v", err)
			}
		}
		if vs, err := c.Call(soon(t), task("() => 1", "function() return 1 end")); err != nil || len(vs) != 2 {
			t.Errorf("afterwards Call gives %v, %v", vs, err)
		}
	})
}

// TestStop: it may be called twice and while tasks run, which then fail.
func TestStop(t *testing.T) {
	everyKind(t, 2, func(t *testing.T, c *parallel.Cluster, task func(js, lua string) eval.Task) {
		ctx := soon(t)
		running := make(chan error, 1)
		go func() {
			_, err := c.Call(ctx, task("() => sleep(60000)", "function() sleep(60000) end"))
			running <- err
		}()
		var stops sync.WaitGroup
		for range 2 {
			stops.Go(func() {
				if err := c.Stop(); err != nil {
					t.Error(err)
				}
			})
		}
		stops.Wait()
		if err := <-running; !errors.Is(err, eval.ErrReset) && !errors.Is(err, parallel.ErrStopped) {
			t.Errorf("a call during Stop gives %v", err)
		}
		_, err := c.Apply(ctx, []int{1}, task("x => x", "function(x) return x end"))
		if !errors.Is(err, parallel.ErrStopped) || err.Error() != "Error: the cluster is no longer active: make one with parallel.cluster(2)" {
			t.Errorf("a stopped cluster gives %v", err)
		}
		if c.String() != "cluster of 2 nodes, stopped" || c.Active() {
			t.Errorf("it is shown as %v", c)
		}
	})
}

func TestCannotStart(t *testing.T) {
	for _, n := range []int{0, -1} {
		if _, err := parallel.New(soon(t), n, eval.Config{}); err == nil || !strings.Contains(err.Error(), "must be one or more") {
			t.Errorf("New(%d) = %v", n, err)
		}
	}
	if _, err := parallel.New(soon(t), 2, eval.Config{URL: "tcp://127.0.0.1:1"}); err == nil || !strings.Contains(err.Error(), "write port 0") {
		t.Errorf("New at one port = %v", err)
	}
	broken := eval.Config{InProcess: func(context.Context, launch.Settings, []lang.Module) error { return errors.New("no way") }}
	if _, err := parallel.New(soon(t), 2, broken); err == nil || !strings.Contains(err.Error(), "no way") {
		t.Errorf("New = %v, want the reason", err)
	}
}
