package lang

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// adjacent is what m[] and m[.flat] cannot be without.
var adjacent = regexp.MustCompile(`\[(\s|\v|\pZ|\x{FEFF}|/\*(?s:.)*?\*/|//[^\n\r]*|--[^\n]*)*(\]|\.)|--\[`)

func FuzzRewrite(f *testing.F) {
	for _, src := range []string{
		"mirai<js, timeout=500>{ CODE }(a, b = 2*x, ...opts)[] + m[.flat, .progress = f(x)]", "everywhere<lua>{ x = [[ } ]] }(...)", "x++\n[]",
		"mirai<js>{ mirai<lua>{ '}' --[==[ } ]==] }(a) /}/ `${`}`}` }[][0]", "f(a).b[\"c\"](d)[]", "class A extends B { x = () => {}\n get [y]() { return [] } }",
		"x = a ? {b: c / d} : /e[/]f/g.test`h${{}}i`; // j\nfor (const k of l) if (m) n[]", "a\\u0061[] #b[] é[] \u2028 1..x 0x1p+3 ::y:: 'z\\z \n' \"\\\n\"",
		"mirai<timeout = mirai<js>{1}()[],\n try\n>{ 2 }(\n x = y[],\n)",
	} {
		f.Add(true, src)
		f.Add(false, src)
	}
	f.Fuzz(func(t *testing.T, js bool, src string) {
		language := Lua
		if js {
			language = JS
		}
		begin := time.Now()
		text, err := Rewrite(language, Code{Source: src, Name: "f"}, func(string, string) ([]string, error) { return []string{"a", "é"}, nil })
		if took := time.Since(begin); took > time.Second && len(src) < 1<<16 {
			t.Fatalf("%d bytes took %v", len(src), took)
		}
		ours := strings.Contains(src, "mirai<") || strings.Contains(src, "everywhere<") || adjacent.MatchString(src)
		if err != nil {
			e := err.(*Error)
			if !ours || e.Message == "" || len(e.Stack) != 1 || e.Stack[0].Line < 1 || e.Stack[0].Line > strings.Count(src, "\n")+1 || e.Stack[0].Column < 1 {
				t.Fatalf("an error without cause or place: %v", e)
			}
			return
		}
		if !ours && text.Out != src {
			t.Fatalf("changed to %q", text.Out)
		}
		if a, b := strings.Count(src, "\n"), strings.Count(text.Out, "\n"); a != b {
			t.Fatalf("%d lines became %d: %q", a, b, text.Out)
		}
		for i, l := range strings.Split(text.Out, "\n") {
			for _, column := range []int{1, len(l)/2 + 1, len(l) + 1} {
				line, col := text.Pos(i+1, column)
				if line < 1 || line > strings.Count(src, "\n")+1 || col < 1 || text.SourceLine(line) == "" && col > 1 && !strings.Contains(src, "\r") {
					t.Fatalf("%d:%d of %q comes from %d:%d", i+1, column, text.Out, line, col)
				}
			}
		}
	})
}

// What nests deep or never ends must not take long either.
func TestRewriteHostile(t *testing.T) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, src := range map[string]string{
		"parens": fill("("), "brackets": fill("["), "braces": fill("{"), "mixed": fill("([{"), "closers": fill("([") + fill(")"), "templates": fill("`${"),
		"waits": fill("m[];"), "chain": "m" + fill("[]"), "nested waits": strings.Repeat("(", size/4) + "m" + strings.Repeat("[])", size/4), "indexes": fill("m[") + fill("[]"),
		"regexes": fill("/[ "), "divisions": fill("a/"), "strings": fill("'\n"), "comments": fill("a[/*"), "long brackets": fill("[=["), "levels": fill("]=") + fill("[="),
		"names": fill("mirai<a,"), "comparisons": fill("mirai<"), "closed lists": fill("mirai<>"), "new": fill("new "), "classes": fill("class "), "ternaries": fill("a?"), "open index": fill("a[ "),
		"blocks in a line": fill("é=mirai<js>{1}(a);"), "globals": "mirai<js>{1}(" + fill("a,") + ")", "code": "mirai<js>{" + fill("a[1] {}\n") + "}", "code of brackets": "mirai<lua>{" + fill("[[]]") + "}",
		"functions": fill("function("), "spaces": "m[" + fill(" ") + "]", "newlines": "m" + fill("\n[]"), "one line": strings.Repeat("é;", 2*size) + "m[]", "large": strings.Repeat("x = [a]\n", 5*size/8), "deep": strings.Repeat("[", 5*size),
	} {
		for _, language := range []string{JS, Lua} {
			begin := time.Now()
			text, err := Rewrite(language, Code{Source: "m[];" + src, Name: "f"}, nil)
			if err == nil {
				text.Pos(1, size/2)
			}
			// Ten times what it takes on a slow machine; anything quadratic would take hours.
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("%s in %s: %v", name, language, took)
			} else if testing.Verbose() {
				t.Logf("%s in %s: %v", name, language, took)
			}
		}
	}
}
