//go:build unix

package launch

import (
	"os/exec"
	"syscall"
)

// detach keeps a Ctrl-C at the terminal from a command that keeps daemons running: it is the host's affair. What the
// command started ends with it when it is ended.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
