package lua

import (
	"maps"

	glua "github.com/yuin/gopher-lua"
)

// baseline is what Reset restores: the globals, and the tables of libraries and modules at one level.
type baseline struct {
	tables  []*snapshot
	strings glua.LValue // the metatable of strings
	loaded  map[string]glua.LValue
	globals *snapshot
}

type entry struct{ k, v glua.LValue }

// snapshot is a table as it was. gopher-lua keeps keys in order of arrival and never forgets one, so what was added
// since comes after last.
type snapshot struct {
	t       *glua.LTable
	meta    glua.LValue
	entries []entry
	last    glua.LValue
	stale   int // keys that were added and removed
}

const maxStale = 64

func take(t *glua.LTable) *snapshot {
	s := &snapshot{t: t, meta: t.Metatable}
	for k, v := t.Next(glua.LNil); k != glua.LNil; k, v = t.Next(k) {
		s.entries = append(s.entries, entry{k, v})
	}
	s.rebuild()
	return s
}

// rebuild makes the table anew, without the keys that are gone.
func (s *snapshot) rebuild() {
	fresh := new(glua.LState).CreateTable(0, len(s.entries)+8)
	s.last = glua.LNil
	for _, e := range s.entries {
		fresh.RawSet(e.k, e.v)
		if _, ok := e.k.(glua.LString); ok {
			s.last = e.k
		}
	}
	fresh.Metatable = s.meta
	*s.t = *fresh
	s.stale = 0
}

func (s *snapshot) restore() {
	for i := range s.entries {
		e := &s.entries[i]
		if k, ok := e.k.(glua.LString); ok {
			if s.t.RawGetString(string(k)) != e.v {
				s.t.RawSetString(string(k), e.v)
			}
		} else {
			s.t.RawSet(e.k, e.v)
		}
	}
	if s.added() || s.stale > maxStale {
		s.rebuild()
	}
	s.t.Metatable = s.meta
}

// added removes what was added by names; it tells whether there is more than that.
func (s *snapshot) added() bool {
	for k, _ := s.t.Next(s.last); k != glua.LNil; k, _ = s.t.Next(k) {
		name, ok := k.(glua.LString)
		if !ok {
			return true
		}
		s.t.RawSetString(string(name), glua.LNil)
		s.stale++
	}
	return s.last != glua.LNil && s.t.Len() > 0 && s.entries[0].k.Type() == glua.LTString
}

// drop puts back single names.
func (s *snapshot) drop(names []string) {
	for _, n := range names {
		old := glua.LNil
		for i := range s.entries {
			if s.entries[i].k == glua.LString(n) {
				old = s.entries[i].v
				break
			}
		}
		s.t.RawSetString(n, old)
	}
	if s.stale += len(names); s.stale > maxStale {
		s.rebuild()
	}
}

// Keep makes the present globals the baseline.
func (in *Interp) Keep() {
	b := baseline{globals: take(in.globals), strings: in.main.GetMetatable(glua.LString("")), loaded: maps.Clone(in.loaded)}
	for _, t := range in.libraries() {
		b.tables = append(b.tables, take(t))
	}
	in.base, in.bound, in.kept, in.dirty, in.names = b, nil, true, false, nil
	in.lasting = in.serial
}

// libraries are the tables that scripts share without having made them.
func (in *Interp) libraries() []*glua.LTable {
	var all []*glua.LTable
	if in.base.globals != nil {
		for _, s := range in.base.tables {
			all = append(all, s.t)
		}
		return all
	}
	seen := map[*glua.LTable]bool{in.globals: true}
	add := func(v glua.LValue) {
		if t, ok := v.(*glua.LTable); ok && !seen[t] {
			seen[t] = true
			all = append(all, t)
		}
	}
	for k, v := in.globals.Next(glua.LNil); k != glua.LNil; k, v = in.globals.Next(k) {
		add(v)
	}
	for _, t := range in.modules {
		add(t)
	}
	return all
}

// Reset restores the baseline.
func (in *Interp) Reset() {
	in.loop.Reset()
	in.flush()
	in.unseed()
	in.last, in.thrown, in.pending = message{}, thrown{}, nil
	in.serial = in.lasting
	if in.dirty {
		in.base.globals.restore()
		for _, s := range in.base.tables {
			s.restore()
		}
		if in.main.GetMetatable(glua.LString("")) != in.base.strings {
			in.main.SetMetatable(glua.LString(""), in.base.strings)
		}
		if len(in.loaded) != len(in.base.loaded) {
			in.loaded = maps.Clone(in.base.loaded)
		}
		in.main.Env = in.globals
		clear(in.fences)
	} else if len(in.bound) > 0 {
		in.base.globals.drop(in.bound)
	}
	in.bound, in.dirty = in.bound[:0], false
}
