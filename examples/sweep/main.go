// Sweep is sweep.js as a Go program: how often is a gambler with 10 coins ruined before they are 20, by the chance to win
// a round? The nodes are this same program; they keep what Eval and Export give them.
package main

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/parallel"
)

func main() {
	daemon.Main(daemon.Config{})
	chances := []float64{0.45, 0.475, 0.5, 0.525, 0.55}
	ruins, err := sweep(context.Background(), 4, chances)
	if err != nil {
		log.Fatal(err)
	}
	for i, n := range ruins {
		fmt.Printf("%.3f %s %d\n", chances[i], strings.Repeat("#", n/10), n)
	}
}

// sweep plays 300 games for each chance on so many nodes, and gives how many of them ended in ruin.
func sweep(ctx context.Context, nodes int, chances []float64) ([]int, error) {
	c, err := parallel.New(ctx, nodes, eval.Config{})
	if err != nil {
		return nil, err
	}
	defer c.Stop()
	c.SetSeed(2024)
	if err := c.Export(ctx, lang.JS, eval.Globals{"games": 300, "coins": 10, "goal": 20}); err != nil {
		return nil, err
	}
	_, err = c.Eval(ctx, eval.Task{File: "ruined.js", Source: `function ruined(chance) {
		let have = coins
		while (have > 0 && have < goal) have += Math.random() < chance ? 1 : -1
		return have === 0
	}`})
	if err != nil {
		return nil, err
	}
	return parallel.ApplyLB[float64, int](ctx, c, chances, eval.Task{File: "count.js", Source: `chance => {
		let n = 0
		for (let i = 0; i < games; i++) if (ruined(chance)) n++
		return n
	}`})
}
