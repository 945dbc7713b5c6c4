package repl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T) *history {
	t.Helper()
	h, err := openHistory()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHistory(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	h := open(t)
	for _, line := range []string{"1", "function f() {\n  return 1\n}", "", "2", "2", "  3 "} {
		if _, err := h.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"1", "function f() {\n  return 1\n}", "2", "3"}
	if got := open(t).lines; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the history has %q, want %q", got, want)
	}
	st, err := os.Stat(filepath.Join(state, "mirai", "history"))
	if err != nil || st.Mode().Perm()&0o077 != 0 {
		t.Errorf("the file of the history: %v, %v: others must not read it", st.Mode(), err)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	h := open(t)
	for i := range 2*maxHistory + 5 {
		if _, err := h.Write(fmt.Sprint("line ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if h = open(t); h.Len() != maxHistory || h.lines[0] != fmt.Sprint("line ", maxHistory+5) {
		t.Errorf("the history has %d lines from %q, want %d from line %d", h.Len(), h.lines[0], maxHistory, maxHistory+5)
	}
	b, err := os.ReadFile(h.path)
	if n := strings.Count(string(b), "\n"); err != nil || n != maxHistory {
		t.Errorf("the file has %d lines (%v), want %d", n, err, maxHistory)
	}
	if _, err := h.GetLine(maxHistory); err == nil {
		t.Error("there is a line past the end")
	}
}

func TestHistoryPassesOverGarbage(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	if err := os.MkdirAll(filepath.Join(state, "mirai"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "mirai", "history"), []byte("\"good\"\n{bad\n\"too\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(open(t).lines, "|"); got != "good|too" {
		t.Errorf("the history has %q, want good|too", got)
	}
}
