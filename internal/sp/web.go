package sp

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// A WebSocket carries each SP message as one binary message, without the length before it, and the subprotocol stands
// for the SP handshake. web shows that as the stream of bytes that tcp has.
type web struct {
	c *websocket.Conn

	buf []byte // of the message that is being read, its length in front
	in  []byte // the part of buf that is not yet read

	head    []byte // of the message that is being written
	left    uint64 // of it
	message io.WriteCloser
}

const (
	subprotocol = "pair1.sp.nanomsg.org"
	lengthSize  = 8
	requestSize = 16 << 10 // of the HTTP request, at most
	keptMessage = 1 << 20  // a larger buffer is not kept
)

func newWeb(c *websocket.Conn) (*web, error) {
	w := &web{c: c}
	if got := c.Subprotocol(); got != subprotocol {
		return nil, fmt.Errorf("the other side does not speak SP pair1: its WebSocket subprotocol is %q", got)
	}
	w.allow(strangerLimit)
	return w, nil
}

// allow sets the longest frame.
func (w *web) allow(limit int) { w.c.SetReadLimit(int64(limit) + 4) }

func (w *web) Read(b []byte) (int, error) {
	for len(w.in) == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, w.in)
	if w.in = w.in[n:]; len(w.in) == 0 && cap(w.buf) > keptMessage {
		w.buf, w.in = nil, nil
	}
	return n, nil
}

// next reads a whole message: its length is known only at its end.
func (w *web) next() error {
	kind, r, err := w.c.Reader(context.Background())
	if err != nil {
		return webError(err)
	}
	if kind != websocket.MessageBinary {
		return errors.New("garbage: a WebSocket message of text")
	}
	if w.buf == nil {
		w.buf = make([]byte, firstBuffer)
	}
	n := lengthSize
	for {
		m, err := r.Read(w.buf[n:])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			return webError(err)
		}
		if n == len(w.buf) {
			w.buf = append(w.buf, make([]byte, len(w.buf))...)
		}
	}
	if n < lengthSize+4 {
		return fmt.Errorf("garbage: a message of %d bytes", n-lengthSize)
	}
	binary.BigEndian.PutUint64(w.buf, uint64(n-lengthSize))
	w.in = w.buf[:n]
	return nil
}

func webError(err error) error {
	switch {
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Errorf("a frame beyond what it may send: %w", err)
	case websocket.CloseStatus(err) != -1:
		return io.EOF
	}
	return err
}

// Write takes messages with their lengths before them, in pieces of any size.
func (w *web) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		var m int
		if w.left == 0 {
			m = min(len(b), lengthSize-len(w.head))
			if w.head = append(w.head, b[:m]...); len(w.head) == lengthSize {
				w.left, w.head = binary.BigEndian.Uint64(w.head), w.head[:0]
			}
		} else {
			m = int(min(uint64(len(b)), w.left))
			w.left -= uint64(m)
			err = w.piece(b[:m])
		}
		b = b[m:]
		n += m
	}
	return n, err
}

// piece writes some of a message, or all of it.
func (w *web) piece(b []byte) (err error) {
	if w.message == nil && w.left == 0 {
		return w.c.Write(context.Background(), websocket.MessageBinary, b)
	}
	if w.message == nil {
		if w.message, err = w.c.Writer(context.Background(), websocket.MessageBinary); err != nil {
			return err
		}
	}
	if _, err = w.message.Write(b); err == nil && w.left == 0 {
		err = w.message.Close()
		w.message = nil
	}
	return err
}

// dialWeb asks for a WebSocket on conn.
func dialWeb(ctx context.Context, conn net.Conn, address, path string) (*web, error) {
	client := &http.Client{
		Transport:     &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c, _, err := websocket.Dial(ctx, "ws://"+address+path, &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{subprotocol}})
	if err != nil {
		return nil, fmt.Errorf("no WebSocket for mirai is there: %w", err)
	}
	return newWeb(c)
}

// acceptWeb answers the request for a WebSocket that comes on conn.
func acceptWeb(conn net.Conn, path string) (*web, error) {
	limited := &io.LimitedReader{R: conn, N: requestSize}
	u := &upgrade{conn: conn, in: bufio.NewReader(limited), header: http.Header{}}
	if b, err := u.in.Peek(1); err != nil || b[0] < 'A' || b[0] > 'Z' { // nothing that has no lines should have to wait for one
		return nil, cmp.Or(err, errors.New("it does not speak HTTP"))
	}
	r, err := http.ReadRequest(u.in)
	if err != nil {
		return nil, fmt.Errorf("no HTTP request for a WebSocket: %w", err)
	}
	if r.URL.Path != path {
		http.Error(u, "no such path", http.StatusNotFound)
		return nil, fmt.Errorf("a request for %.100q", r.URL.Path)
	}
	if !strings.Contains(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), subprotocol) {
		http.Error(u, "subprotocol must be "+subprotocol, http.StatusBadRequest)
		return nil, fmt.Errorf("an HTTP request without the WebSocket subprotocol %s", subprotocol)
	}
	limited.N = math.MaxInt64
	c, err := websocket.Accept(u, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		return nil, err
	}
	return newWeb(c)
}

// upgrade is the answer to the one request of a connection.
type upgrade struct {
	conn   net.Conn
	in     *bufio.Reader
	header http.Header
}

func (u *upgrade) Header() http.Header         { return u.header }
func (u *upgrade) Write(b []byte) (int, error) { return u.conn.Write(b) }

func (u *upgrade) WriteHeader(code int) {
	if code != http.StatusSwitchingProtocols {
		u.header.Set("Connection", "close")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", code, http.StatusText(code))
	u.header.Write(&b)
	u.conn.Write([]byte(b.String() + "\r\n"))
}

func (u *upgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return u.conn, bufio.NewReadWriter(u.in, bufio.NewWriter(u.conn)), nil
}
