package js

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/lang"
)

// point is a Go value with a face in scripts.
type point struct{ x, y float64 }

// later is a result that arrives later.
type later struct {
	done chan struct{}
	v    any
	err  error
}

func (l *later) Notify(f func()) {
	go func() {
		<-l.done
		f()
	}()
}
func (l *later) Result() (any, error) { return l.v, l.err }

func ready(v any, err error) *later {
	l := &later{done: make(chan struct{}), v: v, err: err}
	close(l.done)
	return l
}

var errBroken = errors.New("broken")

// coded is a Go error with a class of its own.
type coded struct{ code int64 }

func (c *coded) Error() string { return fmt.Sprint("code ", c.code) }
func (c *coded) ScriptError() *lang.Error {
	return &lang.Error{Class: "CodedError", Message: c.Error(), Fields: &lang.Record{Keys: []string{"code"}, Values: []any{c.code}}}
}

func pointType() *lang.Type {
	return &lang.Type{
		Name:   "geo.Point",
		Is:     func(v any) bool { _, ok := v.(*point); return ok },
		Fields: []lang.Field{{Name: "x", Get: func(self any) (any, error) { return self.(*point).x, nil }}},
		Methods: []lang.Func{
			{Name: "me", Call: func(c *lang.Call) (any, error) { return c.Self, nil }},
			{Name: "move", Call: func(c *lang.Call) (any, error) {
				dx, err := c.Float(0)
				c.Self.(*point).x += dx
				return lang.Undefined{}, err
			}},
		},
		Show: func(self any) string { p := self.(*point); return fmt.Sprintf("point(%v, %v)", p.x, p.y) },
		Encode: func(self any) (any, error) {
			p := self.(*point)
			return []any{p.x, p.y}, nil
		},
		Decode: func(v any) (any, error) {
			l, ok := v.([]any)
			if !ok || len(l) != 2 {
				return nil, fmt.Errorf("not a point: %v", v)
			}
			return &point{number(l[0]), number(l[1])}, nil
		},
	}
}

func number(v any) float64 {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	return v.(float64)
}

func handleType() *lang.Type {
	return &lang.Type{
		Name:   "handle",
		Is:     func(v any) bool { _, ok := v.(*later); return ok },
		Await:  func(self any) lang.Async { return self.(*later) },
		Refuse: "a handle cannot be sent: send its value",
	}
}

func testModules(where *lang.Frame) []lang.Module {
	return []lang.Module{{
		Name: "geo",
		Call: func(c *lang.Call) (any, error) { return int64(len(c.Args)), nil },
		Funcs: []lang.Func{
			{Name: "point", Call: func(c *lang.Call) (any, error) {
				x, err := c.Float(0)
				return &point{x, 2}, err
			}},
			{Name: "fail", Call: func(c *lang.Call) (any, error) { return nil, errBroken }},
			{Name: "coded", Call: func(c *lang.Call) (any, error) { return nil, &coded{7} }},
			{Name: "bug", Call: func(c *lang.Call) (any, error) { return c.Args[len(c.Args)], nil }},
			{Name: "where", Call: func(c *lang.Call) (any, error) { *where = c.Where(); return nil, nil }},
			{Name: "call", Call: func(c *lang.Call) (any, error) {
				f, err := c.Callback(0)
				if err != nil {
					return nil, err
				}
				return f.Call(int64(20), "s", []any{nil, true})
			}},
			{Name: "later", Call: func(c *lang.Call) (any, error) { v, err := c.Any(0); return asyncOnly{ready(v, err)}, nil }},
			{Name: "laterError", Call: func(c *lang.Call) (any, error) { return asyncOnly{ready(nil, errBroken)}, nil }},
			{Name: "handle", Call: func(c *lang.Call) (any, error) { v, err := c.Any(0); return ready(v, err), nil }},
			{Name: "never", Call: func(c *lang.Call) (any, error) { return asyncOnly{&later{done: make(chan struct{})}}, nil }},
			{Name: "block", Call: func(c *lang.Call) (any, error) { <-c.Context.Done(); return nil, context.Cause(c.Context) }},
			{Name: "feed", Call: func(c *lang.Call) (any, error) {
				return lang.Feed(func(s lang.Sink) error { return s.Text("fed") }), nil
			}},
			{Name: "list", Call: func(c *lang.Call) (any, error) { return []any{&point{1, 2}, c.Args[0], int64(3)}, nil }},
		},
		Values: []lang.Field{{Name: "pi", Get: func(any) (any, error) { return 3.14, nil }}},
		Types:  []*lang.Type{pointType(), handleType()},
	}, {Name: "glob", Global: true, Funcs: []lang.Func{{Name: "one", Call: func(*lang.Call) (any, error) { return 1, nil }}}},
		{Global: true, Funcs: []lang.Func{{Name: "spread", Call: func(*lang.Call) (any, error) { return "spread", nil }}}}}
}

// asyncOnly hides that a *later is a handle.
type asyncOnly struct{ lang.Async }

