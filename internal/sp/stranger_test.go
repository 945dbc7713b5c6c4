package sp

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// overTCP are the kinds of addresses that strangers can reach.
func overTCP(t *testing.T, f func(t *testing.T, url string)) {
	for _, kind := range []string{"tcp", "tls", "ws", "wss"} {
		t.Run(kind, func(t *testing.T) { f(t, kinds(t)[kind]) })
	}
}

// touch connects to a port and says something.
func touch(t *testing.T, url, text string) *raw {
	t.Helper()
	_, rest, _ := strings.Cut(url, "://")
	address, _, _ := strings.Cut(rest, "/")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	conn.Write([]byte(text))
	return &raw{t: t, conn: conn}
}

// end reads until the other side closes.
func (r *raw) end() string {
	r.t.Helper()
	var said bytes.Buffer
	if _, err := said.ReadFrom(r.conn); errors.Is(err, os.ErrDeadlineExceeded) {
		r.t.Error("the connection was not closed")
	}
	return said.String()
}

type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) log(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *logged) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// hello is how a TLS client begins.
func hello(t *testing.T) string {
	t.Helper()
	a, b := net.Pipe()
	defer b.Close()
	go tls.Client(a, &tls.Config{ServerName: "x"}).Handshake()
	buf := make([]byte, 8<<10)
	n, err := b.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// Whoever says nothing, half of something, or something else is closed, is logged, and gets nothing; meanwhile peers work.
func TestStrangers(t *testing.T) {
	overTCP(t, func(t *testing.T, url string) {
		var log logged
		cfg := Config{Handshake: 300 * time.Millisecond, Log: log.log}
		s, got := open(t, url, cfg)
		a, _ := dial(t, s.URL(), cfg)
		b := <-got
		a.Admit()
		b.Admit()
		var all []*raw
		for range 200 {
			all = append(all, touch(t, s.URL(), ""))
		}
		for _, text := range []string{
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
			"GET /tasks HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
			"GET /" + strings.Repeat("x", 1<<20),
			"GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 1<<17),
			"\x00SP\x00\x00\x10\x00\x00", "\x00SP\x00",
			"\x16\x03\x01\xff\xff", hello(t), hello(t)[:100],
			"SSH-2.0-OpenSSH_9.2p1\r\n", strings.Repeat("\xff", 100_000),
		} {
			all = append(all, touch(t, s.URL(), text))
		}
		for i := range 20 {
			want := fmt.Sprint("good ", i)
			send(t, a, []byte(want))
			if f := recv(t, b); string(f) != want {
				t.Errorf("the good peer got %q, want %q", f, want)
			}
		}
		for _, r := range all {
			if said := r.end(); strings.Contains(said, "good") {
				t.Errorf("a stranger got %q", said)
			}
		}
		if n := strings.Count(log.all(), "refused"); n < 200 {
			t.Errorf("%d strangers were logged of %d:\n%.1000s", n, len(all), log.all())
		}
		if len(got) > 0 {
			t.Error("a stranger became a peer")
		}
	})
}

// The connections that may wait are bounded, and those that do not are closed at once: the oldest of the busiest address.
func TestTooManyStrangers(t *testing.T) {
	overTCP(t, func(t *testing.T, url string) {
		var log logged
		cfg := Config{Strangers: 5, Handshake: time.Minute, Log: log.log}
		s, got := open(t, url, cfg)
		s.strangers.mu.Lock()
		s.strangers.grace = 20 * time.Millisecond
		s.strangers.mu.Unlock()
		var silent []*raw
		for range 20 {
			silent = append(silent, touch(t, s.URL(), ""))
		}
		for _, r := range silent[:15] {
			r.end()
		}
		a, _ := dial(t, s.URL(), cfg)
		b := <-got
		b.Admit()
		for range 10 {
			touch(t, s.URL(), "")
		}
		for _, r := range silent[15:] {
			r.end()
		}
		send(t, a, []byte("still here"))
		if f := recv(t, b); string(f) != "still here" {
			t.Errorf("the admitted peer got %q", f)
		}
		// One that was greeted and then says nothing goes in its turn, too, unless it has shown a certificate.
		late, _ := dial(t, s.URL(), cfg)
		there := <-got
		for range 10 {
			touch(t, s.URL(), "")
		}
		if strings.HasPrefix(url, "tls") || strings.HasPrefix(url, "wss") {
			send(t, late, []byte("me too"))
			if f := recv(t, there); string(f) != "me too" {
				t.Errorf("the one with a certificate got %q", f)
			}
			return
		}
		if _, err := late.Recv(); !errors.Is(err, ErrGone) {
			t.Errorf("the end is %v, want ErrGone", err)
		}
		if _, err := there.Recv(); !errors.Is(err, errCrowded) {
			t.Errorf("the end is %v, want %v", err, errCrowded)
		}
		if !strings.Contains(log.all(), errCrowded.Error()) {
			t.Errorf("the log does not say why:\n%s", log.all())
		}
	})
}

// upgraded asks for a WebSocket as a stranger does.
func upgraded(t *testing.T, url string) *raw {
	t.Helper()
	r := touch(t, url, "GET /tasks HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: pair1.sp.nanomsg.org\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(r.conn, answer); err != nil || string(answer) != "HTTP/1.1 101" {
		t.Fatalf("the answer is %q, %v", answer, err)
	}
	return r
}

// masked is a WebSocket frame of a client, whose mask is 0.
func masked(opcode byte, data []byte) []byte {
	if len(data) < 126 {
		return append([]byte{opcode, 0x80 | byte(len(data)), 0, 0, 0, 0}, data...)
	}
	b := binary.BigEndian.AppendUint64([]byte{opcode, 0xff}, uint64(len(data)))
	return append(append(b, 0, 0, 0, 0), data...)
}

// What a WebSocket client must not do ends its connection, with no more memory than a stranger may use.
func TestGarbageInWebSocket(t *testing.T) {
	const text, frame, continuation, ping = 0x81, 0x82, 0x00, 0x89
	const first = 0x02 // of several
	for name, do := range map[string]func(r *raw){
		"a long frame":      func(r *raw) { r.write(masked(frame, make([]byte, strangerLimit+100))) },
		"length of 2^63":    func(r *raw) { r.write([]byte{frame, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) },
		"text":              func(r *raw) { r.write(masked(text, []byte("hello"))) },
		"no hops":           func(r *raw) { r.write(masked(frame, []byte{1})) },
		"without a mask":    func(r *raw) { r.write([]byte{frame, 5, 0, 0, 0, 1, 9}) },
		"a reserved opcode": func(r *raw) { r.write(masked(0x83, []byte{0, 0, 0, 1, 9})) },
		"a message without end": func(r *raw) {
			r.write(masked(first, []byte{0, 0, 0, 1}))
			for range 100 {
				r.write(masked(continuation, make([]byte, 1000)))
			}
		},
		"pings whose answers it does not read": func(r *raw) {
			flood := bytes.Repeat(masked(ping, make([]byte, 125)), 1000)
			for range 1000 {
				if _, err := r.conn.Write(flood); err != nil {
					return
				}
			}
			r.t.Error("it could send 100 MB of pings")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, got := open(t, kinds(t)["ws"], Config{Handshake: time.Minute})
			r := upgraded(t, s.URL())
			p := <-got
			ended := make(chan error, 1)
			go func() { _, err := p.Recv(); ended <- err }()
			do(r)
			if err := <-ended; !errors.Is(err, ErrGone) {
				t.Errorf("the end is %v, want ErrGone", err)
			}
		})
	}
}

type from struct {
	net.Conn
	ip     string
	closed bool
}

func (f *from) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(f.ip)} }
func (f *from) Close() error         { f.closed = true; return nil }

