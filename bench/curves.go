package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

// curve is cost against size, from 1 or lowest by decades.
type curve struct {
	file         string
	chart        chart
	lowest       int
	quick, whole int // the highest size
	measure      func(ctx context.Context, size int) ([]cost, error)
}

// cost is a point of the line of that name.
type cost struct {
	line  string
	value float64
}

func allCurves(large bool) []curve {
	payload := 100_000_000
	if large {
		payload *= 10
	}
	return []curve{
		{"queue-time", chart{title: "Queued tasks: time for each", x: "queued tasks", y: "ns per task", logX: true, logY: true}, 1, 1000, 1_000_000, queueTime},
		{"queue-memory", chart{title: "Queued tasks: host memory for each", x: "queued tasks", y: "bytes per task", logX: true}, 100, 1000, 1_000_000, queueMemory},
		{"daemons", chart{title: "A trivial task among connected daemons (in-process)", x: "daemons", y: "us per task", logX: true, logY: true}, 1, 10, 1000, daemons},
		{"payload", chart{title: "Bytes there and back, one process daemon", x: "bytes", y: "us", logX: true, logY: true}, 1, 100_000, payload, payloads},
		{"callbacks", chart{title: "Pending futures with callbacks", x: "pending futures", y: "ns per future", logX: true, logY: true}, 1, 1000, 1_000_000, callbacks},
		{"objects", chart{title: "Nested objects there and back, one process daemon", x: "keys", y: "us per key", logX: true, logY: true}, 10, 1000, 1_000_000, objects},
	}
}

// curves measures, prints and draws them.
func curves(ctx context.Context, o options) error {
	for _, c := range allCurves(o.large) {
		highest := c.whole
		if o.quick {
			highest = c.quick
		}
		for size := c.lowest; size <= highest; size *= 10 {
			limit, stop := context.WithTimeout(ctx, 3*time.Minute)
			costs, err := c.measure(limit, size)
			stop()
			if err != nil {
				return fmt.Errorf("curve %s at %d: %w", c.file, size, err)
			}
			for _, k := range costs {
				c.chart.add(k.line, point{float64(size), k.value})
			}
			debris()
		}
		print(os.Stdout, c.chart.table(), o.markdown)
		fmt.Println()
		if err := write(o.out, "curve-"+c.file, c.chart.svg()); err != nil {
			return err
		}
	}
	return nil
}

// debris gives the memory of one point back before the next.
func debris() {
	runtime.GC()
	runtime.GC()
}

func (ch *chart) add(name string, p point) {
	i := slices.IndexFunc(ch.lines, func(l line) bool { return l.name == name })
	if i < 0 {
		i, ch.lines = len(ch.lines), append(ch.lines, line{name: name})
	}
	ch.lines[i].points = append(ch.lines[i].points, p)
}

// table has a column for each line; all lines have the same sizes.
func (ch chart) table() [][]string {
	head := []string{ch.x}
	var rows [][]string
	for i, l := range ch.lines {
		head = append(head, l.name+", "+ch.y)
		for j, p := range l.points {
			if i == 0 {
				rows = append(rows, []string{number(p.x)})
			}
			rows[j] = append(rows[j], number(p.y))
		}
	}
	return append([][]string{head}, rows...)
}

func process(ctx context.Context) (*eval.Profile, error) {
	return eval.New(ctx, eval.Config{Modules: script.DaemonModules()})
}

// busy gives a profile whose one daemon never takes another task.
func busy(ctx context.Context) (*eval.Profile, error) {
	p, err := process(ctx)
	if err != nil {
		return nil, err
	}
	p.Go(context.Background(), eval.Task{Source: "sleep(1e9)"})
	return p, nil
}

// often is how many times a small size is repeated, so that it takes long enough to be timed.
func often(size int) int { return max(1, 20_000/size) }

func perTask(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / float64(n) }

