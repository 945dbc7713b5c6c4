package lang

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRewriteWait(t *testing.T) {
	both := []struct{ src, want string }{
		{"x = m[]", "x = mirai.wait(m)"},
		{"x = m[ ]", "x = mirai.wait(m)"},
		{"x = m[.flat]", "x = mirai.collect(m, {flat: true})"},
		{"x = m[.flat, .stop]", "x = mirai.collect(m, {flat: true, stop: true})"},
		{"x = m[ .progress = f(n[]), .stop, ]", "x = mirai.collect(m, {progress: f(mirai.wait(n)), stop: true})"},
		{"x = m[\n.flat\n]", "x = mirai.collect(m, {\nflat: true\n})"},
		{"x = m[][0]", "x = mirai.wait(m)[0]"},
		{"x = m[][]", "x = mirai.wait(mirai.wait(m))"},
		{"x = m[][0][].y", "x = mirai.wait(mirai.wait(m)[0]).y"},
		{"x = xs[i][].name", "x = mirai.wait(xs[i]).name"},
		{"x = xs[m[]][]", "x = mirai.wait(xs[mirai.wait(m)])"},
		{`x = f(a).b["c"](d)[]`, `x = mirai.wait(f(a).b["c"](d))`},
		{"x = (y)[]", "x = mirai.wait((y))"},
		{"x = -m[] + 2 * n[]", "x = -mirai.wait(m) + 2 * mirai.wait(n)"},
		{"f(a[], b[.stop])", "f(mirai.wait(a), mirai.collect(b, {stop: true}))"},
		{"x = o.end_[]", "x = mirai.wait(o.end_)"},
		{"m[]", "mirai.wait(m)"},
		{"return m[]", "return mirai.wait(m)"},
		{"x = {m[]}", "x = {mirai.wait(m)}"},
	}
	for _, c := range both {
		if got := rewrite(t, JS, c.src); got != c.want {
			t.Errorf("Rewrite(js, %q) = %q, want %q", c.src, got, c.want)
		}
		want := strings.NewReplacer("flat: ", "flat = ", "stop: ", "stop = ", "progress: ", "progress = ").Replace(c.want)
		if got := rewrite(t, Lua, c.src); got != want {
			t.Errorf("Rewrite(lua, %q) = %q, want %q", c.src, got, want)
		}
	}
	for _, c := range []struct{ lang, src, want string }{
		{JS, "new Foo(x)[]", "mirai.wait(new Foo(x))"},
		{JS, "new new Foo(x)(y)[]", "mirai.wait(new new Foo(x)(y))"},
		{JS, "new.target[]", "mirai.wait(new.target)"},
		{JS, "a?.b[]", "mirai.wait(a?.b)"},
		{JS, "a?.[0]?.(1)[]", "mirai.wait(a?.[0]?.(1))"},
		{JS, "a ?.5 : b[]", "a ?.5 : mirai.wait(b)"},
		{JS, "await m[]", "await mirai.wait(m)"},
		{JS, "typeof m[] === 'x'", "typeof mirai.wait(m) === 'x'"},
		{JS, "for (const x of m[]) f(x[])", "for (const x of mirai.wait(m)) f(mirai.wait(x))"},
		{JS, "o.return[]", "mirai.wait(o.return)"},
		{JS, "o.if(a)[]", "mirai.wait(o.if(a))"},
		{JS, "this[] + super.x[]", "mirai.wait(this) + mirai.wait(super.x)"},
		{JS, "import('x')[]", "mirai.wait(import('x'))"},
		{JS, "this.#m[]", "mirai.wait(this.#m)"},
		{JS, `\u0061b[] + é[]`, `mirai.wait(\u0061b) + mirai.wait(é)`},
		{JS, "f`a${b[]}`[]", "mirai.wait(f`a${mirai.wait(b)}`)"},
		{JS, "`a`[]", "mirai.wait(`a`)"},
		{JS, "'s'[] + 5[] + /x/g[]", "mirai.wait('s') + mirai.wait(5) + mirai.wait(/x/g)"},
		{JS, "x = {a: 1}[]", "x = mirai.wait({a: 1})"},
		{JS, "x = [a][]", "x = mirai.wait([a])"},
		{JS, "(function (a) { return [] })[]", "mirai.wait((function (a) { return [] }))"},
		{JS, "x = function f(a) { return a[] }[]", "x = mirai.wait(function f(a) { return mirai.wait(a) })"},
		{JS, "x = async function (a) {}()[]", "x = mirai.wait(async function (a) {}())"},
		{JS, "x = class A extends b[] { c() { return d[] } }[]", "x = mirai.wait(class A extends mirai.wait(b) { c() { return mirai.wait(d) } })"},
		{JS, "x => x[]", "x => mirai.wait(x)"},
		{JS, "async (x) => x[]", "async (x) => mirai.wait(x)"},
		{JS, "if (a) m[]", "if (a) mirai.wait(m)"},
		{JS, "a ? m[] : {b: n[]}", "a ? mirai.wait(m) : {b: mirai.wait(n)}"},
		{JS, "x\n[.flat]", "mirai.collect(x\n, {flat: true})"},
		{JS, "m /* c */ [ /* d */ ]", "mirai.wait(m /* c */ )"},
		{JS, "m[ // c\n ]", "mirai.wait(m\n)"},
		{JS, "a / b[] / c", "a / mirai.wait(b) / c"},
		{JS, "1..x[] + 0xF.y[] + 1.5e+3.z[]", "mirai.wait(1..x) + mirai.wait(0xF.y) + mirai.wait(1.5e+3.z)"},
		{JS, "x++ / m[] / 2", "x++ / mirai.wait(m) / 2"},
		{JS, "a = {get b() { return m[] }, c: n[]}", "a = {get b() { return mirai.wait(m) }, c: mirai.wait(n)}"},
		{JS, "#!/usr/bin/env mirai'\nm[]", "#!/usr/bin/env mirai'\nmirai.wait(m)"},
		{Lua, "#!/usr/bin/env mirai'\nm[]", "#!/usr/bin/env mirai'\nmirai.wait(m)"},
		{JS, "mirai<js>{1}()[]", `mirai.wait(mirai.spawn("js", "1", {}, ":1:11"))`},
		{Lua, `x = f"a"[] .. g{1}[] .. h[[b]][]`, `x = mirai.wait(f"a") .. mirai.wait(g{1}) .. mirai.wait(h[[b]])`},
		{Lua, "x = a:b(c)[]", "x = mirai.wait(a:b(c))"},
		{Lua, "x = 'a'\n(b)[]", "x = 'a'\nmirai.wait((b))"},
		{Lua, "x = 'a\\z \n b'(b)[]", "x = 'a\\z \n b'mirai.wait((b))"},
		{Lua, "x = m -- c\n[ -- d\n]", "x = mirai.wait(m -- c\n\n)"},
		{Lua, "x = {[m[]] = n[], o[]; p[]}", "x = {[mirai.wait(m)] = mirai.wait(n), mirai.wait(o); mirai.wait(p)}"},
		{Lua, "::m:: x = #m[] .. 1 .. ...", "::m:: x = #mirai.wait(m) .. 1 .. ..."},
		{Lua, "if m[] then return n[] end", "if mirai.wait(m) then return mirai.wait(n) end"},
		{Lua, "local f = function(a) return a[] end", "local f = function(a) return mirai.wait(a) end"},
		{Lua, "x = 0x1p+3[] + 1e-2[] + .5[]", "x = mirai.wait(0x1p+3) + mirai.wait(1e-2) + mirai.wait(.5)"},
		{Lua, "goto m x = m[]", "goto m x = mirai.wait(m)"},
	} {
		if got := strings.ReplaceAll(rewrite(t, c.lang, c.src), `"f:`, `":`); got != c.want {
			t.Errorf("Rewrite(%s, %q)\n got %q\nwant %q", c.lang, c.src, got, c.want)
		}
	}
}

