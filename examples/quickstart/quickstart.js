#!/usr/bin/env mirai
// A block runs in a daemon, another process; its future is here at once.
daemons(2)

let a = 1, b = 2
m = mirai<js>{ sleep(500); a + b }(a, b)
console.log(m)         // mirai<...>
console.log(m.data)    // unresolved
console.log(m[])       // 3: waits
console.log(m)         // mirai<3>

// The other language, in the same script. Its value is that of its last expression, too.
const words = ["lua", "and", "javascript"]
n = mirai<lua>{ table.sort(words) table.concat(words, " ") }(words)
console.log(n[])       // and javascript lua

// What fails, fails for this task alone, and says where: file, line and column of this text.
const broken = mirai<js, timeout="2s">{ null.x }
try {
  broken[]
} catch (e) {
  console.log(e.class + " in " + e.trace.replace(/^.*[\\/]/, ""))
}

// An endless loop is stopped by its timeout (code 5), and the daemon goes on.
const endless = mirai<js, timeout=200>{ for (;;) {} }
try {
  endless[]
} catch (e) {
  console.log("code " + e.code)
}
console.log(mirai<js>{ 6 * 7 }[])
