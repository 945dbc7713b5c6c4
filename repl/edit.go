package repl

import (
	"fmt"
	"sync"

	"github.com/reeflective/readline"
)

var errInterrupt = readline.ErrInterrupt

const continuation = "... "

// editor is the line editor. What callbacks print while a line is typed goes above that line: they leave it here and
// wake the editor, whose own goroutine alone may touch the screen.
type editor struct {
	shell *readline.Shell

	mu      sync.Mutex
	pending []string
	asked   bool // the key is on its way
}

// printKey is a key without another meaning: the editor feeds it to itself when there is something to print.
const (
	printKey     = '\x1e' // Ctrl-^
	printCommand = "print-pending"
)

// aheadEOF is what the terminal makes of a Ctrl-D that was typed while a line was evaluated.
const aheadEOF = "\x00"

func newEditor(r *repl) *editor {
	e := &editor{shell: readline.NewShell()}
	sh := e.shell
	sh.Prompt.Primary(func() string {
		if r.more != "" {
			return continuation
		}
		return r.s.Lang() + "> "
	})
	sh.Prompt.Secondary(func() string { return continuation })
	sh.Config.Set("enable-bracketed-paste", true)
	sh.Config.Set("multiline-column", true)
	sh.AcceptMultiline = func(line []rune) bool { return r.s.Complete(r.more + string(line)) }
	sh.Completer = r.complete
	sh.SyntaxHighlighter = e.refreshed
	sh.Keymap.Register(map[string]func(){printCommand: e.flush})
	for _, keymap := range [...]string{"emacs", "vi-insert", "vi-command"} {
		sh.Config.Bind(keymap, string(printKey), printCommand, false)
		sh.Config.Bind(keymap, aheadEOF, "end-of-file", false)
	}
	if h, err := openHistory(); err == nil {
		sh.History.Add("mirai", h)
	}
	return e
}

func (e *editor) read() (string, error) { return e.shell.Readline() }

// print may be called on any goroutine while a line is read.
func (e *editor) print(text string) {
	e.mu.Lock()
	e.pending = append(e.pending, text)
	e.mu.Unlock()
	e.shell.Keys.RequestRefresh()
}

// refreshed is called on the editor's goroutine whenever it draws the line, in the middle of that.
func (e *editor) refreshed(line []rune) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.pending) > 0 && !e.asked {
		e.asked = true
		e.shell.Keys.Feed(false, printKey)
	}
	return string(line)
}

func (e *editor) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	texts := e.pending
	e.pending, e.asked = nil, false
	return texts
}

// flush prints above the line.
func (e *editor) flush() {
	for _, text := range e.take() {
		e.shell.PrintTransientf("%s", text)
	}
}

// rest prints what came when the line was already accepted.
func (e *editor) rest() {
	for _, text := range e.take() {
		fmt.Println(text)
	}
}
