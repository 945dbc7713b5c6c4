package eval_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// here starts daemons as any command could elsewhere.
var here = launch.Remote{Command: "env", Program: os.Args[0]}

// TestListen: a profile with an address waits for nobody, tells its real port, and keeps its counters.
func TestListen(t *testing.T) {
	for _, url := range []string{"tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp://localhost:0", "tls+tcp://127.0.0.1:0", "tls+tcp://*:0",
		"ws://127.0.0.1:0/mirai", "wss://0.0.0.0:0/mirai", "abstract://" + rand.Text(), "ipc://" + filepath.Join(t.TempDir(), "s")} {
		t.Run(url, func(t *testing.T) {
			if strings.HasPrefix(url, "abstract") && runtime.GOOS != "linux" {
				t.Skip("Linux alone has such sockets")
			}
			ctx := soon(t)
			p := open(t, eval.Config{URL: url})
			s := p.Status()
			if s.Connections != 0 || s.Cumulative != 0 || strings.Contains(s.URL, ":0") {
				t.Errorf("the status is %+v", s)
			}
			f := p.Go(ctx, eval.Task{Source: "1 + 1"})
			if commands, err := p.Launch(ctx, 1, nil); commands != nil || err != nil {
				t.Fatalf("Launch() = %q, %v", commands, err)
			}
			if v, err := f.Get(ctx); v != int64(2) || err != nil {
				t.Errorf("Get() = %v, %v, want 2", v, err)
			}
		})
	}
	p := open(t, eval.Config{URL: "inproc://" + t.Name(), Daemons: 2, InProcess: daemon.InProcess})
	if s := p.Status(); s.Connections != 2 || s.URL != "inproc://"+t.Name() {
		t.Errorf("the status is %+v", s)
	}
}

// TestListenRefused: what other machines could reach without TLS must be asked for by name.
func TestListenRefused(t *testing.T) {
	for want, cfg := range map[string]eval.Config{
		"write tls+tcp://0.0.0.0:0, or say tls: false": {URL: "tcp://0.0.0.0:0"},
		"write tls+tcp://*:0, or":                      {URL: "tcp://*:0"},
		"write wss://192.0.2.1:80/x, or":               {URL: "ws://192.0.2.1:80/x"},
		`the url is "here": write tcp://HOST:PORT`:     {URL: "here"},
		"cannot listen for daemons":                    {URL: "carrier://pigeon"},
		"no other process can reach inproc://x":        {URL: "inproc://x", Daemons: 1},
		"without a command starts nothing":             {URL: "tcp://127.0.0.1:0", Launcher: launch.Remote{}},
		"the profile listens without TLS":              {TLS: &eval.TLS{Cert: "cert.pem"}, Daemons: 1},
		"give a url, tls+tcp://HOST:PORT":              {URL: "tcp://127.0.0.1:0", TLS: &eval.TLS{Cert: "cert.pem"}},
		"tls gives key or ca":                          {URL: "tls+tcp://127.0.0.1:0", TLS: &eval.TLS{CA: "ca.pem"}},
		"leave out the url tcp://127.0.0.1:0, or sync": {URL: "tcp://127.0.0.1:0", Sync: true, InProcess: daemon.InProcess},
	} {
		p, err := eval.New(soon(t), cfg)
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New() with %+v: %v, want %q", cfg, err, want)
		}
	}
	ctx := soon(t)
	taken := open(t, eval.Config{URL: "tcp://127.0.0.1:0"}).Status().URL
	if _, err := eval.New(ctx, eval.Config{URL: taken}); err == nil || !strings.Contains(err.Error(), "or port 0 for any free one") {
		t.Errorf("New() at %s again: %v", taken, err)
	}
	p := open(t, eval.Config{URL: "tcp://0.0.0.0:0", TLS: &eval.TLS{None: true}, Daemons: 1})
	if v, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); v != int64(1) || err != nil {
		t.Errorf("Get() = %v, %v, want 1", v, err)
	}
}

