package mirai_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/script"
)

// TestReadmeSession types the README's first screen, its sleep shortened.
func TestReadmeSession(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(readme), "```js\n")
	code, _, _ = strings.Cut(code, "```")
	var lines []string
	for _, line := range strings.Split(code, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, strings.Replace(line, "sleep(5000)", "sleep(50)", 1))
		}
	}
	s, err := script.New(script.Config{Lang: lang.JS})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := []string{"", "", "mirai<...>", "mirai<...>", "unresolved", "3", "mirai<3>", "'hahaha'", "code 5"}
	if len(lines) != len(want) {
		t.Fatalf("the README has %d lines, this test knows %d", len(lines), len(want))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for i, line := range lines {
		shown, err := s.Line(ctx, line)
		if err != nil {
			shown = s.Explain(err)
		}
		if shown != want[i] && (i != len(want)-1 || !strings.Contains(shown, "timed out after 2")) {
			t.Errorf("%s\nshows %s\nwant %s", line, shown, want[i])
		}
	}
}

// TestExamples runs the scripts of examples/, each with what it must print.
func TestExamples(t *testing.T) {
	quickstart := []string{"mirai<...>", "unresolved", "3", "mirai<3>", "and javascript lua"}
	words := []string{"the 39", "and 11", "is 10", "it 9", "a 7"}
	for file, want := range map[string][]string{
		"examples/quickstart/quickstart.js":  append(slices.Clone(quickstart), "TypeError in quickstart.js:18:46", "code 5", "42"),
		"examples/quickstart/quickstart.lua": append(slices.Clone(quickstart), "false\t1", "code 5", "42"),
		"examples/wordcount/wordcount.js":    words,
		"examples/wordcount/wordcount.lua":   words,
	} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var printed []string
			s, err := script.New(script.Config{Lang: lang.LanguageOf(file), Args: []string{file}, Print: func(_ lang.Stream, text string) { printed = append(printed, text) }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := s.RunFile(ctx, file); err != nil {
				t.Fatal(s.Explain(err))
			}
			if !slices.Equal(printed, want) {
				t.Errorf("it printed\n%s\nwant\n%s", strings.Join(printed, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}
