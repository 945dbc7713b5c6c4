package eval

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mojukapu/mirai/lang"
)

// options reads the options that a script gives: each name must be known, each value of its kind.
type options struct {
	of     string // "mirai", "daemons": for messages
	record *lang.Record
	asked  []string
	err    error
}

func (o *options) value(name string) any {
	o.asked = append(o.asked, name)
	v := o.record.Get(name)
	if _, ok := v.(lang.Undefined); ok {
		return nil
	}
	return v
}

func (o *options) wrong(name, want string, v any) {
	if o.err == nil {
		o.err = &lang.Error{Class: "TypeError", Message: fmt.Sprintf("%s: the option %s must be %s, it is %s", o.of, name, want, preview(v))}
	}
}

func (o *options) text(name string) string {
	switch v := o.value(name).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		o.wrong(name, "a string", v)
		return ""
	}
}

func (o *options) flag(name string) bool {
	switch v := o.value(name).(type) {
	case nil:
		return false
	case bool:
		return v
	default:
		o.wrong(name, "true or false", v)
		return false
	}
}

// unless is a flag that is true where it is not given.
func (o *options) unless(name string) bool {
	v := o.value(name)
	if v == nil {
		return true
	}
	b, ok := v.(bool)
	if !ok {
		o.wrong(name, "true or false", v)
	}
	return b
}

func (o *options) count(name string) int {
	switch v := o.value(name).(type) {
	case nil:
		return 0
	case int64:
		return int(v)
	case float64:
		if v == math.Inf(1) {
			return 0
		}
		o.wrong(name, "a whole number", v)
	default:
		o.wrong(name, "a whole number", v)
	}
	return 0
}

// time is a number of milliseconds or text such as "1.5s".
func (o *options) time(name string) time.Duration {
	const want = `a number of milliseconds or text such as "1.5s"`
	switch v := o.value(name).(type) {
	case nil:
	case int64:
		if v >= 0 {
			return time.Duration(v) * time.Millisecond
		}
		o.wrong(name, "zero or more", v)
	case float64:
		if v >= 0 && v < 1e12 {
			return time.Duration(v * float64(time.Millisecond))
		}
		if v != math.Inf(1) {
			o.wrong(name, want, v)
		}
	case string:
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			o.wrong(name, want, v)
		}
		return d
	default:
		o.wrong(name, want, v)
	}
	return 0
}

func (o *options) object(name string) *lang.Record {
	switch v := o.value(name).(type) {
	case nil:
	case *lang.Record:
		return v
	default:
		if l, ok := v.([]any); !ok || len(l) > 0 {
			o.wrong(name, "an object", v)
		}
	}
	return nil
}

// done tells what was wrong: an option of the wrong kind, or one that nobody asked for.
func (o *options) done() error {
	if o.err != nil || o.record == nil {
		return o.err
	}
	for _, k := range o.record.Keys {
		if !contains(o.asked, k) {
			return &lang.Error{Class: "TypeError", Message: fmt.Sprintf("%s: there is no option %q: did you mean %q?", o.of, k, lang.Nearest(k, o.asked))}
		}
	}
	return nil
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// preview is a value in a few words.
func preview(v any) string {
	var s string
	switch v := v.(type) {
	case nil, lang.Undefined:
		return "nothing"
	case string:
		s = strconv.Quote(v)
	case []byte:
		s = fmt.Sprintf("%d bytes", len(v))
	case []any:
		s = list("[", "]", len(v), func(i int) string { return preview(v[i]) })
	case *lang.Record:
		s = list("{", "}", len(v.Keys), func(i int) string { return v.Keys[i] + ": " + preview(v.Values[i]) })
	case *lang.Error:
		s = v.Text()
	case *lang.Function:
		s = "function"
	case []float64:
		s = fmt.Sprintf("Float64Array(%d)", len(v))
	case *lang.PairMap:
		s = fmt.Sprintf("Map(%d)", len(v.Pairs))
	case *lang.PairTable:
		s = list("{", "}", len(v.Pairs), func(i int) string { return preview(v.Pairs[i].Key) + ": " + preview(v.Pairs[i].Value) })
	case *lang.ValueSet:
		s = fmt.Sprintf("Set(%d)", len(v.Items))
	case time.Time:
		s = v.Format(time.RFC3339Nano)
	default:
		s = fmt.Sprint(v)
	}
	return shorten(s)
}

const previewLength = 60

func shorten(s string) string {
	if len(s) <= previewLength {
		return s
	}
	return strings.ToValidUTF8(s[:previewLength-3], "") + "..."
}

func list(open, end string, n int, item func(int) string) string {
	var b strings.Builder
	b.WriteString(open)
	for i := 0; i < n && b.Len() < 2*previewLength; i++ {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(item(i))
	}
	b.WriteString(end)
	return b.String()
}
