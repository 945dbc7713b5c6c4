package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// The major types of CBOR (RFC 8949, section 3.1).
const (
	majorUint byte = iota
	majorNeg
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	simpleFalse = 0xf4
	simpleTrue  = 0xf5
	simpleNull  = 0xf6
	simpleUndef = 0xf7
	breakByte   = 0xff
	indefinite  = 31 // the additional information of a head without a count
)

// AppendHead appends the shortest head of a major type and its argument.
func AppendHead(b []byte, major byte, n uint64) []byte {
	m := major << 5
	switch {
	case n < 24:
		return append(b, m|byte(n))
	case n <= 0xff:
		return append(b, m|24, byte(n))
	case n <= 0xffff:
		return append(b, m|25, byte(n>>8), byte(n))
	case n <= 0xffffffff:
		return binary.BigEndian.AppendUint32(append(b, m|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, m|27), n)
}

// appendWide is AppendHead with a head of 2, 3, 5 or 9 bytes.
func appendWide(b []byte, major byte, n uint64, width int) []byte {
	m := major << 5
	switch width {
	case 2:
		return append(b, m|24, byte(n))
	case 3:
		return append(b, m|25, byte(n>>8), byte(n))
	case 5:
		return binary.BigEndian.AppendUint32(append(b, m|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, m|27), n)
}

// headSize is the length of the shortest head for n.
func headSize(n uint64) int {
	switch {
	case n < 24:
		return 1
	case n <= 0xff:
		return 2
	case n <= 0xffff:
		return 3
	case n <= 0xffffffff:
		return 5
	}
	return 9
}

// AppendUint appends a whole number.
func AppendUint(b []byte, n uint64) []byte { return AppendHead(b, majorUint, n) }

// AppendInt appends a whole number.
func AppendInt(b []byte, n int64) []byte {
	if n < 0 {
		return AppendHead(b, majorNeg, uint64(^n))
	}
	return AppendHead(b, majorUint, uint64(n))
}

// AppendText appends a text; s must be UTF-8.
func AppendText(b []byte, s string) []byte {
	return append(AppendHead(b, majorText, uint64(len(s))), s...)
}

// AppendBytes appends a byte string.
func AppendBytes(b, p []byte) []byte {
	return append(AppendHead(b, majorBytes, uint64(len(p))), p...)
}

// AppendNull appends null.
func AppendNull(b []byte) []byte { return append(b, simpleNull) }

// AppendBool appends true or false.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, simpleTrue)
	}
	return append(b, simpleFalse)
}

// What readHead gives for next when there is no head.
const (
	truncated = -1
	reserved  = -2
)

// readHead reads the head at off: its initial byte, its argument, and where it ends.
func readHead(b []byte, off int) (ib byte, n uint64, next int) {
	if off >= len(b) {
		return 0, 0, truncated
	}
	ib = b[off]
	if ib&31 < 24 {
		return ib, uint64(ib & 31), off + 1
	}
	n, next = longHead(b, off)
	return ib, n, next
}

func longHead(b []byte, off int) (n uint64, next int) {
	ib, arg := b[off], b[off+1:]
	switch ib & 31 {
	case 24:
		if len(arg) >= 1 {
			return uint64(arg[0]), off + 2
		}
	case 25:
		if len(arg) >= 2 {
			return uint64(binary.BigEndian.Uint16(arg)), off + 3
		}
	case 26:
		if len(arg) >= 4 {
			return uint64(binary.BigEndian.Uint32(arg)), off + 5
		}
	case 27:
		if len(arg) >= 8 {
			return binary.BigEndian.Uint64(arg), off + 9
		}
	case indefinite:
		if m := ib >> 5; m >= majorBytes && m != majorTag {
			return 0, off + 1
		}
		return 0, reserved
	default:
		return 0, reserved
	}
	return 0, truncated
}

func badHead(at, next int) error {
	if next == truncated {
		return corrupt(at, "the data ends too early")
	}
	return corrupt(at, "not a CBOR head")
}

