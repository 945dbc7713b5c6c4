package sp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/transport"
)

// privateScheme keeps our transports apart from mangos' own: the registry is global to the program.
const privateScheme = "mirai+"

// networks are the transports over connections of the operating system.
func networks() []network {
	return []network{
		{scheme: "ipc", name: "unix"},
		{scheme: "abstract", name: "unix"},
		{scheme: "tcp", name: "tcp"},
		{scheme: "tls+tcp", name: "tcp", tls: true},
		{scheme: "ws", name: "tcp", web: true},
		{scheme: "wss", name: "tcp", tls: true, web: true},
	}
}

var registerTransports = sync.OnceFunc(func() {
	for _, n := range networks() {
		transport.RegisterTransport(n)
	}
	transport.RegisterTransport(&inproc{open: map[string]*inprocListener{}})
})

// network is one of them.
type network struct {
	scheme, name string
	tls, web     bool
}

func (t network) Scheme() string { return privateScheme + t.scheme }

// address takes a URL apart: what the system needs, and for WebSockets the path.
func (t network) address(url string) (address, path string) {
	a := strings.TrimPrefix(url, t.Scheme()+"://")
	switch {
	case t.scheme == "abstract":
		a = "@" + a
	case t.name == "tcp":
		if t.web {
			a, path, _ = strings.Cut(a, "/")
			path = "/" + path
		}
		a = strings.TrimPrefix(a, "*") // nanomsg's way to write every interface
	}
	return a, path
}

// check tells what the address or the configuration lacks.
func (t network) check(url string, cfg Config) error {
	if t.tls && cfg.TLS == nil {
		return fmt.Errorf("%s:// needs TLS on both sides: credentials of one's own, or those that the host issues", t.scheme)
	}
	if t.scheme == "abstract" && runtime.GOOS != "linux" {
		return errors.New("only Linux has abstract sockets: write ipc://PATH")
	}
	if t.name == "tcp" {
		address, _ := t.address(url)
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("%w: write %s://HOST:PORT, an IPv6 address in brackets", err, t.scheme)
		}
	}
	return nil
}

func (t network) NewDialer(url string, core mangos.Socket) (mangos.TranDialer, error) {
	s, err := owner(core)
	if err != nil {
		return nil, err
	}
	d := &dialer{network: t, socket: s}
	d.address, d.path = t.address(url)
	return d, t.check(url, s.cfg)
}

func (t network) NewListener(url string, core mangos.Socket) (mangos.TranListener, error) {
	s, err := owner(core)
	if err != nil {
		return nil, err
	}
	l := &listener{network: t, queue: newQueue(s)}
	l.address, l.path = t.address(url)
	return l, t.check(url, s.cfg)
}

// owner finds our socket behind mangos'.
func owner(core mangos.Socket) (*Socket, error) {
	v, err := core.GetOption(optionSocket)
	if err != nil {
		return nil, fmt.Errorf("sp: this transport works below sp's own sockets only: %w", err)
	}
	return v.(*Socket), nil
}

// options are what mangos asks of dialers and listeners; ours have none.
type options struct{}

func (options) SetOption(string, any) error   { return mangos.ErrBadOption }
func (options) GetOption(string) (any, error) { return nil, mangos.ErrBadOption }

type dialer struct {
	options
	network
	socket        *Socket
	address, path string
}

// Dial connects and exchanges the handshakes, all bounded by the context given to sp.Dial.
func (d *dialer) Dial() (mangos.TranPipe, error) {
	ctx := d.socket.dialing
	if ctx == nil {
		return nil, mangos.ErrClosed // mangos would dial again; we never do
	}
	ctx, cancel := context.WithTimeout(ctx, d.socket.cfg.Handshake)
	defer cancel()
	var nd net.Dialer
	conn, err := nd.DialContext(ctx, d.name, d.address)
	if err != nil {
		return nil, err
	}
	guard(conn, d.socket.cfg.Heartbeat)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	c, err := d.climb(ctx, conn)
	if err == nil {
		err = c.greet()
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, explain(err)
	}
	return c, nil
}

