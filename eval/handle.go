package eval

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/mojukapu/mirai/lang"
)

// sentinel is a value that is only ever itself.
type sentinel struct{ name string }

// handleType is the face of a future in scripts.
func (m module) handleType() *lang.Type {
	return &lang.Type{
		Name: "mirai",
		Is:   func(v any) bool { _, ok := v.(*Future); return ok },
		Fields: []lang.Field{
			{Name: "data", Get: func(self any) (any, error) { return data(self.(*Future)), nil }},
			{Name: "output", Get: func(self any) (any, error) { return printed(self.(*Future)), nil }},
			{Name: "info", Get: func(self any) (any, error) { return info(self.(*Future)), nil }},
		},
		Methods: []lang.Func{{Name: "stop", Call: func(c *lang.Call) (any, error) { return c.Self.(*Future).Cancel(), nil }}},
		Show:    func(self any) string { return show(self.(*Future)) },
		Await:   func(self any) lang.Async { return async{self.(*Future)} },
		Refuse:  "a mirai cannot be sent: send its value, m[]",
	}
}

// data never waits: the value, the MiraiError as a value, or the unresolved sentinel.
func data(f *Future) any {
	if !f.Resolved() {
		return unresolved
	}
	return valueOrError(f)
}

func valueOrError(f *Future) any {
	feed, err := f.Feed(context.Background())
	if e, ok := err.(lang.ScriptErrorer); ok {
		return e.ScriptError()
	}
	return feed
}

func printed(f *Future) string {
	var b strings.Builder
	for _, l := range f.Result().Output {
		b.WriteString(l.Text)
		b.WriteByte('\n')
	}
	return b.String()
}

func info(f *Future) *lang.Record {
	i := f.Result().Info
	r := &lang.Record{}
	r.Set("id", int64(i.ID))
	r.Set("name", i.Name)
	r.Set("state", i.State)
	if i.Daemon > 0 {
		r.Set("daemon", int64(i.Daemon))
		r.Set("host", i.Host)
		r.Set("pid", int64(i.PID))
	}
	if !i.Started.IsZero() {
		r.Set("started", i.Started)
		r.Set("ms", float64(i.Run.Microseconds())/1000)
	}
	r.Set("attempts", int64(i.Attempts))
	return r
}

// show is mirai<...>, mirai<3> or mirai<! message>.
func show(f *Future) string {
	if !f.Resolved() {
		return "mirai<...>"
	}
	v, err := f.Get(context.Background())
	if e, ok := err.(*Error); ok {
		return "mirai<! " + shorten(e.raised().Text()) + ">"
	}
	if v == nil {
		return "mirai<>"
	}
	if feed, err := f.Feed(context.Background()); err == nil { // with keys in their order
		b := lang.Builder{Alias: true}
		if feed(&b) == nil {
			v = b.Value()
		}
	}
	return "mirai<" + preview(v) + ">"
}

// async is a future as something to await.
type async struct{ f *Future }

func (a async) Notify(n func()) { a.f.Notify(n) }

func (a async) Result() (any, error) { return a.f.Feed(context.Background()) }

// Many is several futures under one handle, in order.
type Many struct{ Futures []*Future }

func (m module) manyType() *lang.Type {
	return &lang.Type{
		Name:    "mirai map",
		Is:      func(v any) bool { _, ok := v.(*Many); return ok },
		Fields:  []lang.Field{{Name: "length", Get: func(self any) (any, error) { return int64(len(self.(*Many).Futures)), nil }}},
		Methods: []lang.Func{{Name: "stop", Call: func(c *lang.Call) (any, error) { return stopAll(c.Self.(*Many).Futures), nil }}},
		Show: func(self any) string {
			done := 0
			for _, f := range self.(*Many).Futures {
				if f.Resolved() {
					done++
				}
			}
			return fmt.Sprintf("mirai<map %d/%d>", done, len(self.(*Many).Futures))
		},
		Await:  func(self any) lang.Async { return &allOf{fs: self.(*Many).Futures} },
		Refuse: "a mirai cannot be sent: send its values, m[]",
	}
}

// stopAll cancels futures, the last first, so that those that wait go before the running ones are freed.
func stopAll(fs []*Future) []any {
	stopped := make([]any, len(fs))
	for i := len(fs) - 1; i >= 0; i-- {
		stopped[i] = fs[i].Cancel()
	}
	return stopped
}

// allOf awaits several futures; the first failure in order is its error.
type allOf struct{ fs []*Future }

func (a *allOf) Notify(n func()) {
	left := len(a.fs)
	if left == 0 {
		n()
		return
	}
	var mu sync.Mutex
	for _, f := range a.fs {
		f.Notify(func() {
			mu.Lock()
			left--
			last := left == 0
			mu.Unlock()
			if last {
				n()
			}
		})
	}
}

func (a *allOf) Result() (any, error) {
	vs := make([]any, len(a.fs))
	for i, f := range a.fs {
		feed, err := f.Feed(context.Background())
		if err != nil {
			return nil, err
		}
		vs[i] = feed
	}
	return vs, nil
}
