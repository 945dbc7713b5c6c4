package eval_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/launch"
)

// BenchmarkStart200 is the time until 200 process daemons have connected and answered: local ones, and those of one job array, with TLS.
// Once is enough: -benchtime 1x.
func BenchmarkStart200(b *testing.B) {
	const n = 200
	array := launch.Cluster{Command: "sh", Args: []string{"-c", "job=$(cat); i=0; while [ $i -lt 200 ]; do eval \"$job\" & i=$((i+1)); done"}, Program: os.Args[0]}
	for name, cfg := range map[string]eval.Config{
		"local":    {Daemons: n, Start: time.Minute},
		"launched": {Daemons: n, URL: "tls+tcp://127.0.0.1:0", Launcher: array},
	} {
		b.Run(name, func(b *testing.B) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			for b.Loop() {
				p, err := eval.New(ctx, cfg)
				if err != nil {
					b.Fatal(err)
				}
				fs, err := p.Everywhere(eval.Task{Source: "1", Min: n})
				if err != nil {
					b.Fatal(err)
				}
				for _, f := range fs {
					if _, err := f.Get(ctx); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				if got := p.Status().Connections; got != n {
					b.Errorf("%d of %d are connected", got, n)
				}
				p.Close()
				b.StartTimer()
			}
		})
	}
}
