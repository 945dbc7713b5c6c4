package sp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// machines makes two network namespaces with a cable between them. The test's goroutine is in the first one, at
// 10.77.0.1; the other process, which is in the second, plays role at the address that is written to it. Both vanish with
// their processes.
func machines(t *testing.T, role string, heartbeat time.Duration) (run func(args string) string, other *exec.Cmd, tell io.Writer) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make network namespaces")
	}
	runtime.LockOSThread() // for good: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespaces here: %v", err)
	}
	other = exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "SP_CHILD="+role, "SP_URL=-", "SP_CREDENTIAL="+issue(t), "SP_HEARTBEAT="+heartbeat.String())
	other.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	other.Stderr = os.Stderr
	tell, err := other.StdinPipe()
	if err == nil {
		err = other.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	run = func(args string) string {
		t.Helper()
		words := strings.Fields(args)
		out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
		switch {
		case errors.Is(err, exec.ErrNotFound):
			t.Skip(err)
		case err != nil:
			t.Fatalf("%s: %v: %s", args, err, out)
		}
		return string(out)
	}
	there := "nsenter -n -t " + strconv.Itoa(other.Process.Pid) + " "
	run("ip link add va type veth peer name vb")
	run("ip link set vb netns " + strconv.Itoa(other.Process.Pid))
	run("ip addr add 10.77.0.1/24 dev va")
	run("ip link set va up")
	run(there + "ip addr add 10.77.0.2/24 dev vb")
	run(there + "ip link set vb up")
	return run, other, tell
}

var wires = []string{"tcp://10.77.0.1:0", "tls+tcp://10.77.0.1:0", "ws://10.77.0.1:0", "wss://10.77.0.1:0"}

// A line that delays packets, loses some and has others overtake them delays frames, and loses and damages none.
func TestBadLine(t *testing.T) {
	for _, url := range wires {
		t.Run(url[:strings.Index(url, ":")], func(t *testing.T) {
			run, other, tell := machines(t, "echo", 10*time.Second)
			lost := badLine(t, run, other.Process.Pid)
			s, got := open(t, strings.Replace(url, "10.77.", "10.78.", 1), Config{Heartbeat: 10 * time.Second})
			fmt.Fprintln(tell, s.URL())
			p := <-got
			const n = 60
			sizes := []int{100, 5000, Copied + 1, 300_000, 13}
			for i := range n {
				send(t, p, numbered(i, sizes[i%len(sizes)]))
			}
			seen := make([]bool, n) // the long ones may be overtaken
			for range n {
				f := recv(t, p)
				i := int(f[2])<<24 | int(f[3])<<16 | int(f[4])<<8 | int(f[5])
				if i >= n || seen[i] || !bytes.Equal(f, numbered(i, sizes[i%len(sizes)])) {
					t.Fatalf("frame %d of %d bytes is damaged, or came twice", i, len(f))
				}
				seen[i] = true
			}
			if t.Logf("%d packets were lost", lost.Load()); lost.Load() == 0 {
				t.Error("the line lost nothing, so this shows nothing")
			}
		})
	}
}

// When the cable is pulled, both sides notice within the set time, and what waits to be sent holds nobody up.
func TestPulledCable(t *testing.T) {
	for _, url := range wires {
		t.Run(url[:strings.Index(url, ":")], func(t *testing.T) {
			const heartbeat = 200 * time.Millisecond
			run, other, tell := machines(t, "echo", heartbeat)
			s, got := open(t, url, Config{Heartbeat: heartbeat})
			fmt.Fprintln(tell, s.URL())
			p := <-got
			send(t, p, []byte("x"))
			recv(t, p)
			run("ip link set va down")
			pulled := time.Now()
			send(t, p, make([]byte, 10<<20))
			if _, err := p.Recv(); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "silent for 600ms") {
				t.Errorf("Recv: %v, want silence", err)
			}
			t.Logf("noticed after %v", time.Since(pulled))
			over := time.AfterFunc(time.Minute, func() { other.Process.Kill() })
			if err := other.Wait(); err != nil {
				t.Errorf("the other side did not notice: %v", err)
			}
			over.Stop()
		})
	}
}
