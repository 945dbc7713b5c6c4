package wire

import (
	"reflect"
	"testing"
	"time"
)

// TestNested: what a task submits, how that ends and what a task tells arrive as they were sent.
func TestNested(t *testing.T) {
	h := Header{Task: 7, Attempt: 2}
	n := Nested{Parent: 3, Name: "n", Priority: -1, Retries: 2, Backoff: time.Second, Timeout: time.Minute, RunTimeout: time.Millisecond, Body: []byte{0xf6}}
	a := Answer{Failure: "reset", Message: "lost", Daemon: 2, PID: 4711, Host: "here", Tries: 3, Body: []byte{0xf5}}
	p := ProgressBody{Done: 1.5, Total: 3, Text: "halfway"}
	out := []OutputLine{{Text: "a"}, {Stream: 1, Text: "b"}}
	progress, err := AppendProgress(nil, h, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind  Kind
		frame []byte
		want  any
		parse func([]byte) (any, error)
	}{
		{Submit, AppendSubmit(nil, h, n), n, func(b []byte) (any, error) { return ParseSubmit(b) }},
		{Done, AppendAnswer(nil, h, a), a, func(b []byte) (any, error) { return ParseAnswer(b) }},
		{Progress, progress, p, func(b []byte) (any, error) { return ParseProgress(b) }},
		{Output, AppendOutput(nil, h, out), out, func(b []byte) (any, error) { return ParseOutput(b) }},
		{Lend, AppendLend(nil, h, []uint64{4, 5}), []uint64{4, 5}, func(b []byte) (any, error) { return ParseReturn(b) }},
	} {
		got, body, err := ParseHeader(c.frame)
		if want := (Header{c.kind, 7, 2}); err != nil || got != want {
			t.Errorf("kind %d: ParseHeader = %v, %v, want %v", c.kind, got, err, want)
		}
		if v, err := c.parse(body); err != nil || !reflect.DeepEqual(v, c.want) {
			t.Errorf("kind %d: got %+v, %v, want %+v", c.kind, v, err, c.want)
		}
		for cut := range body[:len(body)-1] { // a frame that was cut short is an error or loses its body, never a panic
			c.parse(body[:cut])
		}
	}
}
