package telemetry_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/telemetry"
)

func TestMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	tel, err := telemetry.New(telemetry.Config{Meter: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	p, err := eval.New(ctx, eval.Config{Name: "shop", Daemons: 2, InProcess: daemon.InProcess, Watch: []eval.Watch{tel.Profile}})
	if err != nil {
		t.Fatal(err)
	}
	open := read(t, reader)
	for _, want := range []string{"mirai.daemons{mirai.profile=shop} 2", "mirai.tasks.waiting{mirai.profile=shop} 0", "mirai.tasks.running{mirai.profile=shop} 0"} {
		if !slices.Contains(open, want) {
			t.Errorf("no %s among\n%s", want, strings.Join(open, "\n"))
		}
	}
	p.Map(ctx, []int{1, 2, 3}, eval.Task{Source: "x => x"}, eval.MapOptions{}).Get(ctx)
	p.Go(ctx, eval.Task{Source: "null.x"}).Get(ctx)
	p.Go(ctx, eval.Task{Source: "x", Globals: eval.Globals{"x": make(chan int)}}).Get(ctx)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"mirai.daemons.connected{mirai.profile=shop} 2",
		"mirai.daemons.gone{mirai.profile=shop} 2",
		"mirai.task.run{mirai.profile=shop,mirai.purpose=map} 3 times",
		"mirai.task.run{mirai.profile=shop,mirai.purpose=task} 1 times",
		"mirai.task.wait{mirai.profile=shop,mirai.purpose=map} 3 times",
		"mirai.task.wait{mirai.profile=shop,mirai.purpose=task} 1 times",
		"mirai.tasks.completed{mirai.profile=shop,mirai.purpose=map} 3",
		"mirai.tasks.failed{error.type=error,mirai.profile=shop,mirai.purpose=task} 1",
		"mirai.tasks.failed{error.type=refused,mirai.profile=shop,mirai.purpose=task} 1",
		"mirai.tasks.submitted{mirai.profile=shop,mirai.purpose=map} 3",
		"mirai.tasks.submitted{mirai.profile=shop,mirai.purpose=task} 2",
	}
	if got := read(t, reader); !slices.Equal(got, want) { // the gauges are gone with their profile
		t.Errorf("metrics:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestPurposes wants each task of everywhere counted, and those of daemons that come later too.
func TestPurposes(t *testing.T) {
	var seen []eval.Purpose
	watch := func(context.Context, *eval.Profile) *eval.Hooks {
		return &eval.Hooks{Submit: func(_ context.Context, s eval.Submission) (string, func(error)) {
			seen = append(seen, s.Purpose)
			return "", nil
		}}
	}
	p, err := eval.New(t.Context(), eval.Config{Daemons: 2, InProcess: daemon.InProcess, Watch: []eval.Watch{watch, nothing}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Everywhere(eval.Task{Source: "x = 1"}); err != nil {
		t.Fatal(err)
	}
	if v, err := p.Go(t.Context(), eval.Task{Source: "x"}).Get(t.Context()); err != nil || v != int64(1) {
		t.Fatal(v, err)
	}
	if got, want := fmt.Sprint(seen), "[everywhere everywhere task]"; got != want {
		t.Errorf("submitted for %s, want %s", got, want)
	}
}

func nothing(context.Context, *eval.Profile) *eval.Hooks { return nil }

// read gives every metric as a line: name{attributes} value.
func read(t *testing.T, r sdkmetric.Reader) (lines []string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		if scope.Scope.Name != telemetry.Scope {
			t.Errorf("the scope is %q, want %q", scope.Scope.Name, telemetry.Scope)
		}
		for _, m := range scope.Metrics {
			lines = append(lines, points(m)...)
		}
	}
	slices.Sort(lines)
	return lines
}

func points(m metricdata.Metrics) (lines []string) {
	numbers := func(ps []metricdata.DataPoint[int64]) {
		for _, p := range ps {
			lines = append(lines, fmt.Sprintf("%s{%s} %d", m.Name, p.Attributes.Encoded(attribute.DefaultEncoder()), p.Value))
		}
	}
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		numbers(d.DataPoints)
	case metricdata.Gauge[int64]:
		numbers(d.DataPoints)
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			lines = append(lines, fmt.Sprintf("%s{%s} %d times", m.Name, p.Attributes.Encoded(attribute.DefaultEncoder()), p.Count))
		}
	}
	return lines
}
