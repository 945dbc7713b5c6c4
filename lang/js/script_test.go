package js

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

var expectation = regexp.MustCompile("### [\"`](.*)[\"`]$")

// TestScripts runs testdata/lang/js/*.js: chunks separated by ---, each in a new interpreter. A line that ends in
// // ### "regexp" must be where the chunk fails, with an error that matches.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("../../testdata/lang/js/*.js")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		line := 1
		for chunk := range strings.SplitSeq(string(b), "\n---\n") {
			runChunk(t, filepath.Base(file), chunk, line)
			line += strings.Count(chunk, "\n") + 2
		}
	}
}

func runChunk(t *testing.T, name, chunk string, line int) {
	t.Helper()
	wantLine, want := 0, ""
	for i, l := range strings.Split(chunk, "\n") {
		if m := expectation.FindStringSubmatch(l); m != nil {
			wantLine, want = line+i, m[1]
		}
	}
	in := newInterp(t, lang.Config{Modules: []lang.Module{{Global: true, Funcs: []lang.Func{{Name: "same", Call: same}}}}})
	_, err := in.Eval(context.Background(), lang.Code{Source: chunk, Name: name, Line: line, Mode: lang.Script}, nil, nil)
	if err == nil {
		err = in.Run(context.Background())
	}
	e, _ := err.(*lang.Error)
	switch {
	case want == "" && err != nil:
		t.Errorf("%v", err)
	case want == "":
	case e == nil:
		t.Errorf("%s:%d: %v, want %s", name, wantLine, err, want)
	case len(e.Stack) == 0 || e.Stack[0].Line != wantLine || !regexp.MustCompile(want).MatchString(e.Error()):
		t.Errorf("%s:%d: %v, want %s", name, wantLine, e, want)
	}
}

// same fails unless its two arguments show alike.
func same(c *lang.Call) (any, error) {
	if got, want := c.Interp.Show(c.Args[0]), c.Interp.Show(c.Args[1]); got != want {
		return nil, fmt.Errorf("got %s, want %s", got, want)
	}
	return lang.Undefined{}, nil
}
