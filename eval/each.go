package eval

import (
	"context"
	"iter"

	"github.com/mojukapu/mirai/lang"
)

// Each gives futures with their indices in the order in which they are resolved, and waits for each. It ends early when
// ctx does.
func Each(ctx context.Context, fs []*Future) iter.Seq2[int, *Future] {
	return func(yield func(int, *Future) bool) {
		order := make(chan int, len(fs))
		for i, f := range fs {
			f.Notify(func() { order <- i })
		}
		for range fs {
			select {
			case i := <-order:
				if !yield(i, fs[i]) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// Each gives the results with their indices in the order in which they are resolved, failures as *Error, and waits for
// each. It ends early when ctx does.
func (m *Many) Each(ctx context.Context) iter.Seq2[int, any] {
	return func(yield func(int, any) bool) {
		c := cursor{m: m}
		for {
			i, err := c.next(ctx)
			if i < 0 || err != nil || !yield(i, m.goValue(m.at(i))) {
				return
			}
		}
	}
}

// cursor goes through the elements of a handle in the order in which they are resolved.
type cursor struct {
	m    *Many
	seen int
	base int // what the script counts from
}

// next waits for the next element; -1 means that there is none.
func (c *cursor) next(ctx context.Context) (int, error) {
	for c.seen < c.m.Len() {
		news, more := c.m.since(c.seen)
		if len(news) > 0 {
			c.seen++
			return int(news[0]), nil
		}
		on := lang.Waiting(ctx)
		select {
		case <-more:
		case <-ctx.Done():
		}
		if on(); ctx.Err() != nil {
			return -1, context.Cause(ctx)
		}
	}
	return -1, nil
}

// each is mirai.each(xs): an iterator over [index, value] in JS and over index, value in Lua, in the order in which
// they are resolved. mirai.each(xs, f) calls f(value, index) instead and gives how often.
func (m module) each(c *lang.Call) (any, error) {
	x, err := handles(c)
	if err != nil {
		return nil, err
	}
	all, err := many("each", x, c.Lang)
	if err != nil {
		return nil, err
	}
	each := &cursor{m: all, base: indexBase(c.Lang)}
	if c.Given(1) {
		return m.callEach(c, each)
	}
	source := `(each) => ({next() { const value = each.next(); return value === null ? {done: true, value: undefined} : {done: false, value} },
return(value) { return {done: true, value} }, [Symbol.iterator]() { return this }})`
	if c.Lang == lang.Lua {
		source = `function(each) return function()
  local pair = each:next()
  if pair == nil then return nil end
  local value = pair[2]
  if value == null then value = nil end
  return pair[1], value
end end`
	}
	make, err := builtin(c, source)
	if err != nil {
		return nil, err
	}
	return make.Call(each)
}

func (m module) callEach(c *lang.Call, each *cursor) (any, error) {
	f, err := c.Callback(1)
	if err != nil {
		return nil, err
	}
	for {
		i, err := each.next(c.Context)
		if i < 0 || err != nil {
			return int64(each.seen), err
		}
		v, err := m.readOne(c, each.value(i))
		if err == nil {
			_, err = f.Call(v, each.name(i))
		}
		if err != nil {
			return nil, err
		}
	}
}

func (c *cursor) value(i int) any {
	var b lang.Builder
	return c.m.scriptValue(c.m.at(i), &b)
}

// eachType is what stands behind the iterator that each gives.
func (m module) eachType() *lang.Type {
	return &lang.Type{
		Name: "mirai each",
		Is:   func(v any) bool { _, ok := v.(*cursor); return ok },
		Methods: []lang.Func{{Name: "next", Call: func(c *lang.Call) (any, error) {
			each := c.Self.(*cursor)
			i, err := each.next(c.Context)
			if i < 0 || err != nil {
				return nil, err
			}
			v, err := m.readOne(c, each.value(i))
			return []any{each.name(i), v}, err
		}}},
		Refuse: "an iterator cannot be sent: send what it gives",
	}
}