// A flood from one address does not drive out those of others.
func TestFloodOfOneAddress(t *testing.T) {
	var s strangers
	s.init(10)
	s.grace = 0
	good := &from{ip: "192.0.2.1"}
	entered := s.enter(good)
	var flood []*from
	for i := range 1000 {
		f := &from{ip: "2001:db8::2"}
		flood = append(flood, f)
		s.enter(f)
		if i >= 9 && !flood[i-9].closed {
			t.Fatalf("after %d the oldest is still open", i)
		}
	}
	if good.closed || entered.dropped() {
		t.Error("the other address was driven out")
	}
	entered.leave()
	entered.leave()
	if len(s.all) != 9 || len(s.count) != 1 {
		t.Errorf("%d strangers from %d addresses are left, want 9 from 1", len(s.all), len(s.count))
	}
	s.close()
	if s.enter(good) != nil || !flood[999].closed {
		t.Error("the socket is closed and takes strangers")
	}
}

// Whoever has not had its grace stays; the next one waits for that, for one that is admitted, or for the end.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s strangers
		s.init(1)
		start := time.Now()
		first := &from{ip: "192.0.2.1"}
		s.enter(first)
		second := s.enter(&from{ip: "192.0.2.2"})
		if d := time.Since(start); d != grace || !first.closed {
			t.Errorf("the second got in after %v, want %v", d, grace)
		}
		time.AfterFunc(grace/2, second.leave)
		third := s.enter(&from{ip: "192.0.2.3"})
		if d := time.Since(start); d != grace*3/2 || second.dropped() {
			t.Errorf("the third got in after %v, want %v", d, grace*3/2)
		}
		time.AfterFunc(grace/2, s.close)
		if s.enter(&from{}) != nil || third.dropped() {
			t.Error("the socket is closed and took one")
		}
	})
}

