"""How long does a table of N records take to come in, and to go out again, and how much memory?

usage: ./dev bench csv [N] [sqlite|postgresql]          N is 1,000,000 unless said, and the database SQLite

Beside it, in the same run: `sqlite3 .import` (or COPY) of the same file, spread over the same tables with the same indexes.
On PostgreSQL, its processes' CPU counts, too.
Seconds are of CPU and of the clock. Goals for a million: import within 60 s and 5 x sqlite3, export within 15 s, memory
no more than 64 MiB above that of the idle server. Appends a line to bench/results.csv.
"""

import contextlib
import csv
import datetime
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("CERTDESK_BINARY", os.path.join(ROOT, "build", "certdesk"))
N = next((int(word.replace(",", "")) for word in sys.argv[1:] if word[0].isdigit()), 1_000_000)
IS_POSTGRES = "postgresql" in sys.argv[1:]
sys.path[:0] = [os.path.join(ROOT, "tools")]

SQLITE_LOAD = """
.mode csv
CREATE TEMP TABLE came(name TEXT, host TEXT, port INT, description TEXT, business_group TEXT, tags TEXT);
.import --skip 1 {file} came
"""

# What an import writes, as SQL does it.
SPREAD = """
BEGIN;
INSERT INTO account(id, name, role, created_at, updated_at) VALUES (1000, 'me', 'admin', 0, 0);
INSERT INTO business_group(name) SELECT DISTINCT business_group FROM came;
INSERT INTO certificate(id, name, name_lower, description, owner_id, owner_name, business_group_id,
        business_group_name, created_at, updated_at, tags, n_endpoints)
    SELECT c.rowid, c.name, lower(c.name), c.description, 1000, 'me', g.id, g.name, 0, 0, c.tags, 1
      FROM came c JOIN business_group g ON g.name = c.business_group ORDER BY c.rowid;
INSERT INTO certificate_check(certificate_id) SELECT rowid FROM came;
INSERT INTO certificate_access(certificate_id, relation, account_id, may_use_key, is_notified)
    SELECT rowid, 'owner', 1000, TRUE, TRUE FROM came;
INSERT INTO certificate_tag(certificate_id, tag) SELECT rowid, tags FROM came;
INSERT INTO certificate_search(rowid, words) SELECT rowid, lower(name) FROM came;
INSERT INTO endpoint(id, host, port, sni, protocol, created_at) SELECT rowid, host, port, host, 'tls', 0 FROM came;
INSERT INTO certificate_endpoint(certificate_id, endpoint_id) SELECT rowid, rowid FROM came;
INSERT INTO audit(id, at, account_id, actor, action, object_type, object_id, object_name)
    SELECT 1000 + rowid, 0, 1000, 'me', 'certificate.create', 'certificate', rowid, name FROM came;
INSERT INTO audit_pending(audit_id) SELECT 1000 + rowid FROM came;
INSERT INTO csv_import(id, filename, size, is_dry_run, created_at) VALUES (1, '', 0, FALSE, 0);
INSERT INTO csv_row(import_id, line, action, name, certificate_id)
    SELECT 1, rowid + 1, 'created', name, rowid FROM came;
COMMIT;
"""


def make_table(path):
    with open(path, "w", encoding="ascii") as f:
        f.write("name,host,port,description,business_group,tags\n")
        for i in range(N):
            scattered = i * 2654435761 % 2**32
            f.write(f"{scattered:08x}.service.example.net,{scattered:08x}.service.example.net,443,"
                    f"\"Service {i}, kept by team {i % 97}\",Group {i % 50},team-{i % 97}\n")


def seconds_of(pid, first=11):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[first]) + int(fields[first + 1])) / os.sysconf("SC_CLK_TCK")


def seconds_with_children(pid):
    """Those that run, and those that have ended."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        children = f.read().split()
    return seconds_of(pid) + seconds_of(pid, 13) + sum(map(seconds_of, children))


class Server:
    def __init__(self, directory, postgres):
        self.directory = directory
        self.postgres = postgres
        self.data = os.path.join(directory, "data")
        self.token_file = os.path.join(directory, "token")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = None

    def start(self):
        env = {**os.environ, "CERTDESK_ADMIN_TOKEN_FILE": self.token_file, "CERTDESK_ADMIN_PASSWORD": "for a bench only"}
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen([BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}",
                                             *(["--database", self.postgres.url()] if self.postgres else [])],
                                            env=env, stdout=log, stderr=log)
        until = time.monotonic() + 120
        while True:
            try:
                self.call("/readyz").read()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(120)

    def call(self, path, body=None, fields=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, headers=fields or {})
        if os.path.exists(self.token_file):
            with open(self.token_file, encoding="ascii") as f:
                request.add_header("Authorization", "Bearer " + f.read().strip())
        return urllib.request.urlopen(request, timeout=600)

    def pid(self):
        """Of the process that has the database."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    if b"server" in line.read():
                        return int(pid)
        raise RuntimeError("no server process")

    def cpu(self):
        return seconds_of(self.pid()) + (seconds_with_children(self.postgres.process.pid) if self.postgres else 0)

    def memory(self, what="VmRSS"):
        with open(f"/proc/{self.pid()}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(what)) / 1024

    def forget_peak(self):
        with open(f"/proc/{self.pid()}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")


class Figures:
    def __init__(self, server):
        self.server, self.cpu, self.clock = server, server.cpu(), time.monotonic()
        server.forget_peak()

    def end(self):
        return {"cpu": self.server.cpu() - self.cpu, "clock": time.monotonic() - self.clock,
                "peak": self.server.memory("VmHWM")}


def import_table(server, path):
    with open(path, "rb") as f:
        table = f.read()
    figures = Figures(server)
    with server.call("/api/v1/imports", table, {"Content-Type": "text/csv"}) as answer:
        job = json.load(answer)["job"]
    del table
    while True:
        with server.call(f"/api/v1/jobs/{job}") as answer:
            state = json.load(answer)
        if state["state"] in ("done", "failed"):
            break
        time.sleep(0.2)
    figures = figures.end()
    assert state["state"] == "done" and state["result"]["created"] == N, state
    return figures


def export_table(server):
    figures = Figures(server)
    size = rows = 0
    with server.call("/api/v1/certificates.csv") as answer:
        while chunk := answer.read(1 << 20):
            size += len(chunk)
            rows += chunk.count(b"\n")
    figures = figures.end()
    assert rows == N + 1, rows
    return {**figures, "size": size}


def import_by_sqlite(server, directory, table):
    """The schema of the server's own database, and the file by sqlite3."""
    schema = subprocess.run(["sqlite3", os.path.join(server.data, "db", "certdesk.db"), ".schema --nosys"],
                            check=True, capture_output=True, text=True).stdout
    schema = "\n".join(line for line in schema.split("\n") if "certificate_search_" not in line)
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["sqlite3", os.path.join(directory, "other.db")], check=True, text=True, stdout=subprocess.DEVNULL,
                   input="PRAGMA journal_mode = WAL;\n" + schema + SQLITE_LOAD.format(file=table) + SPREAD)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "clock": time.monotonic() - clock}


