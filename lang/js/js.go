// Package js evaluates JavaScript with goja.
//
// New makes an Interp, a lang.Interpreter. compile.go turns text into programs and caches them, tree.go changes their
// trees, positions.go makes goja count in the user's own lines and columns, eval.go runs programs and interrupts them,
// loop.go has timers and promises. values.go walks values into a lang.Sink and build.go is the Sink that makes them;
// functions.go does both for functions, classes.go for values of classes that a script registered. modules.go gives Go functions their face in scripts, objects.go Go values;
// require.go loads files. errors.go turns what was thrown into a *lang.Error, console.go, show.go and picture.go print as
// Node does, free.go finds the free names of a block, baseline.go takes back what a task left behind.
//
// What one Interp cannot undo or stop: changes to the prototypes of built-in objects outlive Reset (use a fresh
// interpreter), and built-in functions and regular expressions cannot be interrupted while they run. Nesting is bounded
// where text comes in (source, JSON.parse) and where values cross; JSON.stringify, String and flat of values that a
// script nested some 100,000 deep itself, and expressions of as many operators, still use up the Go stack: the process
// is the last line of defence. A runaway recursion by way of built-in functions or getters takes seconds to unwind.
package js

import (
	"context"
	"sync"
	"weak"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"github.com/mojukapu/mirai/lang"
)

const defaultStack = 10_000

// Interp is an interpreter of JavaScript.
type Interp struct {
	cfg  lang.Config
	vm   *goja.Runtime
	loop *lang.Loop
	ctx  context.Context // of the running Eval or Run

	programs cache
	sources  sources

	root    *goja.Object // the global object that goja made
	base    *goja.Object // the baseline: prototype of the global object of a task
	clean   bool         // the global object has nothing of its own yet
	given   []given      // globals of the last Eval, still there for its callbacks
	pinned  bool         // a script declared lexical globals, which only a new runtime forgets
	kept    bool         // Keep moved the baseline
	modules moduleSet
	classes map[string]*goja.Object // of errors, by name
	serial  *classSet               // of scripts, whose values travel
	lasting *classSet               // those of the baseline
	recent  context.Context         // of the last Eval: values are made before it runs, and sent after
	known   intrinsics
	spare   *builder // for the next build

	rejected []*goja.Promise // rejections that nobody handled yet
	uncaught error           // first error of a microtask
	timers   timerSet

	raised    *lang.Error // the last error given to Go, and the value it stands for: thrown again it stays the same
	raisedVal goja.Value

	mu    sync.Mutex // guards hosts, which the garbage collector prunes
	hosts map[any]weak.Pointer[goja.Object]
}

var _ lang.Interpreter = (*Interp)(nil)

// New makes an interpreter.
func New(cfg lang.Config) (*Interp, error) {
	if cfg.Stack <= 0 {
		cfg.Stack = defaultStack
	}
	cfg.DefaultRand()
	in := &Interp{cfg: cfg, loop: lang.NewLoop(), ctx: context.Background()}
	if err := in.boot(); err != nil {
		return nil, err
	}
	return in, nil
}

// boot makes the runtime and its globals.
func (in *Interp) boot() error {
	in.vm = goja.New()
	in.vm.SetParserOptions(parser.WithDisableSourceMaps)
	in.vm.SetMaxCallStackSize(in.cfg.Stack)
	in.vm.SetRandSource(in.cfg.Rand)
	in.vm.SetPromiseRejectionTracker(in.trackRejection)
	in.vm.SetAsyncContextTracker(&locals{loop: in.loop})
	in.classes, in.serial, in.lasting = nil, nil, nil
	in.known = intrinsics{}
	in.mu.Lock()
	in.hosts = nil
	in.mu.Unlock()
	in.root = in.vm.GlobalObject()
	in.base = in.root
	if err := in.install(); err != nil {
		return err
	}
	in.freshGlobals()
	return nil
}

// Loop is the event loop.
func (in *Interp) Loop() *lang.Loop { return in.loop }

