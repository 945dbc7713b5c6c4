package sp

import (
	"net"
	"runtime"
	"time"
)

// To sleep until a message comes and to be woken by it costs more than a short round trip's other work. So a reader
// whose last waits were all short looks for input itself for a while, and lets others run in between; the first time that
// is in vain it goes back to sleeping, until waits have been short for long enough again.
const (
	shortWait = 60 * time.Microsecond // is shorter than going to sleep is worth
	lookFor   = 50 * time.Microsecond // without input before going to sleep
	enough    = 16                    // short waits in a row before a reader looks
)

// eager reads from a connection.
type eager struct {
	conn  net.Conn
	try   tryReader
	short int // waits in a row that were short
}

func (e *eager) init(conn net.Conn) {
	e.conn = conn
	e.try.init(conn)
}

func (e *eager) Read(b []byte) (int, error) {
	start := time.Now()
	if e.short >= enough {
		for time.Since(start) < lookFor {
			if n, err := e.try.read(b); n > 0 || err != nil {
				return n, err
			}
			runtime.Gosched()
		}
		e.short = 0
		return e.conn.Read(b)
	}
	n, err := e.conn.Read(b)
	if time.Since(start) < shortWait {
		e.short++
	} else {
		e.short = 0
	}
	return n, err
}
