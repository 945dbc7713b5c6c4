package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mojukapu/mirai/lang"
)

// The names under which our own kinds travel in tag 27. A type of a user may have none of them.
const (
	nameTable    = "mirai.Table"
	nameError    = "mirai.Error"
	nameFunction = "mirai.Function"
	nameUTF16    = "mirai.UTF16"
	nameRegExp   = "RegExp"
	nameBuffer   = "ArrayBuffer"
	nameView     = "DataView"

	// NameShared is the name of the object that stands for a shared value: a reference to its bytes (internal/share).
	NameShared = "mirai.Shared"
	namePrefix = "mirai."
	tagPrefix  = lang.TagPrefix
)

const (
	tagDate       = 0
	tagEpoch      = 1
	tagPositive   = 2
	tagNegative   = 3
	tagObject     = 27
	tagShareable  = 28
	tagReference  = 29
	tagRegExp     = 35
	tagSet        = 258
	tagMap        = 259
	tagTime       = 1001
	tagIRegExp    = 21065
	tagSelf       = 55799
	keyBase       = 1
	keyMillis     = -3
	keyMicros     = -6
	keyNanos      = -9
	nanosPerMilli = 1_000_000
)

// Encoder is a sink that appends one value as CBOR to a buffer. The zero Encoder is ready; Reset prepares it for
// another value, and reuses what it has.
type Encoder struct {
	Limits Limits // zero fields mean their defaults

	limits Limits
	buf    []byte
	start  int // where the value begins in buf
	count  int // values so far
	stack  []level
	begins []uint32 // where each numbered event begins
	refs   []ref
	wide   []wideHead
	err    error
}

// level is an open container: how many events it still wants.
type level struct {
	left  int
	keyed bool // keys and values in turn, keys as events of their own
}

// ref is a Ref that Finish writes: at is where, in buf.
type ref struct {
	at    uint32
	event int
}

// wideHead is a typed array whose head is wider than it must be, to align the elements.
type wideHead struct {
	at, end uint32
	elem    lang.Elem
	size    int
}

// Reset prepares e to append a value to buf. Large arrays are aligned relative to buf[0].
func (e *Encoder) Reset(buf []byte) {
	e.limits = e.Limits.withDefaults()
	e.buf, e.start, e.count, e.err = buf, len(buf), 0, nil
	e.stack, e.refs, e.wide = e.stack[:0], e.refs[:0], e.wide[:0]
	if e.begins = e.begins[:0]; cap(e.begins) > 1<<16 {
		e.begins = nil
	}
}

// Finish gives the buffer with the value appended.
func (e *Encoder) Finish() ([]byte, error) {
	switch {
	case e.err != nil:
		return nil, e.err
	case e.count == 0 || len(e.stack) > 0:
		return nil, e.fail(fmt.Errorf("wire: the value is incomplete"))
	}
	if len(e.refs) > 0 {
		e.buf = e.share()
		e.refs, e.wide = e.refs[:0], e.wide[:0]
	}
	return e.buf, nil
}

func (e *Encoder) fail(err error) error {
	if e.err == nil {
		e.err = err
	}
	return e.err
}

// item accounts for a value that takes size more bytes beyond a head.
func (e *Encoder) item(size int) error {
	if e.err != nil {
		return e.err
	}
	if n := len(e.stack); n > 0 {
		top := &e.stack[n-1]
		if top.left <= 0 || top.keyed && top.left&1 == 0 {
			return e.fail(fmt.Errorf("wire: a container was given a value too many, or one without a key"))
		}
		top.left--
	} else if e.count > 0 {
		return e.fail(fmt.Errorf("wire: a second value was given"))
	} else if e.limits.Depth == 0 {
		e.limits = e.Limits.withDefaults()
	}
	if e.count++; e.count > e.limits.Count {
		return e.fail(e.limits.tooMany())
	}
	if size > e.limits.Size || len(e.buf)-e.start > e.limits.Size-size {
		return e.fail(e.limits.tooBig())
	}
	return nil
}

// identity gives the next number to what begins here.
func (e *Encoder) identity() { e.begins = append(e.begins, uint32(len(e.buf)-e.start)) }

func (e *Encoder) Null() error {
	err := e.item(0)
	e.buf = append(e.buf, simpleNull)
	return err
}

func (e *Encoder) Undefined() error {
	err := e.item(0)
	e.buf = append(e.buf, simpleUndef)
	return err
}

func (e *Encoder) Bool(v bool) error {
	err := e.item(0)
	e.buf = AppendBool(e.buf, v)
	return err
}

