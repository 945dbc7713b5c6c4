package eval_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{Modules: append(modules, eval.NewHost(eval.Config{Modules: modules}).Modules()...)}) // the test binary is its own daemon
	if os.Getenv("MIRAI_TEST_HOST") != "" {
		hostUntilKilled()
	}
	if os.Getenv("MIRAI_TEST_STAYING") != "" {
		hostOfStaying()
	}
	os.Exit(m.Run())
}

// modules are a host's own: a way for a block to say that it runs, and a type.
var modules = []lang.Module{{
	Name:   "test",
	Global: true,
	Types:  []*lang.Type{pointType},
	Funcs: []lang.Func{
		{Name: "pid", Call: func(*lang.Call) (any, error) { return int64(os.Getpid()), nil }},
		{Name: "end", Call: func(*lang.Call) (any, error) { os.Exit(3); return nil, nil }},
		{Name: "await", Call: await},
		{Name: "hang", Call: func(*lang.Call) (any, error) { select {} }},
		{Name: "panic", Call: func(c *lang.Call) (any, error) { return c.Args[7], nil }},
		{Name: "point", Call: func(c *lang.Call) (any, error) { return &point{1, 2}, nil }},
	},
}}

type point struct{ X, Y float64 }

var pointType = &lang.Type{
	Name:   "test.point",
	Is:     func(v any) bool { _, ok := v.(*point); return ok },
	Fields: []lang.Field{{Name: "x", Get: func(self any) (any, error) { return self.(*point).X, nil }}},
	Encode: func(self any) (any, error) { p := self.(*point); return []float64{p.X, p.Y}, nil },
	Decode: func(v any) (any, error) {
		var xy []float64
		err := lang.Assign(&xy, v)
		if err != nil || len(xy) != 2 {
			return nil, fmt.Errorf("a point is two numbers: %v", err)
		}
		return &point{xy[0], xy[1]}, nil
	},
}

// everyKind runs a test in both languages, on process and in-process daemons. say picks the text of the language.
func everyKind(t *testing.T, cfg eval.Config, test func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string)) {
	for _, kind := range []string{"process", "inprocess"} {
		cfg := cfg
		cfg.Modules = modules
		if kind == "inprocess" {
			cfg.InProcess = daemon.InProcess
		}
		for _, language := range []string{lang.JS, lang.Lua} {
			t.Run(kind+"/"+language, func(t *testing.T) {
				p := open(t, cfg)
				test(t, p, language, func(js, lua string) string {
					if language == lang.JS {
						return js
					}
					return lua
				})
			})
		}
	}
}

func open(t *testing.T, cfg eval.Config) *eval.Profile {
	t.Helper()
	if cfg.Modules == nil {
		cfg.Modules = modules
	}
	p, err := eval.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestValue(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		f := p.Go(ctx, eval.Task{Lang: language, Source: "a + b", Globals: eval.Globals{"a": 1, "b": 2}})
		if v, err := f.Get(ctx); v != int64(3) || err != nil {
			t.Errorf("Get() = %v, %v, want 3", v, err)
		}
		f = p.Go(ctx, eval.Task{Lang: language, Source: say("({name: s, list: [1, 2.5, null]})", `return {name = s, list = {1, 2.5, null}}`), Args: eval.Globals{"s": "x"}})
		want := map[string]any{"name": "x", "list": []any{int64(1), 2.5, nil}}
		if v, err := f.Get(ctx); !reflect.DeepEqual(v, want) || err != nil {
			t.Errorf("Get() = %v, %v, want %v", v, err, want)
		}
		var s struct {
			Name string    `cbor:"name"`
			List []float64 `cbor:"list"`
		}
		f = p.Go(ctx, eval.Task{Lang: language, Source: say("in_", "in_"), Globals: eval.Globals{"in_": map[string]any{"name": "y", "list": []float64{1, 2}}}})
		if err := f.Into(ctx, &s); err != nil || s.Name != "y" || len(s.List) != 2 || s.List[1] != 2 {
			t.Errorf("Into() = %v, %+v", err, s)
		}
		f = p.Go(ctx, eval.Task{Lang: language, Source: "p", Globals: eval.Globals{"p": &point{3, 4}}})
		if v, err := f.Get(ctx); !reflect.DeepEqual(v, &point{3, 4}) || err != nil {
			t.Errorf("a point came back as %v, %v", v, err)
		}
	})
}