// Reader reads the parts of a message one after the other. The first error sticks: every later read gives zero.
type Reader struct {
	B   []byte // what is read
	off int
	err error
}

// Err is the first error.
func (r *Reader) Err() error { return r.err }

// Rest is what has not been read.
func (r *Reader) Rest() []byte { return r.B[r.off:] }

// Offset is where the next read begins.
func (r *Reader) Offset() int { return r.off }

// Fail makes an error of its own stick, at the present offset.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = corrupt(r.off, format, args...)
	}
}

// Head reads a head of definite length.
func (r *Reader) Head() (major byte, n uint64) {
	if r.err != nil {
		return 0, 0
	}
	ib, n, next := readHead(r.B, r.off)
	switch {
	case next < 0:
		r.err = badHead(r.off, next)
		return 0, 0
	case ib&31 == indefinite:
		r.Fail("an indefinite length stands where none may")
		return 0, 0
	}
	r.off = next
	return ib >> 5, n
}

func (r *Reader) want(major byte, what string) uint64 {
	at := r.off
	m, n := r.Head()
	if r.err == nil && m != major {
		r.off = at
		r.Fail("%s is missing", what)
		return 0
	}
	return n
}

// Uint reads a whole number.
func (r *Reader) Uint() uint64 { return r.want(majorUint, "a whole number") }

// Int reads a whole number that may be negative.
func (r *Reader) Int() int64 {
	at := r.off
	m, n := r.Head()
	if r.err == nil && (m > majorNeg || n > 1<<63-1) {
		r.off = at
		r.Fail("a whole number is missing")
	}
	if r.err != nil {
		return 0
	}
	if m == majorNeg {
		return ^int64(n)
	}
	return int64(n)
}

// Text reads a text.
func (r *Reader) Text() string {
	p := r.payload(r.want(majorText, "a text"))
	if r.err == nil && !utf8.Valid(p) {
		r.Fail("a text is not UTF-8")
	}
	return string(p)
}

// Again reads a text, and gives last when it is the same: nothing is copied then.
func (r *Reader) Again(last string) string {
	at := r.off
	p := r.payload(r.want(majorText, "a text"))
	if r.err == nil && string(p) == last {
		return last
	}
	r.off = at
	return r.Text()
}

// Bytes reads a byte string, which aliases what is read from.
func (r *Reader) Bytes() []byte { return r.payload(r.want(majorBytes, "a byte string")) }

func (r *Reader) payload(n uint64) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.B)-r.off) {
		r.Fail("the data ends too early")
		return nil
	}
	p := r.B[r.off : r.off+int(n) : r.off+int(n)]
	r.off += int(n)
	return p
}

// Array reads the head of an array: how many items follow.
func (r *Reader) Array() int { return r.items(r.want(majorArray, "an array"), 1) }

// Map reads the head of a map: how many pairs of items follow.
func (r *Reader) Map() int { return r.items(r.want(majorMap, "a map"), 2) }

// items refuses counts that the bytes left cannot hold, so that a count may be used to allocate.
func (r *Reader) items(n, size uint64) int {
	if r.err == nil && n > uint64(len(r.B)-r.off)/size {
		r.Fail("%d items are announced, %d bytes are left", n, len(r.B)-r.off)
		return 0
	}
	return int(n)
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	v := r.simple(simpleTrue)
	if !v && !r.simple(simpleFalse) {
		r.Fail("true or false is missing")
	}
	return v
}

// Null tells whether null is next, and reads it if so.
func (r *Reader) Null() bool { return r.simple(simpleNull) }

func (r *Reader) simple(v byte) bool {
	if r.err != nil || r.off >= len(r.B) || r.B[r.off] != v {
		return false
	}
	r.off++
	return true
}

// Raw reads one item as it stands, which aliases what is read from.
func (r *Reader) Raw() []byte {
	if r.err != nil {
		return nil
	}
	next, err := scan(r.B, r.off, nil)
	if err != nil {
		r.err = err
		return nil
	}
	p := r.B[r.off:next:next]
	r.off = next
	return p
}
