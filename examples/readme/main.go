// Readme is the program of README.md.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
)

func main() {
	daemon.Main(daemon.Config{})
	ctx := context.Background()
	p, err := eval.New(ctx, eval.Config{Daemons: 4})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	f := p.Go(ctx, eval.Task{Source: "a.map(x => x * x)", Globals: eval.Globals{"a": []int{1, 2, 3}}})
	var squares []int
	if err := f.Into(ctx, &squares); err != nil {
		log.Fatal(err)
	}
	fmt.Println(squares)
}
