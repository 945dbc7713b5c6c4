package launch

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cluster starts daemons by the scheduler of a cluster: n daemons are one submission, a job array. Its script goes to the
// submit command by standard input. The profile must listen where the nodes can dial.
type Cluster struct {
	// System is the scheduler: "slurm", "sge", "pbs" (also OpenPBS), "torque" or "lsf". Defaults to "slurm".
	System string
	// Options are lines for the script, directives (#SBATCH --mem=4G) and shell (module load go) alike, below those
	// that say the name and the array. Leading blanks are taken off.
	Options string
	// Name is the name of the jobs. Defaults to mirai- and something random.
	Name string
	// Log is where jobs write what they print; the scheduler's own patterns count. Defaults to /dev/null.
	Log string
	// Command submits a script that it reads. Defaults to sbatch, qsub or bsub.
	Command string
	// Args are arguments of Command.
	Args []string
	// Single submits each daemon by itself, for schedulers that know no job arrays.
	Single bool
	// Program becomes the daemon: the path of mirai there, or of a Go program that calls daemon.Main first. Defaults to mirai.
	Program string
	// Start is how long a daemon may take to connect, its time in the queue included. Defaults to 24 h.
	Start time.Duration
}

// scheduler is how one of them is spoken to: %s is a name or a path, %d the number of jobs in an array.
type scheduler struct {
	name, submit string
	header       []string // whatever is asked
	title        string   // without an array
	array        []string // title and array
	log          []string
}

var schedulers = []scheduler{
	{"slurm", "sbatch", []string{"#!/bin/sh"}, "#SBATCH --job-name=%s", []string{"#SBATCH --job-name=%s", "#SBATCH --array=1-%d"},
		[]string{"#SBATCH --output=%s", "#SBATCH --error=%s"}},
	{"sge", "qsub", []string{"#!/bin/sh", "#$ -S /bin/sh"}, "#$ -N %s", []string{"#$ -N %s", "#$ -t 1-%d"}, []string{"#$ -j y", "#$ -o %s"}},
	{"pbs", "qsub", []string{"#!/bin/sh"}, "#PBS -N %s", []string{"#PBS -N %s", "#PBS -J 1-%d"}, []string{"#PBS -j oe", "#PBS -o %s"}},
	{"torque", "qsub", []string{"#!/bin/sh"}, "#PBS -N %s", []string{"#PBS -N %s", "#PBS -t 1-%d"}, []string{"#PBS -j oe", "#PBS -o %s"}},
	{"lsf", "bsub", []string{"#!/bin/sh"}, "#BSUB -J %s", []string{"#BSUB -J %s[1-%d]"}, []string{"#BSUB -o %s", "#BSUB -e %s"}},
}

// Jobs says how n daemons are started; 0 means one.
func (c Cluster) Jobs(n int, url string) ([]Job, error) {
	if n < 0 {
		return nil, fmt.Errorf("launch: %d daemons cannot be launched: the number must be one or greater", n)
	}
	if strings.ContainsAny(c.Name+c.Log, "\n\r") {
		return nil, errors.New("launch: the name and the log of cluster jobs are one line each")
	}
	at := slices.IndexFunc(schedulers, func(s scheduler) bool { return s.name == c.system() })
	if at < 0 {
		return nil, fmt.Errorf(`launch: there is no system %q: it can be "slurm", "sge", "pbs", "torque" or "lsf"`, c.System)
	}
	if c.Name == "" {
		c.Name = "mirai-" + strings.ToLower(rand.Text()[:8])
	}
	size, count := max(n, 1), 1
	if c.Single {
		size, count = 1, size
	}
	jobs := make([]Job, count)
	for i := range jobs {
		jobs[i] = job(size, orElse(c.Start, startQueue), func(s Settings) command {
			return command{c.submit(schedulers[at]), c.script(schedulers[at], size, s)}
		})
	}
	return jobs, nil
}

func (c Cluster) system() string {
	if c.System == "" {
		return schedulers[0].name
	}
	return c.System
}

func (c Cluster) submit(to scheduler) []string {
	name := c.Command
	if name == "" {
		name = to.submit
	}
	return append([]string{name}, c.Args...)
}

// script is what is submitted for n daemons: nothing else is told to the scheduler.
func (c Cluster) script(to scheduler, n int, s Settings) string {
	lines := slices.Clone(to.header)
	if n == 1 {
		lines = append(lines, fmt.Sprintf(to.title, c.Name))
	} else {
		for _, l := range to.array {
			l = strings.Replace(l, "%s", c.Name, 1)
			lines = append(lines, strings.Replace(l, "%d", fmt.Sprint(n), 1))
		}
	}
	log := c.Log
	if log == "" {
		log = "/dev/null"
	}
	for _, l := range to.log {
		lines = append(lines, strings.Replace(l, "%s", log, 1))
	}
	for l := range strings.Lines(c.Options) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(append(lines, s.Line(c.Program)), "\n") + "\n"
}
