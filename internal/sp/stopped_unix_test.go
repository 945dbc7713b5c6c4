//go:build unix

package sp

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A process that hangs is noticed by its silence, and holds up nobody until then.
func TestStoppedPeer(t *testing.T) {
	for _, kind := range []string{"abstract", "tcp", "tls", "ws", "wss"} {
		t.Run(kind, func(t *testing.T) {
			p, cmd := spawnWith(t, "echo", kinds(t)[kind], Config{Heartbeat: 100 * time.Millisecond})
			send(t, p, []byte("x"))
			recv(t, p)
			cmd.Process.Signal(syscall.SIGSTOP)
			big, sent := make([]byte, 20<<20), 0
			for range 5 {
				send(t, p, make([]byte, 50_000)) // would block here if Send could
				send(t, p, big)
				sent += 50_000 + len(big)
			}
			if q := p.SendQueued(); q < sent/2 || q > sent+sent/100 {
				t.Errorf("%d bytes queued of %d", q, sent)
			}
			_, err := p.Recv()
			for err == nil { // it stops a little after the signal
				_, err = p.Recv()
			}
			if !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "silent for 300ms") {
				t.Errorf("Recv: %v, want silence", err)
			}
			if err := p.Send(nil); !errors.Is(err, ErrGone) {
				t.Errorf("Send: %v, want ErrGone", err)
			}
		})
	}
}
