package js

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/mojukapu/mirai/lang"
)

// moduleParams are the variables that a file sees besides the globals.
const moduleParams = "exports,require,module,__filename,__dirname"

// newRequire makes the function require for the file from; empty means the file of the caller.
func (in *Interp) newRequire(from string) *goja.Object {
	return in.native("require", func(c goja.FunctionCall) goja.Value {
		defer in.guard("require")
		name, ok := c.Argument(0).(goja.String)
		if !ok {
			panic(in.vm.NewTypeError("require: the name of a module must be a string, it is %s", kind(c.Argument(0))))
		}
		file := from
		if file == "" {
			file = in.where().File
		}
		v, err := in.require(file, name.String())
		if err != nil {
			in.raise(err)
		}
		return v
	})
}

func (in *Interp) require(from, name string) (goja.Value, error) {
	if m := in.modules.builtin[strings.TrimPrefix(name, "node:")]; m != nil {
		return in.module(m)
	}
	if in.cfg.Load == nil {
		return nil, in.noModule(name, nil)
	}
	code, err := in.cfg.Load(from, name)
	if err != nil {
		return nil, in.noModule(name, err)
	}
	if m := in.modules.loaded[code.Name]; m != nil {
		return m.Get("exports"), nil
	}
	return in.load(code)
}

func isPath(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/")
}

// load runs a file as a CommonJS module. Whoever requires it meanwhile gets what it has exported so far.
func (in *Interp) load(code lang.Code) (goja.Value, error) {
	if in.modules.loaded == nil {
		in.modules.loaded = map[string]*goja.Object{}
	}
	module, exports := in.vm.NewObject(), in.vm.NewObject()
	_ = module.Set("exports", exports)
	_ = module.Set("id", code.Name)
	in.modules.loaded[code.Name] = module
	if err := in.runModule(code, module, exports); err != nil {
		delete(in.modules.loaded, code.Name)
		return nil, err
	}
	return module.Get("exports"), nil
}

func (in *Interp) runModule(code lang.Code, module, exports *goja.Object) error {
	if strings.HasSuffix(code.Name, ".json") {
		v, err := in.parseJSON(code)
		if err != nil {
			return err
		}
		return module.Set("exports", v)
	}
	p, err := in.moduleProgram(code)
	if err != nil {
		return err
	}
	if p.async {
		return &lang.Error{Class: "SyntaxError", Message: code.Name + ": await at the top of a required file is not possible: export an async function"}
	}
	dir := in.vm.ToValue(path.Dir(code.Name))
	_, err = in.run(p, []goja.Value{exports, in.newRequire(code.Name), module, in.vm.ToValue(code.Name), dir})
	if err != nil {
		return in.fail(err)
	}
	return nil
}

// moduleProgram compiles a file as the body of a function whose value nobody needs.
func (in *Interp) moduleProgram(code lang.Code) (*program, error) {
	if strings.HasPrefix(code.Source, "#!") {
		code.Source = "//" + code.Source[2:]
	}
	code.Mode = lang.Block
	return in.program(code, moduleParams)
}

// noModule is the error for a name that is neither a module nor a file, with the nearest name that is a module.
func (in *Interp) noModule(name string, err error) error {
	msg := fmt.Sprintf("require(%q): no such module", name)
	if err != nil {
		msg = err.Error()
	}
	var names []string
	for n := range in.modules.builtin {
		names = append(names, n)
	}
	slices.Sort(names)
	if near := lang.Nearest(name, names); near != "" && !isPath(name) {
		msg += fmt.Sprintf("; did you mean %q?", near)
	}
	return &lang.Error{Class: "Error", Message: msg, Cause: err}
}
