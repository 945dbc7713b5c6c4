package js

import (
	"context"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// TestRandom draws from what the host gives, also after a Reset that makes a new runtime.
func TestRandom(t *testing.T) {
	s := lang.NewRNG(1)
	in, err := New(lang.Config{Rand: s.Float64})
	if err != nil {
		t.Fatal(err)
	}
	want := s
	for i, src := range []string{"Math.random()", "let pinned = 1; Math.random()", "Math.random()"} {
		v, err := in.Eval(context.Background(), lang.Code{Source: src, Mode: lang.Line}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var b lang.Builder
		if err := v.Walk(&b); err != nil {
			t.Fatal(err)
		}
		if w := want.Float64(); b.Value() != w {
			t.Errorf("number %d: %v, want %v", i, b.Value(), w)
		}
		in.Reset()
	}
}
