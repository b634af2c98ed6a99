#!/usr/bin/python3
"""What does a page of a large inventory cost? See bench/README.md.

usage: ./dev bench inventory [--records N] [--database sqlite|postgresql|both] [--rounds N] [--only TEXT]
                               [--no-growth] [--huge-pages] [--keep DIRECTORY]

Fills a database with N records (1,000,000 unless told), starts the server on it, and asks for pages over one kept
connection: every filter, every order, first pages and deep ones, as an admin, as plain users who see everything, some and
few. Beside each stands what the database alone takes for the same rows as JSON.
"""

import argparse
import contextlib
import datetime
import io
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "scenario"), os.path.join(ROOT, "tools")]

import inventory_records as records  # noqa: E402
from certdesk import Certdesk  # noqa: E402
from inventory_cases import CASES, bare_page  # noqa: E402
from postgres import Postgres as PostgresServer  # noqa: E402
from servers import accepts, free_port, wait_until  # noqa: E402


class Connection:
    """HTTP/1.1 over one kept connection, with as little around it as Python allows."""

    def __init__(self, port, token=None):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fields = f"Host: bench\r\n{f'Authorization: Bearer {token}' if token else 'X-None: -'}\r\n\r\n".encode()

    def get(self, path):
        """(seconds, status, body)"""
        message = b"GET " + path.encode() + b" HTTP/1.1\r\n" + self.fields
        begun = time.perf_counter()
        self.socket.sendall(message)
        data = self.socket.recv(262144)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.more()
        head = data[:end].lower()
        at = head.find(b"content-length:")
        size = end + 4 + int(head[at + 15:].split(b"\r\n", 1)[0])
        parts, have = [data], len(data)
        while have < size:
            parts.append(self.more())
            have += len(parts[-1])
        return time.perf_counter() - begun, int(head[9:12]), b"".join(parts)[end + 4:]

    def more(self):
        data = self.socket.recv(262144)
        assert data, "the server has closed the connection"
        return data


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def cpu_ms(pids):
    """What these processes have used so far, all threads together, to the microsecond."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):  # it, or one of its threads, has just ended
            for task in os.listdir(f"/proc/{pid}/task"):
                with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
    return total / 1e6


def path_of(parameters):
    from urllib.parse import urlencode
    return "/api/v1/certificates?" + urlencode(parameters)


def percentile(times, part):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


def a_quarter_of_memory():
    """As PostgreSQL's manual has it for a server of its own; MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 >> 20


HUGE_PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")


@contextlib.contextmanager
def huge_pages():
    """Of 2 MiB each, for a quarter of the memory and a tenth more."""
    before, wanted = HUGE_PAGES.read_text(), a_quarter_of_memory() * 11 // 20
    HUGE_PAGES.write_text(f"{wanted}\n")
    try:
        if int(HUGE_PAGES.read_text()) < wanted:
            sys.exit("inventory: there is not memory enough in one piece for huge pages")
        yield
    finally:
        HUGE_PAGES.write_text(before)


