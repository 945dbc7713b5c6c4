package js

import (
	"reflect"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"

	"github.com/mojukapu/mirai/lang"
)

// A unit is one piece of text: how places in what goja parses (a wrapper and Text.Out) become places in the user's file.
//
// goja computes every line and column from an offset into a file.File. So each node of a tree gets the offset that it
// would have in a file with one byte for each of the user's characters, and everything that goja says afterwards, the
// stack property of errors included, is right without further mapping.
type unit struct {
	code   lang.Code
	text   *lang.Text
	prefix int        // bytes of the wrapper before Out
	file   *file.File // one byte per character of the user's file
	lines  []int      // rewritten text: where the lines of Out start
	starts []int      // rewritten text: where the lines of code.Source start in file
	runes  []int32    // other text that is not ASCII: byte to character
	pad    int        // bytes of file before code.Source
	size   int
}

func newUnit(code lang.Code, text *lang.Text) *unit {
	code.Line, code.Column = max(code.Line, 1), max(code.Column, 1)
	u := &unit{code: code, text: text, pad: code.Line - 1 + code.Column - 1}
	skeleton := code.Source
	if text.Out != code.Source {
		u.lines = lineStarts(text.Out)
		skeleton = flatten(code.Source)
		u.starts = lineStarts(skeleton)
	} else if !ascii(code.Source) {
		u.runes = make([]int32, len(code.Source)+1)
		n := int32(0)
		for i := range code.Source {
			u.runes[i] = n
			n++
		}
		u.runes[len(code.Source)] = n
		skeleton = flatten(code.Source)
	}
	u.size = len(skeleton)
	if u.pad > 0 {
		skeleton = strings.Repeat("\n", code.Line-1) + strings.Repeat(" ", code.Column-1) + skeleton
	}
	u.file = file.NewFile(code.Name, skeleton, 1)
	return u
}

// offset maps an offset into the parsed text to one into u.file.
func (u *unit) offset(off int) int {
	off = min(max(off-u.prefix, 0), len(u.text.Out))
	switch {
	case u.lines != nil:
		i := sort.SearchInts(u.lines, off+1) - 1
		line, col := u.text.Pos(i+1, off-u.lines[i]+1)
		return u.at(line, col)
	case u.runes != nil:
		return u.pad + int(u.runes[off])
	}
	return u.pad + off
}

// at is the offset into u.file of a line and column of the user's file.
func (u *unit) at(line, col int) int {
	i := min(max(line-u.code.Line, 0), len(u.starts)-1)
	if i == 0 {
		col -= u.code.Column - 1
	}
	end := u.size
	if i+1 < len(u.starts) {
		end = u.starts[i+1] - 1
	}
	return u.pad + min(u.starts[i]+max(col-1, 0), end)
}

// pos is the user's position of an offset into the parsed text.
func (u *unit) pos(off int) lang.Frame {
	p := u.file.Position(u.offset(off))
	return lang.Frame{File: u.code.Name, Line: p.Line, Column: p.Column}
}

// move rewrites every position in a tree.
func (u *unit) move(prg *ast.Program) {
	if u.prefix != 0 || u.pad != 0 || u.lines != nil || u.runes != nil {
		moveIdx(reflect.ValueOf(prg.Body), u)
	}
	prg.File = u.file
}

var idxType = reflect.TypeFor[file.Idx]()

func moveIdx(v reflect.Value, u *unit) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			moveIdx(v.Elem(), u)
		}
	case reflect.Slice:
		if holdsNodes(v.Type().Elem()) {
			for i := range v.Len() {
				moveIdx(v.Index(i), u)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			switch {
			case f.Type() == idxType:
				if idx := f.Int(); idx > 0 {
					f.SetInt(int64(u.offset(int(idx)-1)) + 1)
				}
			case f.Type() == declarations: // shares its bindings with the statements
			default:
				moveIdx(f, u)
			}
		}
	}
}

var declarations = reflect.TypeFor[[]*ast.VariableDeclaration]()

func holdsNodes(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Struct:
		return true
	}
	return false
}

// children calls f with the nodes directly below n, in the order of the text.
func children(n ast.Node, f func(ast.Node)) {
	v := reflect.ValueOf(n)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	for i := range v.NumField() {
		if t := v.Field(i).Type(); t != idxType && t != declarations {
			nodes(v.Field(i), f)
		}
	}
}

var nodeType = reflect.TypeFor[ast.Node]()

func nodes(v reflect.Value, f func(ast.Node)) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() && v.Type().Implements(nodeType) {
			f(v.Interface().(ast.Node))
		}
	case reflect.Slice:
		if holdsNodes(v.Type().Elem()) {
			for i := range v.Len() {
				nodes(v.Index(i), f)
			}
		}
	case reflect.Struct:
		if v.CanAddr() && v.Addr().Type().Implements(nodeType) {
			f(v.Addr().Interface().(ast.Node))
		}
	}
}

func lineStarts(s string) []int {
	starts := []int{0}
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// flatten makes every character one byte long.
func flatten(s string) string {
	if ascii(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case r == '\u2028' || r == '\u2029':
			return '\n'
		}
		return 'x'
	}, s)
}

// sources remembers the latest units, for the text of a line in an error.
type sources struct {
	units []*unit
	bytes int
}

// The bounds of what is remembered; the latest unit always is.
const (
	maxUnits     = 256
	maxUnitBytes = 8 << 20
)

func (s *sources) add(u *unit) {
	s.units = append(s.units, u)
	s.bytes += u.size
	for len(s.units) > 1 && (len(s.units) > maxUnits || s.bytes > maxUnitBytes) {
		s.bytes -= s.units[0].size
		s.units[0] = nil
		s.units = s.units[1:]
	}
}

// line gives the text of a line of a file.
func (s *sources) line(name string, line int) string {
	for i := len(s.units) - 1; i >= 0; i-- {
		u := s.units[i]
		if u.code.Name != name || line < u.code.Line {
			continue
		}
		if t := u.text.SourceLine(line); t != "" {
			return t
		}
	}
	return ""
}
