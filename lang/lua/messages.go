package lua

import (
	"iter"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// plain puts a message of gopher-lua into the words of Lua, with the name of the culprit where the code tells it.
func (in *Interp) plain(L *glua.LState, tok int, msg string) string {
	switch {
	case strings.HasPrefix(msg, "attempt to index a non-table object("):
		rest := strings.TrimPrefix(msg, "attempt to index a non-table object(")
		kind, key, _ := strings.Cut(rest, ") with key ")
		return "attempt to index a " + kind + " value" + in.indexed(L, tok, kind, key)
	case msg == "attempt to call a non-function object":
		return in.called(L, tok)
	case strings.HasPrefix(msg, "cannot perform concat operation between "):
		return "attempt to concatenate " + in.operand(L, tok, glua.OP_CONCAT, glua.OP_CONCAT, culprit(msg, "string"))
	case strings.HasPrefix(msg, "cannot perform "):
		return "attempt to perform arithmetic on " + in.operand(L, tok, glua.OP_ADD, glua.OP_POW, culprit(msg, ""))
	case msg == "__len undefined":
		return "attempt to get length of " + in.operand(L, tok, glua.OP_LEN, glua.OP_LEN, "")
	case msg == "__unm undefined":
		return "attempt to perform arithmetic on " + in.operand(L, tok, glua.OP_UNM, glua.OP_UNM, "")
	case strings.HasPrefix(msg, "attempt to compare "):
		if a, b, _ := strings.Cut(strings.TrimPrefix(msg, "attempt to compare "), " with "); a == b {
			return "attempt to compare two " + a + " values"
		}
		return msg
	case strings.HasPrefix(msg, "bad argument #"):
		return quoted(msg)
	case strings.HasPrefix(msg, "for statement "):
		what := strings.Fields(msg)[2]
		if what == "init" {
			what = "initial"
		}
		return "'for' " + what + " value must be a number"
	}
	return msg
}

// culprit picks from "... operation between a and b" the operand that is neither a number nor of kind also.
func culprit(msg, also string) string {
	_, kinds, _ := strings.Cut(msg, " operation between ")
	a, b, _ := strings.Cut(kinds, " and ")
	if a == "number" || a == also || a == "string" && b != "number" {
		return b
	}
	return a
}

// operand says "a nil value (local 'x')" of the operand of that kind, or of any that is neither number nor string, that an
// instruction between from and to has.
func (in *Interp) operand(L *glua.LState, tok, from, to int, kind string) string {
	if p := caller(L); p != nil {
		for pc, inst := range p.Code {
			if p.DbgSourcePositions[pc] != tok || opcode(inst) < from || opcode(inst) > to {
				continue
			}
			b, c := int(inst&0x1ff), int(inst>>9)&0x1ff
			if from == glua.OP_LEN || from == glua.OP_UNM {
				c = b
			}
			for reg := range operands(b, c, from == glua.OP_CONCAT) {
				got := L.Get(reg + 1).Type().String()
				if reg >= 0x100 || kind != "" && got != kind || kind == "" && (got == "number" || got == "string") {
					continue
				}
				if name := origin(p, pc, reg); name != "" {
					return "a " + got + " value (" + name + ")"
				}
				kind = got
			}
		}
	}
	if kind == "" {
		return "a value of the wrong kind"
	}
	return "a " + kind + " value"
}

// operands are two registers, or all from b to c.
func operands(b, c int, all bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		if !all {
			_ = yield(b) && yield(c)
			return
		}
		for r := b; r <= c && yield(r); r++ {
		}
	}
}

// quoted writes "bad argument #1 to f (...)" with quotes around the name.
func quoted(msg string) string {
	head, rest, ok := strings.Cut(msg, " to ")
	i := strings.LastIndex(rest, " (")
	if j := strings.Index(rest, " ("); j >= 0 {
		i = j
	}
	if !ok || i < 0 {
		return msg
	}
	fn := rest[:i]
	if fn == "(anonymous)" || strings.HasPrefix(fn, "<") {
		fn = "?"
	}
	return head + " to '" + fn + "'" + rest[i:]
}

