//go:build unix

package daemon

import (
	"os/signal"
	"syscall"
)

// ignoreBrokenPipe has printing to nobody fail rather than end the process.
func ignoreBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }
