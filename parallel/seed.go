package parallel

import "github.com/mojukapu/mirai/lang"

// streams are the random streams of a cluster: one for each node, 2^127 numbers apart, and one for what is balanced, which
// must not depend on the number of nodes and so has a seed of its own. Each task on a node, and each element that is
// balanced, takes the next substream, 2^76 numbers on: so numbers do not depend on when tasks end.
type streams struct {
	nodes    []lang.RNG
	balanced lang.RNG
}

// apart makes the seed of what is balanced of the seed of the nodes.
const apart = 1 << 62

// SetSeed gives node 1 the random stream of the seed and each further node the next one, as clusterSetRNGStream of R
// does. From then on the same calls draw the same numbers, in Apply, Map and Call for the same number of nodes,
// in ApplyLB and Fold for any.
func (c *Cluster) SetSeed(seed int64) {
	s := &streams{nodes: make([]lang.RNG, len(c.nodes)), balanced: lang.NewRNG(seed ^ apart)}
	stream := lang.NewRNG(seed)
	for i := range s.nodes {
		s.nodes[i] = stream
		stream.Jump()
	}
	c.mu.Lock()
	c.streams = s
	c.mu.Unlock()
}

// nodeStreams gives each node the numbers of its next task, nil without a seed.
func (c *Cluster) nodeStreams() []lang.RNG {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams == nil {
		return nil
	}
	out := append([]lang.RNG(nil), c.streams.nodes...)
	for i := range c.streams.nodes {
		c.streams.nodes[i].SubJump()
	}
	return out
}

// balancedStreams gives each of n elements its numbers, nil without a seed.
func (c *Cluster) balancedStreams(n int) []lang.RNG {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams == nil {
		return nil
	}
	out := make([]lang.RNG, n)
	for i := range out {
		out[i] = c.streams.balanced
		c.streams.balanced.SubJump()
	}
	return out
}
