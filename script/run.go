package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/engine"
	"github.com/mojukapu/mirai/modules/process"
)

// The names that text without a file goes by in errors.
const (
	textName = "-e"
	lineName = "repl"
)

// RunFile runs a script file until nothing is pending: no callback is owed and every task it submitted has ended. The
// ending gives the language; without one of ours it is the session's. An uncaught error of a callback ends the run.
// ExitCode tells an end by process.exit from a failure.
func (s *Session) RunFile(ctx context.Context, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read the script: %w", err)
	}
	language := s.cfg.Lang
	if ext := filepath.Ext(path); strings.EqualFold(ext, ".js") || strings.EqualFold(ext, ".lua") {
		language = lang.LanguageOf(path)
	}
	return s.run(ctx, language, path, string(b))
}

// RunText is RunFile for text; name stands for its file in errors, and when empty for that of mirai run -e.
func (s *Session) RunText(ctx context.Context, name, text string) error {
	if name == "" {
		name = textName
	}
	return s.run(ctx, s.cfg.Lang, name, text)
}

func (s *Session) run(ctx context.Context, language, name, text string) error {
	s.texts.set(name, text)
	ctx = s.within(ctx)
	in, err := s.interpreter(language)
	if err != nil {
		return err
	}
	if _, err := in.Eval(ctx, lang.Code{Source: text, Name: name, Mode: lang.Script}, whereabouts(name), nil); err != nil {
		return err
	}
	return s.drain(ctx)
}

// whereabouts gives a script the globals __filename and __dirname.
func whereabouts(name string) []lang.Binding {
	path, err := filepath.Abs(name)
	if err != nil {
		path = name
	}
	text := func(v string) lang.Feed {
		return func(s lang.Sink) error { return s.Text(strings.ToValidUTF8(v, "\uFFFD")) }
	}
	return []lang.Binding{{Name: "__filename", Value: text(path)}, {Name: "__dirname", Value: text(filepath.Dir(path))}}
}

// Drain runs callbacks and waits for tasks until there are neither.
func (s *Session) Drain(ctx context.Context) error { return s.drain(s.within(ctx)) }

func (s *Session) drain(ctx context.Context) error {
	for _, language := range [...]string{lang.JS, lang.Lua} {
		if in := s.interps[language]; in != nil {
			if err := in.Run(ctx); err != nil {
				return err
			}
		}
	}
	return s.host.Wait(ctx)
}

// Line evaluates what a person typed and gives the value as they want to see it, empty for undefined and nil. A
// *lang.Error with Incomplete asks for more text. Callbacks that are due run before the next line, see Idle.
func (s *Session) Line(ctx context.Context, text string) (shown string, err error) {
	in, err := s.interpreter(s.cfg.Lang)
	if err != nil {
		return "", err
	}
	code := lang.Code{Source: text, Name: lineName, Line: s.line + 1, Mode: lang.Line}
	v, err := in.Eval(s.within(ctx), code, nil, nil)
	if Incomplete(err) {
		return "", err
	}
	s.line += strings.Count(text, "\n") + 1
	s.texts.set(lineName, s.texts.get(lineName)+text+"\n")
	if err != nil {
		return "", err
	}
	if k := v.Kind(); k == "undefined" || k == "nil" {
		return "", nil
	}
	return in.Show(v), nil
}

// Text evaluates an expression that gives a string, outside of the count of lines: for tools such as completion.
func (s *Session) Text(ctx context.Context, expr string) (string, error) {
	in, err := s.interpreter(s.cfg.Lang)
	if err != nil {
		return "", err
	}
	v, err := in.Eval(s.within(ctx), lang.Code{Source: expr, Name: "completion", Mode: lang.Line}, nil, nil)
	if err != nil {
		return "", err
	}
	var b lang.Builder
	if err := v.Walk(&b); err != nil {
		return "", err
	}
	text, _ := b.Value().(string)
	return text, nil
}

// Incomplete tells whether an error says that the text ends too early.
func Incomplete(err error) bool {
	var e *lang.Error
	return errors.As(err, &e) && e.Incomplete
}

// ExitCode gives the code of a script that ended itself with process.exit.
func ExitCode(err error) (code int, ok bool) {
	var e *process.ExitError
	if errors.As(err, &e) {
		return e.Code, true
	}
	return 0, false
}

// errPause ends Idle between two callbacks.
var errPause = errors.New("pause")

// Idle runs callbacks as they become due, on a goroutine of its own, until pause is called; pause waits for the callback that is
// running. In between no other method may be called. An uncaught error goes to failed, on that goroutine, and does not end it.
// When ctx ends, the running callback is interrupted.
func (s *Session) Idle(ctx context.Context, failed func(error)) (pause func()) {
	ctx = s.within(ctx)
	var pauses []func()
	for _, in := range s.interps {
		pauses = append(pauses, idle(ctx, in, failed))
	}
	return func() {
		for _, p := range pauses {
			p()
		}
	}
}

func idle(ctx context.Context, in lang.Interpreter, failed func(error)) (pause func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			err := in.Run(ctx)
			if err == nil || errors.Is(err, errPause) {
				return
			}
			failed(err)
			if ctx.Err() != nil {
				return
			}
		}
	}()
	return func() {
		over := false
		in.Loop().Register()(func() error {
			if over { // nothing was owed any more: Run had ended before
				return nil
			}
			return errPause
		})
		<-ended
		over = true
	}
}

// loader is lang.Loader that remembers what it read.
func (s *Session) loader(language string) func(from, name string) (lang.Code, error) {
	load := lang.Loader(language)
	return func(from, name string) (lang.Code, error) {
		code, err := load(from, name)
		if err == nil {
			s.texts.set(code.Name, code.Source)
		}
		return code, err
	}
}

// Complete tells whether text can be evaluated as it is: false asks for more of it.
func (s *Session) Complete(text string) bool {
	_, err := engine.Free(s.cfg.Lang, text)
	return !Incomplete(err)
}
