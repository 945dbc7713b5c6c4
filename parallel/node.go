package parallel

import (
	"fmt"
	"sync"

	"github.com/mojukapu/mirai/eval"
)

// Node is a daemon of a cluster.
type Node struct {
	Name string // that of its profile: "cluster 1 node 2"
	// Commands are what launched it elsewhere, or what a person is to run: as eval.Profile.Launch gives them.
	Commands []string

	p    *eval.Profile
	mu   sync.Mutex
	last eval.DaemonStatus
}

// Daemon gives the process behind the node, also when it is lost; zero before it has connected.
func (n *Node) Daemon() eval.DaemonStatus {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last.ID == 0 {
		for _, d := range n.p.Status().Daemons {
			n.last = d
		}
	}
	return n.last
}

// String is the name, the process and the machine.
func (n *Node) String() string {
	if d := n.Daemon(); d.ID > 0 {
		return fmt.Sprintf("%s (pid %d on %s)", n.Name, d.PID, d.Host)
	}
	return n.Name + " (not connected yet)"
}
