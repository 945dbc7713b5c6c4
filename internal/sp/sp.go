// Package sp carries frames between processes: a protocol of our own on mangos' public interfaces, with
// our own transports below it.
//
// Listen and Dial make a Socket. For every peer that connects, the Socket calls Config.Peer on a
// goroutine of its own with a *Peer: Recv gives its frames in order until it ends, Send gives it frames,
// Admit lifts the limits that strangers have, Bye takes leave without losing anything.
//
// The wire is SP with the numbers of PAIR v1, so that any nng pair1 peer can join. control.go describes
// the frames that this package keeps to itself: heartbeats, goodbyes and the chunks of big frames.
//
//	sp.go         Socket, and what mangos asks of a protocol
//	peer.go       Peer: what a user of this package holds
//	control.go    control frames and their bytes
//	stream.go     reading from a connection; chunk.go puts chunks together
//	outbox.go     writing to a connection
//	transport.go  dialing and listening; climb.go puts TLS and WebSocket on a connection
//	stranger.go   how many may wait to be admitted
//	floor.go      what TLS and WebSocket stand on; web.go is WebSocket
//	silence.go    what the kernel does about peers that vanish
//	inproc.go     the same within a process
//	local.go      addresses of this machine for itself; host.go has those for others
package sp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/protocol"
)

// What ends a peer. Every error of Recv and Send matches ErrGone; the text says why.
var (
	ErrGone   = errors.New("sp: the peer is gone")
	ErrBye    = fmt.Errorf("%w: goodbye was said", ErrGone)
	ErrClosed = fmt.Errorf("%w: closed on this side", ErrGone)
)

// Config is what a socket is made with. Its zero value serves nobody: Peer is needed.
type Config struct {
	// Limit is the largest frame from an admitted peer, in bytes. Defaults to 2 GiB.
	Limit int
	// Handshake bounds the time from the connection to Admit. Defaults to 10 s.
	Handshake time.Duration
	// Heartbeat is how often a sign of life goes out; a peer silent for three of them is gone.
	// Defaults to 5 s; below 0: none.
	Heartbeat time.Duration
	// TLS is this side of TLS: tls+tcp and wss need it, the others do not look at it. A client whose ServerName is empty
	// looks for the host that it dials in the certificate.
	TLS *tls.Config
	// Strangers is how many connections may wait to be admitted, or with TLS to show their certificate. More wait for
	// these; after a second the oldest is closed for them, of the address that has the most. Defaults to 1024.
	Strangers int
	// Log is told of connections that are no peers; as many as strangers make. Nil: nobody is.
	Log func(format string, args ...any)
	// Peer is called on a goroutine of its own for every peer that connects; returning closes the peer.
	// Up, messages and down are thus one ordered stream. Somebody should always be in Recv: it also
	// answers heartbeats and goodbyes. Nil closes every peer at once.
	Peer func(p *Peer)
}

func (c Config) withDefaults() Config {
	if c.Limit <= 0 {
		c.Limit = int(min(int64(2<<30), math.MaxInt))
	}
	if c.Handshake <= 0 {
		c.Handshake = 10 * time.Second
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 5 * time.Second
	}
	if c.Strangers <= 0 {
		c.Strangers = 1024
	}
	return c
}

// Socket is one end that peers are connected to.
type Socket struct {
	cfg     Config
	core    mangos.Socket
	url     string
	dialing context.Context // of Dial, while it lasts

	strangers strangers

	mu      sync.Mutex
	closed  bool
	peers   map[*Peer]struct{}
	stop    chan struct{}
	closing sync.Once
	serving sync.WaitGroup // Peer funcs and the heartbeat
	handed  sync.WaitGroup // connections on their way from a listener through mangos to AddPipe
}

// addresses are the forms of a URL.
const addresses = "ipc://PATH, abstract://NAME, tcp://HOST:PORT, tls+tcp://HOST:PORT, ws://HOST:PORT/PATH, wss://HOST:PORT/PATH or inproc://NAME"

// Listen opens url for peers: ipc://PATH, abstract://NAME (or ipc://@NAME; Linux), tcp://HOST:PORT, tls+tcp://HOST:PORT,
// ws://HOST:PORT/PATH, wss://HOST:PORT/PATH (port 0 picks one, see URL; host * is every interface) or inproc://NAME.
func Listen(url string, cfg Config) (*Socket, error) {
	s, err := newSocket(url, cfg)
	if err != nil {
		return nil, err
	}
	l, err := s.core.NewListener(privateScheme+url, nil)
	if err == nil {
		err = l.Listen()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("sp: cannot listen at %s: %w", url, err)
	}
	s.url = l.Address()
	return s, nil
}

