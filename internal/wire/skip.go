package wire

// Skip gives the length of the item that b begins with. It checks that the item is well-formed, nothing else.
func Skip(b []byte) (int, error) { return scan(b, 0, nil) }

// sizes are the containers of indefinite length in an item, in order: how many items each holds.
type sizes struct {
	all  []extent
	most int
}

type extent struct{ at, n int }

const maxOpen = 10_000

// scanner steps over an item. Containers of definite length need no stack: their items add to what is owed.
type scanner struct {
	b    []byte
	off  int
	owed int // items still to come, in the innermost open container
	open []unsized
	into *sizes // nil when nobody asks
}

// unsized is a container of indefinite length that the scanner is in.
type unsized struct {
	owed  int // items still to come around it
	n     int // its own items so far
	index int // in sizes
	isMap bool
}

// scan gives the end of the item at off.
func scan(b []byte, off int, into *sizes) (int, error) {
	s := scanner{b: b, off: off, owed: 1, into: into}
	for {
		if s.owed > 0 {
			if err := s.item(); err != nil {
				return 0, err
			}
			continue
		}
		if len(s.open) == 0 {
			return s.off, nil
		}
		if err := s.more(); err != nil {
			return 0, err
		}
	}
}

// more sees whether an open container has another item or ends here.
func (s *scanner) more() error {
	top := &s.open[len(s.open)-1]
	switch {
	case s.off >= len(s.b):
		return badHead(s.off, truncated)
	case s.b[s.off] != breakByte:
		top.n++
		s.owed = 1
		return nil
	case top.isMap && top.n%2 != 0:
		return corrupt(s.off, "a key has no value")
	}
	if s.into != nil {
		s.into.all[top.index].n = top.n
	}
	s.off++
	s.owed = top.owed
	s.open = s.open[:len(s.open)-1]
	return nil
}

// item steps over a head, and what belongs to it but items.
func (s *scanner) item() error {
	at := s.off
	ib, n, next := readHead(s.b, at)
	if next < 0 {
		return badHead(at, next)
	}
	s.off = next
	s.owed--
	if ib&31 == indefinite {
		return s.unsized(at, ib>>5)
	}
	left := uint64(len(s.b) - next)
	switch ib >> 5 {
	case majorBytes, majorText:
		if n > left {
			return badHead(at, truncated)
		}
		s.off += int(n)
	case majorArray:
		return s.owe(at, n, n)
	case majorMap:
		return s.owe(at, n, 2*n)
	case majorTag:
		s.owed++
	case majorSimple:
		if ib&31 == 24 && n < 32 {
			return badHead(at, reserved)
		}
	}
	return nil
}

// owe adds the items of a container of n elements or entries. Each takes a byte at least.
func (s *scanner) owe(at int, n, items uint64) error {
	left := uint64(len(s.b) - s.off)
	if n > left || uint64(s.owed)+items > left {
		return badHead(at, truncated)
	}
	s.owed += int(items)
	return nil
}

// unsized enters a container of indefinite length, or steps over such a string.
func (s *scanner) unsized(at int, major byte) error {
	switch {
	case major == majorSimple:
		return corrupt(at, "a break stands where an item should be")
	case major <= majorText:
		return s.chunks(at, major)
	case len(s.open) == maxOpen:
		return corrupt(at, "more than %d containers of indefinite length inside each other", maxOpen)
	}
	u := unsized{owed: s.owed, isMap: major == majorMap}
	if s.into != nil {
		if len(s.into.all) == s.into.most {
			return corrupt(at, "more than %d containers of indefinite length", s.into.most)
		}
		u.index = len(s.into.all)
		s.into.all = append(s.into.all, extent{at: at})
	}
	s.open = append(s.open, u)
	s.owed = 0
	return nil
}

func (s *scanner) chunks(at int, major byte) error {
	for s.off >= len(s.b) || s.b[s.off] != breakByte {
		ib, n, next := readHead(s.b, s.off)
		if next < 0 || ib>>5 != major || ib&31 == indefinite || n > uint64(len(s.b)-next) {
			return corrupt(at, "a string in pieces is not well-formed")
		}
		s.off = next + int(n)
	}
	s.off++
	return nil
}
