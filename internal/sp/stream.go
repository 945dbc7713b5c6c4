package sp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"go.nanomsg.org/mangos/v3"
)

const (
	firstBuffer = 4 << 10
	fullBuffer  = 64 << 10
	directRead  = 4 << 10   // a longer missing rest is read straight into its frame
	calmRead    = 512       // read ahead this much between chunks: their data should not pass through the buffer
	noZero      = 256 << 10 // frames above are allocated without being cleared first
)

// stream is the link over a connection of bytes.
type stream struct {
	conn   net.Conn // the bottom, below TLS and WebSocket
	in     io.Reader
	out    outbox
	kind   network
	web    *web   // nil: no WebSocket
	name   string // of the peer's certificate
	limit  int
	socket *Socket

	buf      []byte // buf[r:w] is read and not yet used
	r, w     int
	chunks   chunks
	admitted atomic.Bool
	life     pulse
	accepted bool      // by a listener
	stranger *stranger // until it is admitted; nil where we dialed
}

// newStream is a stream straight on conn.
func newStream(s *Socket, conn net.Conn, kind network) *stream {
	in := &eager{}
	in.init(conn)
	return makeStream(s, conn, in, newPlain(conn), kind)
}

// makeStream is a stream on what stands on conn.
func makeStream(s *Socket, conn net.Conn, in io.Reader, out writer, kind network) *stream {
	c := &stream{conn: conn, in: in, kind: kind, limit: s.cfg.Limit, socket: s, buf: make([]byte, firstBuffer)}
	c.out.init(out, kind.name == "unix", &c.life.sent)
	return c
}

// greet exchanges the SP handshake; what follows may already be in the buffer then. WebSockets have theirs in HTTP.
func (c *stream) greet() error {
	if c.web != nil {
		return nil
	}
	if _, err := c.out.out.write(&net.Buffers{handshake[:]}); err != nil {
		return err
	}
	if err := c.fill(handshakeSize); err != nil {
		return err
	}
	if got := [handshakeSize]byte(c.buf[c.r:c.w]); got != handshake {
		return fmt.Errorf("the other side does not speak SP pair1: it began with % x%s", got, tongue(got[:]))
	}
	c.r += handshakeSize
	return nil
}

// tongue says what the other side speaks instead, where that is plain.
func tongue(b []byte) string {
	switch {
	case b[0] == 0x16 && b[1] == 3, b[0] == 0x15 && b[1] == 3:
		return " (TLS: write tls+tcp://)"
	case string(b[:5]) == "HTTP/", string(b[:4]) == "GET ":
		return " (HTTP: write ws://)"
	}
	return ""
}

func (c *stream) next() ([]byte, error) {
	for {
		n, err := c.prefix()
		if err != nil {
			return nil, err
		}
		if n >= 2 {
			if err := c.fill(2); err != nil {
				return nil, err
			}
			if c.buf[c.r] == version && c.buf[c.r+1] == kindChunk {
				frame, err := c.chunk(n)
				if frame != nil || err != nil {
					return frame, err
				}
				continue
			}
		}
		frame := newFrame(n)
		return frame, c.read(frame)
	}
}

// prefix reads what stands before a frame and gives the frame's length.
func (c *stream) prefix() (int, error) {
	size := maxPrefix
	if !c.out.ipc {
		size--
	}
	if err := c.fill(size); err != nil {
		return 0, err
	}
	b := c.buf[c.r : c.r+size]
	c.r += size
	if c.out.ipc {
		if b[0] != 1 {
			return 0, fmt.Errorf("garbage: a message begins with %#02x", b[0])
		}
		b = b[1:]
	}
	length := binary.BigEndian.Uint64(b)
	if h := binary.BigEndian.Uint32(b[8:]); length < 4 || h > 255 {
		return 0, fmt.Errorf("garbage: a message of %d bytes with hops %#x", length, h)
	}
	length -= 4
	if !c.admitted.Load() {
		if length > strangerLimit {
			return 0, fmt.Errorf("a frame of %d bytes before it was admitted (at most %d)", length, strangerLimit)
		}
	} else if length > uint64(c.limit) {
		return 0, tooLong(length, c.limit)
	}
	return int(length), nil
}

func tooLong(length uint64, limit int) error {
	return fmt.Errorf("a frame of %d bytes, more than the limit of %d", length, limit)
}

