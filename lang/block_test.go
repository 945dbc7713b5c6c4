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

func TestRewriteErrors(t *testing.T) {
	const known = "a global of a block is name, name = value or ...values"
	for _, c := range []struct {
		lang, src, at, want string
		incomplete          bool
	}{
		{JS, "a\n  mirai<js>{ x", "f:2:3", "the block that begins here has no end: } is missing", true},
		{JS, "mirai<js>{ x }(a", "f:1:1", "the globals of the block have no end: ) is missing", true},
		{JS, "mirai<js>{ x }(a, b = 1 +", "f:1:1", "the globals of the block have no end: ) is missing", true},
		{JS, "mirai<js, timeout = 5", "f:1:1", "the options of the block have no end: > is missing", true},
		{JS, "mirai<timeout = 5", "f:1:1", "the options of the block have no end: > is missing", true},
		{JS, "mirai<timeout = 5,", "f:1:1", "the options of the block have no end: > is missing", true},
		{JS, "mirai<js>", "f:1:1", "a block needs its code in braces: mirai<...>{ ... }", true},
		{JS, "m[.flat", "f:1:1", "the options of [...] have no end: ] is missing", true},
		{JS, "mirai<js>{ `", "f:1:1", "the block that begins here has no end: } is missing", true},
		{JS, "mirai<lua>{ x = [[ }", "f:1:1", "the block that begins here has no end: } is missing", true},
		{JS, "mirai<js>{ mirai<lua>{ x }", "f:1:1", "the block that begins here has no end: } is missing", true},
		{JS, "mirai<js>{ it's }\n", "f:1:14", "the string has no end on its line, so the block around it has no end either", false},
		{JS, "mirai<timeout=5>(x)", "f:1:17", "a block needs its code in braces: mirai<...>{ ... }; a comparison among its options needs parentheses", false},
		{JS, "mirai<jss>{1}", "f:1:7", `there is no option "jss" of a block: did you mean "js"?`, false},
		{JS, "é; mirai<js, timeuot=5>{1}", "f:1:14", `there is no option "timeuot" of a block: did you mean "timeout"?`, false},
		{JS, "mirai<js, lua>{1}", "f:1:11", "a block has one language: this one is already js", false},
		{JS, "mirai<js = 5>{1}", "f:1:7", "the language js takes no value", false},
		{JS, "mirai<timeout>{1}", "f:1:7", "the option timeout needs a value: timeout = ...", false},
		{JS, "mirai<try, try>{1}", "f:1:12", "the option try is given twice", false},
		{JS, "mirai<timeout = , try>{1}", "f:1:17", `a value is missing before ','`, false},
		{JS, "mirai<timeout = >{1}", "f:1:17", `a value is missing before '>'`, false},
		{JS, "mirai<timeout = 5, 6>{1}", "f:1:20", "an option of a block is a name or name = value", false},
		{JS, "mirai<timeout = 5, a b>{1}", "f:1:20", "an option of a block is a name or name = value", false},
		{JS, "mirai<timeout = 5)>{1}", "f:1:18", "unexpected ) in a list of options", false},
		{JS, "mirai<js>{1}(5)", "f:1:14", known, false},
		{JS, "mirai<js>{1}(a,,b)", "f:1:16", known, false},
		{JS, "mirai<js>{1}(this)", "f:1:14", known, false},
		{Lua, "mirai<js>{1}(end)", "f:1:14", known, false},
		{JS, "mirai<js>{1}(a.b)", "f:1:14", known + ": give this one a name, as in x = a...", false},
		{JS, "mirai<js>{1}(a == 2)", "f:1:14", known + ": give this one a name, as in x = a...", false},
		{JS, "mirai<js>{1}(a = )", "f:1:18", `a value is missing before ')'`, false},
		{JS, "{\nmirai<js>{1}(a = [ }", "f:2:20", "unexpected }: the list of globals that begins at line 2 has no end", false},
		{JS, "mirai<js>{1}(a = b])", "f:1:19", "unexpected ] in a list of globals", false},
		{JS, "m[.flut]", "f:1:4", "there is no option .flut of m[...]: did you mean .flat?", false},
		{JS, "m[.flat, .flat]", "f:1:11", "the option .flat is given twice", false},
		{JS, "m[.flat, stop]", "f:1:10", "an option of m[...] is .flat, .progress or .stop, or .name = value", false},
		{JS, "mirai<lua>{ x = 'é\xff' }", "f:1:19", `the byte 0xff is not UTF-8, which a block in JavaScript text must be: write an escape such as \255`, false},
		{JS, "mirai<js>{broken}(...)", "f:1:13", "unexpected thing", false},
		{JS, "mirai<js>{\n  broken }(...)", "f:2:3", "unexpected thing", false},
		{JS, "mirai<js>{worse}(...)", "f:1:18", "the names for ... cannot be found: it is worse", false},
		{JS, strings.Repeat("mirai<js>{", 201), "f:1:2001", "blocks nest deeper than 200 levels", false},
		{JS, strings.Repeat("mirai<timeout=", 201), "f:1:2801", "blocks nest deeper than 200 levels", false},
	} {
		_, err := Rewrite(c.lang, Code{Source: c.src, Name: "f"}, freeNames)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("Rewrite(%s, %q) gives no error, want %s", c.lang, c.src, c.want)
			continue
		}
		if e.Kind != Syntax || e.Class != "SyntaxError" || e.Message != c.want || e.Stack[0].String() != c.at || e.Incomplete != c.incomplete {
			t.Errorf("Rewrite(%s, %.60q) = %v: %s, incomplete %v\nwant %s: %s", c.lang, c.src, e.Stack[0], e.Message, e.Incomplete, c.at, c.want)
		}
		if lines := strings.Split(c.src, "\n"); e.Line != lines[e.Stack[0].Line-1] {
			t.Errorf("Rewrite(%s, %.60q) shows the line %q", c.lang, c.src, e.Line)
		}
	}
}

