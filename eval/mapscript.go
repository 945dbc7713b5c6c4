package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// mapOver is mirai.map(xs, f, options).
func (m module) mapOver(c *lang.Call) (any, error) {
	f, language, err := mapFunction(c)
	if err != nil {
		return nil, err
	}
	then, failed, record, err := callbacks(c, 2)
	if err != nil {
		return nil, err
	}
	t := Task{Lang: language, globals: []lang.Binding{}, args: []lang.Binding{}}
	at := c.Where()
	t.File, t.Line, t.Column = at.File, at.Line, at.Column
	o := &options{of: "map", record: record}
	how, profile := m.mapOptions(o, &t)
	if err := o.done(); err != nil {
		return nil, err
	}
	p, err := m.pool(c, profile)
	if err != nil {
		return nil, err
	}
	xs, err := m.elements(c)
	if err != nil {
		return nil, err
	}
	x, err := p.mapping(xs, t, f, how, m.h.types)
	if err != nil {
		if _, ok := err.(lang.ScriptErrorer); ok {
			return nil, err
		}
		return nil, &lang.Error{Class: "TypeError", Message: "map: " + err.Error()}
	}
	m.h.countMany(x)
	if then != nil || failed != nil {
		m.deliver(c, x, then, failed)
	}
	x.begin(context.Background(), c.Context)
	p.inside(c.Context, x)
	return x, nil
}

// mapOptions reads the options of a map.
func (m module) mapOptions(o *options, t *Task) (how MapOptions, profile string) {
	t.Name = o.text("name")
	t.Timeout, t.RunTimeout = o.time("timeout"), o.time("runtimeout")
	t.Retries, t.Backoff = o.retry()
	t.Priority = o.whole("priority")
	if globals := o.object("globals"); globals != nil {
		t.globals = m.entries(t.globals, globals)
	}
	how.Args = o.list("args")
	how.Chunk, how.Window = o.count("chunk"), o.limit("window")
	how.Spread = o.flag("spread")
	o.asked = append(o.asked, "then", "next", "catch")
	return how, o.text("profile")
}

// list is an option that is a list.
func (o *options) list(name string) []any {
	switch v := o.value(name).(type) {
	case nil:
	case []any:
		return v
	default:
		o.wrong(name, "a list", v)
	}
	return nil
}

// mapFunction gives the function of a map and its language, which need not be that of the script.
func mapFunction(c *lang.Call) (f lang.Binding, language string, err error) {
	kind := "nothing"
	if len(c.Args) > 1 {
		kind = "a " + c.Args[1].Kind()
	}
	var fn *lang.Function
	if kind == "a function" {
		var b lang.Builder
		if err := c.Args[1].Walk(&b); err != nil {
			return f, "", lang.At(err, "f")
		}
		fn, _ = b.Value().(*lang.Function)
	}
	if fn == nil {
		return f, "", &lang.Error{Class: "TypeError", Message: "map: `f` must be a function, not " + kind}
	}
	return lang.Binding{Name: functionName, Value: c.Args[1].Walk}, fn.Lang, nil
}

// elements gives argument 0 of a map. What cannot be sent is refused here, before anything is.
func (m module) elements(c *lang.Call) (elements, error) {
	var b hostBuilder
	if len(c.Args) > 0 {
		if k := c.Args[0].Kind(); k == "string" || c.Args[0].Host() != nil {
			return elements{}, &lang.Error{Class: "TypeError", Message: "map: `xs` must be a list, an object or a typed array, not a " + k}
		}
		if err := c.Args[0].Walk(&b); err != nil {
			return elements{}, lang.At(err, "xs")
		}
	}
	xs, err := elementsOf(bigElements(b.Value()))
	if err != nil {
		return elements{}, &lang.Error{Class: "TypeError", Message: "map: " + err.Error()}
	}
	for i := 0; b.hosts && i < xs.n; i++ {
		if _, err := wire.EncodeGo(xs.one(i), m.h.types); err != nil {
			return elements{}, lang.At(lang.At(err, fmt.Sprintf("[%d]", i)), "xs")
		}
	}
	return xs, nil
}

// hostBuilder is a builder that notes whether there are host objects: those may be unable to travel.
type hostBuilder struct {
	lang.Builder
	hosts bool
}

func (b *hostBuilder) Host(v any) error {
	b.hosts = true
	return b.Builder.Host(v)
}