// install puts everything into the global object that every script has.
func (in *Interp) install() error {
	// An inherited globalThis must give the object that is global now.
	self := in.native("globalThis", func(goja.FunctionCall) goja.Value { return in.vm.GlobalObject() })
	if err := in.root.DefineAccessorProperty("globalThis", self, nil, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		return err
	}
	in.installConsole()
	in.installLoop()
	in.installText()
	in.installJSON()
	return in.installModules()
}

// define makes a global that for-in does not see.
func (in *Interp) define(obj *goja.Object, name string, v goja.Value) {
	_ = obj.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// native makes a function of JS that calls f.
func (in *Interp) native(name string, f func(goja.FunctionCall) goja.Value) *goja.Object {
	obj := in.vm.ToValue(f).(*goja.Object)
	_ = obj.DefineDataProperty("name", in.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return obj
}

// rawFunc is a built-in function without the frame that a Callable puts around it. What it throws it panics with.
type rawFunc func(goja.FunctionCall) goja.Value

// intrinsics are objects of the runtime, looked up when first needed.
type intrinsics struct {
	ctors      map[string]*goja.Object
	object     *goja.Object // Object.prototype
	mapSet     rawFunc
	setAdd     rawFunc
	objectKeys rawFunc
	apply      rawFunc
	collect    *goja.Object  // a function that leaves its arguments in args
	args       []goja.Value  // of the last call of collect
	call       [3]goja.Value // room for the arguments of a rawFunc
	descriptor goja.Callable // Object.getOwnPropertyDescriptor
}

// ctor is a constructor, or another built-in object, of the bare language.
func (in *Interp) ctor(name string) *goja.Object {
	if c := in.known.ctors[name]; c != nil {
		return c
	}
	c, _ := in.root.Get(name).(*goja.Object)
	if c == nil {
		c = in.vm.NewObject()
	}
	if in.known.ctors == nil {
		in.known.ctors = map[string]*goja.Object{}
	}
	in.known.ctors[name] = c
	return c
}

// method is a method of the prototype of a constructor of the bare language.
func (in *Interp) method(class, name string) goja.Callable {
	proto, _ := in.ctor(class).Get("prototype").(*goja.Object)
	return in.callable(proto, name)
}

// callable is a method of an object. One that a script took away fails when it is called.
func (in *Interp) callable(o *goja.Object, name string) goja.Callable {
	if o != nil {
		if f, ok := goja.AssertFunction(o.Get(name)); ok {
			return f
		}
	}
	return func(goja.Value, ...goja.Value) (goja.Value, error) { return nil, gone(name) }
}

// raw is a method of an object as a rawFunc.
func (in *Interp) raw(o *goja.Object, name string) rawFunc {
	if o != nil {
		if v := o.Get(name); v != nil {
			if f, ok := v.Export().(func(goja.FunctionCall) goja.Value); ok {
				return f
			}
		}
	}
	return func(goja.FunctionCall) goja.Value { panic(gone(name)) }
}

func (in *Interp) rawMethod(class, name string) rawFunc {
	proto, _ := in.ctor(class).Get("prototype").(*goja.Object)
	return in.raw(proto, name)
}

func gone(name string) *lang.Error {
	return &lang.Error{Class: "TypeError", Message: "the built-in method " + name + " is gone: the script took it away"}
}

// elements are the elements of an array: its own memory where it has no holes, to be read only.
func (in *Interp) elements(arr goja.Value) []goja.Value {
	k := &in.known
	if k.apply == nil {
		k.apply = in.raw(in.ctor("Reflect"), "apply")
		k.collect = in.native("", func(c goja.FunctionCall) goja.Value {
			k.args = c.Arguments
			return goja.Undefined()
		})
	}
	k.call = [3]goja.Value{k.collect, goja.Undefined(), arr}
	k.apply(goja.FunctionCall{Arguments: k.call[:]})
	return k.args
}

// keys are the own enumerable string keys of an object.
func (in *Interp) keys(o *goja.Object) []goja.Value {
	k := &in.known
	if k.objectKeys == nil {
		k.objectKeys = in.raw(in.ctor("Object"), "keys")
	}
	k.call[0] = o
	return in.elements(k.objectKeys(goja.FunctionCall{Arguments: k.call[:1]}))
}
