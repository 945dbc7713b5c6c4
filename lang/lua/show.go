package lua

import (
	"strconv"
	"strings"
	"unicode/utf8"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// How much of a value is shown.
const (
	shownDepth = 4
	shownItems = 100
	shownText  = 2000
	shownBytes = 8000
)

// Show gives a value as a person wants to see it at the REPL.
func (in *Interp) Show(v lang.Value) string {
	if x, ok := v.(*value); ok {
		return in.inspectText(x.v)
	}
	return v.Kind()
}

func (in *Interp) inspectText(v glua.LValue) string {
	s := shower{in: in}
	s.value(v, 0)
	return s.b.String()
}

type shower struct {
	in   *Interp
	b    strings.Builder
	open []*glua.LTable
}

func (s *shower) value(v glua.LValue, depth int) {
	switch v := v.(type) {
	case glua.LString:
		s.text(string(v))
	case *glua.LTable:
		s.table(v, depth)
	case *glua.LFunction:
		s.function(v)
	case *glua.LUserData:
		s.userdata(v)
	default:
		s.b.WriteString(v.String())
	}
}

// text quotes as Lua would read it.
func (s *shower) text(t string) {
	more := 0
	if len(t) > shownText {
		more = len(t) - shownText
		t = strings.ToValidUTF8(t[:shownText], "")
	}
	s.b.WriteByte('"')
	for i := 0; i < len(t); {
		r, n := utf8.DecodeRuneInString(t[i:])
		switch {
		case r == '"' || r == '\\':
			s.b.WriteByte('\\')
			s.b.WriteByte(byte(r))
		case r == '\n':
			s.b.WriteString(`\n`)
		case r == '\t':
			s.b.WriteString(`\t`)
		case r == '\r':
			s.b.WriteString(`\r`)
		case r < ' ' || r == utf8.RuneError && n == 1:
			code := strconv.Itoa(int(t[i]))
			s.b.WriteString(`\` + strings.Repeat("0", 3-len(code)) + code)
		default:
			s.b.WriteString(t[i : i+n])
		}
		i += n
	}
	s.b.WriteByte('"')
	if more > 0 {
		s.b.WriteString("... " + strconv.Itoa(more) + " more bytes")
	}
}

func (s *shower) function(f *glua.LFunction) {
	if f.IsG {
		s.b.WriteString("function: " + s.in.nameOf(f))
		return
	}
	c := chunkOf(f.Proto.SourceName)
	if c == nil || f.Proto.LineDefined == 0 {
		s.b.WriteString("function")
		return
	}
	name := c.definedName(f.Proto.LineDefined - 1)
	s.b.WriteString(strings.TrimSpace("function " + name))
	s.b.WriteString(" (" + c.frame(f.Proto.LineDefined).String() + ")")
}

func (s *shower) userdata(u *glua.LUserData) {
	switch o := u.Value.(type) {
	case *typed:
		s.typed(o)
	case *wide:
		s.text(s.in.objectString(u))
	default:
		s.b.WriteString(s.in.objectString(u))
	}
}

func (s *shower) typed(o *typed) {
	s.b.WriteString(o.kind() + "(" + strconv.Itoa(o.len()) + ") {")
	for i := range min(o.len(), shownItems) {
		if i > 0 {
			s.b.WriteString(", ")
		}
		s.value(o.get(s.in, i), 0)
	}
	s.more(o.len())
	s.b.WriteByte('}')
}

func (s *shower) more(n int) {
	if n > shownItems {
		s.b.WriteString(", ... " + strconv.Itoa(n-shownItems) + " more")
	}
}

func (s *shower) table(t *glua.LTable, depth int) {
	if hidden(t) != nil {
		s.err(t)
		return
	}
	for _, o := range s.open {
		if o == t {
			s.b.WriteString("{<cycle>}")
			return
		}
	}
	if k, _ := t.Next(glua.LNil); k == glua.LNil {
		s.b.WriteString("{}")
		return
	}
	if depth >= shownDepth || s.b.Len() > shownBytes {
		s.b.WriteString("{...}")
		return
	}
	s.open = append(s.open, t)
	s.b.WriteByte('{')
	s.entries(t, depth+1)
	s.b.WriteByte('}')
	s.open = s.open[:len(s.open)-1]
}

func (s *shower) entries(t *glua.LTable, depth int) {
	n, next := 0, 1
	for k, v := t.Next(glua.LNil); k != glua.LNil; k, v = t.Next(k) {
		if n++; n > shownItems {
			continue
		}
		if n > 1 {
			s.b.WriteString(", ")
		}
		switch k := k.(type) {
		case glua.LNumber:
			if int(k) == next && float64(next) == float64(k) {
				next++
			} else {
				s.b.WriteString("[" + k.String() + "] = ")
			}
		case glua.LString:
			s.key(string(k))
		default:
			s.b.WriteByte('[')
			s.value(k, depth)
			s.b.WriteString("] = ")
		}
		s.value(v, depth)
	}
	s.more(n)
}

func (s *shower) key(k string) {
	plain := k != "" && !isDigit(k[0]) && !reserved[k]
	for i := 0; i < len(k) && plain; i++ {
		plain = isName(k[i]) || isDigit(k[i])
	}
	if plain {
		s.b.WriteString(k + " = ")
		return
	}
	s.b.WriteByte('[')
	s.text(k)
	s.b.WriteString("] = ")
}

// err shows an error table as tostring does, and its own fields.
func (s *shower) err(t *glua.LTable) {
	class, message := t.RawGetString("class"), t.RawGetString("message")
	if class != glua.LNil && class != glua.LString("") && class != glua.LString("error") {
		s.b.WriteString(class.String() + ": ")
	}
	s.b.WriteString(message.String())
}
