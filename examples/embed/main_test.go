package main

import (
	"context"
	"os"
	"testing"

	"github.com/mojukapu/mirai/daemon"
)

func TestMain(m *testing.M) {
	daemon.Main(daemon.Config{Modules: modules})
	os.Exit(m.Run())
}

func Example() {
	if err := run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// 504 km
	// 50.33,12.49
	// too slow
	// users/ann.js:1:13: Error: distance needs two points
	//     geo.distance(a)
	//                 ^
	//     at users/ann.js:1:13
}
