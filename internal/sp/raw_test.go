package sp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// raw is an SP peer written by hand from control.go's description.
type raw struct {
	t    *testing.T
	conn net.Conn
	ipc  bool
}

func connect(t *testing.T, url string) *raw {
	t.Helper()
	scheme, address, _ := strings.Cut(url, "://")
	conn, err := net.Dial(map[string]string{"ipc": "unix", "tcp": "tcp"}[scheme], address)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	t.Cleanup(func() { conn.Close() })
	return &raw{t: t, conn: conn, ipc: scheme == "ipc"}
}

func join(t *testing.T, url string) *raw {
	r := connect(t, url)
	r.write([]byte{0, 'S', 'P', 0, 0, 0x11, 0, 0})
	got := make([]byte, 8)
	io.ReadFull(r.conn, got)
	if want := []byte{0, 'S', 'P', 0, 0, 0x11, 0, 0}; !bytes.Equal(got, want) {
		t.Fatalf("handshake % x, want % x", got, want)
	}
	return r
}

// write may fail: the other side closes on garbage.
func (r *raw) write(b []byte) { r.conn.Write(b) }

func (r *raw) prefix(length uint64, hops uint32) []byte {
	var b []byte
	if r.ipc {
		b = append(b, 1)
	}
	b = binary.BigEndian.AppendUint64(b, length)
	return binary.BigEndian.AppendUint32(b, hops)
}

func (r *raw) send(frame ...byte) { r.write(append(r.prefix(uint64(len(frame))+4, 1), frame...)) }

// chunk sends a chunk as a CBOR library writes it.
func (r *raw) chunk(stream, total uint64, data []byte) {
	var b []byte
	for _, v := range []any{version, kindChunk, stream, total, data} {
		item, err := cbor.Marshal(v)
		if err != nil {
			r.t.Error(err)
		}
		b = append(b, item...)
	}
	r.send(b...)
}

func (r *raw) recv() ([]byte, error) {
	b := make([]byte, len(r.prefix(0, 0)))
	if _, err := io.ReadFull(r.conn, b); err != nil {
		return nil, err
	}
	b = bytes.TrimPrefix(b, []byte{1})
	frame := make([]byte, binary.BigEndian.Uint64(b)-4)
	_, err := io.ReadFull(r.conn, frame)
	return frame, err
}

// closed waits until the other side has closed.
func (r *raw) closed() {
	r.t.Helper()
	for {
		if _, err := r.recv(); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				r.t.Error("the connection was not closed")
			}
			return
		}
	}
}

