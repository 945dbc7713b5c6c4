//go:build unix

package eval_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/launch"
)

// TestHeartbeat: a daemon elsewhere that stands still is noticed as soon as its profile says.
func TestHeartbeat(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{URL: "tls+tcp://127.0.0.1:0", Daemons: 1, Launcher: here, Settings: launch.Settings{Heartbeat: 200 * time.Millisecond}})
	f := p.Go(ctx, eval.Task{Source: "for (;;);"})
	for len(p.Running()) == 0 {
		if ctx.Err() != nil {
			t.Fatal("it does not run")
		}
	}
	if err := syscall.Kill(p.Running()[0].PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get(ctx); !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), "silent") {
		t.Errorf("Get() = %v, want that it was silent", err)
	}
}

// TestStaysStopped: a daemon that stands still is noticed, and goes on with its task when it runs again in time.
func TestStaysStopped(t *testing.T) {
	ctx := soon(t)
	p, _, cmd := staying(t, eval.Config{Redial: time.Minute, Settings: launch.Settings{Heartbeat: 50 * time.Millisecond}})
	g := newGate(t)
	f := p.Go(ctx, eval.Task{Source: "test.await(at)", Globals: eval.Globals{"at": g.Addr().String()}})
	g.reached()
	cmd.Process.Signal(syscall.SIGSTOP)
	until(t, ctx, "it is noticed", func() bool { return p.Status().Connections == 0 })
	g.open()
	cmd.Process.Signal(syscall.SIGCONT)
	if v, err := f.Get(ctx); v != int64(cmd.Process.Pid) || err != nil || p.Status().Cumulative != 1 {
		t.Errorf("Get() = %v, %v, want %d from the first daemon", v, err, cmd.Process.Pid)
	}
}
