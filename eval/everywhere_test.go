package eval_test

import (
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/launch"
)

// TestEverywhereMin: daemons that are not there yet are waited for by the results alone, and what can never be is told.
func TestEverywhereMin(t *testing.T) {
	everyKind(t, eval.Config{Daemons: 2}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		setup := eval.Task{Lang: language, Source: "k = 1", Min: 1}
		if fs, err := p.Everywhere(setup); len(fs) != 2 || err != nil {
			t.Errorf("Everywhere() with Min 1 = %d futures, %v, want one for each daemon", len(fs), err)
		}
		setup.Min = 3
		if fs, err := p.Everywhere(setup); err == nil || !strings.Contains(err.Error(), "min is 3") || !strings.Contains(err.Error(), "has 2 daemons") {
			t.Errorf("Everywhere() with Min 3 = %d futures, %v, want that there are 2 daemons", len(fs), err)
		}
		if v, err := p.Go(ctx, eval.Task{Lang: language, Source: say("k", "return k")}).Get(ctx); v != int64(1) || err != nil {
			t.Errorf("k = %v, %v", v, err)
		}
	})
}

// TestEverywhereWaits: the missing results come with the daemons that join, in the order of the calls, and hold up no task.
func TestEverywhereWaits(t *testing.T) {
	ctx := soon(t)
	left := make(chan struct{}, 10)
	p := open(t, eval.Config{Daemons: 2, Modules: modules, Settings: launch.Settings{Idle: 200 * time.Millisecond}, Log: slog.New(slog.NewTextHandler(lines(func(line string) {
		if strings.Contains(line, "resting") {
			left <- struct{}{}
		}
	}), nil))})
	<-left
	<-left
	var all []*eval.Future
	for _, source := range []string{"a = 1; [1, test.pid()]", "a = a + 1; [a, test.pid()]"} {
		fs, err := p.Everywhere(eval.Task{Source: source, Min: 2})
		if len(fs) != 2 || err != nil {
			t.Fatalf("Everywhere() = %d futures, %v, want 2", len(fs), err)
		}
		all = append(all, fs...)
	}
	var got [4][2]int64
	for i, f := range all {
		if err := f.Into(ctx, &got[i]); err != nil {
			t.Fatal(err)
		}
	}
	if got[0][0] != 1 || got[1][0] != 1 || got[2][0] != 2 || got[3][0] != 2 || got[0][1] == got[1][1] || got[0] == got[2] {
		t.Errorf("the results, with their processes, are %v, want 1, 1, 2, 2 of two processes", got)
	}
}

// TestEverywhereEnds: results that wait for daemons can be cancelled, time out, and end with the profile.
func TestEverywhereEnds(t *testing.T) {
	ctx := soon(t)
	var started atomic.Int32
	p := open(t, eval.Config{Daemons: 2, Command: func(s launch.Settings) (*exec.Cmd, error) {
		if started.Add(1) > 2 {
			return exec.Command("sleep", "60"), nil // it never connects
		}
		return launch.Self(s)
	}})
	kill(p.Status().Daemons[0].PID)
	for p.Status().Connections > 1 {
		if ctx.Err() != nil {
			t.Fatal("the daemon that was killed is still there")
		}
	}
	missing := func(task eval.Task) *eval.Future {
		t.Helper()
		task.Source, task.Min = "1", 2
		fs, err := p.Everywhere(task)
		if len(fs) != 2 || err != nil {
			t.Fatalf("Everywhere() = %d futures, %v, want 2", len(fs), err)
		}
		if v, err := fs[0].Get(ctx); v != int64(1) || err != nil {
			t.Errorf("the daemon that is there gives %v, %v", v, err)
		}
		return fs[1]
	}
	cancelled := missing(eval.Task{})
	if !cancelled.Cancel() {
		t.Error("it was not pending")
	}
	for f, want := range map[*eval.Future]error{cancelled: eval.ErrCancelled, missing(eval.Task{Timeout: 20 * time.Millisecond}): eval.ErrTimeout} {
		if _, err := f.Get(ctx); !errors.Is(err, want) {
			t.Errorf("it ended with %v, want %v", err, want)
		}
	}
	last := missing(eval.Task{})
	p.Close()
	if _, err := last.Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("it ended with %v, want that the profile was closed", err)
	}
}

// TestSetupThatEndsDaemons: where no daemon survives the setup, whatever waits is told so, and none is started for ever.
func TestSetupThatEndsDaemons(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{Daemons: 1, Modules: modules})
	fs, err := p.Everywhere(eval.Task{Source: "test.end()"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs[0].Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("the setup gives %v, want that its daemon was lost", err)
	}
	_, err = p.Go(ctx, eval.Task{Source: "1"}).Get(ctx)
	if !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), "no daemon gets through") {
		t.Errorf("a task after it gives %v, want why there are no daemons", err)
	}
	if _, err := p.Everywhere(eval.Task{Source: "1"}); err == nil || !strings.Contains(err.Error(), "no daemon gets through") {
		t.Errorf("Everywhere() = %v, want why there are no daemons", err)
	}
}
