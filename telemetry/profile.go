package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mojukapu/mirai/eval"
)

// profile makes spans and metrics of one profile.
type profile struct {
	*Telemetry
	url     string
	about   []attribute.KeyValue
	within  context.Context // of the call that set it
	set     trace.SpanStartOption
	counted counted
	gauges  metric.Registration
}

// Profile is an eval.Watch: spans of the profile and its tasks, and its metrics.
func (t *Telemetry) Profile(ctx context.Context, p *eval.Profile) *eval.Hooks {
	s := p.Status()
	o := &profile{Telemetry: t, url: s.URL, within: context.WithoutCancel(ctx), counted: t.of.counted(s.Name)}
	o.about = append(server(s.URL), attribute.Bool("mirai.dispatcher", !s.Direct), attribute.String("mirai.profile", s.Name))
	o.gauges = t.of.observe(t.meter, p, s.Name)
	set, span := t.tracer.Start(o.within, "daemons set "+s.URL, trace.WithAttributes(o.about...))
	span.End()
	o.set = linkTo(set)
	return &eval.Hooks{Submit: o.submit, Map: o.mapped, End: o.end, Up: o.up, Gone: o.gone, Reset: o.reset}
}

func (o *profile) submit(ctx context.Context, s eval.Submission) (string, func(error)) {
	o.counted.submitted.Add(ctx, 1, o.counted.of(s.Purpose))
	ctx, span := o.tracer.Start(ctx, "mirai", trace.WithSpanKind(trace.SpanKindClient), o.set,
		trace.WithAttributes(attribute.Int64("mirai.id", int64(s.ID))))
	return outgoing(ctx), func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, eval.Refused)
		}
		span.End()
	}
}

func (o *profile) mapped(ctx context.Context, _ int) (context.Context, func()) {
	ctx, span := o.tracer.Start(ctx, "mirai.map", o.set)
	return ctx, func() { span.End() }
}

func (o *profile) end(s eval.Submission, r eval.Result, wait time.Duration) {
	ctx, of := context.Background(), o.counted.of(s.Purpose)
	if r.Err == nil {
		o.counted.completed.Add(ctx, 1, of)
	} else {
		o.counted.failed.Add(ctx, 1, of, metric.WithAttributes(attribute.String("error.type", r.Err.Kind)))
	}
	if r.Info.Started.IsZero() {
		return
	}
	o.counted.wait.Record(ctx, wait.Seconds(), of)
	o.counted.run.Record(ctx, r.Info.Run.Seconds(), of)
}

func (o *profile) up(eval.DaemonStatus) {
	o.counted.connected.Add(context.Background(), 1, o.counted.all)
}

func (o *profile) gone(eval.DaemonStatus) {
	o.counted.gone.Add(context.Background(), 1, o.counted.all)
}

func (o *profile) reset() {
	if o.gauges != nil {
		o.gauges.Unregister()
	}
	_, span := o.tracer.Start(o.within, "daemons reset "+o.url, o.set, trace.WithAttributes(o.about...))
	span.End()
}
