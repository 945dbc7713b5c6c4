package js

import (
	"maps"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// The global object of a task is an empty one whose prototype is the baseline: whatever a task adds or overwrites, with
// or without a declaration, lands in that object, and a new one forgets it all. So Reset costs the same however many
// globals there are. Keep makes the present object the baseline.

// given is a global of the last Eval and what it hid.
type given struct {
	name string
	old  goja.Value // nil: nothing
}

func (in *Interp) freshGlobals() {
	in.vm.SetGlobalObject(in.vm.CreateObject(in.base))
	in.clean = true
}

// setGlobals defines the globals of a task.
func (in *Interp) setGlobals(globals []lang.Binding) error {
	if len(globals) == 0 {
		return nil
	}
	obj := in.vm.GlobalObject()
	var own map[string]bool
	if !in.clean {
		own = ownNames(obj)
	}
	for _, g := range globals {
		v, err := in.build(g.Value)
		if err != nil {
			return lang.Within(err, "globals."+g.Name)
		}
		old := given{name: g.Name}
		if own[g.Name] {
			if err := in.try(func() { old.old = obj.Get(g.Name) }); err != nil {
				return in.fail(err)
			}
		}
		if err := set(obj, g.Name, v); err != nil {
			return in.fail(err)
		}
		in.given = append(in.given, old)
	}
	return nil
}

// ownNames are the names that a global object has itself.
func ownNames(obj *goja.Object) map[string]bool {
	names := obj.GetOwnPropertyNames()
	own := make(map[string]bool, len(names))
	for _, n := range names {
		own[n] = true
	}
	return own
}

// dropGiven takes back the globals of the last Eval.
func (in *Interp) dropGiven() {
	obj := in.vm.GlobalObject()
	for i := len(in.given) - 1; i >= 0; i-- {
		if g := in.given[i]; g.old != nil {
			_ = obj.Set(g.name, g.old)
		} else {
			_ = obj.Delete(g.name)
		}
	}
	in.given = in.given[:0]
}

// Keep makes the present globals the baseline, those of the last Eval included.
func (in *Interp) Keep() {
	obj := in.vm.GlobalObject()
	in.given = in.given[:0]
	in.modules.kept = maps.Clone(in.modules.loaded)
	in.lasting = in.serial
	in.kept, in.pinned = true, false
	if len(obj.GetOwnPropertyNames()) > 0 {
		in.base = obj
		in.freshGlobals()
	}
}

// Reset restores the baseline and drops callbacks. Lexical globals of a script go with the runtime that has them,
// unless Keep has put something into that runtime since it was made.
func (in *Interp) Reset() {
	for _, stop := range in.timers.stop {
		stop()
	}
	in.timers = timerSet{}
	in.loop.Reset()
	in.rejected, in.uncaught = nil, nil
	in.raised, in.raisedVal = nil, nil
	in.serial = in.lasting
	in.given = in.given[:0]
	if in.pinned && !in.kept {
		in.pinned = false
		in.modules.loaded = nil
		if in.boot() == nil { // it booted once with the same configuration
			return
		}
	}
	if len(in.modules.loaded) != len(in.modules.kept) {
		in.modules.loaded = maps.Clone(in.modules.kept)
	}
	in.freshGlobals()
}

// set puts a property without calling setters.
func set(obj *goja.Object, name string, v goja.Value) error {
	if name == "__proto__" {
		return obj.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	return obj.Set(name, v)
}
