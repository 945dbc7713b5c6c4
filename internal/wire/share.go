package wire

import "slices"

// share rewrites the value with tag 28 before each thing that a Ref names and tag 29 for each Ref, and aligns the large
// arrays again. It costs a copy, and runs only when something is shared.
func (e *Encoder) share() []byte {
	numbers, marks := e.shared()
	old := e.buf[e.start:]
	out := make([]byte, e.start, len(e.buf)+2*len(marks)+12*len(e.refs)+12*len(e.wide))
	copy(out, e.buf[:e.start])
	done := 0
	upTo := func(at uint32) {
		out = append(out, old[done:at]...)
		done = int(at)
	}
	refs, wide := e.refs, e.wide
	for len(marks) > 0 || len(refs) > 0 || len(wide) > 0 {
		m, r, w := next(marks), nextRef(refs), nextWide(wide)
		switch {
		case r <= m && r <= w: // a Ref has written nothing, so what begins at the same place comes after it
			upTo(r)
			out = AppendUint(AppendHead(out, majorTag, tagReference), uint64(numbers[refs[0].event]))
			refs = refs[1:]
		case m <= w:
			upTo(m)
			out = AppendHead(out, majorTag, tagShareable)
			marks = marks[1:]
		default:
			upTo(w)
			out = appendTypedHead(out, wide[0].elem, wide[0].size)
			done = int(wide[0].end)
			wide = wide[1:]
		}
	}
	return append(out, old[done:]...)
}

// shared gives each event that a Ref names its number on the wire, and where those events begin, in order.
func (e *Encoder) shared() (numbers map[int]int, marks []uint32) {
	events := make([]int, len(e.refs))
	for i, r := range e.refs {
		events[i] = r.event
	}
	slices.Sort(events)
	events = slices.Compact(events)
	numbers, marks = make(map[int]int, len(events)), make([]uint32, len(events))
	for i, n := range events {
		numbers[n], marks[i] = i, e.begins[n]
	}
	return numbers, marks
}

const never = ^uint32(0)

func next(marks []uint32) uint32 {
	if len(marks) == 0 {
		return never
	}
	return marks[0]
}

func nextRef(refs []ref) uint32 {
	if len(refs) == 0 {
		return never
	}
	return refs[0].at
}

func nextWide(wide []wideHead) uint32 {
	if len(wide) == 0 {
		return never
	}
	return wide[0].at
}
