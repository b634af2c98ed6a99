#!/usr/bin/python3
"""What does an idle server cost? Memory of all its processes together (PSS), CPU, and time to ready.

Starts the release binary with an empty data directory, waits until it is ready, leaves it alone for a while, and reads
/proc. Goals: 25 MiB PSS, 0.1 % CPU, 0.3 s to ready. Appends a line to bench/results.csv.
"""

import csv
import datetime
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("CERTDESK_BINARY", os.path.join(ROOT, "build", "certdesk"))
IDLE_SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def family(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [pid] + [int(p) for p in f.read().split()]


def role(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        words = f.read().decode().split("\0")
    return words[2] if "internal" in words else "supervisor"


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_ready(port, started):
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as r:
                if r.status == 200:
                    return time.monotonic() - started
        except OSError:
            if time.monotonic() - started > 30:
                raise
        time.sleep(0.005)


def start(data, port):
    return subprocess.Popen([BINARY, "serve", "--data", data, "--listen", f"127.0.0.1:{port}"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    with tempfile.TemporaryDirectory() as directory:
        data, port = os.path.join(directory, "data"), free_port()
        first = start(data, port)
        first_ready = wait_ready(port, time.monotonic())
        first.terminate()
        first.wait(20)
        began = time.monotonic()
        server = start(data, port)
        ready = wait_ready(port, began)
        time.sleep(5)
        pids = family(server.pid)
        before = sum(cpu_seconds(p) for p in pids)
        time.sleep(IDLE_SECONDS)
        cpu = (sum(cpu_seconds(p) for p in pids) - before) / IDLE_SECONDS * 100
        sizes = {role(p): pss_kib(p) for p in pids}
        server.terminate()
        server.wait(20)
    total = sum(sizes.values()) / 1024
    for name, size in sizes.items():
        print(f"{name:<12}{size / 1024:8.1f} MiB PSS")
    print(f"{'together':<12}{total:8.1f} MiB PSS   (goal 25)")
    print(f"{'CPU':<12}{cpu:8.2f} %         (goal 0.1)")
    print(f"{'ready':<12}{ready:8.2f} s         (goal 0.3; the very first start, with schema and Argon2id: "
          f"{first_ready:.2f} s)")
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False).stdout.strip()
    path = os.path.join(ROOT, "bench", "results.csv")
    is_new = not os.path.exists(path)
    with open(path, "a", newline="", encoding="utf-8") as f:
        rows = csv.writer(f)
        if is_new:
            rows.writerow(["date", "commit", "benchmark", "figures"])
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.writerow([now, commit, "idle", f"pss={total:.1f}MiB cpu={cpu:.2f}% ready={ready:.2f}s"])


if __name__ == "__main__":
    main()
