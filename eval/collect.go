package eval

import (
	"context"
	"fmt"
	"reflect"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// collecting is how values are collected.
type collecting struct {
	flat     bool // results are joined to one list; all must be of one type. Failures end it, as with stop
	stop     bool // the first failure in time ends the rest
	progress bool
	name     string         // of the progress
	report   func(Progress) // nil discards it
	base     int            // what the script counts from
}

// Get waits for all results and gives them in order, with failures in place as *Error. ctx bounds the waiting, not the
// map.
func (m *Many) Get(ctx context.Context) ([]any, error) {
	if err := m.wait(ctx, collecting{}); err != nil {
		return nil, err
	}
	vs := make([]any, len(m.slots))
	for i, o := range m.slots {
		vs[i] = m.goValue(o)
	}
	return vs, nil
}

// GetAll is Get unless an element fails: the first failure in time, a *MapError, cancels the rest and is the error.
func (m *Many) GetAll(ctx context.Context) ([]any, error) {
	if err := m.wait(ctx, collecting{stop: true}); err != nil {
		return nil, err
	}
	return m.Get(ctx)
}

// wait waits until all is resolved.
func (m *Many) wait(ctx context.Context, how collecting) error {
	if m.err != nil {
		return m.err
	}
	if !how.stop && !how.flat && (!how.progress || how.report == nil) {
		defer lang.Waiting(ctx)()
		select {
		case <-m.done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	meter := newMeter(how, len(m.slots))
	defer meter.end()
	for seen := 0; ; {
		news, more := m.since(seen)
		seen += len(news)
		meter.at(seen)
		if how.stop || how.flat {
			if err := m.failed(news, how); err != nil {
				return err
			}
		}
		if seen == len(m.slots) {
			return nil
		}
		if more == nil {
			continue
		}
		on := lang.Waiting(ctx)
		select {
		case <-more:
		case <-ctx.Done():
		}
		if on(); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// failed ends the rest when one of news has failed.
func (m *Many) failed(news []uint32, how collecting) error {
	for _, i := range news {
		if o := m.at(int(i)); o.err != nil {
			m.Cancel()
			e := m.failure(int(i), o.err)
			e.base = how.base
			return e
		}
	}
	return nil
}

// collect waits and gives the values as scripts see them: a list, or an object where there are keys.
func (m *Many) collect(ctx context.Context, how collecting) (any, error) {
	if err := m.wait(ctx, how); err != nil {
		return nil, err
	}
	if how.flat {
		return m.flatten(how)
	}
	return m.values(), nil
}

// values gives what is there now.
func (m *Many) values() any {
	m.mu.Lock()
	defer m.mu.Unlock()
	vs := make([]any, len(m.slots))
	var b lang.Builder
	for i, o := range m.slots {
		vs[i] = m.scriptValue(o, &b)
	}
	if m.keys != nil {
		return &lang.Record{Keys: m.keys, Values: vs}
	}
	return vs
}

// flatten joins the results to one list. Where elements have keys and one value each, it is an object.
func (m *Many) flatten(how collecting) (any, error) {
	vs := make([]any, 0, len(m.slots))
	kind, single := "", true
	for i, o := range m.slots {
		v, err := wire.ToGo(o.value, false, m.types)
		if err != nil {
			return nil, err
		}
		items, isList := itemsOf(v)
		single = single && !isList
		for _, item := range items {
			k := kindOf(item)
			if kind != "" && k != kind {
				e := m.failure(i, fmt.Errorf("a flat result needs values of one type: the first is a %s, this is a %s", kind, k))
				e.base = how.base
				return nil, e
			}
			kind = k
		}
		vs = append(vs, items...)
	}
	if m.keys != nil && single {
		return &lang.Record{Keys: m.keys, Values: vs}, nil
	}
	return vs, nil
}

// itemsOf gives the items of a list or typed array, and anything else as one item.
func itemsOf(v any) (items []any, isList bool) {
	switch x := v.(type) {
	case []any:
		return x, true
	case []byte, lang.Buffer, lang.View, lang.UTF16:
		return []any{v}, false
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice {
		items = make([]any, r.Len())
		for i := range items {
			items[i] = r.Index(i).Interface()
		}
		return items, true
	}
	return []any{v}, false
}

func kindOf(v any) string {
	switch v.(type) {
	case nil, lang.Undefined:
		return "null"
	case int64, float64, float32, int32, uint32, int16, uint16, int8, uint8:
		return "number"
	case string:
		return "string"
	case bool:
		return "boolean"
	case *lang.Record:
		return "object"
	case *lang.Function:
		return "function"
	}
	return fmt.Sprintf("%T", v)
}
