package eval

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/mojukapu/mirai/lang"
)

// scope is a stretch of a script with a current profile of its own. It is local to the code that runs in it and to what
// that awaits, so that scopes of async functions may be open at the same time.
type scope struct {
	name  string
	inMap bool        // in the function of a map, which may start no daemons
	over  atomic.Bool // the pool that was made for it has ended
}

// scopeOf is the scope that the calling code is in.
func scopeOf(c *lang.Call) *scope {
	if s, ok := c.Loop.Local().(*scope); ok {
		return s
	}
	return &scope{name: defaultName}
}

// current is the name of the profile of those who name none.
func current(c *lang.Call) string { return scopeOf(c).name }

// mapping is called by the code of a map's task, before the function.
func (m module) mapping(c *lang.Call) (any, error) {
	c.Loop.SetLocal(&scope{name: defaultName, inMap: true})
	return nil, nil
}

// starting refuses daemons in the function of a map: there would be as many again for each daemon of the map.
func starting(c *lang.Call, of string, cfg Config) error {
	if cfg.Daemons > 0 && scopeOf(c).inMap {
		return &lang.Error{Class: "Error", Message: of + ": the function of a map cannot start daemons: each daemon of the map would start its own. Set them before the map, or, if that is meant, write daemons({url: mirai.localUrl()}) and mirai.launch(n)"}
	}
	return nil
}

// need gives a profile that must have daemons, the current one where name is empty.
func (m module) need(c *lang.Call, name string) (*Profile, error) {
	if name == "" {
		name = current(c)
	}
	if p := m.h.Profile(name); p != nil {
		return p, nil
	}
	if s := scopeOf(c); s.name == name && s.over.Load() {
		return nil, errors.New("the pool of this mirai.with has ended: have its function return what must come before that, or await it there")
	}
	err := noDaemons(name)
	if inTask(c.Context) {
		err = fmt.Errorf("%w. In a task that sets a pool of its daemon's own: those of its host are set up, launched and named there", err)
	}
	return nil, err
}

// with is mirai.with(options, f): a pool for the duration of f.
func (m module) with(c *lang.Call) (any, error) {
	if len(c.Args) < 2 {
		return nil, &lang.Error{Class: "TypeError", Message: "with: give it the options of daemons and a function: mirai.with({n: 2}, f)"}
	}
	cfg, err := m.setting(c, "with", len(c.Args))
	if err == nil {
		err = starting(c, "with", cfg)
	}
	if err != nil {
		return nil, err
	}
	f, err := c.Callback(1)
	if err != nil {
		return nil, err
	}
	if cfg.Daemons == 0 && cfg.URL == "" && cfg.Launcher == nil {
		return nil, &lang.Error{Class: "RangeError", Message: "with: a pool needs a daemon at least: mirai.with({n: 2}, f)"}
	}
	if cfg.Name == "" {
		cfg.Name = m.h.freeName()
	} else if m.h.Profile(cfg.Name) != nil {
		return nil, &lang.Error{Class: "Error", Message: fmt.Sprintf(
			"with: the profile %q is set already: give another name, or use it with mirai.profile(%[1]q, f)", cfg.Name)}
	}
	if err := m.h.set(c.Context, cfg); err != nil {
		return nil, err
	}
	p := &pooled{scope: scope{name: cfg.Name}, h: m.h}
	v, err := p.call(c, f)
	if err != nil {
		p.end()
		return nil, err
	}
	return p.endAfter(c, v)
}

// freeName is a name for a pool that was given none.
func (h *Host) freeName() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		h.opened++
		if name := fmt.Sprintf("with %d", h.opened); h.profiles[name] == nil {
			return name
		}
	}
}

// profile is mirai.profile(name, f): an existing profile for the duration of f.
func (m module) profile(c *lang.Call) (any, error) {
	name, err := c.String(0)
	if err != nil {
		return nil, err
	}
	f, err := c.Callback(1)
	if err != nil {
		return nil, err
	}
	if _, err := m.need(c, name); err != nil {
		return nil, err
	}
	return (&scope{name: name}).call(c, f)
}

// call calls f in the scope, with the name of its profile.
func (s *scope) call(c *lang.Call, f lang.Callback) (lang.Value, error) {
	s.inMap = scopeOf(c).inMap
	defer c.Loop.SetLocal(c.Loop.SetLocal(s))
	return f.Call(s.name)
}

// pooled is a scope with a pool of its own, which ends with it.
type pooled struct {
	scope
	h *Host
}

func pooledType() *lang.Type {
	return &lang.Type{
		Name:    "mirai scope",
		Is:      func(v any) bool { _, ok := v.(*pooled); return ok },
		Methods: []lang.Func{{Name: "close", Call: func(c *lang.Call) (any, error) { c.Self.(*pooled).end(); return nil, nil }}},
	}
}

func (p *pooled) end() {
	if !p.over.Swap(true) {
		p.h.end(p.name)
	}
}

// endAfter ends the scope when what its function gave is there: a promise, a mirai, a map, or a list or an object with
// such handles.
func (p *pooled) endAfter(c *lang.Call, v lang.Value) (any, error) {
	if k := v.Kind(); k == "Promise" || k == "promise" {
		return p.settled(c, v)
	}
	hs := handlesIn(entriesOf(c, v))
	if len(hs) == 0 {
		p.end()
		return v, nil
	}
	left := new(atomic.Int32)
	left.Store(int32(len(hs)))
	for _, h := range hs {
		h.Notify(func() {
			if left.Add(-1) == 0 {
				go p.end()
			}
		})
	}
	return v, nil
}

// entriesOf makes a list of what is in an object, and leaves any other value as it is.
func entriesOf(c *lang.Call, v lang.Value) lang.Value {
	source := `o => Object.values(o)`
	switch {
	case v.Kind() == "table":
		source = `function(t) local vs = {} for _, v in pairs(t) do vs[#vs + 1] = v end return vs end`
	case v.Kind() != "object" || v.Host() != nil:
		return v
	}
	if f, err := builtin(c, source); err == nil {
		if list, err := f.Call(v); err == nil {
			return list
		}
	}
	return v
}

// handlesIn gives the handles that a value is, or that a list has.
func handlesIn(v lang.Value) (hs []handle) {
	if h, ok := v.Host().(handle); ok {
		return []handle{h}
	}
	l, ok := v.(interface{ Elements() (lang.Elements, bool) })
	if !ok {
		return nil
	}
	items, ok := l.Elements()
	for i := 0; ok && i < items.Len(); i++ {
		if h, ok := items.At(i).Host().(handle); ok {
			hs = append(hs, h)
		}
	}
	return hs
}

// settled ends the scope when a promise is settled, and gives a promise of the same.
func (p *pooled) settled(c *lang.Call, promise lang.Value) (any, error) {
	source := `(promise, scope) => promise.then(v => { scope.close(); return v }, e => { scope.close(); throw e })`
	if c.Lang == lang.Lua {
		source = `function(promise, scope)
  return promise:next(function(v) scope:close() return v end, function(e) scope:close() error(e, 0) end)
end`
	}
	then, err := builtin(c, source)
	if err == nil {
		promise, err = then.Call(promise, p)
	}
	if err != nil {
		p.end()
		return nil, err
	}
	return promise, nil
}
