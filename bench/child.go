package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// part is the environment variable by which this program starts itself for a part in a measurement.
const part = "MIRAI_BENCH_PART"

// child plays the part that this process was started for, and ends it; otherwise it does nothing.
func child() {
	p := os.Getenv(part)
	if p == "" {
		return
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	switch p {
	case "spin":
		spin()
	case "echo":
		echoes(os.Args[len(os.Args)-1])
	}
	os.Exit(0)
}

// spin keeps a core awake, for half an hour at most.
func spin() {
	runtime.GOMAXPROCS(2) // the second one hears the end of standard input
	for end := time.Now().Add(30 * time.Minute); time.Now().Before(end); {
	}
}

// echoes answers each message of the socket: 8 bytes that hold its length, and so many bytes.
func echoes(socket string) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	r := bufio.NewReader(c) // small messages cost one read
	var head [8]byte
	var body []byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		n := int(binary.LittleEndian.Uint64(head[:]))
		if cap(body) < n {
			body = make([]byte, n)
		}
		if _, err := io.ReadFull(r, body[:n]); err != nil {
			return
		}
		if _, err := c.Write(body[:n]); err != nil {
			return
		}
	}
}

// startPart starts this program for a part. It leaves when end closes its standard input, or when this process ends.
func startPart(p string, wrap []string, args ...string) (end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	line := append(append(wrap, self), args...)
	c := exec.Command(line[0], line[1:]...)
	c.Env = append(os.Environ(), part+"="+p)
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return func() {
		in.Close()
		c.Wait()
	}, nil
}
