package dispatch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFloodIsLoggedSparsely: a thousand strangers a second make a few lines a minute, which tell how many there were.
func TestFloodIsLoggedSparsely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		log := sparse(func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
		for i := range 180_000 {
			log("stranger %d", i)
			time.Sleep(time.Millisecond)
		}
		if len(lines) != 3*logLines+2 {
			t.Errorf("%d lines, want %d", len(lines), 3*logLines+2)
		}
		told := slices.IndexFunc(lines, func(s string) bool { return strings.Contains(s, "59980 more like these") })
		if told != logLines {
			t.Errorf("the lines %q do not tell how many there were", lines)
		}
	})
}
