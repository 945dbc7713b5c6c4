package eval

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Nodes are profiles of one daemon each, which is not replaced: what package parallel makes clusters of. Whoever calls
// says which node does what, and with which random numbers; the profiles must have no seed of their own.
type Nodes []*Profile

// NodeTask is a function to call on nodes: Source is its text. Timeout and the like are those of each task.
type NodeTask struct {
	Task
	Func   *lang.Function // in place of Lang and Source, as a script gave it; nil: there are those
	Args   []any          // further arguments, the same for each element
	Spread bool           // the values of an element are the arguments
}

// NodesMap is a Many that knows which node had which element.
type NodesMap struct {
	*Many
	node  []int // by element
	alive int   // nodes that are not lost
}

// Split calls a function with each element of xs, a slice, an array, a *lang.Record or a map with string keys. ends says of n
// elements where those of each node end; a node gets them in one task, which ends at its first failure. The random
// numbers of node i are streams[i]; nil leaves each node its own. When ctx ends, the rest is cancelled. What cannot be
// mapped gives a map whose Err says why.
func (ns Nodes) Split(ctx context.Context, xs any, t NodeTask, ends func(n int) []int, streams []lang.RNG) *NodesMap {
	m, err := ns.mapping(xs, t, true)
	if err != nil {
		return &NodesMap{Many: failedMap(err)}
	}
	m.job.live, m.job.next = make([]*Future, len(ns)), len(ns)
	m.bound(ctx)
	at := 0
	for i, end := range ends(m.Len()) {
		if at < end {
			within, begun := ns[i].tellMap(ctx, end-at)
			m.part(ctx, within, ns[i], i, at, end, streamAt(streams, i))
			begun()
		}
		at = max(at, end)
	}
	return m
}

// Balance calls a function with each element of xs, each in a task for the first node that is free. streams gives the
// random numbers of each of n elements. A node that is lost fails the element that it had. Otherwise it is as Split.
func (ns Nodes) Balance(ctx context.Context, xs any, t NodeTask, streams func(n int) []lang.RNG) *NodesMap {
	m, err := ns.mapping(xs, t, false)
	if err != nil {
		return &NodesMap{Many: failedMap(err)}
	}
	m.bound(ctx)
	m.alive = len(ns)
	each := streams(m.Len())
	for i, p := range ns {
		within, begun := p.tellMap(ctx, m.Len())
		m.feedNode(ctx, &slot{within, p, i, each})
		begun()
	}
	return m
}

// Setup runs a task on each node at global scope: what it defines stays there. Node i draws from streams[i].
func (ns Nodes) Setup(ctx context.Context, t Task, streams []lang.RNG) *NodesMap {
	fs, node := make([]*Future, len(ns)), make([]int, len(ns))
	for i, p := range ns {
		fs[i], node[i] = p.setup(ctx, t, streamAt(streams, i)), i
	}
	return &NodesMap{Many: manyOf(fs, nil), node: node}
}

func streamAt(streams []lang.RNG, i int) lang.RNG {
	if streams == nil {
		return lang.RNG{}
	}
	return streams[i]
}

// mapping encodes what is the same for all nodes, once. whole makes one task of all that a node gets.
func (ns Nodes) mapping(xs any, t NodeTask, whole bool) (*NodesMap, error) {
	es, err := elementsOf(xs)
	if err != nil {
		return nil, err
	}
	f := t.Func
	if t.Task = t.withDefaults(); f == nil {
		f = &lang.Function{Lang: t.Lang, Source: t.placedSource()}
	}
	t.Lang = f.Lang
	p := ns[0]
	t.globals, t.args = t.Globals.bindings(p.types), t.Task.Args.bindings(p.types)
	o := MapOptions{Args: t.Args, Spread: t.Spread}
	if whole {
		o.Chunk = es.n
	}
	call := lang.Binding{Name: functionName, Value: func(s lang.Sink) error { return lang.WalkTypes(f, s, p.types) }}
	m, err := p.mapping(es, t.Task, call, o, p.types)
	if err != nil {
		return nil, err
	}
	if m.job.chunk > 1 {
		m.job.task.Source = splitSource(f.Lang, o)
	}
	return &NodesMap{Many: m, node: make([]int, es.n)}, nil
}

