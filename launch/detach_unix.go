//go:build unix

package launch

import (
	"os/exec"
	"syscall"
)

// detach keeps a Ctrl-C at the terminal from a command that keeps daemons running: it is the host's affair.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
