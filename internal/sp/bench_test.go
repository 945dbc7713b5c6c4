package sp

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

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
	for _, kind := range []string{"abstract", "tcp", "tls", "ws", "wss"} {
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

// BenchmarkLayers is what TLS and WebSocket cost: round trips of both in turn, so that a busy machine is busy for both.
func BenchmarkLayers(b *testing.B) {
	const block = 500
	for _, kind := range []string{"tls", "ws", "wss"} {
		b.Run(kind, func(b *testing.B) {
			below, _ := spawn(b, "echo", kinds(b)["tcp"])
			above, _ := spawn(b, "echo", kinds(b)[kind])
			frame := numbered(1, 100)
			var took [2][]time.Duration
			for i := 0; b.Loop(); i++ {
				which := i / block % 2
				p := []*Peer{below, above}[which]
				t := time.Now()
				p.Send(frame)
				if _, err := p.Recv(); err != nil {
					b.Fatal(err)
				}
				took[which] = append(took[which], time.Since(t))
			}
			if len(took[1]) == 0 {
				b.Fatalf("too few: -benchtime must be %dx at least", 2*block)
			}
			slices.Sort(took[0])
			slices.Sort(took[1])
			tcp, layered := took[0][len(took[0])/2], took[1][len(took[1])/2]
			b.ReportMetric(float64(tcp.Nanoseconds())/1e3, "tcp-p50-us")
			b.ReportMetric(float64(layered.Nanoseconds())/1e3, "p50-us")
			b.ReportMetric(float64(layered)/float64(tcp), "x-tcp")
		})
	}
}

// BenchmarkAmongStrangers is an admitted peer's round trip, alone and while strangers are at the port.
func BenchmarkAmongStrangers(b *testing.B) {
	for _, kind := range []string{"tcp", "tls", "ws", "wss"} {
		for _, strangers := range []bool{false, true} {
			b.Run(fmt.Sprint(kind, "/strangers=", strangers), func(b *testing.B) {
				s, got := open(b, kinds(b)[kind], Config{Handshake: 10 * time.Second})
				start(b, "echo", s.URL())
				p := <-got
				p.Admit()
				if strangers {
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), "SP_CHILD=strangers", "SP_URL="+s.URL())
					out, err := cmd.StdoutPipe()
					if err == nil {
						err = cmd.Start()
					}
					if err != nil {
						b.Fatal(err)
					}
					defer func() { cmd.Process.Kill(); cmd.Wait() }()
					out.Read(make([]byte, 1))
				}
				roundTrips(b, p, numbered(1, 100))
			})
		}
	}
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
		for _, kind := range []string{"abstract", "tcp", "tls", "ws"} {
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
	for _, kind := range []string{"abstract", "tcp", "tls", "ws", "wss", "inproc"} {
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
