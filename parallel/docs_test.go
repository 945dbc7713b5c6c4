package parallel_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

// TestDocs runs the code of docs/parallel.md: each print must show the comment behind it. That in Go is the example's.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../docs/parallel.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if code := "\t" + strings.TrimSpace(strings.ReplaceAll(block(t, doc, "go"), "\n", "\n\t")); !strings.Contains(string(example), strings.ReplaceAll(code, "\n\t\n", "\n\n")) {
		t.Errorf("example_test.go has not the code of docs/parallel.md:\n%s", code)
	}
	for language, comment := range map[string]string{lang.JS: " // ", lang.Lua: " -- "} {
		t.Run(language, func(t *testing.T) {
			code := block(t, doc, language)
			var want, got []string
			for line := range strings.Lines(code) {
				if _, shown, ok := strings.Cut(line, comment); ok && strings.HasPrefix(line, "print(") {
					want = append(want, strings.TrimSpace(shown))
				}
			}
			s, err := script.New(script.Config{Lang: language, Print: func(_ lang.Stream, line string) { got = append(got, line) }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.RunText(soon(t), "parallel.md", code); err != nil {
				t.Fatal(s.Explain(err))
			}
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("it prints\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// block gives the first block of code of a language.
func block(t *testing.T, doc []byte, language string) string {
	t.Helper()
	_, code, _ := strings.Cut(string(doc), "```"+language+"\n")
	code, _, found := strings.Cut(code, "\n```")
	if !found {
		t.Fatalf("docs/parallel.md has no code in %s", language)
	}
	return code
}