// TestNothingStays shows that a task leaves nothing behind for the next one.
func TestNothingStays(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		for range 2 {
			f := p.Go(ctx, eval.Task{Lang: language, Source: say(
				"let fresh = typeof x === 'undefined'; const c = 1; x = 1; fresh", "local fresh = x == nil; x = 1; return fresh")})
			if v, err := f.Get(ctx); v != true || err != nil {
				t.Errorf("Get() = %v, %v, want true: x of the task before is still there", v, err)
			}
		}
	})
}

func TestRaised(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		f := p.Go(ctx, eval.Task{Lang: language, File: "users/ann", Line: 10, Column: 5, Source: say(
			"function f(x) { return x.y }\n"+
				"  function g() { return f(null) }\n"+
				"  g()",
			"local function f(x) return x.y end\n"+
				"  local function g() local v = f(nil) return v end\n"+
				"  return (g())")})
		_, err := f.Get(ctx)
		var e *eval.Error
		if !errors.As(err, &e) || !errors.Is(err, eval.ErrRaised) {
			t.Fatalf("Get() failed with %v, want an *eval.Error that is ErrRaised", err)
		}
		if len(e.Stack) < 3 || e.Stack[0].File != "users/ann" || e.Stack[0].Line != 10 || e.Stack[1].Line != 11 || e.Stack[2].Line != 12 {
			t.Errorf("the stack is %v, want lines 10, 11 and 12 of users/ann", e.Stack)
		}
		detail := e.Detail()
		lines := strings.Split(detail, "\n")
		if len(lines) < 3 || !strings.HasPrefix(lines[0], "users/ann:10:") || !strings.HasSuffix(lines[2], "^") || !strings.Contains(lines[1], "x.y") {
			t.Errorf("Detail() lacks position, source line or caret:\n%s", detail)
		}
	})
}

func TestOwnFields(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		_, err := p.Go(ctx, eval.Task{Lang: language, Source: say(
			"throw Object.assign(new RangeError('too far'), {by: 3})", "error({class = 'RangeError', message = 'too far', by = 3})")}).Get(ctx)
		var e *eval.Error
		if !errors.As(err, &e) || e.Class != "RangeError" || e.Message != "too far" || e.Data.Get("by") != int64(3) {
			t.Errorf("Get() failed with %#v, want a RangeError that says too far and has by = 3", err)
		}
	})
}

// TestBadBlocks: each is an error of its task alone.
func TestBadBlocks(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		for _, c := range []struct{ source, want string }{
			{say("let x = ;", "local x = = 1"), "SyntaxError"},
			{say("function f() { return f() + 1 } f()", "local function f() return f() + 1 end return f()"), "stack"},
			{"test.panic()", "out of range"},
			{say("Symbol('s')", "return coroutine.create(print)"), "cannot be sent"},
			{say("({a: [1, Symbol('s')]})", "return {a = {1, coroutine.create(print)}}"), say("the result.a[1]: ", "the result.a[2]: ")},
			{say("await new Promise(() => {})", "return 1 +"), ""},
		} {
			_, err := p.Go(ctx, eval.Task{Lang: language, Source: c.source}).Get(ctx)
			if err == nil || !strings.Contains(fmt.Sprintf("%#v %v", err, err), c.want) {
				t.Errorf("%q failed with %v, want an error about %q", c.source, err, c.want)
			}
		}
		if v, err := p.Go(ctx, eval.Task{Lang: language, Source: "1 + 1"}).Get(ctx); v != int64(2) || err != nil {
			t.Errorf("afterwards: %v, %v", v, err)
		}
	})
}

func TestRefused(t *testing.T) {
	p := open(t, eval.Config{})
	f := p.Go(context.Background(), eval.Task{Source: "1", Globals: eval.Globals{"opts": map[string]any{"conn": make(chan int)}}})
	if !f.Resolved() {
		t.Error("a task that cannot be sent is not resolved at once")
	}
	_, err := f.Get(context.Background())
	if !errors.Is(err, eval.ErrRefused) || !strings.Contains(err.Error(), "globals.opts.conn: ") {
		t.Errorf("Get() failed with %v, want ErrRefused at globals.opts.conn", err)
	}
	f = p.Go(context.Background(), eval.Task{Lang: "perl", Source: "1"})
	if _, err := f.Get(context.Background()); err == nil || !strings.Contains(err.Error(), "perl") {
		t.Errorf("an unknown language gives %v", err)
	}
}

// prompt is when what takes 200 ms should be over, on a machine that compiles at the same time.
const prompt = time.Second

