package eval

import (
	"errors"

	"github.com/mojukapu/mirai/lang"
)

// read gives v, the value of a task, as one of the script's interpreter. What cannot be read there is a failure: a value of
// a class that is not registered, or whose hook fails.
func (m module) read(c *lang.Call, v any) (lang.Value, error) {
	x, err := c.Interp.Build(func(s lang.Sink) error { return lang.WalkTypes(v, s, m.h.types) })
	if r, ok := err.(*lang.Refused); ok {
		return nil, newError(Refused, "%v", r)
	}
	return x, err
}

// readFuture is read for a task that is waited for.
func (m module) readFuture(c *lang.Call, f *Future) (any, error) {
	feed, err := f.Feed(c.Context)
	if err != nil {
		return nil, err
	}
	x, err := m.read(c, feed)
	if e, ok := err.(*Error); ok {
		e.Task, e.Daemon = f.label(), f.where()
	}
	return x, err
}

// readOne is read with a failure in place of the value.
func (m module) readOne(c *lang.Call, v any) (any, error) {
	x, err := m.read(c, v)
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.ScriptError(), nil
	}
	return x, err
}

// readAll is read for the values of several tasks, with failures in their places; with stop the first one is an error.
func (m module) readAll(c *lang.Call, all *Many, how collecting) (any, error) {
	v, err := all.collect(c.Context, how)
	if err != nil || how.flat {
		return v, err
	}
	x, err := m.read(c, v)
	if e := (*Error)(nil); !errors.As(err, &e) {
		return x, err
	}
	vs, _, _ := members(v)
	for i := range vs {
		_, err := m.read(c, vs[i])
		e, ok := err.(*Error)
		switch {
		case err != nil && !ok:
			return nil, err
		case ok && how.stop:
			failed := all.failure(i, e)
			failed.base = how.base
			return nil, failed
		case ok:
			vs[i] = e.ScriptError()
		}
	}
	return v, nil
}
