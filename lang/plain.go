package lang

import (
	"reflect"
	"unsafe"
)

// plain gives v with map[string]any for *Record.
func (a *assignment) plain(v any) any {
	id := plainID(v)
	if id == nil {
		return v
	}
	if p, ok := a.plains[id]; ok {
		return p
	}
	if a.plains == nil {
		a.plains = map[unsafe.Pointer]any{}
	}
	a.plains[id] = v
	switch c := v.(type) {
	case []any:
		for i, x := range c {
			c[i] = a.plain(x)
		}
	case *Record:
		m := make(map[string]any, len(c.Keys))
		a.plains[id] = m
		for i, k := range c.Keys {
			m[k] = a.plain(c.Values[i])
		}
		return m
	case *PairTable:
		a.plainPairs(c.Pairs)
	case *PairMap:
		a.plainPairs(c.Pairs)
	case *ValueSet:
		for i, x := range c.Items {
			c.Items[i] = a.plain(x)
		}
	case *CustomValue:
		c.Value = a.plain(c.Value)
	}
	return v
}

func (a *assignment) plainPairs(pairs []Pair) {
	for i, p := range pairs {
		pairs[i] = Pair{a.plain(p.Key), a.plain(p.Value)}
	}
}

// plainID identifies what may have a *Record in it, nil for other values.
func plainID(v any) unsafe.Pointer {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			return unsafe.Pointer(unsafe.SliceData(v))
		}
	case *Record, *PairTable, *PairMap, *ValueSet, *CustomValue:
		return reflect.ValueOf(v).UnsafePointer()
	}
	return nil
}
