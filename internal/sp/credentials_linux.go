package sp

import (
	"fmt"
	"net"
	"syscall"
)

// credentials tells who is at the other end of a Unix socket.
func credentials(conn net.Conn) string {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return ""
	}
	var cred *syscall.Ucred
	raw.Control(func(fd uintptr) {
		cred, _ = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if cred == nil {
		return ""
	}
	return fmt.Sprintf(" pid %d uid %d", cred.Pid, cred.Uid)
}
