package sp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/transport"
)

// privateScheme keeps our transports apart from mangos' own: the registry is global to the program.
const privateScheme = "mirai+"

var registerTransports = sync.OnceFunc(func() {
	transport.RegisterTransport(network{scheme: "ipc", name: "unix"})
	transport.RegisterTransport(network{scheme: "tcp", name: "tcp"})
	transport.RegisterTransport(&inproc{open: map[string]*inprocListener{}})
})

// network is a transport over connections of the operating system.
type network struct{ scheme, name string }

func (t network) Scheme() string { return privateScheme + t.scheme }

func (t network) address(url string) string {
	a := strings.TrimPrefix(url, t.Scheme()+"://")
	if t.scheme == "tcp" {
		a = strings.TrimPrefix(a, "*") // nanomsg's way to write every interface
	}
	return a
}

func (t network) NewDialer(url string, core mangos.Socket) (mangos.TranDialer, error) {
	s, err := owner(core)
	return &dialer{network: t, socket: s, address: t.address(url)}, err
}

func (t network) NewListener(url string, core mangos.Socket) (mangos.TranListener, error) {
	s, err := owner(core)
	return &listener{network: t, address: t.address(url), queue: newQueue(s), greeting: map[net.Conn]struct{}{}}, err
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
	socket  *Socket
	address string
}

// Dial connects and exchanges the handshake, both bounded by the context given to sp.Dial.
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
	c := newStream(d.socket, conn, d.scheme == "ipc")
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	if err = c.greet(time.Time{}); !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, err
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
	address string
	l       net.Listener

	mu       sync.Mutex
	greeting map[net.Conn]struct{} // connections in the handshake; nil when closed
	tasks    sync.WaitGroup
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
	if l.scheme != "ipc" || strings.HasPrefix(l.address, "@") {
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
	if l.l == nil || l.scheme == "ipc" {
		return l.scheme + "://" + l.address
	}
	return l.scheme + "://" + l.l.Addr().String()
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.greeting == nil {
		conn.Close()
		return
	}
	l.greeting[conn] = struct{}{}
	l.tasks.Add(1)
	go l.greet(conn)
}

func (l *listener) greet(conn net.Conn) {
	defer l.tasks.Done()
	c := newStream(l.socket, conn, l.scheme == "ipc")
	c.accepted = true
	err := c.greet(time.Now().Add(l.socket.cfg.Handshake))
	l.mu.Lock()
	delete(l.greeting, conn)
	l.mu.Unlock()
	if err == nil {
		select {
		case l.ready <- c:
			return
		case <-l.done:
		}
	}
	conn.Close()
}

func (l *listener) Close() error {
	close(l.done)
	if l.l != nil {
		l.l.Close()
	}
	l.mu.Lock()
	for conn := range l.greeting {
		conn.Close()
	}
	l.greeting = nil
	l.mu.Unlock()
	l.tasks.Wait()
	return nil
}
