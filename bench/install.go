package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// install gets what the peers need and gives those that can be had; it says what it leaves out, and why.
func install(ctx context.Context, root string, ps []peer) (cs []contender) {
	commands, failed := map[string][]string{}, map[string]error{}
	for _, p := range ps {
		need := p.host
		if p.name == "dask" {
			need = p.name
		}
		if commands[need] == nil && failed[need] == nil {
			commands[need], failed[need] = prepare(ctx, root, need)
		}
		if err := failed[need]; err != nil {
			fmt.Fprintf(os.Stderr, "%s is left out: %v\n", p.name, err)
			continue
		}
		cs = append(cs, p.contender(commands[need]))
	}
	return cs
}

// prepare gives the command that runs the program of a host.
func prepare(ctx context.Context, root, need string) ([]string, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	from := filepath.Join(root, "bench", "peers")
	switch need {
	case "node":
		return prepareNode(ctx, filepath.Join(from, "node"))
	case "dask":
		return prepareDask(ctx, from)
	}
	python, err := python(ctx, "concurrent.futures")
	return []string{python, filepath.Join(from, program("python"))}, err
}

// prepareNode puts the programs beside their libraries, in the user's cache, and installs those once.
func prepareNode(ctx context.Context, from string) ([]string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "mirai-bench", "node")
	if err := os.RemoveAll(filepath.Join(dir, "package.json")); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(from, "*"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := copyFile(f, filepath.Join(dir, filepath.Base(f))); err != nil {
			return nil, err
		}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
	c.Dir = dir
	if text, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm install: %w\n%s", err, tail(string(text)))
	}
	return []string{node, "--expose-gc", filepath.Join(dir, filepath.Base(program("node")))}, nil
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// prepareDask finds the system's distributed, and installs it where this is Debian and we are root.
func prepareDask(ctx context.Context, from string) ([]string, error) {
	python3, err := python(ctx, "distributed")
	if err != nil && os.Geteuid() == 0 {
		c := exec.CommandContext(ctx, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "python3-distributed", "python3-numpy")
		c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if text, failed := c.CombinedOutput(); failed != nil {
			return nil, fmt.Errorf("apt-get install python3-distributed: %w\n%s", failed, tail(string(text)))
		}
		python3, err = python(ctx, "distributed")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: install the package python3-distributed", err)
	}
	return []string{python3, filepath.Join(from, program("python"))}, nil
}

// python finds an interpreter that has a module, the system's first: it has the system's packages.
func python(ctx context.Context, module string) (string, error) {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(ctx, name, "-c", "import "+module).Run() == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("there is no python3 with %s", module)
}
