package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
)

// keepAwake starts a spinner of the lowest priority for each core, so that no core sleeps; stop ends them.
func keepAwake(ctx context.Context) (stop func(), err error) {
	nice, err := exec.LookPath("nice")
	if err != nil {
		return nil, fmt.Errorf("-awake needs the command nice: %w", err)
	}
	var ends []func()
	stop = func() {
		for _, end := range ends {
			end()
		}
	}
	for range runtime.NumCPU() {
		end, err := startPart("spin", []string{nice, "-n", "19"})
		if err != nil {
			stop()
			return nil, err
		}
		ends = append(ends, end)
	}
	return stop, ctx.Err()
}
