package lang

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// Text is a piece of text without our syntax, and the way back to where everything stood.
type Text struct {
	Out string

	source string
	line   int // where source begins in the user's file
	column int // in bytes
	runs   []run
	once   sync.Once
	from   *layout // of source
	into   *layout // of Out, when something was rewritten
}

// run is a part of Out, up to the next run: text copied from source, or text that all comes from one place there.
type run struct {
	out, src int32
	made     bool
}

// Pos gives the user's position of a place in Out: line and column in bytes, both from 1, to line and column in
// characters, both from 1, in the file that the code is from.
func (t *Text) Pos(line, column int) (int, int) {
	if t.line == 0 {
		return line, column
	}
	t.once.Do(t.measure)
	if t.runs == nil && t.from.ascii {
		if line == 1 {
			column += t.column - 1
		}
		return line + t.line - 1, column
	}
	if t.runs == nil {
		return t.user(t.from.offset(line, column))
	}
	return t.user(t.origin(t.into.offset(line, column)))
}

// SourceLine gives the text of a line of the user's file (its number in the file); the part of the first line before
// the code is blank. Empty when there is no such line.
func (t *Text) SourceLine(line int) string {
	t.once.Do(t.measure)
	i := line - t.line
	if i < 0 || i >= len(t.from.starts) {
		return ""
	}
	text := strings.TrimSuffix(t.source[t.from.starts[i]:t.from.end(i)], "\r")
	if i == 0 && text != "" {
		return strings.Repeat(" ", t.column-1) + text
	}
	return text
}

func (t *Text) measure() {
	t.from = measure(t.source)
	if t.runs != nil {
		t.into = measure(t.Out)
	}
}

// origin is the offset in source that an offset in Out comes from.
func (t *Text) origin(out int) int {
	i := sort.Search(len(t.runs), func(i int) bool { return int(t.runs[i].out) > out }) - 1
	if i < 0 {
		return 0
	}
	r := t.runs[i]
	if r.made {
		return int(r.src)
	}
	return int(r.src) + out - int(r.out)
}

// user is the user's position of an offset in source.
func (t *Text) user(off int) (line, column int) {
	i := t.from.row(off)
	column = t.from.chars(int(t.from.starts[i]), off) + 1
	if i == 0 {
		column += t.column - 1
	}
	return i + t.line, column
}

// layout is where the lines and the characters of a text are.
type layout struct {
	text   string
	starts []int32
	ascii  bool
	before []int32 // characters before each stride of bytes, when not ascii: a line may be very long
}

const stride = 256

func measure(text string) *layout {
	l := &layout{text: text, ascii: true, starts: make([]int32, 1, strings.Count(text, "\n")+1)}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			l.starts = append(l.starts, int32(i+1))
		} else if text[i] >= utf8.RuneSelf {
			l.ascii = false
		}
	}
	if l.ascii {
		return l
	}
	n := int32(0)
	for i := 0; i <= len(text); i += stride {
		l.before = append(l.before, n)
		n += int32(chars(text[i:min(i+stride, len(text))]))
	}
	return l
}

// end is where line i ends, before its newline.
func (l *layout) end(i int) int {
	if i+1 < len(l.starts) {
		return int(l.starts[i+1]) - 1
	}
	return len(l.text)
}

// row is the line, from 0, of an offset.
func (l *layout) row(off int) int {
	return sort.Search(len(l.starts), func(i int) bool { return int(l.starts[i]) > off }) - 1
}

// offset is where a line and column are, the nearest place when there is none.
func (l *layout) offset(line, column int) int {
	i := min(max(line-1, 0), len(l.starts)-1)
	return min(int(l.starts[i])+max(column-1, 0), l.end(i))
}

// place is the offset of a line and a column in characters.
func (l *layout) place(line, column int) int {
	off := l.offset(line, 1)
	for end := l.end(l.row(off)); column > 1 && off < end; column-- {
		_, n := utf8.DecodeRuneInString(l.text[off:])
		off += n
	}
	return off
}

// chars counts the characters between two offsets.
func (l *layout) chars(from, to int) int {
	if l.ascii {
		return to - from
	}
	return l.charsTo(to) - l.charsTo(from)
}

