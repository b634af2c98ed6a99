"""F38 F2: `certdesk check`, which needs no server, against real nginx and scripted peers."""

import csv
import io
import json
import os
import socket
import ssl
import subprocess
import threading

import pytest

from certdesk import BINARY
from certs import days, self_signed
from servers import free_port


def check(*words, stdin=None, env=None):
    return subprocess.run([BINARY, "check", *map(str, words)], input=stdin, capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, **(env or {})})


def check_json(*words, **kw):
    done = check("-o", "json", *words, **kw)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def ca_file(tmp_path, root):
    path = tmp_path / "root.pem"
    path.write_text(root.pem, encoding="ascii")
    return str(path)


def served(nginx, *issued, **kw):
    port = free_port()
    nginx.site(port, *issued, **kw).start()
    return port


@pytest.mark.parametrize("names, end, options, code, status, says", [
    (["localhost"], 90, [], 0, "ok", ""),
    (["localhost"], 20, [], 1, "warning", "ends in 20 days"),
    (["localhost"], 20, ["--warn", "10"], 0, "ok", ""),
    (["localhost"], 3, [], 2, "critical", "ends in 3 days"),
    (["localhost"], 20, ["--crit", "21"], 2, "critical", "ends in 20 days"),
    (["localhost"], -3, [], 2, "critical", "expired 2 days ago"),
    (["other.example"], 90, [], 2, "critical", "not for localhost"),
    (["other.example"], 90, ["--sni", "other.example"], 0, "ok", ""),
])
def test_the_exit_status_says_how_it_is(nginx, authority, ca_file, names, end, options, code, status, says):
    port = served(nginx, authority.issue(*names, not_after=days(end)))
    done, [line] = check_json(f"localhost:{port}", "--ca-file", ca_file, *options)
    assert (done, line["status"]) == (code, status)
    assert says in line["message"]
    assert line["days_left"] == end


def test_an_untrusted_chain_is_critical_unless_allowed(nginx, authority, ca_file):
    port = served(nginx, authority.issue("localhost"))
    code, [line] = check_json(f"localhost:{port}")
    assert (code, line["chain_status"]) == (2, "untrusted_root" if line["addresses"][0]["chain_length"] > 2
                                            else "incomplete")
    assert check(f"localhost:{port}", "--allow-untrusted").returncode == 0
    assert check(f"localhost:{port}", "--ca-file", ca_file).returncode == 0


def test_allowing_the_untrusted_allows_neither_the_expired_nor_the_wrong_host(nginx):
    port = served(nginx, self_signed("localhost", not_after=days(-1)))
    assert check(f"localhost:{port}", "--allow-untrusted").returncode == 2
    nginx.stop()
    port = served(nginx, self_signed("other.example"))
    assert check(f"localhost:{port}", "--allow-untrusted").returncode == 2


def test_json_tells_everything(nginx, authority, ca_file):
    issued = authority.issue("localhost", "127.0.0.1")
    port = served(nginx, issued)
    code, [line] = check_json(f"127.0.0.1:{port}", "--ca-file", ca_file)
    assert code == 0
    assert line["fingerprint_sha256"] == issued.fingerprint
    assert line["serial"].lstrip("0") == f"{issued.cert.serial_number:x}"
    assert line["sans"] == ["localhost", "127.0.0.1"]
    assert line["port"] == port and line["host"] == "127.0.0.1"
    [address] = line["addresses"]
    assert address["address"] == "127.0.0.1"
    assert address["slot"] == "ecdsa"
    assert address["tls_version"] == "TLSv1.3"
    assert address["handshake_us"] > 0


def test_both_certificates_of_a_pair_are_seen_and_the_worse_one_counts(nginx, authority, ca_file):
    good = authority.issue("localhost", kind="ec", not_after=days(90))
    ending = authority.issue("localhost", kind="rsa", not_after=days(2))
    port = served(nginx, good, ending)
    code, [line] = check_json(f"localhost:{port}", "--ca-file", ca_file)
    seen = {a["slot"]: a["fingerprint_sha256"] for a in line["addresses"] if a["error_class"] == ""}
    assert seen == {"ecdsa": good.fingerprint, "rsa": ending.fingerprint}
    assert (code, line["fingerprint_sha256"]) == (2, ending.fingerprint)


@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
def test_a_server_of_one_version_is_seen(nginx, authority, ca_file, protocols):
    port = served(nginx, authority.issue("localhost"), protocols=protocols)
    code, [line] = check_json(f"localhost:{port}", "--ca-file", ca_file)
    assert (code, line["addresses"][0]["tls_version"]) == (0, protocols)


