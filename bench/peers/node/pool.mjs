// One group of figures for one pool: node --expose-gc pool.mjs LIB GROUP WORKERS [quick]
// Prints one JSON object a line: {name, workers, value, unit}. It ends when its standard input does.
import fs from 'node:fs';
import { performance } from 'node:perf_hooks';

const [lib, group, workerCount, quick] = process.argv.slice(2);
const W = Number(workerCount);
const processes = lib.endsWith('-process');
const now = () => performance.now();
const emit = (name, value, unit) => console.log(JSON.stringify({ name, workers: W, value, unit }));
const quantile = (xs, q) => { const s = Float64Array.from(xs).sort(); return s[Math.min(s.length - 1, Math.floor(q * s.length))]; };
const median = xs => quantile(xs, 0.5);
const times = async (n, f) => { const ts = []; for (let i = 0; i < n; i++) { const t = now(); await f(); ts.push(now() - t); } return ts; };

process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();
process.stdin.unref?.();

// The libraries are loaded before any clock starts.
const library = await import(lib.split('-')[0]);

const makers = {
  piscina: () => threadPool(library.default, {}),
  tinypool: () => threadPool(library.default, processes ? { runtime: 'child_process', serialization: 'advanced' } : {}),
  workerpool: () => {
    const options = { minWorkers: W, maxWorkers: W, workerType: processes ? 'process' : 'thread' };
    if (processes) options.forkOpts = { serialization: 'advanced' };
    const p = library.default.pool(new URL('./workerpool.mjs', import.meta.url).pathname, options);
    return { run: (name, x) => p.exec(name, [x]), close: () => p.terminate(true), pids: () => p.workers.map(w => w.worker?.pid) };
  },
};

function threadPool(Pool, more) {
  const filename = new URL('./tasks.mjs', import.meta.url).href;
  const p = new Pool({ filename, minThreads: W, maxThreads: W, idleTimeout: 1e9, maxQueue: Infinity, ...more });
  return { run: (name, x) => p.run(x, { name }), close: () => p.destroy(), pids: () => p.threads.map(t => t?.process?.pid ?? t?.worker?.pid) };
}

const open = makers[lib.split('-')[0]];

async function burst(p, n) {
  const all = new Array(n);
  for (let i = 0; i < n; i++) all[i] = p.run('ident', i);
  const got = await Promise.all(all);
  if (got[n - 1] !== n - 1) throw new Error(`task ${n - 1} gave ${got[n - 1]}`);
}

function privateMB(pid) {
  const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  let kB = 0;
  for (const m of text.matchAll(/^Private_\w+:\s+(\d+)/gm)) kB += Number(m[1]);
  return kB * 1024 / 1e6;
}

const groups = {
  async roundtrip() {
    const p = open();
    const n = quick ? 500 : 5000;
    await times(quick ? 200 : 2000, () => p.run('ident', 1));
    const ts = await times(n, () => p.run('ident', 1));
    emit('roundtrip_p50', median(ts) * 1e3, 'us');
    emit('roundtrip_p99', quantile(ts, 0.99) * 1e3, 'us');
  },
  async throughput() {
    const p = open();
    const n = quick ? 2000 : 20000;
    await burst(p, 2000);
    global.gc();
    const [ms] = await times(1, () => burst(p, n));
    emit('throughput', n / ms * 1e3, 'tasks/s');
  },
  async echo() {
    const p = open();
    for (const mb of quick ? [1] : [1, 10, 100]) {
      const xs = new Float64Array(mb * 125000).map((_, i) => i * 0.5);
      const ts = await times(mb > 10 ? 4 : 6, async () => {
        const back = await p.run('ident', xs);
        if (back.length !== xs.length || back[97] !== xs[97]) throw new Error('doubles came back changed');
      });
      emit(`echo_${mb}MB`, median(ts.slice(1)), 'ms');
    }
  },
  async start() {
    const ts = [];
    for (let r = 0; r < (quick ? 1 : 4); r++) {
      const t = now();
      const p = open();
      await burst(p, W);
      ts.push(now() - t);
      await p.close();
    }
    emit('start_first_result', median(ts), 'ms');
  },
  async idle() {
    await new Promise(done => setTimeout(done, 200));
    global.gc();
    const before = privateMB('self');
    const p = open();
    await burst(p, W);
    await new Promise(done => setTimeout(done, 300));
    const pids = p.pids().filter(Boolean);
    emit('idle_daemon_private', processes ? median(pids.map(privateMB)) : (privateMB('self') - before) / W, 'MB');
  },
  async queue() {
    const p = open();
    const n = quick ? 10000 : 100000;
    await burst(p, 2000);
    for (let i = 0; i < W; i++) p.run('sleep', 60000).catch(() => {});
    await new Promise(done => setTimeout(done, 100));
    const waiting = new Array(n);
    global.gc();
    const before = process.memoryUsage();
    for (let i = 0; i < n; i++) waiting[i] = p.run('ident', 1);
    await new Promise(done => setTimeout(done, 100));
    global.gc();
    const after = process.memoryUsage();
    emit('queued_task_bytes', (after.heapUsed + after.external - before.heapUsed - before.external) / n, 'B');
  },
};

if (groups[group]) await groups[group]();
process.exit(0);
