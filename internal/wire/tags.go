package wire

import (
	"math"
	"math/big"
	"time"

	"github.com/mojukapu/mirai/lang"
)

// tag reads what a tag means. The tag's head was at at.
func (d *decoder) tag(at int, tag uint64) error {
	switch tag {
	case tagPositive, tagNegative:
		return d.bigInt(tag == tagNegative)
	case tagDate:
		return d.date()
	case tagEpoch:
		return d.epoch()
	case tagTime:
		return d.extendedTime()
	case tagRegExp, tagIRegExp:
		p, err := d.str(majorText, "the text of a regular expression")
		if err != nil {
			return err
		}
		d.events++
		return d.s.RegExp(string(p), "")
	case tagReference:
		return d.reference(at)
	case tagSet:
		n, breaks, err := d.container(majorArray, "the array of a set")
		if err != nil {
			return err
		}
		return d.open(at, lang.Set, n, "", breaks)
	case tagMap:
		n, breaks, err := d.container(majorMap, "the map of tag 259")
		if err != nil {
			return err
		}
		return d.open(at, lang.Map, n, "", breaks)
	case tagObject:
		return d.object(at)
	}
	if f, ok := typedTag(tag); ok {
		return d.typed(at, f)
	}
	return d.open(at, lang.Custom, 1, tagName(tag), 0)
}

// container reads the head of an array or a map.
func (d *decoder) container(major byte, what string) (n uint64, breaks int, err error) {
	at, ib, n, err := d.head()
	if err != nil {
		return 0, 0, err
	}
	if ib>>5 != major {
		return 0, 0, corrupt(at, "%s should stand here", what)
	}
	return d.size(at, ib, n)
}

func (d *decoder) bigInt(negative bool) error {
	p, err := d.str(majorBytes, "the bytes of a big integer")
	if err != nil {
		return err
	}
	v := new(big.Int).SetBytes(p)
	if negative {
		v.Not(v)
	}
	return d.s.BigInt(v)
}

func (d *decoder) typed(at int, f typedForm) error {
	p, err := d.str(majorBytes, "the bytes of a typed array")
	if err != nil {
		return err
	}
	if len(p)%f.size != 0 {
		return corrupt(at, "%d bytes are no whole number of elements of a %s", len(p), f.elem)
	}
	d.events++
	return d.s.Typed(f.elem, f.elements(p))
}

func (d *decoder) reference(at int) error {
	_, ib, n, err := d.head()
	switch {
	case err != nil:
		return err
	case ib>>5 != majorUint || n >= uint64(len(d.shared)):
		return corrupt(at, "a reference to what is not there")
	case d.plain[int(n)] != nil:
		return d.inside(d.plain[int(n)])
	case d.shared[n] == noEvent:
		return corrupt(at, "a reference to a value that has no identity")
	case d.shared[n] >= d.events:
		return corrupt(at, "a value is a reference to itself")
	}
	return d.s.Ref(d.shared[n])
}

func (d *decoder) date() error {
	at := d.off
	p, err := d.str(majorText, "the text of a date")
	if err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339Nano, string(p))
	if err != nil {
		return corrupt(at, "%q is not a date", p)
	}
	return d.time(t.Unix(), t.Nanosecond())
}

func (d *decoder) time(sec int64, nsec int) error {
	d.events++
	return d.s.Time(sec, nsec)
}

func (d *decoder) epoch() error {
	sec, nsec, err := d.seconds()
	if err != nil {
		return err
	}
	return d.time(sec, nsec)
}

const maxSeconds = 1 << 56 // 2 billion years: no sum of a time overflows

// seconds reads a number of seconds; NaN gives a negative nsec.
func (d *decoder) seconds() (sec int64, nsec int, err error) {
	at, ib, n, err := d.head()
	if err != nil {
		return 0, 0, err
	}
	f, isFloat := float(ib, n)
	switch {
	case ib>>5 == majorUint && n <= maxSeconds:
		return int64(n), 0, nil
	case ib>>5 == majorNeg && n < maxSeconds:
		return ^int64(n), 0, nil
	case isFloat && f != f:
		return 0, -1, nil
	case isFloat && math.Abs(f) <= maxSeconds:
		whole := math.Floor(f)
		nsec := int(math.Round((f - whole) * 1e9))
		return int64(whole) + int64(nsec/1e9), nsec % 1e9, nil
	}
	return 0, 0, corrupt(at, "not a number of seconds that a time can have")
}

// extendedTime reads the map of tag 1001: RFC 9581 lets us pass over negative keys, and no others.
func (d *decoder) extendedTime() error {
	at := d.off
	n, breaks, err := d.container(majorMap, "the map of an extended time")
	if err != nil {
		return err
	}
	var sec int64
	nsec, based := 0, false
	for ; n > 0; n-- {
		at, ib, key, err := d.head()
		switch {
		case err != nil:
			return err
		case ib>>5 == majorUint && key == keyBase:
			var part int
			sec, part, err = d.seconds()
			if part != 0 {
				nsec = part
			}
			based = true
		case ib>>5 == majorNeg:
			var part int
			if part, err = d.fraction(^int64(key)); part != 0 {
				nsec = part
			}
		default:
			err = corrupt(at, "an extended time has a key that is not known")
		}
		if err != nil {
			return err
		}
	}
	if !based {
		return corrupt(at, "an extended time has no seconds")
	}
	if err := d.closed(breaks); err != nil {
		return err
	}
	return d.time(sec, nsec)
}

