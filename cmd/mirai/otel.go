//go:build otel

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/telemetry"
)

// shutdownWithin is how long the last spans and metrics of a script may take to leave.
const shutdownWithin = 5 * time.Second

// watchHost gives traces and metrics of scripts where the environment says where to send them, and what to call at the end.
func watchHost() (watch []eval.Watch, end func()) {
	ctx := context.Background()
	t, shutdown, err := exporting(ctx)
	if err != nil {
		fmt.Fprintf(os.Stderr, "mirai: no traces: %v\n", err)
	}
	if t == nil {
		return nil, func() {}
	}
	return []eval.Watch{t.Profile}, func() {
		ctx, cancel := context.WithTimeout(ctx, shutdownWithin)
		defer cancel()
		shutdown(ctx)
	}
}

// watchDaemon gives traces of daemons, in the same way. A daemon hands its last spans over when it leaves.
func watchDaemon() daemon.Watch {
	return func(url string) *daemon.Hooks {
		t, _, err := exporting(context.Background())
		if t == nil || err != nil {
			return nil
		}
		return t.Daemon(url)
	}
}

// exporting makes what sends by OTLP over HTTP; nil where the environment does not ask for it.
func exporting(ctx context.Context) (t *telemetry.Telemetry, shutdown func(context.Context), err error) {
	if !asked() {
		return nil, nil, nil
	}
	if p := os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return nil, nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %s: this program speaks http/protobuf", p)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "mirai")),
		resource.WithFromEnv(), resource.WithTelemetrySDK(), resource.WithProcessPID(), resource.WithHost())
	if err != nil {
		return nil, nil, err
	}
	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, err
	}
	metrics, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return nil, nil, err
	}
	tracer := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans), sdktrace.WithResource(about))
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)), sdkmetric.WithResource(about))
	t, err = telemetry.New(telemetry.Config{Tracer: tracer, Meter: meter})
	return t, func(ctx context.Context) {
		tracer.Shutdown(ctx) // what cannot be sent was said by the SDK
		meter.Shutdown(ctx)
	}, err
}

// asked tells whether the standard environment variables say where to.
func asked() bool {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return false
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}
