package parallel_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
)

// TestHang: a node inside code that does not let go is lost, on process and in-process nodes; nobody waits for it.
func TestHang(t *testing.T) {
	for kind, cfg := range map[string]eval.Config{"process": {}, "inprocess": {InProcess: daemon.InProcess}} {
		t.Run(kind, func(t *testing.T) {
			cfg.Grace = 10 * time.Millisecond
			c := start(t, 2, cfg)
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			_, err := c.Apply(ctx, []int{1, 2}, eval.Task{Source: "x => { if (x === 2) test.hang(); return x }"})
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, eval.ErrCancelled) {
				t.Errorf("Apply = %v, want the end of its context", err)
			}
			if _, err = c.Call(soon(t), eval.Task{Source: "() => 1"}); !errors.Is(err, eval.ErrReset) || !strings.Contains(err.Error(), "cluster node 2") {
				t.Errorf("Call = %v, want that node 2 is lost", err)
			}
			if vs, err := c.Apply(soon(t), []int{7}, eval.Task{Source: "x => x"}); err != nil || vs[0] != int64(7) {
				t.Errorf("Apply on the node that is left = %v, %v", vs, err)
			}
		})
	}
}
