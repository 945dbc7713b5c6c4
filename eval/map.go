package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// MapOptions says how a map runs. Its zero value gives each element a task of its own and submits all at once.
type MapOptions struct {
	// Chunk is how many elements go in one task. An element that fails fails alone; a daemon that is lost or a timeout
	// fails the chunk. Defaults to 1.
	Chunk int
	// Window is how many tasks are submitted at a time; the others follow as those end, and are not encoded before.
	// 0 submits all at once.
	Window int
	// Args are further arguments of the function, the same for each element.
	Args []any
	// Spread calls the function with the values of an element, an object or a list, in place of the element.
	Spread bool
}

func (o MapOptions) valid() error {
	switch {
	case o.Chunk < 0:
		return errors.New("the option chunk cannot be negative: it is how many elements go in one task")
	case o.Window < 0:
		return errors.New("the option window cannot be negative: it is how many tasks are submitted at a time")
	}
	return nil
}

// Map calls a function with each element of xs, in tasks on the daemons, and returns at once. task.Source is the
// function: "x => x * x", or "function(x) return x * x end"; its Globals, Timeout and so on are those of each task.
// xs is a slice, an array, a *lang.Record or a map with string keys (then results have keys, too); it must not change
// before the map is over. ctx bounds the map: when it ends, the rest is cancelled. What cannot be mapped gives a map
// whose Err says why.
func (p *Profile) Map(ctx context.Context, xs any, task Task, o MapOptions) *Many {
	task = task.withDefaults()
	es, err := elementsOf(xs)
	if err != nil {
		return failedMap(fmt.Errorf("eval: map: %w", err))
	}
	task.globals, task.args = task.Globals.bindings(p.types), task.Args.bindings(p.types)
	f := lang.Binding{Name: functionName, Value: func(s lang.Sink) error {
		return lang.Walk(&lang.Function{Lang: task.Lang, Source: task.placedSource()}, s)
	}}
	m, err := p.mapping(es, task, f, o, p.types)
	if err != nil {
		return failedMap(fmt.Errorf("eval: map: %w", err))
	}
	m.begin(ctx, ctx)
	p.inside(ctx, m)
	return m
}

// placedSource is a function with its place before it, as functions travel.
func (t Task) placedSource() string {
	open, end := "/*@", "*/"
	if t.Lang == lang.Lua {
		open, end = "--[[@", "]]"
	}
	if strings.Contains(t.File, end) {
		return t.Source
	}
	return fmt.Sprintf("%s%s:%d:%d%s%s", open, t.File, max(t.Line, 1), max(t.Column, 1), end, t.Source)
}

// Map calls the function that task.Source is with each element of xs and gives the results in order. Elements travel
// in chunks, unless the task has a timeout, which counts for each element. The first failure in time cancels the rest
// and is the error, a *MapError. ctx bounds the map.
func Map[T, R any](ctx context.Context, p *Profile, xs []T, task Task) ([]R, error) {
	o := MapOptions{}
	if task.Timeout == 0 && task.RunTimeout == 0 {
		o.Chunk = chunkFor(len(xs), max(p.cfg.Daemons, 1))
	}
	m := p.Map(ctx, xs, task, o)
	if err := m.wait(ctx, collecting{stop: true}); err != nil {
		m.Cancel()
		return nil, err
	}
	out := make([]R, len(xs))
	for i := range out {
		if err := wire.Into(m.slots[i].value, &out[i], p.types); err != nil {
			return nil, m.failure(i, err)
		}
	}
	return out, nil
}

// chunkFor leaves each daemon enough chunks to even out elements that take longer.
func chunkFor(n, daemons int) int { return min(max(n/(16*daemons), 1), 1024) }

// mapping is a map whose elements are on their way.
type mapping struct {
	p     *Profile
	types []*lang.Type
	xs    elements
	task  Task
	n     int    // elements
	lang  string // of the function; xs and task are let go of before the last result is read
	chunk int
	width int        // how many tasks are submitted at a time
	call  lang.Frame // of map itself

	shared []*Shared // of what the tasks have in common: what is large

	within context.Context // what traces say its tasks belong to; bounds nothing

	// under the lock of its Many
	next    int       // the task to submit next
	streams streams   // for the tasks from there on
	live    []*Future // by task; nil before and after
	stopped bool
}

// mapping makes a map of values of types. What its tasks have in common is encoded here, once.
func (p *Profile) mapping(xs elements, t Task, f lang.Binding, o MapOptions, types []*lang.Type) (*Many, error) {
	if err := o.valid(); err != nil {
		return nil, err
	}
	if err := t.valid(); err != nil {
		return nil, err
	}
	var err error
	if o.Spread {
		if xs, err = xs.spread(); err != nil {
			return nil, err
		}
	}
	o.Chunk = max(min(o.Chunk, xs.n), 1)
	tasks := (xs.n + o.Chunk - 1) / o.Chunk
	j := &mapping{p: p, types: types, xs: xs, n: xs.n, lang: t.Lang, chunk: o.Chunk, width: cmp.Or(o.Window, tasks)}
	j.call = lang.Frame{File: t.File, Line: max(t.Line, 1), Column: max(t.Column, 1)}
	seal := sealer{in: p.shares, tasks: tasks}
	j.task, err = t.mapped(f, o, types, &seal)
	if j.shared = seal.shared; err != nil {
		j.release()
		return nil, err
	}
	j.live = make([]*Future, tasks)
	j.streams = p.seed.take(tasks) // now: what else is submitted before its last task has streams of its own
	m := newMany(xs.n, xs.keys, p.types)
	m.job = j
	return m, nil
}

