// Package share keeps bytes where other processes of this machine can map them. New makes a Segment of them, whose Ref
// says to others where it is; Open maps it there, read-only. Where that is not possible (another machine, a system
// other than Linux) the bytes have to be sent, once, and Hold keeps them read-only in the same way.
package share

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
)

// Ref says where a segment is. On the wire: id (8 bytes, big endian), key, size (8 bytes), 1 for a copy, path.
type Ref struct {
	ID   uint64
	Key  [16]byte // stands before the bytes too: what is found at the path may be something else
	Size int64
	Copy bool   // whoever uses the bytes may change them, and so takes a copy
	Path string // of a file that holds a page with the key, then the bytes; empty where there is none
}

const fixed = 8 + 16 + 8 + 1 // bytes of a Ref before its path

// Append appends the form on the wire.
func (r Ref) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, r.ID)
	b = append(b, r.Key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Size))
	if r.Copy {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return append(b, r.Path...)
}

// Parse reads what Append gives.
func Parse(b []byte) (r Ref, err error) {
	if len(b) < fixed {
		return r, errors.New("share: a reference to a shared value is cut short")
	}
	r.ID = binary.BigEndian.Uint64(b)
	copy(r.Key[:], b[8:])
	r.Size = int64(binary.BigEndian.Uint64(b[24:]))
	r.Copy = b[32] == 1
	r.Path = string(b[fixed:])
	if r.Size < 0 {
		return r, errors.New("share: a shared value has a negative size")
	}
	return r, nil
}

// newRef gives a reference that no other has.
func newRef(size int) Ref {
	r := Ref{Size: int64(size)}
	var b [24]byte
	rand.Read(b[:])
	r.ID = binary.BigEndian.Uint64(b[:])
	copy(r.Key[:], b[8:])
	return r
}

// ErrElsewhere says that a segment cannot be mapped here.
var ErrElsewhere = errors.New("share: the shared value is not on this machine")
