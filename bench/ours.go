package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mojukapu/mirai/lang"
)

// contender is somebody who takes part.
type contender struct {
	name    string
	peer    bool
	process bool // its workers are processes
	take    func(ctx context.Context, g group, quick bool) ([]sample, error)
}

func contenderNames() []string {
	return append([]string{"floor", "mirai-js", "mirai-lua"}, peerNames()...)
}

// contenders makes ready everybody that the options want. cleanup removes what was built.
func contenders(ctx context.Context, o options) (cs []contender, cleanup func(), err error) {
	dir, err := os.MkdirTemp("", "mirai-bench-")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, nil, err
	}
	wanted := o.wants(contenderNames(), contenderNames())
	if slices.Contains(wanted, "floor") {
		cs = append(cs, newFloor(ctx, root, dir))
	}
	ours, err := newOurs(ctx, root, dir, wanted)
	if err != nil {
		return nil, nil, err
	}
	peers := slices.DeleteFunc(peersNamed(o.peers), func(p peer) bool { return !slices.Contains(wanted, p.name) })
	return append(append(cs, ours...), install(ctx, root, peers)...), func() { os.RemoveAll(dir) }, nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("asking go for the module: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	if _, err := os.Stat(filepath.Join(root, "bench", "peers")); err != nil {
		return "", fmt.Errorf("there is no bench/peers in %s: run it in a checkout of mirai", root)
	}
	return root, nil
}

// newOurs builds the command mirai and measures by it, once for each language.
func newOurs(ctx context.Context, root, dir string, wanted []string) (cs []contender, err error) {
	bin := filepath.Join(dir, executable("mirai"))
	for _, l := range []string{lang.JS, lang.Lua} {
		name := "mirai-" + l
		if !slices.Contains(wanted, name) {
			continue
		}
		if len(cs) == 0 {
			if err := build(ctx, root, bin, "./cmd/mirai"); err != nil {
				return nil, err
			}
		}
		cs = append(cs, contender{name: name, process: true, take: func(ctx context.Context, g group, _ bool) ([]sample, error) {
			return measured(ctx, bin, "bench", "--json", "--only", g.figures, "--workers", strconv.Itoa(g.workers), "--lang", l)
		}})
	}
	return cs, nil
}

// build builds a command of a module. Without cgo, as releases are.
func build(ctx context.Context, module, out, pkg string) error {
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", out, pkg)
	c.Dir, c.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// measured runs a program that prints samples, and ends whatever it leaves behind.
func measured(ctx context.Context, program string, args ...string) ([]sample, error) {
	c := exec.CommandContext(ctx, program, args...)
	own(c)
	c.Cancel = func() error { return endGroup(c) }
	out, err := capture(&c.Stdout)
	if err != nil {
		return nil, err
	}
	defer out.drop()
	complaints, err := capture(&c.Stderr)
	if err != nil {
		return nil, err
	}
	defer complaints.drop()
	in, err := c.StdinPipe() // programs end when it is closed, even if this one is killed
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if err := c.Start(); err != nil {
		return nil, err
	}
	err = c.Wait()
	endGroup(c)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, tail(string(complaints.read())))
	}
	return parseSamples(out.read())
}

// captured is a file for a program's output. A pipe would be held open by workers that outlive the program.
type captured struct{ *os.File }

func capture(w *io.Writer) (captured, error) {
	f, err := os.CreateTemp("", "mirai-bench-")
	*w = f
	return captured{f}, err
}

func (c captured) read() []byte {
	text, _ := os.ReadFile(c.Name())
	return text
}

func (c captured) drop() {
	c.Close()
	os.Remove(c.Name())
}

// tail is the last lines of a program's complaints.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
