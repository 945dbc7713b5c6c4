package daemon

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// maxOutput is how much printed text travels with one result, in bytes.
const maxOutput = 1 << 20

// output collects what a task prints.
type output struct {
	show bool // print it here too

	mu    sync.Mutex
	lines []wire.OutputLine
	size  int
	lost  int
}

func (o *output) print(s lang.Stream, text string) {
	if o.show {
		file := os.Stdout
		if s == lang.Stderr {
			file = os.Stderr
		}
		fmt.Fprintln(file, text)
	}
	text = strings.ToValidUTF8(text, "\uFFFD") // it travels as text
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size += len(text); o.size > maxOutput {
		o.lost++
		return
	}
	o.lines = append(o.lines, wire.OutputLine{Stream: s, Text: text})
}

// take gives the lines since the last take.
func (o *output) take() []wire.OutputLine {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := o.lines
	if o.lost > 0 {
		lines = append(lines, wire.OutputLine{Stream: lang.Stderr, Text: fmt.Sprintf("(%d more lines: a task's output is kept up to %d bytes)", o.lost, maxOutput)})
	}
	o.lines, o.size, o.lost = nil, 0, 0
	return lines
}