// chunk reads a chunk of n bytes; it gives a frame when that is complete.
func (c *stream) chunk(n int) ([]byte, error) {
	if !c.admitted.Load() {
		return nil, errors.New("a chunk before it was admitted")
	}
	if err := c.fill(min(n, maxChunkHead)); err != nil {
		return nil, err
	}
	id, total, length, size := parseChunkHead(c.buf[c.r : c.r+min(n, maxChunkHead)])
	if size == 0 || length == 0 || length > chunkLimit || uint64(size)+length != uint64(n) {
		return nil, fmt.Errorf("garbage: a chunk of %d bytes that does not describe itself", n)
	}
	c.r += size
	in, err := c.chunks.find(id, total, length, c.limit)
	if err != nil {
		return nil, err
	}
	if err := c.read(in.frame[in.got : in.got+int(length)]); err != nil {
		return nil, err
	}
	return c.chunks.advance(in, int(length)), nil
}

// fill makes sure that n bytes are in the buffer; n is small.
func (c *stream) fill(n int) error {
	if c.w-c.r >= n {
		return nil
	}
	if c.w == len(c.buf) && len(c.buf) < fullBuffer {
		c.buf = append(c.buf, make([]byte, len(c.buf))...) // it was filled to the brim: more is coming
	}
	copy(c.buf, c.buf[c.r:c.w])
	c.r, c.w = 0, c.w-c.r
	for c.w < n {
		end := len(c.buf)
		if c.chunks.open() {
			end = min(end, max(n, calmRead))
		}
		got, err := c.wait(c.buf[c.w:end])
		c.w += got
		if err != nil && c.w < n {
			return err
		}
	}
	return nil
}

// wait reads from the connection, after sending what was posted.
func (c *stream) wait(b []byte) (int, error) {
	c.out.idle(true)
	n, err := c.in.Read(b)
	c.out.idle(false)
	if n > 0 {
		mark(&c.life.heard)
	}
	if err != nil && c.stranger.dropped() {
		err = errCrowded
	}
	return n, err
}

// read fills dst.
func (c *stream) read(dst []byte) error {
	for {
		n := copy(dst, c.buf[c.r:c.w])
		c.r += n
		if dst = dst[n:]; len(dst) == 0 {
			return nil
		}
		if len(dst) < directRead {
			if err := c.fill(len(dst)); err != nil {
				return err
			}
			continue
		}
		n, err := c.wait(dst)
		if dst = dst[n:]; err != nil && len(dst) > 0 {
			return err
		}
	}
}

// newFrame makes room for a frame, its first byte aligned to 8.
func newFrame(n int) []byte {
	if n > noZero {
		return uncleared(n)
	}
	return make([]byte, n, (n+7)&^7) // below 16 bytes the size decides the alignment
}

func (c *stream) send(frame []byte) error           { return c.out.send(frame) }
func (c *stream) post(frame []byte) error           { return c.out.post(frame) }
func (c *stream) queue(frame []byte) error          { return c.out.queue(frame) }
func (c *stream) push()                             { c.out.push() }
func (c *stream) refuse(err error)                  { c.out.refuse(err) }
func (c *stream) flushed(ctx context.Context) error { return c.out.flushed(ctx) }
func (c *stream) queued() int                       { return c.out.queuedBytes() }
func (c *stream) buffered() bool                    { return c.r < c.w }
func (c *stream) pulse() *pulse                     { return &c.life }
func (c *stream) linger(d time.Duration)            { c.conn.SetReadDeadline(time.Now().Add(d)) }

func (c *stream) admit() {
	c.admitted.Store(true)
	if c.web != nil {
		c.web.allow(c.limit)
	}
	c.stranger.leave()
}

func (c *stream) remote() string {
	if c.kind.name == "unix" {
		return "ipc" + credentials(c.conn)
	}
	r := c.kind.scheme + " " + c.conn.RemoteAddr().String()
	if c.name != "" {
		r += " (" + c.name + ")"
	}
	return r
}

func (c *stream) age() time.Duration { return c.stranger.age() }

func (c *stream) arrived() {
	if c.accepted {
		c.socket.handed.Done()
	}
}

// Close is called once, by mangos' pipe. TLS and WebSocket have farewells of their own; ours (see Peer.Bye) is what counts,
// and theirs could wait.
func (c *stream) Close() error {
	c.stranger.leave()
	return c.conn.Close()
}

func (c *stream) GetOption(name string) (any, error) { return linkOption(c, name) }

// Send and Recv are for mangos' core, which in fact never calls them. The SP header is ours to write.
func (c *stream) Send(m *mangos.Message) error   { return c.send(m.Body) }
func (c *stream) Recv() (*mangos.Message, error) { return message(c) }

func linkOption(l link, name string) (any, error) {
	if name == optionLink {
		return l, nil
	}
	return nil, mangos.ErrBadOption
}

func message(l link) (*mangos.Message, error) {
	frame, err := l.next()
	if err != nil {
		return nil, err
	}
	m := mangos.NewMessage(0)
	m.Body = frame
	return m, nil
}
