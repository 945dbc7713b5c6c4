package eval

import (
	"context"
	"fmt"
	"strings"

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
			{Name: "progress", Get: func(self any) (any, error) { return reported(self.(*Future)), nil }},
		},
		Methods: []lang.Func{
			{Name: "stop", Call: func(c *lang.Call) (any, error) { return c.Self.(*Future).Cancel(), nil }},
			{Name: "on", Call: on},
			{Name: "values", Call: values},
		},
		Show:   func(self any) string { return show(self.(*Future)) },
		Await:  func(self any) lang.Async { return async{self.(*Future)} },
		Refuse: "a mirai cannot be sent: send its value, m[]",
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

// reported is what the task last said of how far it is, nothing when it has not.
func reported(f *Future) any {
	if r, ok := f.Progress(); ok {
		return r.record()
	}
	return nil
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

func (m module) manyType() *lang.Type {
	return &lang.Type{
		Name: "mirai map",
		Is:   func(v any) bool { _, ok := v.(*Many); return ok },
		Fields: []lang.Field{
			{Name: "length", Get: func(self any) (any, error) { return int64(self.(*Many).Len()), nil }},
			{Name: "data", Get: func(self any) (any, error) { return self.(*Many).values(), nil }},
			{Name: "progress", Get: func(self any) (any, error) { return self.(*Many).progress(), nil }},
			{Name: "output", Get: func(self any) (any, error) { return self.(*Many).output(), nil }},
		},
		Methods: []lang.Func{{Name: "stop", Call: func(c *lang.Call) (any, error) { return c.Self.(*Many).stop(), nil }}},
		Show:    func(self any) string { return self.(*Many).show() },
		Await:   func(self any) lang.Async { return all{self.(*Many)} },
		Refuse:  "a mirai cannot be sent: send its values, m[]",
	}
}

func (m *Many) show() string {
	done, total := m.Progress()
	return fmt.Sprintf("mirai<map %d/%d>", done, total)
}

func (m *Many) progress() *lang.Record {
	done, total := m.Progress()
	return &lang.Record{Keys: []string{"done", "total"}, Values: []any{int64(done), int64(total)}}
}

// maxTold is how many bytes are kept of what the tasks of a map print.
const maxTold = 1 << 20

// tell keeps what a task has printed that is over.
func (m *Many) tell(f *Future) {
	f.mu.Lock()
	quiet := f.live == nil && f.body == nil && len(f.result.Output) == 0
	f.mu.Unlock()
	if quiet {
		return
	}
	if text := printed(f); text != "" {
		m.mu.Lock()
		if len(m.told) < maxTold {
			m.told = append(m.told, text...)
		}
		m.mu.Unlock()
	}
}

// output is what the elements have printed that are over, in that order; of several futures, what each has until now.
func (m *Many) output() string {
	m.mu.Lock()
	text := string(m.told)
	m.mu.Unlock()
	for _, f := range m.fs {
		text += printed(f)
	}
	return text
}

// stop cancels and tells of each element whether it was pending.
func (m *Many) stop() any {
	pending := m.Cancel()
	vs := make([]any, len(pending))
	for i, p := range pending {
		vs[i] = p
	}
	if m.keys != nil {
		return &lang.Record{Keys: m.keys, Values: vs}
	}
	return vs
}

// all is a map as something to await: its values, or the first failure in order.
type all struct{ m *Many }

func (a all) Notify(n func()) { a.m.Notify(n) }

func (a all) Result() (any, error) {
	for i, o := range a.m.slots {
		if o.err != nil {
			return nil, a.m.failure(i, o.err)
		}
	}
	return a.m.values(), nil
}
