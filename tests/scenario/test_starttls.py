"""F1 F2: TLS begun in the middle of a protocol, with the servers that people run."""

import json
import os
import subprocess

import pytest

from certdesk import BINARY
from talkers import STARTERS


def check(*words):
    done = subprocess.run([BINARY, "check", "-o", "json", *map(str, words)], capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(params=sorted(STARTERS))
def talker(request, authority):
    """One real server after the other, with what it serves; vsftpd wants RSA."""
    issued = authority.issue("localhost", kind="rsa" if request.param == "ftp" else "ec")
    server = STARTERS[request.param](issued)
    server.protocol, server.issued = request.param, issued
    yield server
    server.stop()


def test_real_servers_begin_tls_when_they_are_asked(talker, root, tmp_path):
    """The whole way: chain, name, key exchange; and TLS at once, or another protocol, is told apart."""
    ca_file = os.path.join(tmp_path, "root.pem")
    with open(ca_file, "w", encoding="ascii") as f:
        f.write(root.pem)
    target = f"127.0.0.1:{talker.port}"
    code, line = check("--starttls", talker.protocol, "--ca-file", ca_file, "--sni", "localhost", target)
    assert (code, line["status"], line["protocol"]) == (0, "ok", talker.protocol), line
    assert line["fingerprint_sha256"] == talker.issued.fingerprint
    assert (line["chain_status"], line["name_ok"]) == ("trusted", True)

    code, line = check("--ca-file", ca_file, "--sni", "localhost", "--timeout", "1", target)
    assert code == 3 and line["error_class"] in ("not_tls", "closed", "timeout"), line
    other = "imap" if talker.protocol != "imap" else "smtp"
    code, line = check("--starttls", other, "--sni", "localhost", "--timeout", "1", target)
    assert code == 3 and line["error_class"] in ("starttls_refused", "timeout", "closed"), line
