package eval_test

import (
	"testing"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/launch"
)

// TestFreshKeepsSetup: with a new interpreter for each task, what everywhere has set up is there all the same, and
// nothing else is.
func TestFreshKeepsSetup(t *testing.T) {
	cfg := eval.Config{Settings: launch.Settings{Cleanup: "fresh"}}
	everyKind(t, cfg, func(t *testing.T, p *eval.Profile, language string, say func(js, lua string) string) {
		ctx := soon(t)
		for _, setup := range []string{
			say("function twice(x) { return 2 * x }; print('setting up')", "function twice(x) return 2 * x end print('setting up')"),
			say("three = twice(1) + 1", "three = twice(1) + 1"),
		} {
			fs, err := p.Everywhere(eval.Task{Lang: language, Source: setup})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fs[0].Get(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			f := p.Go(ctx, eval.Task{Lang: language, Source: say(
				"let seen = typeof left; left = 1; Array.prototype.left = 1; [twice(21), three, seen]",
				"local seen = type(left) left = 1 return {twice(21), three, seen}")})
			var got []any
			if err := f.Into(ctx, &got); err != nil {
				t.Fatal(err)
			}
			if got[0] != int64(42) || got[1] != int64(3) || got[2] != say("undefined", "nil") {
				t.Errorf("the task gives %v", got)
			}
			if out := f.Result().Output; len(out) > 0 {
				t.Errorf("it prints %v", out)
			}
		}
	})
}
