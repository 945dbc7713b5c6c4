package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

// percentiles gives the 50th and the 99th percentile in microseconds.
func percentiles(ds []time.Duration) []float64 {
	slices.Sort(ds)
	us := func(p int) float64 { return float64(ds[len(ds)*p/100].Nanoseconds()) / 1e3 }
	return []float64{us(50), us(99)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// roundtrip runs trivial tasks one at a time.
func roundtrip(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	const warm, n = 2000, 5000
	ds := make([]time.Duration, 0, n)
	for i := range warm + n {
		start := time.Now()
		if _, err := p.Go(b.ctx, b.trivial()).Get(b.ctx); err != nil {
			return nil, err
		}
		if i >= warm {
			ds = append(ds, time.Since(start))
		}
	}
	return percentiles(ds), nil
}

// throughput submits trivial tasks and then collects them.
func throughput(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := b.burst(p, 2000); err != nil {
		return nil, err
	}
	const n = 20_000
	start := time.Now()
	if err := b.burst(p, n); err != nil {
		return nil, err
	}
	return []float64{n / time.Since(start).Seconds()}, nil
}

func (b *bench) burst(p *eval.Profile, n int) error {
	fs := make([]*eval.Future, n)
	for i := range fs {
		fs[i] = p.Go(b.ctx, b.trivial())
	}
	for _, f := range fs {
		if _, err := f.Get(b.ctx); err != nil {
			return err
		}
	}
	return nil
}

// mapped maps the identity over numbers, a hundred in a task.
func mapped(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	const n = 20_000
	xs := make([]int, n)
	for i := range xs {
		xs[i] = i
	}
	identity := eval.Task{Lang: b.lang, Source: map[string]string{lang.JS: "x => x", lang.Lua: "function(x) return x end"}[b.lang]}
	var took time.Duration
	for range 2 { // the first warms up
		start := time.Now()
		vs, err := p.Map(b.ctx, xs, identity, eval.MapOptions{Chunk: 100}).GetAll(b.ctx)
		if err != nil {
			return nil, err
		}
		if took = time.Since(start); len(vs) != n || vs[n-1] != int64(n-1) {
			return nil, fmt.Errorf("the map gave %d values, the last %v", len(vs), vs[len(vs)-1])
		}
	}
	return []float64{n / took.Seconds()}, nil
}

// callback measures from the resolution of a future to the callback that runs for it on a script's event loop.
func callback(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var ds []time.Duration
	var resolved time.Time
	watch := lang.Module{Name: "bench", Funcs: []lang.Func{
		{Name: "submit", Call: func(*lang.Call) (any, error) {
			return &watched{p.Go(b.ctx, b.trivial()), &resolved}, nil
		}},
		{Name: "done", Call: func(*lang.Call) (any, error) {
			ds = append(ds, time.Since(resolved))
			return nil, nil
		}},
	}}
	s, err := script.New(script.Config{Lang: b.lang, Modules: []lang.Module{watch}})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.RunText(b.ctx, "", callbacks[b.lang]); err != nil {
		return nil, errors.New(s.Explain(err))
	}
	return percentiles(ds[len(ds)/5:]), nil
}

var callbacks = map[string]string{
	lang.JS: `const bench = require("bench");
		(async () => { for (let i = 0; i < 2500; i++) { await bench.submit(); bench.done() } })()`,
	lang.Lua: `local bench = require("bench")
		local function go(i)
			if i > 0 then bench.submit():next(function() bench.done() go(i - 1) end) end
		end
		go(2500)`,
}

// watched is a future that notes when it was resolved.
type watched struct {
	f  *eval.Future
	at *time.Time
}

func (w *watched) Notify(n func()) {
	w.f.Notify(func() {
		*w.at = time.Now()
		n()
	})
}

func (w *watched) Result() (any, error) { return nil, nil }

// echo sends doubles there and back.
func (b *bench) echo(megabytes int) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	xs := make([]float64, megabytes*1_000_000/8)
	for i := range xs {
		xs[i] = float64(i) * 0.5
	}
	var ds []time.Duration
	for i := range 6 {
		start := time.Now()
		var back []float64
		f := p.Go(b.ctx, eval.Task{Lang: b.lang, Source: "return xs", Globals: eval.Globals{"xs": xs}})
		if err := f.Into(b.ctx, &back); err != nil {
			return nil, err
		}
		if i > 0 { // the first one warms up
			ds = append(ds, time.Since(start))
		}
		if err := same(xs, back); err != nil {
			return nil, err
		}
	}
	slices.Sort(ds)
	return []float64{milliseconds(ds[len(ds)/2])}, nil
}

func same(want, got []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d doubles went there and %d came back", len(want), len(got))
	}
	for i := 0; i < len(want); i += max(len(want)/97, 1) {
		if got[i] != want[i] {
			return fmt.Errorf("element %d went there as %v and came back as %v", i, want[i], got[i])
		}
	}
	return nil
}

// startFirstResult starts daemons from nothing and waits until each had a task.
func startFirstResult(b *bench) ([]float64, error) {
	var ds []time.Duration
	for range 7 {
		start := time.Now()
		p, err := b.profile()
		if err != nil {
			return nil, err
		}
		err = b.burst(p, b.workers)
		ds = append(ds, time.Since(start))
		p.Close()
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(ds)
	return []float64{milliseconds(ds[len(ds)/2])}, nil
}

// idleDaemonPrivate is the memory of a daemon that no other process shares, after its first task.
func idleDaemonPrivate(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := b.burst(p, 1); err != nil {
		return nil, err
	}
	file := fmt.Sprintf("/proc/%d/smaps_rollup", p.Status().Daemons[0].PID)
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // no Linux: there is no such figure
	}
	if err != nil {
		return nil, err
	}
	kB := 0
	for line := range bytes.Lines(text) {
		if f := strings.Fields(string(line)); len(f) > 1 && strings.HasPrefix(f[0], "Private_") {
			n, _ := strconv.Atoi(f[1])
			kB += n
		}
	}
	return []float64{float64(kB) * 1024 / 1e6}, nil
}

const queued = 100_000

// queue gives a profile whose daemon is busy and the futures that wait behind.
func (b *bench) queue(before func()) (*eval.Profile, []*eval.Future, error) {
	p, err := b.profile()
	if err != nil {
		return nil, nil, err
	}
	p.Go(context.Background(), eval.Task{Lang: b.lang, Source: "sleep(1000000)"})
	fs := make([]*eval.Future, queued)
	before()
	for i := range fs {
		fs[i] = p.Go(context.Background(), b.trivial())
	}
	return p, fs, nil
}

// queuedTaskBytes is the memory of the host for each task that waits.
func queuedTaskBytes(b *bench) ([]float64, error) {
	var empty uint64
	p, fs, err := b.queue(func() { empty = heap() })
	if err != nil {
		return nil, err
	}
	defer p.Close()
	full := heap()
	runtime.KeepAlive(fs)
	return []float64{float64(full-empty) / queued}, nil
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// cancelQueued cancels everything that waits.
func cancelQueued(b *bench) ([]float64, error) {
	p, fs, err := b.queue(func() {})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	start := time.Now()
	for _, f := range fs {
		if !f.Cancel() {
			return nil, errors.New("a task that waited could not be cancelled")
		}
	}
	return []float64{milliseconds(time.Since(start))}, nil
}
