package wire

import (
	"encoding/binary"
	"math"

	"github.com/mojukapu/mirai/lang"
)

// typedTags are the tags of RFC 8746, little-endian.
var typedTags = [...]uint64{lang.Uint8: 64, lang.Uint8Clamped: 68, lang.Uint16: 69, lang.Uint32: 70, lang.BigUint64: 71,
	lang.Int8: 72, lang.Int16: 77, lang.Int32: 78, lang.BigInt64: 79, lang.Float32: 85, lang.Float64: 86}

// typedForm says what a tag of RFC 8746 holds. The zero form is none.
type typedForm struct {
	elem lang.Elem
	size int // of an element on the wire
	big  bool
	half bool
}

// typedForms are the forms by their tags, 64 to 86.
var typedForms = [...]typedForm{
	64: {elem: lang.Uint8, size: 1},
	65: {elem: lang.Uint16, size: 2, big: true},
	66: {elem: lang.Uint32, size: 4, big: true},
	67: {elem: lang.BigUint64, size: 8, big: true},
	68: {elem: lang.Uint8Clamped, size: 1},
	69: {elem: lang.Uint16, size: 2},
	70: {elem: lang.Uint32, size: 4},
	71: {elem: lang.BigUint64, size: 8},
	72: {elem: lang.Int8, size: 1},
	73: {elem: lang.Int16, size: 2, big: true},
	74: {elem: lang.Int32, size: 4, big: true},
	75: {elem: lang.BigInt64, size: 8, big: true},
	77: {elem: lang.Int16, size: 2},
	78: {elem: lang.Int32, size: 4},
	79: {elem: lang.BigInt64, size: 8},
	80: {elem: lang.Float32, size: 2, big: true, half: true},
	81: {elem: lang.Float32, size: 4, big: true},
	82: {elem: lang.Float64, size: 8, big: true},
	84: {elem: lang.Float32, size: 2, half: true},
	85: {elem: lang.Float32, size: 4},
	86: {elem: lang.Float64, size: 8},
}

func typedTag(tag uint64) (typedForm, bool) {
	if tag >= uint64(len(typedForms)) {
		return typedForm{}, false
	}
	f := typedForms[tag]
	return f, f.size > 0
}

// knownTag tells whether Decode gives a tag a meaning of its own.
func knownTag(tag uint64) bool {
	switch tag {
	case tagDate, tagEpoch, tagPositive, tagNegative, tagObject, tagShareable, tagReference, tagRegExp, tagSet, tagMap,
		tagTime, tagIRegExp, tagSelf:
		return true
	}
	_, ok := typedTag(tag)
	return ok
}

// elements gives b in little-endian order: b itself when it is.
func (f typedForm) elements(b []byte) []byte {
	switch {
	case f.half:
		return widen(b, f.big)
	case f.big:
		return swapped(b, f.size)
	}
	return b
}

func widen(b []byte, big bool) []byte {
	out := make([]byte, 0, 2*len(b))
	for i := 0; i+1 < len(b); i += 2 {
		h := binary.LittleEndian.Uint16(b[i:])
		if big {
			h = binary.BigEndian.Uint16(b[i:])
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(half(h))))
	}
	return out
}

func swapped(b []byte, size int) []byte {
	out := make([]byte, len(b))
	for i := 0; i < len(b); i += size {
		for j := range size {
			out[i+j] = b[i+size-1-j]
		}
	}
	return out
}

// half is the value of an IEEE 754 half (RFC 8949, appendix D).
func half(h uint16) float64 {
	exp, mant := int(h>>10&0x1f), float64(h&0x3ff)
	var v float64
	switch exp {
	case 0:
		v = math.Ldexp(mant, -24)
	case 31:
		if v = math.Inf(1); mant != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(mant+1024, exp-25)
	}
	if h&0x8000 != 0 {
		v = -v
	}
	return v
}

// alignFrom is the size from which elements are aligned: below, a copy costs nothing.
const alignFrom = 1 << 10

// appendTypedHead appends everything before the elements. From alignFrom on it is as much wider than it must be as puts
// the first element at a multiple of 8 in b: CBOR lets a head have more bytes than its argument needs, and tag 55799
// (3 bytes) means nothing.
func appendTypedHead(b []byte, t lang.Elem, size int) []byte {
	shortest := headSize(uint64(size))
	if size < alignFrom {
		return appendShape(b, t, size, 0, 0, shortest)
	}
	base, best, bestPad := len(b)+len(appendShape(nil, t, size, 0, 0, shortest)), [3]int{0, 0, shortest}, 1<<10
	for _, self := range [...]int{0, 3} {
		for _, tag := range [...]int{0, 3, 5, 9} {
			for _, length := range [...]int{3, 5, 9} {
				pad := self + length - shortest
				if tag > 0 {
					pad += tag - 2
				}
				if length >= shortest && (base+pad)%8 == 0 && pad < bestPad {
					best, bestPad = [3]int{self, tag, length}, pad
				}
			}
		}
	}
	return appendShape(b, t, size, best[0], best[1], best[2])
}

// appendShape appends a head of parts of the given widths; self and tag may be 0, for none and for the shortest.
func appendShape(b []byte, t lang.Elem, size, self, tag, length int) []byte {
	if self > 0 {
		b = appendWide(b, majorTag, tagSelf, self)
	}
	number, name := uint64(tagObject), nameBuffer
	switch t {
	case lang.ArrayBuffer:
	case lang.DataView:
		name = nameView
	default:
		number, name = typedTags[t], ""
	}
	b = appendWide(b, majorTag, number, max(tag, 2))
	if name != "" {
		b = AppendText(AppendHead(b, majorArray, 2), name)
	}
	if length == headSize(uint64(size)) {
		return AppendHead(b, majorBytes, uint64(size))
	}
	return appendWide(b, majorBytes, uint64(size), length)
}
