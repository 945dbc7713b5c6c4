package mirai_test

import (
	"context"
	"fmt"
	"testing"
	"unsafe"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/js"
	"github.com/mojukapu/mirai/lang/lua"
)

// TestAllocations bounds what each stage of a trivial task allocates, so that a regression shows where it happened. Time
// is not asked here: machines differ, allocations do not.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Log("counts are those without the race detector")
	}
	ctx := context.Background()
	line := lang.Code{Source: "m = mirai<js>{ a + b }(a, b)", Name: "script.js"}
	globals := []lang.Binding{{Name: "a", Value: func(s lang.Sink) error { return s.Int(1) }}, {Name: "b", Value: func(s lang.Sink) error { return s.Int(2) }}}
	run := wire.AppendRun(nil, wire.Header{Kind: wire.Run, Task: 1, Attempt: 1}, wire.RunBody{Language: lang.JS, Source: "a + b", File: "f", Line: 1, Column: 1})
	var encoder wire.Encoder
	frame, err := encoder.AppendBindings(run, "globals", globals)
	if err == nil {
		frame, err = encoder.AppendBindings(frame, "args", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	var body wire.RunBody
	var queue dispatch.Queue
	idle := &dispatch.Daemon{}
	queue.Up(idle)
	queue.Ready(idle, 0)
	var now int
	p, err := eval.New(ctx, eval.Config{InProcess: daemon.InProcess})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	task := eval.Task{Source: "1"}
	stages := []struct {
		name string
		most float64
		once func() error
	}{
		{"rewrite a line", 6, func() error { _, err := lang.Rewrite(lang.JS, line, nil); return err }},
		{"encode two globals", 0, func() error {
			_, err := encoder.AppendBindings(frame[:len(run)], "globals", globals)
			return err
		}},
		{"decode a task", 0, func() error { return wire.ParseRun(frame[wire.HeaderSize:], &body) }},
		{"dispatch step", 1, func() error {
			now++
			task := &dispatch.Task{ID: uint64(now)}
			queue.Submit(task, 0)
			queue.Take()
			if queue.Result(idle, task.ID, 1, 0) != task {
				return fmt.Errorf("the queue lost a task")
			}
			queue.Take()
			return nil
		}},
		{"evaluate JS", 9, evaluation(t, js.New, globals)},
		{"evaluate Lua", 8, evaluation(t, lua.New, globals)},
		{"a whole round trip, both sides", 20, func() error {
			_, err := p.Go(ctx, task).Get(ctx)
			return err
		}},
	}
	for _, s := range stages {
		got := testing.AllocsPerRun(200, func() {
			if err := s.once(); err != nil {
				t.Fatal(s.name, err)
			}
		})
		t.Logf("%-32s %4.0f allocations, at most %.0f", s.name, got, s.most)
		if got > s.most && !raceEnabled {
			t.Errorf("%s: %.0f allocations, want at most %.0f", s.name, got, s.most)
		}
	}
	for _, s := range []struct {
		name      string
		got, most uintptr
	}{
		{"Future, which is the task and its place in the queue too", unsafe.Sizeof(eval.Future{}), 448},
		{"Task of the queue", unsafe.Sizeof(dispatch.Task{}), 184},
	} {
		t.Logf("%s: %d bytes, at most %d", s.name, s.got, s.most)
		if s.got > s.most {
			t.Errorf("%s: %d bytes, want at most %d", s.name, s.got, s.most)
		}
	}
}

// evaluation gives a trivial block with two globals on a warm interpreter.
func evaluation[I lang.Interpreter](t *testing.T, make func(lang.Config) (I, error), globals []lang.Binding) func() error {
	in, err := make(lang.Config{})
	if err != nil {
		t.Fatal(err)
	}
	code := lang.Code{Source: "return a + b", Name: "f"}
	return func() error {
		_, err := in.Eval(context.Background(), code, globals, nil)
		in.Reset()
		return err
	}
}
