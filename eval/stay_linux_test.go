package eval_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/launch"
)

// TestStaysUnplugged: the cable between two machines is pulled in the middle of a task and put back; the task ends once.
func TestStaysUnplugged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make network namespaces")
	}
	for _, name := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	runtime.LockOSThread() // for good: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespaces here: %v", err)
	}
	run := func(args string) {
		t.Helper()
		words := strings.Fields(args)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", args, err, out)
		}
	}
	run("ip link add va type veth peer name vb")
	run("ip addr add 10.77.1.1/24 dev va")
	run("ip link set va up")
	ctx := soon(t)
	p := open(t, eval.Config{URL: "tcp://10.77.1.1:0", TLS: &eval.TLS{None: true}, Redial: time.Minute,
		Settings: launch.Settings{Autoexit: launch.Never, Heartbeat: 100 * time.Millisecond}})
	commands, err := p.Launch(ctx, 1, launch.Remote{Program: os.Args[0]})
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sh", "-c", "exec env "+commands[0])
	other.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	pid := strconv.Itoa(other.Process.Pid)
	run("ip link set vb netns " + pid)
	run("nsenter -n -t " + pid + " ip addr add 10.77.1.2/24 dev vb")
	run("nsenter -n -t " + pid + " ip link set vb up")

	g := gateAt(t, "unix", filepath.Join(t.TempDir(), "gate"))
	f := p.Go(ctx, eval.Task{Source: "test.await(at)", Globals: eval.Globals{"at": g.Addr().String()}})
	g.reached()
	run("ip link set va down")
	until(t, ctx, "the daemon is away", func() bool { return p.Status().Connections == 0 })
	g.open()
	run("ip link set va up")
	v, err := f.Get(ctx)
	if r := f.Result().Info; v != int64(other.Process.Pid) || err != nil || r.Attempts != 1 || p.Status().Cumulative != 1 {
		t.Errorf("Get() = %v, %v, %+v, want %s from the first attempt", v, err, r, pid)
	}
}