class Bench:
    """One database, filled, and the server on it."""

    def __init__(self, kind, n, directory, keep):
        self.kind, self.n, self.directory = kind, n, directory
        self.postgres = self.url = self.direct = None
        if kind == "postgresql":
            self.postgres = PostgresServer([f"shared_buffers={a_quarter_of_memory()}MB", "max_wal_size=8GB", "jit=off", "fsync=on",
                                            f"huge_pages={'on' if HUGE_PAGES.read_text().strip() != '0' else 'off'}"],
                                           keep=f"{directory}/postgres" if keep else None)
            self.postgres.start()
            self.url = self.postgres.url()
        self.server = Certdesk(directory, database=self.url)

    def fill(self):
        """Unless it was filled and kept by an earlier run."""
        filled = os.path.join(self.directory, "filled")
        if os.path.exists(filled):
            return
        self.server.start()
        self.server.stop()
        begun = time.monotonic()
        records.fill(self.open(), self.n, int(time.time()))
        print(f"{self.n} records on {self.kind}, made in {time.monotonic() - begun:.0f} s", flush=True)
        with open(filled, "w", encoding="ascii") as f:
            f.write(f"{self.n}\n")

    def open(self):
        return records.Postgres(self.url) if self.url else records.Sqlite(f"{self.directory}/data/db/certdesk.db")

    def start(self):
        """Seconds from start to ready."""
        begun = time.monotonic()
        self.server.start(ready=False)
        while True:
            try:
                if Connection(self.server.port).get("/readyz")[1] == 200:
                    return time.monotonic() - begun
            except (OSError, AssertionError):
                time.sleep(0.002)

    def cpu(self):
        """Milliseconds of the server, and of PostgreSQL's processes."""
        pids = [self.server.children()["server"]]
        if self.postgres:
            pids += children_of(self.postgres.process.pid)
        return cpu_ms(pids)

    def bare(self):
        """The database without us; it is asked nothing but questions."""
        if not self.direct:
            self.direct = self.open()
        return self.direct

    def bare_cpu(self):
        return cpu_ms(children_of(self.postgres.process.pid)) if self.postgres else time.process_time() * 1000

    def connect(self, viewer):
        if viewer == "admin":
            return Connection(self.server.port, self.server.admin.token)
        return Connection(self.server.port, records.token_of(viewer))

    def stop(self):
        self.server.stop()
        if self.postgres:
            self.postgres.stop()


def ask(connection, parameters):
    seconds, status, body = connection.get(path_of(parameters))
    assert status == 200, f"{parameters}: {status} {body[:500]}"
    return seconds, json.loads(body)


class Figures:
    """Of one kind of request: how long each took, and what all of them cost."""

    def __init__(self):
        self.times, self.cpu = [], 0.0

    def add(self, bench, run):
        before = bench.cpu()
        seconds, page = run()
        self.cpu += bench.cpu() - before
        self.times.append(seconds)
        return page

    def text(self):
        if not self.times:
            return f"{'-':>8}{'-':>8}{'-':>8}"
        return f"{percentile(self.times, .5):8.2f}{percentile(self.times, .99):8.2f}{self.each():8.2f}"

    def each(self):
        return self.cpu / len(self.times)


def measure(bench, connection, case, rounds):
    """First pages, deep ones, and the last first page."""
    first, deep = Figures(), Figures()
    for i in range(rounds):
        parameters = {"limit": 50, **case.parameters(i, bench.n)}
        page = first.add(bench, lambda: ask(connection, parameters))
        cursor = page["next_cursor"]
        if i < 3:
            for _ in range(4):  # far down, by pages as long as they may be
                if cursor:
                    _, far = ask(connection, {**parameters, "limit": 500, "cursor": cursor})
                    cursor = far["next_cursor"] or cursor
        for _ in range(2):
            if cursor:
                cursor = deep.add(bench, lambda: ask(connection, {**parameters, "cursor": cursor}))["next_cursor"]
    return first, deep, page


HEAD = (f"\n{'':36}{'':10}{'first page of 50, ms':>24}{'deep page':>24}{'bare':>8}\n"
        f"{'filter, order':36}{'as':10}{'p50':>8}{'p99':>8}{'CPU':>8}{'p50':>8}{'p99':>8}{'CPU':>8}{'CPU':>8}{'ratio':>7}{'total':>10}")


def measure_cases(bench, rounds, only):
    """{(case, viewer): (first, deep, bare CPU)}, printed as it goes."""
    print(HEAD, flush=True)
    result = {}
    for case in CASES:
        if only and only not in case.name:
            continue
        for viewer in case.viewers:
            connection = bench.connect(viewer)
            ask(connection, {"limit": 50, **case.parameters(0, bench.n)})
            first, deep, page = measure(bench, connection, case, rounds)
            bare = bare_page(bench, case, viewer, rounds)
            result[case.name, viewer] = (first, deep, bare)
            print(f"{case.name:36}{viewer:10}{first.text()}{deep.text()}"
                  + (f"{bare:8.2f}{first.each() / bare:7.1f}" if bare else f"{'':15}")
                  + f"{'~' if page['total_is_estimate'] else ' '}{page['total']:9}", flush=True)
    return result


