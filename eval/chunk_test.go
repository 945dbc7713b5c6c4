package eval

import (
	"reflect"
	"testing"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

func chunkResult(t testing.TB, lists ...any) []byte {
	raw, err := wire.EncodeGo(lists, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSplitChunk(t *testing.T) {
	shared := &lang.Record{Keys: []string{"a"}, Values: []any{[]any{int64(1)}}}
	for _, c := range []struct {
		raw  []byte
		want []any // an error's message, or a value
	}{
		{chunkResult(t, []any{1, "x"}), []any{int64(1), "x"}},
		{chunkResult(t, []any{shared, shared}), []any{shared, shared}},
		{chunkResult(t, []any{1, nil}, []any{1}, []any{&lang.Error{Class: "TypeError", Message: "no"}}), []any{int64(1), "TypeError: no"}},
		{chunkResult(t, []any{nil, nil}, []any{1, 0}, []any{"a.lua:3: no", "plain"}), []any{"plain", "a.lua:3: no"}},
	} {
		out, err := splitChunk(c.raw, 2, lang.Lua, nil)
		if err != nil {
			t.Errorf("splitChunk(%x) failed: %v", c.raw, err)
			continue
		}
		for i, o := range out {
			var got any
			if o.err != nil {
				got = o.err.Error()
			} else if got, err = wire.ToGo(o.value, false, nil); err != nil {
				t.Error(err)
			}
			if !reflect.DeepEqual(got, c.want[i]) {
				t.Errorf("element %d of %x is %v, want %v", i, c.raw, got, c.want[i])
			}
		}
	}
}

// FuzzSplitChunk: whatever a daemon sends, every element has a value or an error, or the whole is refused.
func FuzzSplitChunk(f *testing.F) {
	f.Add(chunkResult(f, []any{1, 2}))
	f.Add(chunkResult(f, []any{1, nil}, []any{1}, []any{"no"}))
	f.Add(chunkResult(f, []any{1, nil}, []any{7}, []any{"no"}))
	shared := []any{1}
	f.Add(chunkResult(f, []any{shared, shared}))
	f.Add([]byte{0x83, 0x82, 1, 2, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		out, err := splitChunk(raw, 2, lang.JS, nil)
		if err != nil {
			return
		}
		for i, o := range out {
			if !o.resolved() {
				t.Errorf("element %d of %x has neither value nor error", i, raw)
			}
		}
	})
}
