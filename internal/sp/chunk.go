package sp

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// chunks are the frames of one peer that arrive in pieces.
type chunks struct {
	under []*incoming // at most chunkStreams, so a scan beats a map
}

type incoming struct {
	id    uint64
	frame []byte
	got   int
}

func (c *chunks) open() bool { return len(c.under) > 0 }

// find gives the frame that a chunk of n bytes belongs to, with room for it.
func (c *chunks) find(id, total, n uint64, limit int) (*incoming, error) {
	for _, in := range c.under {
		if in.id != id {
			continue
		}
		if total != uint64(len(in.frame)) || n > total-uint64(in.got) {
			return nil, fmt.Errorf("garbage: stream %d of %d bytes: %d bytes of %d after %d", id, len(in.frame), n, total, in.got)
		}
		return in, nil
	}
	switch {
	case total > uint64(limit):
		return nil, tooLong(total, limit)
	case n > total:
		return nil, fmt.Errorf("garbage: stream %d: %d bytes of %d", id, n, total)
	case len(c.under) == chunkStreams:
		return nil, fmt.Errorf("more than %d frames in chunks at once", chunkStreams)
	}
	in := &incoming{id: id, frame: newFrame(int(total))}
	c.under = append(c.under, in)
	return in, nil
}

// advance notes n more bytes; it gives the frame when that was all.
func (c *chunks) advance(in *incoming, n int) []byte {
	if in.got += n; in.got < len(in.frame) {
		return nil
	}
	c.under = slices.DeleteFunc(c.under, func(other *incoming) bool { return other == in })
	return in.frame
}

// uncleared allocates n bytes of whatever was there: the caller overwrites all of them. make would clear them,
// which for big frames costs as much as copying them.
func uncleared(n int) []byte {
	var b strings.Builder
	b.Grow(n)
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), n)
}
