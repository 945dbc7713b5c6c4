package sp

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// badLine is a second way between the two machines, from 10.78.0.1 to 10.78.0.2: what netem does, for kernels without it.
// Each packet takes 1 to 3 ms, so some overtake others, and one of a hundred is lost. It gives how many were.
func badLine(t *testing.T, run func(args string) string, other int) (lost *atomic.Int64) {
	t.Helper()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", other))
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	a := tunnel(t, "ta")
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil { // the test's thread is its own
		t.Fatal(err)
	}
	b := tunnel(t, "tb")
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	enter := "nsenter -n -t " + strconv.Itoa(other) + " "
	for prefix, end := range map[string]string{"": "ta 10.78.0.1", enter: "tb 10.78.0.2"} {
		var name, addr string
		fmt.Sscan(end, &name, &addr)
		run(prefix + "ip addr add " + addr + "/24 dev " + name)
		run(prefix + "ip link set " + name + " mtu 9000 up")
	}
	lost = new(atomic.Int64)
	var way sync.WaitGroup
	way.Go(func() { carry(a, b, 1, lost) })
	way.Go(func() { carry(b, a, 2, lost) })
	t.Cleanup(func() {
		a.Close()
		b.Close()
		way.Wait()
	})
	return lost
}

// tunnel makes a network device whose packets are read from and written to the file.
func tunnel(t *testing.T, name string) *os.File {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no tunnels here: %v", err)
	}
	r, err := unix.NewIfreq(name)
	if err == nil {
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, r)
	}
	if err != nil {
		unix.Close(fd)
		t.Fatalf("cannot make the tunnel %s: %v", name, err)
	}
	return os.NewFile(uintptr(fd), name)
}

// carry brings packets from one end to the other, until that is closed.
func carry(from, to *os.File, seed uint64, lost *atomic.Int64) {
	luck := rand.New(rand.NewPCG(seed, 0))
	for {
		packet := make([]byte, 16<<10)
		n, err := from.Read(packet)
		if err != nil {
			return
		}
		if luck.IntN(100) == 0 {
			lost.Add(1)
			continue
		}
		delay := time.Millisecond + time.Duration(luck.Int64N(int64(2*time.Millisecond)))
		time.AfterFunc(delay, func() { to.Write(packet[:n]) })
	}
}
