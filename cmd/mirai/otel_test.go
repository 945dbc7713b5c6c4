//go:build otel

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OpenTelemetry collector that notes the names of what it gets.
type collector struct {
	mu    sync.Mutex
	names []string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var spans traces.ExportTraceServiceRequest
	var values metrics.ExportMetricsServiceRequest
	if r.URL.Path == "/v1/traces" && proto.Unmarshal(b, &spans) == nil {
		for _, s := range spans.ResourceSpans[0].ScopeSpans[0].Spans {
			c.names = append(c.names, s.Name)
		}
	}
	if r.URL.Path == "/v1/metrics" && proto.Unmarshal(b, &values) == nil {
		for _, m := range values.ResourceMetrics[0].ScopeMetrics[0].Metrics {
			c.names = append(c.names, m.Name)
		}
	}
}

// TestOTLP wants a script's traces, those of its daemon included, and its metrics at the collector that the environment names.
func TestOTLP(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	t.Cleanup(func() { // when the script is over
		server.Close()
		for _, want := range []string{"mirai", "mirai.map", "daemon eval", "mirai.tasks.completed"} {
			if !slices.Contains(c.names, want) {
				t.Errorf("the collector got %q, want %q among them", c.names, want)
			}
		}
	})
	file := filepath.Join(t.TempDir(), "otlp.txtar")
	const script = "exec mirai run -n 1 -e 'console.log(mirai.map([1, 2], x => x + 1)[])'\nstdout '2, 3'\n! stderr .\n"
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Files: []string{file}, Setup: func(e *testscript.Env) error {
		e.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
		return nil
	}})
}
