package js

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"github.com/mojukapu/mirai/lang"
)

// The bounds of what is shown, those of Node.
const (
	showDepth  = 2
	showItems  = 100
	showText   = 10_000
	lineWidth  = 80
	lineLevels = 3 // levels of nesting that may share a line
	showTotal  = 100_000
)

// Show gives a value as Node's REPL shows it.
func (in *Interp) Show(v lang.Value) string {
	if v, ok := v.(value); ok && v.in == in {
		return in.show(v.v)
	}
	return fmt.Sprint(v)
}

func (in *Interp) show(v goja.Value) string { return in.inspect(v, showDepth) }

// inspector shows one value.
type inspector struct {
	in      *Interp
	max     int // levels of nesting
	open    []*goja.Object
	circles []*goja.Object // objects that contain themselves, in the order they were found
	indent  int
	level   int // of what was entered last
	size    int
}

func (in *Interp) inspect(v goja.Value, depth int) string {
	i := &inspector{in: in, max: depth}
	var s string
	if in.try(func() { s = i.value(v, 0) }) != nil {
		return "[a value that cannot be shown]"
	}
	return s
}

func (i *inspector) value(v goja.Value, depth int) string {
	switch x := v.(type) {
	case nil:
		return "undefined"
	case *goja.Object:
		return i.object(x, depth)
	case goja.String:
		return i.text(x.String())
	case *goja.Symbol:
		return "Symbol(" + x.String() + ")"
	}
	if goja.IsBigInt(v) {
		return v.String() + "n"
	}
	if f := v.ToFloat(); goja.IsNumber(v) && f == 0 && math.Signbit(f) {
		return "-0"
	}
	return v.String()
}

func (i *inspector) text(s string) string {
	more := ""
	if n := utf8.RuneCountInString(s); n > showText {
		runes := []rune(s)
		s, more = string(runes[:showText]), fmt.Sprintf("... %d more characters", n-showText)
	}
	return quote(s) + more
}

// quote puts a string into the quotes that need the fewest escapes.
func quote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") {
		switch {
		case !strings.Contains(s, `"`):
			q = '"'
		case !strings.Contains(s, "`") && !strings.Contains(s, "${"):
			q = '`'
		}
	}
	var b strings.Builder
	b.WriteByte(q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte(q)
	return b.String()
}

