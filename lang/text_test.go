package lang

import (
	"strings"
	"testing"
)

// Each §name stands at one place in the source and one in the result: the positions must agree.
func TestTextPos(t *testing.T) {
	for _, c := range []struct{ lang, src string }{
		{JS, "§a = §b"},
		{JS, "é§a = '€';\n\n  'ü'; §b\r\n§c"},
		{JS, "§a = §m[] + §b;\n§c"},
		{JS, "é; §a = mirai<js, timeout = §b>{ code\n  code }(x = §c, y = §d) + §e;\n 'é' + §f[][.flat] + §g\n§h"},
		{JS, "mirai<timeout =\n §a,\n name = §b\n>{\n 1 }(\n  x = §c[],\n  ...§d) + §e\n §f"},
		{Lua, "local §a = §m[] + §b\n§c = mirai<timeout =\n §d,\n name = §e\n>{\n 1 }(\n  x = f(§g),\n y = 'é' .. f(§h)) + §i\n §j"},
		{JS, strings.Repeat("'é'; ", 300) + "§a + m[] + §b"},
	} {
		for _, at := range []struct{ line, column int }{{0, 0}, {1, 1}, {7, 5}} {
			src := strings.ReplaceAll(c.src, "§", "v_")
			text, err := Rewrite(c.lang, Code{Source: src, Name: "f", Line: at.line, Column: at.column}, nil)
			if err != nil {
				t.Fatalf("Rewrite(%s, %q): %v", c.lang, src, err)
			}
			for _, part := range strings.Split(c.src, "§")[1:] {
				name := "v_" + part[:1]
				line, column := text.Pos(place(text.Out, strings.Index(text.Out, name)))
				i := strings.Index(src, name)
				wantLine, _ := place(src, i)
				wantColumn := chars(src[strings.LastIndexByte(src[:i], '\n')+1:i]) + 1
				if wantLine == 1 {
					wantColumn += max(at.column, 1) - 1
				}
				wantLine += max(at.line, 1) - 1
				if line != wantLine || column != wantColumn {
					t.Errorf("Rewrite(%s, %q): %s is at %d:%d, want %d:%d", c.lang, src, name, line, column, wantLine, wantColumn)
				}
			}
		}
	}
}

// place gives the line and the column of an offset, in bytes, from 1.
func place(s string, i int) (line, column int) {
	return strings.Count(s[:i], "\n") + 1, i - strings.LastIndexByte(s[:i], '\n')
}

func TestTextPosOfMade(t *testing.T) {
	src := "'é'; mirai<js>{\n 1 }(a, b = 2)[] + x"
	text, err := Rewrite(JS, Code{Source: src, Name: "f"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		made         string
		line, column int
	}{
		{"mirai.wait", 1, 6}, {"mirai.spawn", 1, 6}, {"{}", 1, 6}, {`"a"`, 1, 6}, {", a", 1, 6}, {"a,", 2, 6}, {`"b"`, 2, 6}, {"2)", 2, 13}, {") +", 1, 6}, {"+ x", 2, 18},
	} {
		line, column := text.Pos(place(text.Out, strings.Index(text.Out, c.made)))
		if line != c.line || column != c.column {
			t.Errorf("%s in %q is from %d:%d, want %d:%d", c.made, text.Out, line, column, c.line, c.column)
		}
	}
}

func TestTextPosOutside(t *testing.T) {
	for _, src := range []string{"", "é\nb", "é = m[]\nb"} {
		text, err := Rewrite(JS, Code{Source: src, Name: "f"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		end, column := place(src, len(src))
		column = chars(src[len(src)-column+1:]) + 1
		if line, col := text.Pos(end+1, 1000); src != "" && (line != end || col != column) {
			t.Errorf("the end of %q is %d:%d, want %d:%d", src, line, col, end, column)
		}
		text.Pos(-1, -1)
	}
}

func TestTextSourceLine(t *testing.T) {
	text, err := Rewrite(JS, Code{Source: "a = m[]\r\n  b\n", Name: "f", Line: 7, Column: 5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[int]string{6: "", 7: "    a = m[]", 8: "  b", 9: "", 10: ""} {
		if got := text.SourceLine(line); got != want {
			t.Errorf("SourceLine(%d) = %q, want %q", line, got, want)
		}
	}
}
