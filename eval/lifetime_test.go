package eval_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/js"
	"github.com/mojukapu/mirai/launch"
)

// TestExitCodes: a daemon tells why it left, and another one takes its place.
func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		settings launch.Settings
		source   string
		want     int
	}{
		"idle":      {launch.Settings{Idle: 30 * time.Millisecond}, "1", daemon.ExitIdle},
		"wall":      {launch.Settings{Wall: 30 * time.Millisecond}, "1", daemon.ExitWall},
		"wall busy": {launch.Settings{Wall: 30 * time.Millisecond}, "sleep(100)", daemon.ExitWall},
		"tasks":     {launch.Settings{MaxTasks: 1}, "1", daemon.ExitMaxTasks},
		"slow task": {launch.Settings{MaxTasks: 1}, "sleep(20)", daemon.ExitMaxTasks},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := soon(t)
			codes := make(chan int, 100)
			p := open(t, eval.Config{Settings: c.settings, InProcess: func(ctx context.Context, s launch.Settings, modules []lang.Module) error {
				code, err := daemon.Run(ctx, s, daemon.Config{Modules: modules})
				codes <- code
				return err
			}})
			if _, err := p.Go(ctx, eval.Task{Source: c.source}).Get(ctx); err != nil {
				t.Fatal(err)
			}
			select {
			case code := <-codes:
				if code != c.want {
					t.Errorf("it left with %d, want %d", code, c.want)
				}
			case <-ctx.Done():
				t.Fatal("it did not leave")
			}
			if v, err := p.Go(ctx, eval.Task{Source: "'next'"}).Get(ctx); v != "next" || err != nil {
				t.Errorf("the next daemon gives %v, %v", v, err)
			}
		})
	}
}

// TestWallTimes: daemons that leave all the time lose no task and run none twice.
func TestWallTimes(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{Daemons: 2, Settings: launch.Settings{Wall: 3 * time.Millisecond}, InProcess: daemon.InProcess})
	var fs []*eval.Future
	for range 300 {
		fs = append(fs, p.Go(ctx, eval.Task{Source: "sleep(0.3); 1"}))
	}
	for i, f := range fs {
		v, err := f.Get(ctx)
		if n := f.Result().Info.Attempts; v != int64(1) || err != nil || n != 1 {
			t.Fatalf("task %d: %v, %v, %d attempts", i, v, err, n)
		}
	}
	if n := p.Status().Cumulative; n < 4 {
		t.Errorf("there were %d daemons only: none left", n)
	}
}

func TestNoRespawn(t *testing.T) {
	none := func(launch.Settings) (*exec.Cmd, error) { return exec.Command(os.Args[0], "-no-such-flag"), nil }
	if _, err := eval.New(soon(t), eval.Config{Daemons: 2, NoRespawn: true, Command: none}); err == nil || !strings.Contains(err.Error(), "no daemon can start: exit status 2") {
		t.Errorf("New() = %v, want why no daemon can start", err)
	}
	for _, kind := range []string{"process", "inprocess"} {
		t.Run(kind, func(t *testing.T) {
			ctx := soon(t)
			cfg := eval.Config{NoRespawn: true, Grace: 50 * time.Millisecond}
			if kind == "inprocess" {
				cfg.InProcess = daemon.InProcess
			}
			p := open(t, cfg)
			hangs := p.Go(ctx, eval.Task{Source: "test.hang()", RunTimeout: 20 * time.Millisecond})
			waits := p.Go(ctx, eval.Task{Source: "1"})
			if _, err := hangs.Get(ctx); !errors.Is(err, eval.ErrTimeout) {
				t.Errorf("what hangs: %v, want a timeout", err)
			}
			if _, err := waits.Get(ctx); !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), "no daemon is left") {
				t.Errorf("what waits: %v, want that no daemon is left", err)
			}
			if _, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); !errors.Is(err, eval.ErrReset) {
				t.Errorf("a later task: %v, want 19", err)
			}
		})
	}
}

// TestDirect: tasks go to the daemons in turn, whatever those are doing.
func TestDirect(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{Daemons: 2, Direct: true})
	first := p.Go(ctx, eval.Task{Source: "sleep(100)"})
	var fs []*eval.Future
	for range 9 {
		fs = append(fs, p.Go(ctx, eval.Task{Source: "1"}))
	}
	if c := p.Status().Counts; c.Awaiting < 4 {
		t.Errorf("%d tasks wait, want those of the busy daemon", c.Awaiting)
	}
	last := fs[8]
	if !fs[7].Cancel() {
		t.Error("a task that waits cannot be cancelled")
	}
	at := func(f *eval.Future) uint64 {
		if _, err := f.Get(ctx); err != nil {
			t.Fatal(err)
		}
		return f.Result().Info.Daemon
	}
	for i, f := range append(fs[:7:7], last) {
		if i == 7 {
			i = 8
		}
		if same := at(f) == at(first); same != (i%2 == 1) {
			t.Errorf("task %d: the daemon of the first one: %v, want them in turn", i+1, same)
		}
	}
}