// TestTimeout: the future fails in time, and the daemon goes on.
func TestTimeout(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		start := time.Now()
		before := pids(p)
		_, err := p.Go(ctx, eval.Task{Lang: language, Source: say("for (;;) {}", "while true do end"), Timeout: 200 * time.Millisecond}).Get(ctx)
		if took := time.Since(start); took > slower*prompt {
			t.Errorf("it took %v, want little more than 200 ms", took)
		}
		var e *eval.Error
		if !errors.Is(err, eval.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || e.Code != 5 {
			t.Errorf("Get() failed with %v, want a timeout with code 5", err)
		}
		if v, err := p.Go(ctx, eval.Task{Lang: language, Source: "7"}).Get(ctx); v != int64(7) || err != nil {
			t.Errorf("the next task gives %v, %v", v, err)
		}
		if after := pids(p); !reflect.DeepEqual(before, after) {
			t.Errorf("the daemon was replaced: %v, then %v", before, after)
		}
	})
}

// TestKill: what cannot be interrupted is killed, and its daemon replaced.
func TestKill(t *testing.T) {
	p := open(t, eval.Config{Grace: 100 * time.Millisecond})
	ctx := soon(t)
	for _, source := range []string{
		"new Array(2e7).fill(1).join('')",
		`/^(\w+\s?)*\1$/.test("an endless regular expression is tried for a long while here!")`,
		"test.hang()",
	} {
		before := pids(p)
		start := time.Now()
		_, err := p.Go(ctx, eval.Task{Source: source, Timeout: 200 * time.Millisecond}).Get(ctx)
		if took := time.Since(start); !errors.Is(err, eval.ErrTimeout) || took > slower*prompt {
			t.Errorf("%s: failed with %v after %v", source, err, took)
		}
		if v, err := p.Go(ctx, eval.Task{Source: "7"}).Get(ctx); v != int64(7) || err != nil {
			t.Errorf("%s: the next task gives %v, %v", source, v, err)
		}
		if after := pids(p); reflect.DeepEqual(before, after) {
			t.Errorf("%s: the daemon was not replaced", source)
		}
	}
}

func pids(p *eval.Profile) (ids []int) {
	for _, d := range p.Status().Daemons {
		ids = append(ids, int(d.ID))
	}
	return ids
}

func TestCancel(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		running := p.Go(ctx, eval.Task{Lang: language, Source: say("for (;;) {}", "while true do end")})
		waiting := p.Go(ctx, eval.Task{Lang: language, Source: "1"})
		if !waiting.Cancel() || !running.Cancel() || running.Cancel() {
			t.Error("Cancel() of pending tasks is not true, true, and then false")
		}
		for _, f := range []*eval.Future{running, waiting} {
			_, err := f.Get(ctx)
			var e *eval.Error
			if !errors.Is(err, eval.ErrCancelled) || !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Code != 20 {
				t.Errorf("Get() failed with %v, want cancelled with code 20", err)
			}
		}
		bounded, leave := context.WithCancel(ctx)
		f := p.Go(bounded, eval.Task{Lang: language, Source: say("for (;;) {}", "while true do end")})
		leave()
		if _, err := f.Get(ctx); !errors.Is(err, eval.ErrCancelled) {
			t.Errorf("the end of its context gives %v", err)
		}
		if v, err := p.Go(ctx, eval.Task{Lang: language, Source: "1"}).Get(ctx); v != int64(1) || err != nil {
			t.Errorf("afterwards: %v, %v", v, err)
		}
	})
}

// TestLost: a killed daemon fails its task at once with the signal, and nothing else; a retry runs again.
func TestLost(t *testing.T) {
	p := open(t, eval.Config{Daemons: 2})
	ctx := soon(t)
	var fs []*eval.Future
	for i := range 200 {
		fs = append(fs, p.Go(ctx, eval.Task{Source: "sleep(1); i", Globals: eval.Globals{"i": i}}))
	}
	victim := p.Go(ctx, eval.Task{Source: "sleep(60000)", Priority: 1})
	retried := p.Go(ctx, eval.Task{Source: "sleep(50); 'again'", Retries: 1, Priority: 1})
	ran := map[uint64]bool{}
	for !ran[victim.Result().Info.ID] { // until a daemon has it: the other one goes on meanwhile
		for _, d := range p.Running() {
			ran[d.Task] = true
			if d.Task == victim.Result().Info.ID {
				kill(d.PID)
			}
		}
	}
	_, err := victim.Get(ctx)
	var e *eval.Error
	if !errors.As(err, &e) || e.Code != 19 || !errors.Is(err, eval.ErrReset) || !strings.Contains(e.Message, "killed") {
		t.Errorf("the victim failed with %v, want 19 with the signal", err)
	}
	if v, err := retried.Get(ctx); v != "again" || err != nil {
		t.Errorf("the other task gives %v, %v", v, err)
	}
	for i, f := range fs {
		if v, err := f.Get(ctx); v != int64(i) || err != nil {
			t.Errorf("task %d gives %v, %v", i, v, err)
		}
	}
}

