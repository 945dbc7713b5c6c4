// Package parallel is the classic cluster: a fixed number of nodes, each a daemon that keeps what it is given. New makes
// a Cluster; Export and Eval prepare its nodes; Apply, ApplyLB, Map and Call run a function on them and give the
// results in order; Fold combines results as they arrive; SetSeed gives each node a random stream of its own; Stop
// ends the cluster. Module is the same for scripts.
//
// What a node is given stays: nothing is restored after a task, and a node that is lost is not replaced. A failure is a
// *NodeError, which names the node and the element.
package parallel

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// ErrStopped is the error of whatever is asked of a cluster after Stop.
var ErrStopped = errors.New("the cluster is no longer active")

// Cluster is a number of nodes. All its methods are safe for use by several goroutines; tasks of several callers follow
// each other on a node.
type Cluster struct {
	name  string
	nodes []*Node
	on    eval.Nodes
	end   func(*eval.Profile) error

	mu      sync.Mutex
	stopped bool
	streams *streams // nil: each node draws from a stream that nobody has seen before
}

// New starts a cluster of n nodes and waits until all are connected. cfg is the template of their profiles: Name is
// that of the cluster and defaults to "cluster", Seed does what SetSeed does; Daemons, Direct and NoRespawn are not
// used, and Settings.Cleanup defaults to "none". With cfg.URL the nodes run elsewhere: see elsewhere.go. ctx bounds the
// starting only: end a cluster with Stop.
func New(ctx context.Context, n int, cfg eval.Config) (*Cluster, error) {
	if cfg.Name == "" {
		cfg.Name = "cluster"
	}
	return start(ctx, n, cfg, eval.New, (*eval.Profile).Close)
}

type opener func(context.Context, eval.Config) (*eval.Profile, error)

// start opens a profile for each node, all at once. When one cannot start, none stays.
func start(ctx context.Context, n int, cfg eval.Config, open opener, end func(*eval.Profile) error) (*Cluster, error) {
	n, by, err := placed(n, &cfg)
	if err != nil {
		return nil, err
	}
	c := &Cluster{name: cfg.Name, nodes: make([]*Node, n), on: make(eval.Nodes, n), end: end}
	seed := cfg.Seed
	cfg.Seed, cfg.Direct, cfg.NoRespawn = nil, false, true
	if cfg.Settings.Cleanup == "" {
		cfg.Settings.Cleanup = "none"
	}
	errs := make([]error, n)
	var started sync.WaitGroup
	for i := range n {
		started.Go(func() { errs[i] = c.open(ctx, i, cfg, by, open) })
	}
	started.Wait()
	for _, err := range errs {
		if err != nil {
			c.Stop()
			return nil, err
		}
	}
	if seed != nil {
		c.SetSeed(*seed)
	}
	return c, nil
}

var errNumber = &lang.Error{Class: "RangeError", Message: "cluster: the number of nodes must be one or more: parallel.cluster(2), for instance"}

func (c *Cluster) open(ctx context.Context, i int, cfg eval.Config, by eval.Launcher, open opener) error {
	cfg.Name = fmt.Sprintf("%s node %d", c.name, i+1)
	p, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	c.on[i], c.nodes[i] = p, &Node{Name: cfg.Name, p: p}
	if by != nil {
		c.nodes[i].Commands, err = p.Launch(ctx, 1, one{by, len(c.on), i})
	}
	c.nodes[i].Daemon()
	return err
}

// Name is the name of the cluster; its nodes have it before their number.
func (c *Cluster) Name() string { return c.name }

// Len is the number of nodes.
func (c *Cluster) Len() int { return len(c.nodes) }

// Nodes gives the nodes in order.
func (c *Cluster) Nodes() []*Node { return append([]*Node(nil), c.nodes...) }

// String is "cluster of 2 nodes".
func (c *Cluster) String() string {
	s := "cluster of 1 node"
	if len(c.nodes) != 1 {
		s = fmt.Sprintf("cluster of %d nodes", len(c.nodes))
	}
	if !c.Active() {
		s += ", stopped"
	}
	return s
}

// Active tells whether the cluster was not stopped.
func (c *Cluster) Active() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.stopped
}

// Stop ends the nodes: what runs on them fails with eval.ErrReset. Once is enough; more does no harm.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	stopped := c.stopped
	c.stopped = true
	c.mu.Unlock()
	if stopped {
		return nil
	}
	errs := make([]error, len(c.on))
	var ended sync.WaitGroup
	for i, p := range c.on {
		if p != nil {
			ended.Go(func() { errs[i] = c.end(p) })
		}
	}
	ended.Wait()
	return errors.Join(errs...)
}

// active gives ErrStopped, and what to do, after Stop.
func (c *Cluster) active() error {
	if c.Active() {
		return nil
	}
	return &lang.Error{Class: "Error", Cause: ErrStopped,
		Message: fmt.Sprintf("%v: make one with parallel.cluster(%d)", ErrStopped, len(c.nodes))}
}
