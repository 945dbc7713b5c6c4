package eval_test

import (
	"testing"

	"github.com/mojukapu/mirai/eval"
)

// TestTypes shows that Go values of a registered type travel at any depth, and that a shared one stays shared.
func TestTypes(t *testing.T) {
	everyKind(t, eval.Config{}, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		shared := &point{3, 4}
		f := p.Go(ctx, eval.Task{Lang: language, Globals: eval.Globals{"given": map[string]any{"list": []any{shared, []*point{shared, {5, 6}}}}},
			Source: say("({back: given.list, x: given.list[0].x, made: new Map([['k', [test.point()]]])})",
				"{back = given.list, x = given.list[1].x, made = {k = {test.point()}}}")})
		var got struct {
			Back []any
			X    float64
			Made map[string][]*point
		}
		if err := f.Into(ctx, &got); err != nil {
			t.Fatal(err)
		}
		first, _ := got.Back[0].(*point)
		rest, _ := got.Back[1].([]any)
		if first == nil || *first != *shared || len(rest) != 2 || rest[0] != any(first) || *rest[1].(*point) != (point{5, 6}) {
			t.Errorf("the points came back as %v", got.Back)
		}
		if k := got.Made["k"]; got.X != 3 || len(k) != 1 || *k[0] != (point{1, 2}) {
			t.Errorf("x is %v, made %v", got.X, got.Made)
		}
	})
}
