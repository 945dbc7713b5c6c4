package modules_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/js"
	"github.com/mojukapu/mirai/lang/lua"
	"github.com/mojukapu/mirai/modules"
	"github.com/mojukapu/mirai/modules/process"
)

var languages = []string{lang.JS, lang.Lua}

func newInterpreter(t *testing.T, language string, p process.Config) lang.Interpreter {
	t.Helper()
	cfg := lang.Config{Modules: modules.With(p)}
	var in lang.Interpreter
	var err error
	if language == lang.Lua {
		in, err = lua.New(cfg)
	} else {
		in, err = js.New(cfg)
	}
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// eval evaluates code with the modules at hand and shows its value.
func eval(t *testing.T, language, code string) (string, error) {
	t.Helper()
	in := newInterpreter(t, language, process.Config{Argv: []string{"main.js", "a"}})
	head := `const fs = require("fs"), json = require("json"), process = require("process"); `
	if language == lang.Lua {
		head = `local fs, json, process = require("fs"), require("json"), require("process"); `
	}
	v, err := in.Eval(context.Background(), lang.Code{Source: head + code, Name: "test"}, nil, nil)
	if err != nil {
		return "", err
	}
	var b lang.Builder
	if err := v.Walk(&b); err != nil {
		t.Fatal(err)
	}
	if s, ok := b.Value().(string); ok {
		return s, nil
	}
	return in.Show(v), nil
}

type test struct {
	js, lua string // empty: as the other one
	want    string
	err     string
}

func (x test) run(t *testing.T) {
	t.Helper()
	for _, language := range languages {
		code := x.js
		if language == lang.Lua && x.lua != "" {
			code = x.lua
		}
		got, err := eval(t, language, code)
		switch {
		case x.err != "" && (err == nil || !strings.Contains(err.Error(), x.err)):
			t.Errorf("%s: %s = %q, %v, want error %q", language, code, got, err, x.err)
		case x.err == "" && (err != nil || got != x.want):
			t.Errorf("%s: %s = %q, %v, want %q", language, code, got, err, x.want)
		}
	}
}

func TestJSON(t *testing.T) {
	for _, x := range []test{
		{js: `json.stringify(json.parse('{"z":1,"a":[true,null,-0,1.5e300],"k":{}}'))`, want: `{"z":1,"a":[true,null,-0,1.5e+300],"k":{}}`},
		{js: `json.stringify(json.parse('"\\u00e9\\ud83d\\ude00\\n\\u0001"'))`, want: "\"é😀\\n\\u0001\""},
		{js: `json.stringify(json.parse('"\\ud800x"'))`, want: `"\ud800x"`},
		{js: `json.stringify(json.parse("123456789012345678901234567890"))`, want: "123456789012345678901234567890"},
		{js: `json.stringify(json.parse("9007199254740993"))`, want: "9007199254740993"},
		{js: `json.stringify([1, {a: 2}], 2)`, lua: `json.stringify({1, {a = 2}}, 2)`, want: "[\n  1,\n  {\n    \"a\": 2\n  }\n]"},
		{js: `json.stringify({a: undefined, b: [undefined], c: 1})`, lua: `json.stringify({a = nil, b = {null}, c = 1})`, want: `{"b":[null],"c":1}`},
		{js: `const s = [1]; json.stringify([s, s, {s}])`, lua: `local s = {1} return json.stringify({s, s, {s = s}})`, want: `[[1],[1],{"s":[1]}]`},
		{js: `json.stringify(new Date(0))`, lua: `'"1970-01-01T00:00:00.000Z"'`, want: `"1970-01-01T00:00:00.000Z"`},
		{js: `json.stringify({a: [{b: NaN}]})`, lua: `json.stringify({a = {{b = 0/0}}})`, err: `NaN cannot be written as JSON`},
		{js: `const a = {}; a.a = a; json.stringify(a)`, lua: `local a = {} a.a = a return json.stringify(a)`, err: "contains itself"},
		{js: `json.stringify({f: () => 1})`, lua: `json.stringify({f = function() end})`, err: "f: a function cannot be written as JSON"},
		{js: `json.stringify({u: new Uint8Array(3)})`, lua: `json.stringify({u = "\255"})`, err: "u: "},
		{js: `json.parse('[1,\n  2,]')`, lua: `json.parse('[1,\n  2,]')`, err: "json.parse: 2:5: ']' where a value is expected"},
		{js: `json.parse('{"a":')`, err: "json.parse: 1:6: the text ends where a value is expected"},
		{js: `json.parse('{"a" 1}')`, err: "json.parse: 1:6: '1' where ':' is expected"},
		{js: `json.parse('{a:1}')`, err: "a key in double quotes"},
		{js: `json.parse('[01]')`, err: "leading zero"},
		{js: `json.parse('[1] 2')`, err: "the end of the text"},
		{js: `json.parse('"\\x"')`, err: "a broken escape"},
		{js: `json.parse('"abc')`, err: "does not end"},
		{js: `json.parse('-')`, err: "a digit"},
		{js: `json.parse("[".repeat(20000))`, lua: `json.parse(string.rep("[", 20000))`, err: "nested deeper than 10000"},
		{js: `json.parse("[".repeat(9000) + "]".repeat(9000)).length`, lua: `#json.parse(string.rep("[", 9000) .. string.rep("]", 9000))`, want: "1"},
	} {
		x.run(t)
	}
}

func TestFS(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, x := range []test{
		{js: `fs.write("a.txt", "one\n"); fs.append("a.txt", "two"); fs.read("a.txt")`, lua: `fs.write("a.txt", "one\n") fs.append("a.txt", "two") return fs.read("a.txt")`, want: "one\ntwo"},
		{js: `fs.stat("nowhere") === null`, lua: `fs.stat("nowhere") == nil`, want: "true"},
		{js: `fs.mkdir("d/e"); fs.stat("d").dir`, lua: `fs.mkdir("d/e") return fs.stat("d").dir`, want: "true"},
		{js: `fs.stat("a.txt").size`, want: "7"},
		{js: `fs.write("d/e/f.js", ""); fs.rename("d/e/f.js", "d/g.js"); fs.glob("d/*.js").join()`, lua: `fs.write("d/e/f.js", "") fs.rename("d/e/f.js", "d/g.js") return fs.glob("d/*.js")[1]`, want: filepath.Join("d", "g.js")},
		{js: `fs.list("d").join()`, lua: `table.concat(fs.list("d"), ",")`, want: "e,g.js"},
		{js: `fs.exists("d/g.js")`, want: "true"},
		{js: `fs.remove("d")`, err: "d: directory not empty"},
		{js: `fs.write("b.bin", new Uint8Array([255, 1])); fs.readBytes("b.bin").length`, lua: `fs.write("b.bin", "\255\1") return #fs.readBytes("b.bin")`, want: "2"},
		{js: `fs.write("b.bin", new Float64Array([1])); fs.stat("b.bin").size`, lua: `8`, want: "8"},
		{js: `fs.read("nowhere")`, err: "open nowhere: no such file or directory"},
		{js: `fs.write("x", {a: 1})`, lua: `fs.write("x", {a = 1})`, err: "argument 2 must be text, bytes or a typed array"},
		{js: `fs.join("a", "..", "b")`, want: "b"},
		{js: `try { fs.read("nowhere") } catch (e) { e.code + " " + e.path }`, lua: `local _, e = pcall(fs.read, "nowhere") return e.code .. " " .. e.path`, want: "ENOENT nowhere"},
	} {
		x.run(t)
	}
}

func TestProcess(t *testing.T) {
	for _, x := range []test{
		{js: `process.argv.join()`, lua: `table.concat(process.argv, ",")`, want: "main.js,a"},
		{js: `process.pid > 1 && process.cwd() !== ""`, lua: `process.pid > 1 and process.cwd() ~= ""`, want: "true"},
		{js: `process.env("PATH") === process.env().PATH`, lua: `process.env("PATH") == process.env().PATH`, want: "true"},
		{js: `process.run("sh", ["-c", "cat; echo err >&2; exit 3"], {input: "in"}).code`, lua: `process.run("sh", {"-c", "cat; echo err >&2; exit 3"}, {input = "in"}).code`, want: "3"},
		{js: `const r = process.run("sh", ["-c", "cat; echo $X >&2"], {input: "in", env: {X: "y"}}); r.stdout + r.stderr`, lua: `local r = process.run("sh", {"-c", "cat; echo $X >&2"}, {input = "in", env = {X = "y"}}) return r.stdout .. r.stderr`, want: "iny\n"},
		{js: `process.run("sh", ["-c", "kill -9 $$"]).signal`, lua: `process.run("sh", {"-c", "kill -9 $$"}).signal`, want: "KILL"},
		{js: `process.run("sleep", [60], {timeout: 10})`, lua: `process.run("sleep", {60}, {timeout = 10})`, err: `"sleep" was killed after its time-out of 10ms`},
		{js: `process.run("no-such-program")`, err: `cannot start "no-such-program"`},
		{js: `process.run("true", [], {sell: 1})`, lua: `process.run("true", {}, {sell = 1})`, err: `there is no option "sell"`},
		{js: `process.kill(process.pid, "0")`, want: "true"},
		{js: `process.kill(process.pid, "NOPE")`, err: `there is no signal "NOPE"`},
		{js: `process.kill(-1)`, err: "-1 is not the number of a process"},
		{js: `(await process.spawn("echo", ["hi"])).stdout`, lua: `process.spawn("echo", {"hi"}):wait().stdout`, want: "hi\n"},
	} {
		x.run(t)
	}
}

func TestInterruptKillsChild(t *testing.T) {
	for _, language := range languages {
		in := newInterpreter(t, language, process.Config{})
		dir := t.TempDir()
		mark := filepath.Join(dir, "pid")
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			for ctx.Err() == nil { // the child says when it runs
				if b, err := os.ReadFile(mark); err == nil && strings.HasSuffix(string(b), "\n") {
					cancel()
				}
			}
		}()
		code := `require("process").run("sh", ["-c", "echo $$ > ` + mark + `; sleep 60"])`
		if language == lang.Lua {
			code = strings.NewReplacer("[", "{", "]", "}").Replace(code)
		}
		start := time.Now()
		_, err := in.Eval(ctx, lang.Code{Source: code}, nil, nil)
		var e *lang.Error
		if !errors.As(err, &e) || e.Kind != lang.Interrupted || time.Since(start) > 30*time.Second {
			t.Errorf("%s: an interrupted run gives %v after %v, want an interrupt at once", language, err, time.Since(start))
		}
		cancel()
	}
}

func TestExit(t *testing.T) {
	for _, language := range languages {
		in := newInterpreter(t, language, process.Config{Exit: func(code int) error { return &process.ExitError{Code: code} }})
		_, err := in.Eval(context.Background(), lang.Code{Source: `require("process").exit(7)`}, nil, nil)
		var exit *process.ExitError
		if !errors.As(err, &exit) || exit.Code != 7 {
			t.Errorf("%s: exit(7) gives %v, want an ExitError with 7", language, err)
		}
	}
}
