package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/launch"
)

// launchCmd starts daemons for a host that expects them: mirai.launch(n, {remote: mirai.remote()}) gives there the command
// of a daemon, whose token lets in n of them. With launch in place of daemon that command starts as many.
type launchCmd struct {
	daemonCmd
	N       int      `short:"n" default:"0" placeholder:"N" help:"How many daemons: as many as the host expects. Without it one, or one on each host."`
	Here    bool     `help:"Start them on this machine, as long as this command runs."`
	SSH     []string `name:"ssh" placeholder:"HOST" help:"Start them by ssh on these machines: [user@]host[:port], several with commas or said again."`
	Tunnel  bool     `help:"With --ssh: they reach the host, which listens at 127.0.0.1, through that connection."`
	Cluster string   `placeholder:"SYSTEM" help:"Start them as a job array: slurm (or sbatch), sge, pbs, torque, lsf (or bsub)."`
	Options string   `type:"existingfile" placeholder:"FILE" help:"With --cluster: lines for the script, directives and shell. With --ssh: arguments of ssh."`
	Command string   `placeholder:"COMMAND" help:"Start them by any command, 'srun .' for instance: the dot stands for the command of the daemon."`
	Quote   bool     `help:"With --command: the command of the daemon is one argument, for a shell to read."`
	Program string   `placeholder:"PATH" help:"The program mirai on those machines."`
	Print   bool     `help:"Print what would be done, with what is secret, and do nothing."`
}

func (c *launchCmd) Run() error {
	s, err := c.settings(os.Stdin)
	if err == nil {
		err = s.Valid()
	}
	by, problem := c.launcher()
	if err = errors.Join(err, problem); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitStatus(exitUsage)
	}
	jobs, err := by.Jobs(c.N, s.URL)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	return c.do(ctx, jobs, s)
}

// launcher is the configuration that the options stand for.
func (c *launchCmd) launcher() (eval.Launcher, error) {
	var by []eval.Launcher
	if c.Here {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		by = append(by, launch.Remote{Command: "env", Program: self})
	}
	lines, err := c.lines()
	if err != nil {
		return nil, err
	}
	if len(c.SSH) > 0 {
		by = append(by, launch.SSH{Hosts: c.SSH, Tunnel: c.Tunnel, Options: strings.Fields(lines), Program: c.Program})
	}
	if c.Cluster != "" {
		system, err := system(c.Cluster)
		if err != nil {
			return nil, err
		}
		by = append(by, launch.Cluster{System: system, Command: submits(c.Cluster), Options: lines, Program: c.Program})
	}
	if words := strings.Fields(c.Command); len(words) > 0 {
		by = append(by, launch.Remote{Command: words[0], Args: [][]string{words[1:]}, Quote: c.Quote, Program: c.Program})
	}
	switch len(by) {
	case 0:
		return launch.Remote{Program: c.Program}, nil
	case 1:
		return by[0], nil
	}
	return nil, errors.New("mirai launch: --here, --ssh, --cluster and --command say different places: give one of them")
}

func (c *launchCmd) lines() (string, error) {
	if c.Options == "" {
		return "", nil
	}
	b, err := os.ReadFile(c.Options)
	return string(b), err
}

// system takes the name of a scheduler, or of its submit command where that is its alone.
func system(name string) (string, error) {
	switch filepath.Base(name) {
	case "sbatch":
		return "slurm", nil
	case "bsub":
		return "lsf", nil
	case "qsub":
		return "", errors.New("mirai launch: qsub is the command of several systems: say sge, pbs or torque")
	}
	return name, nil
}

// submits is the submit command, where that was given.
func submits(name string) string {
	if base := filepath.Base(name); base == "sbatch" || base == "bsub" {
		return name
	}
	return ""
}

// do runs jobs until they are over, or prints those that a person is to run.
func (c *launchCmd) do(ctx context.Context, jobs []launch.Job, s launch.Settings) error {
	var wait sync.WaitGroup
	failed := make([]error, len(jobs))
	for i, job := range jobs {
		if c.Print || job.Run == nil {
			fmt.Println(job.Command(s))
			continue
		}
		wait.Go(func() {
			said, err := job.Run(ctx, s)
			if failed[i] = err; err == nil && said != "" && !s.Output {
				fmt.Println(said)
			}
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return exitStatus(exitInterrupted)
	}
	return errors.Join(failed...)
}
