package wire

// Skip gives the length of the item that b begins with. It checks that the item is well-formed, nothing else.
func Skip(b []byte) (int, error) { return scan(b, 0, nil) }

// sizes are the containers of indefinite length in an item, in order: how many items each holds.
type sizes struct {
	all  []extent
	most int
}

type extent struct{ at, n int }

// open is a container of indefinite length while scan is in it.
type open struct {
	owed  int // items still to come around it
	n     int // its own items so far
	index int // in sizes
	major byte
	at    int
}

const maxOpen = 10_000

// scan gives the end of the item at off. Containers of definite length need no stack: their items add to what is owed.
func scan(b []byte, off int, into *sizes) (int, error) {
	var stack []open
	owed := 1
	for {
		for owed == 0 {
			if len(stack) == 0 {
				return off, nil
			}
			top := &stack[len(stack)-1]
			if off < len(b) && b[off] != breakByte {
				top.n++
				owed = 1
				break
			}
			if off >= len(b) {
				return 0, badHead(off, truncated)
			}
			if top.major == majorMap && top.n%2 != 0 {
				return 0, corrupt(off, "a key has no value")
			}
			if into != nil {
				into.all[top.index].n = top.n
			}
			off++
			owed = top.owed
			stack = stack[:len(stack)-1]
		}
		ib, n, next := readHead(b, off)
		if next < 0 {
			return 0, badHead(off, next)
		}
		at := off
		off = next
		owed--
		major := ib >> 5
		if ib&31 == indefinite {
			switch major {
			case majorBytes, majorText:
				if off = skipChunks(b, off, major); off < 0 {
					return 0, corrupt(at, "a string in pieces is not well-formed")
				}
			case majorArray, majorMap:
				if len(stack) == maxOpen {
					return 0, corrupt(at, "more than %d containers of indefinite length inside each other", maxOpen)
				}
				o := open{owed: owed, major: major, at: at}
				if into != nil {
					if len(into.all) == into.most {
						return 0, corrupt(at, "more than %d containers", into.most)
					}
					o.index = len(into.all)
					into.all = append(into.all, extent{at: at})
				}
				stack = append(stack, o)
				owed = 0
			default:
				return 0, corrupt(at, "a break stands where an item should be")
			}
			continue
		}
		left := uint64(len(b) - off)
		switch major {
		case majorBytes, majorText:
			if n > left {
				return 0, badHead(at, truncated)
			}
			off += int(n)
		case majorArray, majorMap:
			if major == majorMap {
				if n > left {
					return 0, badHead(at, truncated)
				}
				n *= 2
			}
			if n > left || owed+int(n) > int(left) {
				return 0, badHead(at, truncated)
			}
			owed += int(n)
		case majorTag:
			owed++
		case majorSimple:
			if ib&31 == 24 && n < 32 {
				return 0, badHead(at, reserved)
			}
		}
	}
}

// skipChunks gives the end of a string of indefinite length, -1 when it is not well-formed.
func skipChunks(b []byte, off int, major byte) int {
	for {
		if off < len(b) && b[off] == breakByte {
			return off + 1
		}
		ib, n, next := readHead(b, off)
		if next < 0 || ib>>5 != major || ib&31 == indefinite || n > uint64(len(b)-next) {
			return -1
		}
		off = next + int(n)
	}
}