// kill ends a process as kill -9 does.
func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill()
	}
}

func TestRetry(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	f := p.Go(ctx, eval.Task{Source: "sleep(60000)", Retries: 1})
	killAt := func(attempt int) {
		for {
			for _, d := range p.Running() {
				if d.Attempt == attempt {
					kill(d.PID)
					return
				}
			}
			if ctx.Err() != nil {
				t.Fatal("the task did not run again")
			}
		}
	}
	killAt(1)
	killAt(2)
	_, err := f.Get(ctx)
	if !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), "attempt 2") {
		t.Errorf("Get() failed with %v, want a reset at attempt 2", err)
	}
	if n := f.Result().Info.Attempts; n != 2 {
		t.Errorf("attempts = %d, want 2", n)
	}
}

func TestCannotStart(t *testing.T) {
	for _, c := range []struct {
		name string
		cmd  func(launch.Settings) (*exec.Cmd, error)
		want string
	}{
		{"no such program", func(launch.Settings) (*exec.Cmd, error) { return exec.Command("/no/such/program"), nil }, "no such file"},
		{"fails at once", func(launch.Settings) (*exec.Cmd, error) {
			return exec.Command("sh", "-c", "echo the licence has expired >&2; exit 3"), nil
		}, "exit status 3; it said: the licence has expired"},
		{"never connects", func(launch.Settings) (*exec.Cmd, error) { return exec.Command("sleep", "60"), nil }, "did not connect in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := eval.New(soon(t), eval.Config{Command: c.cmd, Start: 100 * time.Millisecond})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("New() failed with %v, want %q", err, c.want)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestEverywhere(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2, Grace: 100 * time.Millisecond}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		fs, err := p.Everywhere(eval.Task{Lang: language, Source: say("function helper(x) { return x * base }; helper(1)", "function helper(x) return x * base end; return helper(1)"), Globals: eval.Globals{"base": 10}})
		if err != nil || len(fs) != 2 {
			t.Fatalf("Everywhere() = %d futures, %v", len(fs), err)
		}
		for _, f := range fs {
			if v, err := f.Get(ctx); v != int64(10) || err != nil {
				t.Errorf("setup gives %v, %v", v, err)
			}
		}
		check := func() {
			t.Helper()
			for range 4 {
				if v, err := p.Go(ctx, eval.Task{Lang: language, Source: "helper(4)"}).Get(ctx); v != int64(40) || err != nil {
					t.Errorf("helper(4) = %v, %v", v, err)
				}
			}
		}
		check()
		if _, err := p.Go(ctx, eval.Task{Source: "test.hang()", Timeout: time.Millisecond}).Get(ctx); !errors.Is(err, eval.ErrTimeout) {
			t.Error(err)
		}
		for p.Status().Cumulative < 3 { // until the one that hung is replaced
			if ctx.Err() != nil {
				t.Fatal("the daemon that hung was not replaced")
			}
		}
		check()
	})
}

// TestLongAmongShort: what was sent ahead to a daemon whose task lasts runs on another one.
func TestLongAmongShort(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		var fs []*eval.Future
		submit := func(n int) {
			for i := range n {
				fs = append(fs, p.Go(ctx, eval.Task{Lang: language, Source: "i", Globals: eval.Globals{"i": i}}))
			}
		}
		submit(500)
		for range 3 {
			long := p.Go(ctx, eval.Task{Lang: language, Source: "sleep(600000)"})
			submit(200)
			for _, f := range fs {
				if _, err := f.Get(ctx); err != nil {
					t.Fatalf("a short task waits for a long one: %v", err)
				}
			}
			if !long.Cancel() {
				t.Error("the long task ended early")
			}
		}
	})
}

