package eval

import (
	"context"
	"iter"
	"sync"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// maxPrinted is how many bytes of a task's output are kept. A daemon sends no more than a quarter of it, unless it lies.
const maxPrinted = 4 << 20

// maxEmitted is how many bytes of partial results are kept that nobody has taken.
const maxEmitted = 64 << 20

// Report is how far a task says it is.
type Report struct {
	Done, Total float64 // Total is 0 where it is not known
	Text        string
}

// OutputLine is a line that a task printed: Stream says where to (lang.Stdout or lang.Stderr), Text is without its newline.
type OutputLine = wire.OutputLine

// News is called with what a task tells while it runs, in order, on the goroutine that reads from its daemon: its
// functions must not block. Nil ones hear nothing.
type News struct {
	Output   func(lines []OutputLine)
	Progress func(r Report)
	Emit     func(value lang.Feed) // a partial result, valid for good
}

// live is what a task has told so far.
type live struct {
	order sync.Mutex // held while watchers are called, so that each hears of things in turn; taken before the future's

	output   []OutputLine
	printed  int // bytes of output
	report   *Report
	emitted  [][]byte // partial results, encoded
	dropped  int      // of those that were taken, to make room
	taken    int      // how many somebody has had
	size     int      // bytes of emitted
	watchers []News
	more     chan struct{}           // closed when there is more; nil when nobody waits
	pass     func(wire.Kind, []byte) // of a nested task: to the daemon that submitted it
}

// telling gives what the task has told; under the lock.
func (f *Future) telling() *live {
	if f.live == nil {
		f.live = &live{}
	}
	return f.live
}

// ordered gives what the task has told, for who calls watchers: no one else does until order is unlocked.
func (f *Future) ordered() *live {
	f.mu.Lock()
	l := f.telling()
	f.mu.Unlock()
	l.order.Lock()
	return l
}

// hear takes news of the task.
func (f *Future) hear(k wire.Kind, body []byte) {
	if f.heard(k, body) {
		f.resolveAndCancel(newError(Limit, "its partial results reach %d MiB and nobody takes them: take them with m.values() or m.on(\"emit\", f)", maxEmitted>>20))
	}
}

// heard keeps news and tells the watchers. It is full when more partial results are kept than may be.
func (f *Future) heard(k wire.Kind, body []byte) (full bool) {
	l := f.ordered()
	defer l.order.Unlock()
	f.mu.Lock()
	if f.over {
		f.mu.Unlock()
		return false
	}
	if l.pass != nil {
		f.mu.Unlock()
		l.pass(k, body)
		return false
	}
	call := l.take(k, body)
	watchers := l.watchers
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	full = l.size > maxEmitted
	f.mu.Unlock()
	for _, w := range watchers {
		call(w)
	}
	return full
}

// take keeps news and gives what tells a watcher.
func (l *live) take(k wire.Kind, body []byte) (tell func(News)) {
	tell = func(News) {}
	switch k {
	case wire.Output:
		lines, err := wire.ParseOutput(body)
		if l.printed += len(body); err != nil || l.printed > maxPrinted {
			break
		}
		l.output = append(l.output, lines...)
		tell = func(w News) {
			if w.Output != nil {
				w.Output(lines)
			}
		}
	case wire.Progress:
		p, err := wire.ParseProgress(body)
		if err != nil {
			break
		}
		r := Report(p)
		l.report = &r
		tell = func(w News) {
			if w.Progress != nil {
				w.Progress(r)
			}
		}
	case wire.Emit:
		l.emitted = append(l.emitted, body)
		l.size += len(body)
		for _, w := range l.watchers {
			if w.Emit != nil {
				l.taken = l.dropped + len(l.emitted)
			}
		}
		l.shrink()
		tell = func(w News) {
			if w.Emit != nil {
				w.Emit(feedOf(body))
			}
		}
	}
	return tell
}

// shrink forgets partial results that were taken when there are too many.
func (l *live) shrink() {
	for l.size > maxEmitted && l.dropped < l.taken {
		l.size -= len(l.emitted[0])
		l.emitted[0] = nil
		l.emitted = l.emitted[1:]
		l.dropped++
	}
}

func feedOf(raw []byte) lang.Feed { return func(s lang.Sink) error { return wire.DecodeAll(raw, s) } }

// OnNews has w hear what the task tells from now on, and first what it told before.
func (f *Future) OnNews(w News) {
	l := f.ordered()
	defer l.order.Unlock()
	f.mu.Lock()
	l.watchers = append(l.watchers[:len(l.watchers):len(l.watchers)], w)
	output, report, emitted := l.output, l.report, l.emitted
	if w.Emit != nil {
		l.taken = l.dropped + len(l.emitted)
	}
	f.mu.Unlock()
	if w.Output != nil && len(output) > 0 {
		w.Output(output)
	}
	if w.Progress != nil && report != nil {
		w.Progress(*report)
	}
	if w.Emit != nil {
		for _, raw := range emitted {
			w.Emit(feedOf(raw))
		}
	}
}

// Progress gives what the task last said of how far it is; ok is false when it has said nothing.
func (f *Future) Progress() (r Report, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil || f.live.report == nil {
		return r, false
	}
	return *f.live.report, true
}

// Values gives the partial results of the task as they come, in the forms that Get has, until it is over. When it fails,
// that is the last error. ctx bounds the waiting.
func (f *Future) Values(ctx context.Context) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		c := partial{f: f}
		for {
			raw, err := c.next(ctx)
			if raw == nil && err == nil {
				return
			}
			var v any
			if err == nil {
				v, err = wire.ToGo(raw, true, f.p.types)
			}
			if !yield(v, err) || raw == nil {
				return
			}
		}
	}
}

// partial goes through the partial results of a task.
type partial struct {
	f    *Future
	seen int
	over bool // the end was told
}

// next waits for the next partial result. Nil: there will be none; the failure of the task is told first, once.
func (c *partial) next(ctx context.Context) ([]byte, error) {
	for {
		raw, more := c.peek()
		if raw != nil || c.over {
			return raw, nil
		}
		if more == nil {
			c.over = true
			return nil, c.f.parse()
		}
		on := lang.Waiting(ctx)
		select {
		case <-more:
		case <-ctx.Done():
		}
		if on(); ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// peek gives the next partial result or, where there may be one later, a channel that is closed then.
func (c *partial) peek() (raw []byte, more <-chan struct{}) {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.telling()
	c.seen = max(c.seen, l.dropped)
	if i := c.seen - l.dropped; i < len(l.emitted) {
		c.seen++
		l.taken = max(l.taken, c.seen)
		return l.emitted[i], nil
	}
	if f.over {
		return nil, nil
	}
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return nil, l.more
}
