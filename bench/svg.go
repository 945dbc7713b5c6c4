package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// chart is a picture of lines.
type chart struct {
	title, x, y string
	logX        bool
	logY        bool // where the values lie far apart
	lines       []line
}

type line struct {
	name   string
	points []point
	style  style
}

// style sets a line apart.
type style int

const (
	plain style = iota
	bold
	dashed
)

type point struct{ x, y float64 }

// bars is a picture of named values, on a logarithmic scale where they lie far apart.
type bars struct {
	title, unit string
	bars        []bar
}

type bar struct {
	name  string
	value float64
	ours  bool
}

const (
	width, height            = 760, 420
	left, right, top, bottom = 74, 170, 44, 56 // what the axes leave free
	barHeight, barGap        = 22, 8
	barLeft, barRight        = 150, 90
)

var colours = []string{"#0b6e4f", "#c8553d", "#2f5d9b", "#8a5a9e", "#b58900", "#5f6b6d", "#1a9aa0", "#a0355a", "#7a4b2a", "#7fb069"}

// canvas collects the elements of a picture.
type canvas struct{ strings.Builder }

func newCanvas(w, h int, title string) *canvas {
	c := &canvas{}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s" font-family="sans-serif" font-size="12">`+"\n",
		w, h, w, h, html.EscapeString(title))
	fmt.Fprintf(c, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", w, h)
	c.text(float64(w)/2, 24, "middle", "#111", `font-size="15" font-weight="bold"`, title)
	return c
}

func (c *canvas) text(x, y float64, anchor, colour, more, s string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s" %s>%s</text>`+"\n", x, y, anchor, colour, more, html.EscapeString(s))
}

