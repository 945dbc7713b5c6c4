package credential

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeep: the next host knows the token, and those that were issued a credential; what others could read is refused.
func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keep")
	first, err := Keep(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Keep(path)
	if err != nil || second.Token != first.Token || len(first.Token) < 16 {
		t.Fatalf("Keep() = %v, %v, want what was kept", second, err)
	}
	a, err := first.New("localhost")
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.New("localhost")
	if err != nil || !a.cert.Equal(b.cert) || a.name != b.name {
		t.Errorf("the next authority is another one: %v", err)
	}
	if err := os.WriteFile(path, []byte("-----BEGIN MIRAI TOKEN-----\nAAAA\n-----END MIRAI TOKEN-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Keep(path); err == nil || !strings.Contains(err.Error(), "whole: remove it") {
		t.Errorf("Keep() of half a file: %v", err)
	}
	if _, err := Keep(filepath.Join(path, "below")); err == nil {
		t.Error("Keep() at no path succeeds")
	}
}
