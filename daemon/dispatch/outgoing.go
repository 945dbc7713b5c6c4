package dispatch

import (
	"context"
	"sync"

	"github.com/mojukapu/mirai/internal/sp"
)

// outgoing keeps the order of what a daemon is sent beside the tasks of the queue: what its nested tasks tell, how they
// end, shared values. A frame above sp.Ordered bytes may be overtaken, so what comes after it waits until it has left.
type outgoing struct {
	mu     sync.Mutex
	behind [][]byte
	left   chan struct{} // closed when nothing waits any more; nil while nothing does
}

// Send sends a frame that concerns no task of the queue, after those that were sent before.
func (l *Link) Send(frame []byte) {
	o := &l.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.left != nil {
		o.behind = append(o.behind, frame)
		return
	}
	l.line.Send(frame)
	if len(frame) > sp.Ordered && !l.line.Lasting() {
		o.left = make(chan struct{})
		go l.follow()
	}
}

// follow sends what waits, one big frame after the other. It ends with the connection at the latest.
func (l *Link) follow() {
	o := &l.out
	for {
		l.line.Flushed(context.Background())
		o.mu.Lock()
		big := false
		for ; !big && len(o.behind) > 0; o.behind = o.behind[1:] {
			l.line.Send(o.behind[0])
			big = len(o.behind[0]) > sp.Ordered
		}
		if !big {
			break
		}
		o.mu.Unlock()
	}
	close(o.left)
	o.left, o.behind = nil, nil
	o.mu.Unlock()
}

// wait waits until nothing waits: the connection has ended.
func (o *outgoing) wait() {
	o.mu.Lock()
	left := o.left
	o.mu.Unlock()
	if left != nil {
		<-left
	}
}
