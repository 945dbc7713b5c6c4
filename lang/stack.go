package lang

import (
	"strconv"
	"strings"
)

// stackText gives a stack as JS has it: the error, then a line "    at func (file:line:column)" for each frame.
func stackText(e *Error) string {
	var b strings.Builder
	b.WriteString(e.Text())
	for _, f := range e.Stack {
		b.WriteString("\n    at ")
		if f.Func != "" {
			b.WriteString(f.Func + " (" + f.String() + ")")
		} else {
			b.WriteString(f.String())
		}
	}
	return b.String()
}

// parseStack reads the frames of a stack as V8, goja ("at f (file:1:2(3))") and Lua ("file:1: in function 'f'") write
// them. Lines that are no frame are passed over; nil when all are.
func parseStack(text string) []Frame {
	var frames []Frame
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if at, ok := strings.CutPrefix(line, "at "); ok {
			frames = append(frames, parseFrame(at))
		} else if place, what, ok := strings.Cut(line, ": in "); ok {
			f := parsePlace(place)
			f.Func = luaFunc(what)
			frames = append(frames, f)
		}
	}
	return frames
}

func parseFrame(s string) Frame {
	name, place := "", s
	if i := strings.Index(s, " ("); i >= 0 && strings.HasSuffix(s, ")") {
		name, place = s[:i], s[i+2:len(s)-1]
	}
	if i := strings.LastIndexByte(place, '('); i > 0 && strings.HasSuffix(place, ")") && isNumber(place[i+1:len(place)-1]) {
		place = place[:i] // goja's program counter
	}
	f := parsePlace(place)
	f.Func = name
	return f
}

// parsePlace reads file:line:column or file:line.
func parsePlace(s string) Frame {
	file, last, ok := cutNumber(s)
	if !ok {
		return Frame{File: s}
	}
	if rest, line, ok := cutNumber(file); ok {
		return Frame{File: rest, Line: line, Column: last}
	}
	return Frame{File: file, Line: last}
}

func cutNumber(s string) (rest string, n int, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || !isNumber(s[i+1:]) {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// luaFunc gives the name in "function 'f'", empty for "main chunk" and functions without a name.
func luaFunc(what string) string {
	name, ok := strings.CutPrefix(what, "function ")
	if !ok || strings.HasPrefix(name, "<") {
		return ""
	}
	return strings.Trim(name, "'`")
}
