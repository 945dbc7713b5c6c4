package launch

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestInverse: Parse reads what Args and Environ give, for every field there is. Arguments, which others can read, have no
// credential.
func TestInverse(t *testing.T) {
	s := Settings{URL: "ipc:///tmp/x y", Token: "a=b", CredentialFile: "/tmp/c d", Heartbeat: time.Second, Cleanup: "fresh", Output: true,
		MaxTasks: 7, Idle: 90 * time.Second, Wall: 1500 * time.Millisecond, Stack: 200, Autoexit: Never, AsyncDial: true}
	for v, i := reflect.ValueOf(s), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() && v.Type().Field(i).Name != "Credential" {
			t.Errorf("%s is not set: this test must know each field", v.Type().Field(i).Name)
		}
	}
	if got, err := Parse(s.Args()); got != s || err != nil {
		t.Errorf("Parse(%q) = %+v, %v, want %+v", s.Args(), got, err, s)
	}
	if got, err := Parse(strings.Split(s.Environ(), "\n")); got != s || err != nil {
		t.Errorf("Parse(%q) = %+v, %v, want %+v", s.Environ(), got, err, s)
	}
	s.Credential, s.CredentialFile = "mirai1.x.y", ""
	if args := strings.Join(s.Args(), " "); strings.Contains(args, "mirai1") {
		t.Errorf("the arguments %q have the credential", args)
	}
	if got, err := Parse(strings.Split(s.Environ(), "\n")); got != s || err != nil {
		t.Errorf("Parse(%q) = %+v, %v, want %+v", s.Environ(), got, err, s)
	}
	if args := (Settings{}).Args(); len(args) != 0 {
		t.Errorf("no settings give the arguments %q", args)
	}
}

func TestWrongSettings(t *testing.T) {
	for arg, want := range map[string]string{
		"walltime":        "is not of the form --name=value",
		"--walltime=soon": `--walltime=soon: time: invalid duration "soon"`,
		"--walltime=-1s":  "walltime, stack and heartbeat cannot be negative",
		"--cleanup=often": `cleanup is "often"`,
		"--autoexit=no":   `autoexit is "no": it can be "yes", "task" or "never"`,
		"--url=here":      `"here" is not a URL`,
		"--wall=1s":       "no such setting",
	} {
		if _, err := Parse([]string{arg}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want %q", arg, err, want)
		}
	}
}
