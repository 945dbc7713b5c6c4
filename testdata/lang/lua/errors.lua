-- Each part between lines of dashes runs alone. A comment with three hash signs says with what its line fails.
local config
print(config.name) -- ### "attempt to index a nil value \(local 'config'\)"
---
local function area(r)
  return r ^ 2 * pi -- ### "attempt to perform arithmetic on a nil value \(global 'pi'\)"
end
area(2)
---
local t = { rows = {} }
for _, row in ipairs(t.rows.all) do -- ### "bad argument #1 to 'ipairs' \(table expected, got nil\)"
end
---
local s = "n: " .. nil .. "x" -- ### "attempt to concatenate a nil value"
---
local n
return #n -- ### "attempt to get length of a nil value \(local 'n'\)"
---
return -{} -- ### "attempt to perform arithmetic on a table value"
---
local function deep(n)
  if n == 0 then
    error("too deep") -- ### "^too deep$"
  end
  return 1 + deep(n - 1)
end
deep(10)
---
local long = [[
  several
  lines]]
local other = "a\
b" long.x.y = 1 -- ### "attempt to index a nil value \(field 'x'\)"
---
if true then
  local x = 5 5 -- ### "unexpected '5'"
end
---
return setmetatable({}, { __index = function(t, k) error("no field " .. k, 2) end }).colour -- ### "^no field colour$"
---
local ok, e = pcall(error, "kept")
error(e) -- ### "^kept$"
---
coroutine.wrap(function()
  coroutine.yield()
end)()
string.rep() -- ### "bad argument #1 to 'rep'"
