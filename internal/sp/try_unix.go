//go:build unix

package sp

import (
	"io"
	"net"
	"syscall"
)

// tryWriter writes what the kernel takes at once. The runtime's own Write would wait for the rest.
type tryWriter struct {
	raw syscall.RawConn // nil: the connection has no file descriptor
	fn  func(fd uintptr) bool
	buf []byte
	n   int
	err error
}

func (t *tryWriter) init(conn net.Conn) {
	if c, ok := conn.(syscall.Conn); ok {
		t.raw, _ = c.SyscallConn()
	}
	t.fn = t.call // once: a method value allocates
}

// write is for one goroutine at a time. n < len(b) without an error means that the rest would have to wait.
func (t *tryWriter) write(b []byte) (n int, err error) {
	if t.raw == nil {
		return 0, nil
	}
	t.buf, t.n, t.err = b, 0, nil
	err = t.raw.Write(t.fn)
	t.buf = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

func (t *tryWriter) call(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), t.buf)
		switch err {
		case nil:
			t.n = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		default:
			t.err = err
		}
		return true
	}
}

// tryReader reads what is there.
type tryReader struct {
	raw syscall.RawConn
	fn  func(fd uintptr) bool
	buf []byte
	n   int
	err error
}

func (t *tryReader) init(conn net.Conn) {
	if c, ok := conn.(syscall.Conn); ok {
		t.raw, _ = c.SyscallConn()
	}
	t.fn = t.call
}

// read is for one goroutine at a time. It gives 0 and no error when nothing is there.
func (t *tryReader) read(b []byte) (n int, err error) {
	if t.raw == nil {
		return 0, nil
	}
	t.buf, t.n, t.err = b, 0, nil
	err = t.raw.Read(t.fn)
	t.buf = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

func (t *tryReader) call(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), t.buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			t.err = err
		case n == 0:
			t.err = io.EOF
		default:
			t.n = n
		}
		return true
	}
}
