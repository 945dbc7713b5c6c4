package sp

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// What a peer sent before it ended is given before the end.
func TestUpMessagesDown(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		log := make(chan string, 100)
		s, err := Listen(url, Config{TLS: authority(t).Server(), Peer: func(p *Peer) {
			log <- "up"
			p.Admit()
			for {
				f, err := p.Recv()
				if err != nil {
					log <- "down"
					return
				}
				log <- string(f)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		d, err := Dial(t.Context(), s.URL(), Config{TLS: client(t, issue(t)), Peer: func(p *Peer) {
			for _, f := range []string{"a", "b", "c"} {
				p.Send([]byte(f))
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, want := range []string{"up", "a", "b", "c", "down"} {
			if got := <-log; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
}

func TestKilledPeer(t *testing.T) {
	for kind, remote := range map[string]string{"abstract": "ipc pid ", "file": "ipc pid ", "tcp": "tcp 127.0.0.1:", "tls": "(daemon-7)", "ws": "ws 127.0.0.1:", "wss": "(daemon-7)"} {
		t.Run(kind, func(t *testing.T) {
			p, cmd := spawn(t, "echo", kinds(t)[kind])
			if runtime.GOOS == "linux" && !strings.Contains(p.Remote(), remote) {
				t.Errorf("remote is %q, want %q", p.Remote(), remote)
			}
			send(t, p, []byte("x"))
			recv(t, p)
			cmd.Process.Kill()
			if _, err := p.Recv(); !errors.Is(err, ErrGone) || !errors.Is(p.Err(), ErrGone) {
				t.Errorf("Recv: %v, want ErrGone", err)
			}
			if err := p.Send([]byte("x")); !errors.Is(err, ErrGone) {
				t.Errorf("Send: %v, want ErrGone", err)
			}
		})
	}
}

// What a killed peer sent is not lost when sending to it fails first.
func TestResultsOutliveTheirSender(t *testing.T) {
	a, b := ends(t, kinds(t)["abstract"], Config{})
	send(t, a, []byte("result"))
	a.Close()
	for b.Send([]byte("task")) == nil {
	}
	if f := recv(t, b); string(f) != "result" {
		t.Errorf("got %q", f)
	}
}

func TestSmallOvertakesBig(t *testing.T) {
	for _, kind := range []string{"abstract", "tcp", "tls", "ws", "wss"} {
		t.Run(kind, func(t *testing.T) {
			a, b := ends(t, kinds(t)[kind], Config{})
			const n = 6
			for i := range n {
				send(t, a, numbered(i, 6<<20+i))
			}
			send(t, a, []byte("cancel"))
			var order []int
			for range n + 1 {
				f := recv(t, b)
				if string(f) == "cancel" {
					order = append(order, -1)
					continue
				}
				i := len(f) - 6<<20
				order = append(order, i)
				for j := 6; j < len(f); j += 4093 {
					if f[j] != byte(i+j) {
						t.Fatalf("frame %d is damaged at %d", i, j)
					}
				}
			}
			if order[0] != -1 {
				t.Errorf("frames came in the order %v, the small one (-1) should be first", order)
			}
		})
	}
}

// Senders on many goroutines each keep their order.
func TestManySenders(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		a, b := ends(t, url, Config{})
		const senders, n = 8, 500
		var wg sync.WaitGroup
		for s := range senders {
			wg.Go(func() {
				for i := range n {
					f := numbered(i, 20+1000*s*s)
					f[1] = byte(20 + s) // just past the kinds of control frames, but for the first
					if s == 0 {
						f[1] = 0
					}
					a.Send(f)
				}
			})
		}
		next := map[byte]int{}
		for range senders * n {
			f := recv(t, b)
			want := numbered(next[f[1]], 6)
			if string(f[2:6]) != string(want[2:6]) {
				t.Fatalf("sender %d: got % x, want % x", f[1], f[2:6], want[2:6])
			}
			next[f[1]]++
		}
		wg.Wait()
	})
}

func TestFramesAreOnesOwn(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		a, b := ends(t, url, Config{})
		frame := []byte("mine")
		for size := range 40 {
			send(t, a, make([]byte, size))
			if f := recv(t, b); len(f) > 0 && uintptr(unsafe.Pointer(&f[0]))%8 != 0 {
				t.Errorf("a frame of %d bytes is not aligned", size)
			}
		}
		send(t, a, frame)
		copy(frame, "copy") // small frames are free again
		f := recv(t, b)
		copy(frame, "????")
		if string(f) != "mine" {
			t.Errorf("got %q, want what was sent", f)
		}
	})
}

func TestPostGoesOutWhenTheReaderWaits(t *testing.T) {
	a, b := ends(t, kinds(t)["abstract"], Config{})
	if err := a.Post([]byte("posted")); err != nil {
		t.Fatal(err)
	}
	if a.SendQueued() == 0 {
		t.Error("it was sent at once")
	}
	go a.Recv()
	if f := recv(t, b); string(f) != "posted" {
		t.Errorf("got %q", f)
	}
}

func TestByes(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		a, b := ends(t, url, Config{})
		send(t, a, []byte("x"))
		recv(t, b)
		both := make(chan error, 2)
		for _, p := range []*Peer{a, b} {
			go func() { both <- p.Bye(t.Context()) }()
		}
		for range 2 {
			if err := <-both; err != nil {
				t.Errorf("Bye on both sides: %v", err)
			}
		}
	})
	t.Run("nobody answers", func(t *testing.T) {
		s, got := open(t, kinds(t)["tcp"], Config{})
		join(t, s.URL())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := (<-got).Bye(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrGone) {
			t.Errorf("Bye: %v, want the end of its context", err)
		}
	})
}

func TestDialErrors(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for url, want := range map[string]string{
		"tcp://" + mute.Addr().String(): "deadline exceeded",
		"tcp://127.0.0.1:1":             "refused",
		"ipc:///nonexistent/s":          "no such file",
		"inproc://nobody":               "nobody listens",
		"http://example.org":            "write ipc://",
		"127.0.0.1:80":                  "write ipc://",
	} {
		ctx := t.Context()
		if strings.Contains(want, "deadline") {
			c, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			ctx = c
		}
		if _, err := Dial(ctx, url, Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Dial(%q) = %v, want %q", url, err, want)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		s, _ := open(t, url, Config{})
		if again, err := Listen(s.URL(), Config{TLS: authority(t).Server()}); err == nil {
			again.Close()
			t.Errorf("a second Listen(%q) succeeded", s.URL())
		}
	})
	t.Run("left behind", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "s")
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
		open(t, "ipc://"+path, Config{})
	})
}

func TestLocalURL(t *testing.T) {
	url, cleanup, err := LocalURL()
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	a, b := ends(t, url, Config{})
	send(t, a, []byte("x"))
	recv(t, b)
}

// Connections under way when a socket closes are closed too, and Close returns.
func TestCloseWhileConnecting(t *testing.T) {
	onEach(t, func(t *testing.T, url string) {
		creds := client(t, issue(t))
		for range 30 {
			s, err := Listen(url, Config{TLS: authority(t).Server(), Peer: func(p *Peer) { p.Recv() }})
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					d, err := Dial(t.Context(), s.URL(), Config{TLS: creds, Peer: func(p *Peer) { p.Recv() }})
					if err == nil {
						d.Close()
					}
				})
			}
			s.Close()
			wg.Wait()
		}
	})
}

// exhausted is a listener of a process without file descriptors.
type exhausted struct {
	net.Listener
	tries int
}

func (e *exhausted) Accept() (net.Conn, error) {
	if e.tries++; e.tries > 20 {
		return nil, net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
}

func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{l: &exhausted{}, queue: newQueue(nil)}
		l.tasks.Add(1)
		start := time.Now()
		l.accept()
		if d := time.Since(start); d < 10*time.Second || d > 20*time.Second {
			t.Errorf("20 failures took %v: want pauses that grow to a second", d)
		}
	})
}
