package lang

import (
	"errors"
	"strings"
)

// script walks the Go forms of what only scripts have: functions, maps with any keys, sets, errors, feeds.
func (w *walker) script(v any) (done bool, err error) {
	switch v := v.(type) {
	case *RegExp:
		err = w.regExp(v)
	case RegExp:
		err = w.regExp(&v)
	case Record:
		err = w.record(&v)
	case *PairTable:
		err = w.table(v)
	case PairTable:
		err = w.table(&v)
	case *PairMap:
		err = w.pairMap(v)
	case PairMap:
		err = w.pairMap(&v)
	case *ValueSet:
		err = w.set(v)
	case ValueSet:
		err = w.set(&v)
	case *Error:
		err = w.failure(v)
	case Error:
		err = w.failure(&v)
	case *Function:
		err = w.closure(v)
	case Function:
		err = w.closure(&v)
	case *CustomValue:
		err = w.custom(v)
	case CustomValue:
		err = w.custom(&v)
	case Feed:
		err = w.feed(v)
	case func(Sink) error:
		err = w.feed(v)
	case Value:
		err = w.feed(v.Walk)
	default:
		return false, nil
	}
	return true, err
}

// shared writes what p points to, by begin, unless it was written before. A nil pointer is null.
func shared[T any](w *walker, p *T, write func(id identity) error) error {
	if p == nil {
		return w.s.Null()
	}
	id := pointerID(p)
	if n, ok := w.seen.find(id); ok {
		return w.s.Ref(n)
	}
	return write(id)
}

func (w *walker) regExp(r *RegExp) error {
	return shared(w, r, func(id identity) error {
		w.take(id)
		return w.s.RegExp(r.Source, r.Flags)
	})
}

func (w *walker) table(t *PairTable) error {
	return shared(w, t, func(id identity) error { return w.pairs(Table, t.Pairs, id) })
}

func (w *walker) pairMap(m *PairMap) error {
	return shared(w, m, func(id identity) error { return w.pairs(Map, m.Pairs, id) })
}

func (w *walker) pairs(k Kind, pairs []Pair, id identity) error {
	if err := w.begin(k, len(pairs), "", id); err != nil {
		return err
	}
	for i, p := range pairs {
		if err := w.any(p.Key); err != nil {
			return At(err, "key "+index(i))
		}
		if err := w.any(p.Value); err != nil {
			return At(err, keyName(p.Key, i))
		}
	}
	return w.end()
}

// keyName is the name of an entry in a path.
func keyName(key any, i int) string {
	if s, ok := key.(string); ok {
		return s
	}
	return index(i)
}

func (w *walker) set(s *ValueSet) error {
	return shared(w, s, func(id identity) error {
		if err := w.begin(Set, len(s.Items), "", id); err != nil {
			return err
		}
		for i, v := range s.Items {
			if err := w.any(v); err != nil {
				return At(err, index(i))
			}
		}
		return w.end()
	})
}

func (w *walker) custom(c *CustomValue) error {
	return shared(w, c, func(id identity) error { return w.one(c.Name, c.Value, id) })
}

// one walks a Custom.
func (w *walker) one(name string, v any, id identity) error {
	if err := w.begin(Custom, 1, name, id); err != nil {
		return err
	}
	if err := w.any(v); err != nil {
		return err
	}
	return w.end()
}

func (w *walker) closure(f *Function) error {
	return shared(w, f, func(id identity) error {
		up := f.Upvalues
		if up == nil {
			up = &Record{}
		}
		if err := w.begin(Closure, 1+len(up.Keys), f.Lang, id); err != nil {
			return err
		}
		if err := w.entry("", f.Source, false); err != nil {
			return err
		}
		return w.rest(up)
	})
}

// rest walks the entries of r and ends the container around them.
func (w *walker) rest(r *Record) error {
	for i, k := range r.Keys {
		if err := w.entry(valid(k), r.Values[i], false); err != nil {
			return err
		}
	}
	return w.end()
}

// valid makes UTF-8 of what can be nothing else.
func valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func (w *walker) failure(e *Error) error {
	return shared(w, e, func(id identity) error { return w.err(e, id) })
}

// err walks an error: message, stack, own fields.
func (w *walker) err(e *Error, id identity) error {
	own := e.Fields
	if own == nil {
		own = &Record{}
	}
	n := 1 + len(own.Keys)
	if len(e.Stack) > 0 {
		n++
	}
	if err := w.begin(Err, n, valid(e.Class), id); err != nil {
		return err
	}
	if err := w.entry("message", e.Message, false); err != nil {
		return err
	}
	if len(e.Stack) > 0 {
		if err := w.entry("stack", stackText(e), false); err != nil {
			return err
		}
	}
	return w.rest(own)
}

// goError walks an error of Go as scripts should see it.
func (w *walker) goError(err error) error {
	if s, ok := err.(ScriptErrorer); ok {
		if e := s.ScriptError(); e != nil {
			return w.err(e, identity{})
		}
	}
	return w.err(&Error{Class: "Error", Message: err.Error()}, identity{})
}

// feed walks what a feed gives. Its numbers begin at 0, ours do not.
func (w *walker) feed(f Feed) error {
	if f == nil {
		return w.s.Null()
	}
	n := &nested{Sink: w.s, base: w.number}
	inner := Sink(n)
	if host, ok := w.s.(HostSink); ok {
		inner = &nestedHost{n, host}
	}
	err := f(inner)
	w.number += n.taken
	return err
}

// nested is a sink within another's stream.
type nested struct {
	Sink
	base  int
	taken int
}

func (n *nested) Time(sec int64, nsec int) error {
	n.taken++
	return n.Sink.Time(sec, nsec)
}

func (n *nested) RegExp(source, flags string) error {
	n.taken++
	return n.Sink.RegExp(source, flags)
}

func (n *nested) Typed(t Elem, b []byte) error {
	n.taken++
	return n.Sink.Typed(t, b)
}

func (n *nested) Begin(k Kind, count int, name string) error {
	n.taken++
	return n.Sink.Begin(k, count, name)
}

func (n *nested) Ref(i int) error { return n.Sink.Ref(n.base + i) }

// RawCBOR hands on to the sink around.
func (n *nested) RawCBOR(b []byte) error {
	if raw, ok := n.Sink.(RawSink); ok {
		return raw.RawCBOR(b)
	}
	return errNoRaw
}

// nestedHost is a nested HostSink.
type nestedHost struct {
	*nested
	host HostSink
}

func (n *nestedHost) Host(v any) error { return n.host.Host(v) }

var errNoRaw = errors.New("lang: the sink takes no CBOR")
