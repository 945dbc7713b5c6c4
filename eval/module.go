package eval

import (
	"cmp"
	"strings"

	"github.com/mojukapu/mirai/lang"
)

// module is the module mirai of scripts.
type module struct{ h *Host }

var (
	unresolved = &sentinel{"unresolved"}
	absent     = &sentinel{"absent"} // a name that the scope does not define: lang.Rewrite writes it for a lone ...
)

func (m module) mirai() lang.Module {
	return lang.Module{
		Name:   "mirai",
		Global: true,
		Types:  []*lang.Type{m.handleType(), m.manyType(), m.eachType(), valuesType(), sharedType(), configurationType(), sentinelType(), pooledType()},
		Values: []lang.Field{{Name: "absent", Get: func(any) (any, error) { return absent, nil }}},
		Call:   m.submit,
		Funcs: []lang.Func{
			{Name: "spawn", Call: m.spawn},
			{Name: "spawnEverywhere", Call: m.spawnEverywhere},
			{Name: "mapping", Call: m.mapping},
			{Name: "everywhere", Call: m.everywhere},
			{Name: "wait", Call: m.wait},
			{Name: "collect", Call: m.collect},
			{Name: "map", Call: m.mapOver},
			{Name: "race", Call: m.race},
			{Name: "each", Call: m.each},
			{Name: "tasks", Call: m.tasks},
			{Name: "unresolved", Call: m.unresolved},
			{Name: "share", Call: m.share},
			{Name: "stop", Call: m.stopAny},
			{Name: "daemons", Call: m.daemons},
			{Name: "with", Call: m.with},
			{Name: "profile", Call: m.profile},
			{Name: "launch", Call: m.launch},
			configured("remote", "command", readRemote),
			configured("ssh", "hosts", readSSH),
			configured("cluster", "system", readCluster),
			configured("http", "url", readHTTP),
			{Name: "hostUrl", Call: hostURL},
			{Name: "localUrl", Call: localURL},
			{Name: "status", Call: m.status},
			{Name: "info", Call: m.info},
			{Name: "serial", Call: m.serial},
		},
	}
}

func (m module) globals() lang.Module {
	return lang.Module{
		Global: true,
		Values: []lang.Field{{Name: "unresolved", Get: func(any) (any, error) { return unresolved, nil }}},
		Funcs:  []lang.Func{{Name: "daemons", Call: m.daemons}},
	}
}

func sentinelType() *lang.Type {
	return &lang.Type{
		Name:   "mirai sentinel",
		Is:     func(v any) bool { _, ok := v.(*sentinel); return ok },
		Show:   func(self any) string { return self.(*sentinel).name },
		Refuse: "unresolved is not a value: wait for the mirai, m[]",
	}
}

// spawn(language, source, options, at, name, value, ...) is what a block is rewritten to. The name "..." spreads its value.
func (m module) spawn(c *lang.Call) (any, error) {
	t, o, err := m.block(c)
	if err != nil {
		return nil, err
	}
	return m.submitTask(t, o, c)
}

// submit is mirai(f, globals, options).
func (m module) submit(c *lang.Call) (any, error) {
	t, o, err := m.callable(c, "mirai")
	if err != nil {
		return nil, err
	}
	return m.submitTask(t, o, c)
}

func (m module) submitTask(t Task, o *options, c *lang.Call) (any, error) {
	profile, try := m.options(o, &t)
	if err := o.done(); err != nil {
		return nil, err
	}
	p, err := m.pool(c, profile)
	switch {
	case err == nil:
		return m.submitTo(p, t, try, c)
	case cmp.Or(profile, current(c)) == defaultName:
		return m.h.submit(c.Context, defaultName, t)
	}
	return nil, err
}

// options reads the options of a task.
func (m module) options(o *options, t *Task) (profile string, try bool) {
	t.Name = o.text("name")
	t.Timeout, t.RunTimeout = o.time("timeout"), o.time("runtimeout")
	t.Retries, t.Backoff = o.retry()
	t.Priority = o.whole("priority")
	if args := o.object("args"); args != nil {
		t.args = m.entries(nil, args)
	}
	return o.text("profile"), o.flag("try")
}

// block makes a task of the arguments of spawn.
func (m module) block(c *lang.Call) (t Task, o *options, err error) {
	if t.Lang, err = c.String(0); err != nil {
		return t, nil, err
	}
	if t.Source, err = c.String(1); err != nil {
		return t, nil, err
	}
	record, err := c.Record(2)
	if err != nil {
		return t, nil, err
	}
	at, err := c.String(3)
	if err != nil {
		return t, nil, err
	}
	place, _ := lang.ParseFrame(at)
	t.File, t.Line, t.Column = place.File, place.Line, place.Column
	for i := 4; i+1 < len(c.Args); i += 2 {
		if t.globals, err = m.global(c, i, t.globals); err != nil {
			return t, nil, err
		}
	}
	if t.globals == nil {
		t.globals = []lang.Binding{}
	}
	return t, &options{of: "mirai", record: record}, nil
}

