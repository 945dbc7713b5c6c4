package telemetry

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// header is a trace context as it travels: W3C's traceparent, and its tracestate where there is one.
type header struct{ parent, state string }

// outgoing gives the trace context of a span as one text, "" when it has none.
func outgoing(ctx context.Context) string {
	var h header
	propagation.TraceContext{}.Inject(ctx, &h)
	if h.state == "" {
		return h.parent
	}
	return h.parent + "\n" + h.state
}

// incoming is the opposite of outgoing: a context whose span is that of another process.
func incoming(text string) context.Context {
	var h header
	h.parent, h.state, _ = strings.Cut(text, "\n")
	return propagation.TraceContext{}.Extract(context.Background(), &h)
}

// Set is propagation.TextMapCarrier's.
func (h *header) Set(key, value string) {
	switch key {
	case "traceparent":
		h.parent = value
	case "tracestate":
		h.state = value
	}
}

// Get is propagation.TextMapCarrier's.
func (h *header) Get(key string) string {
	switch key {
	case "traceparent":
		return h.parent
	case "tracestate":
		return h.state
	}
	return ""
}

// Keys is propagation.TextMapCarrier's.
func (h *header) Keys() []string { return []string{"traceparent", "tracestate"} }

// linkTo is the option that links a span to the one of ctx.
func linkTo(ctx context.Context) trace.SpanStartOption {
	return trace.WithLinks(trace.LinkFromContext(ctx))
}