func BenchmarkThroughput(b *testing.B) {
	p, err := eval.New(context.Background(), eval.Config{Daemons: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	ctx := context.Background()
	fs := make([]*eval.Future, 20_000)
	b.ReportAllocs()
	for b.Loop() {
		for i := range fs {
			fs[i] = p.Go(ctx, eval.Task{Source: "x", Globals: eval.Globals{"x": i}})
		}
		for i, f := range fs {
			if v, err := f.Get(ctx); v != int64(i) || err != nil {
				b.Fatal(v, err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(fs))/b.Elapsed().Seconds(), "tasks/s")
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, language := range []string{lang.JS, lang.Lua} {
		for kind, cfg := range map[string]eval.Config{"process": {}, "inprocess": {InProcess: daemon.InProcess}} {
			b.Run(kind+"/"+language, func(b *testing.B) {
				p, err := eval.New(context.Background(), cfg)
				if err != nil {
					b.Fatal(err)
				}
				defer p.Close()
				ctx := context.Background()
				b.ReportAllocs()
				for i := range b.N {
					v, err := p.Go(ctx, eval.Task{Lang: language, Source: "x", Globals: eval.Globals{"x": i}}).Get(ctx)
					if err != nil || v != int64(i) {
						b.Fatal(v, err)
					}
				}
			})
		}
	}
}

func TestManyInOrder(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		var fs []*eval.Future
		for i := range 2000 {
			fs = append(fs, p.Go(ctx, eval.Task{Lang: language, Source: "i * 2", Globals: eval.Globals{"i": i}}))
		}
		for i, f := range fs {
			if v, err := f.Get(ctx); v != int64(2*i) || err != nil {
				t.Fatalf("task %d gives %v, %v", i, v, err)
			}
		}
	})
}

func TestBig(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		x := make([]float64, 2<<20)
		for i := range x {
			x[i] = float64(i) / 3
		}
		var back []float64
		if err := p.Go(ctx, eval.Task{Lang: language, Source: "x", Globals: eval.Globals{"x": x}}).Into(ctx, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(x, back) {
			t.Error("16 MB of doubles came back changed")
		}
	})
}

func TestOutput(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		f := p.Go(context.Background(), eval.Task{Lang: language, Source: "print('hello'); print('you')"})
		if _, err := f.Get(soon(t)); err != nil {
			t.Fatal(err)
		}
		out := f.Result().Output
		if len(out) != 2 || out[0].Text != "hello" || out[1].Text != "you" {
			t.Errorf("output = %v", out)
		}
	})
}

func TestOnce(t *testing.T) {
	ctx := soon(t)
	f, err := eval.Once(ctx, eval.Config{Modules: modules}, eval.Task{Source: "test.pid()"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := f.Get(ctx)
	if err != nil || v == int64(os.Getpid()) {
		t.Errorf("Get() = %v, %v, want the id of another process", v, err)
	}
	gone(t, ctx, int(v.(int64)))
}

// TestClose: the futures that are pending fail with 19, and no process is left.
func TestClose(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{Daemons: 2})
	var ids []int
	for _, d := range p.Status().Daemons {
		ids = append(ids, d.PID)
	}
	f := p.Go(ctx, eval.Task{Source: "for (;;) {}"})
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("a pending future fails with %v, want ErrReset", err)
	}
	if _, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("a later one fails with %v, want ErrReset", err)
	}
	for _, pid := range ids {
		gone(t, ctx, pid)
	}
}

// gone waits until a process is gone.
func gone(t *testing.T, ctx context.Context, pid int) {
	t.Helper()
	for ctx.Err() == nil {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d is still there", pid)
}

// TestHostKilled: without its host a daemon is gone within a second, even one that is busy.
func TestHostKilled(t *testing.T) {
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), "MIRAI_TEST_HOST=1")
	out, err := host.StdoutPipe()
	if err == nil {
		err = host.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var a, b int
	if _, err := fmt.Fscan(out, &a, &b); err != nil {
		t.Fatal(err)
	}
	host.Process.Kill()
	host.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), slower*time.Second)
	defer cancel()
	gone(t, ctx, a)
	gone(t, ctx, b)
}

// hostUntilKilled is a host with an idle and a busy daemon.
func hostUntilKilled() {
	p, err := eval.New(context.Background(), eval.Config{Daemons: 2, Modules: modules})
	if err != nil {
		panic(err)
	}
	p.Go(context.Background(), eval.Task{Source: "for (;;) {}"})
	for len(p.Running()) == 0 {
	}
	for _, d := range p.Status().Daemons {
		fmt.Println(d.PID)
	}
	select {}
}
