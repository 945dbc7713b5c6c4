//go:build unix

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// signals are those that people send, by name without SIG; "0" only asks whether the process is there.
var signals = [...]struct {
	name   string
	number syscall.Signal
}{
	{"0", 0}, {"TERM", syscall.SIGTERM}, {"KILL", syscall.SIGKILL}, {"INT", syscall.SIGINT}, {"HUP", syscall.SIGHUP},
	{"QUIT", syscall.SIGQUIT}, {"STOP", syscall.SIGSTOP}, {"CONT", syscall.SIGCONT}, {"TSTP", syscall.SIGTSTP},
	{"USR1", syscall.SIGUSR1}, {"USR2", syscall.SIGUSR2}, {"PIPE", syscall.SIGPIPE}, {"ALRM", syscall.SIGALRM},
	{"ABRT", syscall.SIGABRT}, {"SEGV", syscall.SIGSEGV}, {"BUS", syscall.SIGBUS}, {"FPE", syscall.SIGFPE},
	{"ILL", syscall.SIGILL}, {"TRAP", syscall.SIGTRAP}, {"SYS", syscall.SIGSYS}, {"XCPU", syscall.SIGXCPU},
	{"XFSZ", syscall.SIGXFSZ},
}

func signalOf(name string) (os.Signal, error) {
	for _, s := range signals {
		if s.name == name {
			return s.number, nil
		}
	}
	return nil, fmt.Errorf("process.kill: there is no signal %q: TERM, KILL, INT, HUP, STOP, CONT and USR1 are usual", name)
}

func signalName(s syscall.Signal) string {
	for _, known := range signals {
		if known.number == s {
			return known.name
		}
	}
	return fmt.Sprint(int(s))
}

func isGone(err error) bool { return errors.Is(err, syscall.ESRCH) }

// group makes cmd the leader of a process group, so that what it started ends with it.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// ended gives the exit code, or the signal that ended the process.
func ended(s *os.ProcessState) (code, signal any) {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return nil, signalName(w.Signal())
	}
	return s.ExitCode(), nil
}
