package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// shared runs 1,000 tasks that are given a shared array of 100 MB, one at a time: the first, and the median of the others.
func shared(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	xs := make([]float64, 12_500_000)
	xs[len(xs)-1] = 42
	s, err := p.Share(xs)
	if err != nil {
		return nil, err
	}
	source := "xs[xs.length - 1]"
	if b.lang == lang.Lua {
		source = "return xs[#xs]"
	}
	var ds []time.Duration
	for range 1000 {
		start := time.Now()
		v, err := p.Go(b.ctx, eval.Task{Lang: b.lang, Source: source, Globals: eval.Globals{"xs": s}}).Get(b.ctx)
		if err != nil || v != int64(42) {
			return nil, fmt.Errorf("the last number of the shared array is %v, not 42 (%v)", v, err)
		}
		ds = append(ds, time.Since(start))
	}
	first := ds[0]
	slices.Sort(ds)
	return []float64{milliseconds(first), milliseconds(ds[len(ds)/2])}, nil
}

// liveOutput is how long a printed line takes to the handle of a task that goes on: the median and the most.
func liveOutput(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	f := p.Go(b.ctx, eval.Task{Source: "for (;;) { print(Date.now()); sleep(15) }"})
	defer f.Cancel()
	lines := make(chan string, 1000)
	f.OnNews(eval.News{Output: func(out []eval.OutputLine) {
		for _, l := range out {
			lines <- l.Text
		}
	}})
	var ds []time.Duration
	for range 100 {
		var at int64
		select {
		case l := <-lines:
			fmt.Sscan(l, &at)
		case <-b.ctx.Done():
			return nil, b.ctx.Err()
		}
		ds = append(ds, time.Since(time.UnixMilli(at)))
	}
	slices.Sort(ds)
	return []float64{milliseconds(ds[len(ds)/2]), milliseconds(ds[len(ds)-1])}, nil
}

// nested is a task that waits for a task that waits for another, five deep, on one daemon.
func nested(b *bench) ([]float64, error) {
	p, err := b.profile()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	const depth = 5
	source := strings.Repeat("mirai<js>{ ", depth) + "1" + strings.Repeat(" }[]", depth)
	if b.lang == lang.Lua {
		source = "return " + strings.Repeat("mirai<lua>{ return ", depth) + "1" + strings.Repeat(" }[]", depth)
	}
	var ds []time.Duration
	for range 200 {
		start := time.Now()
		v, err := p.Go(b.ctx, eval.Task{Lang: b.lang, Source: source}).Get(b.ctx)
		if err != nil || v != int64(1) {
			return nil, fmt.Errorf("tasks %d deep give %v, not 1 (%v)", depth, v, err)
		}
		ds = append(ds, time.Since(start))
	}
	slices.Sort(ds)
	return []float64{milliseconds(ds[len(ds)/2])}, nil
}
