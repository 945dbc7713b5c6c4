// Package launch says how a daemon comes to life. Settings is what a daemon is told at birth; Parse reads what Args and
// Environ give, so that every launcher, whatever it runs, tells the same things the same way. Self starts this very
// program again as a daemon on this machine. Remote, SSH, Cluster and HTTP are configurations, plain values, that say how
// daemons are started elsewhere: their Jobs are what is to be done.
package launch

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cookie is the environment variable that turns a program into a daemon: daemon.Main takes it away at once. It holds
// Settings.Environ, or "-" where that is to be read from standard input.
const Cookie = "MIRAI_DAEMON"

const fromInput = "-"

// Settings is what a daemon is told at birth.
type Settings struct {
	URL            string        // where the host listens
	Token          string        // proves that this host has launched it
	Credential     string        // for tls+tcp and wss: what the host issued, one line; it is a secret, so Args leaves it out
	CredentialFile string        // a file with it, or with PEM, on the daemon's machine
	Heartbeat      time.Duration // how often a sign of life goes out; a host silent for three of them is gone. 0 means 5 s
	Cleanup        string        // "" restores the globals after each task; "fresh" makes a new interpreter for each; "none" does neither
	Output         bool          // whether what tasks print is shown by the daemon too; it travels with the result always
	MaxTasks       int           // leave after so many tasks; 0 means never
	Idle           time.Duration // leave after so long without a task; 0 means never
	Wall           time.Duration // leave so long after connecting, once the task that runs has ended; 0 means never
	Stack          int           // depth of calls; 0 means the interpreter's default
	Autoexit       string        // what it does when its connection is lost: Yes, which "" means too, Task or Never
	AsyncDial      bool          // dial again, for ever, until the host is there; with Never that is so in any case
}

// What a daemon does when its connection is lost.
const (
	Yes   = "yes"   // it leaves at once
	Task  = "task"  // it finishes the task that runs, then leaves
	Never = "never" // it stays and dials again, for ever, until a host dismisses it
)

// Args gives the settings as command-line arguments; zero fields are left out, and Credential is: others can read
// arguments.
func (s Settings) Args() []string {
	var args []string
	add := func(name, v string, given bool) {
		if given {
			args = append(args, "--"+name+"="+v)
		}
	}
	add("url", s.URL, s.URL != "")
	add("token", s.Token, s.Token != "")
	add("credential-file", s.CredentialFile, s.CredentialFile != "")
	add("heartbeat", s.Heartbeat.String(), s.Heartbeat != 0)
	add("cleanup", s.Cleanup, s.Cleanup != "")
	add("output", strconv.FormatBool(s.Output), s.Output)
	add("maxtasks", strconv.Itoa(s.MaxTasks), s.MaxTasks != 0)
	add("idletime", s.Idle.String(), s.Idle != 0)
	add("walltime", s.Wall.String(), s.Wall != 0)
	add("stack", strconv.Itoa(s.Stack), s.Stack != 0)
	add("autoexit", s.Autoexit, s.Autoexit != "")
	add("asyncdial", strconv.FormatBool(s.AsyncDial), s.AsyncDial)
	return args
}

// Parse reads what Args gives, or the lines of Environ.
func Parse(args []string) (Settings, error) {
	var s Settings
	for _, arg := range args {
		name, v, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !ok || !strings.HasPrefix(arg, "--") {
			return s, fmt.Errorf("launch: %q is not of the form --name=value", arg)
		}
		if err := s.set(name, v); err != nil {
			return s, fmt.Errorf("launch: --%s=%s: %w", name, v, err)
		}
	}
	return s, s.Valid()
}

func (s *Settings) set(name, v string) (err error) {
	switch name {
	case "url":
		s.URL = v
	case "token":
		s.Token = v
	case "credential":
		s.Credential = v
	case "credential-file":
		s.CredentialFile = v
	case "heartbeat":
		s.Heartbeat, err = time.ParseDuration(v)
	case "cleanup":
		s.Cleanup = v
	case "output":
		s.Output, err = strconv.ParseBool(v)
	case "maxtasks":
		s.MaxTasks, err = strconv.Atoi(v)
	case "idletime":
		s.Idle, err = time.ParseDuration(v)
	case "walltime":
		s.Wall, err = time.ParseDuration(v)
	case "stack":
		s.Stack, err = strconv.Atoi(v)
	case "autoexit":
		s.Autoexit = v
	case "asyncdial":
		s.AsyncDial, err = strconv.ParseBool(v)
	default:
		err = errors.New("no such setting: there are url, token, credential, credential-file, heartbeat, cleanup, output, maxtasks, idletime, walltime, stack, autoexit and asyncdial")
	}
	return err
}

// Valid tells what is wrong with the settings, nil when nothing is.
func (s Settings) Valid() error {
	if u, err := url.Parse(s.URL); s.URL != "" && (err != nil || u.Scheme == "") {
		return fmt.Errorf("launch: %q is not a URL: write tls+tcp://host:port, tcp://host:port or ipc://path", s.URL)
	}
	if !slices.Contains([]string{"", "fresh", "none"}, s.Cleanup) {
		return fmt.Errorf(`launch: cleanup is %q: it can be "", "fresh" or "none"`, s.Cleanup)
	}
	if !slices.Contains([]string{"", Yes, Task, Never}, s.Autoexit) {
		return fmt.Errorf(`launch: autoexit is %q: it can be "yes", "task" or "never"`, s.Autoexit)
	}
	if s.Credential != "" && s.CredentialFile != "" {
		return errors.New("launch: credential and credential-file are both given: give one of them")
	}
	if strings.Contains(s.Credential, "\n") {
		return errors.New("launch: the credential has several lines: give PEM in a file, as credential-file")
	}
	if s.MaxTasks < 0 || s.Idle < 0 || s.Wall < 0 || s.Stack < 0 || s.Heartbeat < 0 {
		return errors.New("launch: maxtasks, idletime, walltime, stack and heartbeat cannot be negative")
	}
	return nil
}

// Environ gives the settings, the credential too, as lines: the value of Cookie, or what a daemon reads from its
// standard input.
func (s Settings) Environ() string {
	lines := s.Args()
	if s.Credential != "" {
		lines = append(lines, "--credential="+s.Credential)
	}
	return strings.Join(lines, "\n")
}

// FromEnviron takes the settings of a daemon from the environment and removes them there. It is false in a program
// that was not started as a daemon.
func FromEnviron() (Settings, bool, error) {
	v, ok := os.LookupEnv(Cookie)
	if !ok {
		return Settings{}, false, nil
	}
	os.Unsetenv(Cookie)
	if v == fromInput {
		s, err := Read(os.Stdin)
		return s, true, err
	}
	s, err := Parse(strings.Split(v, "\n"))
	return s, true, err
}

// Self is the command that starts this very program as a daemon. It is an error in a process that was itself
// started as a daemon but never became one: such a program would start itself for ever.
func Self(s Settings) (*exec.Cmd, error) {
	if _, set := os.LookupEnv(Cookie); set {
		return nil, errors.New("launch: this process was started as a daemon and did not become one: call daemon.Main first in main")
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("launch: cannot find this program: %w", err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), Cookie+"="+s.Environ())
	return cmd, nil
}
