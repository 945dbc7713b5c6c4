package main

import (
	"bufio"
	"bytes"
	linked "container/list"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// The floors of what has no time of its own: how many frames a socket carries, what a process and a queued frame weigh,
// what it costs to take an element out of a list.

const underWay = 16 // as many tasks as a daemon is sent ahead

// windowed is how many messages of 64 bytes a second go there and back with several under way.
func windowed(ctx context.Context, n int) ([]sample, error) {
	c, end, err := echoing(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	message := bytes.Repeat(framed(64-8), underWay)
	back := make([]byte, underWay*(64-8))
	r := bufio.NewReader(c)
	n /= underWay
	start := time.Now()
	for range n {
		if _, err := c.Write(message); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(r, back); err != nil {
			return nil, err
		}
	}
	return []sample{{"socket_windowed", 1, float64(n*underWay) / time.Since(start).Seconds(), "tasks/s"}}, nil // one there and back is what a task sends
}

// weight is the private memory of a Go process that does nothing. Linux only.
func (f *floor) weight(ctx context.Context) ([]sample, error) {
	if f.trivial == "" || runtime.GOOS != "linux" {
		return nil, nil
	}
	c := exec.CommandContext(ctx, f.trivial)
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, err
	}
	_, err = io.ReadFull(out, make([]byte, 1))
	kB := 0
	if err == nil {
		kB, err = private(c.Process.Pid)
	}
	in.Close()
	if err := cmpError(err, c.Wait()); err != nil {
		return nil, err
	}
	return []sample{{"private_process", 1, float64(kB) * 1024 / 1e6, "MB"}}, nil
}

// private is the memory that a process shares with nobody, in units of 1024 bytes.
func private(pid int) (kB int, err error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	for _, line := range bytes.Split(b, []byte("\n")) {
		if fields := bytes.Fields(line); len(fields) > 1 && bytes.HasPrefix(line, []byte("Private_")) {
			n, _ := strconv.Atoi(string(fields[1]))
			kB += n
		}
	}
	return kB, err
}

const waiting = 100_000

// held is the memory of the frames alone that wait: 96 bytes, which a trivial task has, and a slice to hold each.
func held() ([]sample, error) {
	frames := make([][]byte, 0, waiting)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range waiting {
		frames = append(frames, make([]byte, 96))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(frames)
	each := float64(after.HeapAlloc-before.HeapAlloc)/float64(len(frames)) + 24
	return []sample{{"held_frame", 1, each, "B"}}, nil
}

// unlinked takes as many elements out of a list, the last first, each under a lock.
func unlinked() ([]sample, error) {
	ds, err := timed(context.Background(), 5, func() error {
		var mu sync.Mutex
		l := linked.New()
		for i := range waiting {
			l.PushBack(i)
		}
		for l.Len() > 0 {
			mu.Lock()
			l.Remove(l.Back())
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []sample{{"unlink_100k", 1, ms(ds[2]), "ms"}}, nil
}