// countMany has Wait wait for a map.
func (h *Host) countMany(x *Many) {
	h.mu.Lock()
	h.pending++
	h.mu.Unlock()
	x.Notify(h.settle)
}

// callbacks takes the callbacks out of the options of a map, argument i, and gives the others. then (next in Lua, where
// then is a keyword) is a function, or {then, catch}, or a list of these two; catch may also stand beside it.
func callbacks(c *lang.Call, i int) (then, failed lang.Callback, rest *lang.Record, err error) {
	if !c.Given(i) {
		return nil, nil, nil, nil
	}
	pick, err := picker(c)
	if err != nil {
		return nil, nil, nil, err
	}
	get := func(of any, key any) lang.Value {
		if v, e := pick.Call(of, key); e == nil {
			return v
		}
		return nil
	}
	options := c.Args[i]
	own := get(options, nil)
	if own == nil {
		_, err = c.Record(i)
		return nil, nil, nil, err
	}
	rest, err = recordOf(own, "map")
	if err != nil {
		return nil, nil, nil, err
	}
	for _, key := range []string{"then", "next"} {
		if v := get(options, key); given(v) {
			if then, failed, err = pair(v, key, get); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	if v := get(options, "catch"); given(v) {
		if failed = v.Func(); failed == nil {
			return nil, nil, nil, notCallback("catch", v)
		}
	}
	return then, failed, rest, nil
}

// pair reads one callback or two.
func pair(v lang.Value, name string, get func(of, key any) lang.Value) (then, failed lang.Callback, err error) {
	if f := v.Func(); f != nil {
		return f, nil, nil
	}
	for _, key := range []any{"then", "next", "catch", 0, 1, 2} {
		x := get(v, key)
		if !given(x) {
			continue
		}
		f := x.Func()
		switch {
		case f == nil:
			return nil, nil, notCallback(name, x)
		case key == "catch" || then != nil:
			failed = f
		default:
			then = f
		}
	}
	if then == nil && failed == nil {
		return nil, nil, notCallback(name, v)
	}
	return then, failed, nil
}

func notCallback(name string, v lang.Value) error {
	return &lang.Error{Class: "TypeError", Message: fmt.Sprintf("map: the option %s must be a function or {then, catch}, it is a %s", name, v.Kind())}
}

func given(v lang.Value) bool {
	return v != nil && v.Kind() != "null" && v.Kind() != "undefined" && v.Kind() != "nil"
}

func recordOf(v lang.Value, of string) (*lang.Record, error) {
	var b lang.Builder
	if err := v.Walk(&b); err != nil {
		return nil, err
	}
	switch r := b.Value().(type) {
	case *lang.Record:
		return r, nil
	case []any:
		if len(r) == 0 { // Lua's {}
			return &lang.Record{}, nil
		}
	}
	return nil, &lang.Error{Class: "TypeError", Message: of + ": the options must be an object, they are a " + v.Kind()}
}

// picker is a function of the script's language that gives a field of an object; without a name, a copy of the object
// without callbacks. Callbacks stay functions of the script: they need not be such that can be sent.
func picker(c *lang.Call) (lang.Callback, error) {
	if c.Lang == lang.Lua {
		return builtin(c, `function(t, key)
  if key ~= nil then if type(t) == "table" then return t[key] end return nil end
  if type(t) ~= "table" then return t end
  local rest = {}
  for k, v in pairs(t) do if k ~= "then" and k ~= "next" and k ~= "catch" then rest[k] = v end end
  return rest
end`)
	}
	return builtin(c, `(o, key) => {
  if (key !== null) return o === null || typeof o !== "object" ? undefined : o[key]
  if (o === null || typeof o !== "object" || Array.isArray(o)) return o
  const {then, next, catch: failed, ...rest} = o
  return rest
}`)
}

// builtin makes a function of the script's interpreter of our own source.
func builtin(c *lang.Call, source string) (lang.Callback, error) {
	v, err := c.Interp.Build(func(s lang.Sink) error { return lang.Walk(&lang.Function{Lang: c.Lang, Source: source}, s) })
	if err != nil {
		return nil, err
	}
	if f := v.Func(); f != nil {
		return f, nil
	}
	return nil, errors.New("mirai: a function of its own cannot be made")
}

// indexBase is what a language counts from.
func indexBase(language string) int {
	if language == lang.Lua {
		return 1
	}
	return 0
}
