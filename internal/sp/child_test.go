package sp

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/internal/credential"
)

// The test binary is also the other process: SP_CHILD says what it does at SP_URL.
func TestMain(m *testing.M) {
	if role := os.Getenv("SP_CHILD"); role != "" {
		child(role, os.Getenv("SP_URL"))
		os.Exit(0)
	}
	code := m.Run()
	if left := leaked(); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines are left over:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked gives the goroutines of this package or mangos that stay, after a while for those that are about to end.
func leaked() string {
	for deadline := time.Now().Add(5 * time.Second); ; runtime.Gosched() {
		buf := make([]byte, 1<<20)
		var left []string
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")[1:] {
			if strings.Contains(g, "internal/sp.") || strings.Contains(g, "mangos") {
				left = append(left, g)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

func child(role, url string) {
	if role == "bare" {
		conn, err := net.Dial("unix", url)
		if err != nil {
			panic(err)
		}
		io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
		return
	}
	if role == "strangers" {
		strangersFor(url)
		return
	}
	done := make(chan struct{})
	creds, err := credential.Client(os.Getenv("SP_CREDENTIAL"))
	if err != nil {
		panic(err)
	}
	if url == "-" {
		fmt.Scanln(&url)
	}
	heartbeat, _ := time.ParseDuration(os.Getenv("SP_HEARTBEAT"))
	_, err = Dial(context.Background(), url, Config{TLS: creds, Heartbeat: heartbeat, Peer: func(p *Peer) {
		defer close(done)
		p.Admit()
		roles[role](p)
	}})
	if err != nil {
		panic(err)
	}
	<-done
}

// strangersFor keeps 200 silent connections to url open, and makes a thousand more a second: with garbage, a length beyond all
// bounds, a TLS handshake without a certificate. It ends when url does.
func strangersFor(url string) {
	_, rest, _ := strings.Cut(url, "://")
	address, _, _ := strings.Cut(rest, "/")
	for range 200 {
		if _, err := net.Dial("tcp", address); err != nil {
			panic(err)
		}
	}
	fmt.Println("here")
	for i := range time.Tick(time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		switch i.UnixMilli() % 4 {
		case 0:
			conn.Write([]byte(strings.Repeat("\xff", 10_000)))
		case 1:
			conn.Write([]byte("\x00SP\x00\x00\x11\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x01"))
		case 2:
			conn.SetDeadline(time.Now().Add(time.Second))
			tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
		case 3:
			conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		}
		conn.Close()
	}
}

var roles = map[string]func(p *Peer){
	"echo": func(p *Peer) {
		for {
			f, err := p.Recv()
			if err != nil || p.Send(f) != nil {
				return
			}
		}
	},
	"echo-post": func(p *Peer) {
		for {
			f, err := p.Recv()
			if err != nil || p.Post(f) != nil {
				return
			}
		}
	},
	// count answers the frame that is marked as the last.
	"count": func(p *Peer) {
		for {
			f, err := p.Recv()
			if err != nil {
				return
			}
			if f[1] == 2 {
				p.Send(f[:2])
			}
		}
	},
}

// spawn starts the other process and gives the connection to it.
func spawn(t testing.TB, role, url string) (*Peer, *exec.Cmd) {
	t.Helper()
	return spawnWith(t, role, url, Config{})
}

func spawnWith(t testing.TB, role, url string, cfg Config) (*Peer, *exec.Cmd) {
	t.Helper()
	s, got := open(t, url, cfg)
	cmd := start(t, role, s.URL())
	return <-got, cmd
}

func start(t testing.TB, role, url string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SP_CHILD="+role, "SP_URL="+url, "SP_CREDENTIAL="+issue(t))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}
