// Command mirai runs scripts of JavaScript and Lua whose blocks run in other processes.
//
// main.go has the commands, launch.go the command launch, bench.go and figures.go the command bench. The same program is its own daemon: see
// daemon.Main.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/engine"
	"github.com/mojukapu/mirai/launch"
	"github.com/mojukapu/mirai/repl"
	"github.com/mojukapu/mirai/script"
)

// The exit statuses, besides those of daemons and of process.exit.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() { os.Exit(Main()) }

// Main is the program: it gives the exit status, and never returns in a process that was started as a daemon.
func Main() int {
	daemon.Main(daemonConfig())
	return execute(os.Args[1:])
}

func daemonConfig() daemon.Config {
	return daemon.Config{Modules: script.DaemonModules(), Files: true, Watch: watchDaemon()}
}

type commands struct {
	Repl    replCmd    `cmd:"" default:"withargs" help:"Talk with mirai, line by line (the default)."`
	Run     runCmd     `cmd:"" help:"Run a script file, .js or .lua."`
	Daemon  daemonCmd  `cmd:"" help:"Be a daemon of the host that listens at URL."`
	Launch  launchCmd  `cmd:"" help:"Start daemons for the host that listens at URL, by ssh, on a cluster, by any command; or print how."`
	Rewrite rewriteCmd `cmd:"" help:"Print a script as plain JavaScript or Lua: its blocks as calls of the module mirai."`
	Bench   benchCmd   `cmd:"" help:"Measure tasks, payloads, shared values, nested tasks, live output and start-up on this machine."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

func execute(args []string) (status int) {
	var cli commands
	parser, err := kong.New(&cli, kong.Name("mirai"),
		kong.Description("Blocks of JavaScript and Lua run in other processes and give futures. mirai FILE is short for mirai run FILE."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { panic(exitStatus(code)) }))
	if err != nil {
		return fail(err)
	}
	defer func() {
		switch x := recover().(type) {
		case nil:
		case exitStatus: // --help
			status = int(x)
		default:
			panic(x)
		}
	}()
	ctx, err := parser.Parse(shorthand(args))
	if err != nil {
		fmt.Fprintf(os.Stderr, "mirai: %v\n", err)
		return exitUsage
	}
	if err := ctx.Run(); err != nil {
		return fail(err)
	}
	return exitOK
}

// shorthand makes mirai FILE into mirai run FILE, so that scripts may begin with #!/usr/bin/env mirai, and takes the
// flags of mirai bench with one dash too, as go test has them.
func shorthand(args []string) []string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return args
	}
	switch args[0] {
	case "bench":
		args = slices.Clone(args)
		for i, a := range args {
			if len(a) > 2 && a[0] == '-' && a[1] != '-' {
				args[i] = "-" + a
			}
		}
		return args
	case "repl", "run", "daemon", "launch", "rewrite", "version":
		return args
	}
	if st, err := os.Stat(args[0]); strings.HasSuffix(args[0], ".js") || strings.HasSuffix(args[0], ".lua") || err == nil && !st.IsDir() {
		return append([]string{"run"}, args...)
	}
	return args
}

// exitStatus is an error that is an exit status and needs no words.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// fail says what went wrong and gives the exit status.
func fail(err error) int {
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	fmt.Fprintln(os.Stderr, strings.TrimSuffix(err.Error(), "\n"))
	return exitError
}

func language(lua bool) string {
	if lua {
		return lang.Lua
	}
	return lang.JS
}

type replCmd struct {
	Lua     bool `help:"Begin in Lua."`
	Daemons int  `short:"n" placeholder:"N" help:"Set N daemons."`
}

func (c *replCmd) Run() error {
	watch, end := watchHost()
	defer end()
	code, err := repl.Run(script.Config{Lang: language(c.Lua), Daemons: c.Daemons, Host: eval.Config{Watch: watch}})
	if err == nil && code != exitOK {
		err = exitStatus(code)
	}
	return err
}

type runCmd struct {
	Eval    *string  `short:"e" placeholder:"CODE" help:"Run CODE instead of a file."`
	Lua     bool     `help:"CODE, or a file without an ending, is Lua."`
	Daemons int      `short:"n" placeholder:"N" help:"Set N daemons."`
	Args    []string `arg:"" optional:"" passthrough:"partial" name:"FILE and its arguments" help:"The script and what it finds in process.argv."`
}

func (c *runCmd) Run() error {
	argv := c.Args
	if c.Eval != nil {
		argv = append([]string{"-e"}, argv...)
	} else if len(argv) == 0 {
		fmt.Fprintln(os.Stderr, "mirai: say which script to run: mirai run FILE, or mirai run -e CODE")
		return exitStatus(exitUsage)
	}
	watch, end := watchHost()
	defer end()
	s, err := script.New(script.Config{Lang: language(c.Lua), Args: argv, Daemons: c.Daemons, Host: eval.Config{Watch: watch}})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, stop := interruptible()
	defer stop()
	if c.Eval != nil {
		err = s.RunText(ctx, "", *c.Eval)
	} else {
		err = s.RunFile(ctx, argv[0])
	}
	return outcome(ctx, s, err)
}

// interruptible is a context that the first Ctrl-C ends; the second one ends the program.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// outcome says how a script ended.
func outcome(ctx context.Context, s *script.Session, err error) error {
	code, exit := script.ExitCode(err)
	switch {
	case exit && code != exitOK:
		return exitStatus(code)
	case exit || err == nil:
		return nil
	case ctx.Err() != nil:
		return exitStatus(exitInterrupted)
	}
	return errors.New(s.Explain(err))
}

type daemonCmd struct {
	URL            string        `arg:"" help:"Where the host listens: tls+tcp://host:port, tcp://host:port, wss://host:port/path, ws://host:port/path, ipc://path. - reads all settings from standard input, one --name=value a line."`
	Token          string        `env:"MIRAI_TOKEN" help:"The proof that the host has asked for this daemon; in the environment others cannot read it."`
	CredentialFile string        `name:"credential-file" placeholder:"FILE" help:"The credential that the host issued, or a certificate, its key and its authority in PEM. The environment variable MIRAI_CREDENTIAL can hold the text itself."`
	Heartbeat      time.Duration `placeholder:"TIME" help:"How often to give and expect a sign of life (5s); a host silent for three of them is gone."`
	Cleanup        string        `help:"What becomes of globals after a task: \"\" restores them, fresh makes a new interpreter, none leaves them."`
	Output         bool          `help:"Show what tasks print here too."`
	MaxTasks       int           `name:"maxtasks" placeholder:"N" help:"Leave after N tasks."`
	Idle           time.Duration `name:"idletime" placeholder:"TIME" help:"Leave after so long without a task: 90s, 10m."`
	Wall           time.Duration `name:"walltime" placeholder:"TIME" help:"Leave so long after connecting, when the task that runs has ended."`
	Stack          int           `placeholder:"N" help:"The depth of calls that code may reach."`
	Autoexit       string        `placeholder:"yes|task|never" help:"What to do when the connection is lost: yes leaves at once (the default), task finishes the task that runs, never stays and dials again until a host dismisses it."`
	AsyncDial      bool          `name:"asyncdial" help:"Dial again until the host is there, rather than fail at once."`
}

func (c *daemonCmd) Run() error {
	s, err := c.settings(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitStatus(daemon.ExitUsage)
	}
	ctx, stop := interruptible()
	defer stop()
	code, err := daemon.Process(ctx, s, daemonConfig())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if code != exitOK {
		return exitStatus(code)
	}
	return nil
}

// settings are those of the command line, the environment, and for - of standard input, which launchers can feed
// without anybody else reading it.
func (c *daemonCmd) settings(stdin io.Reader) (launch.Settings, error) {
	s := launch.Settings{URL: c.URL, Token: c.Token, CredentialFile: c.CredentialFile, Heartbeat: c.Heartbeat, Cleanup: c.Cleanup,
		Output: c.Output, MaxTasks: c.MaxTasks, Idle: c.Idle, Wall: c.Wall, Stack: c.Stack, Autoexit: c.Autoexit, AsyncDial: c.AsyncDial}
	if s.CredentialFile == "" {
		s.Credential = os.Getenv("MIRAI_CREDENTIAL")
	}
	for _, secret := range []string{"MIRAI_TOKEN", "MIRAI_CREDENTIAL"} {
		os.Unsetenv(secret) // the code of tasks need not see it
	}
	if s.URL != "-" {
		return s, nil
	}
	s.URL = "" // what was said at the command line comes last, and counts
	s, err := launch.Read(io.MultiReader(stdin, strings.NewReader("\n"+s.Environ())))
	if err == nil && s.URL == "" {
		err = errors.New("mirai daemon -: standard input has no line --url=URL")
	}
	return s, err
}

type rewriteCmd struct {
	Lua  bool   `help:"The text is Lua."`
	File string `arg:"" help:"The script; - is standard input."`
}

func (c *rewriteCmd) Run() error {
	var b []byte
	var err error
	if c.File == "-" {
		b, err = io.ReadAll(os.Stdin)
	} else {
		b, err = os.ReadFile(c.File)
	}
	if err != nil {
		return err
	}
	language := language(c.Lua || lang.LanguageOf(c.File) == lang.Lua)
	text, err := lang.Rewrite(language, lang.Code{Source: string(b), Name: c.File, Mode: lang.Script}, engine.Free)
	if err != nil {
		return errors.New(script.Explain(err, func(string) string { return string(b) }))
	}
	_, err = io.WriteString(os.Stdout, text.Out)
	return err
}

type versionCmd struct{}

func (versionCmd) Run() error {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" })
		if version == "(devel)" && i >= 0 {
			version = "development at " + info.Settings[i].Value
		}
	}
	fmt.Printf("mirai %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
