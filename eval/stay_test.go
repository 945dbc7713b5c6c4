package eval_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// line stands between daemons and their host, and breaks their connections.
type line struct {
	net.Listener
	to string

	mu    sync.Mutex
	open  []net.Conn
	down  bool
	after int // bytes from a daemon after which its connection breaks; 0: never
	broke chan struct{}
}

func newLine(t *testing.T, to string) *line {
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &line{Listener: l, to: u.Host, broke: make(chan struct{}, 100)}
	t.Cleanup(func() { l.Close(); x.cut(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go x.carry(c)
		}
	}()
	return x
}

func (x *line) carry(daemon net.Conn) {
	x.mu.Lock()
	down, after := x.down, x.after
	x.mu.Unlock()
	host, err := net.Dial("tcp", x.to)
	if err != nil || down {
		daemon.Close()
		return
	}
	x.mu.Lock()
	x.open = append(x.open, daemon, host)
	x.mu.Unlock()
	go func() {
		io.Copy(daemon, host)
		daemon.Close()
	}()
	if after > 0 {
		io.CopyN(host, daemon, int64(after))
		x.mu.Lock()
		x.after = 0
		x.mu.Unlock()
	} else {
		io.Copy(host, daemon)
	}
	daemon.Close()
	host.Close()
	x.broke <- struct{}{}
}

// cut breaks what is open; while down nothing connects.
func (x *line) cut(down bool) {
	x.mu.Lock()
	x.down = down
	open := x.open
	x.open = nil
	x.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

func (x *line) mend() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.down = false
}

// breakAfter has the next connection break when so many bytes have come from its daemon.
func (x *line) breakAfter(n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.after = n
}

// daemonAt starts a daemon as a person would, for a host that it reaches at an address.
func daemonAt(t *testing.T, p *eval.Profile, at string) *exec.Cmd {
	t.Helper()
	commands, err := p.Launch(soon(t), 1, launch.Remote{Program: os.Args[0]})
	if err != nil {
		t.Fatal(err)
	}
	command := strings.Replace(commands[0], strings.TrimPrefix(p.Status().URL, "tcp://"), at, 1)
	cmd := exec.Command("sh", "-c", "exec "+strings.Replace(command, "MIRAI_DAEMON", "env MIRAI_DAEMON", 1))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// gate is where a task waits until the test lets it go on.
type gate struct {
	net.Listener
	t    *testing.T
	conn net.Conn
}

func newGate(t *testing.T) *gate { return gateAt(t, "tcp", "127.0.0.1:0") }

func gateAt(t *testing.T, network, address string) *gate {
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &gate{Listener: l, t: t}
}

// await is test.await(address): it waits until the gate there is opened.
func await(c *lang.Call) (any, error) {
	at, err := c.String(0)
	if err != nil {
		return nil, err
	}
	network := "tcp"
	if filepath.IsAbs(at) {
		network = "unix"
	}
	conn, err := net.Dial(network, at)
	if err != nil {
		return nil, err
	}
	io.Copy(io.Discard, conn)
	return int64(os.Getpid()), nil
}

// reached waits until a task is at the gate.
func (g *gate) reached() {
	g.t.Helper()
	g.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(20 * time.Second))
	conn, err := g.Accept()
	if err != nil {
		g.t.Fatal("the task does not run:", err)
	}
	g.conn = conn
}

func (g *gate) open() { g.conn.Close() }

func staying(t *testing.T, cfg eval.Config) (*eval.Profile, *line, *exec.Cmd) {
	cfg.URL, cfg.Settings.Autoexit = "tcp://127.0.0.1:0", launch.Never
	p := open(t, cfg)
	x := newLine(t, p.Status().URL)
	return p, x, daemonAt(t, p, x.Addr().String())
}

// TestStays: a task goes on while its connection is broken, and its result comes once.
func TestStays(t *testing.T) {
	for _, language := range []string{lang.JS, lang.Lua} {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", language, early), func(t *testing.T) {
				ctx := soon(t)
				p, x, _ := staying(t, eval.Config{Redial: time.Minute})
				g := newGate(t)
				there := func(n int) func() bool { return func() bool { return p.Status().Connections == n } }
				f := p.Go(ctx, eval.Task{Lang: language, Source: "print('before'); return test.await(at)", Globals: eval.Globals{"at": g.Addr().String()}})
				g.reached()
				x.cut(true)
				until(t, ctx, "the daemon is away", there(0))
				if early { // it ends while nobody hears it
					g.open()
				}
				waits := p.Go(ctx, eval.Task{Lang: language, Source: "return 7"}) // before it is back
				x.mend()
				until(t, ctx, "the daemon is back", there(1))
				if !early {
					g.open()
				}
				v, err := f.Get(ctx)
				if r := f.Result(); err != nil || v != int64(r.Info.PID) || r.Info.Attempts != 1 || len(r.Output) != 1 {
					t.Errorf("Get() = %v, %v, %+v, want the process that began it, and what it printed", v, err, r)
				}
				if v, err := waits.Get(ctx); v != int64(7) || err != nil {
					t.Errorf("the next one: %v, %v", v, err)
				}
				if s := p.Status(); s.Completed != 2 || s.Cumulative != 1 {
					t.Errorf("the counters are %+v", s.Counts)
				}
			})
		}
	}
}

