package sp

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// LocalURL gives a fresh address for sockets of this machine: an abstract socket on Linux, a socket in a new folder
// that only this user can enter elsewhere, a port of the loopback on Windows. cleanup removes what it made.
func LocalURL() (url string, cleanup func(), err error) {
	switch runtime.GOOS {
	case "linux", "android":
		return "ipc://@mirai-" + rand.Text(), func() {}, nil
	case "windows":
		return "tcp://127.0.0.1:0", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "mirai") // mode 0700
	if err != nil {
		return "", nil, fmt.Errorf("sp: no folder for a local socket (set TMPDIR): %w", err)
	}
	return "ipc://" + filepath.Join(dir, "s"), func() { os.RemoveAll(dir) }, nil
}
