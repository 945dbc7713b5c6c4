package script

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/mojukapu/mirai/eval"
)

const (
	redraw   = 100 * time.Millisecond // at most that often
	barWidth = 30
	steps    = 10 // lines where there is no terminal
)

// progress shows the progress of maps: a bar on a terminal, lines at every tenth elsewhere.
type progress struct {
	tty  bool
	show func(text string) // writes to it
	now  func() time.Time

	mu    sync.Mutex
	drawn time.Time // the zero time while there is no bar
	step  int       // tenths told
}

func newProgress() *progress {
	return &progress{tty: isatty.IsTerminal(os.Stderr.Fd()), show: func(text string) { os.Stderr.WriteString(text) }, now: time.Now}
}

// report takes a report of eval.Config.Progress.
func (p *progress) report(r eval.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tty {
		p.bar(r)
	} else {
		p.line(r)
	}
}

// bar draws over the line that the cursor is on, and clears it at the end.
func (p *progress) bar(r eval.Progress) {
	if r.Over {
		if !p.drawn.IsZero() {
			p.show("\r\x1b[K")
		}
		p.drawn = time.Time{}
		return
	}
	if now := p.now(); now.Sub(p.drawn) >= redraw {
		p.drawn = now
		full := barWidth * r.Done / max(r.Total, 1)
		p.show("\r" + title(r) + strings.Repeat("█", full) + strings.Repeat("░", barWidth-full) + " " + counts(r) + "\x1b[K")
	}
}

func (p *progress) line(r eval.Progress) {
	if r.Over {
		p.step = 0
		return
	}
	if step := steps * r.Done / max(r.Total, 1); step > p.step {
		p.step = step
		p.show(title(r) + counts(r) + "\n")
	}
}

func title(r eval.Progress) string {
	if r.Name == "" {
		return ""
	}
	return r.Name + " "
}

// counts is "30/100 (30%), 5s left".
func counts(r eval.Progress) string {
	text := fmt.Sprintf("%d/%d (%d%%)", r.Done, r.Total, 100*r.Done/max(r.Total, 1))
	if r.ETA >= redraw && r.Done < r.Total {
		text += ", " + left(r.ETA) + " left"
	}
	return text
}

func left(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