func escape(r rune) string {
	if k := strings.IndexRune("\b\t\n\f\r", r); k >= 0 {
		return `\` + "btnfr"[k:k+1]
	}
	if r == '\v' {
		return `\v`
	}
	return fmt.Sprintf(`\x%02X`, r)
}

func (i *inspector) object(o *goja.Object, depth int) string {
	if slices.Contains(i.open, o) {
		if !slices.Contains(i.circles, o) {
			i.circles = append(i.circles, o)
		}
		return fmt.Sprintf("[Circular *%d]", slices.Index(i.circles, o)+1)
	}
	if h := hostOf(o); h != nil {
		return showHost(h)
	}
	if i.size > showTotal {
		return "..."
	}
	p := i.describe(o)
	if depth > i.max && p.base == "" && len(p.keys)+len(p.list) > 0 {
		return "[" + cmp.Or(strings.TrimSpace(p.prefix), p.class()) + "]"
	}
	if len(p.keys)+len(p.list)+len(p.symbols) > 0 {
		i.level = depth
	}
	i.open = append(i.open, o)
	parts := i.parts(o, p, depth)
	i.open = i.open[:len(i.open)-1]
	s := i.join(parts, p, depth)
	if at := slices.Index(i.circles, o); at >= 0 {
		s = fmt.Sprintf("<ref *%d> %s", at+1, s)
	}
	i.size += len(s)
	return s
}

// parts are the elements and entries as text.
func (i *inspector) parts(o *goja.Object, p *picture, depth int) []string {
	i.indent += 2
	parts := i.elements(p, depth+1)
	if p.extra > 0 {
		parts = append(parts, fmt.Sprintf("... %d more item%s", p.extra, plural(p.extra)))
	}
	for _, k := range p.keys {
		parts = append(parts, i.entry(o, k, p, depth))
	}
	for _, sym := range p.symbols {
		parts = append(parts, "[Symbol("+sym.String()+")]: "+i.value(o.GetSymbol(sym), depth+1))
	}
	i.indent -= 2
	return parts
}

func (i *inspector) elements(p *picture, depth int) (parts []string) {
	if p.state != "" && p.list == nil {
		return []string{p.state}
	}
	if p.pairs {
		for k := 0; k+1 < len(p.list); k += 2 {
			parts = append(parts, i.value(p.list[k], depth)+" => "+i.value(p.list[k+1], depth))
		}
		return parts
	}
	for k := 0; k < len(p.list); k++ {
		holes := 0
		for k+holes < len(p.list) && p.list[k+holes] == nil {
			holes++
		}
		if holes == 0 {
			parts = append(parts, p.state+i.value(p.list[k], depth))
			continue
		}
		parts = append(parts, fmt.Sprintf("<%d empty item%s>", holes, plural(holes)))
		k += holes - 1
	}
	return parts
}

func (i *inspector) entry(o *goja.Object, k string, p *picture, depth int) string {
	name := k
	if !parser.IsIdentifier(k) {
		name = quote(k)
	}
	if p.base != "" && kind(o) == "Error" && (k == "cause" || k == "errors") {
		name = "[" + k + "]"
	}
	if g := i.accessor(o, k); g != "" {
		return name + ": " + g
	}
	v := o.Get(k)
	if v == nil {
		return name + ": undefined"
	}
	return name + ": " + i.value(v, depth+1)
}

// accessor is how a getter or setter shows, which is not called; empty for a plain property.
func (i *inspector) accessor(o *goja.Object, k string) string {
	describe := i.in.known.descriptor
	if describe == nil {
		describe = i.in.callable(i.in.ctor("Object"), "getOwnPropertyDescriptor")
		i.in.known.descriptor = describe
	}
	v, err := describe(goja.Undefined(), o, i.in.vm.ToValue(k))
	d, ok := v.(*goja.Object)
	if err != nil || !ok {
		return ""
	}
	get, set := d.Get("get"), d.Get("set")
	hasGet, hasSet := get != nil && !goja.IsUndefined(get), set != nil && !goja.IsUndefined(set)
	switch {
	case hasGet && hasSet:
		return "[Getter/Setter]"
	case hasGet:
		return "[Getter]"
	case hasSet:
		return "[Setter]"
	}
	return ""
}

// join sets the parts on one line or on several, as Node does.
func (i *inspector) join(parts []string, p *picture, depth int) string {
	open := p.prefix + p.open
	switch {
	case len(parts) == 0 && p.base != "":
		return p.base
	case len(parts) == 0:
		return open + p.close
	}
	if p.base != "" {
		open = p.base + " " + open
	}
	entries := len(parts)
	if p.array && entries > 6 {
		parts = i.columns(parts, p)
	}
	if i.level-depth < lineLevels && entries == len(parts) && i.fits(parts, p) {
		return open + " " + strings.Join(parts, ", ") + " " + p.close
	}
	pad := "\n" + strings.Repeat(" ", i.indent)
	return open + pad + "  " + strings.Join(parts, ","+pad+"  ") + pad + p.close
}

// fits tells whether parts go on one line, by Node's estimate.
func (i *inspector) fits(parts []string, p *picture) bool {
	total := i.indent + len(p.base+p.prefix+p.open) + 10 + 2*len(parts)
	for _, s := range parts {
		if strings.Contains(s, "\n") {
			return false
		}
		total += width(s)
	}
	return total <= lineWidth && !strings.Contains(p.base, "\n")
}

func width(s string) int { return utf8.RuneCountInString(s) }

// columns groups the elements of a long array as Node does, right-aligned when they are numbers.
func (i *inspector) columns(parts []string, p *picture) []string {
	if len(p.keys) > 0 {
		return parts
	}
	n := len(parts)
	if p.extra > 0 {
		n-- // the last one says how many more
	}
	total, longest := 0, 0
	for _, s := range parts[:n] {
		total += width(s) + 2
		longest = max(longest, width(s))
	}
	room := float64(longest + 2)
	if 3*int(room)+i.indent >= lineWidth || float64(total)/room <= 5 && longest > 6 {
		return parts
	}
	bias := math.Sqrt(room - float64(total)/float64(len(parts)))
	biased := math.Max(room-3-bias, 1)
	square := math.Round(math.Sqrt(2.5*biased*float64(n)) / biased) // a letter is 2.5 times as high as wide
	columns := int(min(square, math.Floor(float64(lineWidth-i.indent)/room), lineLevels*4, 15))
	if columns <= 1 {
		return parts
	}
	widths := make([]int, columns)
	for k, s := range parts[:n] {
		widths[k%columns] = max(widths[k%columns], width(s)+2)
	}
	var rows []string
	for k := 0; k < n; k += columns {
		rows = append(rows, row(parts[k:min(k+columns, n)], widths, p.numeric()))
	}
	return append(rows, parts[n:]...)
}

func row(cells []string, widths []int, right bool) string {
	var b strings.Builder
	for k, s := range cells {
		last := k == len(cells)-1
		if !last {
			s += ", "
		}
		w := widths[k]
		if last {
			w -= 2
		}
		pad := strings.Repeat(" ", max(w-width(s), 0))
		switch {
		case right:
			b.WriteString(pad + s)
		case last:
			b.WriteString(s)
		default:
			b.WriteString(s + pad)
		}
	}
	return b.String()
}
