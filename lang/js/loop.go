package js

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// timerSet are the timers that were neither fired nor cleared.
type timerSet struct {
	last int64
	stop map[int64]func()
}

func (in *Interp) installLoop() {
	in.define(in.root, "setTimeout", in.native("setTimeout", func(c goja.FunctionCall) goja.Value { return in.setTimer(c, false) }))
	in.define(in.root, "setInterval", in.native("setInterval", func(c goja.FunctionCall) goja.Value { return in.setTimer(c, true) }))
	in.define(in.root, "setImmediate", in.native("setImmediate", in.setImmediate))
	for _, name := range []string{"clearTimeout", "clearInterval", "clearImmediate"} {
		in.define(in.root, name, in.native(name, in.clearTimer))
	}
	in.define(in.root, "queueMicrotask", in.native("queueMicrotask", in.queueMicrotask))
	in.define(in.root, "sleep", in.native("sleep", in.sleep))
	start := time.Now()
	perf := in.vm.NewObject()
	in.define(perf, "now", in.native("now", func(goja.FunctionCall) goja.Value {
		return in.vm.ToValue(float64(time.Since(start).Nanoseconds()) / 1e6)
	}))
	in.define(in.root, "performance", perf)
}

func (in *Interp) function(c goja.FunctionCall, who string) goja.Callable {
	f, ok := goja.AssertFunction(c.Argument(0))
	if !ok {
		panic(in.vm.NewTypeError("%s: the first argument must be a function, it is %s", who, kind(c.Argument(0))))
	}
	return f
}

func (in *Interp) setTimer(c goja.FunctionCall, again bool) goja.Value {
	f := in.function(c, "setTimeout")
	var args []goja.Value
	if len(c.Arguments) > 2 {
		args = slices.Clone(c.Arguments[2:])
	}
	d := max(delay(c.Argument(1)), 0)
	if again {
		d = max(d, time.Millisecond)
	}
	id := in.newTimer()
	var arm func()
	job := func() error {
		if again {
			arm()
		} else {
			delete(in.timers.stop, id)
		}
		return in.callback(f, args)
	}
	arm = func() { in.timers.stop[id] = in.loop.After(d, job) }
	arm()
	return in.vm.ToValue(id)
}

func (in *Interp) newTimer() int64 {
	if in.timers.stop == nil {
		in.timers.stop = map[int64]func(){}
	}
	in.timers.last++
	return in.timers.last
}

func (in *Interp) setImmediate(c goja.FunctionCall) goja.Value {
	f := in.function(c, "setImmediate")
	var args []goja.Value
	if len(c.Arguments) > 1 {
		args = slices.Clone(c.Arguments[1:])
	}
	id := in.newTimer()
	live := true
	in.timers.stop[id] = func() { live = false }
	in.loop.Register()(func() error {
		delete(in.timers.stop, id)
		if !live {
			return nil
		}
		return in.callback(f, args)
	})
	return in.vm.ToValue(id)
}

func (in *Interp) clearTimer(c goja.FunctionCall) goja.Value {
	id := c.Argument(0).ToInteger()
	if stop := in.timers.stop[id]; stop != nil {
		stop()
		delete(in.timers.stop, id)
	}
	return goja.Undefined()
}

// callback calls a function of the script from the event loop.
func (in *Interp) callback(f goja.Callable, args []goja.Value) error {
	if _, err := f(goja.Undefined(), args...); err != nil {
		return in.fail(err)
	}
	return nil
}

func (in *Interp) queueMicrotask(c goja.FunctionCall) goja.Value {
	f := in.function(c, "queueMicrotask")
	p, resolve, _ := in.vm.NewPromise()
	run := in.native("", func(goja.FunctionCall) goja.Value {
		if _, err := f(goja.Undefined()); err != nil {
			if isInterrupt(err) {
				panic(&goja.InterruptedError{})
			}
			if in.uncaught == nil {
				in.uncaught = in.fail(err)
			}
		}
		return goja.Undefined()
	})
	then := in.method("Promise", "then")
	if _, err := then(in.vm.ToValue(p), run); err != nil {
		in.raise(err)
	}
	_ = resolve(goja.Undefined())
	return goja.Undefined()
}

// locals has each await and each callback of a promise go on with what was local where it was written. goja calls
// Resumed and Exited in turn.
type locals struct {
	loop   *lang.Loop
	before any
}

func (l *locals) Grab() any      { return l.loop.Local() }
func (l *locals) Resumed(of any) { l.before = l.loop.SetLocal(of) }
func (l *locals) Exited()        { l.loop.SetLocal(l.before) }

// trackRejection keeps the promises that were rejected with nobody to handle it.
func (in *Interp) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	if op == goja.PromiseRejectionReject {
		in.rejected = append(in.rejected, p)
		return
	}
	in.rejected = slices.DeleteFunc(in.rejected, func(q *goja.Promise) bool { return q == p })
}

// sleep waits for a time, and no longer than the script may run.
func (in *Interp) sleep(c goja.FunctionCall) goja.Value {
	d := delay(c.Argument(0))
	if d < 0 {
		panic(in.vm.NewTypeError("sleep: %s is no time: give milliseconds or a string such as \"1.5s\"", in.show(c.Argument(0))))
	}
	if d == 0 {
		return goja.Undefined()
	}
	if err := pause(in.ctx, d); err != nil {
		in.raise(err)
	}
	return goja.Undefined()
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// delay is a time in milliseconds or as text, negative when it is none. Absent means none.
func delay(v goja.Value) time.Duration {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return 0
	}
	if s, ok := v.(goja.String); ok {
		if d, err := time.ParseDuration(s.String()); err == nil {
			return d
		}
	}
	ms := v.ToFloat()
	if math.IsNaN(ms) {
		return -1
	}
	return time.Duration(min(ms*1e6, math.MaxInt64/2))
}

// asyncPromise is a promise of what a host function said would come later. The loop owes it.
func (in *Interp) asyncPromise(a lang.Async) goja.Value {
	p, resolve, reject := in.vm.NewPromise()
	settle := in.loop.Register()
	vm := in.vm
	a.Notify(func() {
		settle(func() error {
			if vm != in.vm {
				return nil
			}
			return in.settle(a, resolve, reject)
		})
	})
	return in.vm.ToValue(p)
}

// settle resolves or rejects a promise with the result of a.
func (in *Interp) settle(a lang.Async, resolve, reject func(any) error) error {
	v, err := a.Result()
	var out goja.Value
	if err == nil {
		if err = in.try(func() { out = in.toJS(v) }); err == nil {
			return in.orFail(resolve(out))
		}
		if err = in.fail(err); in.raised == err && in.raisedVal != nil {
			return in.orFail(reject(in.raisedVal))
		}
	}
	return in.orFail(reject(in.errorValue(err)))
}

func (in *Interp) orFail(err error) error {
	if err != nil {
		return in.fail(err)
	}
	return nil
}

// failed is a result that is there: an error.
type failed struct{ err error }

func (f failed) Notify(done func())   { done() }
func (f failed) Result() (any, error) { return nil, f.err }

// hostPromise is the promise of a host object that can be awaited, made when first asked for.
func (in *Interp) hostPromise(h *host) goja.Value {
	if h.promise == nil {
		a := h.typ.Await(h.self)
		if a == nil {
			a = failed{fmt.Errorf("a %s cannot be awaited now", h.typ.Name)}
		}
		h.promise = in.asyncPromise(a)
	}
	return h.promise
}
