#!/usr/bin/python3
"""How fast endpoints are looked at, beside what else people use for it. See bench/README.md.

usage: ./dev bench scan [ENDPOINTS]

nginx serves on many loopback addresses and ports from one core; each tool is pinned to the other, one after
the other, and its CPU time is its own and its children's. `certdesk check` looks for both kinds of keys, so it
begins two handshakes at each endpoint. Most servers here have one kind of key and break the second one off; it is
measured apart at servers that have a pair, where both are completed. What a handshake costs with OpenSSL as it comes,
chain verified, nothing written down, is measured by bench/handshake.c in the same run.
"""

import concurrent.futures
import datetime
import http.client
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "scenario"))

from certs import Authority  # noqa: E402
from servers import accepts, free_port, wait_until  # noqa: E402

BINARY = os.environ.get("CERTDESK_BINARY", os.path.join(ROOT, "build", "certdesk"))
CORES = sorted(os.sched_getaffinity(0))
CLIENT, SERVER = CORES[0], CORES[-1]
N_PORTS = 20
FIRST_PORT, FIRST_PAIR = 31000, 31100


def pinned(core, command):
    return ["taskset", "-c", str(core), *command]


def start_nginx(directory, authority):
    """One server block for each port, each with a certificate of its own (ECDSA; from FIRST_PAIR on an RSA one
    besides); returns process, ports and ports of pairs."""
    ports = list(range(FIRST_PORT, FIRST_PORT + N_PORTS))
    pairs = list(range(FIRST_PAIR, FIRST_PAIR + N_PORTS))
    blocks = []
    for port in ports + pairs:
        served = []
        for kind in ["ec", "rsa"] if port in pairs else ["ec"]:
            issued = authority.issue("bench.test", "localhost", "127.0.0.1", kind=kind)
            with open(f"{directory}/{port}.{kind}.pem", "w", encoding="ascii") as f:
                f.write(issued.chain_pem())
            with open(f"{directory}/{port}.{kind}.key", "w", encoding="ascii") as f:
                f.write(issued.key_pem)
            served.append(f"ssl_certificate {directory}/{port}.{kind}.pem;"
                          f" ssl_certificate_key {directory}/{port}.{kind}.key;")
        blocks.append(f"server {{ listen {port} ssl; {' '.join(served)} return 200 ok; }}")
    with open(f"{directory}/nginx.conf", "w", encoding="ascii") as f:
        f.write(f"daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log crit;\n"
                f"worker_rlimit_nofile 20000; events {{ worker_connections 9000; }}\n"
                f"http {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3;\n" + "\n".join(blocks) + "\n}\n")
    process = subprocess.Popen(pinned(SERVER, ["nginx", "-p", directory, "-c", f"{directory}/nginx.conf"]),
                               stderr=subprocess.DEVNULL)
    wait_until(lambda: accepts(ports[-1]), what="nginx")
    return process, ports, pairs


class Measured:
    def __init__(self, n, seconds, cpu_seconds, rss_kb, note="", handshakes=1):
        self.rate, self.cpu_us, self.note = n / seconds, cpu_seconds * 1e6 / n, note
        self.handshake_us = self.cpu_us / handshakes
        self.rss = f"{rss_kb / 1024:.0f}" if rss_kb else "-"