func TestGarbageClosesOnlyItsPeer(t *testing.T) {
	const limit = 1 << 20
	cases := []struct {
		name     string
		stranger bool
		do       func(r *raw)
		want     string
	}{
		{"length beyond the limit", false, func(r *raw) { r.write(r.prefix(limit+5, 1)) }, "limit of 1048576"},
		{"length of 2^63", false, func(r *raw) { r.write(r.prefix(1<<63, 1)) }, "limit of 1048576"},
		{"length of 2^64-1", false, func(r *raw) { r.write(r.prefix(1<<64-1, 1)) }, "limit of 1048576"},
		{"length of 3", false, func(r *raw) { r.write(r.prefix(3, 1)) }, "garbage"},
		{"hops", false, func(r *raw) { r.write(r.prefix(10, 1<<20)) }, "garbage"},
		{"text", false, func(r *raw) { r.write([]byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n")) }, ""},
		{"stranger's big frame", true, func(r *raw) { r.write(r.prefix(strangerLimit+5, 1)) }, "before it was admitted"},
		{"stranger's chunk", true, func(r *raw) { r.chunk(1, 300_000, []byte("x")) }, "before it was admitted"},
		{"total beyond the limit", false, func(r *raw) { r.chunk(1, limit+1, []byte("x")) }, "limit of 1048576"},
		{"total of 2^64-1", false, func(r *raw) { r.chunk(1, 1<<64-1, []byte("x")) }, "limit of 1048576"},
		{"more than the total", false, func(r *raw) { r.chunk(1, 3, []byte("four")) }, "garbage"},
		{"more than the rest", false, func(r *raw) { r.chunk(1, 5, []byte("abc")); r.chunk(1, 5, []byte("abc")) }, "garbage"},
		{"another total", false, func(r *raw) { r.chunk(1, 5, []byte("a")); r.chunk(1, 6, []byte("b")) }, "garbage"},
		{"empty chunk", false, func(r *raw) { r.chunk(1, 5, nil) }, "does not describe itself"},
		{"no fields", false, func(r *raw) { r.send(version, kindChunk) }, "does not describe itself"},
		{"data longer than its frame", false, func(r *raw) { r.send(version, kindChunk, 1, 5, 0x45, 'a') }, "does not describe itself"},
		{"something after data", false, func(r *raw) { r.send(version, kindChunk, 1, 5, 0x41, 'a', 'b') }, "does not describe itself"},
		{"indefinite data", false, func(r *raw) { r.send(version, kindChunk, 1, 5, 0x5f, 0x41, 'a', 0xff) }, "does not describe itself"},
		{"too many streams", false, func(r *raw) {
			for i := range uint64(5) {
				r.chunk(i, 10, []byte("x"))
			}
		}, "more than 4"},
	}
	for _, scheme := range []string{"abstract", "tcp"} {
		url := kinds(t)[scheme]
		cfg := Config{Limit: limit, Heartbeat: -1}
		var strangers atomic.Bool
		ended := make(chan error, 1)
		cfg.Peer = func(p *Peer) {
			if !strangers.Load() {
				p.Admit()
			}
			p.Send([]byte("hello"))
			for {
				f, err := p.Recv()
				if err != nil {
					ended <- err
					return
				}
				p.Send(f)
			}
		}
		s, err := Listen(url, cfg)
		if err != nil {
			t.Fatal(err)
		}
		good := join(t, s.URL())
		good.recv()
		for _, c := range cases {
			t.Run(scheme+"/"+c.name, func(t *testing.T) {
				strangers.Store(c.stranger)
				bad := join(t, s.URL())
				bad.recv() // it is known now whether it is admitted
				c.do(bad)
				bad.closed()
				if err := <-ended; !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("it ended with %v, want %q", err, c.want)
				}
				good.send([]byte("still here")...)
				if got, err := good.recv(); string(got) != "still here" {
					t.Errorf("the good peer got %q, %v", got, err)
				}
			})
		}
		good.conn.Close()
		<-ended
		s.Close()
	}
}

func TestChunksOfOthers(t *testing.T) {
	s, got := open(t, kinds(t)["tcp"], Config{})
	r := join(t, s.URL())
	p := <-got
	r.chunk(7, 6, []byte("abc"))
	r.chunk(1<<40, 2, []byte("x"))
	r.send([]byte("between")...)
	r.chunk(7, 6, []byte("d"))
	r.chunk(1<<40, 2, []byte("y"))
	r.chunk(7, 6, []byte("ef"))
	r.chunk(7, 1, []byte("z")) // the number is free again
	for _, want := range []string{"between", "xy", "abcdef", "z"} {
		if f := recv(t, p); string(f) != want {
			t.Errorf("got %q, want %q", f, want)
		}
	}
}

func TestNotPair1(t *testing.T) {
	s, got := open(t, kinds(t)["tcp"], Config{})
	for _, hello := range []string{"\x00SP\x00\x00\x10\x00\x00", "\x00SP\x01\x00\x11\x00\x00", "SSH-2.0-OpenSSH_9.2p1\r\n", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		r := connect(t, s.URL())
		r.write([]byte(hello))
		r.closed()
	}
	good := join(t, s.URL())
	good.send(9)
	if f := recv(t, <-got); len(f) != 1 || f[0] != 9 {
		t.Errorf("got % x", f)
	}
}

func TestGoodbyeOnTheWire(t *testing.T) {
	s, got := open(t, kinds(t)["abstract"], Config{Heartbeat: -1})
	r := join(t, s.URL())
	p := <-got
	r.send('a')
	r.send(version, kindPing)
	r.send(version, kindBye)
	if f := recv(t, p); string(f) != "a" {
		t.Errorf("got %q", f)
	}
	ended := make(chan error, 1)
	go func() { _, err := p.Recv(); ended <- err }()
	for _, want := range []byte{kindPong, kindByeAnswer} {
		if f, err := r.recv(); err != nil || !bytes.Equal(f, []byte{version, want}) {
			t.Errorf("got % x, %v, want kind %d", f, err, want)
		}
	}
	r.conn.Close()
	if err := <-ended; !errors.Is(err, ErrBye) || !errors.Is(p.Send([]byte("x")), ErrBye) {
		t.Errorf("the end is %v, want ErrBye", err)
	}
}

// Whoever answers pings stays; whoever stops is gone.
func TestHeartbeat(t *testing.T) {
	s, got := open(t, kinds(t)["abstract"], Config{Heartbeat: 20 * time.Millisecond})
	r := join(t, s.URL())
	p := <-got
	ended := make(chan error, 1)
	go func() { _, err := p.Recv(); ended <- err }()
	for range 10 {
		if f, err := r.recv(); err != nil || !bytes.Equal(f, []byte{version, kindPing}) {
			t.Fatalf("got % x, %v, want a ping", f, err)
		}
		r.send(version, kindPong)
	}
	if err := <-ended; !strings.Contains(err.Error(), "silent for 60ms") {
		t.Errorf("it ended with %v", err)
	}
}

func TestStrangersAreClosed(t *testing.T) {
	cfg := Config{Handshake: 50 * time.Millisecond}
	s, got := open(t, kinds(t)["tcp"], cfg)
	var silent []*raw
	for range 200 {
		silent = append(silent, connect(t, s.URL())) // not a byte
	}
	good := join(t, s.URL())
	p := <-got
	p.Admit()
	late := join(t, s.URL())
	if _, err := (<-got).Recv(); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "did not say who it is within 50ms") {
		t.Errorf("the stranger ended with %v", err)
	}
	late.closed()
	for _, r := range silent {
		r.closed()
	}
	good.send([]byte("here")...)
	if f := recv(t, p); string(f) != "here" {
		t.Errorf("got %q", f)
	}
}

// flood is a peer's side of a connection that has sent certain bytes.
type flood struct {
	net.Conn
	*bytes.Reader
}

func (f flood) Read(b []byte) (int, error)  { return f.Reader.Read(b) }
func (f flood) Write(b []byte) (int, error) { return len(b), nil }

func FuzzStream(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x01x"), true)
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x01\x01\x14\x01\x03\x42ab"), false)
	f.Fuzz(func(t *testing.T, b []byte, ipc bool) {
		s := &Socket{cfg: Config{Limit: 1 << 16}}
		kind := network{name: "tcp"}
		if ipc {
			kind.name = "unix"
		}
		c := newStream(s, flood{Reader: bytes.NewReader(b)}, kind)
		c.admit()
		for {
			frame, err := c.next()
			if err != nil {
				return
			}
			if len(frame) > s.cfg.Limit {
				t.Fatalf("a frame of %d bytes", len(frame))
			}
		}
	})
}

func FuzzHead(f *testing.F) {
	f.Add(uint64(23), uint64(1<<32))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		h := appendChunkHead(nil, a, b, 300)
		stream, total, n, size := parseChunkHead(h)
		if stream != a || total != b || n != 300 || size != len(h) {
			t.Errorf("head % x reads %d %d %d, %d bytes", h, stream, total, n, size)
		}
		rest := h
		for _, want := range []uint64{version, kindChunk, a, b} {
			var got uint64
			var err error
			if rest, err = cbor.UnmarshalFirst(rest, &got); err != nil || got != want {
				t.Errorf("cbor reads %d, %v, want %d", got, err, want)
			}
		}
	})
}