// What stands beside it makes the scanner read each of these.
func TestRewriteLeaves(t *testing.T) {
	js := []string{
		"mirai < x", "a<mirai>{}", "mirai<x", "mirai<5>{}", "mirai<a && b", "mirai<js>(x)", "mirai<js>x", "f(mirai<a, b)", "f(mirai<a, b = 3)", "mirai<a == 3",
		"obj.mirai<js>{}", "obj?.mirai<js>{}", "mirais<js>{}", "$mirai<js>{}", "this.#mirai<js>{}", "for (; mirai<n; ) {}",
		"a[i]", "x = []", "return []", "if (a) [].push(1)", "while(x) []", "{ } [].forEach(f)", "for (const x of [])", "for (const of of []) []",
		"yield []", "await []", "let [] = x", "for (let [] of x) []", "switch (x) { case []: [] }", "if (a) b; else []", "typeof []", "x => []", "x++\n[]", "x++ []", "x\n[]",
		"var x\n[].y()", "import x from 'y'\n[].z()", "break x\n[].y()", "x: []", "x: { } []", "do x; while (y) []", "do []; while (y)", "function f() {} []",
		"async function f() {} []", "class A {} []", "class A extends B {} []", "export default function () {} []", "export {a} []", "x => {} []", "try {} catch {} []",
		"try {} catch (e) {} []", "try {} finally {} []", "switch (x) {} []", "with (x) []", "for (;;) []", "for await (const x of y) []", "({a() {}, [b]: []})",
		"class A { a() {} [b] = []; static [c] = []; static {} [d]() {} }", "x = {if: [], get: [], async *[y]() {}}", "(a, [])", "a ? [] : []", "a || []", "a ?? []",
		"x = {a: () => {}, b: []}", "class A { x = () => {}\n [y] = [] }", "new []", "function f([] = []) {}", "([]) => 1", "async ([]) => 1", "[[], []]", "[ ...[] ]",
		"'m[]' + \"m[] \\\" n[]\"", "`m[] \\` ${a} m[]`", "/m[]/", "/[/m[]]/.x", "// m[]", "/* m[] */", "x = a / b / c[0]", "}} [] )) []", "'m[]\n[]",
		"a.b /* m[] */ [0]", "if (x) /m[]/.test(y)", "(x) / m[0] / y", "x = {} / m[0] / y", "{} /m[]/.test(x)", "x = function () {} / m[0] / y", "a = b ? {} / m[0] / y : 1",
		"return /m[]/", "x => {}\n/m[]/.test(y)", "`${/}m[]`/}`", "`${{a: `m[]`}}m[]`", "'mirai<js>{}'", "`mirai<js>{}`", "/mirai<js>{}/", "// mirai<js>{}", "throw []", "void []",
		"[.5]", "a[.5]", "m[...x]", "let\n[] = x", "x = y\n/ m[0] / z", "x = async function () {} / m[0] / y", "delete []", "a in []", "a instanceof []", "in_ = []",
	}
	lua := []string{
		"mirai < x", "a<mirai>{}", "if mirai<x then end", "obj.mirai<js>{}", "obj:mirai<js>{}", "f[[]]", "f[==[ ]==]", "return {}", "a[ [[k]] ]", "a[i]", "f[[m[]]]",
		"'m[]'", "\"m[] \\\" m[]\"", "-- m[]", "--[[ m[] \n m[] ]]", "--[==[ m[] ]] m[] ]==]", "x = [=[ m[] ]] ]=]", "'\\\n m[]'", "{mirai<x, y = 3}",
		"local mirai<const> = 5", "f[==[ ]=] ]===] m[] ]==]", "a[...]", "a[.5]", "return []", "and []", "'\\z \n m[]'", "--[==\nx = {}", "f[[mirai<js>{}]]", "x = 'm[]\ny = {}", "} ) ]",
	}
	check := func(language, src, extra string) {
		t.Helper()
		if got := rewrite(t, language, src); got != src {
			t.Errorf("Rewrite(%s, %q) = %q", language, src, got)
		}
		if got, want := rewrite(t, language, extra+src), "mirai.wait(m)"+extra[3:]+src; got != want {
			t.Errorf("Rewrite(%s, %q) = %q, want %q", language, extra+src, got, want)
		}
	}
	for _, src := range js {
		check(JS, src, "m[];\n")
	}
	for _, src := range lua {
		check(Lua, src, "m[];\n")
	}
}

