package lua

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

const (
	maxNesting = 10000   // of values that travel
	maxInt     = 1 << 53 // up to here a float64 holds every whole number
)

// walker drives a sink through Lua values, numbering what has an identity as lang.Sink says.
type walker struct {
	in    *Interp
	s     lang.Sink
	count int
	depth int
	first any         // the only identity so far
	ids   map[any]int // all of them, from the second on
	pairs []entry     // of the tables that are being walked

	classes *classSet
	bare    *class         // that travels itself, not its name
	around  []*glua.LTable // values of classes around here
}

func (in *Interp) walk(v glua.LValue, s lang.Sink) error {
	w := walker{in: in, s: s, classes: in.serial}
	return w.value(v)
}

func (w *walker) value(v glua.LValue) error {
	switch v := v.(type) {
	case *glua.LTable:
		return w.table(v)
	case glua.LNumber:
		return w.number(float64(v))
	case glua.LString:
		return w.text(string(v))
	case glua.LBool:
		return w.s.Bool(bool(v))
	case *glua.LNilType:
		return w.s.Null()
	case *glua.LFunction:
		return w.function(v)
	case *glua.LUserData:
		return w.userdata(v)
	case *glua.LState:
		return lang.Refuse("a coroutine cannot be sent")
	}
	return lang.Refuse("a %s cannot be sent", v.Type())
}

func (w *walker) number(f float64) error {
	if i := int64(f); float64(i) == f && i >= -maxInt && i <= maxInt && (i != 0 || !math.Signbit(f)) {
		return w.s.Int(i)
	}
	return w.s.Float(f)
}

func (w *walker) text(s string) error {
	if utf8.ValidString(s) {
		return w.s.Text(s)
	}
	return w.s.Bytes([]byte(s))
}

// seen gives the number of something that came before, or takes the next number for it.
func (w *walker) seen(p any) (int, bool) {
	n := w.count
	switch {
	case n == 0:
		w.first = p
	case w.ids == nil:
		if w.first == p {
			return 0, true
		}
		w.ids = map[any]int{w.first: 0, p: n}
	default:
		if i, ok := w.ids[p]; ok {
			return i, true
		}
		w.ids[p] = n
	}
	w.count++
	return n, false
}

func (w *walker) enter() error {
	if w.depth++; w.depth > maxNesting {
		return lang.Refuse("a value nested deeper than %d cannot be sent", maxNesting)
	}
	return nil
}

func (w *walker) table(t *glua.LTable) error {
	if w.classes != nil {
		if done, err := w.registered(t); done {
			return err
		}
	}
	return w.plainTable(t)
}

func (w *walker) plainTable(t *glua.LTable) error {
	if i, ok := w.seen(t); ok {
		return w.s.Ref(i)
	}
	if err := w.enter(); err != nil {
		return err
	}
	err := w.shaped(t)
	w.depth--
	return err
}

// shaped tells the kinds of tables apart.
func (w *walker) shaped(t *glua.LTable) error {
	if t.Metatable != glua.LNil {
		switch m := w.in.metas; {
		case t.Metatable == m.dict:
			return w.pairsOf(lang.Map, t)
		case t.Metatable == m.set:
			return w.set(t)
		case hidden(t) != nil:
			return w.err(t)
		case t.Metatable == m.list && t.Len() == 0:
			if k, _ := t.Next(glua.LNil); k == glua.LNil {
				return w.list(t, 0)
			}
		}
	}
	n := t.Len()
	if n > 0 && w.solid(t, n) {
		return w.list(t, n)
	}
	base := len(w.pairs)
	named := w.collect(t)
	all := w.pairs[base:]
	defer func() { w.pairs = w.pairs[:base] }()
	if named {
		return w.object(lang.Object, "", all)
	}
	return w.entries(lang.Table, all)
}

// solid tells whether the keys are 1 to n and no others.
func (w *walker) solid(t *glua.LTable, n int) bool {
	for i := 1; i <= n; i++ {
		if t.RawGetInt(i) == glua.LNil {
			return false
		}
	}
	k, _ := t.Next(glua.LNumber(n))
	return k == glua.LNil
}

// collect appends the entries of t to w.pairs; it tells whether all keys are names.
func (w *walker) collect(t *glua.LTable) (named bool) {
	named = true
	for k, v := t.Next(glua.LNil); k != glua.LNil; k, v = t.Next(k) {
		s, ok := k.(glua.LString)
		if named && (!ok || !utf8.ValidString(string(s))) {
			named = false
		}
		w.pairs = append(w.pairs, entry{k, v})
	}
	return named
}

