package lang

import (
	"math/bits"
	"reflect"
	"unsafe"
)

// identity tells values that share memory from others.
type identity struct {
	at  unsafe.Pointer
	n   int // the length of a slice
	typ reflect.Type
}

type seen struct {
	id     identity
	number int
}

// identities remembers the numbers of values. Most values have few: those need no table.
type identities struct {
	few   [4]seen
	count int
	rest  []seen
	slots []int32 // 1 + index in rest, 0 when free; a power of two, at most half of them taken
}

// find gives the number of id.
func (t *identities) find(id identity) (int, bool) {
	if id.at == nil {
		return 0, false
	}
	for i := range min(t.count, len(t.few)) {
		if t.few[i].id == id {
			return t.few[i].number, true
		}
	}
	if len(t.rest) == 0 {
		return 0, false
	}
	for i := t.slot(id); ; i = (i + 1) & (len(t.slots) - 1) {
		switch at := t.slots[i]; {
		case at == 0:
			return 0, false
		case t.rest[at-1].id == id:
			return t.rest[at-1].number, true
		}
	}
}

// slot is where the search for id begins.
func (t *identities) slot(id identity) int {
	h := uint64(uintptr(id.at)) * 0x9e3779b97f4a7c15
	return int(h >> (64 - bits.TrailingZeros(uint(len(t.slots)))))
}

func (t *identities) add(id identity, number int) {
	s := seen{id, number}
	if t.count++; t.count <= len(t.few) {
		t.few[t.count-1] = s
		return
	}
	t.rest = append(t.rest, s)
	if 2*len(t.rest) > len(t.slots) {
		t.grow()
		return
	}
	t.place(len(t.rest))
}

func (t *identities) grow() {
	t.slots = make([]int32, max(64, 4*len(t.slots)))
	for i := range t.rest {
		t.place(i + 1)
	}
}

func (t *identities) place(at int) {
	i := t.slot(t.rest[at-1].id)
	for t.slots[i] != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = int32(at)
}
