#!/usr/bin/env mirai
-- Counts the words of text files, one task a file. The helper travels to the daemons as a global.
--     mirai run wordcount.lua [FILE...]
local fs, process = require("fs"), require("process")

local function count(text)
  local counts = {}
  for word in text:lower():gmatch("[%a']+") do counts[word] = (counts[word] or 0) + 1 end
  return counts
end

daemons(2)
local files = {}
for i = 3, #process.argv do files[#files + 1] = process.argv[i] end
if #files == 0 then
  local dir = __dirname .. "/texts/"
  for _, name in ipairs(fs.list(dir)) do files[#files + 1] = dir .. name end
end

local counts = {}
for i, file in ipairs(files) do
  counts[i] = mirai<lua, name=file>{ count(require("fs").read(file)) }(file, count)
end

local total, words = {}, {}
for _, one in ipairs(mirai.collect(counts, {stop = true})) do
  for word, n in pairs(one) do
    if not total[word] then words[#words + 1] = word end
    total[word] = (total[word] or 0) + n
  end
end

table.sort(words, function(a, b) return total[a] > total[b] or total[a] == total[b] and a < b end)
for i = 1, math.min(5, #words) do print(words[i] .. " " .. total[words[i]]) end
