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
	of     func() lang.RNG // inside a task: they come from its own
}

func (s *seed) set(n *int64) {
	if n != nil {
		s.stream, s.given = lang.NewRNG(*n), true
	}
}

func (s *seed) next() lang.RNG {
	if s.of != nil {
		return s.of()
	}
	if !s.given {
		return lang.RNG{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream.Jump()
	return s.stream
}

// take hands out the next n streams.
func (s *seed) take(n int) streams {
	if !s.given {
		return streams{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := streams{s.stream, true}
	for range n {
		s.stream.Jump()
	}
	return taken
}

// streams are the streams that were taken at a time, one after the other.
type streams struct {
	last  lang.RNG
	given bool
}

func (s *streams) next() lang.RNG {
	if s.given {
		s.last.Jump()
	}
	return s.last
}
