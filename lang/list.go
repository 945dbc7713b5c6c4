package lang

import "slices"

// list is one of our constructs: a block, or the options of m[.flat].
type list struct {
	at         int32 // where it begins
	from, to   int32 // the code
	value      int32 // where the value being read begins
	seen       uint16
	lang       tongue
	chosen     bool // the language is written out
	everywhere bool
}

func (l *list) name() string {
	if l.lang == inLua {
		return Lua
	}
	return JS
}

// index handles [ after an operand: m[] and m[.flat]. False means that it is an ordinary one.
func (s *scanner) index(i int) bool {
	p := s.blank(i + 1)
	switch {
	case p+1 < len(s.src) && s.src[p] == '.' && s.wordEnd(p+1) > p+1 && !isDigit(s.src[p+1]):
		s.openCollect(i, p)
		return true
	case p == len(s.src) || s.src[p] != ']':
		return false
	case s.lang == inJS && s.newline(i): // [] may begin a statement
		return false
	}
	s.insert(s.start, "mirai.wait(")
	s.beginEdit(i, s.start)
	s.gap(i + 1)
	s.write(")")
	s.endEdit(p + 1)
	s.token(p+1, s.done())
	return true
}

func (s *scanner) openCollect(i, p int) {
	s.insert(s.start, "mirai.collect(")
	s.push(collect, s.done())
	s.top().list = int32(len(s.lists))
	s.lists = append(s.lists, list{at: s.start})
	s.beginEdit(i, s.start)
	s.write(", {")
	s.gap(i + 1)
	s.pos = p
	s.nextCollect()
}

// nextCollect reads the options of m[...] up to the value of one or the end of their list.
func (s *scanner) nextCollect() {
	l := &s.lists[s.top().list]
	for s.err == nil {
		p := s.gap(s.pos)
		if p == len(s.src) {
			s.pos = p
			return
		}
		if s.src[p] == ']' {
			s.closeList(p + 1)
			return
		}
		e := s.wordEnd(p + 1)
		next := s.blank(e)
		if s.src[p] != '.' || e == p+1 || next < len(s.src) && !s.assigns(next) && s.src[next] != ',' && s.src[next] != ']' {
			s.fail(p, "an option of m[...] is .flat, .progress or .stop, or .name = value")
			return
		}
		name := s.src[p+1 : e]
		k := slices.Index(collectOptions, name)
		switch {
		case k < 0:
			s.fail(p+1, "there is no option .%s of m[...]: did you mean .%s?", name, Nearest(name, collectOptions))
		case l.seen&(1<<k) != 0:
			s.fail(p+1, "the option .%s is given twice", name)
		default:
			s.entry(l, name, s.assigns(next))
			l.seen |= 1 << k
		}
		s.lines(e, next)
		if s.assigns(next) {
			s.beginValue(l, s.gap(next+1))
			return
		}
		if s.pos = next; next < len(s.src) && s.src[next] == ',' {
			s.pos++
		}
	}
}

// closeList ends a construct of ours.
func (s *scanner) closeList(end int) {
	if s.top().kind == collect {
		s.write("}")
	}
	s.write(")")
	s.endEdit(end)
	s.pop(end)
}

// beginValue has the scanner read an expression of the text around, which stays as it is.
func (s *scanner) beginValue(l *list, p int) {
	l.value = int32(p)
	s.endEdit(p)
	s.newed = false
	s.token(p, s.value())
}

// endValue ends an expression before the comma or bracket at s.pos.
func (s *scanner) endValue() {
	l := &s.lists[s.top().list]
	if s.quiet > 0 {
		return
	}
	if s.prevEnd <= l.value {
		s.fail(s.pos, "a value is missing before %q", s.src[s.pos])
		return
	}
	s.beginEdit(int(s.prevEnd), l.at)
	if s.top().kind == globals && s.manyValued() && s.isLast() {
		s.insert(l.value, "(") // one value, or names and values would no longer match
		s.write(")")
	}
	s.lines(int(s.prevEnd), s.pos)
}

// isLast tells whether the item before s.pos is the last of its list.
func (s *scanner) isLast() bool {
	p := s.pos
	if s.src[p] == ',' {
		p = s.blank(p + 1)
	}
	return p < len(s.src) && s.src[p] == ')'
}

// comma handles a comma at i between the items of the innermost list. False means that it is not one of these.
func (s *scanner) comma(i int) bool {
	k := s.top().kind
	if !k.ours() || k == globals && s.quiet > 0 {
		return false
	}
	s.pos = i
	s.endValue()
	s.pos = i + 1
	switch {
	case s.err != nil:
	case k == options:
		s.nextOption()
	case k == globals:
		s.nextGlobal()
	default:
		s.nextCollect()
	}
	return true
}

// closeOptions handles > at i. False means that it compares.
func (s *scanner) closeOptions(i int) bool {
	if s.top().kind != options {
		return false
	}
	s.pos = i
	s.endValue()
	if s.err == nil {
		s.openCode(i + 1)
	}
	return true
}

func (s *scanner) beginEdit(from int, origin int32) {
	if s.quiet == 0 {
		s.open = edit{from: int32(from), a: int32(len(s.made)), origin: origin, head: none}
	}
}

func (s *scanner) endEdit(to int) {
	if s.quiet == 0 {
		s.open.to, s.open.b = int32(to), int32(len(s.made))
		s.edits = append(s.edits, s.open)
	}
}

func (s *scanner) insert(at int32, text string) {
	s.inserts = append(s.inserts, insert{at, int32(len(s.inserts)), text})
}

func (s *scanner) write(texts ...string) {
	if s.quiet == 0 {
		for _, t := range texts {
			s.made = append(s.made, t...)
		}
	}
}

// gap passes over white space and comments, and keeps their newlines.
func (s *scanner) gap(p int) int {
	end := s.blank(p)
	s.lines(p, end)
	return end
}

func (s *scanner) lines(from, to int) {
	if s.quiet == 0 {
		s.made = appendNewlines(s.made, s.src[from:to])
	}
}