// bound cancels the rest when ctx ends, and lets go of what only tasks need when all is over.
func (m *NodesMap) bound(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { m.Cancel() })
	m.Notify(func() {
		stop()
		m.job.release()
	})
}

// part submits the elements from at to end to node i. within is what traces say they belong to.
func (m *NodesMap) part(ctx, within context.Context, p *Profile, i, at, end int, stream lang.RNG) {
	j := m.job
	t, x := j.task, j.xs.some(at, end)
	if j.chunk == 1 {
		x = j.xs.one(at)
	}
	t.args = append(t.args[:len(t.args):len(t.args)], lang.Binding{Name: elementName,
		Value: func(s lang.Sink) error { return lang.WalkTypes(x, s, j.types) }})
	for e := at; e < end; e++ {
		m.node[e] = i
	}
	f := p.prepare(within, t, stream)
	if !f.Resolved() {
		p.admit(ctx, f)
	}
	m.keep(i, f)
	f.Notify(func() { m.finishPart(f, i, at, end) })
}

// finishPart takes the results of node i.
func (m *NodesMap) finishPart(f *Future, i, at, end int) {
	j := m.job
	m.mu.Lock()
	j.live[i] = nil
	m.mu.Unlock()
	if results := m.settleWhole(f, at, end); results != nil {
		m.settleSplit(results, at, end)
	}
}

// settleSplit resolves the elements of a split. After its first failure there are none: what follows was not called.
func (m *NodesMap) settleSplit(results []outcome, at, end int) {
	for k, o := range results {
		if o.err == nil {
			continue
		}
		failed, rest := m.job.placed(o.err), newError(Cancelled, "not called: element %d before it failed", at+k)
		m.settle(at+k, at+k+1, func(int) outcome { return outcome{err: failed} }) // first in time
		m.settle(at+k+1, end, func(int) outcome { return outcome{err: rest} })
		break
	}
	m.settle(at, end, func(e int) outcome { return results[e-at] })
}

// slot is a node that gets one element after the other.
type slot struct {
	within  context.Context // what traces say its tasks belong to
	p       *Profile
	node    int
	streams []lang.RNG // by element
}

// feedNode submits one element more to a node. room bounds the waiting for room.
func (m *NodesMap) feedNode(room context.Context, s *slot) {
	for {
		u, _, ok := m.take()
		if !ok {
			return
		}
		m.node[u] = s.node
		f := s.p.prepare(s.within, m.job.taskOf(u), streamAt(s.streams, u))
		if !f.Resolved() {
			s.p.admit(room, f)
		}
		if f.Resolved() {
			if m.finish(u, f); m.loses(f) {
				return
			}
			continue
		}
		m.keep(u, f)
		f.Notify(func() {
			if m.finish(u, f); !m.loses(f) {
				m.feedNode(context.Background(), s)
			}
		})
		return
	}
}

// loses tells whether the node that had f is lost and another one goes on without it. The last one fails what is left.
func (m *NodesMap) loses(f *Future) bool {
	if e := f.Result().Err; e == nil || !errors.Is(e, ErrReset) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alive--
	return m.alive > 0
}

// setup is everywhere for the one daemon of a node. ctx bounds the task.
func (p *Profile) setup(ctx context.Context, t Task, stream lang.RNG) *Future {
	t = t.withDefaults()
	f := p.future(t)
	a := p.announce(context.WithoutCancel(ctx), f, ForEverywhere, t)
	frame, err := t.encode(wire.Setup, f.task.ID, stream, p.types)
	f.task.Frame = a.frame(frame, err)
	if err != nil {
		f.resolve(nil, nil, newError(Refused, "%v", err))
		return f
	}
	f.bind(ctx)
	p.d.Everywhere(1, func(bool) *dispatch.Task { return &f.task })
	return f
}