func TestSync(t *testing.T) {
	if _, err := eval.New(soon(t), eval.Config{Sync: true}); err == nil || !strings.Contains(err.Error(), "set InProcess") {
		t.Errorf("New() = %v, want that InProcess is missing", err)
	}
	ctx := soon(t)
	p := open(t, eval.Config{Sync: true, Daemons: 4, InProcess: daemon.InProcess})
	if n := p.Status().Connections; n != 1 {
		t.Errorf("there are %d daemons, want 1", n)
	}
	if v, err, resolved := p.Go(ctx, eval.Task{Source: "sleep(20); a", Globals: eval.Globals{"a": 1}}).Peek(); v != int64(1) || err != nil || !resolved {
		t.Errorf("Peek() = %v, %v, %v, want 1 at once", v, err, resolved)
	}
	m := p.Map(ctx, []int{1, 2, 3}, eval.Task{Source: "x => x * x"}, eval.MapOptions{Window: 2})
	if done, total := m.Progress(); done != 3 || total != 3 {
		t.Errorf("the map is at %d of %d, want it over", done, total)
	}
	fs, err := p.Everywhere(eval.Task{Source: "kept = 1"})
	if err != nil || len(fs) != 1 || !fs[0].Resolved() {
		t.Errorf("Everywhere() = %d futures, %v, want one that is resolved", len(fs), err)
	}
	short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	f := p.Go(short, eval.Task{Source: "for (;;);"})
	if _, err, resolved := f.Peek(); !errors.Is(err, eval.ErrCancelled) || !resolved {
		t.Errorf("Peek() = %v, %v, want it cancelled when its context ended", err, resolved)
	}
	if v, err, _ := p.Go(ctx, eval.Task{Source: "kept"}).Peek(); v != int64(1) || err != nil {
		t.Errorf("Peek() = %v, %v, want 1: the daemon goes on", v, err)
	}
}

// TestInsideRefused: a host that was given no way to run daemons inside says so, and keeps what was set.
func TestInsideRefused(t *testing.T) {
	h := eval.NewHost(eval.Config{})
	defer h.Close()
	in, err := js.New(lang.Config{Modules: h.Modules()})
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range []string{"inprocess", "sync"} {
		_, err := in.Eval(soon(t), lang.Code{Source: "daemons(1, {" + option + ": true})", Mode: lang.Line}, nil, nil)
		if err == nil || !strings.Contains(err.Error(), "eval.Config.Inside") {
			t.Errorf("%s: %v, want that this program does not let it", option, err)
		}
	}
}

// TestIdle: daemons that had nothing to do are replaced once tasks wait, no sooner, and have the setup of all.
func TestIdle(t *testing.T) {
	ctx := soon(t)
	left := make(chan struct{}, 10)
	p := open(t, eval.Config{Daemons: 2, Settings: launch.Settings{Idle: 50 * time.Millisecond}, Log: slog.New(slog.NewTextHandler(lines(func(line string) {
		if strings.Contains(line, "resting") {
			left <- struct{}{}
		}
	}), nil))})
	if _, err := p.Everywhere(eval.Task{Source: "setup = 5"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for range 2 {
			select {
			case <-left:
			case <-ctx.Done():
				t.Fatal("no daemon left")
			}
		}
		before := p.Status()
		if before.Connections != 0 {
			t.Errorf("%d daemons are there, want none", before.Connections)
		}
		fs := []*eval.Future{p.Go(ctx, eval.Task{Source: "sleep(100); setup"}), p.Go(ctx, eval.Task{Source: "sleep(100); setup"})}
		for _, f := range fs {
			if v, err := f.Get(ctx); v != int64(5) || err != nil {
				t.Errorf("after a rest: %v, %v, want 5", v, err)
			}
		}
		if n := p.Status().Cumulative - before.Cumulative; n != 2 {
			t.Errorf("%d daemons came for 2 tasks", n)
		}
	}
}

// lines is a writer that gives each line to a function.
type lines func(line string)

func (l lines) Write(b []byte) (int, error) {
	l(string(b))
	return len(b), nil
}

// TestHostClosed: a host that is closed starts nothing any more.
func TestHostClosed(t *testing.T) {
	h := eval.NewHost(eval.Config{Modules: modules})
	h.Close()
	if f, err := h.Go("", eval.Task{Source: "for (;;);"}); err == nil || !strings.Contains(err.Error(), "this session is over") {
		t.Errorf("Go() = %v, %v, want an error", f, err)
	}
	if err := h.Daemons(soon(t), 1); err == nil || !strings.Contains(err.Error(), "this session is over") {
		t.Errorf("Daemons() = %v, want an error", err)
	}
}
