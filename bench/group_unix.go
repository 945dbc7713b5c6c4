//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// own gives a program a process group, so that its workers can be ended with it.
func own(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func endGroup(c *exec.Cmd) error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

func executable(name string) string { return name }
