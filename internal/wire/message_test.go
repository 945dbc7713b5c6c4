package wire

import (
	"bytes"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// TestTraceOfTask wants a task to carry its trace context, and one without to be not a byte longer.
func TestTraceOfTask(t *testing.T) {
	var e Encoder
	frame := AppendRun(nil, Header{Kind: Run, Task: 1, Attempt: 1}, RunBody{Language: lang.JS, Source: "a", File: "f", Line: 1, Column: 1})
	frame, err := e.AppendBindings(frame, "globals", []lang.Binding{{Name: "a", Value: func(s lang.Sink) error { return s.Int(1) }}})
	if err == nil {
		frame, err = e.AppendBindings(frame, "args", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	plain := bytes.Clone(frame)
	if got := AppendTrace(frame, ""); !bytes.Equal(got, plain) {
		t.Errorf("without a trace context the frame is %x, want %x", got, plain)
	}
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	body := RunBody{Trace: "of the task before"}
	for _, c := range []struct {
		frame []byte
		trace string
	}{{plain, ""}, {AppendTrace(frame, trace), trace}} {
		if err := ParseRun(c.frame[HeaderSize:], &body); err != nil {
			t.Fatal(err)
		}
		if body.Trace != c.trace || body.Source != "a" || len(body.Globals) != 1 || len(body.Args) != 0 {
			t.Errorf("read %+v, want the trace context %q", body, c.trace)
		}
	}
	if err := ParseRun(AppendTrace(AppendTrace(frame, trace), trace)[HeaderSize:], &body); err == nil {
		t.Error("a task with 10 fields is read")
	}
}
