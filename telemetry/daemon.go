package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// flushWithin is how long a daemon that ends may take to hand over its last spans: its host gives it half a second.
const flushWithin = 300 * time.Millisecond

// worker makes spans of one daemon.
type worker struct {
	*Telemetry
	url     string
	about   trace.SpanStartOption
	connect trace.SpanStartOption
}

// Daemon is a daemon.Watch: spans of the daemon and of the tasks that it evaluates. When the daemon ends, spans that
// Config.Tracer has not handed over yet are, where it has a method ForceFlush as the SDK's does.
func (t *Telemetry) Daemon(url string) *daemon.Hooks {
	w := &worker{Telemetry: t, url: url, about: trace.WithAttributes(server(url)...)}
	ctx, span := t.tracer.Start(context.Background(), "daemon connect "+url, w.about)
	span.End()
	w.connect = linkTo(ctx)
	return &daemon.Hooks{Start: w.start, Leave: w.leave}
}

func (w *worker) start(task daemon.Task) (context.Context, func(error)) {
	ctx, span := w.tracer.Start(incoming(task.Trace), "daemon eval", trace.WithSpanKind(trace.SpanKindServer), w.connect)
	return ctx, func(err error) {
		if err != nil {
			fail(span, err)
		}
		span.End()
	}
}

func (w *worker) leave() {
	_, span := w.tracer.Start(context.Background(), "daemon disconnect "+w.url, w.connect, w.about)
	span.End()
	if f, ok := w.cfg.Tracer.(interface{ ForceFlush(context.Context) error }); ok {
		ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
		defer cancel()
		f.ForceFlush(ctx) // its error is for nobody: the daemon ends
	}
}

// fail marks the span of a task that failed: the status says the kind, the attribute error.type the class. Messages
// stay out of it, they may hold what the task worked on.
func fail(span trace.Span, err error) {
	kind := eval.Raised
	var refused *lang.Refused
	var e *lang.Error
	if errors.As(err, &refused) {
		kind = eval.Refused
	} else if errors.As(err, &e) {
		kind = kinds[e.Kind]
		if e.Class != "" {
			span.SetAttributes(attribute.String("error.type", e.Class))
		}
	}
	span.SetStatus(codes.Error, kind)
}

var kinds = [...]string{lang.Raised: eval.Raised, lang.Syntax: eval.Raised, lang.Interrupted: eval.Interrupted, lang.Limited: eval.Limit}
