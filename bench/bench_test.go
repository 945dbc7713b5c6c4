package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/script"
)

func TestMain(m *testing.M) {
	child()
	daemon.Main(daemon.Config{Modules: script.DaemonModules()})
	os.Exit(m.Run())
}

func TestParseSamples(t *testing.T) {
	got, err := parseSamples([]byte(`{"name":"echo_1MB","lang":"js","workers":1,"mode":"process","value":1.5,"unit":"ms"}

{"name":"map","workers":2,"value":9,"unit":"tasks/s"}`))
	want := []sample{{"echo_1MB", 1, 1.5, "ms"}, {"map", 2, 9, "tasks/s"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("parseSamples = %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"hello", "{", `{"value":1}`, `{"name":"x","value":"1"}`} {
		if got, err := parseSamples([]byte(bad)); err == nil {
			t.Errorf("parseSamples(%q) = %v, want an error", bad, got)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		vs   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.vs); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.vs, got, c.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median(nil) = %v, want NaN", got)
	}
}

func TestRatio(t *testing.T) {
	if got := ratio(30, 120); got != 0.25 {
		t.Errorf("ratio(30, 120) = %v, want 0.25", got)
	}
	for _, theirs := range []float64{0, math.NaN()} {
		if got := ratio(1, theirs); !math.IsNaN(got) {
			t.Errorf("ratio(1, %v) = %v, want NaN", theirs, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1.2345: "1.23", 99.94: "99.9", 99.96: "100", 1234.4: "1,234", 1e6: "1,000,000", math.NaN(): "-"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}

// sampled is a run in which everybody took part.
func sampled() (*results, []contender) {
	cs := []contender{{name: "floor"}, {name: "mirai-js", process: true}, {name: "threads", peer: true}, {name: "processes", peer: true, process: true}}
	r := newResults("idle")
	for i, c := range cs {
		for round := range 3 {
			v := float64(10*i + round)
			r.add(c.name, []sample{{"roundtrip_p50", 1, v, "us"}, {"throughput", 2, 1000 * v, "tasks/s"}, {"echo_1MB", 1, v, "ms"}})
		}
	}
	r.add("floor", []sample{{"pingpong_p50", 1, 5.5, "us"}})
	return r, cs
}

func TestComparison(t *testing.T) {
	r, cs := sampled()
	var b bytes.Buffer
	report(&b, r, cs, true)
	for _, want := range []string{
		"| round trip, median | us | 11 | 21 | 31 | threads | 0.524 | 0.355 | 2 |",
		"| 20,000 tasks, 2 workers | tasks/s | 11,000 | 21,000 | 31,000 | processes | 0.355 | 0.355 | - |",
		"| 64 B there and back, unix socket, median | 5.5 | us |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report has no line %q:\n%s", want, b.String())
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	r, _ := sampled()
	r.add("dask", []sample{{"map", 2, 691, "tasks/s"}})
	file := filepath.Join(t.TempDir(), "samples")
	if err := r.save(file); err != nil {
		t.Fatal(err)
	}
	got, err := load(file)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("load = %+v, %v, want %+v", got, err, r)
	}
	var names []string
	for _, c := range got.contenders() {
		names = append(names, c.name)
	}
	if want := []string{"floor", "mirai-js", "dask"}; !slices.Equal(names, want) {
		t.Errorf("contenders = %v, want %v", names, want)
	}
}

func TestSVG(t *testing.T) {
	r, cs := sampled()
	ch := chart{title: `a < b & "c"`, x: "x", y: "y", logX: true, logY: true}
	for _, p := range []point{{1, 0.02}, {1000, 0}, {1e6, 3e7}} {
		ch.add("one", p)
		ch.add("two", point{p.x, p.y + 1})
	}
	for name, svg := range map[string]string{
		"lines": ch.svg(),
		"flat":  chart{title: "flat", lines: []line{{name: "one", points: []point{{1, 5}}}}}.svg(),
		"empty": chart{title: "empty", logX: true}.svg(),
		"bars":  bars{"bars", "us", barsOf(r, cs, figure{name: "roundtrip_p50", workers: 1})}.svg(),
		"far":   bars{"far", "us", []bar{{"a", 1, true}, {"b", 9000, false}}}.svg(),
		"echo":  echoChart(r, cs).svg(),
	} {
		if err := wellFormed(svg); err != nil {
			t.Errorf("%s: %v\n%s", name, err, svg)
		}
	}
	if n := strings.Count(ch.svg(), "<polyline"); n != 2 {
		t.Errorf("a chart of two lines has %d", n)
	}
}

// wellFormed wants XML without numbers that no viewer understands.
func wellFormed(svg string) error {
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		return errors.New("a place is no number")
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestScale(t *testing.T) {
	s := newScale([]float64{3, 2500}, true, 0, 400)
	if s.lo != 1 || s.hi != 10000 || s.at(1) != 0 || s.at(10000) != 400 || math.Abs(s.at(100)-200) > 1e-9 {
		t.Errorf("a logarithmic scale of 3 to 2500 is %+v, with 100 at %v", s, s.at(100))
	}
	if got, want := newScale([]float64{448}, false, 0, 1).ticks(), []float64{0, 100, 200, 300, 400, 500}; !slices.Equal(got, want) {
		t.Errorf("the ticks to 448 are %v, want %v", got, want)
	}
}

func TestFlags(t *testing.T) {
	if o, err := parse([]string{"-quick", "-peers", "node,dask", "-only", "echo,mirai-js"}); err != nil || o.rounds != 1 || len(peersNamed(o.peers)) != 6 {
		t.Errorf("parse = %+v, %v", o, err)
	}
	for _, bad := range [][]string{{"-only", "ehco"}, {"-peers", "ruby"}, {"-rounds", "0"}, {"more"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("parse(%q) is no error", bad)
		}
	}
}

// TestFloor runs what go run ./bench -quick -only floor does, with the cores kept awake.
func TestFloor(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
	defer stop()
	out := t.TempDir()
	if err := floorRun(ctx, t, out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(out, "samples-awake.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"pingpong_p50", "eval_js", "eval_lua", "memcpy_100MB", "socket_100MB"} {
		if !bytes.Contains(text, []byte(`"contender":"floor","name":"`+f+`"`)) {
			t.Errorf("the floor has no %s:\n%s", f, text)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "performance-echo-awake.svg")); err != nil {
		t.Error(err)
	}
}

func floorRun(ctx context.Context, t *testing.T, out string) error {
	o, err := parse([]string{"-quick", "-awake", "-peers", "none", "-only", "floor", "-out", out})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := keepAwake(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	return figuresRun(ctx, o)
}

// TestCurves measures one small point of each.
func TestCurves(t *testing.T) {
	for _, c := range allCurves(false) {
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		costs, err := c.measure(ctx, c.lowest)
		if err != nil || len(costs) == 0 {
			t.Errorf("%s: %v, %v", c.file, costs, err)
		}
		for _, k := range costs {
			c.chart.add(k.line, point{float64(c.lowest), k.value})
		}
		if got := len(c.chart.table()); got != 2 {
			t.Errorf("%s: the table has %d lines, want 2", c.file, got)
		}
	}
}

func TestMeasuredReports(t *testing.T) {
	if _, err := measured(t.Context(), "go", "no-such-command"); err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Errorf("a program that fails gives %v, want what it complained of", err)
	}
}

func TestNoCheckout(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, _, err := contenders(t.Context(), options{}); err == nil || !strings.Contains(err.Error(), "checkout") {
		t.Errorf("outside a checkout: %v, want an error that asks for one", err)
	}
}
