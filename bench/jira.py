#!/usr/bin/python3
"""What does a page of a Jira search cost? See bench/README.md.

usage: ./dev bench jira [--tickets N] [--rounds N] [--database sqlite|postgresql|both] [--only TEXT]

Fills the tracker with N tickets (100,000 unless told), starts the server on them, and asks for pages over one kept
connection with Basic credentials, each query anew: first pages and deep ones, by the old road and the new, as an admin and
as somebody who has a thousand of them.
"""

import argparse
import base64
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "scenario"), os.path.join(ROOT, "tools")]

from certdesk import Certdesk  # noqa: E402
from inventory import Connection, children_of, cpu_ms  # noqa: E402
from postgres import Postgres as PostgresServer  # noqa: E402

PASSWORD = "correct horse staple"
FILL = """
INSERT INTO ticket(project, number, type, status, summary, description, reporter_id, assignee_id, priority, labels,
    created_at, updated_at, resolved_at, resolution)
SELECT 'CERT', n, 'certificate',
    CASE n % 5 WHEN 0 THEN 'certificate_request' WHEN 1 THEN 'certificate_enrolled' WHEN 2 THEN 'certificate_renewed'
        WHEN 3 THEN 'certificate_revoked' ELSE 'cancelled' END,
    'Certificate enrolled:www' || n || '.example.org', 'for shop ' || n, CASE WHEN n % 100 = 7 THEN 2 ELSE 1 END,
    CASE WHEN n % 10 = 3 THEN 1 END, CASE n % 3 WHEN 0 THEN 'high' WHEN 1 THEN 'medium' ELSE 'low' END,
    CASE WHEN n % 1000 = 0 THEN 'rare' WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END,
    1700000000 + n, 1700000000 + (n * 7919) % 5000000, CASE WHEN n % 5 > 0 THEN 1700000000 + n END,
    CASE WHEN n % 5 > 0 THEN 'issued' ELSE '' END
FROM numbers;
INSERT INTO ticket_label(label, ticket_id) SELECT t.labels, t.id FROM ticket t;
INSERT INTO ticket_comment(ticket_id, author_id, body, created_at, updated_at)
SELECT t.id, CASE WHEN t.number % 2 = 0 THEN 1 END, 'comment on ' || t.number, t.created_at, t.created_at FROM ticket t;
INSERT INTO ticket_search(rowid, words) SELECT t.id, lower('CERT-' || t.number || MARK(1) || t.summary || MARK(2) || t.description)
FROM ticket t;
INSERT INTO comment_search(rowid, words) SELECT o.id, lower(o.body) FROM ticket_comment o;
"""
CASES = [  # name, path
    ("project, by update", "/rest/api/2/search?jql=project = CERT ORDER BY updated DESC"),
    ("project, by key", "/rest/api/2/search?jql=project = CERT ORDER BY key ASC"),
    ("project, by creation", "/rest/api/2/search?jql=project = CERT ORDER BY created DESC"),
    ("status", "/rest/api/2/search?jql=project = CERT AND status = \"Certificate Enrolled\" ORDER BY updated DESC"),
    ("two statuses", "/rest/api/2/search?jql=status in (\"Certificate Enrolled\", \"Certificate Renewed\")"),
    ("category", "/rest/api/2/search?jql=project = CERT AND statusCategory != Done ORDER BY created ASC"),
    ("assignee", "/rest/api/2/search?jql=assignee = currentUser() ORDER BY updated DESC"),
    ("updated since", "/rest/api/2/search?jql=project = CERT AND updated >= \"2023-12-31\" ORDER BY updated ASC"),
    ("unresolved by priority", "/rest/api/2/search?jql=resolution = Unresolved ORDER BY priority DESC, updated DESC"),
    ("label", "/rest/api/2/search?jql=labels = rare"),
    ("text", "/rest/api/2/search?jql=summary ~ \"www4711.example.org\""),
    ("text everywhere", "/rest/api/2/search?jql=text ~ \"www4711.example.org\""),
    ("text of many", "/rest/api/2/search?jql=text ~ \"example\" ORDER BY updated DESC"),
    ("short text", "/rest/api/2/search?jql=summary ~ \"www\" AND summary ~ \"47\" ORDER BY created DESC"),
    ("comment", "/rest/api/2/search?jql=comment ~ \"comment on 4711\""),
    ("key", "/rest/api/2/search?jql=key in (CERT-1, CERT-50000, CERT-99999)"),
    ("everything, all fields", "/rest/api/2/search?fields=*all&jql=order by key"),
    ("in the middle", "/rest/api/2/search?startAt=50000&jql=project = CERT ORDER BY updated DESC"),
    ("at the end", "/rest/api/2/search?startAt=99900&jql=project = CERT ORDER BY updated DESC"),
    ("new road, all fields", "/rest/api/3/search/jql?fields=*all&jql=project = CERT ORDER BY updated DESC"),
    ("new road, ids", "/rest/api/3/search/jql?jql=project = CERT AND status = \"Certificate Request\""),
]


