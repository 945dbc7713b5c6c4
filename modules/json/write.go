package json

import (
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mojukapu/mirai/lang"
)

// maxSize bounds the text: values that are shared are written each time they stand there.
const maxSize = 1 << 30

// writer is a sink that writes JSON on one line.
type writer struct {
	out     []byte
	open    []container
	spans   []span // of the numbered values (lang.Sink), for Ref
	skipped bool   // the whole value was undefined
}

type container struct {
	kind  lang.Kind
	span  int
	count int
	entry int // where the current entry begins, its comma included
}

type span struct{ from, to int } // to is 0 while the value is open

var _ lang.Sink = (*writer)(nil)

// before writes what stands between values.
func (w *writer) before() error {
	if len(w.out) > maxSize {
		return lang.Refuse("larger than %d bytes", maxSize)
	}
	if len(w.open) == 0 {
		return nil
	}
	c := &w.open[len(w.open)-1]
	if c.kind == lang.List {
		if c.count > 0 {
			w.out = append(w.out, ',')
		}
		c.count++
	}
	return nil
}

func (w *writer) raw(s string) error {
	err := w.before()
	w.out = append(w.out, s...)
	return err
}

func (w *writer) Null() error { return w.raw("null") }

// Undefined is left out of objects and null in lists, as in JSON.stringify.
func (w *writer) Undefined() error {
	if len(w.open) == 0 {
		w.skipped = true
		return nil
	}
	c := &w.open[len(w.open)-1]
	if c.kind == lang.List {
		return w.Null()
	}
	w.out = w.out[:c.entry]
	c.count--
	return nil
}

func (w *writer) Bool(v bool) error {
	err := w.before()
	w.out = strconv.AppendBool(w.out, v)
	return err
}

func (w *writer) Int(v int64) error {
	err := w.before()
	w.out = strconv.AppendInt(w.out, v, 10)
	return err
}

func (w *writer) Float(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return lang.Refuse("%v cannot be written as JSON", v)
	}
	err := w.before()
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	w.out = strconv.AppendFloat(w.out, v, format, -1, 64)
	return err
}

func (w *writer) BigInt(v *big.Int) error {
	err := w.before()
	w.out = v.Append(w.out, 10)
	return err
}

func (w *writer) Text(s string) error {
	err := w.before()
	w.out = appendText(w.out, s)
	return err
}

func (w *writer) UTF16(units []uint16) error {
	err := w.before()
	w.out = append(w.out, '"')
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) && i+1 < len(units) {
			if pair := utf16.DecodeRune(r, rune(units[i+1])); pair != utf8.RuneError {
				r = pair
				i++
			}
		}
		w.out = appendRune(w.out, r)
	}
	w.out = append(w.out, '"')
	return err
}

func (w *writer) Bytes([]byte) error {
	return lang.Refuse("bytes cannot be written as JSON: encode them as text first")
}

func (w *writer) Time(sec int64, nsec int) error {
	if nsec < 0 {
		return lang.Refuse("an invalid date cannot be written as JSON")
	}
	w.spans = append(w.spans, span{})
	from := len(w.out)
	err := w.Text(time.Unix(sec, int64(nsec)).UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	w.spans[len(w.spans)-1] = w.value(from)
	return err
}

// value is the span of what was written from from on, without the comma before it.
func (w *writer) value(from int) span {
	if w.out[from] == ',' {
		from++
	}
	return span{from, len(w.out)}
}

func (w *writer) RegExp(string, string) error {
	return lang.Refuse("a RegExp cannot be written as JSON")
}

func (w *writer) Typed(t lang.Elem, _ []byte) error {
	return lang.Refuse("a %v cannot be written as JSON: make a list of it first", t)
}

func (w *writer) Begin(k lang.Kind, _ int, _ string) error {
	switch {
	case k == lang.Table:
		return lang.Refuse("a table with keys other than text or 1..n cannot be written as JSON")
	case k != lang.List && k != lang.Object:
		return lang.Refuse("a %v cannot be written as JSON", k)
	case len(w.open) == maxDepth:
		return lang.Refuse("nested deeper than %d", maxDepth)
	}
	err := w.before()
	w.spans = append(w.spans, span{from: len(w.out)})
	w.open = append(w.open, container{kind: k, span: len(w.spans) - 1})
	w.out = append(w.out, "[{"[k])
	return err
}

func (w *writer) Key(k string) error {
	c := &w.open[len(w.open)-1]
	c.entry = len(w.out)
	if c.count > 0 {
		w.out = append(w.out, ',')
	}
	c.count++
	w.out = append(appendText(w.out, k), ':')
	return nil
}

func (w *writer) End() error {
	c := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	w.out = append(w.out, "]}"[c.kind])
	w.spans[c.span].to = len(w.out)
	return nil
}

func (w *writer) Ref(i int) error {
	s := w.spans[i]
	if s.to == 0 {
		return lang.Refuse("a value that contains itself cannot be written as JSON")
	}
	err := w.before()
	w.out = append(w.out, w.out[s.from:s.to]...)
	return err
}

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	plain := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			b = appendRune(append(b, s[plain:i]...), rune(c))
			plain = i + 1
		}
	}
	return append(append(b, s[plain:]...), '"')
}

func appendRune(b []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(b, '\\', byte(r))
	case r == '\n':
		return append(b, `\n`...)
	case r == '\r':
		return append(b, `\r`...)
	case r == '\t':
		return append(b, `\t`...)
	case r == '\b':
		return append(b, `\b`...)
	case r == '\f':
		return append(b, `\f`...)
	case r < ' ' || utf16.IsSurrogate(r):
		const hex = "0123456789abcdef"
		return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	}
	return utf8.AppendRune(b, r)
}
