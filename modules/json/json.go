// Package json is the module json of scripts: parse and stringify, the same in both languages. Keys keep their order,
// whole numbers beyond 2^53 stay exact, and what JSON cannot hold is refused with its path instead of being dropped.
//
// parse.go reads text into a tape of tokens and drives a sink along it; write.go is a sink that writes JSON.
package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/mojukapu/mirai/lang"
)

// maxDepth bounds the nesting of what is read and written.
const maxDepth = 10_000

// Module gives the module json.
func Module() lang.Module {
	return lang.Module{Name: "json", Funcs: []lang.Func{
		{Name: "parse", Call: parse},
		{Name: "stringify", Call: stringify},
	}}
}

func parse(c *lang.Call) (any, error) {
	text, err := c.String(0)
	if err != nil {
		return nil, err
	}
	t, err := scan(text)
	if err != nil {
		return nil, err
	}
	return lang.Feed(t.feed), nil
}

// stringify(value, indent): indent is a number of spaces or the text to indent by; without it all stands on one line.
func stringify(c *lang.Call) (any, error) {
	indent, err := indentation(c)
	if err != nil {
		return nil, err
	}
	if len(c.Args) == 0 {
		return nil, &lang.Error{Class: "TypeError", Message: "json.stringify: argument 1 is missing"}
	}
	w := writer{}
	if err := c.Args[0].Walk(&w); err != nil {
		return nil, refused(err)
	}
	if w.skipped {
		return nil, refused(lang.Refuse("undefined cannot be written as JSON"))
	}
	if indent == "" {
		return string(w.out), nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, w.out, "", indent); err != nil {
		return nil, err
	}
	return b.String(), nil
}

func indentation(c *lang.Call) (string, error) {
	if !c.Given(1) {
		return "", nil
	}
	if n, err := c.Int(1); err == nil {
		return strings.Repeat(" ", min(max(n, 0), 10)), nil
	}
	return c.String(1)
}

func refused(err error) error {
	var r *lang.Refused
	if errors.As(err, &r) {
		return &lang.Error{Class: "TypeError", Message: "json.stringify: " + r.Error(), Cause: err}
	}
	return err
}
