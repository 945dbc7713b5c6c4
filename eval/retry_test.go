package eval_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
)

// killAt kills the daemon of the only task at an attempt of its.
func killAt(t *testing.T, ctx context.Context, p *eval.Profile, attempt int) {
	t.Helper()
	until(t, ctx, fmt.Sprintf("the task runs for the %d. time", attempt), func() bool {
		ts := p.Tasks()
		if len(ts) == 1 && ts[0].State == "running" && ts[0].Attempt == attempt {
			kill(ts[0].PID)
			return true
		}
		return false
	})
}

func waitsFor(t *testing.T, ctx context.Context, p *eval.Profile, attempt int) {
	t.Helper()
	until(t, ctx, fmt.Sprintf("the task waits for attempt %d", attempt), func() bool {
		ts := p.Tasks()
		return len(ts) == 1 && ts[0].State == "waiting" && ts[0].Attempt == attempt
	})
}

// TestBackoff shows that a task which kills daemons runs as often as it was told, later each time, and no more.
func TestBackoff(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	start := time.Now()
	f := p.Go(ctx, eval.Task{Source: "sleep(100000)", Retries: 2, Backoff: 100 * time.Millisecond})
	for attempt := range 3 {
		killAt(t, ctx, p, attempt+1)
		if attempt < 2 {
			waitsFor(t, ctx, p, attempt+2)
		}
	}
	_, err := f.Get(ctx)
	if !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), "signal: killed (attempt 3 of 3)") {
		t.Errorf("Get() failed with %v, want the last cause and the number of attempts", err)
	}
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Errorf("three attempts took %v, want 100 ms and 200 ms between them", took)
	}
	if n := f.Result().Info.Attempts; n != 3 {
		t.Errorf("attempts = %d, want 3", n)
	}
	if v, err := p.Go(ctx, eval.Task{Source: "'on'"}).Get(ctx); v != "on" || err != nil {
		t.Errorf("the next task gives %v, %v", v, err)
	}
}

// TestBackoffEnds shows what ends a task between two attempts.
func TestBackoffEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		task eval.Task
		end  func(p *eval.Profile, f *eval.Future)
		want error
	}{
		{"cancel", eval.Task{}, func(_ *eval.Profile, f *eval.Future) { f.Cancel() }, eval.ErrCancelled},
		{"timeout", eval.Task{Timeout: 2 * time.Second}, func(*eval.Profile, *eval.Future) {}, eval.ErrTimeout},
		{"close", eval.Task{}, func(p *eval.Profile, _ *eval.Future) { p.Close() }, eval.ErrReset},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := open(t, eval.Config{})
			ctx := soon(t)
			c.task.Source, c.task.Retries, c.task.Backoff = "sleep(100000)", 5, time.Hour
			f := p.Go(ctx, c.task)
			killAt(t, ctx, p, 1)
			waitsFor(t, ctx, p, 2)
			c.end(p, f)
			if _, err := f.Get(ctx); !errors.Is(err, c.want) {
				t.Errorf("Get() failed with %v, want %v", err, c.want)
			}
			if n := f.Result().Info.Attempts; n != 1 {
				t.Errorf("attempts = %d, want 1", n)
			}
		})
	}
}

// TestLimitsApart shows that a time-out says which limit it was: from the submission, or from the start of the run.
func TestLimitsApart(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		fails := func(f *eval.Future, want string, attempts int) {
			t.Helper()
			_, err := f.Get(ctx)
			if !errors.Is(err, eval.ErrTimeout) || !strings.Contains(err.Error(), want) {
				t.Errorf("Get() failed with %v, want %q", err, want)
			}
			if n := f.Result().Info.Attempts; n != attempts {
				t.Errorf("attempts = %d, want %d", n, attempts)
			}
		}
		lasts := eval.Task{Lang: language, Source: "sleep(100000)"}
		late, over := lasts, lasts
		late.Timeout, over.RunTimeout = 100*time.Millisecond, 60*time.Millisecond
		busy := occupy(t, ctx, p)
		waits := p.Go(ctx, late)
		runs := p.Go(ctx, over)
		fails(waits, "timed out after 100ms waiting", 0)
		if runs.Resolved() {
			t.Error("the limit of a run ended a task that waits")
		}
		cancel(busy)
		fails(runs, "timed out after 60ms running", 1)
		late.Timeout = 300 * time.Millisecond
		fails(p.Go(ctx, late), "timed out after 300ms, while running", 1)
	})
}

// TestSentAheadStartsLater shows that a run limit of a task that was sent ahead begins when the one before it has ended.
func TestSentAheadStartsLater(t *testing.T) {
	p := open(t, eval.Config{})
	ctx := soon(t)
	for range 50 { // until tasks are known to be short
		if _, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); err != nil {
			t.Fatal(err)
		}
	}
	first := p.Go(ctx, eval.Task{Source: "sleep(300)"})
	second := p.Go(ctx, eval.Task{Source: "sleep(50); 'done'", RunTimeout: 200 * time.Millisecond})
	if v, err := second.Get(ctx); v != "done" || err != nil {
		t.Errorf("the second task gives %v, %v: its run did not begin when it was sent", v, err)
	}
	if !first.Resolved() {
		t.Error("the second task was done before the first")
	}
}
