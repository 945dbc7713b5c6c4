package script_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

// geo is a module of the host's own.
var geo = lang.Module{Name: "geo", Funcs: []lang.Func{{Name: "twice", Call: func(c *lang.Call) (any, error) {
	x, err := c.Float(0)
	return 2 * x, err
}}}}

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{Modules: append(script.DaemonModules(), geo), Files: true})
	os.Exit(m.Run())
}

// session gives a session and what its scripts print.
func session(t *testing.T, cfg script.Config) (*script.Session, *strings.Builder) {
	t.Helper()
	var out strings.Builder
	cfg.Print = func(_ lang.Stream, text string) { out.WriteString(text + "\n") }
	cfg.Modules = []lang.Module{geo}
	s, err := script.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, &out
}

func TestModulesEverywhere(t *testing.T) {
	ctx := context.Background()
	for _, host := range []eval.Config{{}, {InProcess: daemon.InProcess}} {
		for language, text := range map[string]string{
			lang.JS:  `const geo = require("geo"); print(geo.twice(4), mirai<lua>{ require("geo").twice(5) }()[])`,
			lang.Lua: `local geo = require("geo") print(geo.twice(4) .. " " .. mirai<js>{ require("geo").twice(5) }()[])`,
		} {
			s, out := session(t, script.Config{Lang: language, Daemons: 1, Host: host})
			if err := s.RunText(ctx, "", text); err != nil {
				t.Fatal(s.Explain(err))
			}
			if want := "8 10\n"; out.String() != want {
				t.Errorf("RunText(%q) prints %q, want %q", text, out, want)
			}
		}
	}
}

func TestLine(t *testing.T) {
	s, _ := session(t, script.Config{})
	for _, x := range []struct{ lang, text, want string }{
		{lang.JS, "1 + 1", "2"},
		{lang.JS, "let x = 5", ""},
		{lang.JS, "let x = 6", ""},
		{lang.JS, "x", "6"},
		{lang.JS, "null", "null"},
		{lang.JS, "({a: [1]})", "{ a: [ 1 ] }"},
		{lang.Lua, "x", ""},
		{lang.Lua, "local x = 7", ""},
		{lang.Lua, "x", "7"},
		{lang.JS, "x", "6"},
		{lang.JS, "await Promise.resolve(x)", "6"},
	} {
		s.SetLang(x.lang)
		got, err := s.Line(context.Background(), x.text)
		if err != nil || got != x.want {
			t.Errorf("%s: Line(%q) = %q, %v, want %q", x.lang, x.text, got, err, x.want)
		}
	}
}

func TestIncomplete(t *testing.T) {
	s, _ := session(t, script.Config{})
	for _, x := range []struct {
		lang, text string
		want       bool
	}{
		{lang.JS, "function f() {", true},
		{lang.JS, "[1,", true},
		{lang.JS, "`a", true},
		{lang.JS, "mirai<js>{ 1 +", true},
		{lang.JS, "1 + ", true},
		{lang.JS, "1 + )", false},
		{lang.JS, "1", false},
		{lang.Lua, "function f()", true},
		{lang.Lua, "x = [[a", true},
		{lang.Lua, "mirai<lua>{ f(", true},
		{lang.Lua, "f(", true},
		{lang.Lua, "x = )", false},
		{lang.Lua, "1 + 1", false},
	} {
		s.SetLang(x.lang)
		if got := !s.Complete(x.text); got != x.want {
			t.Errorf("%s: Complete(%q) = %v, want %v", x.lang, x.text, !got, !x.want)
		}
		if _, err := s.Line(context.Background(), x.text); script.Incomplete(err) != x.want {
			t.Errorf("%s: Line(%q) gives %v, want it incomplete: %v", x.lang, x.text, err, x.want)
		}
	}
}

// TestIdle has callbacks run while nothing is evaluated, and lines evaluated in between.
func TestIdle(t *testing.T) {
	s, _ := session(t, script.Config{})
	ctx := context.Background()
	failed := make(chan error, 1)
	line := func(text string) string {
		t.Helper()
		got, err := s.Line(ctx, text)
		if err != nil {
			t.Fatal(s.Explain(err))
		}
		return got
	}
	line(`let n = 0; function tick() { if (++n === 3) throw new Error("three"); setTimeout(tick, 1) } setTimeout(tick, 1); 0`)
	pause := s.Idle(ctx, func(err error) { failed <- err })
	err := <-failed
	pause()
	if !strings.Contains(s.Explain(err), "Error: three") {
		t.Errorf("the callback fails with %v", err)
	}
	if got := line("n"); got != "3" {
		t.Errorf("n = %s after the callbacks, want 3", got)
	}
	// pausing and going on does not disturb what is awaited
	for range 20 {
		pause := s.Idle(ctx, func(err error) { t.Error(err) })
		pause()
		if got := line("await new Promise(f => setTimeout(() => f(5), 0))"); got != "5" {
			t.Errorf("await gives %s, want 5", got)
		}
	}
}

func TestExit(t *testing.T) {
	for language, text := range map[string]string{
		lang.JS:  `try { require("process").exit(4) } catch { print("caught") }; print("not reached")`,
		lang.Lua: `pcall(require("process").exit, 4) print("not reached")`,
	} {
		s, out := session(t, script.Config{Lang: language})
		err := s.RunText(context.Background(), "", text)
		if code, ok := script.ExitCode(err); !ok || code != 4 || out.Len() > 0 {
			t.Errorf("%s: exit(4) gives %v and prints %q, want code 4 and nothing", language, err, out)
		}
	}
}

// TestExplain shows the whole source line of an error inside a block that begins on that line.
func TestExplain(t *testing.T) {
	dir := t.TempDir()
	for _, x := range []struct{ file, text, want string }{
		{"a.js", "const m = mirai<js>{ null.x }\nm[]\n",
			"FILE:1:27: TypeError: MESSAGE\n    const m = mirai<js>{ null.x }\n" + strings.Repeat(" ", 30) + "^\n    at FILE:1:27\n  awaited at FILE:2:1"},
		{"a.lua", "local m = mirai<lua>{ error('no') }\nlocal v = m[]\n",
			"FILE:1:23: MESSAGE\n    local m = mirai<lua>{ error('no') }\n" + strings.Repeat(" ", 26) + "^\n    at FILE:1:23\n  awaited at FILE:2:11"},
	} {
		path := filepath.Join(dir, x.file)
		if err := os.WriteFile(path, []byte(x.text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, _ := session(t, script.Config{})
		err := s.RunFile(context.Background(), path)
		var task *eval.Error
		if !errors.As(err, &task) {
			t.Fatalf("RunFile(%s) gives %v, want an *eval.Error in it", x.file, err)
		}
		got := strings.ReplaceAll(s.Explain(err), path, "FILE")
		if want := strings.ReplaceAll(x.want, "MESSAGE", task.Message); got != want {
			t.Errorf("Explain gives\n%s\nwant\n%s", got, want)
		}
	}
}

func TestNoSuchLanguage(t *testing.T) {
	s, _ := session(t, script.Config{Lang: "perl"})
	if err := s.RunText(context.Background(), "", "1"); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", "perl")) {
		t.Errorf("a script in perl gives %v", err)
	}
}
