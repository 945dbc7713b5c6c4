package eval

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"

	"github.com/mojukapu/mirai/lang"
)

// elements are what a map goes over. They are taken out one by one, so that a long list is not copied.
type elements struct {
	n    int
	keys []string // nil for a list
	one  func(i int) any
	some func(i, j int) any // a list of those from i to j
}

// elementsOf takes what has elements: lists, objects, sets, typed arrays; of Go, slices, arrays and maps with string keys.
func elementsOf(xs any) (elements, error) {
	switch x := xs.(type) {
	case elements:
		return x, nil
	case []any:
		return listElements(x, nil), nil
	case *lang.Record:
		if x != nil {
			return listElements(x.Values, x.Keys), nil
		}
	case *lang.ValueSet:
		return listElements(x.Items, nil), nil
	case *lang.PairMap:
		return pairElements(x.Pairs)
	case *lang.PairTable:
		return pairElements(x.Pairs)
	case lang.Buffer, lang.View, lang.UTF16, nil:
		return elements{}, fmt.Errorf("`xs` must be a list, an object or a typed array, it is %s", preview(xs))
	}
	switch v := reflect.ValueOf(xs); v.Kind() {
	case reflect.Slice, reflect.Array:
		return sliceElements(v), nil
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String {
			return mapElements(v), nil
		}
	}
	return elements{}, fmt.Errorf("`xs` must be a list, an object or a typed array, it is %s", preview(xs))
}

func listElements(xs []any, keys []string) elements {
	return elements{len(xs), keys, func(i int) any { return xs[i] }, func(i, j int) any { return xs[i:j:j] }}
}

func pairElements(pairs []lang.Pair) (elements, error) {
	keys, xs := make([]string, len(pairs)), make([]any, len(pairs))
	for i, p := range pairs {
		k, ok := p.Key.(string)
		if !ok {
			return elements{}, fmt.Errorf("`xs` must have texts as keys, or be a list; it has the key %s", preview(p.Key))
		}
		keys[i], xs[i] = k, p.Value
	}
	return listElements(xs, keys), nil
}

func mapElements(v reflect.Value) elements {
	keys := make([]string, 0, v.Len())
	for _, k := range v.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	xs := make([]any, len(keys))
	for i, k := range keys {
		xs[i] = v.MapIndex(reflect.ValueOf(k).Convert(v.Type().Key())).Interface()
	}
	return listElements(xs, keys)
}

// sliceElements goes over a slice. A part of one travels as a typed array only where its elements are then what they
// are alone: not 64-bit integers, which would be big ones, nor bytes.
func sliceElements(v reflect.Value) elements {
	e := elements{n: v.Len(), one: func(i int) any { return v.Index(i).Interface() }}
	switch v.Interface().(type) {
	case []float64, []float32, []int32, []uint32, []int16, []uint16, []int8:
		e.some = func(i, j int) any { return v.Slice(i, j).Interface() }
	default:
		e.some = func(i, j int) any {
			part := make([]any, j-i)
			for k := range part {
				part[k] = e.one(i + k)
			}
			return part
		}
	}
	return e
}

// bigElements makes big integers of the elements of a BigInt64Array or BigUint64Array, which they are in scripts.
func bigElements(xs any) any {
	var out []any
	switch xs := xs.(type) {
	case []int64:
		for _, x := range xs {
			out = append(out, big.NewInt(x))
		}
	case []uint64:
		for _, x := range xs {
			out = append(out, new(big.Int).SetUint64(x))
		}
	default:
		return xs
	}
	return out
}

// spread makes lists of the elements, whose items are then arguments: the values of an object in the order of its
// keys, the items of a list.
func (e elements) spread() (elements, error) {
	one := e.one
	for i := range e.n {
		if _, err := arguments(one(i)); err != nil {
			return e, fmt.Errorf("the option spread needs elements that are objects or lists, element %d is %s", i, preview(one(i)))
		}
	}
	e.one = func(i int) any {
		args, _ := arguments(one(i))
		return args
	}
	e.some = func(i, j int) any {
		part := make([]any, j-i)
		for k := range part {
			part[k] = e.one(i + k)
		}
		return part
	}
	return e, nil
}

func arguments(x any) ([]any, error) {
	switch x := x.(type) {
	case *lang.Record:
		return x.Values, nil
	case []any:
		return x, nil
	case lang.Buffer, lang.View, string, []byte, nil:
		return nil, errNoArguments
	}
	es, err := elementsOf(x)
	if err != nil {
		return structArguments(x)
	}
	args := make([]any, es.n)
	for i := range args {
		args[i] = es.one(i)
	}
	return args, nil
}

var errNoArguments = errors.New("neither an object nor a list")

// structArguments gives the fields of a struct of Go as scripts see them.
func structArguments(x any) ([]any, error) {
	v := reflect.Indirect(reflect.ValueOf(x))
	if v.Kind() != reflect.Struct {
		return nil, errNoArguments
	}
	var b lang.Builder
	if err := lang.Walk(x, &b); err != nil {
		return nil, err
	}
	r, ok := b.Value().(*lang.Record)
	if !ok {
		return nil, errNoArguments
	}
	return r.Values, nil
}
