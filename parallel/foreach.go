package parallel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// loop is what the options of foreach say.
type loop struct {
	combine  combiner
	arriving bool
	goOn     bool // past failures
	args     []any
}

var loopOptions = []string{"combine", "init", "inorder", "stopOnError", "args"}

// foreach(xs, options, f) calls f with each element, each on the first node that is free, and combines the results.
// The options may be left out.
func foreach(c *lang.Call) (any, error) {
	cl, at := c.Self.(*Cluster), 2
	if len(c.Args) == 2 {
		at = 1
	}
	xs, err := elements(c, 0, "xs")
	if err != nil {
		return nil, err
	}
	t, err := function(c, at)
	if err != nil {
		return nil, err
	}
	var l loop
	if at == 1 {
		l.combine, err = combining(c, nil, nil)
	} else {
		err = l.read(c)
	}
	if err != nil {
		return nil, err
	}
	t.Args = l.args
	how := fold{arriving: l.arriving, stop: !l.goOn, base: indexBase(c)}
	how.take = func(m *eval.NodesMap, i int) error {
		failure := m.Failed(i)
		if failure == nil {
			return l.combine.add(fmt.Sprintf("element %d gave", i+how.base), m.Value(i))
		}
		return l.combine.failed(cl.failed(m, m.Failure(i, failure, how.base), ofElement))
	}
	if err := cl.fold(c.Context, xs, t, how); err != nil {
		return nil, named(c, err)
	}
	return l.combine.value(), nil
}

// read reads argument 1. Functions in it stay those of the script.
func (l *loop) read(c *lang.Call) error {
	given, err := fields(c, 1)
	if err != nil {
		return err
	}
	for name := range given {
		if !slices.Contains(loopOptions, name) {
			return &lang.Error{Class: "TypeError", Message: fmt.Sprintf("foreach: there is no option %q: did you mean %q?", name, lang.Nearest(name, loopOptions))}
		}
	}
	inOrder, err := flag(given, "inorder")
	if err != nil {
		return err
	}
	stop, err := flag(given, "stopOnError")
	if err != nil {
		return err
	}
	l.arriving, l.goOn = !inOrder, !stop
	if v := given["args"]; v != nil {
		args, err := value(v)
		if err != nil {
			return lang.At(err, "args")
		}
		if l.args, err = listOf(args); err != nil {
			return &lang.Error{Class: "TypeError", Message: "foreach: the option args must be a list of further arguments, it is " + withArticle(v.Kind())}
		}
	}
	l.combine, err = combining(c, given["combine"], given["init"])
	return err
}

// fields gives the entries of an object as they are.
func fields(c *lang.Call, i int) (map[string]lang.Value, error) {
	pick, err := picker(c)
	if err != nil {
		return nil, err
	}
	keys, err := pick.Call(c.Args[i])
	if err != nil {
		return nil, err
	}
	names, err := value(keys)
	if err != nil {
		return nil, err
	}
	list, ok := names.([]any)
	if !ok {
		return nil, &lang.Error{Class: "TypeError", Message: "foreach: the options must be an object, they are " + withArticle(c.Args[i].Kind())}
	}
	out := map[string]lang.Value{}
	for _, n := range list {
		name := fmt.Sprint(n)
		v, err := pick.Call(c.Args[i], name)
		if err != nil {
			return nil, err
		}
		if k := v.Kind(); k != "null" && k != "undefined" && k != "nil" {
			out[name] = v
		}
	}
	return out, nil
}

// picker is a function of the script's language that gives the names of an object's fields, or the field of a name.
func picker(c *lang.Call) (lang.Callback, error) {
	source := `(o, key) => key !== undefined ? o[key] : typeof o === "object" && o !== null && !Array.isArray(o) ? Object.keys(o) : null`
	if c.Lang == lang.Lua {
		source = `function(t, key)
  if key ~= nil then return t[key] end
  if type(t) ~= "table" then return nil end
  local names = {}
  for k in pairs(t) do names[#names + 1] = tostring(k) end
  return names
end`
	}
	v, err := c.Interp.Build(func(s lang.Sink) error { return lang.Walk(&lang.Function{Lang: c.Lang, Source: source}, s) })
	if err != nil {
		return nil, err
	}
	if f := v.Func(); f != nil {
		return f, nil
	}
	return nil, errors.New("parallel: a function of its own cannot be made")
}

// flag is an option that is true unless given otherwise.
func flag(given map[string]lang.Value, name string) (bool, error) {
	v := given[name]
	if v == nil {
		return true, nil
	}
	x, err := value(v)
	if b, ok := x.(bool); ok && err == nil {
		return b, nil
	}
	return false, &lang.Error{Class: "TypeError", Message: fmt.Sprintf("foreach: the option %s must be true or false, it is %s", name, withArticle(v.Kind()))}
}
