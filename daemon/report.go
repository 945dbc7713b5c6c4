package daemon

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mojukapu/mirai/internal/session"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

const (
	maxOutput = 1 << 20               // how much printed text of one task travels, in bytes
	tellAfter = 10 * time.Millisecond // how long what a task says may wait for more, so that it travels together
	maxUnsent = 16 << 20              // bytes of partial results that wait to be sent before emit waits
)

// report is what a task tells while it runs: what it prints, how far it is, partial results. Its host hears of it
// within tellAfter, of partial results at once; what is left when the task ends travels with the result.
type report struct {
	w *worker

	mu       sync.Mutex
	task     wire.Header
	line     *session.Line
	running  bool
	timer    *time.Timer
	armed    bool
	lines    []wire.OutputLine
	size     int
	lost     int
	progress wire.ProgressBody
	moved    bool // progress was not sent yet
}

func (r *report) init(w *worker) {
	r.w = w
	r.timer = time.AfterFunc(never, r.tell)
	r.timer.Stop()
}

func (r *report) begin(j job) {
	r.mu.Lock()
	r.task, r.line, r.running = j.Header, j.line, true
	r.mu.Unlock()
}

// soon has the host told of what is there.
func (r *report) soon() {
	if !r.armed && r.running {
		r.armed = true
		r.timer.Reset(tellAfter)
	}
}

func (r *report) print(stream lang.Stream, text string) {
	if r.w.s.Output {
		file := os.Stdout
		if stream == lang.Stderr {
			file = os.Stderr
		}
		fmt.Fprintln(file, text)
	}
	text = strings.ToValidUTF8(text, "\uFFFD") // it travels as text
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.size += len(text); r.size > maxOutput {
		r.lost++
		return
	}
	r.lines = append(r.lines, wire.OutputLine{Stream: stream, Text: text})
	r.soon()
}

// tell sends what is there. Frames are queued under the lock, so that none comes after the result.
func (r *report) tell() {
	r.w.settle()
	r.mu.Lock()
	r.armed = false
	if !r.running {
		r.mu.Unlock()
		return
	}
	r.queueLines()
	r.queueProgress()
	line := r.line
	r.mu.Unlock()
	line.Flush()
}

func (r *report) queueLines() {
	if len(r.lines) > 0 {
		frame := wire.AppendOutput(nil, r.task, r.lines)
		r.line.Queue(frame)
		r.w.sent(r.line, len(frame))
		r.lines = nil
	}
}

func (r *report) queueProgress() {
	if r.moved {
		r.moved = false
		if frame, err := wire.AppendProgress(nil, r.task, r.progress); err == nil {
			r.line.Queue(frame)
		}
	}
}

// take ends the report of a task: it gives the lines that were not sent yet.
func (r *report) take() []wire.OutputLine {
	r.mu.Lock()
	moved := r.moved
	r.mu.Unlock()
	if moved {
		r.w.settle()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.armed {
		r.armed = false
		r.timer.Stop()
	}
	r.queueProgress()
	lines := r.lines
	if r.lost > 0 {
		lines = append(lines, wire.OutputLine{Stream: lang.Stderr, Text: fmt.Sprintf("(%d more lines: a task's output is kept up to %d bytes)", r.lost, maxOutput)})
	}
	r.running, r.lines, r.size, r.lost = false, nil, 0, 0
	return lines
}

// module gives scripts progress and emit.
func (r *report) module() lang.Module {
	return lang.Module{Global: true, Funcs: []lang.Func{{Name: "progress", Call: r.setProgress}, {Name: "emit", Call: r.emit}}}
}

// setProgress is progress(done, total, text). Total and text may be left out, or text stand in the place of total.
func (r *report) setProgress(c *lang.Call) (any, error) {
	done, err := c.Float(0)
	if err != nil {
		return nil, err
	}
	p, at := wire.ProgressBody{Done: done}, 1
	if len(c.Args) > 1 && c.Args[1].Kind() != "string" {
		if at++; c.Given(1) {
			p.Total, err = c.Float(1)
		}
	}
	if err == nil && c.Given(at) {
		p.Text, err = c.String(at)
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.running {
		return nil, over("progress")
	}
	r.progress, r.moved = p, true
	r.soon()
	return lang.Undefined{}, nil
}

// way is where the frames of the present task, or of the last one, go.
func (r *report) way() *session.Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.line
}

func over(what string) error {
	return &lang.Error{Class: "Error", Message: what + ": the task is over"}
}

// emit is emit(value): the host gets the value while the task goes on. It waits when the host takes them too slowly.
func (r *report) emit(c *lang.Call) (any, error) {
	if len(c.Args) == 0 {
		return nil, &lang.Error{Class: "TypeError", Message: "emit: give it a value: emit(value)"}
	}
	if err := r.way().Room(c.Context, maxUnsent); err != nil {
		return nil, err
	}
	var e wire.Encoder
	e.Reset(wire.AppendEmit(nil, r.task))
	if err := c.Args[0].Walk(&e); err != nil {
		return nil, lang.At(err, "the value")
	}
	frame, err := e.Finish()
	if err != nil {
		return nil, err
	}
	r.w.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.running {
		return nil, over("emit")
	}
	r.queueLines() // printed before
	r.line.Send(frame)
	r.w.sent(r.line, len(frame))
	return lang.Undefined{}, nil
}
