// Command mangos measures the round trip of 64 bytes between two processes over mangos' own req/rep and ipc, and prints
// it as JSON, one object a line. It is a module of its own, so that the program measured beside it links none of this.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/protocol/rep"
	"go.nanomsg.org/mangos/v3/protocol/req"
	_ "go.nanomsg.org/mangos/v3/transport/ipc"
)

func main() {
	log.SetFlags(0)
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "answer":
		err = answer(os.Args[2])
	case len(os.Args) == 2:
		var n int
		if n, err = strconv.Atoi(os.Args[1]); err == nil {
			err = measure(n)
		}
	default:
		err = fmt.Errorf("give it the number of round trips")
	}
	if err != nil {
		log.Fatalf("mangos: %v", err)
	}
}

// answer sends back what comes until the measuring process is gone.
func answer(url string) error {
	s, err := rep.NewSocket()
	if err != nil {
		return err
	}
	if err := s.Dial(url); err != nil {
		return err
	}
	go func() {
		for {
			m, err := s.RecvMsg()
			if err != nil || s.SendMsg(m) != nil {
				return
			}
		}
	}()
	io.Copy(io.Discard, os.Stdin)
	return nil
}

func measure(n int) error {
	dir, err := os.MkdirTemp("", "bench-mangos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	url := "ipc://" + filepath.Join(dir, "s")
	s, err := req.NewSocket()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Listen(url); err != nil {
		return err
	}
	end, err := start(url)
	if err != nil {
		return err
	}
	defer end()
	ds, err := trips(s, n)
	if err != nil {
		return err
	}
	slices.Sort(ds)
	out := json.NewEncoder(os.Stdout)
	out.Encode(line{"mangos_p50", 1, us(ds[n/2]), "us"})
	return out.Encode(line{"mangos_p99", 1, us(ds[n*99/100]), "us"})
}

type line struct {
	Name    string  `json:"name"`
	Workers int     `json:"workers"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// start starts the other process; it leaves when end closes its standard input.
func start(url string) (end func(), err error) {
	c := exec.Command(os.Args[0], "answer", url)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return func() { in.Close(); c.Wait() }, nil
}

func trips(s mangos.Socket, n int) ([]time.Duration, error) {
	var ds []time.Duration
	for i := range n + n/5 {
		m := mangos.NewMessage(64)
		m.Body = m.Body[:64]
		start := time.Now()
		if err := s.SendMsg(m); err != nil {
			return nil, err
		}
		back, err := s.RecvMsg()
		if err != nil {
			return nil, err
		}
		if i >= n/5 { // the first ones warm up
			ds = append(ds, time.Since(start))
		}
		back.Free()
	}
	return ds, nil
}
