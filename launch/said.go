package launch

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// Said keeps the first and the last bytes of what a process says. Its zero value is ready to be written to.
type Said struct {
	Also io.Writer // gets everything too; nil: nobody does

	mu          sync.Mutex
	first, last []byte
}

const saidSize = 512

// Write never fails.
func (t *Said) Write(b []byte) (int, error) {
	if t.Also != nil {
		t.Also.Write(b)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(b), saidSize-len(t.first))
	t.first = append(t.first, b[:n]...)
	if t.last = append(t.last, b[n:]...); len(t.last) > saidSize {
		t.last = append(t.last[:0], t.last[len(t.last)-saidSize:]...)
	}
	return len(b), nil
}

// String is what a person needs of it: the first line of a crash, or everything when it is short.
func (t *Said) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := append(bytes.Clone(t.first), t.last...)
	for _, line := range strings.Split(string(all), "\n") {
		if strings.HasPrefix(line, "fatal error:") || strings.HasPrefix(line, "panic:") {
			return line
		}
	}
	return strings.TrimSpace(string(all))
}
