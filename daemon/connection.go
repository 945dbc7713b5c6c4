package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/mojukapu/mirai/internal/session"
	"github.com/mojukapu/mirai/internal/sp"
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang/engine"
	"github.com/mojukapu/mirai/launch"
)

// A daemon that stays outlives its connections. While there is none it goes on with its task; then it dials again. A host
// that still knows the session goes on with it, and both send what the other has not got. Any other host begins anew:
// what the daemon has of the former one is dropped, its interpreters too.

// Between a failure to connect and the next try there is a pause, doubled each time.
const (
	firstPause  = 50 * time.Millisecond
	longestWait = 3 * time.Second
	dialWithin  = 5 * time.Second // so long a try may take
)

// letGoWithin is how long a task of a former host may take to let go, once there is another one.
const letGoWithin = 5 * time.Second

// connection is one connection to a host.
type connection struct {
	peer     *sp.Peer
	line     *session.Line
	welcomed bool // under the worker's lock

	once sync.Once
	lost chan struct{}
}

// connect keeps the daemon connected until it has ended.
func (w *worker) connect(ctx context.Context, secure *tls.Config) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, func() { w.end(ExitGone, nil) })
	stays := w.s.Autoexit == launch.Never
	for pause := firstPause; ; pause = min(2*pause, longestWait) {
		c := &connection{lost: make(chan struct{})}
		dialing, over := context.WithTimeout(ctx, dialWithin)
		w.dialing(over)
		socket, err := sp.Dial(dialing, w.s.URL, sp.Config{TLS: secure, Heartbeat: w.s.Heartbeat, Peer: func(p *sp.Peer) { w.serve(c, p) }})
		over()
		switch {
		case err == nil:
			select {
			case <-w.ended:
			case <-c.lost:
			}
			go socket.Close() // it waits for the goroutine of a task that does not let go
		case !stays && !w.s.AsyncDial:
			w.end(ExitConnect, fmt.Errorf("daemon: cannot reach the host: %w", err))
		default:
			w.complain(fmt.Errorf("daemon: cannot reach the host: %w", err))
		}
		if w.welcomed(c) {
			pause = firstPause
		}
		select {
		case <-w.ended:
			return
		case <-time.After(pause/2 + rand.N(pause)): // not all at once
		}
	}
}

// dialing has the end of the daemon end its dialing.
func (w *worker) dialing(cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.giveUp = cancel; w.over {
		cancel()
	}
}

// complain says once why there is no host.
func (w *worker) complain(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cfg.process && !w.complained && !w.over {
		fmt.Fprintf(os.Stderr, "%v; dialing again\n", err)
	}
	w.complained = true
}

func (w *worker) welcomed(c *connection) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return c.welcomed
}

func (w *worker) serve(c *connection, p *sp.Peer) {
	c.peer = p
	if err := w.hello(c); err != nil {
		if w.s.Autoexit != launch.Never {
			w.end(ExitConnect, err)
			return
		}
		w.complain(err)
		w.hangUp(c)
		return
	}
	w.startClocks() // not before: they say goodbye on the connection
	w.read(c)
	select {
	case <-w.ended:
	case <-c.lost:
	}
}

// startClocks begins to count the time of Settings.Idle and Settings.Wall, at the first welcome.
func (w *worker) startClocks() {
	w.clocks.Do(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.s.Idle > 0 {
			w.idle = time.AfterFunc(w.s.Idle, func() { w.leaveIdle(ExitIdle) })
		}
		if w.s.Wall > 0 {
			w.wall = time.AfterFunc(w.s.Wall, w.expire)
		}
	})
}

func (w *worker) stopClocks() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range []*time.Timer{w.idle, w.wall, w.free, w.standIn} {
		if t != nil {
			t.Stop()
		}
	}
}