// TestBreaksAnywhere: wherever a connection breaks, each task runs once, and each result comes once.
func TestBreaksAnywhere(t *testing.T) {
	ctx := soon(t)
	p, x, _ := staying(t, eval.Config{Redial: time.Minute, Settings: launch.Settings{Cleanup: "none"}})
	const tasks = 3
	n := 0
	for after := 300; after < 1500; after += 23 {
		x.breakAfter(after)
		x.cut(false)
		for range tasks {
			n++
			v, err := p.Go(ctx, eval.Task{Source: "globalThis.n = (globalThis.n ?? 0) + 1"}).Get(ctx)
			if v != int64(n) || err != nil {
				t.Fatalf("broken after %d bytes: %v, %v, want %d", after, v, err, n)
			}
		}
	}
	if s := p.Status(); s.Completed != n || s.Cumulative != 1 {
		t.Errorf("the counters are %+v, want %d tasks of one daemon", s.Counts, n)
	}
}

// TestBreaksInChunks: a large result whose connection breaks in the middle is sent again, and so is a large task.
func TestBreaksInChunks(t *testing.T) {
	ctx := soon(t)
	p, x, _ := staying(t, eval.Config{Redial: time.Minute})
	if _, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); err != nil {
		t.Fatal(err)
	}
	x.breakAfter(1 << 20)
	x.cut(false)
	f := p.Go(ctx, eval.Task{Source: "emit('first'); new Float64Array(1e6).fill(3)"})
	var v []float64
	if err := f.Into(ctx, &v); err != nil || len(v) != 1e6 || v[999_999] != 3 || f.Result().Info.Attempts != 1 {
		t.Errorf("%d numbers, %v, %d attempts", len(v), err, f.Result().Info.Attempts)
	}
	select {
	case <-x.broke:
	default:
		t.Error("nothing broke")
	}
	g := newGate(t)
	wait := p.Go(ctx, eval.Task{Source: "test.await(at)", Globals: eval.Globals{"at": g.Addr().String()}})
	g.reached()
	x.cut(true)
	g.open()
	big := p.Go(ctx, eval.Task{Source: "x.length", Globals: eval.Globals{"x": v}})
	x.mend()
	if n, err := big.Get(ctx); n != int64(1e6) || err != nil {
		t.Errorf("a large task: %v, %v", n, err)
	}
	if _, err := wait.Get(ctx); err != nil {
		t.Error(err)
	}
}

// TestStaysTooLong: a task whose daemon does not come back in time fails with 19, or runs again where it may; its late
// result is dropped, and its daemon welcome again, with the setup it has missed.
func TestStaysTooLong(t *testing.T) {
	ctx := soon(t)
	p, x, _ := staying(t, eval.Config{Redial: 20 * time.Millisecond})
	if _, err := p.Everywhere(eval.Task{Source: "kept = 5"}); err != nil {
		t.Fatal(err)
	}
	g := newGate(t)
	late := newGate(t)
	at := eval.Globals{"at": g.Addr().String()}
	lost := p.Go(ctx, eval.Task{Source: "test.await(at); 'late'", Globals: at})
	g.reached()
	x.cut(true)
	if _, err := lost.Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("Get() = %v, want 19", err)
	}
	g.open()
	x.mend()
	if v, err := p.Go(ctx, eval.Task{Source: "kept"}).Get(ctx); v != int64(5) || err != nil {
		t.Errorf("after the break: %v, %v, want 5", v, err)
	}
	again := p.Go(ctx, eval.Task{Source: "test.await(at); 'again'", Globals: eval.Globals{"at": late.Addr().String()}, Retries: 1})
	late.reached()
	first := late.conn
	x.cut(true)
	until(t, ctx, "it waits to run again", func() bool { return p.Status().Awaiting == 1 })
	x.mend()
	until(t, ctx, "the daemon is back", func() bool { return p.Status().Connections == 1 })
	first.Close() // the first attempt ends in the daemon now
	late.reached()
	late.open()
	if v, err := again.Get(ctx); v != "again" || err != nil || again.Result().Info.Attempts != 2 {
		t.Errorf("Get() = %v, %v, %d attempts, want the second", v, err, again.Result().Info.Attempts)
	}
	if s := p.Status(); s.Cumulative != 3 || s.Completed != 6 {
		t.Errorf("the counters are %+v, want the daemon three times, with its setup each time", s.Counts)
	}
}

