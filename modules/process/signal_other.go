//go:build !unix

package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// signalOf gives a signal by its name without SIG. There are no others here: both end the process at once.
func signalOf(name string) (os.Signal, error) {
	if name == "TERM" || name == "KILL" {
		return os.Kill, nil
	}
	return nil, fmt.Errorf("process.kill: there is no signal %q on %s: use KILL", name, runtime.GOOS)
}

func isGone(error) bool { return false }

func group(*exec.Cmd) {}

func ended(s *os.ProcessState) (code, signal any) { return s.ExitCode(), nil }
