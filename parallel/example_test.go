package parallel_test

import (
	"context"
	"fmt"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/parallel"
)

func Example() {
	if err := example(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// [100.00 105.00 110.25]
	// 315.25
}

func example(ctx context.Context) error {
	c, err := parallel.New(ctx, 4, eval.Config{})
	if err != nil {
		return err
	}
	defer c.Stop()

	err = c.Export(ctx, lang.JS, eval.Globals{"rate": 0.05})
	if err != nil {
		return err
	}
	grow := eval.Task{Source: "years => 100 * (1 + rate) ** years"}
	values, err := parallel.Apply[int, float64](ctx, c, []int{0, 1, 2}, grow)
	if err != nil {
		return err
	}
	fmt.Printf("%.2f\n", values)

	total, err := parallel.Fold(ctx, c, []int{0, 1, 2}, grow, parallel.Combine[float64, float64]{
		Func: func(sum, v float64) (float64, error) { return sum + v, nil },
	})
	fmt.Printf("%.2f\n", total)
	return err
}