// A folder of real files, where there is no syntax of ours: each comes out as it is.
func TestRewriteCorpus(t *testing.T) {
	root := os.Getenv("MIRAI_CORPUS")
	if root == "" {
		root = filepath.Join("..", "testdata", "lang", "rewrite")
	}
	files, size, spent := map[string]int{}, 0, time.Duration(0)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		language := JS
		switch filepath.Ext(path) {
		case ".lua":
			language = Lua
		case ".js", ".mjs", ".cjs":
		default:
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		src := string(b)
		files[language]++
		size += len(src)
		begin := time.Now()
		text, err := Rewrite(language, Code{Source: src, Name: path}, nil)
		spent += time.Since(begin)
		if err != nil {
			t.Error(err)
		} else if text.Out != src {
			t.Errorf("%s changed: %s", path, firstChange(src, text.Out))
		}
		// Once more with something to do, so that all of it is scanned, and the end is still understood.
		line := "\nmirai<js>{1}();\n"
		text, err = Rewrite(language, Code{Source: src + line, Name: "f"}, nil)
		if err != nil {
			t.Errorf("%s with a block: %v", path, err)
		} else if !strings.HasPrefix(text.Out, src) || !strings.Contains(text.Out[len(src):], "mirai.spawn(") {
			t.Errorf("%s with a block: %s", path, firstChange(src+line, text.Out))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files[JS] == 0 || files[Lua] == 0 {
		t.Fatalf("no files of both languages in %s", root)
	}
	t.Logf("%d JavaScript and %d Lua files, %.1f MB, %.0f MB/s", files[JS], files[Lua], float64(size)/1e6, float64(size)/1e6/spent.Seconds())
}

func firstChange(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return strings.ToValidUTF8(a[max(0, i-60):min(len(a), i+60)], "?")
}