func (e *Encoder) Int(v int64) error {
	err := e.item(0)
	e.buf = AppendInt(e.buf, v)
	return err
}

func (e *Encoder) Float(v float64) error {
	err := e.item(0)
	e.buf = appendFloat(e.buf, v)
	return err
}

// appendFloat writes 9 bytes, except what a half can say for certain.
func appendFloat(b []byte, v float64) []byte {
	bits := math.Float64bits(v)
	switch {
	case v != v:
		return append(b, 0xf9, 0x7e, 0)
	case bits == 1<<63:
		return append(b, 0xf9, 0x80, 0)
	case bits<<1 == 0x7ff<<53: // an infinity
		return append(b, 0xf9, byte(bits>>56)&0x80|0x7c, 0)
	}
	return binary.BigEndian.AppendUint64(append(b, majorSimple<<5|27), bits)
}

func (e *Encoder) BigInt(v *big.Int) error {
	tag, n := uint64(tagPositive), v
	if v.Sign() < 0 {
		tag, n = tagNegative, new(big.Int).Not(v)
	}
	p := n.Bytes()
	err := e.item(len(p))
	e.buf = AppendBytes(AppendHead(e.buf, majorTag, tag), p)
	return err
}

func (e *Encoder) Text(s string) error {
	if err := e.item(len(s)); err != nil {
		return err
	}
	e.buf = AppendText(e.buf, s)
	return nil
}

func (e *Encoder) UTF16(units []uint16) error {
	if err := e.item(2 * len(units)); err != nil {
		return err
	}
	e.buf = appendObject(e.buf, 2, nameUTF16)
	e.buf = AppendHead(e.buf, majorTag, typedTags[lang.Uint16])
	e.buf = AppendHead(e.buf, majorBytes, uint64(2*len(units)))
	for _, u := range units {
		e.buf = append(e.buf, byte(u), byte(u>>8))
	}
	return nil
}

func (e *Encoder) Bytes(b []byte) error {
	if err := e.item(len(b)); err != nil {
		return err
	}
	e.buf = AppendBytes(e.buf, b)
	return nil
}

// Time is a number when the seconds are whole, else an extended time of RFC 9581; NaN is the invalid one.
func (e *Encoder) Time(sec int64, nsec int) error {
	err := e.item(0)
	e.identity()
	switch {
	case nsec < 0:
		e.buf = appendFloat(AppendHead(e.buf, majorTag, tagEpoch), math.NaN())
	case nsec == 0:
		e.buf = AppendInt(AppendHead(e.buf, majorTag, tagEpoch), sec)
	default:
		b := AppendHead(AppendHead(e.buf, majorTag, tagTime), majorMap, 2)
		b = AppendInt(AppendInt(b, keyBase), sec)
		if nsec%nanosPerMilli == 0 {
			e.buf = AppendInt(AppendInt(b, keyMillis), int64(nsec/nanosPerMilli))
		} else {
			e.buf = AppendInt(AppendInt(b, keyNanos), int64(nsec))
		}
	}
	return err
}

func (e *Encoder) RegExp(source, flags string) error {
	if err := e.item(len(source) + len(flags)); err != nil {
		return err
	}
	e.identity()
	e.buf = AppendText(AppendText(appendObject(e.buf, 3, nameRegExp), source), flags)
	return nil
}

func (e *Encoder) Typed(t lang.Elem, b []byte) error {
	if err := e.item(len(b)); err != nil {
		return err
	}
	e.identity()
	at := len(e.buf)
	e.buf = appendTypedHead(e.buf, t, len(b))
	if len(b) >= alignFrom {
		e.wide = append(e.wide, wideHead{uint32(at - e.start), uint32(len(e.buf) - e.start), t, len(b)})
	}
	e.buf = append(e.buf, b...)
	return nil
}

