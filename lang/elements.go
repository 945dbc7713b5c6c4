package lang

import (
	"encoding/binary"
	"unsafe"
)

// number is an element of a typed array that Go has a slice for.
type number interface {
	int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// elements gives p, in little-endian order, as a slice of the type that t has in Go. With alias it is p itself where
// the platform allows.
func elements(t Elem, p []byte, alias bool) any {
	switch t {
	case Int8:
		return slice[int8](p, alias)
	case Uint16:
		return slice[uint16](p, alias)
	case Int16:
		return slice[int16](p, alias)
	case Uint32:
		return slice[uint32](p, alias)
	case Int32:
		return slice[int32](p, alias)
	case BigUint64:
		return slice[uint64](p, alias)
	case BigInt64:
		return slice[int64](p, alias)
	case Float32:
		return slice[float32](p, alias)
	}
	return slice[float64](p, alias)
}

func slice[T number](p []byte, alias bool) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	n := len(p) / size
	if n == 0 {
		return []T{}
	}
	at := unsafe.Pointer(unsafe.SliceData(p))
	if alias && littleEndian && uintptr(at)%unsafe.Alignof(zero) == 0 {
		return unsafe.Slice((*T)(at), n)
	}
	out := make([]T, n)
	copy(memory(out), p)
	reorder(memory(out), size)
	return out
}

// payload gives the elements of s in little-endian order: the memory of s itself where the platform allows.
func payload[T number](s []T) []byte {
	b := memory(s)
	if littleEndian || len(s) == 0 {
		return b
	}
	out := append([]byte(nil), b...)
	reorder(out, len(b)/len(s))
	return out
}

func memory[T number](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

// reorder swaps the bytes of each element between little-endian order and that of the machine.
func reorder(b []byte, size int) {
	if littleEndian || size == 1 {
		return
	}
	for ; len(b) > 0; b = b[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}
