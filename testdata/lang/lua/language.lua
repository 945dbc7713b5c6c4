-- What scripts rely on, as assertions.
assert(1 == 1.0 and "10" + 5 == 15 and 7 % -3 == -2 and 2 ^ 10 == 1024)
assert(("%5.2f|%-4s|%04d|%x"):format(3.14159, "ab", 42, 255) == " 3.14|ab  |0042|ff")
assert(("hello"):gsub("l+", "L") == "heLo")
assert(#"a\0b" == 3 and "\65\066\x43" == "ABC" and "\u{20ac}" == "€")
assert([==[
a]]b]==] == "a]]b")
assert(select("#", nil, nil) == 2 and select(-1, 1, 2) == 2)
assert(table.concat({ 1, 2, 3 }, "-") == "1-2-3" and table.unpack == unpack)
assert(tostring(null) == "null" and tostring(undefined) == "undefined" and null ~= undefined)
---
local function vararg(...)
  local a, b = ...
  return select("#", ...), a, b
end
local n, a, b = vararg(nil, 2, nil)
assert(n == 3 and a == nil and b == 2)
---
local Account = {}
Account.__index = Account
function Account.new(b) return setmetatable({ balance = b }, Account) end
function Account:deposit(v) self.balance = self.balance + v return self end
assert(Account.new(10):deposit(5).balance == 15)
---
local seen = {}
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    seen[#seen + 1] = i * 10 + j
    ::continue::
  end
end
assert(table.concat(seen, " ") == "11 13 21 23 31 33")
---
local co = coroutine.wrap(function(a)
  while true do a = coroutine.yield(a * 2) end
end)
assert(co(1) == 2 and co(5) == 10)
---
local ok, e = pcall(error, { code = 7 })
assert(not ok and e.code == 7)
ok, e = pcall(function() error("plain", 0) end)
assert(e == "plain")
ok, e = xpcall(function() return undefinedFunction() end, function(m) return "handled: " .. m end)
assert(e:find("^handled: language.lua:%d+: attempt to call a nil value %(global 'undefinedFunction'%)$"), e)
---
local f = assert(load("local a = ... return a + 1"))
assert(f(4) == 5)
local broken, why = load("return +")
assert(broken == nil and why:find("unexpected"))
---
assert(os.time() > 0 and os.clock() >= 0 and type(os.date()) == "string" and os.getenv == nil)
assert(io.open == nil and require("math") == math)
