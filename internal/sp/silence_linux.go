package sp

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// giveUp bounds how long what was sent may remain without an answer from the other machine.
func giveUp(c *net.TCPConn, after time.Duration) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(after.Milliseconds()))
	})
}
