package eval

import (
	"sync"

	"github.com/mojukapu/mirai/lang"
)

// on is m.on(what, f): f is called with each partial result ("emit"), with each report of progress or with each line
// of output, those that are there already first. It gives m.
func on(c *lang.Call) (any, error) {
	what, err := c.String(0)
	if err != nil {
		return nil, err
	}
	f, err := c.Callback(1)
	if err != nil {
		return nil, err
	}
	l := &listener{f: f, loop: c.Loop}
	var w News
	switch what {
	case "emit":
		w.Emit = func(v lang.Feed) { l.tell(v) }
	case "progress":
		w.Progress = func(r Report) { l.tell(r.record()) }
	case "output":
		w.Output = func(lines []OutputLine) {
			for _, line := range lines {
				l.tell(line.Text)
			}
		}
	default:
		return nil, &lang.Error{Class: "TypeError", Message: "on: a mirai tells \"emit\", \"progress\" and \"output\", not " + preview(what)}
	}
	l.call = l.loop.Register()
	future := c.Self.(*Future)
	future.OnNews(w)
	future.Notify(func() {
		if w.Output != nil { // what came with the result
			future.parse()
			w.Output(future.last())
		}
		l.end()
	})
	return future, nil
}

// last gives the output that came with the result.
func (f *Future) last() []OutputLine {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.result.Output
}

// listener calls a script's function with news. The event loop owes one callback at a time for it, until the task is over.
type listener struct {
	f    lang.Callback
	loop *lang.Loop

	mu   sync.Mutex
	news []any
	over bool
	call func(job func() error) // what the loop owes; nil when all is told
	due  bool                   // whether it was called
}

func (l *listener) tell(v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.news = append(l.news, v)
	l.ring()
}

func (l *listener) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	l.ring()
}

// ring has the loop deliver what is there; under the lock.
func (l *listener) ring() {
	switch {
	case l.due || l.call == nil:
	case len(l.news) > 0:
		l.due = true
		l.call(l.deliver)
	case l.over:
		l.call(nil)
		l.call = nil
	}
}

func (l *listener) deliver() error {
	l.mu.Lock()
	news := l.news
	l.news = nil
	l.mu.Unlock()
	var err error
	for _, v := range news {
		if _, err = l.f.Call(v); err != nil {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due, l.call = false, l.loop.Register()
	l.ring()
	return err
}

func (r Report) record() *lang.Record {
	rec := &lang.Record{Keys: []string{"done", "total", "text"}, Values: []any{r.Done, nil, r.Text}}
	if r.Total > 0 {
		rec.Set("total", r.Total)
	}
	return rec
}

// values is m.values(): an iterator over the partial results, in the order they come, which waits for each and ends with
// the task. The failure of the task is raised at the end.
func values(c *lang.Call) (any, error) {
	source := `(values) => ({next() { const v = values.next(); return v === null ? {done: true, value: undefined} : {done: false, value: v[0]} },
return(value) { return {done: true, value} }, [Symbol.iterator]() { return this }})`
	if c.Lang == lang.Lua {
		source = `function(values) return function()
  local v = values:next()
  if v == nil then return nil end
  return v[1]
end end`
	}
	make, err := builtin(c, source)
	if err != nil {
		return nil, err
	}
	return make.Call(&partial{f: c.Self.(*Future)})
}

// valuesType is what stands behind the iterator that values gives.
func valuesType() *lang.Type {
	return &lang.Type{
		Name: "mirai values",
		Is:   func(v any) bool { _, ok := v.(*partial); return ok },
		Methods: []lang.Func{{Name: "next", Call: func(c *lang.Call) (any, error) {
			raw, err := c.Self.(*partial).next(c.Context)
			if raw == nil || err != nil {
				return nil, err
			}
			return []any{feedOf(raw)}, nil
		}}},
		Refuse: "an iterator cannot be sent: send what it gives",
	}
}
