package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The tests of launching elsewhere need servers, and some need root. Where these are not, they say so and skip; with
// MIRAI_REAL set, as .ci/run sets it, that is a failure.

// missing skips a test for want of something.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MIRAI_REAL") != "" {
		t.Fatalf("%s, and MIRAI_REAL is set: .ci/run installs what is needed", what)
	}
	t.Skipf("%s: .ci/run installs what is needed and runs this test", what)
}

// needs gives the paths of commands.
func needs(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, "there is no command "+name)
		}
	}
}

// runRemote runs the scripts testdata/remote/name*.txtar with an environment. $MIRAI is this program, for daemons that
// are started where PATH is another.
func runRemote(t *testing.T, name string, env map[string]string) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "remote", name+"*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no scripts testdata/remote/%s*.txtar: %v", name, err)
	}
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error {
			mirai, err := exec.LookPath("mirai")
			e.Setenv("MIRAI", mirai)
			for k, v := range env {
				e.Setenv(k, v)
			}
			return err
		},
	})
}
