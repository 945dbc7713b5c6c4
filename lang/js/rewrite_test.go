package js

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// TestRewritten: places in text with our syntax in it are the user's.
func TestRewritten(t *testing.T) {
	cfg := lang.Config{Free: free}
	for _, c := range []struct {
		src  string
		mode lang.Mode
		want string
	}{
		{"const f = () => mirai<js>{ a + b }(a = 1, b); nope", lang.Block, "r.js:5:50: ReferenceError: nope is not defined"},
		{"const f = () => mirai<js>{\n  a }(a = 1); nope", lang.Script, "r.js:6:15: ReferenceError: nope is not defined"},
		{"'é'; const f = m => m[]; nope", lang.Line, "r.js:5:29: ReferenceError: nope is not defined"},
		{"const f = () => mirai<js>{ a }(a = = 1)", lang.Block, "r.js:5:"},
		{"mirai<js>{ a + ", lang.Line, "incomplete"},
		{"await mirai<js>{ a + ", lang.Line, "incomplete"},
	} {
		_, err := newInterp(t, cfg).Eval(context.Background(), lang.Code{Source: c.src, Name: "r.js", Line: 5, Column: 4, Mode: c.mode}, nil, nil)
		got := fmt.Sprint(err)
		if e, ok := err.(*lang.Error); ok && e.Incomplete {
			got = "incomplete"
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.src, got, c.want)
		}
	}
	in := newInterp(t, cfg)
	_, err := in.Eval(context.Background(), lang.Code{Source: "const c = 1", Name: "r.js", Line: 3, Mode: lang.Script}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = in.Eval(context.Background(), lang.Code{Source: "let c = 2", Name: "r.js", Line: 9, Mode: lang.Line}, nil, nil)
	if got, want := fmt.Sprint(err), "r.js:9:1: SyntaxError: Identifier 'c' has already been declared"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, err = in.Eval(context.Background(), lang.Code{Source: "let x = 1\nlet y = x.z.w", Name: "r.js", Line: 3}, nil, nil)
	if e, ok := err.(*lang.Error); !ok || e.Line != "let y = x.z.w" || e.Stack[0].Line != 4 {
		t.Errorf("%v: not the source line: %+v", err, err)
	}
}

func TestFreeOfBlocks(t *testing.T) {
	for _, c := range [][2]string{
		{"const m = mirai<js>{ inner + x }(x = y, z); m[]", "y z"},
		{"mirai<js>{ p + q }(...)", "p q"},
		{"mirai<js>{ p }(...o)", "o"},
	} {
		got, err := Free(c[0])
		if err != nil || strings.Join(got, " ") != c[1] {
			t.Errorf("Free(%s) = %v, %v; want %s", c[0], got, err, c[1])
		}
	}
}