// hello introduces the daemon and waits to be welcome.
func (w *worker) hello(c *connection) error {
	frame, err := wire.AppendHello(nil, w.introduction())
	if err == nil {
		err = c.peer.Send(frame)
	}
	if err != nil {
		return fmt.Errorf("daemon: cannot say hello: %w", err)
	}
	frame, err = c.peer.Recv()
	if err != nil {
		return fmt.Errorf("daemon: the host at %s does not want this daemon: is the token right, and not used before? (%w)", w.s.URL, err)
	}
	h, body, err := wire.ParseHeader(frame)
	if err == nil && h.Kind != wire.Welcome {
		err = fmt.Errorf("the host answered with a frame of kind %d", h.Kind)
	}
	var welcome wire.WelcomeBody
	if err == nil {
		welcome, err = wire.ParseWelcome(body)
	}
	if err != nil {
		return fmt.Errorf("daemon: %w", err)
	}
	c.peer.Admit()
	w.enlist(c, welcome)
	return nil
}

func (w *worker) introduction() wire.HelloBody {
	host, _ := os.Hostname()
	h := wire.HelloBody{Token: w.s.Token, PID: os.Getpid(), Host: host, Languages: engine.Languages()}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.peer.Lasting() {
		got := w.peer.Got()
		h.Identity, h.Session, h.Got = w.identity, w.session, &got
	}
	return h
}

// enlist goes on with the session, or begins one.
func (w *worker) enlist(c *connection, welcome wire.WelcomeBody) {
	again := welcome.Got != nil
	if !again {
		w.renew()
		w.tellWelcome()
	}
	w.mu.Lock()
	if !again {
		w.stream = welcome.Stream
	}
	c.line, c.welcomed = w.peer, true
	w.conn, w.session, w.complained = c, welcome.Session, false
	leaving := w.leaving
	w.mu.Unlock()
	if again {
		c.line.Attach(c.peer, *welcome.Got)
	} else {
		c.line.Attach(c.peer, wire.Receipt{})
	}
	if leaving { // it could not say goodbye
		go w.leave()
	}
}

// renew drops what belongs to a former host.
func (w *worker) renew() {
	w.mu.Lock()
	if w.session == "" {
		w.mu.Unlock()
		return
	}
	former := w.peer
	w.peer = session.New(true)
	w.queue, w.setups, w.spare, w.early = nil, nil, nil, early{}
	running := w.busy || len(w.lent) > 0
	for _, s := range w.seats() {
		s.stale = true
		if s.task != nil {
			s.task.stop(errGone)
		}
	}
	w.mu.Unlock()
	former.Close()
	w.nested.abandon()
	w.shared.close()
	if running {
		time.AfterFunc(letGoWithin, w.insist)
	}
}

// insist ends a daemon that cannot serve its host because a task of a former one does not let go.
func (w *worker) insist() {
	w.mu.Lock()
	hangs := false
	for _, s := range w.seats() {
		hangs = hangs || s.task != nil && s.stale
	}
	w.mu.Unlock()
	if hangs {
		w.end(ExitConnect, errors.New("daemon: a task of the former host does not let go, so another one cannot be served"))
	}
}

// lose is called by whoever reads a connection, when it has ended.
func (w *worker) lose(c *connection, err error) {
	switch {
	case w.s.Autoexit == launch.Never && !errors.Is(err, sp.ErrBye):
		c.line.Detach(c.peer)
		w.hangUp(c)
	case w.s.Autoexit == launch.Task && w.finishing():
		w.nested.abandon()
		w.shared.abandon()
	default:
		w.end(ExitGone, nil)
	}
}

// hangUp has the connection replaced by another one.
func (w *worker) hangUp(c *connection) { c.once.Do(func() { close(c.lost) }) }

// finishing tells whether a task runs, after which the daemon leaves.
func (w *worker) finishing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bereft, w.queue = true, nil
	return w.busy || len(w.lent) > 0
}

// leave says goodbye after depart: what was sent and not answered goes to another daemon. One that cannot say it while
// the host lacks a result says it when it has connected again.
func (w *worker) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	w.mu.Lock()
	line := w.peer
	w.mu.Unlock()
	w.settle()
	line.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Leave}))
	err := line.Bye(ctx)
	if line.Lasting() {
		if err != nil && line.Kept(wire.Done) {
			return
		}
		err = nil
	}
	w.end(ExitGone, err)
}
