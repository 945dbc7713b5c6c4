same(1, 1)
null.x // ### "TypeError: Cannot read property 'x' of"
---
// é in a comment, and a string before the place: columns are characters
'éé'; missing // ### "errors.js:5:7: ReferenceError: missing is not defined"
---
function outer() {
  function inner() {
    throw new RangeError('deep') // ### "RangeError: deep$"
  }
  inner()
}
outer()
---
class HttpError extends Error {
  constructor(status) {
    super('status ' + status) // ### "HttpError: status 500"
    this.status = status
  }
}
try {
  throw new HttpError(404)
} catch (e) {
  same([e.status, e instanceof HttpError, e.name], [404, true, 'Error'])
}
throw new HttpError(500)
---
setTimeout(() => {
  throw new Error('in a timer') // ### "in a timer"
}, 1)
setTimeout(() => same('not', 'reached'), 50)
---
Promise.reject(new Error('nobody cares')) // ### "nobody cares"
---
const p = Promise.reject(new Error('handled in time'))
queueMicrotask(() => p.catch(e => same(e.message, 'handled in time')))
---
const c = 1
c = 2 // ### "TypeError: Assignment to constant variable"
---
await null
const e = await Promise.reject(new TypeError('awaited')) // ### "TypeError: awaited"
---
let x = {
  a: [1, 2
} // ### "SyntaxError: Unexpected token }"