// TestLaunch: daemons by any command, beside local ones; what is lost is told and not replaced.
func TestLaunch(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{URL: "tcp://127.0.0.1:0", Daemons: 2, Launcher: here})
	for p.Status().Connections < 2 { // the commands have begun well; each connects soon
		if ctx.Err() != nil {
			t.Fatal("they do not connect")
		}
	}
	lost := p.Go(ctx, eval.Task{Source: "for (;;);"})
	for len(p.Running()) == 0 {
		if ctx.Err() != nil {
			t.Fatal("it does not run")
		}
	}
	if killed, err := os.FindProcess(p.Running()[0].PID); err != nil || killed.Kill() != nil {
		t.Fatal("it cannot be killed")
	}
	if _, err := lost.Get(ctx); !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("Get() = %v, want how the command ended", err)
	}
	commands, err := p.Launch(ctx, 1, here)
	if err != nil || len(commands) != 1 || !strings.HasPrefix(commands[0], "env env MIRAI_DAEMON=- ") || !strings.Contains(commands[0], "--token=***") {
		t.Errorf("Launch() = %q, %v, want the command, masked", commands, err)
	}
	if n := p.Status().Cumulative; n != 3 {
		t.Errorf("%d daemons have connected, want 3", n)
	}
	if _, err := p.Launch(ctx, 0, nil); err == nil || !strings.Contains(err.Error(), "the number must be one or greater") {
		t.Errorf("Launch() of none: %v", err)
	}
	sync := open(t, eval.Config{Sync: true, InProcess: daemon.InProcess})
	if _, err := sync.Launch(ctx, 1, nil); err == nil || !strings.Contains(err.Error(), "daemons cannot be launched") {
		t.Errorf("Launch() inside the call: %v", err)
	}
}

// TestLaunchAddress: daemons elsewhere find a profile that was given no address, with TLS; tunnels lead to the loopback.
func TestLaunchAddress(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{Daemons: 1, Launcher: here, Settings: launch.Settings{Heartbeat: time.Second}})
	if v, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); v != int64(1) || err != nil || !strings.HasPrefix(p.Status().URL, "tls+tcp://") {
		t.Errorf("at %s: %v, %v", p.Status().URL, v, err)
	}
	every := open(t, eval.Config{URL: "tls+tcp://*:0", Daemons: 1, Launcher: here}) // which no daemon could dial
	if v, err := every.Go(ctx, eval.Task{Source: "1"}).Get(ctx); v != int64(1) || err != nil {
		t.Errorf("at %s: %v, %v", every.Status().URL, v, err)
	}
	_, err := eval.New(ctx, eval.Config{Launcher: launch.SSH{Hosts: []string{"a"}, Tunnel: true, Command: "false"}})
	if err == nil || !strings.Contains(err.Error(), "cannot launch daemons: false: exit status 1") {
		t.Errorf("New() with a tunnel: %v, want how ssh ended", err)
	}
}

// TestLaunchNamed: daemons dial the name that a certificate of one's own has, not its address.
func TestLaunchNamed(t *testing.T) {
	ctx := soon(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	named := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	cert, err := x509.CreateCertificate(rand.Reader, named, named, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	p := open(t, eval.Config{URL: "tls+tcp://localhost:0", Daemons: 1, Launcher: here,
		TLS: &eval.TLS{Cert: text("CERTIFICATE", cert), Key: text("PRIVATE KEY", private)}})
	if v, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); v != int64(1) || err != nil {
		t.Errorf("Get() = %v, %v, want 1", v, err)
	}
}

// TestLaunchUnreachable: daemons elsewhere are not sent to an address of this machine alone.
func TestLaunchUnreachable(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{})
	for _, by := range []eval.Launcher{launch.SSH{Hosts: []string{"a"}}, launch.Cluster{}, launch.HTTP{URL: "http://a", Data: "%s"}} {
		if _, err := p.Launch(ctx, 1, by); err == nil || !strings.Contains(err.Error(), "set it with a url") {
			t.Errorf("Launch() by %T: %v, want that the profile cannot be reached", by, err)
		}
	}
	if _, err := p.Launch(ctx, 1, here); err != nil {
		t.Errorf("Launch() by a command: %v", err)
	}
	inside := open(t, eval.Config{InProcess: daemon.InProcess})
	if _, err := inside.Launch(ctx, 1, here); err == nil || !strings.Contains(err.Error(), "set it with a url") {
		t.Errorf("Launch() for daemons inside: %v", err)
	}
}

