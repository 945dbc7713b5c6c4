package parallel

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// module is the module parallel of one host.
type module struct {
	h *eval.Host

	mu   sync.Mutex
	made int // clusters, ever
}

// Module gives the module parallel of scripts. The nodes of its clusters are profiles of h and end with it.
func Module(h *eval.Host) lang.Module {
	m := &module{h: h}
	return lang.Module{
		Name:  "parallel",
		Funcs: []lang.Func{{Name: "cluster", Call: m.cluster}, {Name: "split", Call: split}},
		Types: []*lang.Type{clusterType(), nodeType()},
	}
}

func clusterType() *lang.Type {
	of := func(v any) *Cluster { return v.(*Cluster) }
	return &lang.Type{
		Name: "parallel.Cluster",
		Is:   func(v any) bool { _, ok := v.(*Cluster); return ok },
		Fields: []lang.Field{
			{Name: "name", Get: func(v any) (any, error) { return of(v).name, nil }},
			{Name: "length", Get: func(v any) (any, error) { return int64(of(v).Len()), nil }},
			{Name: "nodes", Get: func(v any) (any, error) { return anyOf(of(v).nodes), nil }},
			{Name: "active", Get: func(v any) (any, error) { return of(v).Active(), nil }},
		},
		Methods: []lang.Func{
			{Name: "apply", Call: over(false, false)},
			{Name: "applyLB", Call: over(true, false)},
			{Name: "sapply", Call: over(false, true)},
			{Name: "sapplyLB", Call: over(true, true)},
			{Name: "map", Call: mapInStep},
			{Name: "call", Call: callEach},
			{Name: "evalq", Call: evalq},
			{Name: "export", Call: export},
			{Name: "foreach", Call: foreach},
			{Name: "setSeed", Call: setSeed},
			{Name: "stop", Call: func(c *lang.Call) (any, error) { return lang.Undefined{}, of(c.Self).Stop() }},
		},
		Show:   func(v any) string { return of(v).String() },
		Refuse: "a cluster cannot be sent: use it here, and give its nodes what they need with export",
	}
}

func nodeType() *lang.Type {
	of := func(v any) *Node { return v.(*Node) }
	return &lang.Type{
		Name: "parallel.Node",
		Is:   func(v any) bool { _, ok := v.(*Node); return ok },
		Fields: []lang.Field{
			{Name: "name", Get: func(v any) (any, error) { return of(v).Name, nil }},
			{Name: "pid", Get: func(v any) (any, error) { return int64(of(v).Daemon().PID), nil }},
			{Name: "host", Get: func(v any) (any, error) { return of(v).Daemon().Host, nil }},
			{Name: "commands", Get: func(v any) (any, error) { return anyOf(of(v).Commands), nil }},
		},
		Show:   func(v any) string { return of(v).String() },
		Refuse: "a node of a cluster cannot be sent: send its name",
	}
}

func anyOf[T any](xs []T) []any {
	out := make([]any, len(xs))
	for i, x := range xs {
		out[i] = x
	}
	return out
}

// needless are options of daemons that a cluster has an answer to itself.
var needless = map[string]string{
	"n":          "the number of nodes is the first argument",
	"profile":    "each node is a profile of its own, by its name",
	"dispatcher": "each node has a queue of its own",
	"respawn":    "a node that is lost takes along what it was given, so none is replaced: make a new cluster",
}

// cluster(n, options) starts a cluster. With a url the number may be left out: there is a node for each host of remote.
func (m *module) cluster(c *lang.Call) (any, error) {
	n, at, err := 0, 0, error(nil)
	if len(c.Args) == 0 || c.Args[0].Kind() != "object" && c.Args[0].Kind() != "table" {
		if n, err = c.Int(0); err != nil || n < 1 {
			return nil, errNumber
		}
		at = 1
	}
	cfg, err := m.h.Options(c, at, "cluster")
	if err != nil {
		return nil, err
	}
	if given, _ := c.Record(at); given != nil {
		for _, name := range given.Keys {
			if why := needless[name]; why != "" {
				return nil, &lang.Error{Class: "TypeError", Message: fmt.Sprintf("cluster: there is no option %q here: %s", name, why)}
			}
		}
	}
	cfg.Name = m.freeName()
	return start(c.Context, n, cfg, m.h.Open, func(p *eval.Profile) error {
		m.h.End(p.Status().Name)
		return nil
	})
}

// freeName is a name that no cluster had before.
func (m *module) freeName() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		m.made++
		if name := fmt.Sprintf("cluster %d", m.made); m.h.Profile(name+" node 1") == nil {
			return name
		}
	}
}

