package sp

import (
	"encoding/binary"
	"math"
)

// On the wire, after the SP handshake of PAIR v1 (8 bytes: 00 'S' 'P' 00, 00 11, 00 00), each message is
//
//	ipc   01, then as tcp
//	tcp   length of the rest (8 bytes, big-endian), hops (4 bytes: 00 00 00 01), frame; within TLS for tls+tcp
//	ws    hops, frame, as one binary message of a WebSocket, whose subprotocol stands for the handshake; within TLS for wss
//
// A frame is a CBOR sequence that begins with two small integers: version (1) and kind. Kinds 0 to 15 belong
// to the users of this package. A frame that begins with anything else is handed to them as it is, save these:
//
//	A                                                B
//	1, 16 (ping) ----------------------------------> answers, unless something else is on its way anyway
//	  <-------------------------------------- 1, 17 (pong)
//	1, 18 (bye): A sends nothing after it ---------> sends nothing more but the answer
//	  <-------------------------------------- 1, 19 (bye answered)
//	closes                                           closes when A has, or after a while
//
//	1, 20 (chunk), stream, total, data ------------> puts the frame together
//
// A ping goes out when for one heartbeat nothing was sent or nothing came; a peer from which nothing came for
// three is closed. What reaches A after its bye is dropped: it was not accepted.
//
// A frame above 256 KiB travels as chunks. stream (unsigned integer) tells the frames under way from each other
// and is not used again on the connection while its frame is under way. total (unsigned integer) is the length of
// the frame in bytes, the same in each of its chunks. data (byte string of definite length, the last item) is
// the next piece, never empty, at most 1 MiB. The frame is complete when total bytes are there. At most 4 frames
// may be under way in one direction. Other frames may come between chunks, and so overtake.
//
// Until a peer is admitted, its frames may have 64 KiB, and it may send no chunks; then a frame may have
// Config.Limit, chunked or not. Whatever breaks these rules closes the connection.
const (
	version = 1

	kindPing      = 16
	kindPong      = 17
	kindBye       = 18
	kindByeAnswer = 19
	kindChunk     = 20
)

const (
	strangerLimit = 64 << 10
	chunkAbove    = Ordered   // longer frames are chunked
	chunkSize     = 256 << 10 // of data that we put in a chunk
	chunkLimit    = 1 << 20   // of data that we take in a chunk
	chunkStreams  = 4         // under way at once

	missed = 3 // heartbeats after which a silent peer is gone

	hops          = 1
	maxPrefix     = 1 + 8 + 4
	maxChunkHead  = 2 + 3*9
	handshakeSize = 8
)

var handshake = [handshakeSize]byte{0, 'S', 'P', 0, 0, 0x11, 0, 0}

// control gives the kind of a control frame, or 0.
func control(frame []byte) byte {
	if len(frame) >= 2 && frame[0] == version && frame[1] >= kindPing && frame[1] <= kindChunk {
		return frame[1]
	}
	return 0
}

// appendPrefix begins a message whose frame has n bytes.
func appendPrefix(b []byte, ipc bool, n int) []byte {
	if ipc {
		b = append(b, 1)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(n)+4)
	return binary.BigEndian.AppendUint32(b, hops)
}

// appendChunkHead is what stands before n bytes of data in the frame of a chunk.
func appendChunkHead(b []byte, stream, total uint64, n int) []byte {
	b = append(b, version, kindChunk)
	b = appendHead(b, 0, stream)
	b = appendHead(b, 0, total)
	return appendHead(b, 2, uint64(n))
}

// appendHead writes the head of a CBOR item.
func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

// head reads the head of a CBOR item of a type; rest is nil when b does not begin with one.
func head(b []byte, major byte) (n uint64, rest []byte) {
	if len(b) == 0 || b[0]>>5 != major {
		return 0, nil
	}
	info := b[0] & 31
	if b = b[1:]; info < 24 {
		return uint64(info), b
	}
	size := 1 << (info - 24)
	if info > 27 || len(b) < size {
		return 0, nil
	}
	for _, c := range b[:size] {
		n = n<<8 | uint64(c)
	}
	return n, b[size:]
}

// parseChunkHead reads what stands before the data of a chunk and how many bytes that took; 0 means garbage.
func parseChunkHead(b []byte) (stream, total, n uint64, size int) {
	rest := b[2:]
	if stream, rest = head(rest, 0); rest == nil {
		return 0, 0, 0, 0
	}
	if total, rest = head(rest, 0); rest == nil {
		return 0, 0, 0, 0
	}
	if n, rest = head(rest, 2); rest == nil {
		return 0, 0, 0, 0
	}
	return stream, total, n, len(b) - len(rest)
}
