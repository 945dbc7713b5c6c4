package share

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// page is where the bytes begin; a multiple of the page size of every system that Linux runs on.
const page = 64 << 10

// Segment is bytes that other processes can map. The kernel forgets it with its process, however that ends.
type Segment struct {
	Ref
	file *os.File
	m    *Mapping
}

// New makes a segment of b, which is copied.
func New(b []byte) (*Segment, error) {
	fd, err := unix.MemfdCreate("mirai-share", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("share: cannot get memory to share: %w", err)
	}
	s := &Segment{Ref: newRef(len(b)), file: os.NewFile(uintptr(fd), "mirai-share")}
	s.Path = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)
	if err := s.fill(b); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("share: cannot fill the memory to share: %w", err)
	}
	return s, nil
}

func (s *Segment) fill(b []byte) (err error) {
	if err = s.file.Truncate(page + int64(len(b))); err == nil {
		_, err = s.file.WriteAt(s.Key[:], 0)
	}
	if err == nil {
		_, err = s.file.WriteAt(b, page)
	}
	if err == nil {
		s.m, err = mapped(s.file, len(b))
	}
	return err
}

// Bytes are those of the segment, for whoever cannot map it. They must not be used after Close.
func (s *Segment) Bytes() []byte { return s.m.Bytes() }

// Close lets the memory go, as far as nobody else has it mapped.
func (s *Segment) Close() error {
	s.m.Drop()
	return s.file.Close()
}

// Mapping is bytes that cannot be changed: a write to them faults.
type Mapping struct {
	all  []byte // whole pages
	skip int
}

// Open maps a segment. It fails with ErrElsewhere where it is not to be found.
func Open(r Ref) (*Mapping, error) {
	if r.Path == "" {
		return nil, ErrElsewhere
	}
	f, err := os.Open(r.Path)
	if err != nil {
		return nil, ErrElsewhere
	}
	defer f.Close()
	var key [16]byte
	if _, err := f.ReadAt(key[:], 0); err != nil || key != r.Key {
		return nil, ErrElsewhere
	}
	if info, err := f.Stat(); err != nil || info.Size() != page+r.Size {
		return nil, ErrElsewhere
	}
	return mapped(f, int(r.Size))
}

func mapped(f *os.File, size int) (*Mapping, error) {
	all, err := unix.Mmap(int(f.Fd()), 0, page+size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("share: cannot map a shared value of %d bytes: %w", size, err)
	}
	return &Mapping{all: all, skip: page}, nil
}

// Hold keeps a copy of b.
func Hold(b []byte) (*Mapping, error) {
	all, err := unix.Mmap(-1, 0, max(len(b), 1), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("share: cannot keep a shared value of %d bytes: %w", len(b), err)
	}
	copy(all, b)
	if err := unix.Mprotect(all, unix.PROT_READ); err != nil {
		return nil, fmt.Errorf("share: cannot protect a shared value: %w", err)
	}
	return &Mapping{all: all[:len(b):len(b)]}, nil
}

// Bytes are valid until Drop.
func (m *Mapping) Bytes() []byte { return m.all[m.skip:] }

// Drop gives the memory back and keeps the addresses: whoever still uses the bytes faults, and never reads others.
func (m *Mapping) Drop() {
	if len(m.all) > 0 {
		unix.Mprotect(m.all, unix.PROT_NONE)
		unix.Madvise(m.all, unix.MADV_DONTNEED)
	}
}
