package parallel

import (
	"errors"
	"fmt"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// NodeError is the failure of a task on a node. It is also whatever that failure is: errors.As finds the *eval.Error, and
// the *eval.MapError where the code of one element failed.
type NodeError struct {
	Node string // its name
	Err  error  // an *eval.MapError or *eval.Error
}

// concern is what a failure is of, besides a node.
type concern uint8

const (
	nothingElse concern = iota
	ofPart              // what a node has is one task: only what the code of an element raised is the element's
	ofElement           // each element is a task
)

// failed says which node a failure is of, and which element where that is concerned: losing a node is not about one.
func (c *Cluster) failed(m *eval.NodesMap, err error, what concern) error {
	if err != nil && err == m.Err() {
		return argumentError{err}
	}
	var of *eval.MapError
	if !errors.As(err, &of) {
		return err
	}
	var task *eval.Error // not one: the value does not fit
	told := !errors.As(of.Err, &task) || task.Kind == eval.Raised || what == ofElement && task.Kind != eval.Reset
	if !told || what == nothingElse {
		err = of.Err
	}
	return &NodeError{Node: c.nodes[m.Node(of.Index)].Name, Err: err}
}

// argumentError is about what a verb was given, which it does not name.
type argumentError struct{ error }

// Unwrap gives the error.
func (e argumentError) Unwrap() error { return e.error }

// Error is the node, the element where one is concerned, and the failure.
func (e *NodeError) Error() string { return e.Node + ": " + e.Err.Error() }

// Unwrap gives the failure.
func (e *NodeError) Unwrap() error { return e.Err }

// As gives the failure with the node in its message, for those who show it.
func (e *NodeError) As(target any) bool {
	to, wanted := target.(**eval.Error)
	var failure *eval.Error
	if !wanted || !errors.As(e.Err, &failure) {
		return false
	}
	told := *failure
	told.Message = e.Node + ": " + failure.Message
	*to = &told
	return true
}

// ScriptError is the failure as scripts see it: its own fields, the node, index and key of the element, and the original
// as cause.
func (e *NodeError) ScriptError() *lang.Error {
	inner := &lang.Error{Class: "Error", Message: e.Err.Error()}
	if s, ok := e.Err.(lang.ScriptErrorer); ok {
		inner = s.ScriptError()
	}
	out := *inner
	out.Message = fmt.Sprintf("%s: %s", e.Node, inner.Message)
	out.Fields = &lang.Record{Keys: []string{"node"}, Values: []any{e.Node}}
	if inner.Fields != nil {
		for i, k := range inner.Fields.Keys {
			out.Fields.Set(k, inner.Fields.Values[i])
		}
	}
	if out.Fields.Get("cause") == nil {
		out.Fields.Set("cause", inner)
	}
	out.Cause = e
	return &out
}
