package telemetry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mojukapu/mirai/telemetry"
)

// span is what the tests look at of a span.
type span struct {
	ID, Parent string
	Name, Kind string
	Attributes []string // their keys
	Task       int      // mirai.id
	Links      []string
	Status     string
}

var url = regexp.MustCompile(`\w+://\S+`)

func spanOf(s sdktrace.ReadOnlySpan) span {
	out := span{ID: s.SpanContext().SpanID().String(), Kind: s.SpanKind().String()}
	out.Name = url.ReplaceAllString(s.Name(), "URL")
	if s.Parent().IsValid() {
		out.Parent = s.Parent().SpanID().String()
	}
	for _, a := range s.Attributes() {
		out.Attributes = append(out.Attributes, string(a.Key))
		if a.Key == "mirai.id" {
			out.Task = int(a.Value.AsInt64())
		}
	}
	slices.Sort(out.Attributes)
	for _, l := range s.Links() {
		out.Links = append(out.Links, l.SpanContext.SpanID().String())
	}
	if s.Status().Code == codes.Error {
		out.Status = s.Status().Description
	}
	return out
}

// describe gives a span as a line, other spans by their names.
func (s span) describe(names map[string]string) string {
	b := s.Kind + " " + s.Name
	if s.Parent != "" {
		b += " < " + names[s.Parent]
	}
	for _, l := range s.Links {
		b += " & " + names[l]
	}
	if len(s.Attributes) > 0 {
		b += fmt.Sprint(" ", s.Attributes)
	}
	if s.Status != "" {
		b += " ! " + s.Status
	}
	return b
}

// recorder is an exporter that keeps what it gets.
type recorder struct {
	mu    sync.Mutex
	spans []span
}

func (r *recorder) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range spans {
		r.spans = append(r.spans, spanOf(s))
	}
	return nil
}

func (r *recorder) Shutdown(context.Context) error { return nil }

func (r *recorder) all() []span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// fileSpans is an exporter that adds spans to a file, a line each.
type fileSpans struct{ path string }

func (f fileSpans) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for _, s := range spans {
		line, err := json.Marshal(spanOf(s))
		if err != nil {
			return err
		}
		fmt.Fprintf(file, "%s\n", line)
	}
	return file.Close()
}

func (f fileSpans) Shutdown(context.Context) error { return nil }

func readSpans(t *testing.T, path string) (spans []span) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var s span
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		spans = append(spans, s)
	}
	return spans
}

// provider hands each span over as it ends.
func provider(e sdktrace.SpanExporter) *sdktrace.TracerProvider {
	return sdktrace.NewTracerProvider(sdktrace.WithSyncer(e))
}

func telemetryTo(e sdktrace.SpanExporter) *telemetry.Telemetry {
	t, err := telemetry.New(telemetry.Config{Tracer: provider(e)})
	if err != nil {
		panic(err)
	}
	return t
}
