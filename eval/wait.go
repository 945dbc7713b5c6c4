package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mojukapu/mirai/lang"
)

// wait is m[]: it waits for a mirai and gives its value; of several it gives the values, with failures in place.
func (m module) wait(c *lang.Call) (any, error) {
	x, err := handles(c)
	if f, ok := x.(*Future); ok {
		return m.readFuture(c, f)
	}
	if err == nil && has(x) {
		all, err := many("[]", x, c.Lang)
		if err != nil {
			return nil, err
		}
		return m.readAll(c, all, collecting{})
	}
	got := "nothing"
	if len(c.Args) > 0 {
		got = "of kind " + c.Args[0].Kind()
	}
	return nil, &lang.Error{Class: "TypeError", Message: "[] awaits a mirai, and this is " + got}
}

// collect gives the values of a mirai, or of a map, list or object of them.
func (m module) collect(c *lang.Call) (any, error) {
	record, err := c.Record(1)
	if err != nil {
		return nil, err
	}
	o := &options{of: "collect", record: record}
	how := collecting{flat: o.flag("flat"), stop: o.flag("stop"), base: indexBase(c.Lang), report: m.h.cfg.Progress}
	how.progress, how.name = o.progress()
	if err := o.done(); err != nil {
		return nil, err
	}
	x, err := handles(c)
	if err != nil {
		return nil, err
	}
	if f, ok := x.(*Future); ok {
		return m.readFuture(c, f)
	}
	all, err := many("collect", x, c.Lang)
	if err != nil {
		return nil, err
	}
	return m.readAll(c, all, how)
}

// progress is true, a name, or an object of settings with a name.
func (o *options) progress() (want bool, name string) {
	switch v := o.value("progress").(type) {
	case nil:
	case bool:
		return v, ""
	case string:
		return true, v
	case *lang.Record:
		in := &options{of: o.of + ": the option progress", record: v}
		name = in.text("name")
		if err := in.done(); err != nil && o.err == nil {
			o.err = err
		}
		return true, name
	default:
		o.wrong("progress", "true, false or a name", v)
	}
	return false, ""
}

// handles gives argument 0 with the futures in it.
func handles(c *lang.Call) (any, error) {
	if len(c.Args) == 0 {
		return nil, nil
	}
	if x := c.Args[0].Host(); x != nil {
		return x, nil
	}
	if c.Args[0].Kind() == "function" { // it need not be one that can be sent
		return &lang.Function{}, nil
	}
	return c.Any(0)
}

// members gives what is in a list or an object, with its keys. A handle is its own only member.
func members(x any) (vs []any, keys []string, ok bool) {
	switch x := x.(type) {
	case handle:
		return []any{x}, nil, true
	case []any:
		return x, nil, true
	case *lang.Record:
		return x.Values, x.Keys, true
	}
	return nil, nil, false
}

// has tells whether x is a handle, or a list or an object with one in it or nothing at all.
func has(x any) bool {
	vs, _, ok := members(x)
	return ok && (len(vs) == 0 || slices.ContainsFunc(vs, func(v any) bool { _, ok := v.(handle); return ok }))
}

// many gives what is there under one handle, for the function of.
func many(of string, x any, language string) (*Many, error) {
	if m, ok := x.(*Many); ok {
		return m, nil
	}
	fs, keys, err := membersOf[*Future](of, x, language)
	if err != nil {
		return nil, err
	}
	return manyOf(fs, keys), nil
}

// membersOf is members that must all be handles of one kind.
func membersOf[H handle](of string, x any, language string) ([]H, []string, error) {
	vs, keys, ok := members(x)
	if !ok {
		return nil, nil, &lang.Error{Class: "TypeError", Message: of + ": give it a mirai, a map, or a list or object of mirais, not " + preview(x)}
	}
	hs := make([]H, len(vs))
	for i, v := range vs {
		if hs[i], ok = v.(H); ok {
			continue
		}
		what := "no mirai but " + preview(v)
		if _, ok := v.(*Many); ok {
			what = "a map: take it by itself"
		}
		place := fmt.Sprintf("element %d of the list", i+indexBase(language))
		if keys != nil {
			place = fmt.Sprintf("element %q", keys[i])
		}
		return nil, nil, &lang.Error{Class: "TypeError", Message: fmt.Sprintf("%s: %s is %s", of, place, what)}
	}
	return hs, keys, nil
}

// unresolved tells whether a mirai, or any of several, is pending; of a value taken from m.data, whether it is the sentinel.
// Any other value is resolved.
func (m module) unresolved(c *lang.Call) (any, error) {
	x, err := handles(c)
	if err != nil {
		return nil, err
	}
	vs, _, ok := members(x)
	if !ok {
		vs = []any{x}
	}
	return slices.ContainsFunc(vs, func(v any) bool {
		h, ok := v.(handle)
		return v == any(unresolved) || ok && !h.Resolved()
	}), nil
}

// stop cancels a mirai, or several, the last first; of each it tells whether it was still pending. What is no mirai
// gives false.
func (m module) stop(c *lang.Call) (any, error) {
	x, err := handles(c)
	if err != nil {
		return nil, err
	}
	vs, keys, ok := members(x)
	if _, alone := x.(handle); alone || !ok {
		return stopped(x), nil
	}
	out := make([]any, len(vs))
	for i, v := range slices.Backward(vs) {
		out[i] = stopped(v)
	}
	if keys != nil {
		return &lang.Record{Keys: keys, Values: out}, nil
	}
	return out, nil
}

func stopped(x any) any {
	switch x := x.(type) {
	case *Future:
		return x.Cancel()
	case *Many:
		return x.stop()
	}
	return false
}

var errTimeUp = errors.New("the time is up")

// race is mirai.race(xs, {timeout}): the index of the first that is resolved, or its key; nothing when there is none
// in time, or at all.
func (m module) race(c *lang.Call) (any, error) {
	record, err := c.Record(1)
	if err != nil {
		return nil, err
	}
	o := &options{of: "race", record: record}
	ctx, cancel := limited(c.Context, o.time("timeout"), o.value("timeout") != nil && !o.endless("timeout"))
	defer cancel()
	if err := o.done(); err != nil {
		return nil, err
	}
	x, err := handles(c)
	if err != nil {
		return nil, err
	}
	i, keys, err := race(ctx, x, c.Lang)
	switch {
	case errors.Is(err, errTimeUp) || err == nil && i < 0:
		return nil, nil
	case err != nil:
		return nil, err
	case keys != nil:
		return keys[i], nil
	}
	return int64(i + indexBase(c.Lang)), nil
}

func race(ctx context.Context, x any, language string) (int, []string, error) {
	if x, ok := x.(*Many); ok {
		i, err := raceMany(ctx, x)
		return i, x.keys, err
	}
	hs, keys, err := membersOf[handle]("race", x, language)
	if err != nil {
		return -1, nil, err
	}
	i, err := raceAll(ctx, hs)
	return i, keys, err
}
