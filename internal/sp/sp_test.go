package sp

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/mojukapu/mirai/internal/credential"
)

// kinds are the addresses that everything is tried on.
func kinds(t testing.TB) map[string]string {
	all := map[string]string{
		"inproc":   "inproc://" + t.Name(),
		"abstract": "ipc://@sp-test-" + rand.Text(),
		"file":     "ipc://" + filepath.Join(t.TempDir(), "s"),
		"tcp":      "tcp://127.0.0.1:0",
		"tcp6":     "tcp://[::1]:0",
		"tls":      "tls+tcp://127.0.0.1:0",
		"ws":       "ws://127.0.0.1:0/tasks",
		"wss":      "wss://127.0.0.1:0",
	}
	if runtime.GOOS != "linux" {
		all["abstract"] = "ipc://" + filepath.Join(t.TempDir(), "s")
	}
	return all
}

func onEach(t *testing.T, f func(t *testing.T, url string)) {
	for kind, url := range kinds(t) {
		t.Run(kind, func(t *testing.T) { f(t, url) })
	}
}

// ends gives the two ends of a connection, each held open until the test ends.
func ends(t testing.TB, url string, cfg Config) (a, b *Peer) {
	t.Helper()
	listener, got := open(t, url, cfg)
	a, _ = dial(t, listener.URL(), cfg)
	return a, <-got
}

func open(t testing.TB, url string, cfg Config) (*Socket, chan *Peer) {
	t.Helper()
	got, release := holder(t, &cfg)
	if cfg.TLS == nil {
		cfg.TLS = authority(t).Server()
	}
	s, err := Listen(url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { release(); s.Close() })
	return s, got
}

func dial(t testing.TB, url string, cfg Config) (*Peer, *Socket) {
	t.Helper()
	got, release := holder(t, &cfg)
	if cfg.TLS == nil {
		cfg.TLS = client(t, issue(t))
	}
	s, err := Dial(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { release(); s.Close() })
	return <-got, s
}

var newAuthority = sync.OnceValues(func() (*credential.Authority, error) { return credential.New() })

// authority is the one of all tests.
func authority(t testing.TB) *credential.Authority {
	t.Helper()
	a, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t testing.TB) string {
	t.Helper()
	text, err := authority(t).Issue("daemon-7")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func client(t testing.TB, text string) *tls.Config {
	t.Helper()
	cfg, err := credential.Client(text)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// holder makes a Peer func that hands the peer over, admitted, and keeps it until release.
func holder(t testing.TB, cfg *Config) (chan *Peer, func()) {
	got, held := make(chan *Peer, 1000), make(chan struct{})
	cfg.Peer = func(p *Peer) {
		if cfg.Handshake == 0 {
			p.Admit()
		}
		got <- p
		<-held
	}
	return got, func() { close(held) }
}

func recv(t testing.TB, p *Peer) []byte {
	t.Helper()
	f, err := p.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func send(t testing.TB, p *Peer, f []byte) {
	t.Helper()
	if err := p.Send(f); err != nil {
		t.Fatal(err)
	}
}

func numbered(i, size int) []byte {
	f := make([]byte, max(size, 6))
	f[0], f[1] = 1, 0
	binary.BigEndian.PutUint32(f[2:], uint32(i))
	for j := 6; j < len(f); j++ {
		f[j] = byte(i + j)
	}
	return f
}

func TestOrder(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		a, b := ends(t, url, Config{})
		sizes := []int{0, 100, 5000, Copied, Copied + 1, 70_000, chunkAbove, 13, 4096, 65_000}
		const n = 2000
		go func() {
			for i := range n {
				if i%3 == 0 {
					a.Post(numbered(i, sizes[i%len(sizes)]))
				} else {
					a.Send(numbered(i, sizes[i%len(sizes)]))
				}
			}
			a.Flush()
		}()
		for i := range n {
			if got, want := recv(t, b), numbered(i, sizes[i%len(sizes)]); !bytes.Equal(got, want) {
				t.Fatalf("frame %d: got %d bytes % x, want %d bytes", i, len(got), got[:6], len(want))
			}
		}
	})
}

func TestEcho(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		a, b := ends(t, url, Config{})
		go func() {
			for {
				f, err := b.Recv()
				if err != nil {
					return
				}
				b.Send(f)
			}
		}()
		for _, size := range []int{6, 7, 100, 64 << 10, 256 << 10, 256<<10 + 1, 3 << 20, 50 << 20} {
			want := numbered(size, size)
			send(t, a, want)
			if got := recv(t, a); !bytes.Equal(got, want) {
				t.Fatalf("%d bytes came back as %d others", len(want), len(got))
			}
		}
	})
}

func TestByeLosesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		a, b := ends(t, url, Config{})
		const n = 1000
		for i := range n {
			send(t, a, numbered(i, 50_000))
		}
		send(t, a, numbered(n, 5<<20))
		said := make(chan error, 1)
		go func() { said <- a.Bye(context.Background()) }()
		got := 0
		for {
			f, err := b.Recv()
			if err != nil {
				if !errors.Is(err, ErrBye) {
					t.Errorf("the end is %v, want ErrBye", err)
				}
				break
			}
			if len(f) == 0 {
				t.Error("empty frame")
			}
			got++
		}
		if got != n+1 {
			t.Errorf("%d frames came, want %d", got, n+1)
		}
		if err := <-said; err != nil {
			t.Errorf("Bye: %v", err)
		}
		if err := a.Send([]byte("x")); !errors.Is(err, ErrGone) {
			t.Errorf("Send after Bye: %v, want ErrGone", err)
		}
	})
}

// An address that is listened at is one to dial, with the port that was picked.
func TestURLs(t *testing.T) {
	name := "sp-test-" + rand.Text()
	for _, c := range []struct{ url, want, dial string }{
		{"tcp://127.0.0.1:0", `tcp://127\.0\.0\.1:\d{2,}`, ""},
		{"tls+tcp://[::1]:0", `tls\+tcp://\[::1\]:\d{2,}`, ""},
		{"ws://127.0.0.1:0", `ws://127\.0\.0\.1:\d{2,}`, ""},
		{"ws://localhost:0/a/b/", `ws://(127\.0\.0\.1|\[::1\]):\d{2,}/a/b/`, ""},
		{"wss://[::1]:0/", `wss://\[::1\]:\d{2,}`, ""},
		{"tcp://*:0", `tcp://\[::\]:\d{2,}`, ""},
		{"abstract://" + name, "abstract://" + name, "ipc://@" + name},
		{"ipc://@" + name, "ipc://@" + name, "abstract://" + name},
	} {
		t.Run(c.url, func(t *testing.T) {
			if runtime.GOOS != "linux" && strings.Contains(c.url, name) {
				t.Skip("abstract sockets are Linux'")
			}
			s, got := open(t, c.url, Config{})
			if !regexp.MustCompile("^" + c.want + "$").MatchString(s.URL()) {
				t.Errorf("URL() = %q, want %q", s.URL(), c.want)
			}
			if c.dial == "" {
				c.dial = s.URL()
			}
			a, _ := dial(t, c.dial, Config{})
			send(t, a, []byte("x"))
			if f := recv(t, <-got); string(f) != "x" {
				t.Errorf("got %q", f)
			}
		})
	}
}
