package sp

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
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
	done := make(chan struct{})
	_, err := Dial(context.Background(), url, Config{Peer: func(p *Peer) {
		defer close(done)
		p.Admit()
		roles[role](p)
	}})
	if err != nil {
		panic(err)
	}
	<-done
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
	cmd.Env = append(os.Environ(), "SP_CHILD="+role, "SP_URL="+url)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// quantiles reports the median beside the mean: the first is what a quiet machine gives.
func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-us")
}

func BenchmarkRoundTrip(b *testing.B) {
	frame := numbered(1, 100)
	b.Run("bare", func(b *testing.B) {
		name := fmt.Sprint("@sp-bare-", time.Now().UnixNano())
		l, err := net.Listen("unix", name)
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		start(b, "bare", name)
		conn, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		took := make([]time.Duration, 0, b.N)
		buf := make([]byte, 4096)
		for b.Loop() {
			t := time.Now()
			conn.Write(frame)
			conn.Read(buf)
			took = append(took, time.Since(t))
		}
		quantiles(b, took)
	})
	for _, kind := range []string{"abstract", "tcp"} {
		b.Run(kind, func(b *testing.B) {
			p, _ := spawn(b, "echo", kinds(b)[kind])
			roundTrips(b, p, frame)
		})
	}
	b.Run("inproc", func(b *testing.B) {
		p, q := ends(b, kinds(b)["inproc"], Config{})
		go roles["echo"](q)
		roundTrips(b, p, frame)
	})
}

func roundTrips(b *testing.B, p *Peer, frame []byte) {
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		t := time.Now()
		p.Send(frame)
		if _, err := p.Recv(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(t))
	}
	quantiles(b, took)
	b.ReportAllocs()
}

// BenchmarkWindow keeps frames under way, as a dispatcher with prefetch does.
func BenchmarkWindow(b *testing.B) {
	for _, window := range []int{2, 16, 64} {
		for _, how := range []string{"echo", "echo-post"} {
			b.Run(fmt.Sprint(how, window), func(b *testing.B) {
				p, _ := spawn(b, how, kinds(b)["abstract"])
				out := p.Send
				if how == "echo-post" {
					out = p.Post
				}
				frame := numbered(1, 100)
				for range window {
					out(frame)
				}
				p.Flush()
				for b.Loop() {
					if _, err := p.Recv(); err != nil {
						b.Fatal(err)
					}
					out(frame)
				}
				b.ReportAllocs()
			})
		}
	}
}

func BenchmarkOneWay(b *testing.B) {
	for _, how := range []string{"send", "post"} {
		for _, kind := range []string{"abstract", "tcp"} {
			b.Run(how+"/"+kind, func(b *testing.B) {
				p, _ := spawn(b, "count", kinds(b)[kind])
				out := p.Send
				if how == "post" {
					out = p.Post
				}
				frame := numbered(1, 100)
				for b.Loop() {
					out(frame)
				}
				p.Send([]byte{1, 2})
				p.Recv()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
				b.ReportAllocs()
			})
		}
	}
}

func BenchmarkBig(b *testing.B) {
	const size = 100 << 20
	for _, kind := range []string{"abstract", "tcp", "inproc"} {
		b.Run(kind, func(b *testing.B) {
			var p *Peer
			if kind == "inproc" {
				var q *Peer
				p, q = ends(b, kinds(b)[kind], Config{})
				go roles["count"](q)
			} else {
				p, _ = spawn(b, "count", kinds(b)[kind])
			}
			frame := make([]byte, size)
			for i := range frame {
				frame[i] = byte(i)
			}
			binary.BigEndian.PutUint16(frame, 0x0102)
			b.SetBytes(size)
			for b.Loop() {
				p.Send(frame)
				if _, err := p.Recv(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
