package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// report prints what was measured: everyone's medians, and the floor's.
func report(w io.Writer, r *results, cs []contender, markdown bool) {
	if lines := comparison(r, cs); len(lines) > 1 {
		fmt.Fprintf(w, "Medians, %s machine. Less is better, except where tasks/s are counted. Ratios are those of mirai-js.\n\n", r.mode)
		print(w, lines, markdown)
	}
	if lines := floorTable(r); len(lines) > 1 {
		fmt.Fprintf(w, "\nThe floor, %s machine\n\n", r.mode)
		print(w, lines, markdown)
	}
}

// comparison is the table of everyone; its first line is the head.
func comparison(r *results, cs []contender) [][]string {
	var shown, peers, procs []contender
	for _, c := range cs {
		if c.name == "floor" {
			continue
		}
		shown = append(shown, c)
		if c.peer {
			peers = append(peers, c)
		}
		if c.peer && c.process {
			procs = append(procs, c)
		}
	}
	head := []string{"figure", "unit"}
	for _, c := range shown {
		head = append(head, c.name)
	}
	lines := [][]string{append(head, "best peer", "ours / best", "ours / best process", "ours / floor")}
	for _, f := range figures {
		if line, ok := comparisonLine(r, f, shown, peers, procs); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

func comparisonLine(r *results, f figure, shown, peers, procs []contender) (line []string, ok bool) {
	line = []string{f.title, r.units[f.name]}
	for _, c := range shown {
		v, has := r.median(c.name, f)
		ok = ok || has
		line = append(line, number(v))
	}
	ours, _ := r.median("mirai-js", f)
	name, best := r.best(peers, f)
	_, process := r.best(procs, f)
	floor, _ := r.median("floor", figure{name: f.floor, workers: 1})
	if r.units[f.name] != r.units[f.floor] {
		floor = math.NaN()
	}
	return append(line, dash(name), number(ratio(ours, best)), number(ratio(ours, process)), number(ratio(ours, floor))), ok
}

func floorTable(r *results) [][]string {
	lines := [][]string{{"floor", "median", "unit"}}
	for _, f := range floors {
		if v, ok := r.median("floor", f); ok {
			lines = append(lines, []string{f.title, number(v), r.units[f.name]})
		}
	}
	return lines
}

// number writes three digits, with commas from a thousand on; a dash for what was not measured.
func number(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	if math.Abs(v) < 99.95 {
		return fmt.Sprintf("%.3g", v)
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func print(w io.Writer, lines [][]string, markdown bool) {
	if markdown {
		for i, l := range lines {
			fmt.Fprintf(w, "| %s |\n", strings.Join(l, " | "))
			if i == 0 {
				fmt.Fprintln(w, strings.Repeat("|---", len(l))+"|")
			}
		}
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintln(t, strings.Join(l, "\t"))
	}
	t.Flush()
}
