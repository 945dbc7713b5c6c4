package parallel

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mojukapu/mirai/eval"
)

// Apply calls the function that task.Source is with each element of xs, and with args after it, in contiguous splits over
// the nodes, and gives the results in order. xs is a slice, an array, a *lang.Record or a map with string keys. A
// split ends at its first failure; the first failure in time cancels the others and is the error. ctx bounds it all.
func (c *Cluster) Apply(ctx context.Context, xs any, task eval.Task, args ...any) ([]any, error) {
	return c.all(ctx, false, xs, eval.NodeTask{Task: task, Args: args})
}

// ApplyLB is Apply with each element given to the first node that is free: for elements that take longer than others.
func (c *Cluster) ApplyLB(ctx context.Context, xs any, task eval.Task, args ...any) ([]any, error) {
	return c.all(ctx, true, xs, eval.NodeTask{Task: task, Args: args})
}

// Map calls the function with the first element of each list, with the second of each, and so on, in splits as Apply. The
// lists must be equally long.
func (c *Cluster) Map(ctx context.Context, task eval.Task, lists ...[]any) ([]any, error) {
	rows, err := inStep(lists)
	if err != nil {
		return nil, err
	}
	return c.all(ctx, false, rows, eval.NodeTask{Task: task, Spread: true})
}

// Call calls the function with args once on each node and gives the results in the order of the nodes.
func (c *Cluster) Call(ctx context.Context, task eval.Task, args ...any) ([]any, error) {
	m, err := c.call(ctx, eval.NodeTask{Task: task}, args)
	if err != nil {
		return nil, err
	}
	return m.Get(ctx)
}

// Eval evaluates task.Source at global scope on each node: what it defines stays there. It gives the values in the order
// of the nodes.
func (c *Cluster) Eval(ctx context.Context, task eval.Task) ([]any, error) {
	m, err := c.eval(ctx, task)
	if err != nil {
		return nil, err
	}
	return m.Get(ctx)
}

// Export makes values global variables of a language on each node.
func (c *Cluster) Export(ctx context.Context, language string, values eval.Globals) error {
	_, err := c.eval(ctx, eval.Task{Lang: language, Globals: values})
	return err
}

// Apply is Cluster.Apply for values of known types.
func Apply[T, R any](ctx context.Context, c *Cluster, xs []T, task eval.Task) ([]R, error) {
	m, err := c.split(ctx, xs, eval.NodeTask{Task: task}, 0)
	if err != nil {
		return nil, err
	}
	return results[R](c, m)
}

// ApplyLB is Cluster.ApplyLB for values of known types.
func ApplyLB[T, R any](ctx context.Context, c *Cluster, xs []T, task eval.Task) ([]R, error) {
	m, err := c.balance(ctx, xs, eval.NodeTask{Task: task}, 0)
	if err != nil {
		return nil, err
	}
	return results[R](c, m)
}

func results[R any](c *Cluster, m *eval.NodesMap) ([]R, error) {
	out := make([]R, m.Len())
	for i := range out {
		if err := m.Into(i, &out[i]); err != nil {
			return nil, c.failed(m, m.Failure(i, err, 0), ofElement)
		}
	}
	return out, nil
}

func (c *Cluster) all(ctx context.Context, balanced bool, xs any, t eval.NodeTask) ([]any, error) {
	var m *eval.NodesMap
	var err error
	if balanced {
		m, err = c.balance(ctx, xs, t, 0)
	} else {
		m, err = c.split(ctx, xs, t, 0)
	}
	if err != nil {
		return nil, err
	}
	return m.Get(ctx)
}

// split waits for a function that is called in splits. Elements count from base in errors.
func (c *Cluster) split(ctx context.Context, xs any, t eval.NodeTask, base int) (*eval.NodesMap, error) {
	if err := c.active(); err != nil {
		return nil, err
	}
	m := c.on.Split(ctx, xs, t, c.ends, c.nodeStreams())
	return m, c.failed(m, m.Wait(ctx, base), ofPart)
}

// ends says where the splits of so many elements end.
func (c *Cluster) ends(elements int) []int { return ends(elements, len(c.on)) }

// balance waits for a function that is called with each element wherever a node is free.
func (c *Cluster) balance(ctx context.Context, xs any, t eval.NodeTask, base int) (*eval.NodesMap, error) {
	if err := c.active(); err != nil {
		return nil, err
	}
	m := c.on.Balance(ctx, xs, t, c.balancedStreams)
	return m, c.failed(m, m.Wait(ctx, base), ofElement)
}

// call waits for a function that is called once on each node: the arguments are an element for each.
func (c *Cluster) call(ctx context.Context, t eval.NodeTask, args []any) (*eval.NodesMap, error) {
	if err := c.active(); err != nil {
		return nil, err
	}
	if args == nil {
		args = []any{}
	}
	t.Spread = true
	m := c.on.Split(ctx, slices.Repeat([]any{args}, len(c.on)), t, oneEach, c.nodeStreams())
	return m, c.failed(m, m.Wait(ctx, 0), nothingElse)
}

// oneEach gives each of n nodes one element.
func oneEach(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// eval waits for source that is evaluated on each node.
func (c *Cluster) eval(ctx context.Context, t eval.Task) (*eval.NodesMap, error) {
	if err := c.active(); err != nil {
		return nil, err
	}
	m := c.on.Setup(ctx, t, c.nodeStreams())
	return m, c.failed(m, m.Wait(ctx, 0), nothingElse)
}

// inStep makes rows of lists.
func inStep(lists [][]any) ([]any, error) {
	if len(lists) == 0 {
		return nil, argumentError{errors.New("give it a list at least, after the function")}
	}
	rows := make([]any, len(lists[0]))
	for _, l := range lists {
		if len(l) != len(rows) {
			return nil, argumentError{fmt.Errorf("the lists have %d and %d elements: they must be equally long", len(rows), len(l))}
		}
	}
	for i := range rows {
		row := make([]any, len(lists))
		for k, l := range lists {
			row[k] = l[i]
		}
		rows[i] = row
	}
	return rows, nil
}
