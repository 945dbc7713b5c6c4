package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/js"
	"github.com/mojukapu/mirai/lang/lua"
)

// floor measures the machine itself.
type floor struct {
	trivial, mangos string // programs; empty when they could not be built
}

func newFloor(ctx context.Context, root, dir string) contender {
	f := &floor{}
	for _, p := range []struct {
		name string
		at   *string
	}{{"trivial", &f.trivial}, {"mangos", &f.mangos}} {
		out := filepath.Join(dir, executable(p.name))
		if err := build(ctx, filepath.Join(root, "bench", "peers", "bare"), out, "./"+p.name); err != nil {
			fmt.Fprintf(os.Stderr, "floor: %s is left out: %v\n", p.name, err)
			continue
		}
		*p.at = out
	}
	return contender{name: "floor", take: f.take}
}

// take measures beside each group what bounds it.
func (f *floor) take(ctx context.Context, g group, quick bool) ([]sample, error) {
	switch g.name {
	case "roundtrip":
		return joined(func() ([]sample, error) { return pingpong(ctx, many(quick, 10_000)) },
			func() ([]sample, error) { return f.stock(ctx, many(quick, 10_000)) },
			func() ([]sample, error) { return evaluations(ctx, many(quick, 50_000)) })
	case "echo":
		return joined(func() ([]sample, error) { return bulk(ctx, quick) }, memcpy)
	case "start1":
		return f.start(ctx, many(quick, 30))
	case "throughput1":
		return windowed(ctx, many(quick, 100_000))
	case "idle":
		return f.weight(ctx)
	case "queue":
		return held()
	case "cancel":
		return unlinked()
	}
	return nil, nil
}

func many(quick bool, n int) int {
	if quick {
		return max(n/10, 3)
	}
	return n
}

func joined(fs ...func() ([]sample, error)) (all []sample, err error) {
	for _, f := range fs {
		ss, err := f()
		if err != nil {
			return nil, err
		}
		all = append(all, ss...)
	}
	return all, nil
}

// timed runs f n times, after a fifth as many to warm up, and sorts how long each took.
func timed(ctx context.Context, n int, f func() error) ([]time.Duration, error) {
	ds := make([]time.Duration, 0, n)
	for i := range n + n/5 {
		start := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		if i >= n/5 {
			ds = append(ds, time.Since(start))
		}
		if i%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	slices.Sort(ds)
	return ds, nil
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// pingpong is a round trip of 64 bytes between two processes.
func pingpong(ctx context.Context, n int) ([]sample, error) {
	c, end, err := echoing(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	message := framed(64 - 8)
	back := make([]byte, 64-8)
	ds, err := timed(ctx, n, func() error { return exchange(c, message, back) })
	if err != nil {
		return nil, err
	}
	return []sample{{"pingpong_p50", 1, us(ds[n/2]), "us"}, {"pingpong_p99", 1, us(ds[n*99/100]), "us"}}, nil
}

// bulk sends large bodies there and back.
func bulk(ctx context.Context, quick bool) (all []sample, err error) {
	c, end, err := echoing(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for _, mb := range []int{1, 10, 100} {
		message, back := framed(mb*1_000_000), make([]byte, mb*1_000_000)
		n := min(many(quick, 20), 200/mb)
		ds, err := timed(ctx, n, func() error {
			// The answer has to be read while the message is still being written: no socket holds it.
			written := make(chan error, 1)
			go func() {
				_, err := c.Write(message)
				written <- err
			}()
			_, err := io.ReadFull(c, back)
			return cmpError(<-written, err)
		})
		if err != nil {
			return nil, err
		}
		all = append(all, sample{fmt.Sprintf("socket_%dMB", mb), 1, ms(ds[n/2]), "ms"})
	}
	return all, nil
}

func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// echoing starts a process that sends back what comes over the connection.
func echoing(ctx context.Context) (c net.Conn, end func(), err error) {
	dir, err := os.MkdirTemp("", "mirai-bench-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	stop, err := startPart("echo", nil, socket)
	if err != nil {
		return nil, nil, err
	}
	l.(*net.UnixListener).SetDeadline(time.Now().Add(10 * time.Second))
	if c, err = l.Accept(); err != nil {
		stop()
		return nil, nil, fmt.Errorf("the other process did not connect: %w", err)
	}
	unwatch := context.AfterFunc(ctx, func() { c.Close() })
	return c, func() { unwatch(); c.Close(); stop() }, nil
}

func framed(n int) []byte {
	message := make([]byte, 8+n)
	binary.LittleEndian.PutUint64(message, uint64(n))
	return message
}

func exchange(c net.Conn, message, back []byte) error {
	if _, err := c.Write(message); err != nil {
		return err
	}
	_, err := io.ReadFull(c, back)
	return err
}

// stock is the same round trip over mangos as it comes.
func (f *floor) stock(ctx context.Context, n int) ([]sample, error) {
	if f.mangos == "" {
		return nil, nil
	}
	return measured(ctx, f.mangos, strconv.Itoa(n))
}

func memcpy() ([]sample, error) {
	from, to := make([]byte, 100_000_000), make([]byte, 100_000_000)
	ds, err := timed(context.Background(), 5, func() error {
		copy(to, from)
		return nil
	})
	return []sample{{"memcpy_100MB", 1, ms(ds[2]), "ms"}}, err
}

// start is from nothing to the first byte of another process.
func (f *floor) start(ctx context.Context, n int) ([]sample, error) {
	if f.trivial == "" {
		return nil, nil
	}
	ds, err := timed(ctx, n, func() error { return firstByte(ctx, f.trivial) })
	if err != nil {
		return nil, err
	}
	return []sample{{"start_process", 1, ms(ds[n/2]), "ms"}}, nil
}

func firstByte(ctx context.Context, program string) error {
	c := exec.CommandContext(ctx, program)
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	_, err = io.ReadFull(out, make([]byte, 1))
	in.Close()
	return cmpError(err, c.Wait())
}

// evaluations run an empty block whose program is in the interpreter's cache, as a daemon's is.
func evaluations(ctx context.Context, n int) (all []sample, err error) {
	for _, l := range []string{lang.JS, lang.Lua} {
		in, err := interpreter(l)
		if err != nil {
			return nil, err
		}
		code := lang.Code{Source: "return 1", Name: "task", Mode: lang.Block}
		start := time.Now()
		for i := range n + n/5 {
			if i == n/5 {
				start = time.Now()
			}
			if _, err := in.Eval(ctx, code, nil, nil); err != nil {
				return nil, err
			}
			in.Reset()
		}
		all = append(all, sample{"eval_" + l, 1, us(time.Since(start)) / float64(n), "us"})
	}
	return all, nil
}

func interpreter(l string) (lang.Interpreter, error) {
	if l == lang.JS {
		return js.New(lang.Config{})
	}
	return lua.New(lang.Config{})
}
