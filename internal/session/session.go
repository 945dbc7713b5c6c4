// Package session is what a host and a daemon say to each other, whatever becomes of the connection. A Line numbers the
// frames that it sends and keeps them until the other side has acknowledged them; after a break each side tells the
// other what it has got, on a new connection, and the rest is sent again: nothing is lost, nothing comes twice. A line
// that does not last is the connection itself, and adds nothing to it.
package session

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/internal/wire"
)

// After so much that came a side acknowledges it.
const (
	ackFrames = 16
	ackBytes  = 64 << 10
)

// Line is one side. All its methods may be called by several goroutines, but for Recv and Buffered, which are for
// whoever reads the connection.
type Line struct {
	lasting bool

	mu     sync.Mutex
	peer   *sp.Peer // nil while there is no connection
	last   uint64   // number of the last frame that was sent
	kept   []frame  // not acknowledged, in order
	bytes  int      // of these
	got    wire.Receipt
	given  uint64            // number of the last frame that Recv gave
	came   map[uint64][]byte // and those that came after it
	frames int               // that came since the last acknowledgement
	size   int               // their bytes
	over   bool              // nothing is kept any more
	moved  chan struct{}     // closed when bytes have become fewer, or over; nil when nobody waits
}

type frame struct {
	number uint64
	b      []byte
}

// New makes a line. One that does not last is the one connection that Attach gives it.
func New(lasting bool) *Line { return &Line{lasting: lasting} }

// Lasting tells whether the line lasts longer than its connection.
func (l *Line) Lasting() bool { return l.lasting }

// Attach gives the line a connection. theirs is what the other side has got; what it has not is sent again.
func (l *Line) Attach(p *sp.Peer, theirs wire.Receipt) {
	l.mu.Lock()
	l.forget(theirs)
	l.peer = p
	for _, f := range l.kept {
		p.Queue(f.b)
	}
	l.mu.Unlock()
	p.Flush()
}

// Detach says that a connection is lost. One that was replaced already changes nothing.
func (l *Line) Detach(p *sp.Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lasting && l.peer == p {
		l.peer = nil
	}
}

// Got is what has come.
func (l *Line) Got() wire.Receipt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return wire.Receipt{Last: l.got.Last, Missing: slices.Clone(l.got.Missing)}
}

// Queue is sp.Peer's Queue. Without a connection the frame is kept for the next one.
func (l *Line) Queue(b []byte) error {
	if !l.lasting {
		return l.peer.Queue(b)
	}
	_, err := l.keep(b)
	return err
}

// Send is sp.Peer's Send. Without a connection the frame is kept for the next one.
func (l *Line) Send(b []byte) error {
	if !l.lasting {
		return l.peer.Send(b)
	}
	p, err := l.keep(b)
	if p != nil {
		p.Flush()
	}
	return err
}

// Post is sp.Peer's Post: the reader sends it.
func (l *Line) Post(b []byte) error {
	if !l.lasting {
		return l.peer.Post(b)
	}
	_, err := l.keep(b)
	return err
}

// Flush sends what was queued.
func (l *Line) Flush() {
	if p := l.connection(); p != nil {
		p.Flush()
	}
}

// keep numbers a frame, and queues it where there is a connection. The lock decides the order.
func (l *Line) keep(b []byte) (*sp.Peer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return nil, sp.ErrClosed
	}
	l.last++
	b = wire.AppendNumber(b[:len(b):len(b)], l.last) // a copy: others may have the frame too
	l.kept = append(l.kept, frame{l.last, b})
	l.bytes += len(b)
	if l.peer != nil {
		l.peer.Queue(b) // a connection that is lost is noticed by its reader
	}
	return l.peer, nil
}

// Recv gives the next frame: in the order in which they were sent, where the line lasts, else as p brings them. None
// comes twice.
func (l *Line) Recv(p *sp.Peer) ([]byte, error) {
	for {
		if b := l.held(); b != nil {
			return b, nil
		}
		b, err := p.Recv()
		if err != nil || !l.lasting {
			return b, err
		}
		if err := l.take(p, b); err != nil {
			return nil, err
		}
	}
}

