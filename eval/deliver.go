package eval

import (
	"sync"

	"github.com/mojukapu/mirai/lang"
)

// delivery calls a script's functions with the elements of a map as they are resolved. The event loop owes one callback
// at a time for it, not one for each element.
type delivery struct {
	cursor
	then, catch lang.Callback // nil: not wanted
	loop        *lang.Loop
	read        func(v any) (lang.Value, error)

	mu   sync.Mutex
	call func(job func() error) // what the loop owes; nil when all is delivered
	due  bool                   // whether it was called
}

func (m module) deliver(c *lang.Call, x *Many, then, catch lang.Callback) {
	d := &delivery{cursor: cursor{m: x, base: indexBase(c.Lang)}, then: then, catch: catch, loop: c.Loop}
	d.read = func(v any) (lang.Value, error) { return m.read(c, v) }
	if x.Len() == 0 {
		return
	}
	d.call = d.loop.Register()
	x.watch(d.ring)
}

// ring has the loop deliver what is there.
func (d *delivery) ring() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if done, _ := d.m.Progress(); d.due || d.call == nil || done <= d.seen {
		return
	}
	d.due = true
	d.call(d.deliver)
}

// deliver calls the functions for what is there. One that fails ends nothing else.
func (d *delivery) deliver() error {
	var err error
	for err == nil {
		news, _ := d.m.since(d.seen)
		if len(news) == 0 {
			break
		}
		d.mu.Lock()
		d.seen++
		d.mu.Unlock()
		err = d.element(int(news[0]))
	}
	d.mu.Lock()
	d.due, d.call = false, nil
	if d.seen < d.m.Len() {
		d.call = d.loop.Register()
	}
	d.mu.Unlock()
	d.ring()
	return err
}

func (d *delivery) element(i int) error {
	v, f := d.value(i), d.then
	failed := d.m.at(i).err
	if failed == nil && f != nil {
		x, err := d.read(v)
		if e, ok := err.(*Error); ok {
			failed, v = e, e.ScriptError()
		} else if v = x; err != nil {
			return err
		}
	}
	if failed != nil {
		f = d.catch
	}
	if f == nil {
		return nil
	}
	_, err := f.Call(v, d.name(i))
	return err
}

// name is what a script calls an element: its key, or its index.
func (c *cursor) name(i int) any {
	if c.m.keys != nil {
		return c.m.keys[i]
	}
	return int64(i + c.base)
}