// A crowd of daemons gets in, although it is more than may wait.
func TestCrowd(t *testing.T) {
	overTCP(t, func(t *testing.T, url string) {
		served := Config{Strangers: 10, TLS: authority(t).Server(), Peer: func(p *Peer) {
			if f, err := p.Recv(); err == nil {
				p.Admit()
				p.Send(f)
				p.Recv()
			}
		}}
		s, err := Listen(url, served)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.strangers.mu.Lock()
		s.strangers.grace = time.Minute // however busy the machine is
		s.strangers.mu.Unlock()
		creds := client(t, issue(t))
		var crowd sync.WaitGroup
		for range 200 {
			crowd.Go(func() {
				answered := make(chan error, 1)
				d, err := Dial(t.Context(), s.URL(), Config{TLS: creds, Handshake: time.Minute, Peer: func(p *Peer) {
					p.Send([]byte("hello"))
					_, err := p.Recv()
					answered <- err
				}})
				if err != nil {
					t.Error(err)
					return
				}
				defer d.Close()
				if err := <-answered; err != nil {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
	})
}

func TestNeedsTLS(t *testing.T) {
	for _, url := range []string{"tls+tcp://127.0.0.1:0", "wss://127.0.0.1:0"} {
		if _, err := Listen(url, Config{}); err == nil || !strings.Contains(err.Error(), "needs TLS") {
			t.Errorf("Listen(%q) = %v, want that it needs TLS", url, err)
		}
		if _, err := Dial(t.Context(), url, Config{}); err == nil || !strings.Contains(err.Error(), "needs TLS") {
			t.Errorf("Dial(%q) = %v, want that it needs TLS", url, err)
		}
	}
}

// Whoever dials learns what is wrong.
func TestWrongHandshakes(t *testing.T) {
	at := map[string]string{}
	for _, kind := range []string{"tcp", "tls", "ws", "wss"} {
		s, _ := open(t, kinds(t)[kind], Config{})
		_, at[kind], _ = strings.Cut(s.URL(), "://")
	}
	other := client(t, issue(t))
	other.ServerName = "another.host"
	for _, c := range []struct {
		url  string
		tls  *tls.Config
		want string
	}{
		{"tcp://" + at["tls"], nil, "an address of another kind"},
		{"tls+tcp://" + at["tcp"], nil, "does not speak TLS"},
		{"ws://" + strings.TrimSuffix(at["ws"], "/tasks"), nil, "404"},
		{"tcp://" + strings.TrimSuffix(at["ws"], "/tasks"), nil, "an address of another kind"},
		{"tcp://" + at["wss"], nil, "an address of another kind"},
		{"tls+tcp://" + strings.TrimSuffix(at["ws"], "/tasks"), nil, "an address of another kind"},
		{"tls+tcp://" + at["wss"], nil, "an address of another kind"},
		{"ws://" + at["tcp"], nil, "no WebSocket for mirai is there"},
		{"ws://" + at["tls"], nil, "an address of another kind"},
		{"ws://" + at["wss"], nil, "an address of another kind"},
		{"wss://" + at["tcp"], nil, "does not speak TLS"},
		{"wss://" + at["tls"], nil, "no WebSocket for mirai is there"},
		{"wss://" + at["ws"], nil, "an address of another kind"},
		{"tls+tcp://" + at["tls"], other, "not one to trust"},
		{"wss://" + at["wss"], &tls.Config{}, "not one to trust"},
		{"tls+tcp://" + at["tls"], &tls.Config{InsecureSkipVerify: true}, "refuses TLS with this credential"},
		{"wss://" + at["wss"], &tls.Config{InsecureSkipVerify: true}, "refuses TLS with this credential"},
		{"tcp://127.0.0.1", nil, "write tcp://HOST:PORT"},
		{"ws://::1:80", nil, "brackets"},
	} {
		if c.tls == nil {
			c.tls = client(t, issue(t))
		}
		_, err := Dial(t.Context(), c.url, Config{TLS: c.tls, Handshake: 10 * time.Second})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Dial(%q) = %v, want %q", c.url, err, c.want)
		}
	}
}
