package process

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mojukapu/mirai/lang"
)

// spawn(command, args, {cwd, env, input, timeout}) starts a program and gives its end as a promise of {code, signal,
// stdout, stderr}. It is killed when the script is interrupted.
func spawn(c *lang.Call) (any, error) {
	p, err := start(c)
	if err != nil {
		return nil, err
	}
	go p.wait()
	return p, nil
}

// run is spawn that waits.
func run(c *lang.Call) (any, error) {
	p, err := start(c)
	if err != nil {
		return nil, err
	}
	p.wait()
	if c.Context.Err() != nil {
		return nil, context.Cause(c.Context)
	}
	return p.Result()
}

// child is a program that runs, a lang.Async.
type child struct {
	name           string
	cmd            *exec.Cmd
	ctx            context.Context
	cancel         context.CancelFunc
	limit          time.Duration
	stdout, stderr bytes.Buffer

	mu     sync.Mutex
	over   bool
	notify []func()
	result *lang.Record
	err    error
}

var errLate = errors.New("it ran out of time")

func start(c *lang.Call) (*child, error) {
	name, err := c.String(0)
	if err != nil {
		return nil, err
	}
	args, err := arguments(c)
	if err != nil {
		return nil, err
	}
	opts, err := c.Record(2)
	if err != nil {
		return nil, err
	}
	p := &child{name: name, ctx: c.Context, cancel: func() {}}
	if v := opts.Get("timeout"); v != nil {
		if p.limit, err = duration(v); err != nil {
			return nil, fmt.Errorf("process.spawn: timeout: %w", err)
		}
		p.ctx, p.cancel = context.WithTimeoutCause(c.Context, p.limit, errLate)
	}
	p.cmd = exec.CommandContext(p.ctx, name, args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = time.Second // for programs it started that keep the pipes open
	group(p.cmd)
	if err := p.configure(opts); err != nil {
		p.cancel()
		return nil, fmt.Errorf("process.spawn: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		p.cancel()
		return nil, fmt.Errorf("process.spawn: cannot start %q: %w", name, err)
	}
	return p, nil
}

// arguments reads the list of arguments: strings and numbers.
func arguments(c *lang.Call) ([]string, error) {
	if !c.Given(1) {
		return nil, nil
	}
	v, err := c.Any(1)
	if err != nil {
		return nil, err
	}
	l, ok := v.([]any)
	if r, is := v.(*lang.Record); is && len(r.Keys) == 0 { // Lua's {}
		ok = true
	}
	if !ok {
		return nil, &lang.Error{Class: "TypeError", Message: "process.spawn: the arguments must be a list of strings"}
	}
	args := make([]string, len(l))
	for i, a := range l {
		switch a := a.(type) {
		case string:
			args[i] = a
		case []byte:
			args[i] = string(a)
		case int64, float64:
			args[i] = fmt.Sprint(a)
		default:
			return nil, &lang.Error{Class: "TypeError", Message: fmt.Sprintf("%s: element %d of the arguments must be a string", c.Name, i+1)}
		}
	}
	return args, nil
}

func (p *child) configure(opts *lang.Record) error {
	if opts == nil {
		return nil
	}
	for i, key := range opts.Keys {
		v := opts.Values[i]
		switch key {
		case "cwd":
			dir, ok := v.(string)
			if !ok {
				return errors.New("cwd must be a string")
			}
			p.cmd.Dir = dir
		case "env":
			if err := p.environ(v); err != nil {
				return err
			}
		case "input":
			b, err := data(v)
			if err != nil {
				return fmt.Errorf("input: %w", err)
			}
			p.cmd.Stdin = bytes.NewReader(b)
		case "timeout":
		default:
			return fmt.Errorf("there is no option %q: there are cwd, env, input and timeout", key)
		}
	}
	return nil
}

// environ adds variables to the ones that the child inherits.
func (p *child) environ(v any) error {
	r, ok := v.(*lang.Record)
	if !ok {
		return errors.New("env must be an object of strings")
	}
	p.cmd.Env = os.Environ()
	for i, k := range r.Keys {
		s, ok := r.Values[i].(string)
		if !ok {
			return fmt.Errorf("env.%s must be a string", k)
		}
		p.cmd.Env = append(p.cmd.Env, k+"="+s)
	}
	return nil
}

func (p *child) wait() {
	err := p.cmd.Wait()
	defer p.cancel()
	p.mu.Lock()
	p.over = true
	p.result, p.err = p.outcome(err)
	notify := p.notify
	p.notify = nil
	p.mu.Unlock()
	for _, f := range notify {
		f()
	}
}

func (p *child) outcome(err error) (*lang.Record, error) {
	var exit *exec.ExitError
	switch {
	case context.Cause(p.ctx) == errLate:
		return nil, fmt.Errorf("process.spawn: %q was killed after its time-out of %v", p.name, p.limit)
	case err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay):
		return nil, fmt.Errorf("process.spawn: %q: %w", p.name, err)
	}
	code, signal := ended(p.cmd.ProcessState)
	r := &lang.Record{}
	r.Set("code", code)
	r.Set("signal", signal)
	r.Set("stdout", text(p.stdout.Bytes()))
	r.Set("stderr", text(p.stderr.Bytes()))
	return r, nil
}

// Notify has f called once when the program has ended.
func (p *child) Notify(f func()) {
	p.mu.Lock()
	if !p.over {
		p.notify = append(p.notify, f)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	f()
}

// Result is how the program ended.
func (p *child) Result() (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	return p.result, nil
}

// text is output as a string, or as bytes when it is none.
func text(b []byte) any {
	if utf8.Valid(b) {
		return string(b)
	}
	return b
}

// data is what a script gives as input: text, bytes or the memory of a typed array.
func data(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	case lang.Buffer:
		return v, nil
	}
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		return nil, fmt.Errorf("it must be text, bytes or a typed array, it is %T", v)
	}
	return b, nil
}

// duration reads a time as everywhere: milliseconds, or a string such as "1.5s".
func duration(v any) (time.Duration, error) {
	switch v := v.(type) {
	case int64:
		return time.Duration(v) * time.Millisecond, nil
	case float64:
		return time.Duration(v * float64(time.Millisecond)), nil
	case string:
		return time.ParseDuration(v)
	}
	return 0, errors.New(`write milliseconds or a string such as "1.5s"`)
}