// queue hands connections that are ready to mangos.
type queue struct {
	socket *Socket
	ready  chan link
	done   chan struct{}
}

func newQueue(s *Socket) queue {
	return queue{socket: s, ready: make(chan link), done: make(chan struct{})}
}

// Accept is where mangos waits for the next connection.
func (q queue) Accept() (mangos.TranPipe, error) {
	select {
	case l := <-q.ready:
		if q.socket.hand() {
			return l, nil
		}
		l.Close()
	case <-q.done:
	}
	return nil, mangos.ErrClosed
}

type listener struct {
	options
	network
	queue
	address, path string
	l             net.Listener
	tasks         sync.WaitGroup
}

func (l *listener) Listen() (err error) {
	l.l, err = net.Listen(l.name, l.address)
	if errors.Is(err, syscall.EADDRINUSE) && l.stale() {
		l.l, err = net.Listen(l.name, l.address)
	}
	if err != nil {
		return err
	}
	l.tasks.Add(1)
	go l.accept()
	return nil
}

// stale removes the socket file of a process that is no more.
func (l *listener) stale() bool {
	if l.name != "unix" || strings.HasPrefix(l.address, "@") {
		return false
	}
	conn, err := net.Dial("unix", l.address)
	if err == nil {
		conn.Close()
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED) && syscall.Unlink(l.address) == nil
}

func (l *listener) Address() string {
	switch {
	case l.scheme == "abstract":
		return "abstract://" + strings.TrimPrefix(l.address, "@")
	case l.l == nil || l.scheme == "ipc":
		return l.scheme + "://" + l.address + l.path
	}
	path := l.path
	if path == "/" {
		path = ""
	}
	return l.scheme + "://" + l.l.Addr().String() + path
}

// accept takes connections. Each is greeted on a goroutine of its own, so a silent one holds up nobody.
func (l *listener) accept() {
	defer l.tasks.Done()
	var pause time.Duration
	for {
		conn, err := l.l.Accept()
		switch {
		case err == nil:
			pause = 0
			l.admit(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default: // out of file descriptors, as a rule: trying at once would only burn the processor
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-l.done:
				return
			}
		}
	}
}

func (l *listener) admit(conn net.Conn) {
	x := l.socket.strangers.enter(conn)
	if x == nil {
		conn.Close()
		return
	}
	l.tasks.Add(1)
	go l.greet(conn, x)
}

func (l *listener) greet(conn net.Conn, x *stranger) {
	defer l.tasks.Done()
	guard(conn, l.socket.cfg.Heartbeat)
	conn.SetDeadline(time.Now().Add(l.socket.cfg.Handshake))
	c, err := l.climb(conn)
	if err == nil {
		if l.tls {
			x.leave() // it has shown a certificate: no crowd of strangers may drive it out
		}
		c.stranger, c.accepted = x, true
		err = c.greet()
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err == nil {
		select {
		case l.ready <- c:
			return
		case <-l.done:
		}
	} else {
		l.refused(x, err)
	}
	x.leave()
	conn.Close()
}

// refused tells of one that did not get through the handshakes. Part of the text may be of its making.
func (l *listener) refused(x *stranger, err error) {
	cfg := l.socket.cfg
	select {
	case <-l.done:
		return
	default:
	}
	switch {
	case cfg.Log == nil:
		return
	case x.dropped():
		err = errCrowded
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("it did not say who it is within %v", cfg.Handshake)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("it closed the connection before it said who it is")
	}
	cfg.Log("mirai: refused %s %s: %.300v", l.scheme, x.conn.RemoteAddr(), err)
}

func (l *listener) Close() error {
	close(l.done)
	if l.l != nil {
		l.l.Close()
	}
	l.socket.strangers.close()
	l.tasks.Wait()
	return nil
}