def peak_of(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return next((int(line.split()[1]) for line in f if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def measure(command, n, stdin=None, note="", check=None, handshakes=1):
    """Run it to its end, pinned. Its children's CPU counts; their memory is not known, and 0."""
    with tempfile.TemporaryFile() as out:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.monotonic()
        process = subprocess.Popen(pinned(CLIENT, command), stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                                   stdout=out, stderr=subprocess.DEVNULL)
        if stdin:
            process.stdin.write(stdin.encode())
            process.stdin.close()
        peak = 0
        while process.poll() is None:
            peak = max(peak, peak_of(process.pid))
            time.sleep(0.02)
        seconds = time.monotonic() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if check:
            out.seek(0)
            check(out.read().decode(errors="replace"))
    return Measured(n, seconds, cpu, 0 if command[0] == "xargs" else peak, note, handshakes)


def saw(count, word):
    def check(text):
        seen = text.count(word)
        assert seen >= count, f"only {seen} of {count} were seen:\n{text[:2000]}"
    return check


def certdesk(targets, directory, note="a second handshake begun", handshakes=1):
    path = f"{directory}/targets"
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"{host}:{port}\n" for host, port in targets)
    return measure([BINARY, "check", "-f", path, "--ca-file", f"{directory}/root.pem", "--sni", "localhost",
                    "-c", "1000"], len(targets), check=saw(len(targets), "OK "), note=note, handshakes=handshakes)


def at_pairs(targets):
    return [(host, port - FIRST_PORT + FIRST_PAIR) for host, port in targets]


def certdesk_pairs(targets, directory):
    return certdesk(at_pairs(targets), directory, "RSA and ECDSA, both completed", 2)


def compile_handshake(directory):
    program = f"{directory}/handshake"
    subprocess.run(["cc", "-O2", "-o", program, f"{ROOT}/bench/handshake.c", "-lssl", "-lcrypto"], check=True)
    return program


def openssl_api(targets, directory):
    path = f"{directory}/plain-targets"
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"{host} {port}\n" for host, port in targets)
    return measure([compile_handshake(directory), f"{directory}/root.pem", "localhost", path], len(targets),
                   check=saw(1, f"{len(targets)} handshakes"), note="bench/handshake.c")


def in_parallel(command, targets, directory, check=None):
    """8 at once: `command` is a shell line with $1 for the host and $2 for the port."""
    lines = "".join(f"{host} {port}\n" for host, port in targets)
    return measure(["xargs", "-P", "8", "-L", "1", "sh", "-c", command, "-"], len(targets), stdin=lines,
                   note="8 at once", check=check)


def s_client(targets, directory):
    return in_parallel("openssl s_client -connect $1:$2 -servername localhost </dev/null 2>/dev/null"
                       " | openssl x509 -noout -enddate", targets[:100], directory, saw(100, "notAfter"))


def check_http(targets, directory):
    return in_parallel("/usr/lib/nagios/plugins/check_http -I $1 -p $2 -S --sni -H localhost -C 1",
                       targets[:300], directory, saw(300, "OK"))


def ssl_cert_check(targets, directory):
    hosts = targets[:8]
    return in_parallel("ssl-cert-check -b -s $1 -p $2", hosts, directory, saw(8, "127.0."))


def nmap(targets, directory):
    hosts = sorted({host for host, _ in targets})
    ports = sorted({port for _, port in targets})
    n = len(hosts) * len(ports)
    return measure(["nmap", "-sT", "-Pn", "-n", "-p", f"{ports[0]}-{ports[-1]}", "--script", "ssl-cert",
                    "--min-parallelism", "100", "--script-args", "tls.servername=localhost", *hosts], n,
                   check=saw(n, "Not valid after"))


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def blackbox(targets, directory):
    """The exporter alone is measured, not whoever asks it; that runs on the server's core."""
    with open(f"{directory}/blackbox.yml", "w", encoding="ascii") as f:
        f.write("modules:\n  tls:\n    prober: tcp\n    timeout: 5s\n    tcp:\n      tls: true\n"
                "      tls_config:\n        insecure_skip_verify: true\n        server_name: localhost\n")
    port = free_port()
    process = subprocess.Popen(pinned(CLIENT, ["prometheus-blackbox-exporter", f"--config.file={directory}/blackbox.yml",
                                               f"--web.listen-address=127.0.0.1:{port}"]), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: accepts(port), what="blackbox_exporter")
        os.sched_setaffinity(0, {SERVER})

        def ask(part):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for host, at in part:
                connection.request("GET", f"/probe?module=tls&target={host}:{at}")
                assert b"probe_success 1" in connection.getresponse().read()
        n_threads = 32
        before, begun = cpu_of(process.pid), time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(ask, [targets[i::n_threads] for i in range(n_threads)]))
        seconds = time.monotonic() - begun
        return Measured(len(targets), seconds, cpu_of(process.pid) - before, peak_of(process.pid),
                        "asked over HTTP")
    finally:
        os.sched_setaffinity(0, set(CORES))
        process.kill()
        process.wait()


TOOLS = [("ssl-cert-check", ssl_cert_check), ("openssl s_client", s_client), ("check_http -S -C", check_http),
         ("nmap --script ssl-cert", nmap), ("blackbox_exporter", blackbox), ("plain OpenSSL", openssl_api),
         ("certdesk check", certdesk), ("certdesk check, pairs", certdesk_pairs)]


def record(figures):
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False).stdout.strip()
    path = os.path.join(ROOT, "bench", "results.csv")
    is_new = not os.path.exists(path)
    with open(path, "a", encoding="ascii") as f:
        if is_new:
            f.write("date,commit,benchmark,figures\n")
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        f.write(f"{now},{commit},scan,{' '.join(figures)}\n")


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    authority_root = Authority.root()
    authority = authority_root.intermediate()
    figures = [f"load={os.getloadavg()[0]:.0f}"]
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        with open(f"{directory}/root.pem", "w", encoding="ascii") as f:
            f.write(authority_root.pem)
        nginx, ports, _ = start_nginx(directory, authority)
        try:
            n_hosts = max(1, min(250, n // N_PORTS))
            targets = [(f"127.0.0.{1 + i}", port) for i in range(n_hosts) for port in ports]
            print(f"{len(targets)} endpoints, TLS 1.3, P-256 leaf and intermediate; load average"
                  f" {os.getloadavg()[0]:.1f}\n\n"
                  f"{'':24}{'endpoints/s':>12}{'CPU us each':>13}{'a handshake':>13}{'peak MB':>9}")
            for name, run in TOOLS:
                m = run(targets, directory)
                word = re.sub("[^a-zA-Z_]+", "-", name)
                figures.append(f"{word}={m.rate:.0f}/s:{m.cpu_us:.0f}us:{m.handshake_us:.0f}us:{m.rss}MB")
                print(f"{name:24}{m.rate:12.0f}{m.cpu_us:13.0f}{m.handshake_us:13.0f}{m.rss:>9}  {m.note}", flush=True)
        finally:
            nginx.terminate()
            nginx.wait()
    record(figures)


if __name__ == "__main__":
    main()
