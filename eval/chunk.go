package eval

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// What the code of a map finds as local variables.
const (
	functionName = "mirai_f"
	elementName  = "mirai_x" // the element; with Spread its arguments; with Chunk the list of those
	argsName     = "mirai_args"
	mapFile      = "mirai.map" // the file of our own code
)

// noteMap says that what runs is the function of a map, where there is a module mirai (scope.go).
const (
	noteMap    = "globalThis.mirai?.mapping?.(); "
	noteMapLua = `if type(mirai) == "table" and mirai.mapping then mirai.mapping() end `
)

// mapSource is the code of a task of a map. That of a chunk gives a list of its values and, when some have failed, a list
// of which (from 0) and one of the failures. It awaits an element only if that is a promise.
func mapSource(language string, o MapOptions) string {
	if language == lang.Lua {
		return luaSource(o)
	}
	element := "mirai_x"
	if o.Chunk > 1 {
		element = "mirai_x[i]"
	}
	if o.Spread {
		element = "..." + element
	}
	call := "mirai_f(" + element + ")"
	if len(o.Args) > 0 {
		call = "mirai_f(" + element + ", ...mirai_args)"
	}
	if o.Chunk <= 1 {
		return noteMap + "return " + call
	}
	return noteMap + `const n = mirai_x.length, values = new Array(n), failed = [], failures = []
let i = 0, v
for (; i < n; i++) {
  try {
    v = ` + call + `
    if (typeof v === "object" && v !== null && typeof v.then === "function") v = await v
    values[i] = v
  } catch (e) {
    values[i] = null
    failed.push(i)
    failures.push(e)
  }
}
return failed.length ? [values, failed, failures] : [values]`
}

// luaSource: inside containers nil is null.
func luaSource(o MapOptions) string {
	call := "function(x) if x == null then x = nil end return mirai_f(x) end"
	if o.Spread || len(o.Args) > 0 {
		call = luaCall(o)
	}
	if o.Chunk <= 1 {
		return noteMapLua + "return (" + call + ")(mirai_x)"
	}
	return noteMapLua + `local call = ` + call + `
local values, failed, failures = {}, {}, {}
local function take(ok, v, ...)
  local i = #values + 1
  if not ok then
    failed[#failed + 1], failures[#failures + 1], v = i - 1, v == nil and "nil" or v, nil
  elseif select("#", ...) > 0 then
    v = {v == nil and null or v, ...}
    for k = 1, select("#", ...) + 1 do if v[k] == nil then v[k] = null end end
  end
  values[i] = v == nil and null or v
end
for i = 1, #mirai_x do take(pcall(call, mirai_x[i])) end
if #failed == 0 then return {values} end
return {values, failed, failures}`
}

func luaCall(o MapOptions) string {
	first, rest := "local a, n = {x}, 1 if x == null then a[1] = nil end", ""
	if o.Spread {
		first = "local a, n = {}, 0 for i = 1, #x do n = n + 1 if x[i] ~= null then a[n] = x[i] end end"
	}
	if len(o.Args) > 0 {
		rest = " for i = 1, #mirai_args do n = n + 1 if mirai_args[i] ~= null then a[n] = mirai_args[i] end end"
	}
	return "function(x) " + first + rest + " return mirai_f(unpack(a, 1, n)) end"
}

// readChunk takes the result of a chunk of n elements apart.
func readChunk(raw []byte, n int, language string, f *Future) []outcome {
	out, err := splitChunk(raw, n, language, f.p.types)
	if err != nil {
		lost := newError(Reset, "the daemon sent a result that cannot be read: %v", err)
		lost.Task, lost.Daemon = f.label(), f.where()
		out = make([]outcome, n)
		for i := range out {
			out[i].err = lost
		}
	}
	for _, o := range out {
		if o.err != nil {
			o.err.Task, o.err.Daemon = f.label(), f.where()
		}
	}
	return out
}

func splitChunk(raw []byte, n int, language string, types []*lang.Type) ([]outcome, error) {
	if shares(raw) { // references count from the beginning of all: write each value anew
		var err error
		if raw, err = unshare(raw); err != nil {
			return nil, err
		}
	}
	out := make([]outcome, n)
	d := wire.Reader{B: raw}
	lists := d.Array()
	if d.Array() != n {
		return nil, fmt.Errorf("it has not %d results", n)
	}
	for i := range out {
		out[i].value = d.Raw()
	}
	if lists == 1 {
		return out, d.Err()
	}
	failed := make([]int, d.Array())
	for i := range failed {
		failed[i] = int(d.Uint())
	}
	if d.Array() != len(failed) {
		return nil, fmt.Errorf("it has not %d failures", len(failed))
	}
	for _, i := range failed {
		v, err := wire.ToGo(d.Raw(), false, types)
		if err != nil || i < 0 || i >= n {
			return nil, fmt.Errorf("failure of element %d: %w", i, err)
		}
		out[i] = outcome{err: raisedBy(v, language)}
	}
	return out, d.Err()
}

// unshare gives the same lists, of values that share nothing with each other.
func unshare(raw []byte) ([]byte, error) {
	v, err := wire.ToGo(raw, false, nil)
	if err != nil {
		return nil, err
	}
	lists, ok := v.([]any)
	if !ok {
		return nil, errors.New("it is no list of results")
	}
	out := wire.AppendHead(nil, 4, uint64(len(lists)))
	for _, l := range lists {
		items, _ := l.([]any)
		out = wire.AppendHead(out, 4, uint64(len(items)))
		for _, item := range items {
			b, err := wire.EncodeGo(item, nil)
			if err != nil {
				return nil, err
			}
			out = append(out, b...)
		}
	}
	return out, nil
}

var unsent = regexp.MustCompile(`^the result\[\d\]\[(\d+)\]`)

// renamed has the error of a chunk name the element whose result cannot be sent, not its place in our lists. at is the first
// element; elements and places count from where the language of the function does.
func renamed(e *Error, at int) *Error {
	if m := unsent.FindStringSubmatch(e.Message); m != nil {
		i, _ := strconv.Atoi(m[1])
		e.Message = fmt.Sprintf("the result of element %d%s", at+i, e.Message[len(m[0]):])
	}
	return e
}

var luaPlace = regexp.MustCompile(`(?s)^([^\n:]+):(\d+): (.*)$`)

// raisedBy is the error of an element of a chunk, of what its function raised.
func raisedBy(v any, language string) *Error {
	e := newError(Raised, "")
	switch v := v.(type) {
	case *lang.Error:
		e.Class, e.Message, e.Stack, e.Data = v.Class, v.Message, v.Stack, v.Fields
	case string:
		if language != lang.Lua {
			e.Value, e.Message = v, v
			break
		}
		e.Class, e.Message = "error", v
		if m := luaPlace.FindStringSubmatch(v); m != nil { // error puts the place before it
			line, _ := strconv.Atoi(m[2])
			e.Message, e.Stack = m[3], []lang.Frame{{File: m[1], Line: line}}
		}
	case *lang.Record:
		e.Value, e.Message = v, preview(v)
		if text, ok := v.Get("message").(string); ok {
			e.Message, e.Value, e.Data = text, nil, &lang.Record{}
			e.Class, _ = v.Get("class").(string)
			for i, k := range v.Keys {
				if k != "message" && k != "class" {
					e.Data.Set(k, v.Values[i])
				}
			}
		}
	case nil:
		e.Message = "null"
	case lang.Undefined:
		e.Value, e.Message = v, "undefined"
	default:
		e.Value, e.Message = v, preview(v)
	}
	return e
}
