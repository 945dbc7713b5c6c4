package sp

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nngPeer is a peer that is not ours: nngcat, or what it would send, by hand, where it is not installed.
type nngPeer struct {
	in  func(n int) string // the next n bytes of text it got
	end func()
}

// nngcat joins url, sends text and shows what it gets.
func nngcat(t *testing.T, url, text string) nngPeer {
	t.Helper()
	program, err := exec.LookPath("nngcat")
	unbuffered, noStdbuf := exec.LookPath("stdbuf") // or what it got would show when it ends
	if err != nil || noStdbuf != nil {
		t.Log("nngcat is not installed (Debian: nng-utils): its bytes are sent by hand")
		r := join(t, url)
		r.send([]byte(text)...)
		return nngPeer{
			in:  func(int) string { f, _ := r.recv(); return string(f) },
			end: func() { r.conn.Close() },
		}
	}
	cmd := exec.CommandContext(t.Context(), unbuffered, "-o0", program, "--pair1", "--dial", strings.Replace(url, "ipc://@", "abstract://", 1), "--data", text, "--ascii")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return nngPeer{
		in:  func(n int) string { b := make([]byte, n); io.ReadFull(out, b); return string(b) },
		end: func() { cmd.Process.Kill(); cmd.Wait() },
	}
}

func TestNngPeers(t *testing.T) {
	urls := kinds(t)
	for _, kind := range []string{"inproc", "tls", "wss"} { // this nngcat has no TLS
		delete(urls, kind)
	}
	if _, err := exec.LookPath("nngcat"); err != nil {
		delete(urls, "ws")
	}
	for kind, url := range urls {
		t.Run(kind, func(t *testing.T) {
			s, got := open(t, url, Config{})
			n := nngcat(t, s.URL(), "hello")
			defer n.end()
			p := <-got
			if f := recv(t, p); string(f) != "hello" {
				t.Errorf("we got %q", f)
			}
			send(t, p, []byte("and hello to you"))
			if in := n.in(16); in != "and hello to you" {
				t.Errorf("it got %q", in)
			}
			n.end()
			if _, err := p.Recv(); !errors.Is(err, ErrGone) {
				t.Errorf("the end is %v, want ErrGone", err)
			}
		})
	}
}

// Garbage from a well-behaved SP peer harms nobody: it is a frame, or the end of that peer.
func TestNngGarbage(t *testing.T) {
	s, got := open(t, "ipc://"+filepath.Join(t.TempDir(), "s"), Config{})
	a, _ := dial(t, s.URL(), Config{})
	b := <-got
	for i, text := range []string{"garbage", strings.Repeat("x", 100_000), "\x01\x14\x18", "\x01\x13", "\x01\x11"} {
		n := nngcat(t, s.URL(), text)
		p := <-got
		if control([]byte(text)) == 0 {
			if f := recv(t, p); string(f) != text {
				t.Errorf("got %q, want %q", f, text)
			}
		}
		n.end()
		if _, err := p.Recv(); !errors.Is(err, ErrGone) {
			t.Errorf("%d: the end is %v, want ErrGone", i, err)
		}
		want := fmt.Sprint("good ", i)
		send(t, a, []byte(want))
		if f := recv(t, b); string(f) != want {
			t.Errorf("the good peer got %q, want %q", f, want)
		}
	}
}

// We can be the one who dials, too.
func TestDialNng(t *testing.T) {
	program, err := exec.LookPath("nngcat")
	if err != nil {
		t.Log("nngcat is not installed: TestNngPeers has its bytes")
		program = ""
	}
	url := "ipc://" + filepath.Join(t.TempDir(), "s")
	if program == "" {
		s, got := open(t, url, Config{})
		r := join(t, s.URL())
		r.send([]byte("from the listener")...)
		if f := recv(t, <-got); string(f) != "from the listener" {
			t.Errorf("got %q", f)
		}
		return
	}
	cmd := exec.Command(program, "--pair1", "--listen", url, "--data", "from the listener", "--delay", "0", "--ascii")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	cfg := Config{}
	got, release := holder(t, &cfg)
	s, err := Dial(t.Context(), url, cfg)
	for err != nil && t.Context().Err() == nil { // until it listens
		s, err = Dial(t.Context(), url, cfg)
	}
	defer s.Close()
	defer release()
	if f := recv(t, <-got); string(f) != "from the listener" {
		t.Errorf("got %q", f)
	}
}
