package sp

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// Copied is the size of a frame up to which Send copies it, so that the caller may use its memory again.
	Copied = 16 << 10
	// Ordered is the size of a frame up to which it stays in the order of its sender; Flushed is what a longer one takes.
	Ordered = 256 << 10

	spareLimit = 32 << 10 // a larger write buffer is not kept when there is nothing more to write
)

// outbox writes frames to a connection. Whoever sends while nobody writes, writes himself, as far as the kernel
// takes it at once, and takes along what others sent meanwhile. The rest, and frames above Copied, are left to
// a goroutine that lives as long as there is something to write.
type outbox struct {
	out  writer
	ipc  bool
	sent *atomic.Bool

	mu      sync.Mutex
	writing bool        // somebody writes and will look again before leaving
	reader  bool        // the reader waits, so nobody else would send what is posted
	segs    [][]byte    // in order; the first, and each that open tells of, is a buffer of ours that gathers small frames
	open    bool        // the last of segs takes more
	spare   []byte      // an empty buffer for segs
	rest    []byte      // what the kernel did not take of the last write, before segs
	big     []*outgoing // frames to send in chunks; the first chunkStreams of them take turns
	turn    int
	streams uint64
	bytes   int           // in all of these
	refused error         // why nothing more is taken
	broken  error         // why nothing more is written
	empty   chan struct{} // closed when all is written; nil when nobody waits for that
}

// writer is where an outbox writes to. One goroutine at a time uses it.
type writer interface {
	try(b []byte) (n int, err error)           // takes what it can without waiting
	waiting() int                              // bytes that were taken, but wait for room in the kernel
	write(b *net.Buffers) (n int64, err error) // waits until the kernel has everything
}

type outgoing struct {
	id    uint64
	frame []byte
	done  int
}

func (o *outbox) init(out writer, ipc bool, sent *atomic.Bool) { o.out, o.ipc, o.sent = out, ipc, sent }

func (o *outbox) send(frame []byte) error {
	o.mu.Lock()
	if o.refused != nil {
		defer o.mu.Unlock()
		return o.refused
	}
	o.add(frame)
	if o.writing {
		o.mu.Unlock()
		return nil
	}
	o.start()
	return nil
}

func (o *outbox) post(frame []byte) error {
	o.mu.Lock()
	if o.refused != nil {
		defer o.mu.Unlock()
		return o.refused
	}
	o.add(frame)
	if o.writing || !o.reader && o.bytes < fullBuffer {
		o.mu.Unlock()
		return nil
	}
	o.start()
	return nil
}

// queue leaves a frame to the next push; while somebody writes, to him.
func (o *outbox) queue(frame []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refused == nil {
		o.add(frame)
	}
	return o.refused
}

func (o *outbox) push() {
	o.mu.Lock()
	if o.writing || !o.waiting() {
		o.mu.Unlock()
		return
	}
	o.start()
}

// idle is told before and after the reader waits.
func (o *outbox) idle(waits bool) {
	o.mu.Lock()
	o.reader = waits
	if !waits || o.writing || !o.waiting() {
		o.mu.Unlock()
		return
	}
	o.start()
}

// waiting says whether there is something to write.
func (o *outbox) waiting() bool {
	return o.broken == nil && (len(o.segs)+len(o.big) > 0 || o.rest != nil || o.out.waiting() > 0)
}

// add queues a frame. Holds mu.
func (o *outbox) add(frame []byte) {
	if len(frame) > chunkAbove {
		o.streams++
		o.big = append(o.big, &outgoing{id: o.streams, frame: frame})
		o.bytes += len(frame)
		return
	}
	if !o.open {
		o.segs, o.spare, o.open = append(o.segs, o.spare), nil, true
	}
	last := &o.segs[len(o.segs)-1]
	before := len(*last)
	*last = appendPrefix(*last, o.ipc, len(frame))
	if len(frame) <= Copied {
		*last = append(*last, frame...)
		o.bytes += len(*last) - before
		return
	}
	o.bytes += len(*last) - before + len(frame)
	o.segs, o.open = append(o.segs, frame), false
}

