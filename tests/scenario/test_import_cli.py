"""F25 F30 F38: certificates brought, and replaced, by the command line."""

import json
import os
import pty
import subprocess

import pytest

from certdesk import BINARY
from certs import days
from servers import wait_until
from uploads import pfx


@pytest.fixture(name="desk")
def fixture_desk(desk_module):
    return desk_module


@pytest.fixture(name="files")
def fixture_files(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)
    return write


def cli(desk, *words, **kw):
    env = {"CERTDESK_TOKEN_FILE": desk.token_file}
    return desk.cli("cert", *words, env=env, **kw)


def test_import_and_replace_by_hand(desk, authority, tmp_path, files):
    old, new = authority.issue("cli.example", not_after=days(9)), authority.issue(
        "cli.example", not_before=days(-1), not_after=days(90))
    password = files("password", "secret\n")
    done = cli(desk, "import", files("site.pfx", pfx(tmp_path, old)), "--password-file", password, "--name", "By hand",
               "--tags", "a,b", "--business-group", "Shop", "--description", "brought", "-o", "json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["has_private_key"] and made["name"] == "By hand" and made["tags"] == ["a", "b"]
    again = cli(desk, "import", files("site.pem", old.pem))
    assert again.returncode == 0 and "had the certificate already" in again.stdout and "in the vault" in again.stdout
    done = cli(desk, "replace", str(made["id"]), files("new.pem", new.pem), "--key", files("new.key", new.key_pem),
               "--chain", files("chain.pem", authority.pem))
    assert done.returncode == 0 and "in the vault" in done.stdout, done.stderr
    assert desk.admin.get(f"/certificates/{made['id']}").json["current"]["fingerprint_sha256"] == new.fingerprint
    refused = cli(desk, "replace", str(made["id"]), files("old.pem", old.pem))
    assert refused.returncode == 1 and "not_a_successor" in refused.stderr
    forced = cli(desk, "replace", str(made["id"]), files("old.pem", old.pem), "--confirm")
    assert forced.returncode == 0, forced.stderr


def test_what_is_wrong_is_said_on_standard_error(desk, authority, tmp_path, files):
    site = files("site.pfx", pfx(tmp_path, authority.issue("cli.example")))
    before = desk.admin.get("/certificates").json["total"]
    cases = [
        (["import"], 2, "usage:"), (["replace", "1"], 2, "usage:"), (["import", site, "--frobnicate"], 2, "usage:"),
        (["import", site, "--confirm"], 2, "usage:"), (["replace", "1", site, "--name", "x"], 2, "usage:"),
        (["import", "/nonexistent.pfx"], 1, "no such file"), (["import", site], 1, "password is needed"),
        (["import", site, "--password-file", files("wrong", "wrong\n")], 1, "wrong password"),
        (["import", files("huge.pem", b"#" * (5 << 20))], 1, "4194304 bytes"), (["replace", "x", site], 1, "no certificate's id"),
    ]
    for words, status, says in cases:
        done = cli(desk, *words, stdin="")
        assert done.returncode == status and done.stderr.count(says) == 1, (words, done)
    assert desk.admin.get("/certificates").json["total"] == before


def test_a_password_that_is_needed_is_asked_for_and_not_shown(desk, authority, tmp_path, files):
    site = files("site.pfx", pfx(tmp_path, authority.issue("asked.example")))
    master, slave = pty.openpty()
    env = {**os.environ, **desk.env, "CERTDESK_URL": desk.base, "CERTDESK_TOKEN_FILE": desk.token_file}
    process = subprocess.Popen([BINARY, "cert", "import", site], env=env, stdin=slave, stdout=slave, stderr=slave)
    shown = b""

    def prompted():
        nonlocal shown
        shown += os.read(master, 4096)
        return b"password:" in shown
    wait_until(prompted, 10, "the question")
    os.write(master, b"secret\n")
    assert process.wait(20) == 0
    shown += os.read(master, 65536)
    assert b"in the vault" in shown and b"secret" not in shown
    os.close(master)
    os.close(slave)
