package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Where a daemon stays when its connection is lost, both sides number what they send, so that nothing is lost and
// nothing comes twice. Hello names the session that the daemon was in, and what it got there; a welcome with Got goes
// on with it, and both send again what the other has not got. A welcome without Got begins a new session.
//
//	hello, session s, got: 1 to 7 ----->
//	  <-------------------------- welcome, session s, got: 1 to 4 but 3
//	result, number 3 ------------------>      again, as is what follows 4
//	  <-------------------------- ack         from time to time: got 1 to 20

// numberSize is the size of the number that ends a frame of a session: a CBOR unsigned integer of fixed width.
const numberSize = 9

// AppendNumber ends a frame of a session.
func AppendNumber(frame []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(frame, 0x1b), number)
}

// CutNumber takes the number off a frame of a session.
func CutNumber(frame []byte) ([]byte, uint64, error) {
	n := len(frame) - numberSize
	if n < HeaderSize || frame[n] != 0x1b {
		return nil, 0, errors.New("wire: a frame without its number")
	}
	return frame[:n:n], binary.BigEndian.Uint64(frame[n+1:]), nil
}

// KindOf gives the kind of a frame that AppendHeader began.
func KindOf(frame []byte) Kind { return Kind(frame[1]) }

// Receipt says which frames of a session came: those up to Last but the Missing, which are in order.
type Receipt struct {
	Last    uint64   `cbor:"last"`
	Missing []uint64 `cbor:"missing,omitempty"`
}

// AppendAck appends a frame that acknowledges others. It has no number.
func AppendAck(b []byte, r Receipt) []byte {
	return appendIDs(b, Header{Kind: Ack, Task: r.Last}, r.Missing)
}

// ParseAck reads an acknowledgement.
func ParseAck(h Header, body []byte) (Receipt, error) {
	missing, err := ParseReturn(body)
	r := Receipt{Last: h.Task, Missing: missing}
	return r, errors.Join(err, r.valid())
}

func (r Receipt) valid() error {
	if !slices.IsSorted(r.Missing) {
		return fmt.Errorf("wire: a receipt that is not in order: %v", r.Missing)
	}
	return nil
}
