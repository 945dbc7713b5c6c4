package parallel

import (
	"context"

	"github.com/mojukapu/mirai/eval"
)

// Combine says how Fold makes one value of many. Its zero value, with a Func, starts from the zero value, goes in order
// and stops at the first failure.
type Combine[A, R any] struct {
	Init A                           // where it starts
	Func func(acc A, r R) (A, error) // takes in one result; an error ends the rest
	// Arriving takes results as they arrive, not in the order of the elements.
	Arriving bool
	// Failed takes in the failure of an element, a *NodeError. Nil stops at the first failure in time.
	Failed func(acc A, element int, err error) (A, error)
}

// Fold calls the function that task.Source is with each element of xs, each on the first node that is free, and combines the
// results on this side while others are on their way. An error leaves what was combined until then.
func Fold[T, R, A any](ctx context.Context, c *Cluster, xs []T, task eval.Task, how Combine[A, R]) (A, error) {
	acc := how.Init
	err := c.fold(ctx, xs, eval.NodeTask{Task: task}, fold{arriving: how.Arriving, stop: how.Failed == nil,
		take: func(m *eval.NodesMap, i int) error {
			var r R
			err := m.Into(i, &r)
			switch {
			case err == nil:
				acc, err = how.Func(acc, r)
			case how.Failed != nil:
				acc, err = how.Failed(acc, i, c.failed(m, m.Failure(i, err, 0), ofElement))
			default: // it does not fit R
				err = c.failed(m, m.Failure(i, err, 0), ofElement)
			}
			return err
		}})
	return acc, err
}

// fold is what the typed one and that of scripts have in common.
type fold struct {
	arriving bool
	stop     bool // at the first failure in time, also where its element is not due yet
	base     int  // what elements count from in errors
	take     func(m *eval.NodesMap, element int) error
}

func (c *Cluster) fold(ctx context.Context, xs any, t eval.NodeTask, how fold) error {
	if err := c.active(); err != nil {
		return err
	}
	m := c.on.Balance(ctx, xs, t, c.balancedStreams)
	if m.Err() != nil {
		return c.failed(m, m.Err(), ofElement)
	}
	defer m.Cancel()
	due := queue{in: !how.arriving, there: make([]bool, m.Len())}
	for arrived, err := range m.Arrivals(ctx) {
		if err != nil {
			return err
		}
		if failure := m.Failed(arrived); failure != nil && how.stop {
			return c.failed(m, m.Failure(arrived, failure, how.base), ofElement)
		}
		for _, i := range due.after(arrived) {
			if err := how.take(m, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// queue holds elements back until those before them are there.
type queue struct {
	in    bool // false: nothing is held back
	there []bool
	next  int
}

// after gives the elements that are due now that one more is there.
func (q *queue) after(arrived int) (due []int) {
	if !q.in {
		return []int{arrived}
	}
	q.there[arrived] = true
	for ; q.next < len(q.there) && q.there[q.next]; q.next++ {
		due = append(due, q.next)
	}
	return due
}
