//go:build !unix

package sp

import "net"

// tryWriter takes nothing here: everything is written by the outbox's goroutine.
type tryWriter struct{}

func (tryWriter) init(net.Conn) {}

func (tryWriter) write([]byte) (n int, err error) { return 0, nil }

// tryReader sees nothing here.
type tryReader struct{}

func (tryReader) init(net.Conn) {}

func (tryReader) read([]byte) (n int, err error) { return 0, nil }
