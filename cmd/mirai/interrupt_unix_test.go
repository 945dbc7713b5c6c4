//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
)

// TestInterrupt sends Ctrl-C's signal to a script that waits for a task: it ends with 130, and its daemons with it.
func TestInterrupt(t *testing.T) {
	for _, args := range [][]string{
		{"-n", "1", "-e", "const m = mirai<js>{ sleep(100000) }; print('waiting'); m[]"},
		{"-n", "1", "-e", "print('waiting'); for (;;);"},
		{"-n", "1", "-e", "print('waiting'); await mirai<js>{ sleep(100000) }"},
		{"-n", "1", "-e", "mirai<js>{ sleep(100000) }; print('waiting')"},
		{"--lua", "-n", "1", "-e", "local m = mirai<lua>{ sleep(100000) } print('waiting') local v = m[]"},
		{"--lua", "-n", "1", "-e", "print('waiting') while true do end"},
		{"--lua", "-e", "print('waiting') sleep(100000)"},
	} {
		cmd := exec.Command("mirai", append([]string{"run"}, args...)...)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "waiting\n" {
			t.Errorf("%q prints %q, %v", args, line, err)
		}
		cmd.Process.Signal(os.Interrupt)
		err = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("%q, interrupted, exits with %d (%v), want 130", args, code, err)
		}
	}
}
