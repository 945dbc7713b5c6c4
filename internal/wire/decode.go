package wire

import (
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/mojukapu/mirai/lang"
)

// Decode drives s through the value that b begins with and gives what follows it. Byte strings and typed arrays alias b,
// wherever they stand in it; texts are copies. Of a map with a key twice, s sees both.
func Decode(b []byte, s lang.Sink, lim Limits) (rest []byte, err error) {
	off, _, err := decode(b, s, lim)
	if err != nil {
		return nil, err
	}
	return b[off:], nil
}

// decode gives where the value ends, and how many values in it are marked as shareable.
func decode(b []byte, s lang.Sink, lim Limits) (off, shareable int, err error) {
	d := decoder{b: b, s: s, limits: lim.withDefaults()}
	if err = d.run(); err == nil && d.off > d.limits.Size {
		err = d.limits.tooBig()
	}
	return d.off, len(d.shared), err
}

type decoder struct {
	b      []byte
	off    int
	s      lang.Sink
	limits Limits
	depth  int
	first  [12]frame // the open containers; a slice of them would not stay on the stack of the goroutine
	more   []frame   // those deeper inside
	owed   int       // items that the open containers still announce
	count  int
	events int            // numbered ones so far
	shared []int          // the event that each tag 28 marks, noEvent when it has none
	plain  map[int][]byte // by the number of their tag 28: shared values without an identity, a text for instance
	ahead  *sizes         // of the containers of indefinite length around here
	nth    int            // the next of them
	last   []byte         // a shared value without an identity that was just read
	keys   [32]string
}

// frame is an open container.
type frame struct {
	left   int // values to come
	keyed  bool
	breaks int // break bytes that follow the last value
}

const noEvent = -1

