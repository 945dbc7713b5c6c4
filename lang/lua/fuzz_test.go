package lua

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mojukapu/mirai/lang"
)

// FuzzEval: no text brings the interpreter down, every failure is a *lang.Error, and it works afterwards.
func FuzzEval(f *testing.F) {
	for _, s := range []string{
		"return 1", "a + b", "local x = 1\n x + 1", "f{1, [2] = 3}", "goto a ::a::", "for i = 1, 2 do end", "[[x]] .. 'a\\z b'",
		"local t = {} function t:m(...) return ... end t:m(1)", "pcall(error, {})", "coroutine.wrap(function() coroutine.yield(1) end)()",
		"x = 0x1p3", "1..2", "--[==[ ]]", "repeat local a until a", "\"\\u{41}\"", "return (function(...) return select('#', ...) end)(1, 2)",
		"setmetatable({}, {__index = print}).x", "m[]", "mirai<js>{ x }(...)", "string.format('%5s', 1)", "tostring(null)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		in := fresh(t, lang.Config{Stack: 200})
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		v, err := in.Eval(ctx, block(src), nil, nil)
		var e *lang.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%q fails with %T: %v", src, err, err)
		}
		if err == nil {
			in.Show(v)
			var b lang.Builder
			_ = v.Walk(&b)
		}
		in.Reset()
		if v, err := in.Eval(context.Background(), block("1 + 1"), nil, nil); err != nil || in.Show(v) != "2" {
			t.Fatalf("%q spoils the interpreter: %v", src, err)
		}
	})
}
