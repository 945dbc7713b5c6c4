package random

import (
	"fmt"
	"math/big"
	"reflect"

	"github.com/mojukapu/mirai/lang"
)

// choice(list, n) is one of the elements. With n it is a list of n choices, in which an element may come again.
func choice(c *lang.Call, rand source) (any, error) {
	l, err := listOf(c)
	if err != nil {
		return nil, err
	}
	if l.size() == 0 {
		return nil, &lang.Error{Class: "RangeError", Message: c.Name + ": the list is empty: there is nothing to choose"}
	}
	if !c.Given(1) {
		return l.at(int(lang.Below(rand, uint64(l.size())))), nil
	}
	n, err := count(c, 1, "n")
	if err != nil {
		return nil, err
	}
	places := make([]int, n)
	for i := range places {
		places[i] = int(lang.Below(rand, uint64(l.size())))
	}
	return l.pick(places), nil
}

// shuffle(list) is a new list of the same elements in any order.
func shuffle(c *lang.Call, rand source) (any, error) {
	l, err := listOf(c)
	if err != nil {
		return nil, err
	}
	return l.pick(distinct(rand, l.size(), l.size())), nil
}

// sample(list, k) is a list of k different elements in any order.
func sample(c *lang.Call, rand source) (any, error) {
	l, err := listOf(c)
	if err != nil {
		return nil, err
	}
	k, err := count(c, 1, "k")
	if err != nil {
		return nil, err
	}
	if k > l.size() {
		return nil, &lang.Error{Class: "RangeError", Message: fmt.Sprintf("%s: k is %d, the list has only %d: use choice(list, %d) if elements may come again", c.Name, k, l.size(), k)}
	}
	return l.pick(distinct(rand, l.size(), k)), nil
}

// distinct gives k different places of n.
func distinct(rand source, n, k int) []int {
	free := make([]int, n)
	for i := range free {
		free[i] = i
	}
	out := make([]int, k)
	for i := range out {
		j := lang.Below(rand, uint64(n))
		n--
		out[i], free[j] = free[j], free[n]
	}
	return out
}

// list is a list of a script, whose elements stay what they are, or a typed array.
type list struct {
	values lang.Elements
	typed  reflect.Value // a slice of numbers; invalid for a list
}

func listOf(c *lang.Call) (list, error) {
	if l, ok := c.Elements(0); ok {
		return list{values: l}, nil
	}
	if len(c.Args) > 0 && c.Args[0].Kind() != "string" { // of bytes, or of UTF-16 units
		if v, err := c.Any(0); err == nil && reflect.ValueOf(v).Kind() == reflect.Slice {
			return list{typed: reflect.ValueOf(v)}, nil
		}
	}
	return list{}, wrong(c, 0, "list", "a list or a typed array")
}

func (l list) size() int {
	if l.typed.IsValid() {
		return l.typed.Len()
	}
	return l.values.Len()
}

// pick gives the elements at places, as a list or a typed array of the same type.
func (l list) pick(places []int) any {
	if !l.typed.IsValid() {
		out := make([]lang.Value, len(places))
		for i, p := range places {
			out[i] = l.values.At(p)
		}
		return out
	}
	out := reflect.MakeSlice(l.typed.Type(), len(places), len(places))
	for i, p := range places {
		out.Index(i).Set(l.typed.Index(p))
	}
	return out.Interface()
}

func (l list) at(i int) any {
	if !l.typed.IsValid() {
		return l.values.At(i)
	}
	switch v := l.typed.Index(i); v.Kind() {
	case reflect.Int64: // of a BigInt64Array
		return big.NewInt(v.Int())
	case reflect.Uint64:
		return new(big.Int).SetUint64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	default:
		return v.Interface()
	}
}
