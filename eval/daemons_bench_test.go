package eval_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
)

// BenchmarkDaemons is one task after the other, over tcp: what assigning it costs must not depend on how many daemons
// are connected. (In a burst it would: a thousand interpreters do not fit into a processor's caches.)
func BenchmarkDaemons(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			defer cancel()
			start := time.Now()
			p, err := eval.New(ctx, eval.Config{URL: "tcp://127.0.0.1:0", Daemons: n, InProcess: daemon.InProcess, Modules: modules, Start: time.Minute})
			if err != nil {
				b.Fatal(err)
			}
			connected := time.Since(start)
			defer p.Close()
			for b.Loop() {
				if _, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(connected.Milliseconds()), "ms-to-connect")
		})
	}
}
