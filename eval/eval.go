// Package eval is what a Go host holds. New makes a Profile, a pool of daemons with its own queue; Profile.Go submits a
// Task and returns a Future at once; Future.Get waits for its value. Host is the same for scripts: it keeps profiles by
// name and gives the module mirai. No interpreter is linked: code runs in daemons, which are other processes (this
// same program, when daemon.Main stands first in main) or, with Config.InProcess, goroutines.
package eval

import (
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sort"
	"time"

	"context"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// Config is what a Profile is made with.
type Config struct {
	// Name is the name of the profile. Defaults to "default".
	Name string
	// Daemons is how many local daemons are kept running, or, with a Launcher, how many that starts. Defaults to 1, with a
	// Launcher to what its configuration says, with a URL alone to none.
	Daemons int
	// URL is where the profile listens: tcp://HOST:PORT, tls+tcp://, ws://, wss://, ipc://PATH, abstract://NAME, inproc://NAME.
	// Port 0 is any free one, see Status. Without TLS other machines are let in only if TLS.None says so. Whatever the
	// address, a daemon must show the token of a launch. Defaults to a socket that only this machine can reach.
	URL string
	// TLS is for the schemes tls+tcp and wss. Nil makes one-time certificates.
	TLS *TLS
	// Launcher starts the daemons, elsewhere. Nil starts them on this machine. URL then defaults to tls+tcp at the address that
	// other machines most likely reach, for tunnels of ssh to the loopback.
	Launcher Launcher
	// Modules are the host's own: their types are known in values. The daemons must be given the same ones.
	Modules []lang.Module
	// Settings are passed on to the daemons; URL and Token are filled in. Heartbeat is for this side, too. Daemons whose
	// Autoexit is launch.Never need a URL, and outlive the profile: see Dismiss.
	Settings launch.Settings
	// Redial is how long the task of a daemon that stays (launch.Never) is kept when its connection is lost: when it comes
	// back in this time, it goes on. Defaults to 10 s; below 0: the task is lost with the connection.
	Redial time.Duration
	// Token lets in, besides those that were launched, any daemon that shows it, or whose launch had it: the next host
	// with the same Token and URL takes over the daemons that stay. It is a secret of 16 characters or more, without spaces.
	// Defaults to none.
	Token string
	// Keep is a file for what the next host must know so that the daemons that stay know it: a token and, with one-time
	// certificates, their authority. It is made when it is not there, for its owner alone, and used when it is. Defaults to none.
	Keep string
	// Command makes the command that starts a daemon. Defaults to launch.Self: this same program.
	Command func(launch.Settings) (*exec.Cmd, error)
	// InProcess runs a daemon as a goroutine instead; pass daemon.InProcess. It returns when ctx ends or the connection does.
	// Such a daemon cannot be killed: code that does not let go keeps its goroutine.
	InProcess func(ctx context.Context, s launch.Settings, modules []lang.Module) error
	// Inside is InProcess for those profiles of a Host whose script asks for it, with inprocess or sync. New does not use
	// it. Nil refuses both.
	Inside func(ctx context.Context, s launch.Settings, modules []lang.Module) error
	// Sync has each task evaluated inside the call that submits it, on one daemon that is a goroutine: InProcess must be
	// set. A task that submits to its own profile then waits for itself.
	Sync bool
	// Direct gives each task to a daemon at its submission, to each in turn: it waits for that one even while others idle.
	Direct bool
	// NoRespawn leaves daemons that end without a replacement. When none is left, tasks fail with ErrReset.
	NoRespawn bool
	// Memory bounds the bytes of the tasks that wait (Status.Memory): Go waits for room, Try gives nil. A task that is
	// larger than the bound is let in when nothing else waits. Defaults to 0: unbounded, as anything below.
	Memory int
	// Queue bounds the number of tasks that wait, in the same way. Defaults to 0: unbounded.
	Queue int
	// Grace is how long an interrupted task may take to let go before its daemon is killed. Defaults to 500 ms.
	Grace time.Duration
	// Start is how long a daemon may take to connect. Defaults to 10 s.
	Start time.Duration
	// Depth is how many tasks a daemon holds at the most, the running one included: while tasks are short, some are sent
	// ahead. Defaults to 16; 1 sends none ahead.
	Depth int
	// Seed makes random numbers repeatable: each task gets a stream of its own, by the order of submission, whatever the
	// number of daemons. Nil gives each daemon a stream that nobody has seen before.
	Seed *int64
	// Log gets what nobody else hears of: strangers at the socket, daemons that were replaced. Nil discards it.
	Log *slog.Logger
	// Watch are told of the profile, and give what hears of its tasks and daemons: traces, metrics. Nil costs nothing.
	Watch []Watch
	// Progress hears how far a script's collecting with .progress is, on the goroutine that collects. Nil shows nothing.
	Progress func(Progress)

	once   bool     // there is one task only
	shares *sharing // of a Host
	setups []setup  // of a Host, before anything else
}

// defaultName is the profile of those who name none.
const defaultName = "default"

func (c Config) defaults() Config {
	if c.Name == "" {
		c.Name = defaultName
	}
	if c.Daemons == 0 && c.URL == "" || c.Sync { // a Launcher has a URL by now
		c.Daemons = 1
	}
	if c.Command == nil {
		c.Command = launch.Self
	}
	if c.Grace == 0 {
		c.Grace = 500 * time.Millisecond
	}
	if c.Depth == 0 {
		c.Depth = 16
	}
	if c.Start == 0 {
		c.Start = 10 * time.Second
	}
	if c.Redial == 0 {
		c.Redial = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// types are those whose values tasks may be given.
func (c Config) types() (types []*lang.Type) {
	for _, m := range c.Modules {
		types = append(types, m.Types...)
	}
	return append(types, sharedType())
}

func (c Config) valid() error {
	if c.Daemons < 0 {
		return fmt.Errorf("eval: Daemons is %d: the number of daemons must be zero or greater", c.Daemons)
	}
	if c.Sync && c.InProcess == nil {
		return errors.New("eval: Sync evaluates tasks in this process: set InProcess, to daemon.InProcess for instance")
	}
	if by, ok := c.Launcher.(launch.Remote); ok && by.Command == "" {
		return errors.New("eval: a launch configuration without a command starts nothing: set the profile without it, then ask launch for the commands that a person is to run")
	}
	if err := c.validURL(); err != nil {
		return err
	}
	if err := c.validTLS(); err != nil {
		return err
	}
	if err := c.validStay(); err != nil {
		return err
	}
	return c.Settings.Valid()
}

// Globals are names and their values for a block. A value is any of docs/values.md, or a lang.Feed.
type Globals map[string]any

// bindings gives the globals in the order of their names.
func (g Globals) bindings(types []*lang.Type) []lang.Binding {
	if len(g) == 0 {
		return nil
	}
	bs := make([]lang.Binding, 0, len(g))
	for name, v := range g {
		bs = append(bs, lang.Binding{Name: name, Value: func(s lang.Sink) error { return lang.WalkTypes(v, s, types) }})
	}
	sort.Slice(bs, func(i, j int) bool { return bs[i].Name < bs[j].Name })
	return bs
}

// Task is a block to run.
type Task struct {
	Lang    string  // lang.JS or lang.Lua. Defaults to JS
	Source  string  // the block, with our syntax in it if you like
	Globals Globals // global variables
	Args    Globals // local variables
	Name    string  // a label, for people

	File   string // where Source stands, for errors. Defaults to "task"
	Line   int    // from 1
	Column int    // from 1

	Timeout    time.Duration // from the submission; 0 means none
	RunTimeout time.Duration // from the start of the run; 0 means none
	Priority   int           // higher goes first
	Retries    int           // how often it runs again when its daemon is lost
	Backoff    time.Duration // before it runs again; doubled each time, a minute at the most
	Min        int           // of Everywhere: how many daemons it is for at least

	globals, args []lang.Binding // of a script, in its order: in place of Globals and Args
	feeds         bool           // its end submits the next one, of a map with a window
}

func (t Task) valid() error {
	switch {
	case t.Lang != lang.JS && t.Lang != lang.Lua:
		return fmt.Errorf("eval: there is no language %q: use %q or %q", t.Lang, lang.JS, lang.Lua)
	case t.Timeout < 0 || t.RunTimeout < 0:
		return errors.New("eval: a timeout cannot be negative")
	case t.Retries < 0 || t.Backoff < 0:
		return errors.New("eval: retry cannot be negative")
	}
	return nil
}

// encode makes the frame of a task.
func (t Task) encode(kind wire.Kind, id uint64, stream lang.RNG, types []*lang.Type) ([]byte, error) {
	if err := t.valid(); err != nil {
		return nil, err
	}
	globals, args := t.globals, t.args
	if globals == nil {
		globals = t.Globals.bindings(types)
	}
	if args == nil {
		args = t.Args.bindings(types)
	}
	b := make([]byte, 0, wire.HeaderSize+len(t.Source)+len(t.File)+64+32*(len(globals)+len(args)))
	b = wire.AppendRun(b, wire.Header{Kind: kind, Task: id, Attempt: 1}, wire.RunBody{
		Language: t.Lang, Source: t.Source, File: t.File, Line: max(t.Line, 1), Column: max(t.Column, 1), Stream: stream})
	var e wire.Encoder
	b, err := e.AppendBindings(b, "globals", globals)
	if err == nil {
		b, err = e.AppendBindings(b, "args", args)
	}
	return b, err
}
