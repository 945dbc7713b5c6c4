#!/usr/bin/env mirai
-- A block runs in a daemon, another process; its future is here at once.
daemons(2)

local a, b = 1, 2
m = mirai<lua>{ sleep(500) a + b }(a, b)
print(m)         -- mirai<...>
print(m.data)    -- unresolved
print(m[])       -- 3: waits
print(m)         -- mirai<3>

-- The other language, in the same script.
local words = {"lua", "and", "javascript"}
n = mirai<js>{ words.sort().join(" ") }(words)
print(n[])       -- and javascript lua

-- What fails, fails for this task alone, and says where: file, line and column of this text.
local broken = mirai<lua, timeout="2s">{ local t = nil; return t.x }
local ok, e = pcall(function() return broken[] end)
print(ok, e.code)

-- An endless loop is stopped by its timeout (code 5), and the daemon goes on.
local endless = mirai<lua, timeout=200>{ while true do end }
ok, e = pcall(function() return endless[] end)
print("code " .. e.code)
print(mirai<lua>{ 6 * 7 }[])
