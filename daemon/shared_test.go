package daemon_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/share"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// TestFetch: a daemon that cannot map a shared value has it sent, once, also when the task that asked is
// cancelled meanwhile; one that is no more is an error of each task.
func TestFetch(t *testing.T) {
	kept, err := wire.Encode(func(s lang.Sink) error { return lang.Walk(append(make([]float64, 999), 42), s) })
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan uint64, 10)
	done := make(chan wire.DoneBody, 1)
	slow := make(chan func(), 1)
	host, err := dispatch.New(dispatch.Config{
		URL:   "inproc://" + t.Name(),
		Admit: func(wire.HelloBody) (any, error) { return nil, nil },
		Up:    func(*dispatch.Daemon) {},
		Gone:  func(*dispatch.Daemon, error) string { return "" },
		End:   func(*dispatch.Task, dispatch.Outcome, *dispatch.Daemon, string) {},
		Log:   t.Logf,
		Done: func(_ *dispatch.Task, _ *dispatch.Daemon, body []byte) {
			r, err := wire.ParseDone(body)
			if err != nil {
				t.Error(err)
			}
			done <- r
		},
		Fetch: func(l *dispatch.Link, id uint64) (found bool) {
			asked <- id
			b := wire.AppendHeader(nil, wire.Header{Kind: wire.Fetch, Task: id})
			if found = id != 2; found {
				b = append(b, kept...)
			}
			if id == 3 {
				slow <- func() { l.Send(b) }
				return found
			}
			l.Send(b)
			return found
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		daemon.Run(ctx, launch.Settings{URL: host.URL()}, daemon.Config{})
	}()
	submit := func(id uint64, language, source string, value uint64) *dispatch.Task {
		t.Helper()
		ref := share.Ref{ID: value, Size: int64(len(kept))}.Append(nil)
		frame := wire.AppendRun(nil, wire.Header{Kind: wire.Run, Task: id, Attempt: 1}, wire.RunBody{Language: language, Source: source, File: "t", Line: 1, Column: 1})
		var e wire.Encoder
		frame, err := e.AppendBindings(frame, "globals", []lang.Binding{{Name: "xs", Value: func(s lang.Sink) error {
			if err := s.Begin(lang.Custom, 1, wire.NameShared); err != nil {
				return err
			}
			s.Bytes(ref)
			return s.End()
		}}})
		if err == nil {
			frame, err = e.AppendBindings(frame, "args", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		task := &dispatch.Task{ID: id, Frame: frame}
		host.Submit(task)
		return task
	}
	run := func(id uint64, language, source string, value uint64) wire.DoneBody {
		t.Helper()
		submit(id, language, source, value)
		select {
		case r := <-done:
			return r
		case <-ctx.Done():
			t.Fatal("the task did not end")
			panic("unreachable")
		}
	}
	for id, c := range []struct{ language, source string }{{lang.JS, "xs[999] * xs.length"}, {lang.Lua, "return xs[1000] * #xs"}} {
		r := run(uint64(id+1), c.language, c.source, 1)
		if r.Fault != nil {
			t.Fatalf("%s fails: %+v", c.source, r.Fault)
		}
		if v, err := wire.ToGo(r.Value, false, nil); v != int64(42000) || err != nil {
			t.Errorf("%s = %v, %v, want 42000", c.source, v, err)
		}
	}
	if n := len(asked); n != 1 {
		t.Errorf("the value was sent %d times, want once", n)
	}
	if r := run(9, lang.JS, "xs[0] = 5", 1); r.Fault == nil || !strings.Contains(r.Fault.Message, "a shared value cannot be changed") {
		t.Errorf("writing to it gives %+v", r)
	}
	for id := range uint64(2) {
		if r := run(10+id, lang.JS, "xs", 2); r.Fault == nil || !strings.Contains(r.Fault.Message, "the shared value is no more") {
			t.Errorf("a value that is no more gives %+v", r)
		}
	}
	cancelled := submit(12, lang.JS, "xs.length", 3)
	var send func()
	select {
	case send = <-slow:
	case <-ctx.Done():
		t.Fatal("nobody asked for the value")
	}
	host.Cancel(cancelled)
	send()
	if r := run(13, lang.JS, "xs.length", 3); r.Fault != nil {
		t.Errorf("after a cancelled task the value gives %+v", r.Fault)
	}
	host.Close()
	<-ended
}
