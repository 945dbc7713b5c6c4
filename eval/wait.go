package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/mojukapu/mirai/lang"
)

// wait is m[]: it waits for a mirai and gives its value; of several it gives the values, with failures in place.
func (m module) wait(c *lang.Call) (any, error) {
	x, err := handles(c)
	if f, ok := x.(*Future); ok {
		return f.Feed(c.Context)
	}
	if err == nil {
		if all, err := many(x, c.Lang); err == nil {
			return all.collect(c.Context, collecting{})
		}
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
		return f.Feed(c.Context)
	}
	all, err := many(x, c.Lang)
	if err != nil {
		return nil, err
	}
	return all.collect(c.Context, how)
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
	if k := c.Args[0].Kind(); k == "function" {
		return nil, nil
	}
	return c.Any(0)
}

// many gives what is there under one handle.
func many(x any, language string) (*Many, error) {
	if m, ok := x.(*Many); ok {
		return m, nil
	}
	fs, keys, err := futures(x, language)
	if err != nil {
		return nil, err
	}
	return manyOf(fs, keys), nil
}

// futures takes the futures out of a handle, a list or an object.
func futures(x any, language string) (fs []*Future, keys []string, err error) {
	switch x := x.(type) {
	case *Future:
		return []*Future{x}, nil, nil
	case []any:
		fs, err = futureList(x, indexBase(language))
		return fs, nil, err
	case *lang.Record:
		fs, err = futureList(x.Values, indexBase(language))
		return fs, x.Keys, err
	}
	return nil, nil, &lang.Error{Class: "TypeError", Message: "this needs a mirai, or a list or object of them, and it got " + preview(x)}
}

func futureList(vs []any, base int) ([]*Future, error) {
	fs := make([]*Future, len(vs))
	for i, v := range vs {
		f, ok := v.(*Future)
		if !ok {
			return nil, &lang.Error{Class: "TypeError", Message: fmt.Sprintf("element %d of the list is no mirai but %s", i+base, preview(v))}
		}
		fs[i] = f
	}
	return fs, nil
}

// unresolved tells whether a mirai, or any of several, is pending; of a value taken from m.data, whether it is the sentinel.
func (m module) unresolved(c *lang.Call) (any, error) {
	x, err := handles(c)
	if err != nil {
		return nil, err
	}
	if x == any(unresolved) {
		return true, nil
	}
	if x, ok := x.(*Many); ok {
		done, total := x.Progress()
		return done < total, nil
	}
	fs, _, err := futures(x, c.Lang)
	if err != nil {
		return false, nil // any other value is resolved
	}
	for _, f := range fs {
		if !f.Resolved() {
			return true, nil
		}
	}
	return false, nil
}

// stop cancels a mirai, or several, the last first; of each it tells whether it was still pending. What is no mirai
// gives false.
func (m module) stop(c *lang.Call) (any, error) {
	x, err := handles(c)
	if err != nil {
		return nil, err
	}
	if f, ok := x.(*Future); ok {
		return f.Cancel(), nil
	}
	all, err := many(x, c.Lang)
	if err != nil {
		return false, nil
	}
	return all.stop(), nil
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
	fs, keys, err := futures(x, language)
	if err != nil {
		return -1, nil, err
	}
	i, err := Race(ctx, fs)
	return i, keys, err
}
