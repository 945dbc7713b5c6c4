// Package fs is the module fs of scripts: files and folders. Text files are read as strings, others as bytes; whatever
// fails names the path and what happened.
package fs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mojukapu/mirai/lang"
)

// Module gives the module fs.
func Module() lang.Module {
	return lang.Module{Name: "fs", Funcs: []lang.Func{
		{Name: "read", Call: read},
		{Name: "readBytes", Call: readBytes},
		{Name: "write", Call: write(os.O_TRUNC)},
		{Name: "append", Call: write(os.O_APPEND)},
		{Name: "list", Call: list},
		{Name: "stat", Call: stat},
		{Name: "exists", Call: exists},
		{Name: "mkdir", Call: onPath(func(path string) error { return os.MkdirAll(path, 0o777) })},
		{Name: "remove", Call: remove},
		{Name: "rename", Call: rename},
		{Name: "glob", Call: glob},
		{Name: "join", Call: join},
	}}
}

// read(path) is the text of a file, or its bytes when they are not UTF-8.
func read(c *lang.Call) (any, error) {
	b, err := contents(c)
	if err == nil && utf8.Valid(b) {
		return string(b), nil
	}
	return b, err
}

func readBytes(c *lang.Call) (any, error) {
	b, err := contents(c)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func contents(c *lang.Call) ([]byte, error) {
	path, err := c.String(0)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	return b, failed(err)
}

// write(path, data) makes or replaces a file, in place: a reader may see half of it. append(path, data) adds to it.
func write(mode int) func(*lang.Call) (any, error) {
	return func(c *lang.Call) (any, error) {
		path, err := c.String(0)
		if err != nil {
			return nil, err
		}
		b, err := data(c)
		if err != nil {
			return nil, err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|mode, 0o666)
		if err != nil {
			return nil, failed(err)
		}
		_, err = f.Write(b)
		return lang.Undefined{}, failed(errors.Join(err, f.Close()))
	}
}

// data is the second argument: text, bytes, or a typed array's memory.
func data(c *lang.Call) ([]byte, error) {
	v, err := c.Any(1)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	case lang.Buffer:
		return v, nil
	case lang.UTF16:
		return []byte(string(utf16.Decode(v))), nil
	case []any, *lang.Record, bool, int64, float64, nil:
	default:
		if b, err := binary.Append(nil, binary.LittleEndian, v); err == nil {
			return b, nil
		}
	}
	kind := "missing"
	if len(c.Args) > 1 {
		kind = "of kind " + c.Args[1].Kind()
	}
	return nil, &lang.Error{Class: "TypeError", Message: c.Name + ": argument 2 must be text, bytes or a typed array, it is " + kind}
}

// list(path) gives the names in a folder, sorted.
func list(c *lang.Call) (any, error) {
	path := "."
	if c.Given(0) {
		var err error
		if path, err = c.String(0); err != nil {
			return nil, err
		}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, failed(err)
	}
	names := make([]any, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// stat(path) gives {size, modified, dir, file, mode}, null when there is nothing.
func stat(c *lang.Call) (any, error) {
	path, err := c.String(0)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(err)
	}
	return &lang.Record{
		Keys:   []string{"size", "modified", "dir", "file", "mode"},
		Values: []any{st.Size(), st.ModTime(), st.IsDir(), st.Mode().IsRegular(), int64(st.Mode().Perm())},
	}, nil
}

func exists(c *lang.Call) (any, error) {
	path, err := c.String(0)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, failed(err)
}

func onPath(f func(path string) error) func(*lang.Call) (any, error) {
	return func(c *lang.Call) (any, error) {
		path, err := c.String(0)
		if err != nil {
			return nil, err
		}
		return lang.Undefined{}, failed(f(path))
	}
}

// remove(path, {recursive}) removes a file or an empty folder; recursive, a folder with what is in it, or nothing.
func remove(c *lang.Call) (any, error) {
	opts, err := c.Record(1)
	if err != nil {
		return nil, err
	}
	f := os.Remove
	if all, _ := opts.Get("recursive").(bool); all {
		f = os.RemoveAll
	}
	return onPath(f)(c)
}

func rename(c *lang.Call) (any, error) {
	from, err := c.String(0)
	if err != nil {
		return nil, err
	}
	to, err := c.String(1)
	if err != nil {
		return nil, err
	}
	return lang.Undefined{}, failed(os.Rename(from, to))
}

// glob(pattern) gives the paths that match: * and ? within a name, [a-z].
func glob(c *lang.Call) (any, error) {
	pattern, err := c.String(0)
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", c.Name, pattern, err)
	}
	l := make([]any, len(paths))
	for i, p := range paths {
		l[i] = p
	}
	return l, nil
}

func join(c *lang.Call) (any, error) {
	elems := make([]string, len(c.Args))
	for i := range elems {
		var err error
		if elems[i], err = c.String(i); err != nil {
			return nil, err
		}
	}
	return filepath.Join(elems...), nil
}

// failed gives an error of the system its face in scripts: the text names operation, path and reason; code and path
// are fields.
func failed(err error) error {
	if err == nil {
		return nil
	}
	e := &lang.Error{Class: "Error", Message: err.Error(), Fields: &lang.Record{}, Cause: err}
	e.Fields.Set("code", reason(err))
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		e.Fields.Set("path", p.Path)
	case errors.As(err, &l):
		e.Fields.Set("path", l.Old)
	}
	return e
}

// reason is the usual name of what went wrong.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "ENOENT"
	case errors.Is(err, fs.ErrExist):
		return "EEXIST"
	case errors.Is(err, fs.ErrPermission):
		return "EACCES"
	}
	return "EIO"
}
