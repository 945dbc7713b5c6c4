//go:build !linux

package share

// Segment is bytes that other processes have to be sent: they are mapped on Linux only.
type Segment struct {
	Ref
	b []byte
}

// New makes a segment of b.
func New(b []byte) (*Segment, error) { return &Segment{Ref: newRef(len(b)), b: b}, nil }

// Bytes are those of the segment.
func (s *Segment) Bytes() []byte { return s.b }

// Close lets the memory go.
func (s *Segment) Close() error {
	s.b = nil
	return nil
}

// Mapping is bytes that must not be changed.
type Mapping struct{ b []byte }

// Open fails with ErrElsewhere.
func Open(Ref) (*Mapping, error) { return nil, ErrElsewhere }

// Hold keeps b.
func Hold(b []byte) (*Mapping, error) { return &Mapping{b}, nil }

// Bytes are valid until Drop.
func (m *Mapping) Bytes() []byte { return m.b }

// Drop gives the memory back, once nobody uses the bytes any more.
func (m *Mapping) Drop() { m.b = nil }
