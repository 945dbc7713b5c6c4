package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// barred are the figures that are drawn as bars.
var barred = []struct {
	file, title string
	fig         figure
}{
	{"roundtrip", "Round trip of a trivial task, one worker, median", figure{name: "roundtrip_p50", workers: 1}},
	{"throughput", "20,000 trivial tasks, two workers", figure{name: "throughput", workers: 2, more: true}},
	{"start", "Eight workers, from nothing to eight results", figure{name: "start_first_result", workers: 8}},
	{"memory", "Host memory for each queued task", figure{name: "queued_task_bytes", workers: 1}},
}

// draw writes the pictures of a run.
func draw(dir string, r *results, cs []contender) error {
	for _, p := range barred {
		b := barsOf(r, cs, p.fig)
		if len(b) == 0 {
			continue
		}
		unit := r.units[p.fig.name]
		if p.fig.more {
			unit += " (more is better)"
		}
		if err := write(dir, p.file+"-"+r.mode, bars{p.title + ", " + r.mode + " machine", unit, b}.svg()); err != nil {
			return err
		}
	}
	ch := echoChart(r, cs)
	if len(ch.lines) == 0 {
		return nil
	}
	return write(dir, "echo-"+r.mode, ch.svg())
}

// barsOf gives who has a figure, the best first.
func barsOf(r *results, cs []contender, f figure) (bs []bar) {
	for _, c := range cs {
		if v, ok := r.median(c.name, f); ok {
			bs = append(bs, bar{c.name, v, strings.HasPrefix(c.name, "mirai-")})
		}
	}
	slices.SortStableFunc(bs, func(a, b bar) int {
		switch {
		case a.value == b.value:
			return 0
		case (a.value < b.value) != f.more:
			return -1
		}
		return 1
	})
	return bs
}

// echoChart holds payloads against the bare socket.
func echoChart(r *results, cs []contender) chart {
	ch := chart{title: "Doubles there and back, " + r.mode + " machine", x: "megabytes", y: "milliseconds", logX: true, logY: true}
	for _, c := range cs {
		l, prefix := line{name: c.name}, "echo"
		switch {
		case c.name == "floor":
			l, prefix = line{name: "bare socket", style: dashed}, "socket"
		case !c.peer:
			l.style = bold
		}
		for _, mb := range []int{1, 10, 100} {
			if v, ok := r.median(c.name, figure{name: fmt.Sprintf("%s_%dMB", prefix, mb), workers: 1}); ok {
				l.points = append(l.points, point{float64(mb), v})
			}
		}
		if len(l.points) > 0 {
			ch.lines = append(ch.lines, l)
		}
	}
	return ch
}

func write(dir, name, svg string) error {
	return os.WriteFile(filepath.Join(dir, "performance-"+name+".svg"), []byte(svg), 0o644)
}