// over is apply(xs, f, ...args) and its like.
func over(balanced, flat bool) func(*lang.Call) (any, error) {
	return func(c *lang.Call) (any, error) {
		cl, base := c.Self.(*Cluster), indexBase(c)
		xs, err := elements(c, 0, "xs")
		if err != nil {
			return nil, err
		}
		t, err := function(c, 1)
		if err != nil {
			return nil, err
		}
		if t.Args, err = arguments(c, 2); err != nil {
			return nil, err
		}
		run := cl.split
		if balanced {
			run = cl.balance
		}
		m, err := run(c.Context, xs, t, base)
		if err != nil {
			return nil, named(c, err)
		}
		return m.Values(flat, base)
	}
}

// mapInStep is map(f, xs, ys, ...). Results have the keys of xs.
func mapInStep(c *lang.Call) (any, error) {
	t, err := function(c, 0)
	if err != nil {
		return nil, err
	}
	var keys []string
	lists := make([][]any, max(0, len(c.Args)-1))
	for i := range lists {
		xs, err := elements(c, i+1, fmt.Sprintf("list %d", i+1))
		if err != nil {
			return nil, err
		}
		if r, ok := xs.(*lang.Record); ok && i == 0 {
			keys = r.Keys
		}
		if lists[i], err = listOf(xs); err != nil {
			return nil, named(c, err)
		}
	}
	rows, err := inStep(lists)
	if err != nil {
		return nil, named(c, err)
	}
	t.Spread = true
	var xs any = rows
	if keys != nil {
		xs = &lang.Record{Keys: keys, Values: rows}
	}
	m, err := c.Self.(*Cluster).split(c.Context, xs, t, indexBase(c))
	if err != nil {
		return nil, named(c, err)
	}
	return m.Values(false, 0)
}

// callEach is call(f, ...args).
func callEach(c *lang.Call) (any, error) {
	t, err := function(c, 0)
	if err != nil {
		return nil, err
	}
	args, err := arguments(c, 1)
	if err != nil {
		return nil, err
	}
	m, err := c.Self.(*Cluster).call(c.Context, t, args)
	if err != nil {
		return nil, named(c, err)
	}
	return m.Values(false, 0)
}

func evalq(c *lang.Call) (any, error) {
	t := taskOf(c)
	t.Lang = c.Lang
	var err error
	if t.Source, err = c.String(0); err != nil {
		return nil, &lang.Error{Class: "TypeError", Message: "evalq: give it source text, which is evaluated on each node; a function goes to call"}
	}
	m, err := c.Self.(*Cluster).eval(c.Context, t)
	if err != nil {
		return nil, err
	}
	return m.Values(false, 0)
}

// export(values) takes an object of names and values.
func export(c *lang.Call) (any, error) {
	var v any
	var err error
	if len(c.Args) > 0 {
		if v, err = value(c.Args[0]); err != nil {
			return nil, err
		}
	}
	values, ok := v.(*lang.Record)
	if !ok {
		return nil, &lang.Error{Class: "TypeError", Message: "export: give it an object of names and values: export({a: 1}), export({a = 1}) in Lua"}
	}
	t := taskOf(c)
	t.Lang, t.Globals = c.Lang, eval.Globals{}
	for i, name := range values.Keys {
		t.Globals[name] = values.Values[i]
	}
	_, err = c.Self.(*Cluster).eval(c.Context, t)
	return lang.Undefined{}, err
}

func setSeed(c *lang.Call) (any, error) {
	n, err := c.Int(0)
	if err != nil {
		return nil, &lang.Error{Class: "TypeError", Message: "setSeed: give it a whole number: setSeed(123)"}
	}
	cl := c.Self.(*Cluster)
	if err := cl.active(); err != nil {
		return nil, err
	}
	cl.SetSeed(int64(n))
	return lang.Undefined{}, nil
}

// split(xs, n) cuts a list into n parts.
func split(c *lang.Call) (any, error) {
	xs, err := elements(c, 0, "xs")
	if err != nil {
		return nil, err
	}
	l, err := listOf(xs)
	if err != nil {
		return nil, named(c, err)
	}
	n, err := c.Int(1)
	if err != nil || n < 1 || n > 1<<24 {
		return nil, &lang.Error{Class: "RangeError", Message: "split: the number of parts must be one or more: parallel.split(xs, 2), for instance"}
	}
	parts := Split(l, n)
	return anyOf(parts), nil
}

// verb is the name of the call without its type: "apply".
func verb(c *lang.Call) string { return c.Name[strings.LastIndexAny(c.Name, ".:")+1:] }

// named names the verb in an error about its arguments.
func named(c *lang.Call, err error) error {
	var of argumentError
	if !errors.As(err, &of) {
		return err
	}
	if s, ok := of.error.(lang.ScriptErrorer); ok {
		return s
	}
	return &lang.Error{Class: "TypeError", Message: verb(c) + ": " + of.Error()}
}
