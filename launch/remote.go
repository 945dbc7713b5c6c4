package launch

import (
	"errors"
	"slices"
	"time"
)

// Remote starts daemons by any command: {Command: "srun", Args: {{"."}}}. The zero Remote starts nothing: its one job is
// for a person to run.
type Remote struct {
	// Command is the command that starts a daemon somewhere.
	Command string
	// Args are its arguments, a list for each host. In each, "." stands for the command of the daemon, which reads its
	// settings from standard input: Command must pass that on. Defaults to {{"."}}.
	Args [][]string
	// Quote makes the command of the daemon one argument, for a command that gives it to a shell, as ssh does. Otherwise
	// its words are arguments.
	Quote bool
	// Program becomes the daemon: the path of mirai, or of a Go program that calls daemon.Main first. Defaults to mirai.
	Program string
	// Start is how long a daemon may take to connect. Defaults to a minute.
	Start time.Duration
}

// placeholder stands for the command of the daemon.
const placeholder = "."

// Jobs says how n daemons are started; 0 means one on each host.
func (r Remote) Jobs(n int, url string) ([]Job, error) {
	hosts := r.Args
	if len(hosts) == 0 {
		hosts = [][]string{{placeholder}}
	}
	if slices.ContainsFunc(hosts, func(args []string) bool { return !slices.Contains(args, placeholder) }) {
		return nil, errors.New(`launch: "." must be an element of the arguments: it stands for the command of the daemon`)
	}
	n, err := perHost(n, len(hosts))
	if err != nil {
		return nil, err
	}
	if r.Command == "" {
		return []Job{{Daemons: n, Command: func(s Settings) string { return s.Line(r.Program) }}}, nil
	}
	jobs := make([]Job, n)
	for i := range jobs {
		args := r.fill(hosts[i%len(hosts)])
		jobs[i] = job(1, orElse(r.Start, startSoon), func(s Settings) command { return command{args, s.feed()} })
	}
	return jobs, nil
}

// fill puts the command of the daemon in its place.
func (r Remote) fill(args []string) []string {
	all := []string{r.Command}
	for _, a := range args {
		switch {
		case a != placeholder:
			all = append(all, a)
		case r.Quote:
			all = append(all, shell(fed(r.Program)))
		default:
			all = append(all, fed(r.Program)...)
		}
	}
	return all
}

// shell is a command as one text.
func shell(words []string) string { return command{args: words}.String() }
