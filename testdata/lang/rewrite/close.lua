#!/usr/bin/env lua
-- Ordinary Lua that looks like mirai<lua>{ ... }() and m[] without being any of it.
local mirai, x = 3, { "mirai<js>{", 'm[]', [[m[] ]], [==[ ]] m[] ]=] ]==], ["k[]"] = {}, [ [[k]] ] = {} }
local less, both = mirai<4, { mirai<x[1], y = 2 }
if mirai<10 then x[1] = {} end
print[[m[]]] print{ } print"m[]" print [==[
mirai<js>{ m[] }
]==]
--[[ m[] mirai<lua>{ ]] x.y = x[1]
--[=[ ]] m[]
]=] x.z = "a\
m[]\z
      'm[]' \"" .. 'm[]"\'' .. .5 .. 1e-2 .. 0x1p+4
--[ m[] mirai<lua>{
local function f(...) local a = { ... } return a[...], a[#a], a[-1], {} end
goto done
::done:: return f({ }, { [1] = { } }, x[x[1]], less, both)
