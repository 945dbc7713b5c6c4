package eval

import (
	"sync"

	"github.com/mojukapu/mirai/lang"
)

// seed hands out the random streams of a profile, one for each submission, each 2^127 numbers from the last. Without a
// seed the streams are zero: a task then draws from its daemon's.
type seed struct {
	mu     sync.Mutex
	stream lang.RNG
	given  bool
}

func (s *seed) set(n *int64) {
	if n != nil {
		s.stream, s.given = lang.NewRNG(*n), true
	}
}

func (s *seed) next() lang.RNG {
	if !s.given {
		return lang.RNG{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream.Jump()
	return s.stream
}
