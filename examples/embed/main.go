// Embed is a Go program whose users write blocks of their own: it gives them a function and a type of its own, and
// runs what they write in daemons, which are this same program, with a time limit.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"time"

	"github.com/mojukapu/mirai/daemon"
	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// Point is a place on the earth, in degrees.
type Point struct{ Lat, Lon float64 }

// modules are what the users' blocks find beyond their language: geo.point and geo.distance.
var modules = []lang.Module{{
	Name:   "geo",
	Global: true,
	Types:  []*lang.Type{pointType},
	Funcs: []lang.Func{
		{Name: "point", Call: func(c *lang.Call) (any, error) {
			lat, err := c.Float(0)
			if err != nil {
				return nil, err
			}
			lon, err := c.Float(1)
			return &Point{lat, lon}, err
		}},
		{Name: "distance", Call: func(c *lang.Call) (any, error) {
			if len(c.Args) < 2 {
				return nil, errors.New("distance needs two points")
			}
			a, ok := c.Args[0].Host().(*Point)
			b, ok2 := c.Args[1].Host().(*Point)
			if !ok || !ok2 {
				return nil, errors.New("distance needs two points, made by geo.point(lat, lon)")
			}
			return distance(a, b), nil
		}},
	},
}}

var pointType = &lang.Type{
	Name: "geo.Point",
	Is:   func(v any) bool { _, ok := v.(*Point); return ok },
	Fields: []lang.Field{
		{Name: "lat", Get: func(self any) (any, error) { return self.(*Point).Lat, nil }},
		{Name: "lon", Get: func(self any) (any, error) { return self.(*Point).Lon, nil }},
	},
	Show:   func(self any) string { p := self.(*Point); return fmt.Sprintf("%.2f,%.2f", p.Lat, p.Lon) },
	Encode: func(self any) (any, error) { p := self.(*Point); return []float64{p.Lat, p.Lon}, nil },
	Decode: func(v any) (any, error) {
		var xy []float64
		if err := lang.Assign(&xy, v); err != nil || len(xy) != 2 {
			return nil, errors.New("a point is two numbers")
		}
		return &Point{xy[0], xy[1]}, nil
	},
}

// distance is the great-circle distance in kilometres, by the haversine formula on a sphere of radius 6371 km.
func distance(a, b *Point) float64 {
	rad := math.Pi / 180
	h := hav((b.Lat-a.Lat)*rad) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*hav((b.Lon-a.Lon)*rad)
	return 2 * 6371 * math.Asin(math.Sqrt(h))
}

func hav(x float64) float64 { return (1 - math.Cos(x)) / 2 }

func main() {
	daemon.Main(daemon.Config{Modules: modules}) // becomes a daemon, and exits, if started as one
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	p, err := eval.New(ctx, eval.Config{Daemons: 2, Modules: modules})
	if err != nil {
		return err
	}
	defer p.Close()

	here, there := &Point{48.14, 11.58}, &Point{52.52, 13.40}
	f := p.Go(ctx, eval.Task{Lang: "js", Source: "geo.distance(a, b)", Globals: eval.Globals{"a": here, "b": there}})
	var km float64
	if err := f.Into(ctx, &km); err != nil {
		return err
	}
	fmt.Printf("%.0f km\n", km)

	// A value of the host's own type comes back as one, from Lua as well.
	f = p.Go(ctx, eval.Task{Lang: "lua", Source: "return geo.point((a.lat + b.lat) / 2, (a.lon + b.lon) / 2)", Globals: eval.Globals{"a": here, "b": there}})
	v, err := f.Get(ctx)
	if err != nil {
		return err
	}
	fmt.Println(pointType.Show(v.(*Point)))

	// What a user writes may never end, or be wrong: it costs this program nothing.
	f = p.Go(ctx, eval.Task{Source: "for (;;) {}", Timeout: 200 * time.Millisecond})
	if _, err = f.Get(ctx); errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("too slow")
	}
	f = p.Go(ctx, eval.Task{Source: "geo.distance(a)", Globals: eval.Globals{"a": here}, File: "users/ann.js"})
	var failed *eval.Error
	if _, err = f.Get(ctx); errors.As(err, &failed) {
		fmt.Fprintln(os.Stdout, failed.Detail())
	}
	return nil
}
