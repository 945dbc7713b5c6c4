package repl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxHistory is how many entries are kept.
const maxHistory = 1000

// history is what was typed, oldest first, in a private file: one JSON string a line.
type history struct {
	path  string
	lines []string
}

// openHistory reads the history of the person, and shortens its file when it has grown long.
func openHistory() (*history, error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	h := &history{path: filepath.Join(dir, "history")}
	n, err := h.load()
	if err == nil && n > 2*maxHistory {
		err = h.shorten()
	}
	return h, err
}

// stateDir is where programs keep what they remember of a person.
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "mirai"), nil
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "mirai"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "mirai"), err
}

// load reads the file and gives the number of its lines; those that it cannot read it passes over.
func (h *history) load() (n int, err error) {
	f, err := os.Open(h.path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for ; sc.Scan(); n++ {
		var line string
		if json.Unmarshal(sc.Bytes(), &line) == nil && line != "" {
			h.lines = append(h.lines, line)
		}
	}
	h.bound()
	return n, sc.Err()
}

func (h *history) bound() {
	if n := len(h.lines) - maxHistory; n > 0 {
		h.lines = h.lines[n:]
	}
}

// shorten writes the file anew, at once or not at all.
func (h *history) shorten() error {
	tmp := fmt.Sprintf("%s.%d", h.path, os.Getpid())
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, line := range h.lines {
		w.Write(encode(line))
	}
	err = errors.Join(w.Flush(), f.Close())
	if err == nil {
		err = os.Rename(tmp, h.path)
	}
	if err != nil {
		os.Remove(tmp)
	}
	return err
}

// Write adds an entry, unless it is empty or the same as the last one.
func (h *history) Write(line string) (int, error) {
	line = strings.TrimSpace(line)
	if n := len(h.lines); line == "" || n > 0 && h.lines[n-1] == line {
		return n, nil
	}
	h.lines = append(h.lines, line)
	h.bound()
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.lines), err
	}
	_, err = f.Write(encode(line))
	return len(h.lines), errors.Join(err, f.Close())
}

// encode gives the line of the file for an entry.
func encode(line string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // people may look at it
	e.Encode(line)
	return b.Bytes()
}

// GetLine gives an entry, 0 being the oldest.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.lines) {
		return "", fmt.Errorf("there is no line %d in the history", i)
	}
	return h.lines[i], nil
}

// Len is the number of entries.
func (h *history) Len() int { return len(h.lines) }

// Dump gives all entries.
func (h *history) Dump() any { return h.lines }