// start writes what is queued, or has it written. Holds mu, and gives it up.
func (o *outbox) start() {
	o.writing = true
	for range 2 { // for oneself, and once for those who came meanwhile; staying longer would hold up the caller
		if len(o.segs) != 1 || len(o.big) > 0 || o.rest != nil || o.out.waiting() > 0 {
			break
		}
		buf := o.segs[0]
		o.segs, o.open = o.segs[:0], false
		o.mu.Unlock()
		n, err := o.out.try(buf)
		mark(o.sent)
		o.mu.Lock()
		o.bytes -= n
		switch {
		case err != nil:
			o.breakOff(err)
		case n < len(buf):
			o.rest = buf[n:]
		default:
			o.keep(buf)
		}
		if !o.waiting() {
			o.leave()
			return
		}
	}
	o.mu.Unlock()
	go o.drain()
}

// drain writes until nothing is left.
func (o *outbox) drain() {
	var batch net.Buffers
	var chunkHead []byte
	for {
		o.mu.Lock()
		if !o.waiting() {
			o.leave()
			return
		}
		batch = batch[:0]
		if o.rest != nil {
			batch = append(batch, o.rest)
			o.rest = nil
		}
		var own []byte
		if len(o.segs) > 0 {
			own = o.segs[0]
			batch = append(batch, o.segs...)
			clear(o.segs)
			o.segs, o.open = o.segs[:0], false
		}
		uncounted := 0
		if data, head := o.chunk(chunkHead[:0]); data != nil {
			batch, chunkHead, uncounted = append(batch, head, data), head, len(head)
		}
		o.mu.Unlock()

		all := batch // WriteTo consumes what it is given
		n, err := o.out.write(&all)
		clear(batch)
		mark(o.sent)

		o.mu.Lock()
		o.bytes -= int(n) - uncounted
		o.keep(own)
		if err != nil {
			o.breakOff(err)
		}
		o.mu.Unlock()
	}
}

// chunk takes the next piece of a big frame whose turn it is, and the message head before it. Holds mu.
func (o *outbox) chunk(head []byte) (data, _ []byte) {
	if len(o.big) == 0 {
		return nil, head
	}
	o.turn = (o.turn + 1) % min(len(o.big), chunkStreams)
	g := o.big[o.turn]
	data = g.frame[g.done:min(len(g.frame), g.done+chunkSize)]
	if g.done += len(data); g.done == len(g.frame) {
		o.big = slices.Delete(o.big, o.turn, o.turn+1)
	}
	var buf [maxChunkHead]byte
	inner := appendChunkHead(buf[:0], g.id, uint64(len(g.frame)), len(data))
	return data, append(appendPrefix(head, o.ipc, len(inner)+len(data)), inner...)
}

// keep saves a written buffer for the next frames. Holds mu.
func (o *outbox) keep(buf []byte) {
	if cap(buf) <= chunkAbove && cap(buf) > cap(o.spare) {
		o.spare = buf[:0]
	}
}

// leave ends the writing. Holds mu, and gives it up.
func (o *outbox) leave() {
	o.writing = false
	if cap(o.spare) > spareLimit {
		o.spare = nil
	}
	if o.empty != nil {
		close(o.empty)
		o.empty = nil
	}
	o.mu.Unlock()
}

// breakOff drops everything: the connection takes nothing more. It stays open, for there may be something to read. Holds mu.
func (o *outbox) breakOff(err error) {
	o.broken = fmt.Errorf("%w: cannot send: %w", ErrGone, err)
	if o.refused == nil {
		o.refused = o.broken
	}
	o.segs, o.open, o.rest, o.spare, o.big, o.bytes = nil, false, nil, nil, nil, 0
}

func (o *outbox) refuse(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refused == nil {
		o.refused = err
	}
}

func (o *outbox) queuedBytes() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes + o.out.waiting()
}

// flushed waits until the kernel has everything.
func (o *outbox) flushed(ctx context.Context) error {
	o.push()
	for {
		o.mu.Lock()
		if !o.writing || o.broken != nil {
			defer o.mu.Unlock()
			return o.broken
		}
		if o.empty == nil {
			o.empty = make(chan struct{})
		}
		empty := o.empty
		o.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
