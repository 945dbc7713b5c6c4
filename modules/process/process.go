// Package process is the module process of scripts: what they are run by, and other programs they run. Module makes it;
// spawn.go starts programs, signal_*.go stops them.
package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"

	"github.com/mojukapu/mirai/lang"
)

// Config says where the scripts run.
type Config struct {
	// Argv is the script file and its arguments.
	Argv []string
	// Daemon says that the scripts are blocks in a daemon.
	Daemon bool
	// Exit is what process.exit(code) does; the error it gives is raised in the script. Nil ends this process.
	Exit func(code int) error
}

// ExitError is a script's wish to end with a code: a Config.Exit returns it, and whoever runs the script finds it with errors.As.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return fmt.Sprintf("exit %d", e.Code) }

// Module gives the module process.
func Module(cfg Config) lang.Module {
	return lang.Module{
		Name: "process",
		Values: []lang.Field{
			{Name: "pid", Get: func(any) (any, error) { return os.Getpid(), nil }},
			{Name: "ppid", Get: func(any) (any, error) { return os.Getppid(), nil }},
			{Name: "argv", Get: func(any) (any, error) { return list(cfg.Argv), nil }},
			{Name: "platform", Get: func(any) (any, error) { return runtime.GOOS, nil }},
			{Name: "arch", Get: func(any) (any, error) { return runtime.GOARCH, nil }},
			{Name: "daemon", Get: func(any) (any, error) { return cfg.Daemon, nil }},
		},
		Funcs: []lang.Func{
			{Name: "env", Call: env},
			{Name: "cwd", Call: func(*lang.Call) (any, error) { return os.Getwd() }},
			{Name: "chdir", Call: chdir},
			{Name: "hostname", Call: func(*lang.Call) (any, error) { return os.Hostname() }},
			{Name: "kill", Call: kill},
			{Name: "exit", Call: cfg.exit},
			{Name: "spawn", Call: spawn},
			{Name: "run", Call: run},
		},
	}
}

func list(ss []string) []any {
	l := make([]any, len(ss))
	for i, s := range ss {
		l[i] = s
	}
	return l
}

// env(name) is a variable of the environment, null when it is not set; env() is all of them.
func env(c *lang.Call) (any, error) {
	if len(c.Args) > 0 {
		name, err := c.String(0)
		if v, ok := os.LookupEnv(name); ok && err == nil {
			return v, nil
		}
		return nil, err
	}
	all := os.Environ()
	sort.Strings(all)
	r := &lang.Record{}
	for _, kv := range all {
		if i := strings.Index(kv[1:], "=") + 1; i > 0 { // a name of Windows may begin with =
			r.Keys, r.Values = append(r.Keys, kv[:i]), append(r.Values, kv[i+1:])
		}
	}
	return r, nil
}

func chdir(c *lang.Call) (any, error) {
	dir, err := c.String(0)
	if err == nil {
		err = os.Chdir(dir)
	}
	return lang.Undefined{}, err
}

func (cfg Config) exit(c *lang.Call) (any, error) {
	code := 0
	if c.Given(0) {
		var err error
		if code, err = c.Int(0); err != nil {
			return nil, err
		}
	}
	if cfg.Exit != nil {
		return nil, cfg.Exit(code)
	}
	os.Exit(code)
	return nil, nil
}

// kill(pid, signal) is true when the signal was sent, false when there is no such process.
func kill(c *lang.Call) (any, error) {
	pid, err := c.Int(0)
	if err != nil {
		return nil, err
	}
	if pid <= 0 {
		return nil, fmt.Errorf("process.kill: %d is not the number of a process", pid)
	}
	name := "TERM"
	if c.Given(1) {
		if name, err = c.String(1); err != nil {
			return nil, err
		}
	}
	sig, err := signalOf(strings.TrimPrefix(strings.ToUpper(name), "SIG"))
	if err != nil {
		return nil, err
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		defer p.Release()
		err = p.Signal(sig)
	}
	if errors.Is(err, os.ErrProcessDone) || isGone(err) {
		return false, nil
	}
	if err != nil {
		return nil, fmt.Errorf("process.kill: process %d: %w", pid, err)
	}
	return true, nil
}
