package eval

import (
	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// What the tasks of a map have in common is sent to each daemon once where that is less: its reference has some 80 bytes,
// and to set up the sharing takes as long as to send a hundred kilobytes.
const (
	shareFrom = 256       // bytes of the value
	shareAll  = 256 << 10 // bytes with all tasks
)

// sealer encodes once what many tasks have in common.
type sealer struct {
	in     *sharing // where they are shared; nil: nowhere
	tasks  int
	shared []*Shared
}

// one gives a binding whose value is encoded already. path is where the value is, from the inside, for who is told that it
// cannot be sent.
func (s *sealer) one(b lang.Binding, path ...string) (lang.Binding, error) {
	raw, err := wire.Encode(b.Value)
	if err != nil {
		for _, elem := range path {
			err = lang.At(err, elem)
		}
		return b, newError(Refused, "%v", err)
	}
	if s.in != nil && len(raw) >= shareFrom && len(raw)*s.tasks >= shareAll {
		if x, err := s.in.keep(raw, true); err == nil {
			s.shared = append(s.shared, x)
			return lang.Binding{Name: b.Name, Value: x.feed}, nil
		} // there is no memory to share: it goes along with each task
	}
	return lang.Binding{Name: b.Name, Value: encoded(raw)}, nil
}

func (s *sealer) all(what string, bs []lang.Binding) (out []lang.Binding, err error) {
	out = make([]lang.Binding, len(bs))
	for i, b := range bs {
		if out[i], err = s.one(b, b.Name, what); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// encoded gives a value that is encoded already.
func encoded(raw []byte) lang.Feed {
	if shares(raw) {
		return func(s lang.Sink) error { return wire.DecodeAll(raw, s) }
	}
	return func(s lang.Sink) error {
		if e, ok := s.(lang.RawSink); ok {
			return e.RawCBOR(raw)
		}
		return wire.DecodeAll(raw, s)
	}
}