def measure_growth(bench, rounds):
    """CPU of some pages, to be compared with those of another size."""
    cases = [case for case in CASES if case.name in GROWTH]
    result = {}
    for case in cases:
        connection = bench.connect("admin")
        ask(connection, {"limit": 50, **case.parameters(0, bench.n)})
        for _ in range(8):  # every worker has prepared its statements
            ask(connection, {"limit": 50, **case.parameters(0, bench.n)})
        result[case.name] = measure(bench, connection, case, rounds * GROWTH_TIMES)[0].each()
    return result


# Of both sizes after all other lists: by then processes have seen what they share. Lists of which a page is full in both.
WARM_ROUNDS = 3
GROWTH_TIMES = 5  # as many rounds: two figures are divided
GROWTH = ["everything", "sort=name", "status=expired", "tag, common", "business_group", "q: one name", "q: in most", "unused"]


def show_growth(small, large, n):
    print(f"\n{'growth, CPU ms of a first page':36}{'10000':>10}{n:>10}{'times':>8}")
    for name in GROWTH:
        if name in small and name in large:
            print(f"{name:36}{small[name]:10.2f}{large[name]:10.2f}{large[name] / small[name]:8.2f}")


def measure_scan(bench):
    """Milliseconds from asking for the notification scan to its end: of all records none is due, which has to be known.

    Some have become due since the database was filled, and a first scan tells of them.
    """
    api = bench.server.admin
    for what in ("with what has become due", "without"):
        begun = time.monotonic()
        job = api.post("/schedules/notify/run", expect=202).json["job"]
        while (row := api.get(f"/jobs/{job}").json)["state"] not in ("done", "failed"):
            time.sleep(0.002)
        ms = (time.monotonic() - begun) * 1000
        print(f"\nnotification scan, {what}: {ms:.0f} ms, {row['result']} (goal 1000)", flush=True)
    return ms


NGINX = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log crit;
events {{ worker_connections 100; }}
http {{ access_log off; keepalive_requests 1000000; server {{ listen 127.0.0.1:{port}; root {directory}; }} }}
"""


def cpu_of_each(connection, paths, cpu):
    before = cpu()
    for path in paths:
        connection.get(path)
    return (cpu() - before) / len(paths)


@contextlib.contextmanager
def nginx_with(files):
    """Serves `files`, a dictionary, and is given with its port."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        port = free_port()
        for name, body in files.items():
            with open(f"{directory}/{name}", "wb") as f:
                f.write(body)
        with open(f"{directory}/nginx.conf", "w", encoding="ascii") as f:
            f.write(NGINX.format(directory=directory, port=port))
        nginx = subprocess.Popen(["nginx", "-p", directory, "-c", f"{directory}/nginx.conf"], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: accepts(port), what="nginx")
            yield nginx, port
        finally:
            nginx.terminate()
            nginx.wait()


def measure_detail(bench, rounds):
    """CPU ms of reading one record again and again, and of nginx serving a file of that size; and of as many records, and
    files, of which nobody has asked for any yet."""
    import random
    connection = bench.connect("admin")
    ids = random.Random(1).sample(range(1, bench.n + 1), rounds + 20)
    warm, ids = ids[:20], ids[20:]
    for i in warm:
        connection.get(f"/api/v1/certificates/{i}")
    body = connection.get(f"/api/v1/certificates/{warm[0]}")[2]
    ours_each = cpu_of_each(connection, [f"/api/v1/certificates/{i}" for i in ids], bench.cpu)
    ours = cpu_of_each(connection, [f"/api/v1/certificates/{warm[0]}"] * rounds, bench.cpu)
    with nginx_with({f"{i}.json": body for i in [*ids, warm[0]]}) as (nginx, port):
        file = Connection(port)
        file.get(f"/{warm[0]}.json")
        theirs_each = cpu_of_each(file, [f"/{i}.json" for i in ids], lambda: cpu_ms(children_of(nginx.pid)))
        theirs = cpu_of_each(file, [f"/{warm[0]}.json"] * rounds, lambda: cpu_ms(children_of(nginx.pid)))
    print(f"\none record, CPU ms: {ours:.3f}; nginx with a file of {len(body)} bytes: {theirs:.3f}"
          f" ({theirs / ours * 100:.0f} % of nginx; goal 25)"
          f"\nof {rounds} records, each for the first time: {ours_each:.3f}; nginx with as many files: {theirs_each:.3f}"
          f" ({theirs_each / ours_each * 100:.0f} %)")
    return ours, theirs


