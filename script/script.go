// Package script is a session: an interpreter for each language that is used, the module mirai with its daemons, and
// the event loop. The REPL, the command line, servers and Go hosts run scripts through it.
//
// New makes a Session; RunFile and RunText run whole scripts until nothing is pending, Line evaluates what a person
// typed, Idle runs callbacks while there is nothing else to do. Session.Explain says what went wrong as people read it.
// A session belongs to one goroutine at a time.
package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/engine"
	"github.com/mojukapu/mirai/launch"
	"github.com/mojukapu/mirai/modules"
	"github.com/mojukapu/mirai/modules/process"
	"github.com/mojukapu/mirai/parallel"
)

// Config is what a session is made with.
type Config struct {
	// Lang is the language of Line and RunText. Defaults to JS.
	Lang string
	// Args are the script file and its arguments: process.argv.
	Args []string
	// Modules are the host's own, next to modules.All. Its daemons must be given the same ones.
	Modules []lang.Module
	// Host is the template of each profile. Its Modules are filled in.
	Host eval.Config
	// Daemons sets the default profile from the start. 0 leaves it to the script.
	Daemons int
	// Print takes a line that a script printed. Defaults to writing it to os.Stdout or os.Stderr.
	Print func(stream lang.Stream, text string)
}

// Session is a session. All its methods belong to one goroutine at a time.
type Session struct {
	cfg     Config
	host    *eval.Host
	modules []lang.Module
	interps map[string]lang.Interpreter
	texts   texts
	line    int // how many lines were typed
	stop    context.CancelCauseFunc
}

// New makes a session and starts its daemons.
func New(cfg Config) (*Session, error) {
	if cfg.Lang == "" {
		cfg.Lang = lang.JS
	}
	if cfg.Print == nil {
		cfg.Print = printLine
	}
	s := &Session{cfg: cfg, interps: map[string]lang.Interpreter{}}
	own := slices.Concat(modules.With(process.Config{Argv: cfg.Args, Exit: s.exit}), cfg.Modules)
	cfg.Host.Modules = slices.Concat(cfg.Host.Modules, modules.With(process.Config{Daemon: true, Exit: stay}), cfg.Modules)
	if cfg.Host.Progress == nil {
		cfg.Host.Progress = newProgress().report
	}
	if cfg.Host.Inside == nil {
		cfg.Host.Inside = inside
	}
	s.host = eval.NewHost(cfg.Host)
	s.modules = slices.Concat(own, hostModules(s.host))
	if cfg.Daemons != 0 {
		if err := s.host.Daemons(context.Background(), cfg.Daemons); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func printLine(stream lang.Stream, text string) {
	if stream == lang.Stderr {
		fmt.Fprintln(os.Stderr, text)
		return
	}
	fmt.Fprintln(os.Stdout, text)
}

// hostModules are the modules whose daemons are a host's.
func hostModules(h *eval.Host) []lang.Module {
	return append(h.Modules(), eval.Plainly(parallel.Module(h)))
}

// DaemonModules gives what the daemons of scripts are given: every module, and a module mirai of their own, so that
// blocks may hold blocks. Its tasks start daemons of the daemon.
func DaemonModules() []lang.Module {
	host := eval.NewHost(eval.Config{Modules: modules.With(process.Config{Daemon: true, Exit: stay}), Inside: inside})
	return slices.Concat(modules.All(), hostModules(host))
}

// inside is a daemon that is a goroutine of the host, for daemons(n, {inprocess: true}). As in a process, blocks may hold
// blocks there and require files.
func inside(ctx context.Context, s launch.Settings, own []lang.Module) error {
	host := eval.NewHost(eval.Config{Modules: own, Inside: inside})
	defer host.Close()
	_, err := daemon.Run(ctx, s, daemon.Config{Modules: slices.Concat(own, hostModules(host)), Files: true})
	return err
}

// Host is the host of the session's profiles.
func (s *Session) Host() *eval.Host { return s.host }

// Lang is the language of Line and RunText.
func (s *Session) Lang() string { return s.cfg.Lang }

// SetLang changes the language of Line and RunText. Each language keeps its globals; profiles are common to both.
func (s *Session) SetLang(language string) { s.cfg.Lang = language }

// Close ends the session's profiles: what is still pending fails with eval.ErrReset.
func (s *Session) Close() error { return s.host.Close() }

// interpreter gives the interpreter of a language, made when it is first needed.
func (s *Session) interpreter(language string) (lang.Interpreter, error) {
	if in := s.interps[language]; in != nil {
		return in, nil
	}
	in, err := engine.New(language, lang.Config{
		Modules: s.modules, Print: s.cfg.Print, Load: s.loader(language)})
	if err == nil {
		s.interps[language] = in
	}
	return in, err
}

// exit is process.exit: it ends what the session runs, with an error that carries the code.
func (s *Session) exit(code int) error {
	err := &process.ExitError{Code: code}
	s.stop(err)
	return err
}

// stay is process.exit in a daemon that is a goroutine of the host.
func stay(int) error {
	return errors.New("process.exit: this daemon shares the process of its host: return from the block instead")
}

// within makes a context that process.exit ends, for one run. It ends with ctx, not with the run: what scripts start
// (process.spawn) may outlive a line.
func (s *Session) within(ctx context.Context) context.Context {
	ctx, s.stop = context.WithCancelCause(ctx)
	return ctx
}

// texts are the files that the session read, by name, for Explain. Callbacks of both languages may read files at once.
type texts struct {
	mu sync.Mutex
	m  map[string]string
}

func (t *texts) set(name, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil {
		t.m = map[string]string{}
	}
	t.m[name] = text
}

func (t *texts) get(name string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.m[name]
}