// Node gives the node that had an element.
func (m *NodesMap) Node(element int) int { return m.node[element] }

// Wait waits for all results. The first failure in time, a *MapError, cancels the rest and is the error. base is what
// those who read it count elements from.
func (m *NodesMap) Wait(ctx context.Context, base int) error {
	return m.wait(ctx, collecting{stop: true, base: base})
}

// Values gives the results, which must be there, as scripts see them: a list, or an object where elements have keys.
// flat joins them to one list, as m[.flat] does.
func (m *NodesMap) Values(flat bool, base int) (any, error) {
	if flat {
		return m.flatten(collecting{base: base})
	}
	return m.values(), nil
}

// Value gives the result of one element, which must be there, as scripts see it: a value, or a lang.Feed.
func (m *NodesMap) Value(element int) any { return m.scriptValue(m.at(element), new(lang.Builder)) }

// Into puts the result of one element, which must be there, where dst points to, as Future.Into does.
func (m *NodesMap) Into(element int, dst any) error {
	o := m.at(element)
	if o.err != nil {
		return o.err
	}
	return wire.Into(o.value, dst, m.types)
}

// Arrivals gives elements as they are resolved, and waits for each. When ctx ends it gives -1 and the cause.
func (m *NodesMap) Arrivals(ctx context.Context) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		c := cursor{m: m.Many}
		for range m.Len() {
			if i, err := c.next(ctx); !yield(i, err) || err != nil {
				return
			}
		}
	}
}

// Failed gives the failure of an element, nil when it has none yet.
func (m *NodesMap) Failed(element int) error {
	if o := m.at(element); o.err != nil {
		return o.err
	}
	return nil
}

// Failure is err as the failure of an element, as Wait gives it.
func (m *NodesMap) Failure(element int, err error, base int) *MapError {
	e := m.failure(element, err)
	e.base = base
	return e
}

// EndWithDaemon is a Watch for a profile at an address that has one daemon: once that is lost what waits for it fails,
// though others might connect.
func EndWithDaemon(_ context.Context, p *Profile) *Hooks {
	return &Hooks{Gone: func(d DaemonStatus) {
		go p.pool.giveUp(fmt.Errorf("its daemon (pid %d on %s) is gone, and none takes its place", d.PID, d.Host))
	}}
}

// ScriptElements gives the xs of a script as Split and Balance take them: the elements of a BigInt64Array are big integers.
func ScriptElements(xs any) any { return bigElements(xs) }

// Options reads argument i of a script's call as the options of daemons, which of names in messages. The Config is
// the host's, with one daemon and no name.
func (h *Host) Options(c *lang.Call, i int, of string) (Config, error) {
	cfg := h.cfg
	cfg.Name, cfg.Daemons = "", 1
	record, err := c.Record(i)
	if err != nil {
		return cfg, err
	}
	o := &options{of: of, record: record}
	if err = o.profile(&cfg); err == nil {
		err = starting(c, of, cfg)
	}
	return cfg, err
}

// Open makes a profile as New does and keeps it by its name until End or Close. The name must be free.
func (h *Host) Open(ctx context.Context, cfg Config) (*Profile, error) {
	if h.Profile(cfg.Name) != nil {
		return nil, fmt.Errorf("eval: the profile %q is set already", cfg.Name)
	}
	if err := h.set(ctx, cfg); err != nil {
		return nil, err
	}
	if p := h.Profile(cfg.Name); p != nil {
		return p, nil
	}
	return nil, noDaemons(cfg.Name)
}

// End ends the profile of that name, if there is one.
func (h *Host) End(name string) { h.end(name) }