def connect(postgres, database):
    import psycopg2
    db = psycopg2.connect(postgres.url().rsplit("/", 1)[0] + "/" + database)
    db.autocommit = True
    return db


def import_by_postgres(postgres, table):
    """Into the copy of the schema that was made before: COPY, and the same statements."""
    before, clock = seconds_with_children(postgres.process.pid), time.monotonic()
    with contextlib.closing(connect(postgres, "bare")) as db, db.cursor() as cursor, open(table, encoding="ascii") as f:
        cursor.execute("CREATE TEMP TABLE came(rowid BIGINT GENERATED ALWAYS AS IDENTITY, name TEXT, host TEXT, port INT,"
                       " description TEXT, business_group TEXT, tags TEXT)")
        cursor.copy_expert("COPY came(name, host, port, description, business_group, tags) FROM STDIN (FORMAT csv, HEADER)", f)
        cursor.execute("ANALYZE came")
        cursor.execute(SPREAD)
        return {"cpu": seconds_with_children(postgres.process.pid) - before, "clock": time.monotonic() - clock}


def forget_probes(server):
    """The hosts are made up: they are not to be looked at while the export is measured."""
    if server.postgres:
        with contextlib.closing(connect(server.postgres, "postgres")) as db, db.cursor() as cursor:
            cursor.execute("DELETE FROM job WHERE type = 'import_probe'")
        return
    with sqlite3.connect(os.path.join(server.data, "db", "certdesk.db")) as db:
        db.execute("DELETE FROM job WHERE type = 'import_probe'")
    db.close()


def record(figures):
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False).stdout.strip()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with open(os.path.join(ROOT, "bench", "results.csv"), "a", newline="", encoding="utf-8") as f:
        csv.writer(f, lineterminator="\n").writerow([now, commit, "csv", figures])


def measure(directory, postgres):
    table = os.path.join(directory, "table.csv")
    make_table(table)
    server = Server(directory, postgres)
    if postgres:  # the schema, for COPY
        server.start()
        server.stop()
        with contextlib.closing(connect(postgres, "template1")) as db, db.cursor() as cursor:
            cursor.execute("CREATE DATABASE bare TEMPLATE postgres")
    server.start()
    idle = server.memory()
    load = os.getloadavg()[0]
    came = import_table(server, table)
    server.stop()
    forget_probes(server)
    plain = import_by_postgres(postgres, table) if postgres else import_by_sqlite(server, directory, table)
    server.start()
    went = export_table(server)
    server.stop()
    ratio = came["cpu"] / plain["cpu"]
    name = "COPY" if postgres else "sqlite3"
    print(f"{N:,} records, {os.path.getsize(table) >> 20} MiB; load {load:.0f}\n")
    print(f"{'':22}{'CPU s':>9}{'clock s':>9}{'MiB above idle':>16}")
    print(f"{'import':22}{came['cpu']:9.1f}{came['clock']:9.1f}{came['peak'] - idle:16.0f}")
    print(f"{'COPY' if postgres else 'sqlite3 .import':22}{plain['cpu']:9.1f}{plain['clock']:9.1f}{'':>16}"
          f"   import is {ratio:.1f} x")
    print(f"{'export':22}{went['cpu']:9.1f}{went['clock']:9.1f}{went['peak'] - idle:16.0f}")
    record(f"{'postgresql ' if postgres else ''}n={N} load={load:.0f} "
           f"import={came['cpu']:.1f}s:{came['clock']:.1f}s:{came['peak'] - idle:.0f}MB "
           f"{name}={plain['cpu']:.1f}s:{plain['clock']:.1f}s export={went['cpu']:.1f}s:{went['clock']:.1f}s:"
           f"{went['peak'] - idle:.0f}MB")


def main():
    postgres = None
    if IS_POSTGRES:
        from postgres import Postgres
        postgres = Postgres(["shared_buffers=1GB", "max_wal_size=8GB", "jit=off", "fsync=on"])
        postgres.start()
    try:
        with tempfile.TemporaryDirectory(prefix="certdesk-bench-") as directory:
            measure(directory, postgres)
    finally:
        if postgres:
            postgres.stop()


if __name__ == "__main__":
    main()