// Dial connects to url, once: a lost connection is not dialed again. ctx bounds connecting only.
func Dial(ctx context.Context, url string, cfg Config) (*Socket, error) {
	s, err := newSocket(url, cfg)
	if err != nil {
		return nil, err
	}
	s.dialing, s.url = ctx, url
	d, err := s.core.NewDialer(privateScheme+url, nil)
	if err == nil {
		err = d.Dial()
		d.Close() // or mangos would dial again when the connection ends
	}
	s.dialing = nil
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("sp: cannot connect to %s: %w", url, err)
	}
	return s, nil
}

func newSocket(url string, cfg Config) (*Socket, error) {
	scheme, _, ok := strings.Cut(url, "://")
	known := func(n network) bool { return n.scheme == scheme }
	if !ok || scheme != "inproc" && !slices.ContainsFunc(networks(), known) {
		return nil, fmt.Errorf("sp: %q is no address: write %s", url, addresses)
	}
	registerTransports()
	s := &Socket{cfg: cfg.withDefaults(), peers: map[*Peer]struct{}{}, stop: make(chan struct{})}
	s.strangers.init(s.cfg.Strangers)
	s.core = protocol.MakeSocket(pair{s})
	if s.cfg.Heartbeat > 0 {
		s.serving.Add(1)
		go s.heartbeat()
	}
	return s, nil
}

// URL gives the address to dial: that of Listen with the port filled in.
func (s *Socket) URL() string { return s.url }

// Close closes the listener and all peers, and waits for the Peer funcs to return. What is still queued is
// lost: say Bye first. Do not call it in a Peer func.
func (s *Socket) Close() error {
	s.closing.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		close(s.stop)
		s.core.Close()
	})
	s.serving.Wait()
	return nil
}

func (s *Socket) everyPeer() []*Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Peer, 0, len(s.peers))
	for p := range s.peers {
		all = append(all, p)
	}
	return all
}

// heartbeat sends signs of life and ends the peers that give none.
func (s *Socket) heartbeat() {
	defer s.serving.Done()
	t := time.NewTicker(s.cfg.Heartbeat)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
			for _, p := range s.everyPeer() {
				p.beat(s.cfg.Heartbeat)
			}
		}
	}
}

func (s *Socket) add(p *Peer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return mangos.ErrClosed
	}
	s.peers[p] = struct{}{}
	s.serving.Add(1)
	return nil
}

// hand notes that a connection is given to mangos, unless the socket is closed.
func (s *Socket) hand() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.handed.Add(1)
	}
	return !s.closed
}

func (s *Socket) serve(p *Peer) {
	defer s.serving.Done()
	if s.cfg.Peer != nil {
		s.cfg.Peer(p)
	}
	p.Close()
	s.mu.Lock()
	delete(s.peers, p)
	s.mu.Unlock()
}

// optionSocket and optionLink are how our transports and our protocol meet across mangos' core.
const (
	optionSocket = "SP-SOCKET"
	optionLink   = "SP-LINK"
)

// pair is the protocol that mangos' core drives: it turns each pipe into a Peer. Messages do not pass
// through the core, which would cost an allocation each way: a Peer talks to the link below its pipe.
type pair struct{ s *Socket }

func (pair) Info() mangos.ProtocolInfo {
	return mangos.ProtocolInfo{Self: mangos.ProtoPair1, Peer: mangos.ProtoPair1, SelfName: "pair1", PeerName: "pair1"}
}

// AddPipe must not wait and must not close the pipe: the core holds its lock.
func (x pair) AddPipe(pipe mangos.ProtocolPipe) error {
	v, err := pipe.(mangos.Pipe).GetOption(optionLink)
	if err != nil {
		return err
	}
	p := newPeer(x.s, pipe, v.(link))
	defer p.link.arrived()
	if err := x.s.add(p); err != nil {
		p.stranger.Stop()
		return err
	}
	p.stranger.Reset(x.s.cfg.Handshake - p.link.age())
	go x.s.serve(p)
	return nil
}

func (pair) RemovePipe(mangos.ProtocolPipe) {}

// Close is called by the core between closing the listeners and closing the pipes. The core dead-locks on a
// pipe that is closed before its AddPipe, so wait for those under way.
func (x pair) Close() error {
	x.s.handed.Wait()
	for _, p := range x.s.everyPeer() {
		p.fail(ErrClosed)
	}
	return nil
}

func (x pair) GetOption(name string) (any, error) {
	if name == optionSocket {
		return x.s, nil
	}
	return nil, mangos.ErrBadOption
}

func (pair) SetOption(string, any) error                  { return mangos.ErrBadOption }
func (pair) SendMsg(*mangos.Message) error                { return mangos.ErrProtoOp }
func (pair) RecvMsg() (*mangos.Message, error)            { return nil, mangos.ErrProtoOp }
func (pair) OpenContext() (mangos.ProtocolContext, error) { return nil, mangos.ErrProtoOp }