func TestModules(t *testing.T) {
	var where lang.Frame
	files := map[string]string{
		"lib/a.js":     "exports.b = require('./b.js'); exports.name = __filename; exports.done = true",
		"lib/b.js":     "const a = require('./a.js'); module.exports = {half: a.done, f() { return require('./c.json').n }}",
		"lib/c.json":   `{"n": 5}`,
		"lib/bad.js":   "let x = = 1",
		"lib/throw.js": "throw new Error('at load')",
	}
	in := newInterp(t, lang.Config{Modules: testModules(&where), Load: func(from, name string) (lang.Code, error) {
		if from != "test.js" && !strings.HasPrefix(from, "lib/") {
			return lang.Code{}, fmt.Errorf("from %q", from)
		}
		path := "lib/" + strings.TrimPrefix(name, "./")
		if src, ok := files[path]; ok {
			return lang.Code{Source: src, Name: path, Mode: lang.Script}, nil
		}
		return lang.Code{}, fmt.Errorf("no file %s", path)
	}})
	for _, c := range [][2]string{
		{"require('geo')(1, 2, 3)", "3"},
		{"require('geo').pi", "3.14"},
		{"require('geo') === require('geo')", "true"},
		{"glob.one() + spread()", "'1spread'"},
		{"let p = require('geo').point(1); p.move(4); [p.x, p === p.me(), String(p)]", "[ 5, true, 'point(5, 2)' ]"},
		{"require('geo').point(1)", "point(1, 2)"},
		{"let p = require('geo').point(1); p.x = 9; p.y = 3; p.x", "1"},
		{"structuredClone([require('geo').point(3)])", "[ point(3, 2) ]"},
		{"require('geo').list({a: 1})", "[ point(1, 2), { a: 1 }, 3 ]"},
		{"JSON.stringify(require('geo').point(1))", "error: test.js:1:15: TypeError: a geo.Point cannot be sent"},
		{"require('geo').point('x')", "error: test.js:1:21: TypeError: geo.point: argument 1 must be a number, it is of kind string"},
		{"require('geo').fail()", "error: test.js:1:20: Error: broken"},
		{"try { require('geo').coded() } catch (e) { [e instanceof Error, e.name, e.code, e.constructor.name, e.message] }", "[ true, 'CodedError', 7, 'CodedError', 'code 7' ]"},
		{"\n  require('geo').bug()", "error: test.js:2:21: Error: geo.bug: bug in the host function: index out of range [0] with length 0"},
		{"require('geo').call((n, s, l) => n + 1 + s + l)", "'21s,true'"},
		{"require('geo').call(() => { throw new RangeError('mine') })", "error: test.js:1:35: RangeError: mine"},
		{"let e = {}; try { require('geo').call(() => { throw e }) } catch (x) { x === e }", "true"},
		{"await require('geo').later({a: 1})", "{ a: 1 }"},
		{"await require('geo').handle(5) + 1", "6"},
		{"require('geo').handle(5)", "5"},
		{"require('geo').handle(5).then(x => x * 2)", "10"},
		{"const f = function later() { return require('geo').laterError() }; try { await f() } catch (e) { e.message }", "'broken'"},
		{"require('geo').feed()", "'fed'"},
		{"require('./a.js')", "{\n  b: { half: undefined, f: [Function: f] },\n  name: 'lib/a.js',\n  done: true\n}"},
		{"require('./a.js').b.f()", "5"},
		{"require('ge')", `error: test.js:1:8: Error: no file lib/ge; did you mean "geo"?`},
		{"require('./bad.js')", "error: lib/bad.js:1:9: SyntaxError: Unexpected token ="},
		{"require('./throw.js')", "error: lib/throw.js:1:7: Error: at load"},
		{"new (require('geo').point)(1)", "error: test.js:1:1: TypeError: Value is not a constructor"},
	} {
		if got := eval(t, in, c[0]); !strings.HasPrefix(got, c[1]) {
			t.Errorf("%s = %s, want %s", c[0], got, c[1])
		}
		in.Reset()
	}
	eval(t, in, "\n\nfunction f() { require('geo').where() }\n[1].forEach(f)")
	if want := (lang.Frame{Func: "f", File: "test.js", Line: 3, Column: 36}); where != want {
		t.Errorf("where = %+v, want %+v", where, want)
	}
}

