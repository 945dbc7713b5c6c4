package eval_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// heard is what hooks heard, as lines.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) add(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
}

// count gives how many lines begin with a text.
func (h *heard) count(prefix string) (n int) {
	for _, l := range h.lines {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// watch hears of everything. Every task travels with the trace context.
func (h *heard) watch(trace string) eval.Watch {
	return func(_ context.Context, p *eval.Profile) *eval.Hooks {
		h.add("set %s", p.Status().Name)
		return &eval.Hooks{
			Submit: func(ctx context.Context, s eval.Submission) (string, func(error)) {
				h.add("submit %s %s %s", s.Purpose, s.Lang, s.Name)
				return trace, func(err error) { h.add("encoded %s %t", s.Name, err == nil) }
			},
			Map: func(ctx context.Context, n int) (context.Context, func()) {
				h.add("map %d", n)
				return ctx, func() { h.add("map begun") }
			},
			End: func(s eval.Submission, r eval.Result, wait time.Duration) {
				kind := "value"
				if r.Err != nil {
					kind = r.Err.Kind
				}
				h.add("end %s %s, ran %t, %d attempts", s.Name, kind, !r.Info.Started.IsZero(), r.Info.Attempts)
				if wait < 0 || r.Info.Run < 0 {
					h.add("waited %v, ran %v", wait, r.Info.Run)
				}
			},
			Up:    func(d eval.DaemonStatus) { h.add("up %d", d.ID) },
			Gone:  func(d eval.DaemonStatus) { h.add("gone %d", d.ID) },
			Reset: func() { h.add("reset") },
		}
	}
}

// shop is what TestHooks hears of tasks, sorted.
const shop = `end bad error, ran true, 1 attempts
end busy cancelled, ran false, 1 attempts
end deadly reset, ran false, 2 attempts
end good value, ran true, 1 attempts
end late timeout, ran false, 1 attempts
end square value, ran true, 1 attempts
end square value, ran true, 1 attempts
end unsendable refused, ran false, 0 attempts
end waiting cancelled, ran false, 0 attempts
map 3
map begun
set shop
submit map js square
submit map js square
submit task js busy
submit task js deadly
submit task js good
submit task js late
submit task js unsendable
submit task js waiting
submit task lua bad`

// TestHooks hears of tasks that end in every way, and of a daemon that is lost.
func TestHooks(t *testing.T) {
	var h heard
	cfg := eval.Config{Name: "shop", Modules: modules, Depth: 1, Queue: 1, Watch: []eval.Watch{h.watch("")}}
	p, err := eval.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	get := func(task eval.Task, want error) {
		t.Helper()
		if _, err := p.Go(ctx, task).Get(ctx); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", task.Name, err, want)
		}
	}
	get(eval.Task{Name: "good", Source: "1"}, nil)
	get(eval.Task{Name: "bad", Source: "error('no')", Lang: lang.Lua}, eval.ErrRaised)
	get(eval.Task{Name: "unsendable", Source: "x", Globals: eval.Globals{"x": make(chan int)}}, eval.ErrRefused)
	get(eval.Task{Name: "late", Source: "for (;;) {}", RunTimeout: time.Millisecond}, eval.ErrTimeout)
	get(eval.Task{Name: "deadly", Source: "test.end()", Retries: 1}, eval.ErrReset)
	busy := p.Go(ctx, eval.Task{Name: "busy", Source: "for (;;) {}"})
	waiting := p.Go(ctx, eval.Task{Name: "waiting", Source: "1"})
	if f := p.Try(ctx, eval.Task{Name: "too many", Source: "1"}); f != nil {
		t.Error("a task was let in beyond the bound")
	}
	waiting.Cancel()
	busy.Cancel()
	if _, err := p.Map(ctx, []int{1, 2, 3}, eval.Task{Name: "square", Source: "x => x * x"}, eval.MapOptions{Chunk: 2, Window: 1}).Get(ctx); err != nil {
		t.Error(err)
	}
	p.Close()
	h.compare(t)
}

// compare compares what was heard with shop.
func (h *heard) compare(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if first, last := h.lines[0], h.lines[len(h.lines)-1]; first != "set shop" || last != "reset" {
		t.Errorf("heard %q first and %q last", first, last)
	}
	got := slices.DeleteFunc(slices.Clone(h.lines), func(l string) bool {
		return strings.HasPrefix(l, "encoded") || strings.HasPrefix(l, "up") || strings.HasPrefix(l, "gone") || l == "reset"
	})
	slices.Sort(got)
	if got := strings.Join(got, "\n"); got != shop {
		t.Errorf("heard\n%s\nwant\n%s", got, shop)
	}
	if up, gone := h.count("up"), h.count("gone"); up < 3 || up != gone { // the first, one after each death
		t.Errorf("%d daemons came and %d went, want as many, three or more", up, gone)
	}
	if encoded, refused := h.count("encoded"), h.count("encoded unsendable false"); encoded != 9 || refused != 1 {
		t.Errorf("%d tasks were encoded, %d not, want 9 and 1", encoded, refused)
	}
}

// TestDaemonHooks hears in a daemon what its host sent along: of several hooks' trace contexts the first.
func TestDaemonHooks(t *testing.T) {
	var host, there heard
	watch := func(url string) *daemon.Hooks {
		there.add("connected %t", strings.HasPrefix(url, "inproc://"))
		return &daemon.Hooks{
			Start: func(task daemon.Task) (context.Context, func(error)) {
				there.add("start %s %s setup %t trace %q attempt %d", task.Lang, task.File, task.Setup, task.Trace, task.Attempt)
				return nil, func(err error) { there.add("end %t", err == nil) }
			},
			Leave: func() { there.add("leave") },
		}
	}
	p, err := eval.New(t.Context(), eval.Config{
		InProcess: func(ctx context.Context, s launch.Settings, modules []lang.Module) error {
			_, err := daemon.Run(ctx, s, daemon.Config{Modules: modules, Watch: watch})
			return err
		},
		Settings: launch.Settings{Cleanup: "fresh"},
		Watch:    []eval.Watch{host.watch(""), host.watch("one\ntwo"), host.watch("three")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Everywhere(eval.Task{Source: "x = 1", File: "setup.js"}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // each in a fresh interpreter, which has the setup again: nobody hears of that
		if v, err := p.Go(t.Context(), eval.Task{Source: "x", File: "a.js"}).Get(t.Context()); err != nil || v != int64(1) {
			t.Fatal(v, err)
		}
	}
	if _, err := p.Go(t.Context(), eval.Task{Lang: lang.Lua, Source: "return function() return x end, print", File: "b.lua"}).Get(t.Context()); err == nil {
		t.Error("a native function was sent")
	}
	p.Close()
	want := `connected true
start js setup.js setup true trace "one\ntwo" attempt 1
end true
start js a.js setup false trace "one\ntwo" attempt 1
end true
start js a.js setup false trace "one\ntwo" attempt 1
end true
start lua b.lua setup false trace "one\ntwo" attempt 1
end false
leave`
	if got := strings.Join(there.lines, "\n"); got != want {
		t.Errorf("heard\n%s\nwant\n%s", got, want)
	}
}
