package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/mojukapu/mirai/eval"
)

// instruments are the metrics of all profiles.
type instruments struct {
	submitted, completed, failed, connected, gone metric.Int64Counter

	wait, run                 metric.Float64Histogram
	waiting, running, daemons metric.Int64ObservableGauge
}

// seconds are the bounds of the histograms: a trivial task takes some microseconds, others hours.
var seconds = []float64{10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 5e-3, 10e-3, 50e-3, 100e-3, 500e-3, 1, 5, 10, 60, 300, 3600}

func newInstruments(m metric.Meter) (i instruments, err error) {
	counter := func(name, unit, what string) metric.Int64Counter {
		c, e := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(what))
		err = errors.Join(err, e)
		return c
	}
	histogram := func(name, what string) metric.Float64Histogram {
		h, e := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(what), metric.WithExplicitBucketBoundaries(seconds...))
		err = errors.Join(err, e)
		return h
	}
	gauge := func(name, unit, what string) metric.Int64ObservableGauge {
		g, e := m.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(what))
		err = errors.Join(err, e)
		return g
	}
	i.submitted = counter("mirai.tasks.submitted", "{task}", "Tasks that were submitted")
	i.completed = counter("mirai.tasks.completed", "{task}", "Tasks that gave a value")
	i.failed = counter("mirai.tasks.failed", "{task}", "Tasks that failed, by the kind of their error")
	i.wait = histogram("mirai.task.wait", "From the submission of a task to its start")
	i.run = histogram("mirai.task.run", "How long a task ran")
	i.waiting = gauge("mirai.tasks.waiting", "{task}", "Tasks that wait for a daemon")
	i.running = gauge("mirai.tasks.running", "{task}", "Tasks that daemons have")
	i.daemons = gauge("mirai.daemons", "{daemon}", "Connected daemons")
	i.connected = counter("mirai.daemons.connected", "{daemon}", "Daemons that have connected")
	i.gone = counter("mirai.daemons.gone", "{daemon}", "Daemons that have left or were lost")
	return i, err
}

// counted are the metrics of one profile, and what they are counted by.
type counted struct {
	instruments
	all metric.MeasurementOption
	by  map[eval.Purpose]metric.MeasurementOption
}

func (i instruments) counted(profile string) counted {
	name := attribute.String("mirai.profile", profile)
	c := counted{instruments: i, all: metric.WithAttributeSet(attribute.NewSet(name)), by: map[eval.Purpose]metric.MeasurementOption{}}
	for _, p := range []eval.Purpose{eval.ForItself, eval.ForMap, eval.ForEverywhere} {
		c.by[p] = metric.WithAttributeSet(attribute.NewSet(name, attribute.String("mirai.purpose", string(p))))
	}
	return c
}

func (c counted) of(p eval.Purpose) metric.MeasurementOption { return c.by[p] }

// observe has the gauges ask the profile when they are read. It gives nil where the meter does not let it.
func (i instruments) observe(m metric.Meter, p *eval.Profile, name string) metric.Registration {
	by := metric.WithAttributeSet(attribute.NewSet(attribute.String("mirai.profile", name)))
	r, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := p.Status()
		o.ObserveInt64(i.waiting, int64(s.Awaiting), by)
		o.ObserveInt64(i.running, int64(s.Executing), by)
		o.ObserveInt64(i.daemons, int64(s.Connections), by)
		return nil
	}, i.waiting, i.running, i.daemons)
	if err != nil {
		return nil
	}
	return r
}