// TestStaysCancelled: what is cancelled while its daemon is away ends at once, and its daemon lets go when it is back.
func TestStaysCancelled(t *testing.T) {
	ctx := soon(t)
	p, x, _ := staying(t, eval.Config{Redial: time.Minute})
	f := p.Go(ctx, eval.Task{Source: "print(1); for (;;);"})
	until(t, ctx, "it runs", func() bool { return len(f.Result().Output) == 1 })
	x.cut(true)
	until(t, ctx, "the daemon is away", func() bool { return p.Status().Connections == 0 })
	if !f.Cancel() {
		t.Error("it cannot be cancelled")
	}
	next := p.Go(ctx, eval.Task{Source: "2"})
	x.mend()
	if v, err := next.Get(ctx); v != int64(2) || err != nil || p.Status().Cumulative != 1 {
		t.Errorf("the next one: %v, %v on daemon %d", v, err, p.Status().Cumulative)
	}
}

// TestStaysNested: a task waits for tasks of its own across a break.
func TestStaysNested(t *testing.T) {
	ctx := soon(t)
	p, x, _ := staying(t, eval.Config{Redial: time.Minute})
	g := newGate(t)
	f := p.Go(ctx, eval.Task{Source: `const m = mirai("return test.await(at)", {at}); const more = mirai("return 4", {}); m[]; more[] + 1`,
		Globals: eval.Globals{"at": g.Addr().String()}})
	g.reached()
	x.cut(true)
	until(t, ctx, "the daemon is away", func() bool { return p.Status().Connections == 0 })
	g.open()
	x.mend()
	if v, err := f.Get(ctx); v != int64(5) || err != nil {
		t.Errorf("Get() = %v, %v, want 5", v, err)
	}
}

// hostOfStaying is a host whose daemon stays, and runs a task until the host is killed.
func hostOfStaying() {
	p, err := eval.New(context.Background(), eval.Config{URL: os.Getenv("MIRAI_TEST_STAYING"), Keep: os.Getenv("MIRAI_TEST_KEEP"), Daemons: 1,
		Modules: modules, Settings: launch.Settings{Autoexit: launch.Never}})
	if err != nil {
		panic(err)
	}
	p.Go(context.Background(), eval.Task{Source: "test.await(at)", Globals: eval.Globals{"at": os.Getenv("MIRAI_TEST_GATE")}})
	fmt.Println(p.Status().Daemons[0].PID)
	select {}
}