// global adds the global that arguments i and i+1 name and give.
func (m module) global(c *lang.Call, i int, to []lang.Binding) ([]lang.Binding, error) {
	name, err := c.String(i)
	if err != nil {
		return nil, err
	}
	v := c.Args[i+1]
	switch {
	case v.Host() == absent:
		return to, nil
	case name != "...":
		return append(to, lang.Binding{Name: name, Value: v.Walk}), nil
	}
	if !c.Given(i + 1) {
		return to, nil
	}
	spread, err := c.Record(i + 1)
	if err != nil {
		return nil, &lang.Error{Class: "TypeError", Message: "mirai: what is spread with ... must be an object with names, it is of kind " + v.Kind()}
	}
	return m.entries(to, spread), nil
}

// entries adds a binding for each entry of an object.
func (m module) entries(to []lang.Binding, r *lang.Record) []lang.Binding {
	for i, k := range r.Keys {
		v := r.Values[i]
		to = append(to, lang.Binding{Name: k, Value: func(s lang.Sink) error { return lang.WalkTypes(v, s, m.h.types) }})
	}
	return to
}

// callable makes a task of (f, globals, options), where f is a function or source text.
func (m module) callable(c *lang.Call, of string) (t Task, o *options, err error) {
	t.Lang = c.Lang
	at := c.Where()
	t.File, t.Line, t.Column = at.File, at.Line, at.Column
	globals, err := c.Record(1)
	if err == nil {
		o = &options{of: of}
		o.record, err = c.Record(2)
	}
	if err != nil {
		return t, nil, err
	}
	t.globals = []lang.Binding{}
	if globals != nil {
		t.globals = m.entries(t.globals, globals)
	}
	switch {
	case len(c.Args) > 0 && c.Args[0].Func() != nil:
		t.Source = "return mirai_function()"
		t.globals = append(t.globals, lang.Binding{Name: "mirai_function", Value: c.Args[0].Walk})
	case len(c.Args) > 0 && c.Args[0].Kind() == "string":
		t.Source, err = c.String(0)
	default:
		err = &lang.Error{Class: "TypeError", Message: of + ": give it a function or source text, perhaps as a block: " + of + "<js>{ ... }"}
	}
	return t, o, err
}

// spawnEverywhere is what an everywhere block is rewritten to.
func (m module) spawnEverywhere(c *lang.Call) (any, error) {
	t, o, err := m.block(c)
	if err != nil {
		return nil, err
	}
	o.of = "everywhere"
	return m.onAll(t, o, c)
}

func (m module) everywhere(c *lang.Call) (any, error) {
	t, o, err := m.callable(c, "everywhere")
	if err != nil {
		return nil, err
	}
	t.Source = strings.TrimPrefix(t.Source, "return ") // its effects on globals are the point: no scope of its own
	return m.onAll(t, o, c)
}

func (m module) onAll(t Task, o *options, c *lang.Call) (any, error) {
	t.Name, t.Min = o.text("name"), o.count("min")
	t.Timeout, t.RunTimeout = o.time("timeout"), o.time("runtimeout")
	profile := o.text("profile")
	if args := o.object("args"); args != nil {
		t.args = m.entries(nil, args)
	}
	if err := o.done(); err != nil {
		return nil, err
	}
	p, err := m.need(c, profile)
	if err != nil {
		return nil, err
	}
	fs, err := p.everywhere(c.Context, t)
	if err != nil {
		return nil, err
	}
	for _, f := range fs {
		m.h.count(f)
		p.inside(c.Context, f)
	}
	return manyOf(fs, nil), nil
}

// status says how a profile is doing, for people.
func (m module) status(c *lang.Call) (any, error) {
	p, name, err := m.named(c)
	if err != nil {
		return nil, err
	}
	r := &lang.Record{}
	if p == nil {
		r.Set("profile", name)
		r.Set("connections", int64(0))
		r.Set("daemons", []any{})
		return r, nil
	}
	s := p.Status()
	ds := []any{}
	for _, d := range s.Daemons {
		ds = append(ds, &lang.Record{Keys: []string{"id", "pid", "host"}, Values: []any{int64(d.ID), int64(d.PID), d.Host}})
	}
	r.Set("profile", s.Name)
	r.Set("url", s.URL)
	r.Set("connections", int64(s.Connections))
	r.Set("daemons", ds)
	r.Set("expected", int64(s.Expected))
	r.Set("failed", texts(s.Failed))
	r.Set("memory", s.memory())
	r.Set("mirai", &lang.Record{Keys: []string{"awaiting", "executing", "completed"},
		Values: []any{int64(s.Awaiting), int64(s.Executing), int64(s.Completed)}})
	return r, nil
}

// info gives the five counters of a profile, for programs; nothing where no daemons are set.
func (m module) info(c *lang.Call) (any, error) {
	p, _, err := m.named(c)
	if p == nil || err != nil {
		return nil, err
	}
	s := p.Status()
	return &lang.Record{Keys: []string{"connections", "cumulative", "awaiting", "executing", "completed"},
		Values: []any{int64(s.Connections), int64(s.Cumulative), int64(s.Awaiting), int64(s.Executing), int64(s.Completed)}}, nil
}

// named gives the profile that argument 0 names, the current one where it names none; nil where no daemons are set.
func (m module) named(c *lang.Call) (p *Profile, name string, err error) {
	if name = current(c); c.Given(0) {
		name, err = c.String(0)
	}
	return m.h.Profile(name), name, err
}
