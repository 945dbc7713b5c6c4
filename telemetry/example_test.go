package telemetry_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
	"github.com/mojukapu/mirai/telemetry"
)

// printer is an exporter that prints the names of tasks' spans.
type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range spans {
		if s.Parent().IsValid() {
			fmt.Println(s.SpanKind(), s.Name())
		}
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }

// Traces of a host whose daemon is a goroutine: the user's own span, the task in it, and its evaluation.
func Example() {
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(printer{})) // a real one batches, and exports by OTLP
	tel, err := telemetry.New(telemetry.Config{Tracer: tracer})
	if err != nil {
		panic(err)
	}
	p, err := eval.New(context.Background(), eval.Config{
		Watch: []eval.Watch{tel.Profile},
		InProcess: func(ctx context.Context, s launch.Settings, modules []lang.Module) error {
			_, err := daemon.Run(ctx, s, daemon.Config{Modules: modules, Watch: tel.Daemon})
			return err
		},
	})
	if err != nil {
		panic(err)
	}
	defer p.Close()

	ctx, request := tracer.Tracer("shop").Start(context.Background(), "request")
	defer request.End()
	sum, err := p.Go(ctx, eval.Task{Source: "a + b", Globals: eval.Globals{"a": 1, "b": 2}}).Get(ctx)
	fmt.Println(sum, err)
	// Output:
	// client mirai
	// server daemon eval
	// 3 <nil>
}
