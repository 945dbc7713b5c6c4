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
	// roof   25.00
	// hall   20.00
	// cellar 15.00
	// warmest: roof: 30.0
	// hall   20.00
	// cellar 15.00
	// roof   25.00
	// warmest: roof: 30.0
}