// fraction reads the value of a negative key of an extended time and gives it in nanoseconds, 0 for a key that says
// something else.
func (d *decoder) fraction(key int64) (int, error) {
	unit := uint64(0)
	switch key {
	case keyMillis:
		unit = nanosPerMilli
	case keyMicros:
		unit = 1000
	case keyNanos:
		unit = 1
	default:
		next, err := scan(d.b, d.off, nil)
		d.off = next
		return 0, err
	}
	at, ib, n, err := d.head()
	if err != nil {
		return 0, err
	}
	if ib>>5 != majorUint || n >= 1e9/unit {
		return 0, corrupt(at, "not a part of a second")
	}
	return int(n * unit), nil
}

// object reads the array of tag 27: a name and what belongs to it.
func (d *decoder) object(at int) error {
	n, breaks, err := d.container(majorArray, "the array of tag 27")
	if err != nil {
		return err
	}
	p, err := d.str(majorText, "the name of an object")
	if err != nil {
		return err
	}
	name, want := string(p), uint64(2)
	switch name {
	case nameRegExp, nameError, nameFunction:
		want = 3
	}
	if n != want {
		return corrupt(at, "an object %q has %d parts, not %d", name, n, want)
	}
	switch name {
	case nameRegExp:
		return d.regExp(breaks)
	case nameUTF16:
		return d.utf16(at, breaks)
	case nameBuffer:
		return d.buffer(lang.ArrayBuffer, breaks)
	case nameView:
		return d.buffer(lang.DataView, breaks)
	case NameShared:
		if d.limits.Shared != nil {
			return d.sharedValue(breaks)
		}
	case nameTable:
		return d.entries(at, lang.Table, "", breaks)
	case nameError, nameFunction:
		sub, err := d.str(majorText, "a name")
		if err != nil {
			return err
		}
		kind := lang.Err
		if name == nameFunction {
			kind = lang.Closure
		}
		return d.entries(at, kind, string(sub), breaks)
	}
	if takenName(name) {
		return corrupt(at, "an object %q is not known: the other side is of a later release", name)
	}
	return d.open(at, lang.Custom, 1, name, breaks)
}

// entries opens a container whose entries are a map within the array.
func (d *decoder) entries(at int, k lang.Kind, name string, breaks int) error {
	n, more, err := d.container(majorMap, "a map")
	if err != nil {
		return err
	}
	return d.open(at, k, n, name, breaks+more)
}

func (d *decoder) regExp(breaks int) error {
	source, err := d.str(majorText, "the text of a regular expression")
	if err != nil {
		return err
	}
	flags, err := d.str(majorText, "the flags of a regular expression")
	if err != nil {
		return err
	}
	if err := d.closed(breaks); err != nil {
		return err
	}
	d.events++
	return d.s.RegExp(string(source), string(flags))
}

func (d *decoder) buffer(t lang.Elem, breaks int) error {
	p, err := d.str(majorBytes, "the bytes of a buffer")
	if err != nil {
		return err
	}
	if err := d.closed(breaks); err != nil {
		return err
	}
	d.events++
	return d.s.Typed(t, p)
}

// sharedValue reads a reference and drives the sink through the value that it stands for, as if that stood here.
func (d *decoder) sharedValue(breaks int) error {
	ref, err := d.str(majorBytes, "the reference to a shared value")
	if err != nil {
		return err
	}
	if err := d.closed(breaks); err != nil {
		return err
	}
	b, err := d.limits.Shared(ref)
	if err != nil {
		return err
	}
	before := d.events
	if err = d.inside(b); d.events == before {
		d.last = b
	}
	return err
}

// inside reads a value that stands elsewhere.
func (d *decoder) inside(b []byte) error {
	in := decoder{b: b, s: d.s, limits: d.limits, count: d.count, events: d.events}
	in.limits.Shared = nil
	err := in.run()
	d.events, d.count = in.events, in.count
	return err
}

func (d *decoder) utf16(at, breaks int) error {
	_, ib, tag, err := d.head()
	if err != nil {
		return err
	}
	f, ok := typedTag(tag)
	if ib>>5 != majorTag || !ok || f.elem != lang.Uint16 {
		return corrupt(at, "a string of UTF-16 has no array of 16 bit numbers")
	}
	p, err := d.str(majorBytes, "the units of a string")
	if err != nil {
		return err
	}
	if len(p)%2 != 0 {
		return corrupt(at, "half a unit of UTF-16")
	}
	if err := d.closed(breaks); err != nil {
		return err
	}
	p = f.elements(p)
	units := make([]uint16, len(p)/2)
	for i := range units {
		units[i] = uint16(p[2*i]) | uint16(p[2*i+1])<<8
	}
	return d.s.UTF16(units)
}
