package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/launch"
)

// overheard hears what the daemons of a launcher are told.
type overheard struct {
	eval.Launcher
	mu   *sync.Mutex
	told *[]launch.Settings
}

func (o overheard) Jobs(n int, url string) ([]launch.Job, error) {
	jobs, err := o.Launcher.Jobs(n, url)
	for i := range jobs {
		run := jobs[i].Run
		jobs[i].Run = func(ctx context.Context, s launch.Settings) (string, error) {
			o.mu.Lock()
			*o.told = append(*o.told, s)
			o.mu.Unlock()
			return run(ctx, s)
		}
	}
	return jobs, err
}

// TestSecretsUnseen: whoever lists the processes of this machine reads neither token nor credential, however daemons were
// launched.
func TestSecretsUnseen(t *testing.T) {
	mirai, err := exec.LookPath("mirai")
	if err != nil {
		t.Fatal(err)
	}
	for name, by := range map[string]eval.Launcher{
		"any command":  launch.Remote{Command: "env"},
		"a shell":      launch.Remote{Command: "sh", Args: [][]string{{"-c", "."}}, Quote: true, Program: mirai},
		"a script":     launch.Cluster{Command: "sh", Log: "/dev/null"},
		"one's own":    launch.Cluster{Command: "sh", Program: mirai},
		"several":      launch.SSH{Hosts: []string{"here"}, Command: stand(t, `while [ "$1" != -- ]; do shift; done; shift 2; exec sh -c "$*"`)},
		"in the shell": launch.Cluster{Command: "sh", Args: []string{"-c", "eval \"$(grep MIRAI_)\""}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			var told []launch.Settings
			n := 1
			if name == "several" {
				n = 3
			}
			p, err := eval.New(ctx, eval.Config{URL: "tls+tcp://127.0.0.1:0", Daemons: n, Launcher: overheard{by, new(sync.Mutex), &told}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if _, err := p.Everywhere(eval.Task{Source: "1", Min: n}); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob("/proc/[0-9]*/cmdline")
			if err != nil || len(told) != 1 || told[0].Token == "" || told[0].Credential == "" {
				t.Fatal(err, len(told))
			}
			for _, file := range files {
				b, _ := os.ReadFile(file)
				if bytes.Contains(b, []byte(told[0].Token)) || bytes.Contains(b, []byte(told[0].Credential)) {
					t.Errorf("%s tells a secret: %s", file, bytes.ReplaceAll(b, []byte{0}, []byte{' '}))
				}
			}
		})
	}
}

// stand makes a command that stands in for another: a shell script.
func stand(t *testing.T, script string) string {
	path := filepath.Join(t.TempDir(), "stand-in")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