func (w *walker) list(t *glua.LTable, n int) error {
	if err := w.s.Begin(lang.List, n, ""); err != nil {
		return err
	}
	for i := 1; i <= n; i++ {
		if err := w.value(t.RawGetInt(i)); err != nil {
			return lang.At(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return w.s.End()
}

func (w *walker) object(k lang.Kind, name string, all []entry) error {
	if err := w.s.Begin(k, len(all), name); err != nil {
		return err
	}
	for _, e := range all {
		key := string(e.k.(glua.LString))
		if err := w.s.Key(key); err != nil {
			return err
		}
		if err := w.value(e.v); err != nil {
			return lang.At(err, key)
		}
	}
	return w.s.End()
}

func (w *walker) pairsOf(k lang.Kind, t *glua.LTable) error {
	base := len(w.pairs)
	w.collect(t)
	defer func() { w.pairs = w.pairs[:base] }()
	return w.entries(k, w.pairs[base:])
}

func (w *walker) entries(k lang.Kind, all []entry) error {
	if err := w.s.Begin(k, len(all), ""); err != nil {
		return err
	}
	for _, e := range all {
		if err := w.value(e.k); err != nil {
			return lang.At(err, "the key "+w.in.inspectText(e.k))
		}
		if err := w.value(e.v); err != nil {
			return lang.At(err, elem(e.k))
		}
	}
	return w.s.End()
}

func elem(k glua.LValue) string {
	if s, ok := k.(glua.LString); ok {
		return string(s)
	}
	return "[" + k.String() + "]"
}

func (w *walker) set(t *glua.LTable) error {
	base := len(w.pairs)
	w.collect(t)
	defer func() { w.pairs = w.pairs[:base] }()
	all := w.pairs[base:]
	if err := w.s.Begin(lang.Set, len(all), ""); err != nil {
		return err
	}
	for _, e := range all {
		if err := w.value(e.k); err != nil {
			return lang.At(err, elem(e.k))
		}
	}
	return w.s.End()
}

// err walks an error table: message, stack, then its own fields.
func (w *walker) err(t *glua.LTable) error {
	base := len(w.pairs)
	class := "Error"
	if s, ok := t.RawGetString("class").(glua.LString); ok {
		class = string(s)
	}
	message, ok := t.RawGetString("message").(glua.LString)
	if !ok {
		message = glua.LString(w.in.inspectText(t.RawGetString("message")))
	}
	w.pairs = append(w.pairs, entry{glua.LString("message"), message})
	if s, ok := t.RawGetString("stack").(glua.LString); ok {
		w.pairs = append(w.pairs, entry{glua.LString("stack"), s})
	}
	for k, v := t.Next(glua.LNil); k != glua.LNil; k, v = t.Next(k) {
		if s, ok := k.(glua.LString); ok && s != "class" && s != "message" && s != "stack" && utf8.ValidString(string(s)) {
			w.pairs = append(w.pairs, entry{k, v})
		}
	}
	defer func() { w.pairs = w.pairs[:base] }()
	return w.object(lang.Err, strings.ToValidUTF8(class, "\uFFFD"), w.pairs[base:])
}

func (w *walker) userdata(u *glua.LUserData) error {
	switch o := u.Value.(type) {
	case nil:
		if u == w.in.undefined {
			return w.s.Undefined()
		}
		return w.s.Null()
	case *bigint:
		return w.s.BigInt(o.n)
	case *wide:
		return w.s.UTF16(o.units)
	case object:
		return w.solitary(o)
	}
	return lang.Refuse("a userdata cannot be sent")
}

// solitary walks what has an identity but is no table.
func (w *walker) solitary(o object) error {
	switch o := o.(type) {
	case *awaitable:
		return lang.Refuse("a value that is not there yet cannot be sent: wait for it, x:wait()")
	case *host:
		if hs, ok := w.s.(lang.HostSink); ok {
			return hs.Host(o.v)
		}
		if o.t.Encode == nil {
			return lang.Refuse("%s", o.t.refusal())
		}
	}
	if i, ok := w.seen(o); ok {
		return w.s.Ref(i)
	}
	switch o := o.(type) {
	case *moment:
		return w.s.Time(o.sec, o.nsec)
	case *pattern:
		return w.s.RegExp(o.source, o.flags)
	case *typed:
		return w.s.Typed(o.elem, o.b)
	case *foreign:
		return w.foreign(o)
	case *opaque:
		return w.custom(o.name, o.v)
	case *host:
		return w.host(o)
	}
	return lang.Refuse("a %s cannot be sent", o.kind())
}

func (w *walker) foreign(o *foreign) error {
	if err := w.enter(); err != nil {
		return err
	}
	if err := w.s.Begin(lang.Closure, len(o.entries), o.language); err != nil {
		return err
	}
	for _, e := range o.entries {
		if err := w.s.Key(string(e.k.(glua.LString))); err != nil {
			return err
		}
		if err := w.value(e.v); err != nil {
			return err
		}
	}
	w.depth--
	return w.s.End()
}

func (w *walker) host(o *host) error {
	v, err := o.t.Encode(o.v)
	if err != nil {
		return lang.Refuse("a %s cannot be sent: %v", o.t.Name, err)
	}
	lv, err := w.in.toLua(v)
	if err != nil {
		return err
	}
	return w.custom(o.t.Name, lv)
}

func (w *walker) custom(name string, v glua.LValue) error {
	if err := w.enter(); err != nil {
		return err
	}
	if err := w.s.Begin(lang.Custom, 1, name); err != nil {
		return err
	}
	if err := w.value(v); err != nil {
		return err
	}
	w.depth--
	return w.s.End()
}