// caller is the Lua function that runs, nil when a function of Go does.
func caller(L *glua.LState) *glua.FunctionProto {
	dbg, ok := L.GetStack(0)
	if !ok {
		return nil
	}
	fn, err := L.GetInfo("f", dbg, glua.LNil)
	if f, ok := fn.(*glua.LFunction); err == nil && ok && !f.IsG {
		return f.Proto
	}
	return nil
}

// indexed names what was indexed: " (field 'b')", or the key that was looked for.
func (in *Interp) indexed(L *glua.LState, tok int, kind, key string) string {
	p := caller(L)
	if p == nil {
		return " (key " + key + ")"
	}
	for pc, inst := range p.Code {
		if p.DbgSourcePositions[pc] != tok {
			continue
		}
		reg := int(inst & 0x1ff)
		switch opcode(inst) {
		case glua.OP_SETTABLE, glua.OP_SETTABLEKS:
			reg = int(inst>>18) & 0xff
		case glua.OP_GETTABLE, glua.OP_GETTABLEKS, glua.OP_SELF:
		default:
			continue
		}
		k := int(inst>>9) & 0x1ff
		if opcode(inst) == glua.OP_SETTABLE || opcode(inst) == glua.OP_SETTABLEKS {
			k = int(inst & 0x1ff)
		}
		if L.Get(reg+1).Type().String() != kind || k&0x100 != 0 && "'"+constant(p, k&0xff)+"'" != key {
			continue
		}
		if name := origin(p, pc, reg); name != "" {
			return " (" + name + ")"
		}
	}
	return " (key " + key + ")"
}

// called names what was called, unless several calls begin at the same token.
func (in *Interp) called(L *glua.LState, tok int) string {
	p := caller(L)
	if p == nil {
		return "attempt to call a value that is no function"
	}
	kind, name, calls := "", "", 0
	for pc, inst := range p.Code {
		op, reg := opcode(inst), int(inst>>18)&0xff
		if p.DbgSourcePositions[pc] != tok || op != glua.OP_CALL && op != glua.OP_TAILCALL {
			continue
		}
		calls++
		if v := L.Get(reg + 1); v.Type() != glua.LTFunction {
			kind, name = v.Type().String(), origin(p, pc, reg)
		}
	}
	switch {
	case kind == "":
		return "attempt to call a value that is no function"
	case name == "" || calls > 1:
		return "attempt to call a " + kind + " value"
	}
	return "attempt to call a " + kind + " value (" + name + ")"
}

// origin says how register reg got its value before pc.
func origin(p *glua.FunctionProto, pc, reg int) string {
	active := 0
	for _, l := range p.DbgLocals {
		if l.StartPc < pc+1 && pc+1 <= l.EndPc {
			if active == reg {
				return "local '" + l.Name + "'"
			}
			active++
		}
	}
	for pc--; pc >= 0; pc-- {
		inst := p.Code[pc]
		if int(inst>>18)&0xff != reg {
			continue
		}
		switch opcode(inst) {
		case glua.OP_GETGLOBAL:
			return "global '" + constant(p, int(inst&0x3ffff)) + "'"
		case glua.OP_GETUPVAL:
			if i := int(inst & 0x1ff); i < len(p.DbgUpvalues) {
				return "upvalue '" + p.DbgUpvalues[i] + "'"
			}
		case glua.OP_GETTABLE, glua.OP_GETTABLEKS, glua.OP_SELF:
			if k := int(inst>>9) & 0x1ff; k&0x100 != 0 {
				what := "field '"
				if opcode(inst) == glua.OP_SELF {
					what = "method '"
				}
				return what + constant(p, k&0xff) + "'"
			}
		case glua.OP_MOVE:
			return origin(p, pc, int(inst&0x1ff))
		}
		return ""
	}
	return ""
}

func constant(p *glua.FunctionProto, i int) string {
	if i < len(p.Constants) {
		return p.Constants[i].String()
	}
	return "?"
}
