package eval

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// setup is what every daemon runs before its first task: what registers a class.
type setup struct {
	task  Task
	class string
	frame []byte // the task, encoded
}

// serial(class, encode, decode, {name}) has the values of a class of the script travel, here and in every daemon there is
// and will be. The name may also come first. It gives a handle on its arrival at the daemons there are.
func (m module) serial(c *lang.Call) (any, error) {
	given, err := classGiven(c)
	if err != nil {
		return nil, err
	}
	s := setup{task: Task{Lang: c.Lang}}
	at := c.Where()
	s.task.File, s.task.Line, s.task.Column = at.File, at.Line, at.Column
	if err := c.Interp.Register(given, s.carry); err != nil {
		return nil, err
	}
	x := manyOf(m.h.everyone(c.Context, s), nil)
	for _, f := range x.fs {
		f.p.inside(c.Context, f)
	}
	return x, nil
}

// classGiven reads the arguments of serial.
func classGiven(c *lang.Call) (lang.Class, error) {
	var given lang.Class
	args, name := c.Args, ""
	if len(args) > 0 && args[0].Kind() == "string" {
		name, _ = c.String(0)
		args = args[1:]
	}
	if len(args) < 3 {
		return given, serialError("give it a class and two functions: mirai.serial(Point, encode, decode)")
	}
	for i, hook := range []string{"encode", "decode"} {
		if args[i+1].Func() == nil {
			return given, serialError("%s must be a function, it is of kind %s", hook, args[i+1].Kind())
		}
	}
	record, err := c.Record(len(c.Args) - len(args) + 3)
	if err != nil {
		return given, err
	}
	o := &options{of: "serial", record: record}
	given = lang.Class{Name: o.text("name"), Class: args[0], Encode: args[1], Decode: args[2]}
	if given.Name == "" {
		given.Name = name
	}
	return given, o.done()
}

func serialError(format string, args ...any) error {
	return &lang.Error{Class: "TypeError", Message: "serial: " + fmt.Sprintf(format, args...)}
}

// carry encodes what registers the class elsewhere. It fails where the class cannot travel.
func (s *setup) carry(c lang.Carried) error {
	err := wire.CheckName(c.Name)
	if err == nil {
		s.class, s.task.Name, s.task.Source = c.Name, "serial "+c.Name, c.Source
		s.task.globals = []lang.Binding{{Name: lang.ClassParts, Value: c.Parts}}
		s.frame, err = s.task.withDefaults().encode(wire.Setup, 0, lang.RNG{}, nil)
	}
	if err != nil {
		return serialError("%s", strings.TrimPrefix(err.Error(), "globals."+lang.ClassParts+"."))
	}
	s.task.globals = nil
	return nil
}

// everyone sends a setup to all daemons and keeps it for those to come, unless they have it already.
func (h *Host) everyone(ctx context.Context, s setup) (fs []*Future) {
	h.mu.Lock()
	if h.has(s) {
		h.mu.Unlock()
		return nil
	}
	h.setups = append(h.setups, s)
	var ps []*Profile
	for _, p := range h.profiles {
		ps = append(ps, p)
	}
	h.mu.Unlock()
	for _, p := range ps {
		fs = append(fs, p.onEach(ctx, s.task, s.frame)...)
	}
	for _, f := range fs {
		h.count(f)
	}
	return fs
}

// known are the setups so far.
func (h *Host) known() []setup {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clip(h.setups)
}

// has tells whether the last setup of a class is s already. Under the lock.
func (h *Host) has(s setup) bool {
	for i := len(h.setups) - 1; i >= 0; i-- {
		if o := h.setups[i]; o.class == s.class && o.task.Lang == s.task.Lang {
			return bytes.Equal(o.frame, s.frame)
		}
	}
	return false
}
