package script

import (
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
)

// drawing is a progress whose clock moves 40 ms at each look.
func drawing(tty bool) (*progress, *strings.Builder) {
	var out strings.Builder
	clock := time.Unix(0, 0)
	return &progress{tty: tty, show: func(text string) { out.WriteString(text) }, now: func() time.Time {
		clock = clock.Add(40 * time.Millisecond)
		return clock
	}}, &out
}

func TestBar(t *testing.T) {
	p, out := drawing(true)
	for i := range 10 {
		p.report(eval.Progress{Name: "fit", Done: i, Total: 10, ETA: time.Duration(10-i) * time.Second})
	}
	p.report(eval.Progress{Done: 10, Total: 10, Over: true})
	draws := strings.Split(out.String(), "\r")[1:]
	if len(draws) != 5 { // at 0, 3, 6, 9, and the clearing
		t.Fatalf("it is drawn %d times in 400 ms: %q", len(draws)-1, out)
	}
	if want := "fit █████████░░░░░░░░░░░░░░░░░░░░░ 3/10 (30%), 7s left\x1b[K"; draws[1] != want {
		t.Errorf("it is drawn as %q, want %q", draws[1], want)
	}
	if draws[4] != "\x1b[K" {
		t.Errorf("it ends with %q, want it cleared", draws[4])
	}
}

func TestLines(t *testing.T) {
	p, out := drawing(false)
	for i := range 101 {
		p.report(eval.Progress{Done: i, Total: 100, ETA: time.Minute})
	}
	p.report(eval.Progress{Done: 100, Total: 100, Over: true})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 10 || lines[0] != "10/100 (10%), 1m0s left" || lines[9] != "100/100 (100%)" {
		t.Errorf("it tells %q, want a line at every tenth", lines)
	}
}