def sum_up(kind, n, result, rest, is_whole):
    """The line for results.csv, unless only some cases were asked for."""
    pages = [figures for first, deep, _ in result.values() for figures in (first, deep) if figures.times]
    times = [t for figures in pages for t in figures.times]
    cpu = [figures.each() for figures in pages]
    ratios = [first.each() / bare for first, _, bare in result.values() if bare]
    worst = max(result, key=lambda key: result[key][0].each())
    figures = [f"{kind}:{n}", f"load={os.getloadavg()[0]:.0f}", f"p50={percentile(times, .5):.2f}ms",
               f"p99={percentile(times, .99):.2f}ms", f"cpu_p50={statistics.median(cpu):.2f}ms",
               f"cpu_p99={sorted(cpu)[int(len(cpu) * .99)]:.2f}ms", f"ratio={statistics.median(ratios):.1f}" if ratios else "",
               f"worst={worst[0].replace(' ', '_')}:{worst[1]}", *rest]
    print("\n" + " ".join(figures))
    if not is_whole:
        return
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False).stdout.strip()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with open(os.path.join(ROOT, "bench", "results.csv"), "a", encoding="ascii") as f:
        f.write(f"{now},{commit},inventory,{' '.join(filter(None, figures)).replace(',', ';')}\n")


@contextlib.contextmanager
def place(kind, n, options):
    """The directory for this database; kept where that is wanted."""
    if options.keep:
        kept = os.path.join(os.path.abspath(options.keep), f"{kind}-{n}")
        os.makedirs(kept, exist_ok=True)
        yield kept
    else:
        with tempfile.TemporaryDirectory(dir=options.directory) as directory:
            os.chmod(directory, 0o755)
            yield directory


def run(kind, options):
    small = {}
    sizes = [options.records] if options.no_growth or options.records <= 10000 else [10000, options.records]
    for n in sizes:
        with place(kind, n, options) as directory:
            bench = Bench(kind, n, directory, options.keep)
            try:
                bench.fill()
                if options.fill_only:
                    continue
                if bench.postgres:
                    bench.open().warm()
                ready = bench.start()
                if n != options.records:
                    with contextlib.redirect_stdout(io.StringIO()):
                        measure_cases(bench, WARM_ROUNDS, options.only)
                    small = measure_growth(bench, options.rounds)
                    continue
                print(f"ready after {ready:.2f} s (goal 2)")
                result = measure_cases(bench, options.rounds, options.only)
                large = measure_growth(bench, options.rounds) if small else {}
                show_growth(small, large, n)
                scan = measure_scan(bench)
                ours, theirs = measure_detail(bench, 500)
                growth = statistics.median(large[name] / small[name] for name in small) if small else 0
                sum_up(kind, n, result, [f"growth={growth:.2f}" if growth else "", f"ready={ready:.2f}s", f"scan={scan:.0f}ms",
                                         f"detail={ours:.3f}ms", f"nginx={theirs:.3f}ms"], not options.only)
            finally:
                bench.stop()


def main():
    parser = argparse.ArgumentParser(prog="./dev bench inventory")
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--no-growth", action="store_true", help="leave out the comparison with ten thousand records")
    parser.add_argument("--directory", help="where the databases are made; they need some 4 GB for a million")
    parser.add_argument("--keep", metavar="DIRECTORY", help="the databases stay there for the next run, which need not fill them")
    parser.add_argument("--huge-pages", action="store_true",
                        help="for PostgreSQL's buffers, as the manual advises; only root may, and they are given back at the end")
    parser.add_argument("--fill-only", action="store_true", help="only make what --keep keeps")
    options = parser.parse_args()
    with huge_pages() if options.huge_pages else contextlib.nullcontext():
        for kind in ["sqlite", "postgresql"] if options.database == "both" else [options.database]:
            run(kind, options)


if __name__ == "__main__":
    main()
