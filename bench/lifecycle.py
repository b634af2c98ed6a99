#!/usr/bin/python3
"""How many certificates a second does a ticket give? Created with a CSR (P-256), enrolled by the built-in CA, closed
with its attachment, everything durable; beside bare signing with an fsync'd insert of the certificate in the same run.

    bench/lifecycle.py [--clients 8] [--seconds 10] [--database postgresql://…]

Clients are processes with one kept-alive connection each. Appends a line to bench/results.csv.
"""

import argparse
import csv
import datetime
import json
import multiprocessing
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("CERTDESK_BINARY", os.path.join(ROOT, "build", "certdesk"))


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make_csr(host, key):
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(host)).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def family(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [pid] + [int(p) for p in f.read().split()]


def cpu_seconds(pid):
    total = 0
    for member in family(pid):
        with open(f"/proc/{member}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Connection:
    """HTTP/1.1, one request after the other, no more than that: the client is not what is measured."""

    def __init__(self, port, token):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n".encode()
        self.file = self.socket.makefile("rb")

    def post(self, path, body):
        data = json.dumps(body).encode()
        self.socket.sendall(b"POST /api/v1%s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (
            path.encode(), self.head, len(data), data))
        status = int(self.file.readline().split()[1])
        size = 0
        while (line := self.file.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        answer = self.file.read(size)
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {answer[:300]!r}")
        return answer


def client(port, token, number, until, results):
    connection = Connection(port, token)
    key = ec.generate_private_key(ec.SECP256R1())
    csrs = [make_csr(f"c{number}-{i}.example.org", key) for i in range(50)]
    n, times = 0, []
    while time.monotonic() < until:
        began = time.monotonic()
        answer = connection.post("/tickets", {"type": "certificate", "profile": "web", "csr": csrs[n % 50]})
        start = answer.index(b'"key":"') + 7
        ticket = answer[start:answer.index(b'"', start)].decode()
        answer = connection.post(f"/tickets/{ticket}/transitions", {"transition": "enroll"})
        if b'"certificate_enrolled"' not in answer:
            raise RuntimeError(answer[:300])
        times.append(time.monotonic() - began)
        n += 1
    results.put(times)


def bare(directory, seconds):
    """A signature and an insert that is on the disk, one after the other: what nobody can do without."""
    key, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1()).public_key()
    now = datetime.datetime.now(datetime.timezone.utc)
    db = sqlite3.connect(os.path.join(directory, "bare.db"), isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE certificate(id INTEGER PRIMARY KEY, serial TEXT UNIQUE, der BLOB)")
    builder = x509.CertificateBuilder().subject_name(name("www.example.org")).issuer_name(name("CA")).public_key(leaf)
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=90)).add_extension(
        x509.SubjectAlternativeName([x509.DNSName("www.example.org")]), critical=False)
    until, n = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        serial = x509.random_serial_number()
        der = builder.serial_number(serial).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        db.execute("INSERT INTO certificate(serial, der) VALUES (?, ?)", (f"{serial:x}", der))
        n += 1
    return n / seconds


def call(base, token, path, body):
    request = urllib.request.Request(f"{base}/api/v1{path}", data=json.dumps(body).encode(), headers={
        "Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def serve(directory, options):
    port = free_port()
    token_file = os.path.join(directory, "token")
    env = {**os.environ, "CERTDESK_ADMIN_PASSWORD": "correct horse staple", "CERTDESK_ADMIN_TOKEN_FILE": token_file}
    command = [BINARY, "serve", "--data", os.path.join(directory, "data"), "--listen", f"127.0.0.1:{port}"]
    if options.database:
        command += ["--database", options.database]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                break
        except OSError:
            time.sleep(0.05)
    with open(token_file, encoding="ascii") as f:
        return process, port, f.read().strip()


def measure(port, token, options, pid):
    results = multiprocessing.Queue()
    before, began = cpu_seconds(pid), time.monotonic()
    until = began + options.seconds
    clients = [multiprocessing.Process(target=client, args=(port, token, i, until, results))
               for i in range(options.clients)]
    for one in clients:
        one.start()
    times = sorted(t for _ in clients for t in results.get(timeout=options.seconds + 60))
    for one in clients:
        one.join()
    return times, time.monotonic() - began, cpu_seconds(pid) - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("CERTDESK_BENCH_DIR")) as directory:
        process, port, token = serve(directory, options)
        try:
            base = f"http://127.0.0.1:{port}"
            call(base, token, "/cas", {"name": "internal", "kind": "root", "subject": {"CN": "Root"},
                                       "public_url": "http://pki.example.org"})
            call(base, token, "/profiles", {"name": "web", "ca": "internal", "names": {"domains": ["*.example.org"]}})
            alone = bare(directory, options.seconds / 2)
            times, seconds, cpu = measure(port, token, options, process.pid)
            alone = (alone + bare(tempfile.mkdtemp(dir=directory), options.seconds / 2)) / 2
        finally:
            process.terminate()
            process.wait()
    rate = len(times) / seconds
    row = {"bench": "lifecycle", "clients": options.clients, "certificates_per_second": f"{rate:.0f}",
           "bare_per_second": f"{alone:.0f}", "ratio": f"{rate / alone:.2f}", "cpu_ms_each": f"{1000 * cpu / len(times):.2f}",
           "p50_ms": f"{1000 * times[len(times) // 2]:.1f}", "p99_ms": f"{1000 * times[len(times) * 99 // 100]:.1f}",
           "load": f"{os.getloadavg()[0]:.1f}"}
    for key, value in row.items():
        print(f"{key:26}{value}")
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    with open(os.path.join(ROOT, "bench", "results.csv"), "a", encoding="utf-8", newline="") as f:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        csv.writer(f).writerow([now, commit, "lifecycle", " ".join(f"{k}={v}" for k, v in row.items() if k != "bench")])


if __name__ == "__main__":
    sys.exit(main())
