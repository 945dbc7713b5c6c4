// Command trivial answers its first byte as soon as a Go program can.
package main

import "os"

func main() {
	os.Stdout.Write([]byte{1})
	os.Stdin.Read(make([]byte, 1))
}
