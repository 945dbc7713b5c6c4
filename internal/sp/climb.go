package sp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// climb puts TLS and WebSocket on a connection.
func (d *dialer) climb(ctx context.Context, conn net.Conn) (*stream, error) {
	if !d.tls && !d.web {
		return newStream(d.socket, conn, d.network), nil
	}
	floor := newFloor(conn)
	var top net.Conn = floor
	if d.tls {
		t := tls.Client(floor, named(d.socket.cfg.TLS, d.address))
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		top = t
	}
	var w *web
	if d.web {
		var err error
		if w, err = dialWeb(ctx, top, d.address, d.path); err != nil {
			return nil, err
		}
	}
	return stack(d.socket, d.network, floor, top, w), nil
}

// climb puts TLS and WebSocket on a connection.
func (l *listener) climb(conn net.Conn) (*stream, error) {
	if !l.tls && !l.web {
		return newStream(l.socket, conn, l.network), nil
	}
	floor := newFloor(conn)
	var top net.Conn = floor
	if l.tls {
		t := tls.Server(floor, l.socket.cfg.TLS)
		if err := t.Handshake(); err != nil {
			return nil, err
		}
		top = t
	}
	var w *web
	if l.web {
		var err error
		if w, err = acceptWeb(top, l.path); err != nil {
			return nil, err
		}
	}
	return stack(l.socket, l.network, floor, top, w), nil
}

// named has the client look for the host's name in its certificate, unless it is told another name to look for.
func named(cfg *tls.Config, address string) *tls.Config {
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName, _, _ = net.SplitHostPort(address)
	}
	return cfg
}

// stack is a stream on what the handshakes have put on the floor.
func stack(s *Socket, kind network, floor *floor, top net.Conn, w *web) *stream {
	var c *stream
	if w != nil {
		c = makeStream(s, floor.Conn, w, newLayered(w, floor), kind)
		c.web = w
	} else {
		c = makeStream(s, floor.Conn, top, newLayered(top, floor), kind)
	}
	if t, ok := top.(*tls.Conn); ok {
		if certs := t.ConnectionState().PeerCertificates; len(certs) > 0 {
			c.name = certs[0].Subject.CommonName
		}
	}
	return c
}

// explain says what who dials can do about a failed handshake.
func explain(err error) error {
	var op *net.OpError
	var not tls.RecordHeaderError
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.As(err, &not):
		return fmt.Errorf("the other side does not speak TLS: %w", err)
	case errors.As(err, &unverified):
		return fmt.Errorf("the other side's certificate is not one to trust: is the credential of this host, or its authority given? %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return errors.New("it closed the connection during the handshake: does it listen at an address of another kind (tls+tcp://, ws://, wss://), or do too many connect at once?")
	case errors.As(err, &op) && op.Op == "remote error":
		return fmt.Errorf("the other side refuses TLS with this credential: is it of this host? %w", err)
	}
	return err
}
