package daemon_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/internal/credential"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/launch"
)

// host listens with TLS; up tells of each daemon that has joined, log of who was refused.
func host(t *testing.T, url string) (d *dispatch.Dispatcher, a *credential.Authority, up chan *dispatch.Daemon, log chan string) {
	t.Helper()
	a, err := credential.New()
	if err != nil {
		t.Fatal(err)
	}
	up, log = make(chan *dispatch.Daemon, 10), make(chan string, 100)
	d, err = dispatch.New(dispatch.Config{
		URL: url, TLS: a.Server(), Heartbeat: 10 * time.Second,
		Admit: func(h wire.HelloBody) (any, error) { return nil, nil },
		Up:    func(d *dispatch.Daemon) { up <- d },
		Gone:  func(*dispatch.Daemon, error) string { return "" },
		Log:   func(format string, args ...any) { log <- format },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, a, up, log
}

// TestOnlyWithCredential: over TLS a daemon with the host's credential joins, wherever it has it from; nobody else does.
func TestOnlyWithCredential(t *testing.T) {
	for _, url := range []string{"tls+tcp://127.0.0.1:0", "wss://127.0.0.1:0/tasks"} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		d, a, up, log := host(t, url)
		text, err := a.Issue("daemon-1")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "credential")
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, s := range []launch.Settings{{URL: d.URL(), Credential: text}, {URL: d.URL(), CredentialFile: file}} {
			run, leave := context.WithCancel(ctx)
			code := make(chan int, 1)
			go func() {
				c, _ := daemon.Run(run, s, daemon.Config{})
				code <- c
			}()
			select {
			case <-up:
			case <-ctx.Done():
				t.Fatalf("%s: the daemon did not join", url)
			}
			leave()
			if c := <-code; c != daemon.ExitGone {
				t.Errorf("%s: the daemon left with %d", url, c)
			}
		}
		other, err := credential.New()
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := other.Issue("daemon-2")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			s    launch.Settings
			code int
			want string
		}{
			{launch.Settings{URL: d.URL()}, daemon.ExitUsage, "needs a credential"},
			{launch.Settings{URL: d.URL(), Credential: "abc"}, daemon.ExitUsage, "give the text that the host issued"},
			{launch.Settings{URL: d.URL(), CredentialFile: file + "x"}, daemon.ExitUsage, "no such file"},
			{launch.Settings{URL: d.URL(), Credential: foreign}, daemon.ExitConnect, "certificate is not one to trust"},
			{launch.Settings{URL: "tcp" + d.URL()[strings.Index(d.URL(), "://"):]}, daemon.ExitConnect, "cannot reach the host"},
		} {
			code, err := daemon.Run(ctx, c.s, daemon.Config{})
			if code != c.code || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("a daemon with %+v: %d, %v, want %d, %q", c.s, code, err, c.code, c.want)
			}
		}
		if len(up) > 0 {
			t.Errorf("%s: a stranger joined", url)
		}
		select {
		case <-log:
		case <-ctx.Done():
			t.Errorf("%s: nobody was told of the strangers", url)
		}
	}
}
