// Package telemetry gives traces and metrics by OpenTelemetry. New makes a Telemetry; its Profile goes into
// eval.Config.Watch and its Daemon into daemon.Config.Watch. Where they are not, nothing of OpenTelemetry is linked.
// Spans follow a task from the call that submits it, or the map, into the daemon that evaluates it, on whichever machine:
//
//	daemons set URL, daemons reset URL           in the host, when a profile is set and closed
//	daemon connect URL, daemon disconnect URL    in the daemon
//	mirai.map, mirai                             in the host, while a map or a task is submitted
//	daemon eval                                  in the daemon, while it evaluates; its parent is mirai
//
// docs/telemetry.md tells their attributes and links, and the metrics.
package telemetry

import (
	"fmt"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Scope is the name of the tracer and of the meter.
const Scope = "github.com/mojukapu/mirai"

// Config is what a Telemetry is made with.
type Config struct {
	// Tracer makes the spans. Defaults to the global one, otel.GetTracerProvider.
	Tracer trace.TracerProvider
	// Meter makes the metrics. Defaults to the global one, otel.GetMeterProvider.
	Meter metric.MeterProvider
}

// Telemetry makes spans and metrics of what it is told by profiles and daemons, of any number of both.
type Telemetry struct {
	cfg    Config
	tracer trace.Tracer
	meter  metric.Meter
	of     instruments
}

// New makes a Telemetry. It fails when the meter does not take one of the metrics.
func New(cfg Config) (*Telemetry, error) {
	if cfg.Tracer == nil {
		cfg.Tracer = otel.GetTracerProvider()
	}
	if cfg.Meter == nil {
		cfg.Meter = otel.GetMeterProvider()
	}
	t := &Telemetry{cfg: cfg, tracer: cfg.Tracer.Tracer(Scope), meter: cfg.Meter.Meter(Scope)}
	var err error
	if t.of, err = newInstruments(t.meter); err != nil {
		return nil, fmt.Errorf("telemetry: cannot make a metric: %w", err)
	}
	return t, nil
}

// server gives the attributes of an address: its host and port, or its path, and how one gets there.
func server(address string) []attribute.KeyValue {
	u, err := url.Parse(address)
	if err != nil {
		return []attribute.KeyValue{attribute.String("server.address", address)}
	}
	host := u.Hostname() + u.Path
	if u.User != nil { // the @ of an abstract socket
		host = "@" + host
	}
	as := []attribute.KeyValue{attribute.String("server.address", host), attribute.String("network.transport", u.Scheme)}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		as = append(as, attribute.Int("server.port", port))
	}
	return as
}