func (l *layout) charsTo(off int) int {
	k := off / stride
	return int(l.before[k]) + chars(l.text[k*stride:off])
}

// chars counts the characters of s, which may begin or end within one.
func chars(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i]&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// cursor moves forward through a text and knows line and column.
type cursor struct {
	off, line, column int
}

func (c *cursor) move(src string, to int) {
	part := src[c.off:to]
	if n := strings.Count(part, "\n"); n > 0 {
		c.line += n
		c.column = 1
		part = part[strings.LastIndexByte(part, '\n')+1:]
	}
	c.column += chars(part)
	c.off = to
}

// edit replaces source[from:to] by made[a:b]; the head of a block comes before that.
type edit struct {
	from, to int32
	a, b     int32
	origin   int32 // the place that the text is said to come from
	head     int32 // an index into lists, or none
}

const none = -1

// insert puts text before source[at], outside of what was put there earlier.
type insert struct {
	at, seq int32
	text    string
}

// text applies the edits.
func (s *scanner) text() *Text {
	t := &Text{source: s.src, line: s.code.Line, column: s.code.Column, Out: s.src}
	if len(s.edits) == 0 {
		return t
	}
	slices.SortFunc(s.inserts, func(a, b insert) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.seq, a.seq))
	})
	t.runs = make([]run, 0, 2*len(s.edits)+2*len(s.inserts)+1)
	out := make([]byte, 0, len(s.src)+len(s.src)/8+len(s.made)+16*len(s.inserts)+48*len(s.lists))
	at, ins := int32(0), s.inserts
	copyTo := func(to int32) {
		if at < to {
			t.runs = append(t.runs, run{out: int32(len(out)), src: at})
			out = append(out, s.src[at:to]...)
			at = to
		}
	}
	for _, e := range s.edits {
		for len(ins) > 0 && ins[0].at <= e.from {
			copyTo(ins[0].at)
			t.runs = append(t.runs, run{int32(len(out)), ins[0].at, true})
			out, ins = append(out, ins[0].text...), ins[1:]
		}
		copyTo(e.from)
		t.runs = append(t.runs, run{int32(len(out)), e.origin, true})
		if e.head != none {
			out = s.appendHead(out, &s.lists[e.head])
		}
		out, at = append(out, s.made[e.a:e.b]...), e.to
	}
	copyTo(int32(len(s.src)))
	t.runs = append(t.runs, run{int32(len(out)), int32(len(s.src)), true})
	t.Out = string(out)
	return t
}

// appendHead writes a block up to its options.
func (s *scanner) appendHead(out []byte, l *list) []byte {
	if l.everywhere {
		out = append(out, "mirai.spawnEverywhere("...)
	} else {
		out = append(out, "mirai.spawn("...)
	}
	code := s.src[l.from:l.to]
	out = append(appendLiteral(out, s.lang, l.name()), ", "...)
	out = appendNewlines(appendLiteral(out, s.lang, code), code)
	return append(out, ", {"...)
}

func appendNewlines(out []byte, s string) []byte {
	for range strings.Count(s, "\n") {
		out = append(out, '\n')
	}
	return out
}

// appendLiteral writes s as a string of a language. In JS s must be UTF-8.
func appendLiteral(out []byte, in tongue, s string) []byte {
	out = append(out, '"')
	valid, done := in == inJS || utf8.ValidString(s), 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7F && c != 0xE2 && (c < utf8.RuneSelf || valid) {
			continue
		}
		out = append(out, s[done:i]...)
		done = i + 1
		switch {
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case in == inJS && strings.HasPrefix(s[i:], "\u2028"):
			out, done = append(out, `\u2028`...), i+3
		case in == inJS && strings.HasPrefix(s[i:], "\u2029"):
			out, done = append(out, `\u2029`...), i+3
		case c == '\t' || valid && c == 0xE2:
			done = i
		case in == inJS:
			out = append(out, '\\', 'x', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		case c == 0 && (i+1 == len(s) || s[i+1] < '0' || s[i+1] > '9'):
			out = append(out, `\0`...)
		default:
			out = append(out, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return append(append(out, s[done:]...), '"')
}
