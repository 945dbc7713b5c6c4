// Order: the script, microtasks, then timers by time.
const order = []
setTimeout(() => order.push('timer 2'), 2)
setTimeout(() => order.push('timer 0'), 0)
setImmediate(() => order.push('immediate'))
queueMicrotask(() => order.push('microtask'))
Promise.resolve().then(() => order.push('promise'))
order.push('script')
setTimeout(() => {
  same(order.slice(0, 3), ['script', 'microtask', 'promise'])
  same(order.length, 6)
}, 20)
---
let n = 0
const id = setInterval(() => {
  if (++n === 3) clearInterval(id)
}, 1)
const gone = setTimeout(() => same('cleared', 'called'), 1)
clearTimeout(gone)
clearTimeout(undefined)
setTimeout((a, b) => same([n, a, b], [3, 'x', 'y']), 40, 'x', 'y')
---
const before = performance.now()
sleep(2)
sleep('1ms')
same(performance.now() - before >= 3, true)
sleep('soon') // ### "TypeError: sleep: 'soon' is no time"
---
same(new TextDecoder().decode(new TextEncoder().encode('é😀')), 'é😀')
same(new TextDecoder('utf-8').decode(new Uint8Array([0xff]).buffer), '\ufffd')
const o = {d: new Date(0), m: new Map([[1, {}]]), t: new Uint8Array([1])}
o.self = o
const copy = structuredClone(o)
same([copy !== o, copy.self === copy, copy.m.get(1), copy.t[0], copy.d.getTime()], [true, true, {}, 1, 0])
copy.t[0] = 9
same(o.t[0], 1)
structuredClone({f: Symbol()}) // ### "f: a symbol cannot be sent"
---
let total = 0
for (const x of [1, 2, 3]) total += await Promise.resolve(x)
same(total, 6)
const settled = await Promise.allSettled([1, Promise.reject(2)])
same(settled.map(s => s.status), ['fulfilled', 'rejected'])
