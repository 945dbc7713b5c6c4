package lua

import (
	"errors"
	"sync"

	glua "github.com/yuin/gopher-lua"

	"github.com/mojukapu/mirai/lang"
)

// awaitable is a value that arrives later: what a function of Go promised, or what next gave.
type awaitable struct{ async lang.Async }

func (*awaitable) kind() string { return "promise" }

// promise is the result of a callback that has yet to run. Only the interpreter's goroutine settles it.
type promise struct {
	mu      sync.Mutex
	done    bool
	v       any
	err     error
	waiters []func()
	heard   bool // somebody takes care of its error
}

// Notify has f called when the promise is settled.
func (p *promise) Notify(f func()) {
	p.mu.Lock()
	p.heard = true
	if !p.done {
		p.waiters = append(p.waiters, f)
		f = nil
	}
	p.mu.Unlock()
	if f != nil {
		f()
	}
}

// Result is what the promise was settled with.
func (p *promise) Result() (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.v, p.err
}

func (p *promise) settled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// settle gives back an error that nobody waits for: it ends the loop.
func (p *promise) settle(v any, err error) error {
	p.mu.Lock()
	p.done, p.v, p.err = true, v, err
	waiters, heard := p.waiters, p.heard
	p.waiters = nil
	p.mu.Unlock()
	for _, f := range waiters {
		f()
	}
	if heard {
		return nil
	}
	return err
}

func (in *Interp) asyncIndex(L *glua.LState) int {
	switch L.Get(2) {
	case glua.LString("next"):
		L.Push(L.NewFunction(in.next))
	case glua.LString("wait"):
		L.Push(L.NewFunction(in.wait))
	default:
		L.Push(glua.LNil)
	}
	return 1
}

// asyncOf is the awaitable behind a value, nil when it is none.
func (in *Interp) asyncOf(v glua.LValue) lang.Async {
	u, ok := v.(*glua.LUserData)
	if !ok {
		return nil
	}
	switch o := u.Value.(type) {
	case *awaitable:
		return o.async
	case *host:
		if o.t.Await != nil {
			return o.t.Await(o.v)
		}
	}
	return nil
}

func (in *Interp) checkAsync(L *glua.LState, method string) lang.Async {
	a := in.asyncOf(L.Get(1))
	if a == nil {
		L.RaiseError("%s must be called with a colon on something to wait for: x:%s(...)", method, method)
	}
	return a
}

// next is x:next(f, g): f gets the value when it is there, g the error. It gives what they will give.
func (in *Interp) next(L *glua.LState) int {
	a := in.checkAsync(L, "next")
	p := &promise{}
	in.follow(a, L.OptFunction(2, nil), L.OptFunction(3, nil), p)
	L.Push(in.object(&awaitable{p}))
	return 1
}

func (in *Interp) follow(a lang.Async, f, g *glua.LFunction, p *promise) {
	call := in.loop.Register()
	a.Notify(func() {
		call(func() error { return in.react(a, f, g, p) })
	})
}

func (in *Interp) react(a lang.Async, f, g *glua.LFunction, p *promise) error {
	v, err := a.Result()
	if err == nil { // what cannot be read is a failure too
		var lv glua.LValue
		if lv, err = in.toLua(v); err == nil {
			v = in.value(lv)
		}
	}
	h, arg := f, v
	if err != nil {
		h, arg = g, in.value(in.errorValue(err))
	}
	if h == nil {
		return p.settle(v, err)
	}
	r, err := (&callback{in, h}).Call(arg)
	if err != nil {
		if in.gate.shut() {
			_ = p.settle(nil, err)
			return err
		}
		return p.settle(nil, err)
	}
	if b := in.asyncOf(r.(*value).v); b != nil {
		in.follow(b, nil, nil, p)
		return nil
	}
	return p.settle(r, nil)
}

// wait is x:wait(): the value, or the error raised.
func (in *Interp) wait(L *glua.LState) int {
	v, err := in.waitFor(in.checkAsync(L, "wait"))
	if err == nil {
		var lv glua.LValue
		if lv, err = in.toLua(v); err == nil {
			L.Push(lv)
			return 1
		}
	}
	in.throw(L, err)
	return 0
}

var errNever = errors.New("this value never arrives: nothing is left that could bring it")

// waitFor blocks; for what callbacks of this loop bring, it runs them.
func (in *Interp) waitFor(a lang.Async) (any, error) {
	if p, ok := a.(*promise); ok {
		p.Notify(func() {})
		if err := in.drain(p.settled); err != nil {
			return nil, err
		}
		if !p.settled() {
			return nil, errNever
		}
		return p.Result()
	}
	there := make(chan struct{})
	a.Notify(func() { close(there) })
	defer lang.Waiting(in.gate.ctx)()
	select {
	case <-there:
		return a.Result()
	case <-in.gate.ctx.Done():
		return nil, in.interrupted()
	}
}

// awaited waits, with the loop running, for the value of a block when it is yet to arrive.
func (in *Interp) awaited(v glua.LValue) (glua.LValue, error) {
	for range maxChain {
		a := in.asyncOf(v)
		if a == nil {
			break
		}
		p := &promise{heard: true}
		in.follow(a, nil, nil, p)
		x, err := in.waitFor(p)
		if err == nil {
			v, err = in.toLua(x)
		}
		if err != nil {
			return nil, in.outcome(err)
		}
	}
	return v, nil
}

// outcome makes a *lang.Error of any error that a value brought.
func (in *Interp) outcome(err error) error {
	var e *lang.Error
	if errors.As(err, &e) && error(e) == err {
		return err
	}
	e = &lang.Error{Class: "error", Message: err.Error(), Cause: err}
	var se lang.ScriptErrorer
	if errors.As(err, &se) {
		*e = *se.ScriptError()
		e.Cause = err
	}
	return e
}
