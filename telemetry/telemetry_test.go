package telemetry_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
	"github.com/mojukapu/mirai/script"
	"github.com/mojukapu/mirai/telemetry"
)

// spansTo names the file that a daemon which is this test binary adds its spans to.
const spansTo = "MIRAI_TEST_SPANS"

func TestMain(m *testing.M) {
	cfg := daemon.Config{}
	if path := os.Getenv(spansTo); path != "" {
		cfg.Watch = telemetryTo(fileSpans{path}).Daemon
	}
	daemon.Main(cfg)
	os.Exit(m.Run())
}

// inProcess runs daemons as goroutines that t hears of.
func inProcess(t *telemetry.Telemetry, modules ...lang.Module) func(context.Context, launch.Settings, []lang.Module) error {
	return func(ctx context.Context, s launch.Settings, own []lang.Module) error {
		_, err := daemon.Run(ctx, s, daemon.Config{Modules: append(modules, own...), Watch: t.Daemon})
		return err
	}
}

// fifteen are the spans of TestSpans: kind, name, < parent, & links, attributes, ! status.
var fifteen = []string{
	"client mirai < mirai.map & daemons set URL [mirai.id]",
	"client mirai < mirai.map & daemons set URL [mirai.id]",
	"client mirai < mirai.map & daemons set URL [mirai.id]",
	"client mirai < request & daemons set URL [mirai.id]",
	"client mirai < request & daemons set URL [mirai.id]",
	"internal daemon connect URL [network.transport server.address]",
	"internal daemon disconnect URL & daemon connect URL [network.transport server.address]",
	"internal daemons reset URL < request & daemons set URL [mirai.dispatcher mirai.profile network.transport server.address]",
	"internal daemons set URL < request [mirai.dispatcher mirai.profile network.transport server.address]",
	"internal mirai.map < request & daemons set URL",
	"server daemon eval < mirai & daemon connect URL",
	"server daemon eval < mirai & daemon connect URL",
	"server daemon eval < mirai & daemon connect URL",
	"server daemon eval < mirai & daemon connect URL [error.type] ! error",
	"server daemon eval < mirai & daemon connect URL [error.type] ! interrupted",
}

// work sets a profile and has it run a map of three elements, a task that is interrupted and one that fails. Its one
// daemon has let go of the interrupted one when the last begins.
func work(ctx context.Context, t *testing.T, cfg eval.Config) {
	t.Helper()
	p, err := eval.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Map(ctx, []int{1, 2, 3}, eval.Task{Source: "x => x + 1"}, eval.MapOptions{}).Get(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Go(ctx, eval.Task{Source: "for (;;) {}", RunTimeout: 20 * time.Millisecond}).Get(ctx); !errors.Is(err, eval.ErrTimeout) {
		t.Fatalf("the task that is interrupted: %v", err)
	}
	if _, err := p.Go(ctx, eval.Task{Source: "null.x"}).Get(ctx); !errors.Is(err, eval.ErrRaised) {
		t.Fatalf("the task that fails: %v", err)
	}
}

func TestSpansInProcess(t *testing.T) {
	var r recorder
	tel := telemetryTo(&r)
	ctx, span := provider(&r).Tracer("test").Start(t.Context(), "request")
	work(ctx, t, eval.Config{InProcess: inProcess(tel), Watch: []eval.Watch{tel.Profile}})
	span.End()
	compare(t, r.all())
}

func TestSpansOfProcess(t *testing.T) {
	path := t.TempDir() + "/spans"
	t.Setenv(spansTo, path)
	var r recorder
	tel := telemetryTo(&r)
	ctx, span := provider(&r).Tracer("test").Start(t.Context(), "request")
	work(ctx, t, eval.Config{Watch: []eval.Watch{tel.Profile}})
	span.End()
	compare(t, append(r.all(), readSpans(t, path)...))
}

// compare compares spans with fifteen, and sees that the numbers of the tasks increase.
func compare(t *testing.T, spans []span) {
	t.Helper()
	names := map[string]string{}
	for _, s := range spans {
		names[s.ID] = s.Name
	}
	var got []string
	last := 0
	for _, s := range spans {
		if s.Name == "request" {
			continue
		}
		got = append(got, s.describe(names))
		if s.Name == "mirai" {
			if s.Task <= last {
				t.Errorf("mirai.id is %d after %d: it must increase", s.Task, last)
			}
			last = s.Task
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, fifteen) {
		t.Errorf("spans:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(fifteen, "\n"))
	}
}

// TestTraceOfHostFunctions wants the span of a task in the context of calls of host functions.
func TestTraceOfHostFunctions(t *testing.T) {
	var r recorder
	tel := telemetryTo(&r)
	var seen string
	host := lang.Module{Name: "host", Global: true, Funcs: []lang.Func{{Name: "look", Call: func(c *lang.Call) (any, error) {
		seen = trace.SpanContextFromContext(c.Context).SpanID().String()
		return nil, nil
	}}}}
	p, err := eval.New(t.Context(), eval.Config{InProcess: inProcess(tel, host), Watch: []eval.Watch{tel.Profile}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Go(t.Context(), eval.Task{Source: "host.look()"}).Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.all() {
		if s.Name == "daemon eval" && s.ID != seen {
			t.Errorf("a host function sees the span %q, want that of daemon eval, %q", seen, s.ID)
		}
	}
}

// TestScripts wants the tasks and maps of a script, in both languages, to be children of the span that the script runs in.
func TestScripts(t *testing.T) {
	for language, source := range map[string]string{
		lang.JS:  "mirai<js>{ 1 }()[]; mirai.map([1], x => x)[]; everywhere<js>{ y = 1 }()",
		lang.Lua: "local m = mirai<lua>{ return 1 }()[] local xs = mirai.map({1}, function(x) return x end)[] everywhere<lua>{ y = 1 }()",
	} {
		var r recorder
		tel := telemetryTo(&r)
		ctx, request := provider(&r).Tracer("test").Start(t.Context(), "request")
		s, err := script.New(script.Config{Lang: language, Daemons: 1, Host: eval.Config{InProcess: inProcess(tel), Watch: []eval.Watch{tel.Profile}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RunText(ctx, "", source); err != nil {
			t.Fatal(s.Explain(err))
		}
		s.Close()
		request.End()
		names := map[string]string{}
		for _, one := range r.all() {
			names[one.ID] = one.Name
		}
		var got []string
		for _, one := range r.all() {
			if strings.HasPrefix(one.Name, "mirai") {
				got = append(got, one.Name+" < "+names[one.Parent])
			}
		}
		slices.Sort(got)
		want := []string{"mirai < mirai.map", "mirai < request", "mirai < request", "mirai.map < request"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
}

// TestRefused wants the span of a task that cannot be sent to say so.
func TestRefused(t *testing.T) {
	var r recorder
	tel := telemetryTo(&r)
	p, err := eval.New(t.Context(), eval.Config{InProcess: daemon.InProcess, Watch: []eval.Watch{tel.Profile}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Go(t.Context(), eval.Task{Source: "x", Globals: eval.Globals{"x": make(chan int)}})
	all := r.all() // daemons set, mirai
	if got, want := all[1].describe(map[string]string{all[0].ID: all[0].Name}), "client mirai & daemons set URL [mirai.id] ! refused"; got != want {
		t.Errorf("span %q, want %q", got, want)
	}
}