func queueTime(ctx context.Context, n int) ([]cost, error) {
	p, err := busy(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var submit, cancel time.Duration
	fs := make([]*eval.Future, n)
	for range often(n) {
		start := time.Now()
		fill(p, fs)
		submitted := time.Now()
		for _, f := range fs {
			f.Cancel()
		}
		submit, cancel = submit+submitted.Sub(start), cancel+time.Since(submitted)
	}
	total := n * often(n)
	return []cost{{"submit", perTask(submit, total)}, {"cancel", perTask(cancel, total)}}, nil
}

func fill(p *eval.Profile, fs []*eval.Future) {
	for i := range fs {
		fs[i] = p.Go(context.Background(), eval.Task{Source: "return 1"})
	}
}

func queueMemory(ctx context.Context, n int) ([]cost, error) {
	p, err := busy(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	fs := make([]*eval.Future, n)
	before := heap()
	fill(p, fs)
	after := heap()
	runtime.KeepAlive(fs)
	return []cost{{"queued", max(0, float64(after)-float64(before)) / float64(n)}}, nil
}

func heap() uint64 {
	debris()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// daemons measures what it costs to assign a task where many wait for one.
func daemons(ctx context.Context, n int) ([]cost, error) {
	p, err := eval.New(ctx, eval.Config{Daemons: n, InProcess: daemon.InProcess, Modules: script.DaemonModules(), Start: time.Minute})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := burst(ctx, p, 3*n+200); err != nil { // each has its interpreter after that
		return nil, err
	}
	debris()
	ds, err := timed(ctx, 3000, func() error {
		_, err := p.Go(ctx, eval.Task{Source: "return 1"}).Get(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	const many = 20_000
	start := time.Now()
	if err := burst(ctx, p, many); err != nil {
		return nil, err
	}
	return []cost{{"round trip, median", us(ds[len(ds)/2])}, {"20,000 at once", us(time.Since(start)) / many}}, nil
}

func burst(ctx context.Context, p *eval.Profile, n int) error {
	fs := make([]*eval.Future, n)
	fill(p, fs)
	for _, f := range fs {
		if _, err := f.Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

func payloads(ctx context.Context, n int) ([]cost, error) {
	xs := make([]byte, n)
	return echoed(ctx, min(2000, max(3, 100_000_000/n)), xs, func(d time.Duration) float64 { return us(d) })
}

// echoed sends a value there and back in both languages and gives the median.
func echoed(ctx context.Context, times int, v any, unit func(time.Duration) float64) (cs []cost, err error) {
	p, err := process(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	for _, l := range []string{lang.JS, lang.Lua} {
		ds, err := timed(ctx, times, func() error {
			_, err := p.Go(ctx, eval.Task{Lang: l, Source: "return x", Globals: eval.Globals{"x": v}}).Get(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		cs = append(cs, cost{l, unit(ds[len(ds)/2])})
	}
	return cs, nil
}

func objects(ctx context.Context, keys int) ([]cost, error) {
	return echoed(ctx, min(500, max(3, 200_000/keys)), tree(keys), func(d time.Duration) float64 { return us(d) / float64(keys) })
}

// tree nests objects of ten keys until there are so many numbers in them.
func tree(n int) map[string]any {
	t := map[string]any{}
	for i := range 10 {
		if n <= 10 {
			t[fmt.Sprintf("key%d", i)] = float64(i)
		} else {
			t[fmt.Sprintf("key%d", i)] = tree(n / 10)
		}
	}
	return t
}

// callbacks hangs a callback on each of the futures and resolves them.
func callbacks(ctx context.Context, n int) ([]cost, error) {
	p, err := busy(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var register, resolve time.Duration
	fs := make([]*eval.Future, n)
	for range often(n) {
		fill(p, fs)
		var called atomic.Int64
		done := make(chan struct{})
		start := time.Now()
		for _, f := range fs {
			f.Notify(func() {
				if called.Add(1) == int64(n) {
					close(done)
				}
			})
		}
		registered := time.Now()
		for _, f := range fs {
			f.Cancel()
		}
		select {
		case <-done:
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d callbacks came: %w", called.Load(), n, ctx.Err())
		}
		register, resolve = register+registered.Sub(start), resolve+time.Since(registered)
	}
	total := n * often(n)
	return []cost{{"register", perTask(register, total)}, {"resolve and call", perTask(resolve, total)}}, nil
}
