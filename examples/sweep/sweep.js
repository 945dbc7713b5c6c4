#!/usr/bin/env mirai
// A sweep over a parameter: how often is a gambler with 10 coins ruined before they are 20, by the chance to win a round?
// The numbers depend on the seed alone: not on the number of nodes, nor on the language.
//     mirai run sweep.js [NODES]
const parallel = require("parallel"), process = require("process")
const cl = parallel.cluster(Number(process.argv[1] || 2), {seed: 2024})

cl.export({games: 300, coins: 10, goal: 20})
cl.evalq(`function ruined(chance) {
  let have = coins
  while (have > 0 && have < goal) have += Math.random() < chance ? 1 : -1
  return have === 0
}`)

const chances = [0.45, 0.475, 0.5, 0.525, 0.55]
const ruins = cl.applyLB(chances, chance => {
  let n = 0
  for (let i = 0; i < games; i++) if (ruined(chance)) n++
  return n
})
cl.stop()

chances.forEach((chance, i) => print(chance.toFixed(3) + " " + "#".repeat(ruins[i] / 10) + " " + ruins[i]))
