//go:build unix

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalOf gives a signal by its name without SIG; "0" only asks whether the process is there.
func signalOf(name string) (os.Signal, error) {
	if name == "0" {
		return syscall.Signal(0), nil
	}
	if s := unix.SignalNum("SIG" + name); s != 0 {
		return s, nil
	}
	return nil, fmt.Errorf("process.kill: there is no signal %q: TERM, KILL, INT, HUP, STOP, CONT and USR1 are usual", name)
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
		return nil, strings.TrimPrefix(unix.SignalName(w.Signal()), "SIG")
	}
	return s.ExitCode(), nil
}