func TestRewriteWithoutFree(t *testing.T) {
	_, err := Rewrite(JS, Code{Source: "mirai<js>{1}(...)", Name: "f", Line: 7, Column: 5}, nil)
	if want := "f:7:18: SyntaxError: a lone ... is not available here: name the globals of the block"; err == nil || err.Error() != want {
		t.Errorf("a lone ... gives %v, want %s", err, want)
	}
}

func TestRewritePlace(t *testing.T) {
	text, err := Rewrite(Lua, Code{Source: "mirai<js>{1}\n mirai<js>{2}", Name: "a\"\\\xff.lua", Line: 7, Column: 5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"a\"\\` + "\uFFFD" + `.lua:7:15"`, `.lua:8:12"`} {
		if !strings.Contains(text.Out, want) {
			t.Errorf("%s does not have %s", text.Out, want)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"tiemout", "timeout"}, {"TIMEOUT", "timeout"}, {"rntimeout", "runtimeout"}, {"", "js"}, {"luaa", "lua"}, {strings.Repeat("x", 1000), "js"},
	} {
		if got := Nearest(c.name, blockOptions); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("Nearest of nothing = %q", got)
	}
}

func BenchmarkRewrite(b *testing.B) {
	line := "m = mirai<js, timeout=500>{ sleep(5); a + b }(a, b = 2*x)\n\n"
	code := "function f(a, b) {\n  // what it does\n  const x = [a, /b[/]/g, `c${b}`].map((y) => y / 2); if (x) { return [] }\n  return { a: x, b: \"text\" };\n}\n"
	for _, c := range []struct{ name, lang, src string }{
		{"line", JS, line},
		{"plain line", JS, "sleep(5); let x = [a, b]; return x.map(y => a[y] + b)"},
		{"js 1MB", JS, line + strings.Repeat(code, 1<<20/len(code))},
		{"js 1MB of blocks", JS, strings.Repeat(line, 1<<20/len(line))},
		{"lua 1MB", Lua, line + strings.Repeat("local function f(a, b)\n  -- what it does\n  local x = {a, [b] = [[c]]}\n  return x.a[1] .. \"text\"\nend\n", 1<<20/108)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Rewrite(c.lang, Code{Source: c.src, Name: "f"}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
