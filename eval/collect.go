package eval

import (
	"context"
	"fmt"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// collecting is how values are collected.
type collecting struct {
	flat     bool // lists in the results are joined; all must be of one type
	stop     bool // the first failure in time ends the rest
	progress bool
}

// gather waits for futures and gives their values in order, with failures in place unless how says otherwise.
func gather(ctx context.Context, fs []*Future, how collecting) ([]any, error) {
	if how.stop {
		if err := firstFailure(ctx, fs); err != nil {
			return nil, err
		}
	}
	vs := make([]any, 0, len(fs))
	kind := ""
	for i, f := range fs {
		raw, err := f.raw(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		switch {
		case !how.flat:
			vs = append(vs, valueOrError(f))
		case err != nil:
			stopAll(fs)
			return nil, indexed(i, err)
		default:
			if vs, kind, err = join(vs, kind, raw, f.p.types); err != nil {
				stopAll(fs)
				return nil, indexed(i, err)
			}
		}
	}
	return vs, nil
}

// firstFailure waits until all futures are resolved or one has failed, which ends the others.
func firstFailure(ctx context.Context, fs []*Future) error {
	failed := make(chan int, len(fs))
	for i, f := range fs {
		f.Notify(func() { failed <- i })
	}
	for range fs {
		select {
		case i := <-failed:
			if err := fs[i].parse(); err != nil {
				stopAll(fs)
				return indexed(i, err)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func indexed(i int, err error) error { return fmt.Errorf("element %d: %w", i, err) }

// join adds a result to a flat list: a scalar as it is, the elements of a list. All must be of one type.
func join(vs []any, kind string, raw []byte, types []*lang.Type) ([]any, string, error) {
	v, err := wire.ToGo(raw, false, types)
	if err != nil {
		return nil, "", err
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	for _, item := range items {
		k := kindOf(item)
		if kind != "" && k != kind {
			return nil, "", fmt.Errorf("a flat result needs values of one type: the first is a %s, this is a %s", kind, k)
		}
		kind = k
	}
	return append(vs, items...), kind, nil
}

func kindOf(v any) string {
	switch v.(type) {
	case int64, float64:
		return "number"
	case string:
		return "string"
	case bool:
		return "boolean"
	}
	return fmt.Sprintf("%T", v)
}
