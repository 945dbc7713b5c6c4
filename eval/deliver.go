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

	mu   sync.Mutex
	call func(job func() error) // what the loop owes; nil when all is delivered
	due  bool                   // whether it was called
}

func newDelivery(c *lang.Call, m *Many, then, catch lang.Callback) {
	d := &delivery{cursor: cursor{m: m, base: indexBase(c.Lang)}, then: then, catch: catch, loop: c.Loop}
	if m.Len() == 0 {
		return
	}
	d.call = d.loop.Register()
	m.watch(d.ring)
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
	o, f := d.m.at(i), d.then
	if o.err != nil {
		f = d.catch
	}
	if f == nil {
		return nil
	}
	_, err := f.Call(d.value(i), d.name(i))
	return err
}

// name is what a script calls an element: its key, or its index.
func (c *cursor) name(i int) any {
	if c.m.keys != nil {
		return c.m.keys[i]
	}
	return int64(i + c.base)
}
