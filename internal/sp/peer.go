package sp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"go.nanomsg.org/mangos/v3"
)

// link is what carries the frames of one peer: a stream (ipc, tcp) or one end of an inproc connection. As a
// mangos.TranPipe it is also what mangos' core believes to be below its pipe.
type link interface {
	mangos.TranPipe
	next() ([]byte, error)             // a whole frame; chunks are put together inside
	send(frame []byte) error           // never waits
	post(frame []byte) error           // like send, at leisure
	queue(frame []byte) error          // like send, with the next push
	push()                             // what was posted goes out
	refuse(err error)                  // send fails from now on; what is queued still goes out
	flushed(ctx context.Context) error // waits until nothing is queued
	queued() int
	buffered() bool // next will not wait
	admit()
	linger(d time.Duration) // next fails after d
	remote() string
	pulse() *pulse      // nil: the link cannot fall silent
	age() time.Duration // since it connected
	arrived()           // mangos has brought it to AddPipe
}

// pulse is what heartbeats know of a link.
type pulse struct{ heard, sent atomic.Bool }

// mark sets a flag without writing to a cache line that already says so.
func mark(f *atomic.Bool) {
	if !f.Load() {
		f.Store(true)
	}
}

// Peer is a connection to one other process.
type Peer struct {
	pipe      mangos.ProtocolPipe
	link      link
	handshake time.Duration
	stranger  *time.Timer // ends a peer that is not admitted

	recv     sync.Mutex
	leaving  atomic.Bool // Bye was called here
	left     bool        // Bye was called there; guarded by recv
	answered atomic.Bool

	once sync.Once
	err  error         // set before done is closed
	done chan struct{} // closed when the peer has ended

	silent int // heartbeats without a sign of life; the heartbeat's own
}

func newPeer(s *Socket, pipe mangos.ProtocolPipe, l link) *Peer {
	p := &Peer{pipe: pipe, link: l, handshake: s.cfg.Handshake, done: make(chan struct{})}
	p.stranger = time.AfterFunc(math.MaxInt64, p.expire)
	return p
}

// Recv gives the next frame, which belongs to the caller; its first byte is aligned to 8. One goroutine at a
// time may be in Recv, not always the same one. Frames that came before the end are given before the error.
func (p *Peer) Recv() ([]byte, error) {
	p.recv.Lock()
	defer p.recv.Unlock()
	for {
		frame, err := p.link.next()
		if err != nil {
			p.fail(p.why(err))
			return nil, p.err
		}
		if kind := control(frame); kind != 0 {
			p.control(kind)
			continue
		}
		if !p.leaving.Load() {
			return frame, nil
		}
	}
}

func (p *Peer) control(kind byte) {
	switch kind {
	case kindPing:
		// Anything queued is a sign of life too, and a flood of pings must not grow the queue.
		if p.link.queued() == 0 {
			p.link.send([]byte{version, kindPong})
		}
	case kindBye:
		p.left = true
		p.link.send([]byte{version, kindByeAnswer})
		p.link.refuse(ErrBye)
		p.link.linger(p.handshake)
	case kindByeAnswer:
		if p.leaving.Load() {
			p.answered.Store(true)
			p.fail(ErrBye)
		}
	}
}

// why turns what ended the link into what the user should read.
func (p *Peer) why(err error) error {
	switch {
	case p.left:
		if p.leaving.Load() {
			p.answered.Store(true) // both said goodbye
		}
		return ErrBye
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it closed the connection", ErrGone)
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

// Send takes frame over and sends it. Any goroutine may call it; frames of one caller keep their order, except that
// one above Ordered bytes may be overtaken. It never waits for the peer: what the kernel does not take at once is queued
// (see SendQueued). The frame must not be changed afterwards, but may go to other peers too; the memory of one of up to
// Copied bytes is free again when Send returns. It must not begin with version 1 and a kind of 16 to 20, which are
// ours. The other side closes on a frame above its Limit. When the peer is known to be gone, the error matches ErrGone.
func (p *Peer) Send(frame []byte) error { return p.link.send(frame) }

// Post is Send without hurry: the frame goes out with the next Send, when Recv waits or is about to because it has
// nothing more to give, or with Flush. A loop of Recv, work, Post thus answers a burst with one write.
func (p *Peer) Post(frame []byte) error { return p.link.post(frame) }

// Queue is Send without sending: the frame goes out with the next Send or Flush. It never makes a system call, so it may
// be called under a lock that decides the order of frames.
func (p *Peer) Queue(frame []byte) error { return p.link.queue(frame) }

// Flush sends what was posted or queued.
func (p *Peer) Flush() { p.link.push() }

// Flushed sends what was posted and waits until the kernel has everything that was sent: the memory of big frames is the
// caller's again. inproc copies frames, so it does not wait.
func (p *Peer) Flushed(ctx context.Context) error { return p.link.flushed(ctx) }

// Buffered says whether more input is there already, so that Recv will hardly wait. Only for whoever may call Recv.
func (p *Peer) Buffered() bool { return p.link.buffered() }

// SendQueued gives the number of bytes not yet handed to the kernel (inproc: not yet received).
func (p *Peer) SendQueued() int { return p.link.queued() }

// Admit says that the peer proved itself: it may send frames of Config.Limit from the next one on, and is no longer
// bound by Config.Handshake. Each side admits the other; until it knows that it was, it sends small frames only.
func (p *Peer) Admit() {
	p.stranger.Stop()
	p.link.admit()
}

// Bye sends what is queued, takes leave, waits for the answer and closes. Nobody needs to be in Recv; whoever is gets
// ErrBye in the end, and frames that still arrive are dropped. When ctx ends first, the peer is closed all the
// same. Nil means that the other side has everything.
func (p *Peer) Bye(ctx context.Context) error {
	if p.leaving.Swap(true) {
		return p.parted(ctx)
	}
	go p.Recv() // reads up to the answer, now or when the present Recv returns
	if err := p.link.flushed(ctx); err != nil {
		return p.parted(ctx)
	}
	p.link.send([]byte{version, kindBye})
	return p.parted(ctx)
}

func (p *Peer) parted(ctx context.Context) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		p.fail(fmt.Errorf("%w: no answer to goodbye: %w", ErrGone, context.Cause(ctx)))
	}
	if p.answered.Load() {
		return nil
	}
	return p.err
}

// Close ends the connection now. What is queued is lost: see Bye.
func (p *Peer) Close() error {
	p.fail(ErrClosed)
	return nil
}

// Remote says who the peer is, for logs: its address, or on a Unix socket its process and user where the system tells.
func (p *Peer) Remote() string { return p.link.remote() }

// Err says why the peer ended; nil while it has not.
func (p *Peer) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// fail ends the peer; the first reason counts.
func (p *Peer) fail(why error) {
	p.once.Do(func() {
		p.err = why
		p.link.refuse(why)
		close(p.done)
		p.stranger.Stop()
		p.pipe.Close()
	})
}

func (p *Peer) expire() {
	p.fail(fmt.Errorf("%w: it did not say who it is within %v", ErrGone, p.handshake))
}

// beat is called once per heartbeat.
func (p *Peer) beat(every time.Duration) {
	pulse := p.link.pulse()
	if pulse == nil {
		return
	}
	heard, sent := pulse.heard.Swap(false), pulse.sent.Swap(false)
	if p.silent++; heard {
		p.silent = 0
	}
	switch {
	case p.silent >= missed:
		p.fail(fmt.Errorf("%w: silent for %v", ErrGone, missed*every))
	case !heard && p.link.queued() == 0, !sent:
		p.link.send([]byte{version, kindPing})
	}
}