// TestLaunchByHand: a person gets the command of each daemon; it lets in so many and no more.
func TestLaunchByHand(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{URL: "tcp://127.0.0.1:0"})
	commands, err := p.Launch(ctx, 2, launch.Remote{Program: os.Args[0]})
	if err != nil || len(commands) != 2 || p.Status().Expected != 2 {
		t.Fatalf("Launch() = %q, %v, with %d expected", commands, err, p.Status().Expected)
	}
	fs := []*eval.Future{p.Go(ctx, eval.Task{Source: "sleep(50); test.pid()"}), p.Go(ctx, eval.Task{Source: "sleep(50); test.pid()"})}
	ended := make(chan error, 2)
	for _, c := range commands {
		cmd := exec.CommandContext(ctx, "sh", "-c", c)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() { ended <- cmd.Wait() }()
	}
	for _, f := range fs {
		if _, err := f.Get(ctx); err != nil {
			t.Fatal(err)
		}
	}
	third, err := exec.CommandContext(ctx, "sh", "-c", commands[0]).CombinedOutput()
	if err == nil || !strings.Contains(string(third), "is the token right") {
		t.Errorf("a third one: %s, %v, want that it is not wanted", third, err)
	}
	if s := p.Status(); s.Connections != 2 || s.Expected != 0 {
		t.Errorf("the status is %+v", s)
	}
	p.Close()
	for range commands {
		if err := <-ended; err != nil {
			t.Errorf("a daemon ended with %v", err)
		}
	}
}

// TestLaunchFails: the reason is told, whoever waits for it, and what waits does not wait for ever.
func TestLaunchFails(t *testing.T) {
	ctx := soon(t)
	refused := launch.Cluster{Command: "sh", Args: []string{"-c", "echo 'sbatch: error: no such partition' >&2; exit 1"}}
	want := "exit status 1: sbatch: error: no such partition"
	if _, err := eval.New(ctx, eval.Config{URL: "tcp://127.0.0.1:0", Launcher: refused, Daemons: 3}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("New() = %v, want %q", err, want)
	}
	p := open(t, eval.Config{URL: "tcp://127.0.0.1:0"})
	if _, err := p.Launch(ctx, 1, refused); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Launch() = %v, want %q", err, want)
	}
	never := launch.Remote{Command: "sh", Args: [][]string{{"-c", "sleep 100", "."}}, Start: 50 * time.Millisecond}
	if _, err := p.Launch(ctx, 1, never); err == nil || !strings.Contains(err.Error(), "the daemon did not connect within 50ms") {
		t.Errorf("Launch() = %v, want that it did not connect", err)
	}
	if _, err := p.Launch(ctx, 1, launch.Remote{Command: "exit-with-this"}); err == nil || !strings.Contains(err.Error(), `there is no command "exit-with-this"`) {
		t.Errorf("Launch() = %v, want that there is no such command", err)
	}
	f := p.Go(ctx, eval.Task{Source: "1"})
	submitted := launch.Cluster{Command: "sh", Args: []string{"-c", "echo Submitted batch job 7"}, Start: 2 * time.Second}
	if _, err := p.Launch(ctx, 3, submitted); err != nil {
		t.Fatal(err)
	}
	want = "3 daemons did not connect within 2s; what launched it said: Submitted batch job 7"
	if _, err := f.Get(ctx); !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), want) {
		t.Errorf("Get() = %v, want %q", err, want)
	}
	if _, err := p.Launch(ctx, 1, here); err == nil || !strings.Contains(err.Error(), "which has ended: no daemon is there and none is expected") {
		t.Errorf("Launch() afterwards = %v, want that the profile has ended", err)
	}
	if s := p.Status(); len(s.Failed) != 4 || s.Expected != 0 || s.Failed[3] != want {
		t.Errorf("the status tells of %q, %d expected", s.Failed, s.Expected)
	}
}

