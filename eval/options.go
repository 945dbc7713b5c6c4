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

// whole is a whole number.
func (o *options) whole(name string) int {
	switch v := o.value(name).(type) {
	case nil:
	case int64:
		return int(v)
	default:
		o.wrong(name, "a whole number", v)
	}
	return 0
}

// count is a whole number that is not negative.
func (o *options) count(name string) int {
	n := o.whole(name)
	if n < 0 {
		o.wrong(name, "zero or more", int64(n))
	}
	return n
}

// limit is a count; infinity is none, as 0 is.
func (o *options) limit(name string) int {
	if o.endless(name) {
		return 0
	}
	return o.count(name)
}

// endless tells whether a limit is given as infinity.
func (o *options) endless(name string) bool { return o.value(name) == any(math.Inf(1)) }

// longest bounds times, in milliseconds, which must not overflow: some 30 years.
const longest = 1e12

// time is a number of milliseconds or text such as "1.5s"; infinity is 0, none.
func (o *options) time(name string) time.Duration {
	var ms float64
	switch v := o.value(name).(type) {
	case nil:
	case int64:
		ms = float64(v)
	case float64:
		ms = v
	case string:
		if d, err := time.ParseDuration(v); err == nil {
			ms = float64(d) / float64(time.Millisecond)
		} else {
			ms = math.NaN()
		}
	default:
		ms = math.NaN()
	}
	switch {
	case math.IsNaN(ms):
		o.wrong(name, `a number of milliseconds or text such as "1.5s"`, o.value(name))
	case ms < 0:
		o.wrong(name, "zero or more", o.value(name))
	case !math.IsInf(ms, 1):
		return time.Duration(min(ms, longest) * float64(time.Millisecond))
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
	case float64:
		switch s = fmt.Sprint(v); s {
		case "+Inf":
			s = "Infinity"
		case "-Inf":
			s = "-Infinity"
		}
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
	case *Future:
		return show(v)
	case *Many:
		return v.show()
	case []float64:
		s = fmt.Sprintf("Float64Array(%d)", len(v))
	case *lang.PairMap:
		s = fmt.Sprintf("Map(%d)", len(v.Pairs))
	case *lang.PairTable:
		s = list("{", "}", len(v.Pairs), func(i int) string { return preview(v.Pairs[i].Key) + ": " + preview(v.Pairs[i].Value) })
	case *lang.CustomValue:
		s = v.Name + " " + preview(v.Value)
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
