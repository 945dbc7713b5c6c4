package lang

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// shape is what a struct type looks like as a value.
type shape struct {
	fields  []field
	toArray bool // `cbor:",toarray"`: a list
	intKeys bool // some key is a whole number: a table
	byName  map[string]int
	byFold  map[string]int // by name in lower case
}

type field struct {
	name      string
	key       int64 // when asInt
	asInt     bool
	omitEmpty bool
	omitZero  bool
	index     []int
	tagged    bool
}

// shapes caches shapes by reflect.Type.
var shapes sync.Map

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{byName: map[string]int{}, byFold: map[string]int{}}
	s.collect(t, nil, map[reflect.Type]bool{})
	s.dominant()
	for i, f := range s.fields {
		s.intKeys = s.intKeys || f.asInt
		s.byName[f.name] = i
		if fold := strings.ToLower(f.name); s.byFold[fold] == 0 {
			s.byFold[fold] = i + 1
		}
	}
	shapes.Store(t, s)
	return s
}

// find gives the field for a key: the exact one, else one that differs in case only.
func (s *shape) find(key string) (field, bool) {
	if i, ok := s.byName[key]; ok {
		return s.fields[i], true
	}
	if i := s.byFold[strings.ToLower(key)]; i > 0 {
		return s.fields[i-1], true
	}
	return field{}, false
}

// collect adds the fields of t and of what it embeds. around holds the types being collected.
func (s *shape) collect(t reflect.Type, index []int, around map[reflect.Type]bool) {
	if around[t] {
		return
	}
	around[t] = true
	defer delete(around, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("cbor")
		if !ok {
			tag = sf.Tag.Get("json")
		}
		name, options, _ := strings.Cut(tag, ",")
		if sf.Name == "_" && len(index) == 0 && hasOption(options, "toarray") {
			s.toArray = true
		}
		if tag == "-" {
			continue
		}
		at := append(slices.Clone(index), i)
		if inner := embedded(sf); inner != nil && name == "" {
			s.collect(inner, at, around)
			continue
		}
		if sf.IsExported() {
			s.fields = append(s.fields, newField(sf.Name, name, options, at))
		}
	}
}

// embedded gives the struct that sf embeds, nil when it embeds none.
func embedded(sf reflect.StructField) reflect.Type {
	t := sf.Type
	if !sf.Anonymous {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		if !sf.IsExported() { // reflection could not fill it
			return nil
		}
	}
	if t.Kind() != reflect.Struct || isLeaf(t) {
		return nil
	}
	return t
}

func newField(goName, name, options string, index []int) field {
	f := field{name: cmp.Or(name, goName), index: index, tagged: name != "",
		omitEmpty: hasOption(options, "omitempty"), omitZero: hasOption(options, "omitzero")}
	if hasOption(options, "keyasint") {
		if n, err := strconv.ParseInt(f.name, 10, 64); err == nil {
			f.asInt, f.key = true, n
		}
	}
	return f
}

func hasOption(options, name string) bool { return slices.Contains(strings.Split(options, ","), name) }

// dominant drops the fields that others hide, as Go does: of one name the shallowest is seen, a tagged one first, and
// none when several are left.
func (s *shape) dominant() {
	best := map[string][]field{}
	for _, f := range s.fields {
		rivals := best[f.name]
		switch {
		case len(rivals) == 0 || f.beats(rivals[0]):
			best[f.name] = []field{f}
		case !rivals[0].beats(f):
			best[f.name] = append(rivals, f)
		}
	}
	s.fields = slices.DeleteFunc(s.fields, func(f field) bool {
		rivals := best[f.name]
		return len(rivals) != 1 || !slices.Equal(rivals[0].index, f.index)
	})
}

func (f field) beats(g field) bool {
	if len(f.index) != len(g.index) {
		return len(f.index) < len(g.index)
	}
	return f.tagged && !g.tagged
}

// in gives the field in v, not ok when a nil pointer is in the way or the field is to be left out.
func (f field) in(v reflect.Value) (reflect.Value, bool) {
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	if f.omitEmpty && isEmpty(v) || f.omitZero && v.IsZero() {
		return v, false
	}
	return v, true
}

// settable gives the field in v and makes what embedded pointers need.
func (f field) settable(v reflect.Value) reflect.Value {
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
