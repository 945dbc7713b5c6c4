package eval

import (
	"testing"
	"time"
)

func TestETA(t *testing.T) {
	for _, c := range []struct {
		took       time.Duration
		done, left int
		want       time.Duration
	}{
		{time.Second, 0, 10, 0},
		{time.Second, 5, 10, 2 * time.Second},
		{time.Minute, 100, 0, 0},
	} {
		if got := eta(c.took, c.done, c.left); got != c.want {
			t.Errorf("eta(%v, %d, %d) = %v, want %v", c.took, c.done, c.left, got, c.want)
		}
	}
}

// TestMeter: every report counts, and the last one says so.
func TestMeter(t *testing.T) {
	var got []Progress
	m := newMeter(collecting{progress: true, name: "fit", report: func(p Progress) { got = append(got, p) }}, 3)
	m.at(1)
	m.at(3)
	m.end()
	if len(got) != 3 || got[0].Done != 1 || got[0].ETA != 0 || got[0].Over || got[1].Done != 3 || got[1].Name != "fit" || !got[2].Over || got[2].Total != 3 {
		t.Errorf("reports = %+v", got)
	}
	newMeter(collecting{progress: true}, 3).at(1) // nobody listens
}