// held gives the frame whose turn it is, nil when it has not come yet.
func (l *Line) held() []byte {
	if !l.lasting {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.came[l.given+1]
	if b != nil {
		l.given++
		delete(l.came, l.given)
	}
	return b
}

// take notes that a frame has come, and acknowledges those that have from time to time.
func (l *Line) take(p *sp.Peer, b []byte) error {
	h, body, err := wire.ParseHeader(b)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.Kind == wire.Ack {
		theirs, err := wire.ParseAck(h, body)
		if err == nil {
			l.forget(theirs)
		}
		return err
	}
	b, number, err := wire.CutNumber(b)
	if err != nil {
		return err
	}
	fresh, ok := accept(&l.got, number)
	if !ok {
		return fmt.Errorf("session: frame %d came after frame %d", number, l.got.Last)
	}
	l.frames++
	if l.size += len(b); l.frames >= ackFrames || l.size >= ackBytes {
		l.frames, l.size = 0, 0
		p.Queue(wire.AppendAck(nil, l.got))
	}
	if fresh {
		if l.came == nil {
			l.came = map[uint64][]byte{}
		}
		l.came[number] = b
	}
	return nil
}

// mostMissing is how many frames may be overtaken by one: large ones, of which few are under way.
const mostMissing = 1 << 16

// accept enters a number. It is fresh unless it was entered before; not ok when the other side cannot have sent it.
func accept(r *wire.Receipt, number uint64) (fresh, ok bool) {
	if number > r.Last {
		if number-r.Last+uint64(len(r.Missing)) > mostMissing {
			return false, false
		}
		for n := r.Last + 1; n < number; n++ {
			r.Missing = append(r.Missing, n)
		}
		r.Last = number
		return true, true
	}
	i, missing := slices.BinarySearch(r.Missing, number)
	if missing {
		r.Missing = slices.Delete(r.Missing, i, i+1)
	}
	return missing, true
}

// forget lets go of what the other side has got. Under the lock.
func (l *Line) forget(theirs wire.Receipt) {
	l.kept = slices.DeleteFunc(l.kept, func(f frame) bool {
		_, missing := slices.BinarySearch(theirs.Missing, f.number)
		gone := f.number <= theirs.Last && !missing
		if gone {
			l.bytes -= len(f.b)
		}
		return gone
	})
	l.signal()
}

// signal wakes those who wait for room. Under the lock.
func (l *Line) signal() {
	if l.moved != nil {
		close(l.moved)
		l.moved = nil
	}
}

// Room waits until at most so many bytes wait to be sent or acknowledged. It fails when ctx ends.
func (l *Line) Room(ctx context.Context, most int) error {
	if !l.lasting {
		if l.peer.SendQueued() <= most {
			return nil
		}
		l.peer.Flushed(ctx) // a lost connection is noticed by its reader
		return ctx.Err()
	}
	for {
		l.mu.Lock()
		room := l.over || l.bytes <= most
		if !room && l.moved == nil {
			l.moved = make(chan struct{})
		}
		moved := l.moved
		l.mu.Unlock()
		if room {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Kept tells whether frames of a kind were not acknowledged yet.
func (l *Line) Kept(k wire.Kind) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.kept, func(f frame) bool { return wire.KindOf(f.b) == k })
}

// Flushed is sp.Peer's Flushed: it waits for the kernel, not for the other side.
func (l *Line) Flushed(ctx context.Context) error {
	if p := l.connection(); p != nil {
		return p.Flushed(ctx)
	}
	return sp.ErrGone
}

// Buffered is sp.Peer's Buffered.
func (l *Line) Buffered() bool {
	if p := l.connection(); p == nil || p.Buffered() {
		return p != nil
	}
	if !l.lasting {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.came) > 0
}

// Bye is sp.Peer's Bye. Without a connection it fails.
func (l *Line) Bye(ctx context.Context) error {
	if p := l.connection(); p != nil {
		return p.Bye(ctx)
	}
	return sp.ErrGone
}

// Hang ends the connection; the line waits for another one.
func (l *Line) Hang() {
	if p := l.connection(); p != nil {
		p.Close()
	}
}

// Close ends the connection, and keeps nothing for another one.
func (l *Line) Close() {
	l.Hang()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over, l.kept, l.bytes = true, nil, 0
	l.signal()
}

// connection is the present one, nil for none. That of a line that does not last never changes.
func (l *Line) connection() *sp.Peer {
	if !l.lasting {
		return l.peer
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peer
}