func (d *decoder) run() error {
	if err := d.value(); err != nil {
		return err
	}
	for d.depth > 0 {
		top := d.top()
		if top.left == 0 {
			if err := d.end(top.breaks); err != nil {
				return err
			}
			continue
		}
		top.left--
		if top.keyed {
			if err := d.key(); err != nil {
				return err
			}
		}
		d.owed--
		if err := d.value(); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) top() *frame {
	if d.depth <= len(d.first) {
		return &d.first[d.depth-1]
	}
	return &d.more[d.depth-1-len(d.first)]
}

func (d *decoder) push(f frame) {
	if d.depth++; d.depth > len(d.first) {
		d.more = append(d.more[:d.depth-1-len(d.first)], f)
		return
	}
	d.first[d.depth-1] = f
}

func (d *decoder) end(breaks int) error {
	d.depth--
	if err := d.closed(breaks); err != nil {
		return err
	}
	return d.s.End()
}

// closed reads the break bytes after a container.
func (d *decoder) closed(breaks int) error {
	for ; breaks > 0; breaks-- {
		if d.off >= len(d.b) || d.b[d.off] != breakByte {
			return corrupt(d.off, "a break is missing")
		}
		d.off++
	}
	return nil
}

// head reads a head. It gives where the head began, too.
func (d *decoder) head() (at int, ib byte, n uint64, err error) {
	at = d.off
	ib, n, next := readHead(d.b, at)
	if next < 0 {
		return at, 0, 0, badHead(at, next)
	}
	d.off = next
	return at, ib, n, nil
}

// value reads a value, or the beginning of one that is a container.
func (d *decoder) value() error {
	before, marks := d.events, 0
	for {
		at, ib, n, err := d.head()
		if err != nil {
			return err
		}
		if ib>>5 == majorTag {
			switch n {
			case tagSelf:
				continue
			case tagShareable:
				d.shared = append(d.shared, d.events)
				marks++
				continue
			}
		}
		if d.count++; d.count > d.limits.Count {
			return d.limits.tooMany()
		}
		err = d.item(at, ib, n)
		if marks > 0 && d.events == before {
			for i := len(d.shared) - marks; i < len(d.shared); i++ {
				d.shared[i] = noEvent
				if d.last != nil {
					if d.plain == nil {
						d.plain = map[int][]byte{}
					}
					d.plain[i] = d.last
				}
			}
			d.last = nil
		}
		return err
	}
}

func (d *decoder) item(at int, ib byte, n uint64) error {
	switch ib >> 5 {
	case majorUint:
		if n <= math.MaxInt64 {
			return d.s.Int(int64(n))
		}
		return d.s.BigInt(new(big.Int).SetUint64(n))
	case majorNeg:
		if n <= math.MaxInt64 {
			return d.s.Int(^int64(n))
		}
		v := new(big.Int).SetUint64(n)
		return d.s.BigInt(v.Not(v))
	case majorBytes:
		p, err := d.chunks(at, ib, n)
		if err != nil {
			return err
		}
		return d.s.Bytes(p)
	case majorText:
		p, err := d.chunks(at, ib, n)
		if err != nil {
			return err
		}
		return d.s.Text(string(p))
	case majorArray:
		n, breaks, err := d.size(at, ib, n)
		if err != nil {
			return err
		}
		return d.open(at, lang.List, n, "", breaks)
	case majorMap:
		n, breaks, err := d.size(at, ib, n)
		if err != nil {
			return err
		}
		kind := lang.Object
		if n > 0 && d.off < len(d.b) && d.b[d.off]>>5 != majorText {
			kind = lang.Table
		}
		return d.open(at, kind, n, "", breaks)
	case majorTag:
		return d.tag(at, n)
	}
	return d.simple(at, ib, n)
}

func (d *decoder) simple(at int, ib byte, n uint64) error {
	switch ib {
	case simpleFalse, simpleTrue:
		return d.s.Bool(ib == simpleTrue)
	case simpleNull:
		return d.s.Null()
	case simpleUndef:
		return d.s.Undefined()
	}
	if f, ok := float(ib, n); ok {
		return d.s.Float(f)
	}
	if ib == breakByte {
		return corrupt(at, "a break stands where a value should be")
	}
	if ib&31 == 24 && n < 32 {
		return badHead(at, reserved)
	}
	return corrupt(at, "simple value %d has no meaning", n)
}

// float gives the number that a head of major type 7 holds.
func float(ib byte, n uint64) (float64, bool) {
	switch ib {
	case 0xf9:
		return half(uint16(n)), true
	case 0xfa:
		return float64(math.Float32frombits(uint32(n))), true
	case 0xfb:
		return math.Float64frombits(n), true
	}
	return 0, false
}

// size gives how many items or pairs a container has whose head was at at, and how many breaks end it.
func (d *decoder) size(at int, ib byte, n uint64) (uint64, int, error) {
	if ib&31 != indefinite {
		return n, 0, nil
	}
	if d.ahead == nil || d.nth == len(d.ahead.all) || d.ahead.all[d.nth].at != at {
		d.ahead, d.nth = &sizes{most: d.limits.Count}, 0
		if _, err := scan(d.b, at, d.ahead); err != nil {
			return 0, 0, err
		}
	}
	items := d.ahead.all[d.nth].n
	d.nth++
	if ib>>5 == majorMap {
		items /= 2
	}
	return uint64(items), 1, nil
}

// open begins a container of n elements or entries.
func (d *decoder) open(at int, k lang.Kind, n uint64, name string, breaks int) error {
	if d.depth >= d.limits.Depth {
		return d.limits.tooDeep()
	}
	left, items := 1, n
	switch k {
	case lang.List, lang.Set, lang.Custom:
	default:
		items = 2 * n
	}
	// Every item takes a byte at least. Counting what all open containers announce keeps the memory that a sink
	// sets aside for them in proportion to the bytes.
	if room := len(d.b) - d.off - d.owed; room < 0 || n > uint64(room) || items > uint64(room) {
		return corrupt(at, "%d items are announced, %d bytes are left", n, len(d.b)-d.off)
	}
	d.owed += int(items)
	keyed := k == lang.Object || k == lang.Err || k == lang.Closure
	if left = int(items); keyed {
		left = int(n)
	}
	d.events++
	d.push(frame{left: left, keyed: keyed, breaks: breaks})
	return d.s.Begin(k, int(n), name)
}

// key reads a key of an object. Keys repeat, so the last ones are remembered.
func (d *decoder) key() error {
	d.owed--
	at, ib, n, err := d.head()
	if err != nil {
		return err
	}
	if ib>>5 != majorText {
		return corrupt(at, "a map with text keys has another key")
	}
	p, err := d.chunks(at, ib, n)
	if err != nil {
		return err
	}
	if len(p) == 0 || len(p) > 32 {
		return d.s.Key(string(p))
	}
	slot := &d.keys[(len(p)*5+int(p[0])*3+int(p[len(p)-1]))%len(d.keys)]
	if *slot != string(p) {
		*slot = string(p)
	}
	return d.s.Key(*slot)
}

// chunks gives the content of a string whose head was at at: of one in pieces, a copy. Text is checked.
func (d *decoder) chunks(at int, ib byte, n uint64) ([]byte, error) {
	if ib&31 != indefinite {
		return d.chunk(at, ib, n)
	}
	all := []byte{}
	for d.off >= len(d.b) || d.b[d.off] != breakByte {
		at, part, n, err := d.head()
		if err != nil {
			return nil, err
		}
		if part>>5 != ib>>5 || part&31 == indefinite {
			return nil, corrupt(at, "a piece of a string is of another type")
		}
		p, err := d.chunk(at, part, n)
		if err != nil {
			return nil, err
		}
		all = append(all, p...)
	}
	d.off++
	return all, nil
}

func (d *decoder) chunk(at int, ib byte, n uint64) ([]byte, error) {
	if n > uint64(len(d.b)-d.off) {
		return nil, corrupt(at, "a string of %d bytes is announced, %d are left", n, len(d.b)-d.off)
	}
	end := d.off + int(n)
	p := d.b[d.off:end:end]
	d.off = end
	if ib>>5 == majorText && !utf8.Valid(p) {
		return nil, corrupt(at, "a text is not UTF-8")
	}
	return p, nil
}

// str reads a string of the given major type.
func (d *decoder) str(major byte, what string) ([]byte, error) {
	at, ib, n, err := d.head()
	if err != nil {
		return nil, err
	}
	if ib>>5 != major {
		return nil, corrupt(at, "%s should stand here", what)
	}
	return d.chunks(at, ib, n)
}

// check tells whether one item is a value that Decode takes, and shares nothing.
func check(b []byte, lim Limits) error {
	off, shareable, err := decode(b, discard{}, lim)
	switch {
	case err != nil:
		return err
	case off != len(b):
		return corrupt(off, "there are bytes after the value")
	case shareable > 0:
		return lang.Refuse("CBOR from MarshalCBOR with shared references (tag 28) cannot be sent")
	}
	return nil
}

// discard is a sink that keeps nothing.
type discard struct{}

func (discard) Null() error                        { return nil }
func (discard) Undefined() error                   { return nil }
func (discard) Bool(bool) error                    { return nil }
func (discard) Int(int64) error                    { return nil }
func (discard) Float(float64) error                { return nil }
func (discard) BigInt(*big.Int) error              { return nil }
func (discard) Text(string) error                  { return nil }
func (discard) UTF16([]uint16) error               { return nil }
func (discard) Bytes([]byte) error                 { return nil }
func (discard) Time(int64, int) error              { return nil }
func (discard) RegExp(string, string) error        { return nil }
func (discard) Typed(lang.Elem, []byte) error      { return nil }
func (discard) Begin(lang.Kind, int, string) error { return nil }
func (discard) Key(string) error                   { return nil }
func (discard) End() error                         { return nil }
func (discard) Ref(int) error                      { return nil }

func tagName(tag uint64) string { return tagPrefix + strconv.FormatUint(tag, 10) }
