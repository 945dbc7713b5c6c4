package sp

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.nanomsg.org/mangos/v3"
)

// inproc connects sockets of one process. Frames are copied once, so that neither side sees the other's memory.
type inproc struct {
	mu   sync.Mutex
	open map[string]*inprocListener
}

func (t *inproc) Scheme() string { return privateScheme + "inproc" }

func (t *inproc) NewDialer(url string, core mangos.Socket) (mangos.TranDialer, error) {
	s, err := owner(core)
	return &inprocDialer{transport: t, socket: s, name: strings.TrimPrefix(url, t.Scheme()+"://")}, err
}

func (t *inproc) NewListener(url string, core mangos.Socket) (mangos.TranListener, error) {
	s, err := owner(core)
	return &inprocListener{transport: t, queue: newQueue(s), name: strings.TrimPrefix(url, t.Scheme()+"://")}, err
}

type inprocListener struct {
	options
	queue
	transport *inproc
	name      string
}

func (l *inprocListener) Address() string { return "inproc://" + l.name }

func (l *inprocListener) Listen() error {
	t := l.transport
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[l.name] != nil {
		return fmt.Errorf("the name %q is in use in this process", l.name)
	}
	t.open[l.name] = l
	return nil
}

func (l *inprocListener) Close() error {
	t := l.transport
	t.mu.Lock()
	if t.open[l.name] == l {
		delete(t.open, l.name)
	}
	t.mu.Unlock()
	close(l.done)
	return nil
}

type inprocDialer struct {
	options
	transport *inproc
	socket    *Socket
	name      string
}

func (d *inprocDialer) Dial() (mangos.TranPipe, error) {
	ctx := d.socket.dialing
	if ctx == nil {
		return nil, mangos.ErrClosed
	}
	d.transport.mu.Lock()
	l := d.transport.open[d.name]
	d.transport.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("nobody listens there in this process")
	}
	a, b := newMailbox(), newMailbox()
	here := &tube{socket: d.socket, in: a, out: b}
	there := &tube{socket: l.socket, in: b, out: a, accepted: true}
	select {
	case l.ready <- there:
		return here, nil
	case <-l.done:
		return nil, fmt.Errorf("the listener has closed")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// tube is one end of an inproc connection.
type tube struct {
	socket   *Socket
	in, out  *mailbox
	batch    [][]byte // taken from in; those from at on are not yet given to the reader
	at       int
	admitted atomic.Bool
	refused  atomic.Pointer[error]
	accepted bool
}

func (t *tube) next() ([]byte, error) {
	if t.at == len(t.batch) {
		batch, err := t.in.take(t.batch)
		if err != nil {
			return nil, err
		}
		t.batch, t.at = batch, 0
	}
	frame := t.batch[t.at]
	t.batch[t.at] = nil
	t.at++
	t.in.bytes.Add(-int64(len(frame)))
	limit := t.socket.cfg.Limit
	if !t.admitted.Load() {
		limit = min(limit, strangerLimit)
	}
	if len(frame) > limit {
		return nil, tooLong(uint64(len(frame)), limit)
	}
	return frame, nil
}

func (t *tube) send(frame []byte) error {
	if err := t.refused.Load(); err != nil {
		return *err
	}
	own := newFrame(len(frame))
	copy(own, frame)
	if !t.out.put(own) {
		return fmt.Errorf("%w: it closed the connection", ErrGone)
	}
	return nil
}

func (t *tube) refuse(err error)              { t.refused.CompareAndSwap(nil, &err) }
func (t *tube) post(frame []byte) error       { return t.send(frame) }
func (t *tube) queue(frame []byte) error      { return t.send(frame) }
func (t *tube) push()                         {}
func (t *tube) flushed(context.Context) error { return nil } // the goodbye is read after everything before it
func (t *tube) queued() int                   { return int(t.out.bytes.Load()) }
func (t *tube) buffered() bool                { return t.at < len(t.batch) || t.in.bytes.Load() > 0 }
func (t *tube) admit()                        { t.admitted.Store(true) }
func (t *tube) linger(time.Duration)          {} // nothing here can hang half-way
func (t *tube) remote() string                { return "inproc" }
func (t *tube) pulse() *pulse                 { return nil }
func (t *tube) age() time.Duration            { return 0 }

func (t *tube) arrived() {
	if t.accepted {
		t.socket.handed.Done()
	}
}

// Close is called once, by mangos' pipe. The other side still gets what was sent.
func (t *tube) Close() error {
	t.in.close(net.ErrClosed)
	t.out.close(io.EOF)
	return nil
}

func (t *tube) GetOption(name string) (any, error) { return linkOption(t, name) }
func (t *tube) Send(m *mangos.Message) error       { return t.send(m.Body) }
func (t *tube) Recv() (*mangos.Message, error)     { return message(t) }

// keptFrames bounds the memory that a mailbox keeps after a burst.
const keptFrames = 1024

// mailbox is one direction of an inproc connection: frames for one reader.
type mailbox struct {
	mu     sync.Mutex
	frames [][]byte
	bytes  atomic.Int64 // sent and not yet received
	closed error
	wake   chan struct{}
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

func (m *mailbox) put(frame []byte) bool {
	m.mu.Lock()
	if m.closed != nil {
		m.mu.Unlock()
		return false
	}
	m.bytes.Add(int64(len(frame)))
	m.frames = append(m.frames, frame)
	first := len(m.frames) == 1
	m.mu.Unlock()
	if first {
		m.ring()
	}
	return true
}

func (m *mailbox) ring() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take waits for frames and gives all there are. The mailbox goes on in the memory of spent, an earlier batch.
func (m *mailbox) take(spent [][]byte) ([][]byte, error) {
	for {
		m.mu.Lock()
		if batch := m.frames; len(batch) > 0 && m.closed != net.ErrClosed {
			m.frames = nil
			if cap(spent) <= keptFrames {
				m.frames = spent[:0]
			}
			m.mu.Unlock()
			return batch, nil
		}
		err := m.closed
		m.mu.Unlock()
		if err != nil {
			return nil, err
		}
		<-m.wake
	}
}

// close ends the mailbox: for the reader at once with net.ErrClosed, after the last frame with io.EOF.
func (m *mailbox) close(why error) {
	m.mu.Lock()
	if m.closed == nil || why == net.ErrClosed {
		m.closed = why
	}
	m.mu.Unlock()
	m.ring()
}