// mapped is the task that calls f, without elements.
func (t Task) mapped(f lang.Binding, o MapOptions, types []*lang.Type, seal *sealer) (Task, error) {
	globals, err := seal.all("globals", t.globals)
	if err != nil {
		return t, err
	}
	args, err := seal.all("args", t.args)
	if err != nil {
		return t, err
	}
	if f, err = seal.one(f, "f"); err != nil {
		return t, err
	}
	args = append(args, f)
	if len(o.Args) > 0 {
		more, err := seal.one(lang.Binding{Name: argsName, Value: func(s lang.Sink) error { return lang.WalkTypes(o.Args, s, types) }}, "args")
		if err != nil {
			return t, err
		}
		args = append(args, more)
	}
	t.globals, t.args = globals, args
	t.Source, t.File, t.Line, t.Column = mapSource(t.Lang, o), mapFile, 1, 1
	t.feeds = true
	return t, nil
}

// begin submits as many tasks as the window lets. ctx bounds the map, room the waiting for room: when that ends, the
// rest is cancelled.
func (m *Many) begin(ctx, room context.Context) {
	if m.job == nil {
		return
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { m.Cancel() })
		m.Notify(func() { stop() })
	}
	m.Notify(m.job.release)
	within, begun := m.job.p.tellMap(room, m.job.n)
	defer begun()
	m.job.within = within
	for range min(m.job.width, len(m.job.live)) {
		m.feed(room)
		if room.Err() != nil {
			m.Cancel()
			return
		}
	}
}

// release lets go of what only tasks need, when there will be no more.
func (j *mapping) release() {
	j.xs, j.task = elements{}, Task{}
	for _, s := range j.shared {
		s.Close()
	}
	j.shared = nil
}

// feed submits one task more. One that is over at once (it was refused, the profile is closed) makes room for another.
func (m *Many) feed(room context.Context) {
	for {
		u, stream, ok := m.take()
		if !ok {
			return
		}
		f := m.job.p.prepare(m.job.within, m.job.taskOf(u), stream)
		if !f.Resolved() {
			m.job.p.admit(room, f)
		}
		if f.Resolved() {
			m.finish(u, f)
			continue
		}
		m.keep(u, f)
		f.Notify(func() {
			m.finish(u, f)
			m.feed(context.Background())
		})
		return
	}
}

func (m *Many) take() (u int, stream lang.RNG, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j := m.job
	if j.stopped || j.next == len(j.live) {
		return 0, stream, false
	}
	j.next++
	return j.next - 1, j.streams.next(), true // both in one step: with a seed each task has its own stream
}

// keep notes the future of a task, so that it can be cancelled.
func (m *Many) keep(u int, f *Future) {
	m.mu.Lock()
	stopped := m.job.stopped
	m.job.live[u] = f
	m.mu.Unlock()
	if stopped {
		f.Cancel()
	}
}

// finish takes the results of a task.
func (m *Many) finish(u int, f *Future) {
	j := m.job
	m.mu.Lock()
	j.live[u] = nil
	m.mu.Unlock()
	at, end := j.span(u)
	results := m.settleWhole(f, at, end)
	for _, o := range results {
		if o.err != nil {
			j.placed(o.err)
		}
	}
	if results != nil {
		m.settle(at, end, func(i int) outcome { return results[i-at] })
	}
}

// settleWhole resolves the elements from at to end, those of a task, where it failed or has one. Otherwise it gives the
// results of each.
func (m *Many) settleWhole(f *Future, at, end int) []outcome {
	m.tell(f)
	raw, err := f.raw(context.Background())
	switch {
	case err != nil:
		failed := renamed(m.job.placed(err.(*Error)), at)
		m.settle(at, end, func(int) outcome { return outcome{err: failed} })
	case m.job.chunk == 1:
		m.settle(at, end, func(int) outcome { return outcome{value: raw} })
	default:
		return readChunk(raw, end-at, m.job.lang, f)
	}
	return nil
}

// span gives the elements of a task.
func (j *mapping) span(u int) (at, end int) {
	return u * j.chunk, min((u+1)*j.chunk, j.n)
}

func (j *mapping) taskOf(u int) Task {
	at, end := j.span(u)
	t := j.task
	var x any
	if j.chunk == 1 {
		x = j.xs.one(at)
	} else {
		x = j.xs.some(at, end)
	}
	t.args = append(t.args[:len(t.args):len(t.args)], lang.Binding{Name: elementName,
		Value: func(s lang.Sink) error { return lang.WalkTypes(x, s, j.types) }})
	return t
}

// placed says where map was called, in place of our own code that called the function.
func (j *mapping) placed(e *Error) *Error {
	for i := range e.Stack {
		if e.Stack[i].File == mapFile {
			e.Stack = append(e.Stack[:i:i], j.call)
			if i == 0 {
				e.Line = ""
			}
			break
		}
	}
	return e
}

// cancel cancels what is not over: first what was not submitted, then the others from the last on.
func (j *mapping) cancel(m *Many) {
	m.mu.Lock()
	j.stopped = true
	next := j.next
	j.next = len(j.live)
	live := j.live[:next:next]
	m.mu.Unlock()
	if at := next * j.chunk; at < j.n {
		err := newError(Cancelled, "cancelled")
		m.settle(at, j.n, func(int) outcome { return outcome{err: err} })
	}
	for u := len(live) - 1; u >= 0; u-- {
		m.mu.Lock()
		f := live[u]
		m.mu.Unlock()
		if f != nil {
			f.Cancel()
		}
	}
}