func TestGoErrors(t *testing.T) {
	var where lang.Frame
	in := newInterp(t, lang.Config{Modules: testModules(&where)})
	_, err := in.Eval(context.Background(), lang.Code{Source: "function f() { require('geo').coded() }\nf()", Name: "t.js"}, nil, nil)
	var c *coded
	var e *lang.Error
	if !errors.As(err, &c) || c.code != 7 || !errors.As(err, &e) {
		t.Fatal(err)
	}
	if got := fmt.Sprint(e.Class, e.Stack, e.Fields.Get("code")); got != "CodedError[t.js:1:36 t.js:2:2] 7" {
		t.Error(got)
	}
	if _, err = in.Eval(context.Background(), lang.Code{Source: "await require('geo').laterError()"}, nil, nil); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func TestThrown(t *testing.T) {
	in := newInterp(t, lang.Config{Stack: 500}) // unwinding takes time with the square of the depth
	_, err := in.Eval(context.Background(), lang.Code{Source: "throw {a: [1]}", Name: "t.js", Line: 7, Column: 3}, nil, nil)
	e := err.(*lang.Error)
	if got := fmt.Sprint(e.Error(), e.Class, e.Value.(*lang.Record).Keys); got != "t.js:7:3: { a: [ 1 ] }[a]" {
		t.Error(got)
	}
	_, err = in.Eval(context.Background(), lang.Code{Source: "class E extends Error {}\nconst e = new E('m', {cause: new Error('c')}); e.extra = 1\nthrow e"}, nil, nil)
	e = err.(*lang.Error)
	if got := fmt.Sprint(e.Text(), e.Stack[0].Line, e.Fields.Keys); got != "E: m2 [extra cause]" {
		t.Error(got)
	}
	for _, c := range []struct {
		mode lang.Mode
		src  string
		want string
	}{
		{lang.Block, "await Promise.reject(new Error('no'))", "t.js:1:22: Error: no"},
		{lang.Block, "await new Promise(() => {})", "Error: the awaited promise never settles: nothing is left to run that could settle it"},
		{lang.Block, "setTimeout(() => { throw new Error('timer') }, 1); await new Promise(() => {})", "t.js:1:26: Error: timer"},
		{lang.Block, "queueMicrotask(() => { throw 'micro' }); await new Promise(() => {})", "t.js:1:24: micro"},
		{lang.Block, "Promise.reject(1); 5", ""},
		{lang.Script, "Promise.reject(new Error('lost'))", "t.js:1:16: Error: lost"},
		{lang.Script, "Promise.reject(1).catch(() => {})", ""},
		{lang.Script, "await null; throw new Error('top')", "t.js:1:19: Error: top"},
		{lang.Block, "async function f() { await null; null.x }\nawait f()", "t.js:1:39: TypeError: Cannot read property 'x' of undefined"},
		{lang.Block, "'\u00e9\u00e9'; nope", "t.js:1:7: ReferenceError: nope is not defined"},
		{lang.Block, "function r() { return r() + 1 } r()", "t.js:1:24: RangeError: Maximum call stack size exceeded"},
		{lang.Block, strings.Repeat("(", 1001), "t.js:1: SyntaxError: brackets nest deeper than 1000 levels: split the expression"},
		{lang.Block, "function r() { return [1].map(r) } r()", "t.js:1:30: RangeError: Maximum call stack size exceeded"},
		{lang.Block, "JSON.parse('['.repeat(20000))", "t.js:1:11: RangeError: JSON.parse: nested deeper than 10000 levels"},
		{lang.Block, strings.Repeat("x(/[(]/, '(');`(`;", 2000), "t.js:1:2: ReferenceError: x is not defined"},
	} {
		_, err := in.Eval(context.Background(), lang.Code{Source: c.src, Name: "t.js", Mode: c.mode}, nil, nil)
		if got := fmt.Sprint(err); got != c.want && !(err == nil && c.want == "") {
			t.Errorf("%.60s: %v, want %s", c.src, got, c.want)
		}
		in.Reset()
	}
}

func TestInterrupt(t *testing.T) {
	var where lang.Frame
	in := newInterp(t, lang.Config{Modules: testModules(&where)})
	why := errors.New("the user said so")
	for _, src := range []string{
		"for (;;) {}",
		"try { for (;;) {} } catch {} finally { for (;;) {} }",
		"sleep(1e9)",
		"try { sleep('1000s') } catch {}; for (;;) {}",
		"await new Promise(r => setTimeout(r, 1e9))",
		"await require('geo').never()",
		"require('geo').block()",
		"try { require('geo').call(() => require('geo').block()) } catch {}; 5",
		"(async () => { for (;;) await null })()",
		"[1].forEach(() => { for (;;) {} })",
	} {
		ctx, cancel := context.WithCancelCause(context.Background())
		timer := time.AfterFunc(5*time.Millisecond, func() { cancel(why) })
		_, err := in.Eval(ctx, lang.Code{Source: src, Name: "t.js"}, nil, nil)
		timer.Stop()
		var e *lang.Error
		if !errors.As(err, &e) || e.Kind != lang.Interrupted || !errors.Is(err, why) {
			t.Errorf("%s: %v", src, err)
		}
		in.Reset()
		if got := eval(t, in, "1 + 1"); got != "2" {
			t.Errorf("after %s: %s", src, got)
		}
	}
	for range 200 { // an interrupt that comes too late does not reach the next one
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		_, _ = in.Eval(ctx, lang.Code{Source: "let n = 0; for (let i = 0; i < 20; i++) n += i"}, nil, nil)
		if got := eval(t, in, "1 + 1"); got != "2" {
			t.Fatal(got)
		}
		cancel()
	}
}