// TestLaunchArray: one submission of n daemons lets in n.
func TestLaunchArray(t *testing.T) {
	ctx := soon(t)
	script := filepath.Join(t.TempDir(), "job")
	array := launch.Cluster{Command: "sh", Args: []string{"-c", "cat >" + script + "; for i in 1 2 3; do sh " + script + " & done"}, Program: os.Args[0]}
	p := open(t, eval.Config{URL: "tcp://127.0.0.1:0", Daemons: 3, Launcher: array})
	if _, err := p.Everywhere(eval.Task{Source: "1", Min: 3}); err != nil {
		t.Fatal(err)
	}
	fs, err := p.Everywhere(eval.Task{Source: "2", Min: 3})
	if err != nil || len(fs) != 3 {
		t.Fatalf("Everywhere() = %d futures, %v, want 3", len(fs), err)
	}
	for _, f := range fs {
		if v, err := f.Get(ctx); v != int64(2) || err != nil {
			t.Errorf("Get() = %v, %v", v, err)
		}
	}
	if b, err := os.ReadFile(script); err != nil || !strings.Contains(string(b), "#SBATCH --array=1-3") {
		t.Errorf("the script is %s, %v", b, err)
	}
	if s := p.Status(); s.Expected != 0 || len(s.Failed) != 0 {
		t.Errorf("the status is %+v", s)
	}
}

// TestLaunchPart: those of an array that do not come are told, and those that have come work on.
func TestLaunchPart(t *testing.T) {
	ctx := soon(t)
	failed := make(chan struct{}, 1)
	log := slog.New(slog.NewTextHandler(lines(func(line string) {
		if strings.Contains(line, "a launch failed") {
			failed <- struct{}{}
		}
	}), nil))
	two := launch.Cluster{Command: "sh", Args: []string{"-c", "job=$(cat); for i in 1 2; do eval \"$job\" & done; echo Submitted batch job 8"}, Program: os.Args[0], Start: 3 * time.Second}
	p := open(t, eval.Config{URL: "tcp://127.0.0.1:0", Daemons: 3, Launcher: two, Log: log})
	select {
	case <-failed:
	case <-ctx.Done():
		t.Fatal("nobody misses the third one")
	}
	if v, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); v != int64(1) || err != nil {
		t.Errorf("Get() = %v, %v, want 1", v, err)
	}
	want := []string{"1 of 3 daemons did not connect within 3s; what launched it said: Submitted batch job 8"}
	if s := p.Status(); !slices.Equal(s.Failed, want) || s.Connections != 2 || s.Expected != 0 {
		t.Errorf("the status is %+v, want %q", s, want)
	}
}

// TestLaunchEnded: who waits for local daemons hears when the profile is closed meanwhile, or was before.
func TestLaunchEnded(t *testing.T) {
	started := make(chan bool, 2)
	never := func(ctx context.Context, s launch.Settings, modules []lang.Module) error {
		started <- true
		<-ctx.Done()
		return nil
	}
	p := open(t, eval.Config{URL: "inproc://" + t.Name(), InProcess: never})
	launched := make(chan error, 1)
	go func() {
		_, err := p.Launch(soon(t), 1, nil)
		launched <- err
	}()
	<-started
	p.Close()
	if err := <-launched; err == nil || !strings.Contains(err.Error(), `the profile "default" was closed`) {
		t.Errorf("Launch() while the profile is closed: %v", err)
	}
	if _, err := p.Launch(soon(t), 1, nil); err == nil || !strings.Contains(err.Error(), `the profile "default" was closed`) {
		t.Errorf("Launch() afterwards: %v", err)
	}
}

// TestLaunchClose: what was launched and has not connected is not waited for.
func TestLaunchClose(t *testing.T) {
	p := open(t, eval.Config{URL: "tcp://127.0.0.1:0", Grace: 50 * time.Millisecond})
	launching := make(chan error)
	go func() {
		_, err := p.Launch(context.Background(), 1, launch.Remote{Command: "sh", Args: [][]string{{"-c", "sleep 100", "."}}})
		launching <- err
	}()
	for p.Status().Expected == 0 {
	}
	p.Close()
	if err := <-launching; err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Launch() = %v, want that the profile was closed", err)
	}
}
