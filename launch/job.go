package launch

import (
	"context"
	"fmt"
	"time"
)

// Job is one step of a launch, a command or a request, and the daemons that it brings. Making one does nothing.
type Job struct {
	// Daemons is how many it brings.
	Daemons int
	// Start is how long they may take to connect. 0 means as long as they like.
	Start time.Duration
	// Command is what a person would type to do the same. It holds what is secret in the settings.
	Command func(s Settings) string
	// Run does it, and returns when the command or the request is over: that may be once the daemons are submitted, or
	// once they have ended. said is what it printed; it and the error hold no secret. Nil: a person is to run Command.
	Run func(ctx context.Context, s Settings) (said string, err error)
}

// How long daemons may take to connect where nothing is said: those that begin at once, those that some service begins,
// and those that wait for a place on a cluster.
const (
	startSoon  = time.Minute
	startLater = 10 * time.Minute
	startQueue = 24 * time.Hour
)

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// job makes a job of a command.
func job(daemons int, start time.Duration, make func(Settings) command) Job {
	return Job{
		Daemons: daemons,
		Start:   start,
		Command: func(s Settings) string { return make(s).String() },
		Run:     func(ctx context.Context, s Settings) (string, error) { return make(s).run(ctx, s) },
	}
}

// perHost says how many daemons there are when n are asked for on so many hosts: one for each of several, where n is 0, 1
// or just their number, and n on a single one.
func perHost(n, hosts int) (int, error) {
	switch {
	case n < 0:
		return 0, fmt.Errorf("launch: %d daemons cannot be launched: the number must be one or greater", n)
	case hosts == 1:
		return max(n, 1), nil
	case n > 1 && n != hosts:
		return 0, fmt.Errorf("launch: %d daemons cannot be launched on %d hosts: the number must equal that of the hosts, or be 1 for one on each", n, hosts)
	}
	return hosts, nil
}
