// Package repl is the conversation of a person with a script session. Run holds it at a terminal; edit.go is the line
// editor, complete.go what Tab offers, history.go what the arrow keys recall. When the input is no terminal, pipe.go
// evaluates it line by line.
package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"

	"github.com/mattn/go-isatty"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

// The exit codes of Run.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitInterrupted = 130
)

// Run talks with whoever is at standard input until they leave, and gives the exit code. cfg.Print is set here.
func Run(cfg script.Config) (code int, err error) {
	if !isatty.IsTerminal(os.Stdin.Fd()) {
		return pipe(cfg, os.Stdin)
	}
	r := &repl{interrupts: make(chan os.Signal, 1)}
	signal.Notify(r.interrupts, os.Interrupt)
	defer signal.Stop(r.interrupts)
	cfg.Print = r.print
	if r.s, err = script.New(cfg); err != nil {
		return ExitError, err
	}
	defer r.s.Close()
	r.editor = newEditor(r)
	return r.talk(), nil
}

// repl is a conversation. The editor reads a line while a goroutine of the session runs callbacks; a line is evaluated
// while both rest.
type repl struct {
	s          *script.Session
	editor     *editor
	interrupts chan os.Signal     // Ctrl-C while the editor does not read
	pause      func()             // stops the callbacks; nil while none run
	interrupt  context.CancelFunc // of the callback that runs
	editing    atomic.Bool        // the editor owns the screen
	more       string             // text that was incomplete
}

func (r *repl) talk() (code int) {
	for {
		line, err := r.read()
		switch {
		case errors.Is(err, io.EOF):
			return ExitOK
		case errors.Is(err, errInterrupt):
			r.more = ""
			continue
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			return ExitError
		}
		if leave, code := r.take(line); leave {
			return code
		}
	}
}

// read reads a line, callbacks running meanwhile.
func (r *repl) read() (string, error) {
	r.idle()
	r.editing.Store(true)
	line, err := r.editor.read()
	r.editing.Store(false)
	r.rest()
	r.editor.rest()
	return line, err
}

func (r *repl) idle() {
	var ctx context.Context
	ctx, r.interrupt = context.WithCancel(context.Background())
	r.pause = r.s.Idle(ctx, r.failed)
}

// rest waits until no callback runs; Ctrl-C ends the one that does.
func (r *repl) rest() { r.watch(r.interrupt, r.pause) }

// watch does f; Ctrl-C meanwhile calls cancel.
func (r *repl) watch(cancel, f func()) {
	select {
	case <-r.interrupts: // it was meant for something that is over
	default:
	}
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-r.interrupts:
			cancel()
		case <-done:
		}
	}()
	f()
	close(done)
	<-watched
}

// take does what a line says.
func (r *repl) take(line string) (leave bool, code int) {
	if r.more == "" {
		word := strings.TrimSpace(line)
		if word == "" {
			return false, 0
		}
		if strings.HasPrefix(word, ":") {
			return r.command(word), ExitOK
		}
	}
	text := r.more + line
	r.more = ""
	shown, err := r.evaluate(text)
	switch code, exit := script.ExitCode(err); {
	case exit:
		return true, code
	case script.Incomplete(err):
		r.more = text + "\n"
	case err != nil:
		r.failed(err)
	case shown != "":
		r.print(lang.Stdout, shown)
	}
	return false, 0
}

// evaluate evaluates a line; Ctrl-C interrupts it, and not the tasks that it waits for. The context ends in no other
// way: what the line started may go on.
func (r *repl) evaluate(text string) (shown string, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	r.watch(cancel, func() { shown, err = r.s.Line(ctx, text) })
	return shown, err
}

const help = `Lines are evaluated; a line that is not finished goes on to the next.
  m = mirai<js>{ sleep(1000); a + b }(a, b)   a block, its globals: a future
  m[]      its value, waiting        m.data   its value or unresolved
  daemons(6)                                  set six daemons

  :js :lua   change the language     :status  the daemons and what they do
  :help      this                    :quit    leave, as Ctrl-D does
  Ctrl-C     clears the line, or ends waiting (not the task)`

// command does a command and tells whether to leave.
func (r *repl) command(word string) (leave bool) {
	switch word {
	case ":quit", ":q", ":exit":
		return true
	case ":js", ":lua":
		r.s.SetLang(word[1:])
	case ":status":
		r.print(lang.Stdout, r.s.Host().Status())
	case ":help", ":h":
		r.print(lang.Stdout, help)
	default:
		r.print(lang.Stderr, "there is no command "+word+": there are :js, :lua, :status, :help and :quit")
	}
	return false
}

func (r *repl) failed(err error) {
	if errors.Is(err, context.Canceled) && isInterrupted(err) {
		r.print(lang.Stderr, "interrupted")
		return
	}
	r.print(lang.Stderr, r.s.Explain(err))
}

func isInterrupted(err error) bool {
	var e *lang.Error
	return errors.As(err, &e) && e.Kind == lang.Interrupted
}

// print prints above the line that is being typed.
func (r *repl) print(stream lang.Stream, text string) {
	if r.editing.Load() {
		r.editor.print(text)
		return
	}
	file := os.Stdout
	if stream == lang.Stderr {
		file = os.Stderr
	}
	fmt.Fprintln(file, text)
}
