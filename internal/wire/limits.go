package wire

import (
	"fmt"
	"math"

	"github.com/mojukapu/mirai/lang"
)

// Limits bounds one value. A zero field means its default.
type Limits struct {
	Depth int // of containers. Defaults to 10,000
	Count int // of values, at all depths. Defaults to 50,000,000
	Size  int // in bytes. Defaults to 2 GiB (less one byte); at most 4 GiB
	// Shared gives the bytes that a reference to a shared value stands for. Nil: the reference stays one, a Custom.
	Shared func(ref []byte) ([]byte, error)
}

func (l Limits) withDefaults() Limits {
	if l.Depth == 0 {
		l.Depth = 10_000
	}
	if l.Count == 0 {
		l.Count = 50_000_000
	}
	if l.Size == 0 {
		l.Size = math.MaxInt32
	}
	l.Size = int(min(uint64(l.Size), math.MaxUint32)) // an Encoder keeps offsets in 32 bits
	return l
}

func (l Limits) tooDeep() error { return lang.Refuse("nested deeper than %d levels", l.Depth) }
func (l Limits) tooMany() error { return lang.Refuse("larger than %d values", l.Count) }
func (l Limits) tooBig() error  { return lang.Refuse("larger than %d bytes", l.Size) }

// Corrupt says that bytes are not what they should be.
type Corrupt struct {
	Offset int // in the bytes given
	Why    string
}

func (c *Corrupt) Error() string { return fmt.Sprintf("wire: byte %d: %s", c.Offset, c.Why) }

func corrupt(at int, format string, args ...any) error {
	return &Corrupt{Offset: at, Why: fmt.Sprintf(format, args...)}
}