def run_sql(desk, database, text):
    if database:
        subprocess.run(["psql", database, "-q", "-v", "ON_ERROR_STOP=1", "-c", text, "-c", "VACUUM ANALYZE"], check=True)
    else:
        subprocess.run(["sqlite3", os.path.join(desk.data, "db", "certdesk.db")], input=text, text=True, check=True)


def fill(desk, database, n):
    numbers = (f"WITH numbers(n) AS (SELECT generate_series(1, {n}))" if database else
               f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {n})")
    sql = FILL.replace("MARK", "chr" if database else "char")
    run_sql(desk, database, "BEGIN;" + sql.replace("INSERT INTO ticket(", numbers + "\nINSERT INTO ticket(", 1) +
            f"INSERT INTO counter(name, value) VALUES ('CERT', {n}) ON CONFLICT (name) DO UPDATE SET value = {n}; COMMIT;")


def measure(desk, server, user, rounds, only):
    pids = [desk.children()["server"]]
    token = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
    connection = Connection(desk.port)
    connection.fields = f"Host: bench\r\nAuthorization: Basic {token}\r\n\r\n".encode()
    print(f"{'as ' + user:28}{'median':>9}{'p99':>9}{'max':>9}{'CPU':>9}  ms   {'bytes':>8}{'total':>8}")
    worst = 0
    for name, path in CASES:
        if only and only not in name:
            continue
        path = urllib.parse.quote(path, safe="/?=&")
        times = []
        connection.get(path)
        used = cpu_ms(pids + (children_of(server.process.pid) if server else []))
        for _ in range(rounds):
            seconds, status, body = connection.get(path)
            assert status == 200, body[:300]
            times.append(seconds * 1000)
        used = cpu_ms(pids + (children_of(server.process.pid) if server else [])) - used
        times.sort()
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
        worst = max(worst, p99)
        total = json.loads(body).get("total", "")
        print(f"{name:28}{statistics.median(times):9.2f}{p99:9.2f}{times[-1]:9.2f}{used / rounds:9.2f}       {len(body):8}{total:>8}", flush=True)
    return worst


def run_on(database, options):
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
        server = None
        if database:
            server = PostgresServer(["shared_buffers=256MB", "jit=off"])
            server.start()
            stack.callback(server.stop)
            database = server.url()
        desk = Certdesk(os.path.join(directory, "desk"), database=database)
        desk.start()
        desk.admin.post("/users", {"name": "ann", "role": "user", "password": PASSWORD})
        desk.stop()
        fill(desk, database, options.tickets)
        desk.start()
        print(f"\n{options.tickets:,} tickets on {'PostgreSQL' if database else 'SQLite'}, {options.rounds} rounds, pages of 50")
        for user in ("admin", "ann"):
            measure(desk, server, user, options.rounds, options.only)
        desk.stop()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("--tickets", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    begun = time.monotonic()
    if options.database in ("sqlite", "both"):
        run_on(None, options)
    if options.database in ("postgresql", "both"):
        run_on(True, options)
    print(f"\nin {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
