package session

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mojukapu/mirai/internal/wire"
)

// TestAccept: whatever order frames come in, and however often, each is fresh once; a receipt says which ones are missing.
func TestAccept(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var r wire.Receipt
		seen := map[uint64]bool{}
		for range 100 {
			n := random.Uint64N(30) + 1
			fresh, ok := accept(&r, n)
			if !ok || fresh == seen[n] {
				t.Fatalf("frame %d: fresh is %v, ok is %v", n, fresh, ok)
			}
			seen[n] = true
			for i := uint64(1); i <= r.Last; i++ {
				if slices.Contains(r.Missing, i) == seen[i] {
					t.Fatalf("frame %d: it says %+v", i, r)
				}
			}
		}
	}
	if _, ok := accept(&wire.Receipt{}, 1<<40); ok {
		t.Error("a frame from far away is accepted")
	}
}

// TestForget: what the other side has is not kept, what it lacks is; a closed line keeps nothing.
func TestForget(t *testing.T) {
	l := New(true)
	for range 5 {
		if err := l.Send(wire.AppendHeader(nil, wire.Header{Kind: wire.Done})); err != nil {
			t.Fatal(err)
		}
	}
	l.mu.Lock()
	l.forget(wire.Receipt{Last: 4, Missing: []uint64{2}})
	l.mu.Unlock()
	var kept []uint64
	for _, f := range l.kept {
		kept = append(kept, f.number)
	}
	if !slices.Equal(kept, []uint64{2, 5}) || !l.Kept(wire.Done) || l.Kept(wire.Run) {
		t.Errorf("it keeps %v, want 2 and 5", kept)
	}
	l.Close()
	if err := l.Send(nil); err == nil || l.Kept(wire.Done) {
		t.Errorf("Send() on a closed line: %v", err)
	}
}
