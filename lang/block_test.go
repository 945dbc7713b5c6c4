package lang

import (
	"errors"
	"strings"
	"testing"
)

func rewrite(t *testing.T, language, src string) string {
	t.Helper()
	text, err := Rewrite(language, Code{Source: src, Name: "f"}, freeNames)
	if err != nil {
		t.Fatalf("Rewrite(%s, %q): %v", language, src, err)
	}
	return text.Out
}

// freeNames stands for the parsers of the languages.
func freeNames(language, code string) ([]string, error) {
	switch strings.TrimSpace(code) {
	case "broken":
		return nil, &Error{Kind: Syntax, Message: "unexpected thing", Stack: []Frame{{Line: 2, Column: 3}}}
	case "worse":
		return nil, errors.New("it is worse")
	}
	return strings.FieldsFunc(code, func(r rune) bool { return !isWord(byte(r)) }), nil
}

func TestRewriteBlock(t *testing.T) {
	for _, c := range []struct{ lang, src, want string }{
		{JS, `mirai<js, timeout=500, name="x", try>{ CODE }(a, b = 2*x, ...opts)`,
			`mirai.spawn("js", " CODE ", {timeout: 500, name: "x", try: true}, "f:1:39", "a", a, "b", 2*x, "...", opts)`},
		{Lua, `mirai<js, timeout=500, try>{ CODE }(a, b = 2*x, ...opts)`,
			`mirai.spawn("js", " CODE ", {timeout = 500, ["try"] = true}, "f:1:29", "a", a, "b", 2*x, "...", opts)`},
		{JS, "m = mirai<>{1}", `m = mirai.spawn("js", "1", {}, "f:1:13")`},
		{Lua, "m = mirai<>{1}()", `m = mirai.spawn("lua", "1", {}, "f:1:13")`},
		{JS, "everywhere<lua>{x = {}}(a)", `mirai.spawnEverywhere("lua", "x = {}", {}, "f:1:17", "a", a)`},
		{JS, "mirai<timeout=5, lua>{1}", `mirai.spawn("lua", "1", {timeout: 5}, "f:1:23")`},
		{JS, "mirai<js,>{1}(a,)", `mirai.spawn("js", "1", {}, "f:1:12", "a", a)`},
		{JS, "mirai<js>{\n a\n}(a)\nx", "mirai.spawn(\"js\", \"\\n a\\n\"\n\n, {}, \"f:1:11\", \"a\", a)\nx"},
		{JS, "mirai<js>\n{a}", "mirai.spawn(\"js\", \"a\", {\n}, \"f:2:2\")"},
		{JS, "mirai<\n js, // c\n timeout = 5, // d\n try\n>{a}(\n a, // e\n b = /* f\n */ 2 // g\n)",
			"mirai.spawn(\"js\", \"a\", {\n\ntimeout: 5\n, try: true\n}, \"f:5:3\"\n, \"a\", a\n, \"b\", \n2\n)"},
		{JS, "mirai<js>{1} (a)", `mirai.spawn("js", "1", {}, "f:1:11", "a", a)`},
		{JS, "mirai<js>{1}\n(a)", "mirai.spawn(\"js\", \"1\", {}, \"f:1:11\")\n(a)"},
		{Lua, "mirai<js>{1}\n(a)", "mirai.spawn(\"js\", \"1\", {}, \"f:1:11\")\n(a)"},
		{JS, "mirai<js>{1}(f = x => x > 1)", `mirai.spawn("js", "1", {}, "f:1:11", "f", x => x > 1)`},
		{JS, "mirai<timeout = f(a > b)>{1}", `mirai.spawn("js", "1", {timeout: f(a > b)}, "f:1:27")`},
		{JS, "mirai<timeout = m[]>{1}(a = m[], ...n[])",
			`mirai.spawn("js", "1", {timeout: mirai.wait(m)}, "f:1:22", "a", mirai.wait(m), "...", mirai.wait(n))`},
		{JS, "mirai<timeout = mirai<lua>{2}(x)[]>{1}(a = mirai<js>{3}(y)[])",
			`mirai.spawn("js", "1", {timeout: mirai.wait(mirai.spawn("lua", "2", {}, "f:1:28", "x", x))}, "f:1:37", "a", mirai.wait(mirai.spawn("js", "3", {}, "f:1:54", "y", y)))`},
		{JS, "mirai<js>{ mirai<lua>{ x = {} --[[ } ]] }(a) + '}' }()",
			`mirai.spawn("js", " mirai<lua>{ x = {} --[[ } ]] }(a) + '}' ", {}, "f:1:11")`},
		{Lua, "mirai<js>{ /}/.test(`}${'}'}`) // }\n }()", "mirai.spawn(\"js\", \" /}/.test(`}${'}'}`) // }\\n \"\n, {}, \"f:1:11\")"},
		{JS, "mirai<lua>{ s = [==[ } ]] ]==] .. '}' --}\n}", "mirai.spawn(\"lua\", \" s = [==[ } ]] ]==] .. '}' --}\\n\"\n, {}, \"f:1:12\")"},
		{JS, "mirai<js>{x y}(a, ...)", `mirai.spawn("js", "x y", {}, "f:1:11", "a", a, "x", typeof x === "undefined" ? mirai.absent : x, "y", typeof y === "undefined" ? mirai.absent : y)`},
		{Lua, "mirai<js>{x $y end}(...)", `mirai.spawn("js", "x $y end", {}, "f:1:11", "x", x)`},
		{JS, "mirai<lua>{x new}(...,)", `mirai.spawn("lua", "x new", {}, "f:1:12", "x", typeof x === "undefined" ? mirai.absent : x)`},
		{Lua, "mirai<js>{}(a = f(), b = g())", `mirai.spawn("js", "", {}, "f:1:11", "a", f(), "b", (g()))`},
		{Lua, "mirai<js>{}(a = ..., )", `mirai.spawn("js", "", {}, "f:1:11", "a", (...))`},
		{Lua, "mirai<js>{}(... f'x')", `mirai.spawn("js", "", {}, "f:1:11", "...", (f'x'))`},
		{Lua, "mirai<js>{}(a = m[])", `mirai.spawn("js", "", {}, "f:1:11", "a", mirai.wait(m))`},
		{Lua, "mirai<js>{}(a = m[]())", `mirai.spawn("js", "", {}, "f:1:11", "a", (mirai.wait(m)()))`},
		{JS, "f(...mirai<js>{1}()[])", `f(...mirai.wait(mirai.spawn("js", "1", {}, "f:1:16")))`},
		{JS, "mirai<js>{1}().data[0]", `mirai.spawn("js", "1", {}, "f:1:11").data[0]`},
		{JS, "`a${mirai<js>{`}`}(x)[]}b mirai<js>{}`", "`a${mirai.wait(mirai.spawn(\"js\", \"`}`\", {}, \"f:1:15\", \"x\", x))}b mirai<js>{}`"},
		{JS, "mirai<js>{/*\"\\\r\t\x00\u2028é\u2029\x7f*/}", "mirai.spawn(\"js\", \"/*\\\"\\\\\\r\t\\x00\\u2028é\\u2029\\x7f*/\", {}, \"f:1:11\")"},
		{Lua, "mirai<js>{'\x001\x00a\x01\x7f\u2028é'}", "mirai.spawn(\"js\", \"'\\0001\\0a\\001\\127\u2028é'\", {}, \"f:1:11\")"},
		{Lua, "mirai<lua>{'\xff\xe2é'}", `mirai.spawn("lua", "'\255\226\195\169'", {}, "f:1:12")`},
		{JS, "é = 'é'; mirai<js>{1}", `é = 'é'; mirai.spawn("js", "1", {}, "f:1:20")`},
	} {
		if got := rewrite(t, c.lang, c.src); got != c.want {
			t.Errorf("Rewrite(%s, %q)\n got %s\nwant %s", c.lang, c.src, got, c.want)
		}
	}
}