// free gives an address of this machine that nobody listens at.
func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestNextHost: a host at the address of one that was killed takes over its daemons, with its own setup; what they ran
// for the other is dropped. Dismissed they leave.
func TestNextHost(t *testing.T) {
	for _, scheme := range []string{"tcp", "tls+tcp"} {
		t.Run(scheme, func(t *testing.T) {
			ctx := soon(t)
			g := newGate(t)
			url, keep := scheme+"://"+free(t), filepath.Join(t.TempDir(), "keep")
			host := exec.Command(os.Args[0])
			host.Env = append(os.Environ(), "MIRAI_TEST_STAYING="+url, "MIRAI_TEST_KEEP="+keep, "MIRAI_TEST_GATE="+g.Addr().String())
			host.Stderr = os.Stderr
			out, err := host.StdoutPipe()
			if err == nil {
				err = host.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			var pid int
			if _, err := fmt.Fscan(out, &pid); err != nil {
				t.Fatal(err)
			}
			g.reached()
			host.Process.Kill()
			host.Wait()
			p := open(t, eval.Config{URL: url, Keep: keep})
			if _, err := p.Everywhere(eval.Task{Source: "kept = 3", Min: 1}); err != nil {
				t.Fatal(err)
			}
			f := p.Go(ctx, eval.Task{Source: "[kept, test.pid()]"})
			until(t, ctx, "the daemon is there", func() bool { return p.Status().Connections == 1 })
			g.open() // the former host's task ends now
			var v []int
			if err := f.Into(ctx, &v); err != nil || v[0] != 3 || v[1] != pid {
				t.Errorf("the next host: %v, %v, want 3 from process %d", v, err, pid)
			}
			if s := p.Status(); s.Completed != 2 || s.Cumulative != 1 {
				t.Errorf("the counters are %+v", s.Counts)
			}
			p.Close()
			q := open(t, eval.Config{URL: url, Keep: keep})
			if v, err := q.Go(ctx, eval.Task{Source: "typeof kept"}).Get(ctx); v != "undefined" || err != nil {
				t.Errorf("the third host: %v, %v, want nothing of the second", v, err)
			}
			q.Dismiss()
			gone(t, ctx, pid)
		})
	}
}

// TestFinishes: with autoexit "task" a daemon finishes what it runs when its host is gone, then leaves.
func TestFinishes(t *testing.T) {
	ctx := soon(t)
	p := open(t, eval.Config{URL: "tcp://127.0.0.1:0", Settings: launch.Settings{Autoexit: launch.Task}})
	x := newLine(t, p.Status().URL)
	cmd := daemonAt(t, p, x.Addr().String())
	g := newGate(t)
	f := p.Go(ctx, eval.Task{Source: "test.await(a); test.await(b)", Globals: eval.Globals{"a": g.Addr().String(), "b": g.Addr().String()}})
	g.reached()
	x.cut(true)
	if _, err := f.Get(ctx); !errors.Is(err, eval.ErrReset) {
		t.Errorf("Get() = %v, want 19: nobody hears the result", err)
	}
	g.open()
	g.reached() // it goes on
	g.open()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
}

// TestStayRefused: what keeps daemons from finding a host again is told.
func TestStayRefused(t *testing.T) {
	never := launch.Settings{Autoexit: launch.Never}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]eval.Config{
		"give a url":                       {Settings: never},
		"token and keep are for daemons":   {Token: "0123456789abcdef"},
		"token and keep are both given":    {URL: "tcp://127.0.0.1:0", Token: "0123456789abcdef", Keep: "x"},
		"the token can be guessed":         {URL: "tcp://127.0.0.1:0", Token: "short"},
		"chmod 600":                        {URL: "tcp://127.0.0.1:0", Keep: open},
		`autoexit is "perhaps": it can be`: {URL: "tcp://127.0.0.1:0", Settings: launch.Settings{Autoexit: "perhaps"}},
	} {
		p, err := eval.New(soon(t), cfg)
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New() with %+v: %v, want %q", cfg, err, want)
		}
	}
}

// TestAsyncDial: a daemon that is there before its host waits for it where that was asked for, and says why it does not
// otherwise. With autoexit "yes" it leaves with its host.
func TestAsyncDial(t *testing.T) {
	ctx := soon(t)
	s := launch.Settings{URL: "tcp://" + free(t), Token: "0123456789abcdef"}
	start := func() *exec.Cmd {
		cmd, err := launch.Self(s)
		if err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	if out, err := start().CombinedOutput(); err == nil || !strings.Contains(string(out), "cannot reach the host") || strings.Contains(string(out), "again") {
		t.Errorf("without a host: %s, %v", out, err)
	}
	s.AsyncDial = true
	var said strings.Builder
	cmd := start()
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	p := open(t, eval.Config{URL: s.URL, Token: s.Token})
	if v, err := p.Go(ctx, eval.Task{Source: "test.pid()"}).Get(ctx); v != int64(cmd.Process.Pid) || err != nil {
		t.Errorf("Get() = %v, %v, want %d", v, err, cmd.Process.Pid)
	}
	p.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v, and said %q", err, said.String())
	}
}

// TestStaysInProcess: a daemon that is a goroutine goes over to the next host, too.
func TestStaysInProcess(t *testing.T) {
	ctx := soon(t)
	ended := make(chan struct{})
	cfg := eval.Config{URL: "inproc://" + t.Name(), Token: "0123456789abcdef", Settings: launch.Settings{Autoexit: launch.Never}}
	first := cfg
	first.Daemons, first.InProcess = 1, func(ctx context.Context, s launch.Settings, modules []lang.Module) error {
		defer close(ended)
		return daemon.InProcess(context.WithoutCancel(ctx), s, modules)
	}
	p := open(t, first)
	if v, err := p.Go(ctx, eval.Task{Source: "1"}).Get(ctx); v != int64(1) || err != nil {
		t.Errorf("Get() = %v, %v", v, err)
	}
	p.Close()
	q := open(t, cfg)
	if v, err := q.Go(ctx, eval.Task{Lang: lang.Lua, Source: "return 2"}).Get(ctx); v != int64(2) || err != nil {
		t.Errorf("the next host: %v, %v", v, err)
	}
	q.Dismiss()
	select {
	case <-ended:
	case <-ctx.Done():
		t.Error("the daemon does not leave")
	}
}
