package eval

import "github.com/mojukapu/mirai/lang"

// splitSource is mapSource for all that a node gets: it ends at the first failure, for what follows would be thrown away.
func splitSource(language string, o MapOptions) string {
	if language == lang.Lua {
		return luaSplit(luaCall(o))
	}
	element, rest := "mirai_x[i]", ""
	if o.Spread {
		element = "...mirai_x[i]"
	}
	if len(o.Args) > 0 {
		rest = ", ...mirai_args"
	}
	return noteMap + `const values = new Array(mirai_x.length).fill(null)
for (let i = 0; i < values.length; i++) {
  try {
    let v = mirai_f(` + element + rest + `)
    if (typeof v === "object" && v !== null && typeof v.then === "function") v = await v
    values[i] = v
  } catch (e) {
    return [values, [i], [e]]
  }
}
return [values]`
}

func luaSplit(call string) string {
	return noteMapLua + `local call, values = ` + call + `, {}
for i = 1, #mirai_x do values[i] = null end
local function take(i, ok, v, ...)
  if not ok then return {values, {i - 1}, {v == nil and "nil" or v}} end
  if select("#", ...) > 0 then
    v = {v == nil and null or v, ...}
    for k = 1, select("#", ...) + 1 do if v[k] == nil then v[k] = null end end
  end
  values[i] = v == nil and null or v
end
for i = 1, #mirai_x do
  local failed = take(i, pcall(call, mirai_x[i]))
  if failed then return failed end
end
return {values}`
}
