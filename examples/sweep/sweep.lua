#!/usr/bin/env mirai
-- A sweep over a parameter: how often is a gambler with 10 coins ruined before they are 20, by the chance to win a round?
-- The numbers depend on the seed alone: not on the number of nodes, nor on the language.
--     mirai run sweep.lua [NODES]
local parallel, process = require("parallel"), require("process")
local cl = parallel.cluster(tonumber(process.argv[2] or 2), {seed = 2024})

cl:export({games = 300, coins = 10, goal = 20})
cl:evalq([[function ruined(chance)
  local have = coins
  while have > 0 and have < goal do have = have + (math.random() < chance and 1 or -1) end
  return have == 0
end]])

local chances = {0.45, 0.475, 0.5, 0.525, 0.55}
local ruins = cl:applyLB(chances, function(chance)
  local n = 0
  for i = 1, games do if ruined(chance) then n = n + 1 end end
  return n
end)
cl:stop()

for i, chance in ipairs(chances) do
  print(string.format("%.3f %s %d", chance, string.rep("#", math.floor(ruins[i] / 10)), ruins[i]))
end
