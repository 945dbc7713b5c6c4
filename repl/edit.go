package repl

import (
	"github.com/reeflective/readline"
)

var errInterrupt = readline.ErrInterrupt

// editor is the line editor.
type editor struct {
	shell *readline.Shell
}

func newEditor(r *repl) *editor {
	sh := readline.NewShell()
	sh.Prompt.Primary(func() string {
		if r.more != "" {
			return continuation
		}
		return r.s.Lang() + "> "
	})
	sh.Prompt.Secondary(func() string { return continuation })
	sh.Config.Set("multiline-column-custom", continuation)
	sh.Config.Set("enable-bracketed-paste", true)
	sh.Config.Set("history-autosuggest", false)
	sh.Config.Set("autocomplete", false)
	sh.AcceptMultiline = func(line []rune) bool { return r.s.Complete(r.more + string(line)) }
	sh.Completer = r.complete
	if h, err := openHistory(); err == nil {
		sh.History.Add("mirai", h)
	}
	return &editor{sh}
}

const continuation = "... "

func (e *editor) read() (string, error) { return e.shell.Readline() }

func (e *editor) print(text string) { e.shell.PrintTransientf("%s", text) }
