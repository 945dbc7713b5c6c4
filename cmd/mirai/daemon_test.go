package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mojukapu/mirai/launch"
)

// TestSettingsOfDaemon: a daemon that is told - reads the lines of Settings.Environ; the command line goes before them, and
// secrets do not stay in the environment.
func TestSettingsOfDaemon(t *testing.T) {
	told := launch.Settings{URL: "tls+tcp://host:1", Token: "t", Credential: "mirai1.a.b", CredentialFile: "", MaxTasks: 3}
	c := daemonCmd{URL: "-", Wall: time.Second, MaxTasks: 5}
	got, err := c.settings(strings.NewReader(told.Environ() + "\r\n\n"))
	want := told
	want.Wall, want.MaxTasks = time.Second, 5
	if got != want || err != nil {
		t.Errorf("settings = %+v, %v, want %+v", got, err, want)
	}
	for in, message := range map[string]string{
		"--token=t":     "no line --url=URL",
		"--url=here":    "is not a URL",
		"url=tcp://a:1": "not of the form",
	} {
		c := daemonCmd{URL: "-"}
		if _, err := c.settings(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("settings of %q: %v, want %q", in, err, message)
		}
	}
	t.Setenv("MIRAI_CREDENTIAL", "mirai1.from.environ")
	c = daemonCmd{URL: "tls+tcp://host:1"}
	if got, err := c.settings(nil); got.Credential != "mirai1.from.environ" || err != nil {
		t.Errorf("settings = %+v, %v, want the credential of the environment", got, err)
	}
}