func (e *Encoder) Begin(k lang.Kind, n int, name string) error {
	if err := e.item(len(name)); err != nil {
		return err
	}
	switch {
	case n < 0:
		return e.fail(fmt.Errorf("wire: a %s of %d entries was begun", k, n))
	case len(e.stack) >= e.limits.Depth:
		return e.fail(e.limits.tooDeep())
	}
	e.identity()
	l := level{left: n}
	switch k {
	case lang.List:
		e.buf = AppendHead(e.buf, majorArray, uint64(n))
	case lang.Object:
		l = e.entries(n, true)
	case lang.Table:
		e.buf = appendObject(e.buf, 2, nameTable)
		l = e.entries(n, false)
	case lang.Map:
		e.buf = AppendHead(e.buf, majorTag, tagMap)
		l = e.entries(n, false)
	case lang.Set:
		e.buf = AppendHead(AppendHead(e.buf, majorTag, tagSet), majorArray, uint64(n))
	case lang.Err:
		e.buf = AppendText(appendObject(e.buf, 3, nameError), name)
		l = e.entries(n, true)
	case lang.Closure:
		e.buf = AppendText(appendObject(e.buf, 3, nameFunction), name)
		l = e.entries(n, true)
	case lang.Custom:
		if err := e.custom(name); err != nil {
			return err
		}
		l.left = 1
	default:
		return e.fail(fmt.Errorf("wire: there is no kind %d", k))
	}
	e.stack = append(e.stack, l)
	return nil
}

// entries writes the head of a map.
func (e *Encoder) entries(n int, keyed bool) level {
	e.buf = AppendHead(e.buf, majorMap, uint64(n))
	return level{left: 2 * n, keyed: keyed}
}

// custom writes what comes before the value of a Custom. A tag that Decode did not know becomes that tag again.
func (e *Encoder) custom(name string) error {
	if tag, ok := foreignTag(name); ok {
		e.buf = AppendHead(e.buf, majorTag, tag)
		return nil
	}
	if takenName(name) {
		return e.fail(lang.Refuse("a type cannot be called %q, the name is taken: give it another", name))
	}
	e.buf = appendObject(e.buf, 2, name)
	return nil
}

func (e *Encoder) Key(k string) error {
	if e.err != nil {
		return e.err
	}
	n := len(e.stack)
	if n == 0 || !e.stack[n-1].keyed || e.stack[n-1].left&1 != 0 || e.stack[n-1].left <= 0 {
		return e.fail(fmt.Errorf("wire: a key was given where none belongs"))
	}
	if len(k) > e.limits.Size || len(e.buf)-e.start > e.limits.Size-len(k) {
		return e.fail(e.limits.tooBig())
	}
	e.stack[n-1].left--
	e.buf = AppendText(e.buf, k)
	return nil
}

func (e *Encoder) End() error {
	n := len(e.stack)
	switch {
	case e.err != nil:
		return e.err
	case n == 0 || e.stack[n-1].left != 0:
		return e.fail(fmt.Errorf("wire: a container was ended before it had what was announced"))
	}
	e.stack = e.stack[:n-1]
	return nil
}

// Ref only notes where the reference belongs: its number is known when all the others are.
func (e *Encoder) Ref(i int) error {
	err := e.item(0)
	if err == nil && (i < 0 || i >= len(e.begins)) {
		return e.fail(fmt.Errorf("wire: a reference to number %d of %d", i, len(e.begins)))
	}
	e.refs = append(e.refs, ref{uint32(len(e.buf) - e.start), i})
	return err
}

// RawCBOR appends one item that someone else encoded. It must be one that Decode takes, and share nothing: its
// references would count ours.
func (e *Encoder) RawCBOR(b []byte) error {
	if err := e.item(len(b)); err != nil {
		return err
	}
	if err := check(b, Limits{Depth: max(1, e.limits.Depth-len(e.stack)), Count: e.limits.Count, Size: e.limits.Size}); err != nil {
		return e.fail(err)
	}
	e.buf = append(e.buf, b...)
	return nil
}

// appendObject begins a tagged array of n elements, the first of which is name.
func appendObject(b []byte, n int, name string) []byte {
	return AppendText(AppendHead(AppendHead(b, majorTag, tagObject), majorArray, uint64(n)), name)
}

// takenName tells whether tag 27 with this name means something of ours, and is no Custom.
func takenName(name string) bool {
	return strings.HasPrefix(name, namePrefix) && name != lang.ClassRef && name != NameShared || name == nameRegExp || name == nameBuffer || name == nameView
}

// CheckName tells what is wrong with a name for a type or a class of a user.
func CheckName(name string) error {
	switch {
	case takenName(name) || name == lang.ClassRef || name == NameShared || strings.HasPrefix(name, tagPrefix):
		return lang.Refuse("a type cannot be called %q, the name is taken: give it another", name)
	case !utf8.ValidString(name):
		return lang.Refuse("a type cannot be called %q, which is not UTF-8: give it another name", name)
	}
	return nil
}

// foreignTag gives N for "cbor.tag.N" when that is a tag that Decode makes no sense of.
func foreignTag(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, tagPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && strconv.FormatUint(n, 10) == digits && !knownTag(n)
}
