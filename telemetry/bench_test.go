package telemetry_test

import (
	"testing"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
)

// BenchmarkTask is the round trip of a trivial task to a daemon that is a goroutine, untraced and with every span kept
// on both sides: the difference is what traces and metrics cost.
func BenchmarkTask(b *testing.B) {
	b.Run("off", func(b *testing.B) { tasks(b, eval.Config{InProcess: daemon.InProcess}) })
	b.Run("on", func(b *testing.B) {
		tel := telemetryTo(&recorder{})
		tasks(b, eval.Config{InProcess: inProcess(tel), Watch: []eval.Watch{tel.Profile}})
	})
}

func tasks(b *testing.B, cfg eval.Config) {
	p, err := eval.New(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Go(b.Context(), eval.Task{Source: "1"}).Get(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
