package share_test

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/mojukapu/mirai/internal/share"
)

// TestSegment: what is shared can be mapped by its reference, not by another's, and not once it was closed.
func TestSegment(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("bytes are mapped on Linux only: elsewhere they are sent")
	}
	want := bytes.Repeat([]byte("mirai"), 50_000)
	s, err := share.New(want)
	if err != nil {
		t.Fatal(err)
	}
	r, err := share.Parse(s.Ref.Append(nil))
	if err != nil || r != s.Ref {
		t.Fatalf("Parse = %+v, %v, want %+v", r, err, s.Ref)
	}
	m, err := share.Open(r)
	if err != nil || !bytes.Equal(m.Bytes(), want) || !bytes.Equal(s.Bytes(), want) {
		t.Fatalf("Open gives other bytes (%v)", err)
	}
	other := r
	other.Key[0]++
	if _, err := share.Open(other); !errors.Is(err, share.ErrElsewhere) {
		t.Errorf("with another key: %v, want %v", err, share.ErrElsewhere)
	}
	if other = r; true {
		other.Size++
	}
	if _, err := share.Open(other); !errors.Is(err, share.ErrElsewhere) {
		t.Errorf("with another size: %v, want %v", err, share.ErrElsewhere)
	}
	s.Close()
	if _, err := share.Open(r); !errors.Is(err, share.ErrElsewhere) {
		t.Errorf("after Close: %v, want %v", err, share.ErrElsewhere)
	}
	if !bytes.Equal(m.Bytes(), want) {
		t.Error("whoever has it mapped lost it when it was closed")
	}
}

// TestReadOnly: the bytes cannot be changed, and cannot be read once they were dropped.
func TestReadOnly(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("bytes are protected on Linux only")
	}
	m, err := share.Hold([]byte("held"))
	if err != nil {
		t.Fatal(err)
	}
	b := m.Bytes()
	if string(b) != "held" {
		t.Fatalf("Hold keeps %q", b)
	}
	if !faults(func() { b[0] = 'x' }) {
		t.Error("the bytes can be changed")
	}
	m.Drop()
	if !faults(func() { b[1]++ }) {
		t.Error("the bytes can be read after Drop")
	}
}

func faults(f func()) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { _, fault = recover().(interface{ Addr() uintptr }) }()
	f()
	return false
}

func TestParse(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 31), bytes.Repeat([]byte{0xff}, 40)} {
		if r, err := share.Parse(b); err == nil {
			t.Errorf("Parse(%x) = %+v, want an error", b, r)
		}
	}
}
