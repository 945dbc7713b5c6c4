package eval

import (
	"fmt"
	"sync"

	"github.com/mojukapu/mirai/lang"
)

// scope is a stretch of a script with a current profile of its own. Scopes of functions that run at the same time, as
// async ones may, need not end in the order they began: the current profile is that of the last one that is open.
type scope struct {
	h    *Host
	name string
	own  bool // the profile was made for it and ends with it
	once sync.Once
}

func scopeType() *lang.Type {
	return &lang.Type{
		Name:    "mirai scope",
		Is:      func(v any) bool { _, ok := v.(*scope); return ok },
		Methods: []lang.Func{{Name: "end", Call: func(c *lang.Call) (any, error) { c.Self.(*scope).end(); return nil, nil }}},
	}
}

// current is the name of the profile of those who name none.
func (h *Host) current() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.scopes); n > 0 {
		return h.scopes[n-1].name
	}
	return defaultName
}

func (h *Host) enter(name string, own bool) *scope {
	s := &scope{h: h, name: name, own: own}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scopes = append(h.scopes, s)
	return s
}

// leave makes the profile current that was so before.
func (s *scope) leave() {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	for i, o := range s.h.scopes {
		if o == s {
			s.h.scopes = append(s.h.scopes[:i:i], s.h.scopes[i+1:]...)
			return
		}
	}
}

// end is leave, and the end of the profile that was made for the scope.
func (s *scope) end() {
	s.leave()
	if s.own {
		s.once.Do(func() { s.h.end(s.name) })
	}
}

// with is mirai.with(options, f): a pool for the duration of f.
func (m module) with(c *lang.Call) (any, error) {
	if len(c.Args) < 2 {
		return nil, &lang.Error{Class: "TypeError", Message: "with: give it the options of daemons and a function: mirai.with({n: 2}, f)"}
	}
	cfg, err := m.setting(c, "with", len(c.Args))
	if err != nil {
		return nil, err
	}
	f, err := c.Callback(1)
	if err != nil {
		return nil, err
	}
	if cfg.Daemons == 0 {
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
	return m.h.enter(cfg.Name, true).run(c, f)
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
	if _, err := m.h.need(name); err != nil {
		return nil, err
	}
	return m.h.enter(name, false).run(c, f)
}

// run calls f with the name of the profile and gives what it returns. Where that is still to come the scope, or its
// pool at least, lasts until it is there.
func (s *scope) run(c *lang.Call, f lang.Callback) (any, error) {
	lasts := false
	defer func() {
		if !lasts {
			s.end()
		}
	}()
	v, err := f.Call(s.name)
	if err != nil {
		return nil, err
	}
	lasts = true
	switch x := v.Host().(type) {
	case *Future:
		s.leave() // f is over, only the pool is needed still
		x.Notify(func() { go s.end() })
	case *Many:
		s.leave()
		x.Notify(func() { go s.end() })
	default:
		if lasts = v.Kind() == "Promise"; lasts {
			return s.until(c, v)
		}
	}
	return v, nil
}

// until ends the scope when a promise is settled, and gives a promise of the same.
func (s *scope) until(c *lang.Call, promise lang.Value) (any, error) {
	then, err := builtin(c, `(promise, scope) => promise.then(v => { scope.end(); return v }, e => { scope.end(); throw e })`)
	if err == nil {
		promise, err = then.Call(promise, s)
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return promise, nil
}
