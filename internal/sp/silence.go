package sp

import (
	"net"
	"time"
)

// guard has the kernel notice a peer that vanishes while heartbeats cannot: while a connection is closed that still
// has something to send, and where heartbeats are switched off. Otherwise they are faster, and say more.
func guard(conn net.Conn, heartbeat time.Duration) {
	c, ok := conn.(*net.TCPConn)
	if !ok || heartbeat <= 0 {
		return // without heartbeats the keep-alives of package net remain
	}
	c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: max(heartbeat, time.Second), Interval: max(heartbeat, time.Second), Count: missed})
	giveUp(c, (missed+1)*heartbeat)
}
