package lua

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

var expected = regexp.MustCompile(`-- ### (".*")`)

// TestFiles runs the parts of each file, and looks for the failures that their comments announce.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("../../testdata/lang/lua/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		line := 1
		for _, part := range strings.SplitAfter(string(text), "\n---\n") {
			runPart(t, filepath.Base(file), part, line)
			line += strings.Count(part, "\n")
		}
	}
}

func runPart(t *testing.T, file, part string, line int) {
	t.Helper()
	wantLine, want := 0, ""
	for i, l := range strings.Split(part, "\n") {
		if m := expected.FindStringSubmatch(l); m != nil {
			s, err := strconv.Unquote(strings.ReplaceAll(m[1], `\`, `\\`))
			if err != nil {
				t.Fatal(err)
			}
			wantLine, want = line+i, s
		}
	}
	code := lang.Code{Source: strings.TrimSuffix(part, "---\n"), Name: file, Line: line}
	_, err := eval(t, fresh(t, lang.Config{}), code)
	var e *lang.Error
	switch {
	case err == nil && want != "":
		t.Errorf("%s:%d: no failure, want %q", file, wantLine, want)
	case err == nil:
	case want == "":
		t.Errorf("%s:%d: %v", file, line, err)
	case !errors.As(err, &e) || len(e.Stack) == 0 || e.Stack[0].Line != wantLine || !regexp.MustCompile(want).MatchString(e.Message):
		t.Errorf("%s:%d: fails with %v, want %q", file, wantLine, err, want)
	}
}
