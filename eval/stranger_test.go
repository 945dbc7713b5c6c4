package eval_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/internal/wire"
)

// TestStranger: who cannot show a token of a launch gets nothing, is logged, and disturbs nobody.
func TestStranger(t *testing.T) {
	ctx := soon(t)
	var log safeBuffer
	p := open(t, eval.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	hello, err := wire.AppendHello(nil, wire.HelloBody{Token: "guessed", PID: 1, Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	for name, frame := range map[string][]byte{
		"a wrong token":   hello,
		"garbage":         []byte("GET / HTTP/1.1\r\n\r\n"),
		"a short frame":   {1},
		"a result":        wire.AppendHeader(nil, wire.Header{Kind: wire.Done, Task: 1, Attempt: 1}),
		"another version": append([]byte{9}, hello[1:]...),
	} {
		answer := make(chan error, 1)
		s, err := sp.Dial(ctx, p.Status().URL, sp.Config{Peer: func(peer *sp.Peer) {
			peer.Send(frame)
			got, err := peer.Recv()
			if err == nil {
				t.Errorf("%s was answered with % x", name, got)
			}
			answer <- err
		}})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-answer:
		case <-ctx.Done():
			t.Fatalf("%s: the stranger was not sent away", name)
		}
		s.Close()
		if v, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); v != int64(1) || err != nil {
			t.Errorf("after %s a task gives %v, %v", name, v, err)
		}
	}
	for !strings.Contains(log.String(), "token") || strings.Count(log.String(), "refused") < 5 {
		if ctx.Err() != nil {
			t.Fatalf("the log does not tell of all strangers:\n%s", log.String())
		}
	}
	if n := p.Status().Cumulative; n != 1 {
		t.Errorf("%d daemons have connected, want 1", n)
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
