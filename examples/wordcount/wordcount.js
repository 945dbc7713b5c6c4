#!/usr/bin/env mirai
// Counts the words of text files, one task a file. The helper travels to the daemons as a global.
//     mirai run wordcount.js [FILE...]
const fs = require("fs"), process = require("process")

function count(text) {
  const counts = {}
  for (const word of text.toLowerCase().match(/[a-z']+/g) || []) counts[word] = (counts[word] || 0) + 1
  return counts
}

daemons(2)
const dir = __dirname + "/texts/"
const files = process.argv.length > 2 ? process.argv.slice(2) : fs.list(dir).map(name => dir + name)
const counts = files.map(file => mirai<js, name=file>{ count(require("fs").read(file)) }(file, count))

const total = {}
for (const one of mirai.collect(counts, {stop: true}))
  for (const word in one) total[word] = (total[word] || 0) + one[word]

const top = Object.keys(total).sort((a, b) => total[b] - total[a] || (a < b ? -1 : 1)).slice(0, 5)
for (const word of top) console.log(word + " " + total[word])
