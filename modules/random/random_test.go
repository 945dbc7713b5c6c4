package random_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/js"
	"github.com/mojukapu/mirai/lang/lua"
	"github.com/mojukapu/mirai/modules/random"
)

var languages = []string{lang.JS, lang.Lua}

// interpreter draws from the stream of a seed.
func interpreter(t *testing.T, language string, seed int64) lang.Interpreter {
	t.Helper()
	s := lang.NewRNG(seed)
	return interpreterWith(t, language, lang.Config{Rand: s.Float64, RandState: s.State})
}

func interpreterWith(t *testing.T, language string, cfg lang.Config) lang.Interpreter {
	t.Helper()
	m := random.Module()
	m.Global = true
	cfg.Modules = []lang.Module{m}
	var in lang.Interpreter
	var err error
	if language == lang.Lua {
		in, err = lua.New(cfg)
	} else {
		in, err = js.New(cfg)
	}
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// value is the value of code as Go has it.
func value(t *testing.T, in lang.Interpreter, code string, globals ...lang.Binding) any {
	t.Helper()
	v, err := in.Eval(context.Background(), lang.Code{Source: code, Name: "test"}, globals, nil)
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	var b lang.Builder
	if err := v.Walk(&b); err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return b.Value()
}

// inLua is code of JS, of the little these tests need, as Lua.
func inLua(code string) string {
	return strings.NewReplacer("[", "{", "]", "}", "a.", "a:", "b.", "b:", "g.", "g:", "const ", "local ", "null", "nil", "Math.random", "math.random").Replace(code)
}

func in(language, code string) string {
	if language == lang.Lua {
		return inLua(code)
	}
	return code
}

// TestSame has both languages draw the same numbers, by whichever way.
func TestSame(t *testing.T) {
	for _, code := range []string{
		"Math.random()",
		"random.uniform()",
		"random.uniform(-5, 5, 10)",
		"random.normal(10, 2, 10)",
		"random.exponential(3, 10)",
		"random.integer(1, 6, 20)",
		"random.choice([1, 2, 3, 4])",
		"random.choice([1, 2, 3, 4], 20)",
		"random.shuffle([1, 2, 3, 4, 5, 6, 7, 8])",
		"random.sample([1, 2, 3, 4, 5, 6, 7, 8], 3)",
		"random.stream()",
		"const g = random.seed(5); return [g.uniform(), g.normal(), g.integer(1, 6), g.choice([1, 2]), g.stream(), random.uniform()]",
	} {
		var first string
		for i, language := range languages {
			got := fmt.Sprint(value(t, interpreter(t, language, 1), in(language, code)))
			if i == 0 {
				first = got
			} else if got != first {
				t.Errorf("%s: %s in JS, %s in %s", code, first, got, language)
			}
		}
	}
}

// TestAsInR has numbers that R prints after set.seed(123, "L'Ecuyer-CMRG").
func TestAsInR(t *testing.T) {
	want := []float64{-0.9685927, 0.7061091, 1.4890213, -1.8150926, 0.3304096, -1.1421557, 0.1571934, -2.0654072, -0.4405469}
	for _, language := range languages {
		got := value(t, interpreter(t, language, 123), "random.normal(0, 1, 9)").([]float64)
		for i, w := range want {
			if math.Abs(got[i]-w) > 5e-8 {
				t.Errorf("%s: normal number %d is %.7f, want %.7f", language, i, got[i], w)
			}
		}
	}
}

// TestDistributions compares mean and variance of many numbers with what they should be, five standard errors apart.
func TestDistributions(t *testing.T) {
	const n = 200_000
	for _, x := range []struct {
		code                     string
		mean, variance, kurtosis float64 // the last one is the fourth central moment over the squared variance
		lo, hi                   float64
	}{
		{"random.uniform(2, 5, n)", 3.5, 9.0 / 12, 1.8, 2, 5},
		{"random.normal(null, null, n)", 0, 1, 3, -7, 7},
		{"random.normal(-3, 0.5, n)", -3, 0.25, 3, -7, 1},
		{"random.exponential(4, n)", 0.25, 1.0 / 16, 9, 0, 10},
		{"random.integer(1, 6, n)", 3.5, 35.0 / 12, 1.731, 1, 6},
		{"random.integer(-1000000, 1000000, n)", 0, 2e6 * 2e6 / 12, 1.8, -1e6, 1e6},
	} {
		got := value(t, interpreter(t, lang.JS, 42), strings.ReplaceAll(x.code, "n)", fmt.Sprint(n, ")"))).([]float64)
		mean, variance := moments(got)
		if math.Abs(mean-x.mean) > 5*math.Sqrt(x.variance/n) {
			t.Errorf("%s: the mean is %v, want %v", x.code, mean, x.mean)
		}
		if math.Abs(variance-x.variance) > 5*x.variance*math.Sqrt((x.kurtosis-1)/n) {
			t.Errorf("%s: the variance is %v, want %v", x.code, variance, x.variance)
		}
		for _, f := range got {
			if f < x.lo || f > x.hi {
				t.Fatalf("%s: %v is not from %v to %v", x.code, f, x.lo, x.hi)
			}
		}
	}
}

func moments(x []float64) (mean, variance float64) {
	for _, f := range x {
		mean += f / float64(len(x))
	}
	for _, f := range x {
		variance += (f - mean) * (f - mean) / float64(len(x))
	}
	return mean, variance
}

// TestLists counts how often each order and each choice comes.
func TestLists(t *testing.T) {
	const rounds = 6000
	vm := interpreter(t, lang.JS, 9)
	for _, x := range []struct {
		code  string
		kinds int
	}{
		{"random.shuffle([1, 2, 3]).join()", 6},
		{"random.sample([1, 2, 3], 2).join()", 6},
		{"random.sample(new Uint8Array([1, 2, 3, 4]), 1).join()", 4},
		{"random.choice(['a', 'b', 'c'])", 3},
		{"random.choice([1, 2], 2).join()", 4},
	} {
		seen := map[any]int{}
		for range rounds {
			seen[value(t, vm, x.code)]++
		}
		for k, c := range seen {
			if want := rounds / float64(x.kinds); len(seen) != x.kinds || math.Abs(float64(c)-want) > 5*math.Sqrt(want) {
				t.Errorf("%s gives %v %d times in %d, and %d others; want %v and %d", x.code, k, c, rounds, len(seen)-1, want, x.kinds-1)
			}
		}
	}
}

func TestElementsStay(t *testing.T) {
	for _, x := range []struct{ language, code, want string }{
		{lang.JS, "const a = {}, l = [a]; random.choice(l) === a && random.shuffle(l)[0] === a && random.sample(l, 1) !== l && random.choice(l, 2)[1] === a", "true"},
		{lang.Lua, "local a = {} local l = {a} return random.choice(l) == a and random.shuffle(l)[1] == a and random.sample(l, 1) ~= l and random.choice(l, 2)[2] == a", "true"},
		{lang.JS, "const l = [1, 2, 3, 4, 5]; random.shuffle(l); l.join()", "1,2,3,4,5"},
		{lang.Lua, "local l = {1, 2, 3, 4, 5} random.shuffle(l) return table.concat(l, ',')", "1,2,3,4,5"},
		{lang.JS, "random.choice([() => 7])()", "7"},
		{lang.Lua, "random.choice({function() return 7 end})()", "7"},
		{lang.JS, "const l = [, ,]; random.shuffle(l).length + ' ' + random.choice(l)", "2 undefined"},
		{lang.JS, "const t = new Int16Array([1, 2, 3]), s = random.shuffle(t); (s instanceof Int16Array) + ' ' + t.join() + ' ' + s.sort().join()", "true 1,2,3 1,2,3"},
		{lang.JS, "typeof random.choice(new BigInt64Array(1)) + typeof random.choice(new BigUint64Array(1)) + typeof random.choice(new Float32Array(1)) + typeof random.choice(new Uint8Array(1))", "bigintbigintnumbernumber"},
		{lang.Lua, "local t = random.uniform(0, 1, 3) return random.shuffle(t).kind .. #t", "Float64Array3"},
		{lang.JS, "random.shuffle([]).length + random.sample([], 0).length + random.choice([1], 0).length", "0"},
		{lang.Lua, "#random.shuffle({}) + #random.sample({}, 0)", "0"},
		{lang.JS, "random.integer(-(2**53), 2**53) !== random.integer(3, 3)", "true"},
		{lang.JS, "Math.abs(random.uniform(-Number.MAX_VALUE, Number.MAX_VALUE)) < Infinity", "true"},
		{lang.JS, "random.uniform(2, 2) + random.normal(1, 0)", "3"},
		{lang.JS, "random.normal(0, 1, 0).length", "0"},
	} {
		if got := fmt.Sprint(value(t, interpreter(t, x.language, 3), x.code)); got != x.want {
			t.Errorf("%s: %s = %s, want %s", x.language, x.code, got, x.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, x := range []struct{ code, want string }{
		{"random.uniform('a')", "random.uniform: a must be a finite number, it is of kind string"},
		{"random.uniform(5)", "random.uniform: b must be at least a, which is 5, it is missing"},
		{"random.uniform(0, 1/0)", "random.uniform: b must be a finite number, it is +Inf"},
		{"random.normal(0, -1)", "random.normal: sd must be 0 or more, it is -1"},
		{"random.normal(0, 1, -1)", "random.normal: n must be a whole number from 0 to 134217728, it is -1"},
		{"random.normal(0, 1, 1.5)", "it is 1.5"},
		{"random.exponential(0)", "random.exponential: rate must be above 0, it is 0"},
		{"random.integer()", "random.integer: a must be a whole number, it is missing"},
		{"random.integer(1, 0)", "random.integer: b must be at least a, which is 1, it is 0"},
		{"random.integer(1, 2.5)", "random.integer: b must be a whole number, it is 2.5"},
		{"random.choice([])", "random.choice: the list is empty: there is nothing to choose"},
		{"random.choice()", "random.choice: list must be a list or a typed array, it is missing"},
		{"random.choice('abc')", "random.choice: list must be a list or a typed array, it is of kind string"},
		{"random.sample([1, 2], 3)", "random.sample: k is 3, the list has only 2: use choice(list, 3) if elements may come again"},
		{"random.sample([1])", "random.sample: k must be a whole number from 0 to 134217728, it is missing"},
		{"random.seed()", "random.seed: seed must be a whole number or the six numbers that stream() gives, it is missing"},
		{"random.seed('x')", "it is of kind string"},
		{"random.seed([1, 2])", "random.seed: the state of a random stream must be six whole numbers"},
		{"random.seed([0, 0, 0, 1, 1, 1])", "random.seed: the six numbers of a random stream: the first three must be below 4294967087"},
		{"const g = random.seed(1); g.normal(0, -1)", "normal: sd must be 0 or more, it is -1"},
	} {
		for _, language := range languages {
			_, err := interpreter(t, language, 1).Eval(context.Background(), lang.Code{Source: in(language, x.code)}, nil, nil)
			var e *lang.Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, x.want) {
				t.Errorf("%s: %s: %v, want an error with %q", language, x.code, err, x.want)
			}
		}
	}
}

func TestGenerators(t *testing.T) {
	for _, language := range languages {
		vm := interpreter(t, language, 1)
		for _, code := range []string{
			"const a = random.seed(8); const b = random.seed(8); return a.normal() == b.normal()",
			"const a = random.seed(8); a.uniform(0, 1, 10); const b = random.seed(a.stream()); return a.uniform() == b.uniform()",
			"const b = random.seed(random.stream()); return random.uniform() == b.uniform()",
			"const a = random.seed(random.stream()); const g = random.seed(3); g.uniform(); const b = random.seed(random.stream()); return a.uniform() == b.uniform()",
		} {
			code = in(language, code)
			if got := value(t, vm, code); got != true {
				t.Errorf("%s: %s = %v, want true", language, code, got)
			}
		}
	}
}

// TestGeneratorsTravel sends a generator from each language to each: it goes on there from where it was.
func TestGeneratorsTravel(t *testing.T) {
	for _, from := range languages {
		for _, to := range languages {
			a, b := interpreter(t, from, 1), interpreter(t, to, 2)
			g, err := a.Eval(context.Background(), lang.Code{Source: "random.seed(77)"}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := value(t, b, in(to, "g.uniform()"), lang.Binding{Name: "g", Value: g.Walk})
			want := lang.NewRNG(77)
			if w := want.Float64(); got != w {
				t.Errorf("from %s to %s: the first number is %v, want %v", from, to, got, w)
			}
		}
	}
}

func TestSources(t *testing.T) {
	for _, language := range languages {
		half := interpreterWith(t, language, lang.Config{Rand: func() float64 { return 0.5 }})
		if got := value(t, half, in(language, "Math.random() + random.uniform()")); fmt.Sprint(got) != "1" {
			t.Errorf("%s: two halves are %v", language, got)
		}
		if _, err := half.Eval(context.Background(), lang.Code{Source: "random.stream()"}, nil, nil); err == nil || !strings.Contains(err.Error(), "cannot tell its state") {
			t.Errorf("%s: stream() of a source without a state: %v", language, err)
		}
		one, two := interpreterWith(t, language, lang.Config{}), interpreterWith(t, language, lang.Config{})
		if a, b := value(t, one, "random.stream()"), value(t, two, "random.stream()"); fmt.Sprint(a) == fmt.Sprint(b) {
			t.Errorf("%s: two interpreters draw from the same stream, %v", language, a)
		}
	}
}

func TestInterrupt(t *testing.T) {
	for _, language := range languages {
		ctx, cancel := context.WithCancel(context.Background())
		calls := 0
		vm := interpreterWith(t, language, lang.Config{Rand: func() float64 {
			if calls++; calls == 10 {
				cancel()
			}
			return 0.5
		}})
		_, err := vm.Eval(ctx, lang.Code{Source: "random.uniform(0, 1, 10000000)"}, nil, nil)
		var e *lang.Error
		if !errors.As(err, &e) || e.Kind != lang.Interrupted || calls > 1e6 {
			t.Errorf("%s: %v after %d numbers, want an interrupt soon", language, err, calls)
		}
		cancel()
	}
}

func BenchmarkNormal(b *testing.B) {
	s := lang.NewRNG(1)
	c := &lang.Call{Context: context.Background(), Rand: s.Float64}
	for _, f := range random.Module().Funcs {
		if f.Name == "normal" {
			for b.Loop() {
				if _, err := f.Call(c); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
