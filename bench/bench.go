// Command bench measures mirai, its peers and the bare machine on the same work, in one run, and prints the medians.
//
//	go run ./bench                  every figure, 5 rounds
//	go run ./bench -awake           the same, with the cores kept awake
//	go run ./bench -curves          cost against size, drawn
//	go run ./bench -quick -peers none    one short round of everything
//
// A round takes one group of figures after another (groups.go) from each contender in turn: from us by the command
// mirai bench (ours.go), from the peers by the programs in bench/peers (peers.go, install.go), from the machine itself
// (floor.go, child.go). results.go has medians and ratios, table.go prints them, curves.go measures cost against size,
// svg.go and pictures.go draw.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/script"
)

func main() {
	child()
	daemon.Main(daemon.Config{Modules: script.DaemonModules()})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, o)
	}
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	rounds   int
	quick    bool
	awake    bool
	curves   bool
	large    bool
	markdown bool
	peers    []string
	only     []string
	out      string
	again    string
}

func parse(args []string) (options, error) {
	var o options
	var peers, only string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 5, "how often each figure is taken")
	f.BoolVar(&o.quick, "quick", false, "one short round of everything, the curves included")
	f.BoolVar(&o.awake, "awake", false, "keep the cores awake with a spinner of the lowest priority on each")
	f.BoolVar(&o.curves, "curves", false, "draw cost against size instead of taking the figures")
	f.BoolVar(&o.large, "large", false, "let the payload curve reach 1 GB")
	f.BoolVar(&o.markdown, "markdown", false, "print tables as Markdown")
	f.StringVar(&peers, "peers", "all", "all, none, or a list: node, python, or single ones such as workerpool-process")
	f.StringVar(&only, "only", "", "only these groups, or contenders such as mirai-js and floor, separated by commas")
	f.StringVar(&o.out, "out", filepath.Join("bench", "out"), "the folder for pictures and samples")
	f.StringVar(&o.again, "again", "", "report and draw the samples of this file instead of taking any")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag: see go run ./bench -help", f.Arg(0))
	}
	if o.quick {
		o.rounds = 1
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("-rounds is %d: it takes one at least", o.rounds)
	}
	o.peers, o.only = list(peers), list(only)
	return o, o.check()
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// check finds names that mean nothing, before minutes are spent.
func (o options) check() error {
	known := slices.Concat(contenderNames(), groupNames())
	for _, name := range o.only {
		if !slices.Contains(known, name) {
			return fmt.Errorf("-only: %q is none of %s", name, strings.Join(known, ", "))
		}
	}
	for _, name := range o.peers {
		if len(peersNamed([]string{name})) == 0 && name != "none" {
			return fmt.Errorf("-peers: %q is none of all, none, node, python, %s", name, strings.Join(peerNames(), ", "))
		}
	}
	return nil
}

func (o options) wants(names, all []string) []string {
	if !slices.ContainsFunc(o.only, func(n string) bool { return slices.Contains(all, n) }) {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(o.only, n) })
}

func (o options) mode() string {
	if o.awake {
		return "awake"
	}
	return "idle"
}

func run(ctx context.Context, o options) error {
	if o.again != "" {
		return again(o)
	}
	if o.awake {
		stop, err := keepAwake(ctx)
		if err != nil {
			return err
		}
		defer stop()
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if o.curves {
		return curves(ctx, o)
	}
	if err := figuresRun(ctx, o); err != nil || !o.quick {
		return err
	}
	return curves(ctx, o)
}

func again(o options) error {
	r, err := load(o.again)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	report(os.Stdout, r, r.contenders(), o.markdown)
	return draw(o.out, r, r.contenders())
}

// figuresRun takes every figure and reports.
func figuresRun(ctx context.Context, o options) error {
	cs, cleanup, err := contenders(ctx, o)
	if err != nil {
		return err
	}
	defer cleanup()
	r := newResults(o.mode())
	for i := range o.rounds {
		err = errors.Join(err, round(ctx, o, cs, r, i))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	report(os.Stdout, r, cs, o.markdown)
	return errors.Join(err, r.save(filepath.Join(o.out, "samples-"+o.mode()+".jsonl")), draw(o.out, r, cs))
}

// round takes each group from each contender, beginning with another one each time. Who fails is left out; it is an error
// when that was not a peer.
func round(ctx context.Context, o options, cs []contender, r *results, n int) (failed error) {
	wanted := o.wants(groupNames(), groupNames())
	for _, g := range groups {
		if !slices.Contains(wanted, g.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", n+1, o.rounds, g.name)
		for i := range cs {
			c := cs[(i+n)%len(cs)]
			samples, err := limited(ctx, c, g, o.quick)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s, %s: left out: %v\n", c.name, g.name, err)
			}
			if err != nil && !c.peer {
				failed = errors.Join(failed, fmt.Errorf("%s, %s: %w", c.name, g.name, err))
			}
			r.add(c.name, samples)
		}
	}
	return failed
}

func limited(ctx context.Context, c contender, g group, quick bool) ([]sample, error) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	return c.take(ctx, g, quick)
}
