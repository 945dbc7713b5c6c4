package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
)

// sample is one line of what a contender prints.
type sample struct {
	Name    string  `json:"name"`
	Workers int     `json:"workers"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
}

// parseSamples reads one JSON object a line; empty lines are skipped.
func parseSamples(text []byte) ([]sample, error) {
	var all []sample
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var s sample
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("%.60q is no measurement: %w", line, err)
		}
		if s.Name == "" || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			return nil, fmt.Errorf("%.60q is no measurement: it has no name", line)
		}
		all = append(all, s)
	}
	return all, nil
}

type key struct {
	contender, name string
	workers         int
}

// results are all samples of a run.
type results struct {
	mode   string
	values map[key][]float64
	units  map[string]string
}

func newResults(mode string) *results {
	return &results{mode, map[key][]float64{}, map[string]string{}}
}

func (r *results) add(contender string, samples []sample) {
	for _, s := range samples {
		k := key{contender, s.Name, s.Workers}
		r.values[k] = append(r.values[k], s.Value)
		r.units[s.Name] = s.Unit
	}
}

// median gives the median over the rounds; ok is false where there is none.
func (r *results) median(contender string, f figure) (v float64, ok bool) {
	vs := r.values[key{contender, f.name, f.workers}]
	return median(vs), len(vs) > 0
}

// median is NaN for no values.
func median(vs []float64) float64 {
	if len(vs) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(vs))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

// best gives the best of the contenders at a figure; "" when none has it.
func (r *results) best(cs []contender, f figure) (name string, v float64) {
	for _, c := range cs {
		m, ok := r.median(c.name, f)
		if ok && (name == "" || (m < v) != f.more) {
			name, v = c.name, m
		}
	}
	return name, v
}

// ratio is ours to theirs; NaN where one of them is missing or nothing.
func ratio(ours, theirs float64) float64 {
	if !(theirs > 0) {
		return math.NaN()
	}
	return ours / theirs
}

// saved is a line of the file of samples.
type saved struct {
	Contender string    `json:"contender"`
	Name      string    `json:"name"`
	Workers   int       `json:"workers"`
	Mode      string    `json:"mode"`
	Unit      string    `json:"unit"`
	Values    []float64 `json:"values"`
}

// save writes every sample, one JSON object a line.
func (r *results) save(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	keys := slices.SortedFunc(maps.Keys(r.values), func(a, b key) int {
		return bytes.Compare(fmt.Appendf(nil, "%v", a), fmt.Appendf(nil, "%v", b))
	})
	for _, k := range keys {
		b, err := json.Marshal(saved{k.contender, k.name, k.workers, r.mode, r.units[k.name], r.values[k]})
		if err != nil {
			return err
		}
		w.Write(append(b, '\n'))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// load reads what save wrote.
func load(file string) (*results, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := newResults("")
	for l := range bytes.Lines(text) {
		var s saved
		if err := json.Unmarshal(l, &s); err != nil {
			return nil, fmt.Errorf("%s has no samples: %w", file, err)
		}
		r.mode, r.units[s.Name] = s.Mode, s.Unit
		r.values[key{s.Contender, s.Name, s.Workers}] = s.Values
	}
	return r, nil
}

// contenders gives everybody who took part.
func (r *results) contenders() (cs []contender) {
	for _, name := range contenderNames() {
		for k := range r.values {
			if k.contender != name {
				continue
			}
			c := contender{name: name, process: strings.HasPrefix(name, "mirai-")}
			if ps := peersNamed([]string{name}); len(ps) == 1 {
				c.peer, c.process = true, ps[0].process
			}
			cs = append(cs, c)
			break
		}
	}
	return cs
}
