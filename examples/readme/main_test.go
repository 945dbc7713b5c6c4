package main

import (
	"os"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/daemon"
)

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{})
	os.Exit(m.Run())
}

func Example() {
	main()
	// Output: [1 4 9]
}

// TestReadme shows that the README has this program's main.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(readme), "```go\n")
	code, _, found := strings.Cut(code, "```")
	if !found || !strings.Contains(string(source), code) {
		t.Errorf("main.go does not have the README's code:\n%s", code)
	}
}
