package main

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
)

// peer is a pool of somebody else's.
type peer struct {
	name    string
	host    string // node or python
	library string // what its program calls it
	process bool
}

var peers = []peer{
	{name: "piscina", host: "node", library: "piscina"},
	{name: "tinypool", host: "node", library: "tinypool"},
	{name: "tinypool-process", host: "node", library: "tinypool-process", process: true},
	{name: "workerpool", host: "node", library: "workerpool"},
	{name: "workerpool-process", host: "node", library: "workerpool-process", process: true},
	{name: "python-executor", host: "python", library: "executor", process: true},
	{name: "dask", host: "python", library: "dask", process: true},
}

func peerNames() (names []string) {
	for _, p := range peers {
		names = append(names, p.name)
	}
	return names
}

// peersNamed gives the peers of a list in which all, node and python stand for several.
func peersNamed(names []string) (ps []peer) {
	for _, p := range peers {
		if slices.ContainsFunc(names, func(n string) bool { return n == "all" || n == p.host || n == p.name }) {
			ps = append(ps, p)
		}
	}
	return ps
}

// peerTasks are the groups that the peers' programs know.
var peerTasks = map[string][]string{
	"node":   {"roundtrip", "throughput", "echo", "start", "idle", "queue"},
	"python": {"roundtrip", "throughput", "map", "echo", "start", "idle", "queue"},
}

// contender makes a peer take part; command is its program without arguments.
func (p peer) contender(command []string) contender {
	return contender{name: p.name, peer: true, process: p.process, take: func(ctx context.Context, g group, quick bool) ([]sample, error) {
		if !slices.Contains(peerTasks[p.host], g.task) {
			return nil, nil
		}
		args := append(slices.Clone(command[1:]), p.library, g.task, strconv.Itoa(g.workers))
		if quick {
			args = append(args, "quick")
		}
		return measured(ctx, command[0], args...)
	}}
}

// program is where a host's program stands below bench/peers.
func program(host string) string {
	return filepath.Join(host, map[string]string{"node": "pool.mjs", "python": "pool.py"}[host])
}
