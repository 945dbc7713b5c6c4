#!/usr/bin/env node
// Ordinary JavaScript that looks like mirai<js>{ ... }() and m[] without being any of it.
import tokens from "./tokens.js"
[].concat(tokens).forEach((t) => t)

const mirai = 3, js = 4, x = { "mirai<js>{": [], 'm[]': `m[] ${`mirai<js>{${[].length}}`} }` };
const less = mirai < js, both = [mirai <js, less], chain = mirai<js && less;
if (mirai<10) { x.y = [] } else [].push(chain);
for (const [] of [[], []]) [].push(both);
for (let i = 0, n = []; i<mirai; i++) [].push(n);
do [].push(1); while (x.z) [].push(2);

let counter = 0
counter++
[].push(counter)
let undefinedYet
[1, 2].forEach(String)

class Shape extends (class {}) {
  #sides = []
  static all = [];
  static { [].push(this.all) }
  get [Symbol.iterator]() { return [][Symbol.iterator]; }
  async *[Symbol.asyncIterator]() { yield []; await []; }
  static async if(x) { return [] }
  area = () => { return [] }
  [`computed`] = [];
}

function* regular(a, b = [], { c = [], ...d } = {}) {
  const e = a / b[0] / 2, f = /[/\]m[]]*\/"'`/g, g = a
    / b / c;
  switch (e) {
    case []: [].push(f); break
    default: [].push(g);
  }
  outer: for (const k in d) { for (;;) { continue outer
    [].push(k) } }
  if (a) /}[)"']/.test(b); else /[{(]/u.exec(c)
  const h = {} / 2, i = function () {} / 2, j = (a) / 2, k = a ? { l: [] } : [];
  return [h, i, j, ...k, a ?.5 : []];
}
x.f = async (y = []) => { }
[].push(`${/`}/.source}${{ a: `}` }.a}`)
export default class { }
[].push(regular, Shape, undefinedYet)
