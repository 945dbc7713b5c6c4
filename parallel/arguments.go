package parallel

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
)

// travelling is a sink that gets host objects as what is sent of them, so that what cannot be sent is refused here.
type travelling struct{ lang.Sink }

// value is a value of a script as it travels.
func value(v lang.Value) (any, error) {
	var b lang.Builder
	if err := v.Walk(travelling{&b}); err != nil {
		return nil, err
	}
	return b.Value(), nil
}

// elements gives argument i, which has elements: a list, an object, a typed array.
func elements(c *lang.Call, i int, name string) (any, error) {
	if i >= len(c.Args) || c.Args[i].Kind() == "string" || c.Args[i].Host() != nil || c.Args[i].Func() != nil {
		return nil, wrong(c, i, name, "a list, an object or a typed array")
	}
	v, err := value(c.Args[i])
	if err != nil {
		return nil, lang.At(err, name)
	}
	return eval.ScriptElements(v), nil
}

// wrong says what argument i must be, and what it is.
func wrong(c *lang.Call, i int, name, want string) error {
	got := "nothing"
	if i < len(c.Args) {
		got = withArticle(c.Args[i].Kind())
	}
	return &lang.Error{Class: "TypeError", Message: fmt.Sprintf("%s: `%s` must be %s, not %s", verb(c), name, want, got)}
}

func withArticle(kind string) string {
	if strings.ContainsAny(kind[:min(1, len(kind))], "aeiou") {
		return "an " + kind
	}
	return "a " + kind
}

// listOf gives the elements of a list, a typed array or an object.
func listOf(xs any) ([]any, error) {
	switch xs := xs.(type) {
	case []any:
		return xs, nil
	case *lang.Record:
		return xs.Values, nil
	case *lang.ValueSet:
		return xs.Items, nil
	case lang.Buffer, lang.View, lang.UTF16:
	default:
		if v := reflect.ValueOf(xs); v.Kind() == reflect.Slice {
			out := make([]any, v.Len())
			for i := range out {
				out[i] = v.Index(i).Interface()
			}
			return out, nil
		}
	}
	return nil, argumentError{errors.New("it goes over lists, objects and typed arrays, and this is none")}
}

// function gives argument i as a function to call on nodes, in its own language.
func function(c *lang.Call, i int) (eval.NodeTask, error) {
	if i >= len(c.Args) || c.Args[i].Kind() != "function" {
		return eval.NodeTask{}, wrong(c, i, "f", "a function")
	}
	v, err := value(c.Args[i])
	if err != nil {
		return eval.NodeTask{}, lang.At(err, "f")
	}
	f, ok := v.(*lang.Function)
	if !ok {
		return eval.NodeTask{}, wrong(c, i, "f", "a function")
	}
	return eval.NodeTask{Task: taskOf(c), Func: f}, nil
}

// arguments gives the arguments from i on.
func arguments(c *lang.Call, i int) ([]any, error) {
	var out []any
	for ; i < len(c.Args); i++ {
		v, err := value(c.Args[i])
		if err != nil {
			return nil, lang.At(err, fmt.Sprintf("argument %d", i+1))
		}
		out = append(out, v)
	}
	return out, nil
}

// taskOf is a task that stands where the call does.
func taskOf(c *lang.Call) eval.Task {
	at := c.Where()
	return eval.Task{File: at.File, Line: at.Line, Column: at.Column}
}

// indexBase is what the language of a call counts from.
func indexBase(c *lang.Call) int {
	if c.Lang == lang.Lua {
		return 1
	}
	return 0
}
