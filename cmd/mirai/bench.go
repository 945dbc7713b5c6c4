package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/script"
)

type benchCmd struct {
	JSON    bool     `name:"json" help:"One JSON object a line instead of a table."`
	Only    []string `placeholder:"NAME" help:"These figures, or those whose names begin so: roundtrip, throughput, map, callback, echo, shared, nested, live, start, idle, queued, cancel."`
	Workers int      `default:"2" help:"How many daemons share the work, where several do."`
	Lang    string   `default:"js" enum:"js,lua" help:"The language of the tasks: js or lua."`
}

// figure is a measurement and the names of what it gives.
type figure struct {
	names   []string
	unit    string
	workers int // 0: as asked for
	take    func(*bench) ([]float64, error)
}

var figures = []figure{
	{[]string{"roundtrip_p50", "roundtrip_p99"}, "us", 1, roundtrip},
	{[]string{"throughput"}, "tasks/s", 0, throughput},
	{[]string{"map"}, "tasks/s", 0, mapped},
	{[]string{"callback_p50", "callback_p99"}, "us", 1, callback},
	{[]string{"echo_1MB"}, "ms", 1, func(b *bench) ([]float64, error) { return b.echo(1) }},
	{[]string{"echo_10MB"}, "ms", 1, func(b *bench) ([]float64, error) { return b.echo(10) }},
	{[]string{"echo_100MB"}, "ms", 1, func(b *bench) ([]float64, error) { return b.echo(100) }},
	{[]string{"shared_100MB_first", "shared_100MB"}, "ms", 1, shared},
	{[]string{"nested_5"}, "ms", 1, nested},
	{[]string{"live_p50", "live_max"}, "ms", 1, liveOutput},
	{[]string{"start_first_result"}, "ms", 0, startFirstResult},
	{[]string{"idle_daemon_private"}, "MB", 1, idleDaemonPrivate},
	{[]string{"queued_task_bytes"}, "B", 1, queuedTaskBytes},
	{[]string{"cancel_queued"}, "ms", 1, cancelQueued},
}

// row is a line of what is printed.
type row struct {
	Name    string  `json:"name"`
	Lang    string  `json:"lang"`
	Workers int     `json:"workers"`
	Mode    string  `json:"mode"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
}

func (c *benchCmd) Run() error {
	if c.Workers < 1 {
		return fmt.Errorf("mirai bench: --workers is %d: it takes one daemon at least", c.Workers)
	}
	ctx, stop := interruptible()
	defer stop()
	var rows []row
	for _, f := range figures {
		if !c.wants(f) {
			continue
		}
		b := &bench{ctx: ctx, lang: c.Lang, workers: c.Workers}
		if f.workers > 0 {
			b.workers = f.workers
		}
		values, err := f.take(b)
		if err != nil {
			return fmt.Errorf("mirai bench: %s: %w", f.names[0], err)
		}
		for i, v := range values {
			rows = append(rows, row{f.names[i], c.Lang, b.workers, "process", v, f.unit})
		}
		if c.JSON {
			print(rows)
			rows = nil
		}
	}
	if !c.JSON {
		table(rows)
	}
	return nil
}

func (c *benchCmd) wants(f figure) bool {
	return len(c.Only) == 0 || slices.ContainsFunc(c.Only, func(want string) bool {
		return slices.ContainsFunc(f.names, func(name string) bool { return strings.HasPrefix(name, want) })
	})
}

func print(rows []row) {
	for _, r := range rows {
		b, _ := json.Marshal(r)
		fmt.Println(string(b))
	}
}

func table(rows []row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tvalue\tunit\tdaemons\tlanguage")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", r.Name, short(r.Value), r.Unit, r.Workers, r.Lang)
	}
	w.Flush()
}

func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// bench is what a figure is taken with.
type bench struct {
	ctx     context.Context
	lang    string
	workers int
}

// profile starts the daemons.
func (b *bench) profile() (*eval.Profile, error) {
	return eval.New(b.ctx, eval.Config{Daemons: b.workers, Modules: script.DaemonModules()})
}

// trivial is the smallest task.
func (b *bench) trivial() eval.Task { return eval.Task{Lang: b.lang, Source: "return 1"} }