func (c *canvas) stroke(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(c, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

func (c *canvas) done() string { return c.String() + "</svg>\n" }

// scale maps values to places between from and to.
type scale struct {
	lo, hi, from, to float64
	log              bool
}

// newScale covers the values: whole decades when logarithmic, from 0 otherwise.
func newScale(vs []float64, log bool, from, to float64) scale {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range vs {
		if !log || v > 0 {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if log {
		if math.IsInf(lo, 1) {
			lo, hi = 1, 10
		}
		lo, hi = math.Pow(10, math.Floor(math.Log10(lo))), math.Pow(10, math.Ceil(math.Log10(hi)))
		if lo == hi {
			hi *= 10
		}
		return scale{lo, hi, from, to, true}
	}
	step := tickStep(max(hi, 0))
	return scale{0, max(step, math.Ceil(hi/step)*step), from, to, false}
}

// farApart tells whether a linear scale would hide the small ones.
func farApart(vs []float64) bool {
	lo, hi := math.Inf(1), 0.0
	for _, v := range vs {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo > 0 && hi/lo > 30
}

// tickStep is a round number, so that some five of them reach hi.
func tickStep(hi float64) float64 {
	if !(hi > 0) || math.IsInf(hi, 0) {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(hi/5)))
	for _, m := range []float64{1, 2, 5} {
		if hi/(step*m) <= 6 {
			return step * m
		}
	}
	return step * 10
}

func (s scale) at(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		lo, hi, v = math.Log10(lo), math.Log10(hi), math.Log10(max(v, s.lo))
	}
	return s.from + (v-lo)/(hi-lo)*(s.to-s.from)
}

func (s scale) ticks() (ts []float64) {
	if s.log {
		for e := math.Round(math.Log10(s.lo)); e <= math.Round(math.Log10(s.hi)); e++ {
			ts = append(ts, math.Pow(10, e))
		}
		return ts
	}
	step := tickStep(s.hi)
	for i := 0.0; i*step <= s.hi*1.0001; i++ {
		ts = append(ts, i*step)
	}
	return ts
}

// tick writes a value of an axis: 10k, 1M.
func tick(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.3gG", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	}
	return fmt.Sprintf("%.4g", v)
}

func (ch chart) svg() string {
	c := newCanvas(width, height, ch.title)
	var xs, ys []float64
	for _, l := range ch.lines {
		for _, p := range l.points {
			xs, ys = append(xs, p.x), append(ys, p.y)
		}
	}
	x := newScale(xs, ch.logX, left, width-right)
	y := newScale(ys, ch.logY && farApart(ys), height-bottom, top)
	ch.axes(c, x, y)
	for i, l := range ch.lines {
		ch.line(c, x, y, l, i)
	}
	return c.done()
}

func (ch chart) axes(c *canvas, x, y scale) {
	for _, v := range x.ticks() {
		c.stroke(x.at(v), top, x.at(v), height-bottom, "#e4e4e4")
		c.text(x.at(v), height-bottom+16, "middle", "#444", "", tick(v))
	}
	for _, v := range y.ticks() {
		c.stroke(left, y.at(v), width-right, y.at(v), "#e4e4e4")
		c.text(left-6, y.at(v)+4, "end", "#444", "", tick(v))
	}
	c.stroke(left, height-bottom, width-right, height-bottom, "#444")
	c.stroke(left, top, left, height-bottom, "#444")
	c.text((left+width-right)/2, height-16, "middle", "#111", "", ch.x)
	middle := (top + height - bottom) / 2
	c.text(18, float64(middle), "middle", "#111", fmt.Sprintf(`transform="rotate(-90 18 %d)"`, middle), ch.y)
}

func (ch chart) line(c *canvas, x, y scale, l line, i int) {
	colour := colours[i%len(colours)]
	var path []string
	for _, p := range l.points {
		path = append(path, fmt.Sprintf("%.1f,%.1f", x.at(p.x), y.at(p.y)))
	}
	look := map[style]string{plain: `stroke-width="1.5"`, bold: `stroke-width="3.5"`, dashed: `stroke-width="2" stroke-dasharray="6 4"`}[l.style]
	fmt.Fprintf(c, `<polyline points="%s" fill="none" stroke="%s" %s/>`+"\n", strings.Join(path, " "), colour, look)
	for _, p := range l.points {
		fmt.Fprintf(c, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.at(p.x), y.at(p.y), colour)
	}
	at := float64(top + 12 + 18*i)
	fmt.Fprintf(c, `<rect x="%d" y="%.1f" width="12" height="3" fill="%s"/>`+"\n", width-right+12, at-5, colour)
	c.text(width-right+30, at, "start", "#111", "", l.name)
}

func (b bars) svg() string {
	h := top + len(b.bars)*(barHeight+barGap) + bottom
	c := newCanvas(width, h, b.title)
	var vs []float64
	for _, x := range b.bars {
		vs = append(vs, x.value, x.value/2) // so that the shortest bar is long enough to be seen
	}
	s := newScale(vs, farApart(vs), barLeft, width-barRight)
	for _, v := range s.ticks() {
		c.stroke(s.at(v), top, s.at(v), float64(h-bottom), "#e4e4e4")
		c.text(s.at(v), float64(h-bottom+16), "middle", "#444", "", tick(v))
	}
	for i, x := range b.bars {
		b.bar(c, s, x, float64(top+i*(barHeight+barGap)))
	}
	c.text((barLeft+width-barRight)/2, float64(h-16), "middle", "#111", "", b.unit)
	return c.done()
}

func (b bars) bar(c *canvas, s scale, x bar, y float64) {
	colour, weight := "#9aa5b1", ""
	if x.ours {
		colour, weight = colours[0], `font-weight="bold"`
	}
	fmt.Fprintf(c, `<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>`+"\n", barLeft, y, max(1, s.at(x.value)-barLeft), barHeight, colour)
	c.text(barLeft-8, y+15, "end", "#111", weight, x.name)
	c.text(max(barLeft+1, s.at(x.value))+6, y+15, "start", "#111", weight, number(x.value))
}
