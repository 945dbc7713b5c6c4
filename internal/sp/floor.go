package sp

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// plain writes to a connection with nothing above it.
type plain struct {
	conn net.Conn
	now  tryWriter
}

func newPlain(conn net.Conn) *plain {
	p := &plain{conn: conn}
	p.now.init(conn)
	return p
}

func (p *plain) try(b []byte) (int, error)           { return p.now.write(b) }
func (p *plain) waiting() int                        { return 0 }
func (p *plain) write(b *net.Buffers) (int64, error) { return b.WriteTo(p.conn) }

// answerLimit bounds what waits, beyond what outboxes write, which they count themselves.
const answerLimit = 1 << 20

// floor is the connection below TLS and WebSocket. These know only reading and writing that wait, so what must not wait
// is done here: Write keeps what the kernel does not take at once, until flush; Read looks for input itself before it
// sleeps.
type floor struct {
	net.Conn
	in  eager
	now tryWriter

	mu       sync.Mutex
	free     bool // Write does not wait; false during handshakes
	gather   bool // Write only keeps, for one write to the kernel later
	flushing bool // somebody is in flush: what is kept follows
	out      []byte
	kept     atomic.Int64 // bytes in out and with flush
	err      error
}

func newFloor(conn net.Conn) *floor {
	f := &floor{Conn: conn}
	f.in.init(conn)
	f.now.init(conn)
	return f
}

func (f *floor) Read(b []byte) (int, error) { return f.in.Read(b) }

func (f *floor) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.free {
		return f.Conn.Write(b)
	}
	if f.err == nil && !f.gather && f.kept.Load() > answerLimit {
		f.err = errors.New("it asks for answers and does not read them") // pings of WebSocket, for instance
	}
	if f.err != nil {
		return 0, f.err
	}
	f.out = append(f.out, b...)
	f.kept.Add(int64(len(b)))
	if !f.gather {
		f.push()
	}
	return len(b), nil // an error shows with the next write
}

// push gives the kernel what it takes at once. Holds mu.
func (f *floor) push() {
	if f.flushing || f.err != nil || len(f.out) == 0 {
		return
	}
	n, err := f.now.write(f.out)
	f.wrote(n, err)
	if n == len(f.out) {
		f.out = f.reuse(f.out)
	} else {
		f.out = f.out[n:]
	}
}

// wrote counts what the kernel took. After an error nothing waits any more. Holds mu.
func (f *floor) wrote(n int, err error) {
	f.kept.Add(int64(-n))
	if err != nil {
		f.err = err
		f.kept.Store(0)
	}
}

// reuse keeps a buffer that is not too big.
func (f *floor) reuse(b []byte) []byte {
	if cap(b) > chunkAbove {
		return nil
	}
	return b[:0]
}

// flush waits until the kernel has everything.
func (f *floor) flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushing = true
	for f.err == nil && len(f.out) > 0 {
		out := f.out
		f.out = nil
		f.mu.Unlock()
		n, err := f.Conn.Write(out)
		f.mu.Lock()
		f.wrote(n, err)
		if f.out == nil {
			f.out = f.reuse(out)
		}
	}
	f.flushing = false
	return f.err
}

// layered writes to what stands on a floor.
type layered struct {
	top   io.Writer
	floor *floor
}

// newLayered is for when all handshakes are over.
func newLayered(top io.Writer, f *floor) *layered {
	f.mu.Lock()
	f.free = true
	f.mu.Unlock()
	return &layered{top: top, floor: f}
}

func (l *layered) waiting() int { return int(l.floor.kept.Load()) }

// try hands on as much as may wait on the floor, and no more than that.
func (l *layered) try(b []byte) (n int, err error) {
	for n < len(b) && err == nil && l.waiting() == 0 {
		var m int
		m, err = l.put(b[n:min(len(b), n+fullBuffer)])
		n += m
	}
	return n, err
}

// put writes to the top; the floor makes one write to the kernel of it.
func (l *layered) put(b []byte) (int, error) {
	f := l.floor
	f.mu.Lock()
	f.gather = true
	f.mu.Unlock()
	n, err := l.top.Write(b)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gather = false
	f.push()
	if err == nil {
		err = f.err
	}
	return n, err
}

func (l *layered) write(b *net.Buffers) (n int64, err error) {
	if err := l.floor.flush(); err != nil {
		return 0, err
	}
	for _, part := range *b {
		for len(part) > 0 {
			m, err := l.put(part[:min(len(part), fullBuffer)])
			n += int64(m)
			if err == nil {
				err = l.floor.flush()
			}
			if err != nil {
				return n, err
			}
			part = part[m:]
		}
	}
	return n, nil
}
