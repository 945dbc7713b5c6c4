// What a worker can do. piscina and tinypool take a module's exports; workerpool.mjs registers the same ones.
export const ident = x => x;
export const sleep = ms => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms); return 1; };
export default ident;