def test_what_cannot_be_seen_is_unknown_and_says_why():
    port = free_port()
    for target, error, says in [(f"127.0.0.1:{port}", "refused", "refused"),
                                ("nosuch.invalid:443", "dns", "no such name"),
                                ("localhost:70000", None, "70000"),
                                ("a b", None, "not a host")]:
        code, [line] = check_json(target, env={"CERTDESK_PROBE_DNS_SERVERS": nxdomain()})
        assert (code, line["status"]) == (3, "unknown"), target
        assert says in line["message"]
        assert line.get("error_class") == error


def nxdomain():
    """The address of a name server that knows no name."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        while True:
            query, sender = server.recvfrom(1024)
            server.sendto(query[:2] + b"\x81\x83" + query[4:], sender)
    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"


def test_the_worst_of_several_wins(nginx, authority, ca_file):
    """2 before 3 before 1 before 0."""
    ports = [free_port() for _ in range(3)]
    for port, end in zip(ports, (90, 20, 3)):
        nginx.site(port, authority.issue("localhost", not_after=days(end)))
    nginx.start()
    ok, warning, critical = (f"localhost:{p}" for p in ports)
    unknown = f"127.0.0.1:{free_port()}"
    for targets, code in [([ok, warning], 1), ([ok, warning, unknown], 3), ([ok, unknown, critical], 2), ([ok], 0)]:
        done = check(*targets, "--ca-file", ca_file)
        assert done.returncode == code, done.stdout
        assert len(done.stdout.splitlines()) == len(targets)


@pytest.mark.parametrize("words", [[], ["--nonsense", "localhost"], ["-o", "xml", "localhost"],
                                   ["--starttls", "gopher", "localhost"], ["--warn", "x", "localhost"],
                                   ["-f", "/nonexistent"], ["-c", "0", "localhost"], ["-f", "/"]])
def test_wrong_usage_is_unknown(words):
    done = check(*words)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "usage: certdesk check" in done.stderr


def test_targets_come_from_a_file_and_from_standard_input(nginx, authority, ca_file, tmp_path):
    port = served(nginx, authority.issue("localhost"))
    path = tmp_path / "list"
    path.write_text(f"# ours\n\nlocalhost:{port}  # the one\nlocalhost:{port}", encoding="ascii")
    done = check("-f", path, "-", "--ca-file", ca_file, stdin=f"localhost:{port}\n")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3


def test_answers_come_before_the_input_ends(nginx, authority, ca_file):
    port = served(nginx, authority.issue("localhost"))
    with subprocess.Popen([BINARY, "check", "-", "--ca-file", ca_file], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        for _ in range(3):
            process.stdin.write(f"localhost:{port}\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith("OK ")
        process.stdin.close()
        assert process.wait(20) == 0


def test_csv_is_rfc_4180(nginx, authority, ca_file):
    issued = authority.issue("localhost")
    port = served(nginx, issued)
    done = check("-o", "csv", "--ca-file", ca_file, f"localhost:{port}", "=cmd|x!A1")
    rows = {r["host"].lstrip("'"): r for r in csv.DictReader(io.StringIO(done.stdout))}
    assert rows["localhost"]["fingerprint_sha256"] == issued.fingerprint
    assert rows["localhost"]["status"] == "ok"
    assert rows["=cmd|x!A1"]["host"].startswith("'=")
    assert rows["=cmd|x!A1"]["status"] == "unknown"


def test_starttls_is_spoken(authority, ca_file, tmp_path):
    issued = authority.issue("localhost")
    (tmp_path / "pair.pem").write_text(issued.chain_pem() + issued.key_pem, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(tmp_path / "pair.pem"))
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 mail.example ESMTP\r\n")
                assert lines.readline().startswith(b"EHLO ")
                connection.sendall(b"250-mail.example\r\n250 STARTTLS\r\n")
                assert lines.readline() == b"STARTTLS\r\n"
                connection.sendall(b"220 go\r\n")
                try:
                    with context.wrap_socket(connection, server_side=True) as tls:
                        tls.recv(1)
                except (ssl.SSLError, OSError):
                    pass
    threading.Thread(target=serve, daemon=True).start()
    code, [line] = check_json(f"localhost:{server.getsockname()[1]}", "--starttls", "smtp", "--ca-file", ca_file)
    assert code == 0, line
    assert line["protocol"] == "smtp"


def test_a_certificate_with_60000_names_is_read(nginx, root, tmp_path, ca_file):
    """Beyond the limit of 1 MiB it says so."""
    port = served(nginx, root.issue("localhost", san_count=45000))
    code, [line] = check_json(f"localhost:{port}", "--ca-file", ca_file)
    assert (code, line["n_sans"], len(line["sans"])) == (0, 45001, 100)
    nginx.stop()
    port = served(nginx, root.issue("localhost", san_count=60000))
    code, [line] = check_json(f"localhost:{port}", "--ca-file", ca_file)
    assert (code, line["error_class"]) == (3, "certificate_unreadable")
    assert "larger than 1 MiB" in line["message"]
