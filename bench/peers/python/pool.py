"""One group of figures for one pool: python3 pool.py LIB GROUP WORKERS [quick]

LIB is executor (concurrent.futures.ProcessPoolExecutor) or dask (distributed, one thread a worker). Prints one JSON
object a line: {name, workers, value, unit}. It ends, with its workers, when its standard input does.
"""
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
now = time.perf_counter


def ident(x):
    return x


def sleep(s):
    time.sleep(s)


def pid(_):
    time.sleep(0.05)
    return os.getpid()


class Executor:
    def __init__(self, n):
        self.pool = concurrent.futures.ProcessPoolExecutor(n)
        self.submit = self.pool.submit

    def gather(self, fs):
        return [f.result() for f in fs]

    def map(self, n):
        return list(self.pool.map(ident, range(n), chunksize=100))

    def close(self):
        self.pool.shutdown()


class Dask:
    def __init__(self, n):
        self.cluster = distributed.LocalCluster(
            n_workers=n, threads_per_worker=1, dashboard_address=None, processes=True, silence_logs=50)
        self.pool = distributed.Client(self.cluster)
        self.gather = self.pool.gather

    def submit(self, f, *args):
        return self.pool.submit(f, *args, pure=False)

    def map(self, n):
        return self.gather(self.pool.map(ident, range(n), pure=False))

    def close(self):
        self.pool.close()
        self.cluster.close()


def doubles(n):
    try:
        import numpy
        return numpy.arange(n) * 0.5
    except ImportError:
        import array
        return array.array("d", (i * 0.5 for i in range(n)))


def quantile(xs, q):
    return sorted(xs)[min(len(xs) - 1, int(q * len(xs)))]


def times(n, f):
    ts = []
    for _ in range(n):
        t = now()
        f()
        ts.append(now() - t)
    return ts


def private_mb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_")) * 1024 / 1e6


def rss():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def roundtrip(p, emit):
    one = lambda: p.submit(ident, 1).result()
    warm, n = (20, 100) if slow or quick else (2000, 5000)
    times(warm, one)
    ts = times(n, one)
    emit("roundtrip_p50", quantile(ts, 0.5) * 1e6, "us")
    emit("roundtrip_p99", quantile(ts, 0.99) * 1e6, "us")


def throughput(p, emit):
    n = 1000 if quick or slow else 20000
    p.gather([p.submit(ident, i) for i in range(n // 10)])
    t = now()
    got = p.gather([p.submit(ident, i) for i in range(n)])
    emit("throughput", n / (now() - t), "tasks/s")
    assert got[-1] == n - 1


def mapping(p, emit):
    n = 1000 if quick or slow else 20000
    p.map(n)
    t = now()
    got = p.map(n)
    emit("map", n / (now() - t), "tasks/s")
    assert got[-1] == n - 1


def echo(p, emit):
    for mb in (1,) if quick else (1, 10) if slow else (1, 10, 100):
        xs = doubles(mb * 125000)

        def there_and_back():
            back = p.submit(ident, xs).result()
            assert len(back) == len(xs) and back[97] == xs[97]

        ts = times(4 if mb > 10 else 6, there_and_back)
        emit(f"echo_{mb}MB", quantile(ts[1:], 0.5) * 1e3, "ms")


def start(make, emit):
    ts = []
    for _ in range(1 if quick or slow else 4):
        t = now()
        p = make()
        p.gather([p.submit(ident, i) for i in range(workers)])
        ts.append(now() - t)
        p.close()
    emit("start_first_result", quantile(ts, 0.5) * 1e3, "ms")


def idle(p, emit):
    pids = set(p.gather([p.submit(pid, i) for i in range(workers * 6)]))
    time.sleep(0.3)
    emit("idle_daemon_private", quantile([private_mb(i) for i in pids], 0.5), "MB")


def queue(p, emit):
    n = 10000 if quick or slow else 100000
    p.gather([p.submit(ident, i) for i in range(500)])
    busy = [p.submit(sleep, 60) for _ in range(workers)]
    time.sleep(0.1)
    gc.collect()
    before = rss()
    waiting = [p.submit(ident, 1) for _ in range(n)]
    time.sleep(0.5)
    gc.collect()
    emit("queued_task_bytes", (rss() - before) / n, "B")
    del waiting, busy


def end_with_harness():
    while os.read(0, 1):  # not sys.stdin: a fork while its lock is held would never end
        pass
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def main():
    threading.Thread(target=end_with_harness, daemon=True).start()
    make = lambda: {"executor": Executor, "dask": Dask}[lib](workers)
    emit = lambda name, value, unit: print(
        json.dumps({"name": name, "workers": workers, "value": value, "unit": unit}), flush=True)
    groups = {"roundtrip": roundtrip, "throughput": throughput, "map": mapping, "echo": echo, "idle": idle, "queue": queue}
    if group == "start":
        start(make, emit)
    elif group in groups:
        groups[group](make(), emit)
    sys.stdout.flush()
    os._exit(0)  # the harness ends what is left of the process group


if __name__ == "__main__":
    lib, group, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    quick = len(sys.argv) > 4
    slow = lib == "dask"
    if slow:
        import distributed
    else:
        import concurrent.futures.process
    main()
