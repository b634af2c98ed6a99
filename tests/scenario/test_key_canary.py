"""F28, invariant 3: no private key in clear: not in the database, its log, backups, logs, answers, or memory."""

import base64
import glob
import itertools
import os
import secrets
import socket
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from canary import Canaries, core_limits, memory, open_files
from certdesk import BINARY, Certdesk
from certs import days, new_key
from conftest import _postgres_database
from openapi import Description
from sealed import opened, query
from servers import wait_until
from uploads import form, import_, pfx, upload

PASSWORD = "канарейкавклетке"
ENCODING, FORMAT = serialization.Encoding, serialization.PrivateFormat
ENCRYPTED = serialization.BestAvailableEncryption(PASSWORD.encode())
CLEAR = serialization.NoEncryption()


@pytest.fixture(name="desk")
def fixture_desk(desk_factory, tmp_path):
    """Says all that it can, and keeps backups for a recovery key of its own."""
    made = subprocess.run([BINARY, "key", "recovery", tmp_path / "recovery.key"], capture_output=True, text=True,
                          check=True)
    return desk_factory(env={"CERTDESK_BACKUP_RECOVERY_KEY": made.stdout.split(" = ")[1].strip(),
                             "CERTDESK_LOG_LEVEL": "debug"})


def fields_of(authority, directory):
    """(name of the key, the key, form) for keys of every kind in every form that takes them."""
    def issue(name, key):
        return authority.issue(name + ".canary.example", key=key), key

    site, key = issue("pkcs8", new_key("rsa"))
    yield "an encrypted PKCS#8", key, [
        ("file", site.pem), ("key", key.private_bytes(ENCODING.PEM, FORMAT.PKCS8, ENCRYPTED)), ("key_password", PASSWORD)]
    site, key = issue("pfx", new_key("rsa"))
    yield "a PFX", key, [("file", "x.pfx", pfx(directory, site, PASSWORD)), ("password", PASSWORD)]
    site, key = issue("old-pfx", new_key("ec"))
    yield "an old PFX", key, [("file", "x.pfx", pfx(directory, site, PASSWORD, "-legacy")), ("password", PASSWORD)]
    site, key = issue("pem", ed25519.Ed25519PrivateKey.generate())
    yield "a PEM", key, [("file", site.pem + site.key_pem)]
    site, key = issue("pkcs1", new_key("rsa"))
    yield "an encrypted PKCS#1", key, [("file", site.pem), ("password", PASSWORD), (
        "key", key.private_bytes(ENCODING.PEM, FORMAT.TraditionalOpenSSL, ENCRYPTED))]
    site, key = issue("sec1", new_key("ec"))
    yield "a SEC1 in DER", key, [("file", site.pem), ("key", key.private_bytes(ENCODING.DER, FORMAT.TraditionalOpenSSL, CLEAR))]


def bring_keys(desk, authority, directory, canaries):
    records = []
    for name, key, fields in fields_of(authority, directory):
        canaries.add(f"the key of {name}", key)
        records.append(import_(desk.admin, fields).json["id"])
    canaries.add("a password", PASSWORD)
    return records


def refused_keys(desk, authority, directory, canaries):
    """Those that come to nothing: of another certificate, with a wrong password, in a form that ends early."""
    admin, site = desk.admin, authority.issue("refused.canary.example", kind="rsa")
    stray = new_key("rsa")
    canaries.add("a stray key", stray)
    pem = stray.private_bytes(ENCODING.PEM, FORMAT.TraditionalOpenSSL, CLEAR)
    canaries.add("a refused key", site.key)
    canaries.add("a wrong password", "неверныйпароль")
    wrong = [("file", pfx(directory, site)), ("password", "неверныйпароль")]
    answers = [upload(admin, "/certificates/import", [("file", site.pem), ("key", pem)], expect=400),
               upload(admin, "/certificates/import", wrong, expect=400)]
    body, content_type = form([("file", site.pem + site.key_pem)])
    for cut in (body[:-20], body.replace(b"form-data", b"attachment")):
        answers.append(admin.call("POST", "/certificates/import", cut, headers={"Content-Type": content_type}, expect=400))
    return b"".join(a.body for a in answers)


def change_keys(desk, authority, record, canaries):
    """A request and its certificate, a replacement, a key that goes."""
    admin = desk.admin
    for wanted in ({"algorithm": "rsa"}, {"algorithm": "ec"}, {"algorithm": "ed25519"}):
        made = admin.post("/csrs", {"subject": {"CN": "made.canary.example"}, "key": wanted}).json
    public = x509.load_pem_x509_csr(admin.get(f"/csrs/{made['id']}.pem").body).public_key()
    signed = authority.issue("made.canary.example", key=_Public(public))
    upload(admin, f"/csrs/{made['id']}/certificate", [("file", signed.pem)], expect=201)
    name = admin.get(f"/certificates/{record}").json["name"]
    site = authority.issue(name, not_before=days(-1), not_after=days(200), kind="rsa")
    canaries.add("the key of a replacement", site.key)
    upload(admin, f"/certificates/{record}/replace", [("file", site.pem + site.key_pem)], expect=200)
    gone = authority.issue("gone.canary.example")
    canaries.add("the key of a record that is gone", gone.key)
    admin.delete(f"/certificates/{import_(admin, [('file', gone.pem + gone.key_pem)]).json['id']}")
    admin.job_done(admin.post("/vault/rotate", expect=202).json["job"], 90)
    admin.job_done(admin.post("/schedules/audit/run", expect=202).json["job"])


class _Public:
    """A key of which only the public half is known, for an authority that asks for no more."""

    def __init__(self, public):
        self.public = public

    def public_key(self):
        return self.public


def answers(desk):
    """The body of everything that can be read, at every address that the description knows."""
    admin, n = desk.admin, 0
    ids = {"certificates": "id", "csrs": "id", "jobs": "id", "endpoints": "id", "tickets": "key", "imports": "id",
           "users": "name"}
    known = {}
    for thing, word in ids.items():
        listed = admin.call("GET", f"/{thing}?limit=100")
        known[thing] = [i[word] for i in listed.json["items"]] if listed.status == 200 else []
    for method, path, _ in Description().operations():
        thing = path.split("/")[1]
        if method != "GET" or path.count("{") > 1 or ("{" in path and thing not in known):
            continue
        for value in known[thing] if "{" in path else [""]:
            answer = admin.call("GET", path[:path.find("{")] + str(value) + path[path.find("}") + 1:] if value else path)
            n += answer.status == 200
            yield answer.body
    assert n > 60, "hardly anything answered"


def stored_files(desk):
    """The desk's directory (data, log, backup), and with PostgreSQL the database's own."""
    yield desk.directory
    if desk.database is not None:
        query(desk, "CHECKPOINT; SELECT 1")
        [(cluster, oid)] = query(desk, "SELECT current_setting('data_directory'), oid FROM pg_database "
                                       "WHERE datname = current_database()")
        yield f"{cluster}/base/{oid}"
        yield f"{cluster}/pg_wal"
        assert glob.glob(f"{cluster}/pg_wal/0*")


def assert_unseen(desk, canaries, control):
    children = desk.children()
    assert {"server", "prober", "vault"} <= set(children)
    assert canaries.seen_in(answers(desk)) == [] and control.seen_in(answers(desk))
    directories = list(stored_files(desk))
    for directory in directories:
        assert canaries.seen_in_files(directory) == []
    # Finding nothing says something where what must be there is found.
    assert control.seen_in_files(directories[min(1, len(directories) - 1)])
    assert control.seen_in_memory(children["server"])
    for role, pid in {**children, "supervisor": desk.process.pid}.items():
        assert core_limits(pid) == ["0", "0"], role
        if role != "vault":  # which has them while it works
            assert canaries.seen_in_memory(pid) == [], role
            assert canaries.seen_in(open_files(pid)) == [], role


def add_made_keys(desk, canaries):
    """Those that the vault made, opened with the key file as only the vault may."""
    found = opened(desk)
    for number, (_, der) in found.items():
        canaries.add(f"sealed key {number}", serialization.load_der_private_key(der, None))
    return len(found)


def test_no_key_is_seen_anywhere(desk, authority, tmp_path):
    canaries, control = Canaries(), Canaries()
    control.add("a name", "pkcs8.canary.example")
    (tmp_path / "uploads").mkdir()
    records = bring_keys(desk, authority, tmp_path / "uploads", canaries)
    said = refused_keys(desk, authority, tmp_path / "uploads", canaries)
    assert canaries.seen_in([said]) == []
    change_keys(desk, authority, records[1], canaries)
    backup = os.path.join(desk.directory, "backup")
    done = desk.cli("backup", backup, env={"CERTDESK_TOKEN_FILE": desk.token_file})
    assert done.returncode == 0, done.stderr
    # The keys that the vault made are known only from here on, and to this process alone.
    assert add_made_keys(desk, canaries) >= len(records) + 4
    assert_unseen(desk, canaries, control)
    desk.stop()
    second = Certdesk(tmp_path / "second", database=_postgres_database() if desk.database else None,
                      env={"CERTDESK_LOG_LEVEL": "debug"})
    where = ["--data", second.data] + (["--database", second.database] if second.database else [])
    done = subprocess.run([BINARY, "restore", "--recovery-key", tmp_path / "recovery.key", *where, backup],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and canaries.seen_in([done.stdout.encode(), done.stderr.encode()]) == [], done
    second.token_file = desk.token_file
    second.env.pop("CERTDESK_ADMIN_TOKEN_FILE")
    try:
        second.start()
        assert add_made_keys(second, canaries) >= len(records) + 4
        assert_unseen(second, canaries, control)
    finally:
        second.stop()


def test_a_key_is_held_in_memory_alone_while_it_comes_and_wiped_when_it_does_not(desk, authority):
    """Half of an upload: it is no file, not even one without a name; and it goes when its sender goes."""
    canaries, site = Canaries(), authority.issue("half.canary.example", kind="rsa")
    canaries.add("half an upload's key", site.key)
    canaries.add("its password", "четыресловаподряд")
    body, content_type = form([("password", "четыресловаподряд"), ("file", site.key_pem + "#" * (1 << 20))])
    server = desk.children()["server"]
    with socket.create_connection(("127.0.0.1", desk.port), timeout=20) as s:
        s.sendall((f"POST /api/v1/certificates/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.admin.token}\r\n"
                   f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body[:-40])
        wait_until(lambda: canaries.seen_in_memory(server), 20, "the key to be seen where it must be")
        assert canaries.seen_in(open_files(server)) == []
        assert canaries.seen_in_files(desk.directory) == []
    wait_until(lambda: canaries.seen_in_memory(server) == [], 20, "the key to be wiped")


def test_a_key_at_a_wrong_address_is_not_said_back(desk, authority):
    """People paste into the wrong box, and scripts send to the wrong place: neither answer nor log repeats it."""
    canaries, site = Canaries(), authority.issue("lost.canary.example", kind="rsa")
    canaries.add("a key that lost its way", site.key)
    said, admin = [], desk.admin
    for path, content_type in itertools.product(
            ("/certificates", "/certificates/import", "/certificates/bulk", "/imports", "/csrs", "/users", "/login", "/x"),
            ("application/json", "text/csv", "text/plain", "multipart/form-data; boundary=x",
             "application/x-www-form-urlencoded")):
        for body in (site.key_pem, '{"name": ' + site.key_pem, "name,host\n" + site.key_pem):
            if (path, content_type) != ("/imports", "text/csv"):  # a table is a table
                said.append(admin.call("POST", path, body, headers={"Content-Type": content_type}).body)
    pasted = site.key_pem.replace("\n", "\\n")
    for path, body in (("/certificates", '{"endpoints": [{"host": "%s", "port": 443}]}'), ("/csrs", '{"key": "%s"}'),
                       ("/csrs", '{"sans": ["%s"]}'), ("/users", '{"role": "%s"}')):
        said.append(admin.call("POST", path, body % pasted, headers={"Content-Type": "application/json"}).body)
    with open(desk.log_path, "rb") as f:
        assert canaries.seen_in([*said, f.read()]) == []


@pytest.mark.parametrize("make", [lambda: new_key("rsa"), lambda: new_key("ec"), ed25519.Ed25519PrivateKey.generate])
def test_the_search_finds_what_is_there(tmp_path, make):
    """The control: each form, across the seams of what is read; in a file, an unlinked one, and a process."""
    key, canaries = make(), Canaries()
    canaries.add("x", key)
    pem, der = (key.private_bytes(e, FORMAT.PKCS8, CLEAR) for e in (ENCODING.PEM, ENCODING.DER))
    raw = key.private_bytes(ENCODING.Raw, FORMAT.Raw, CLEAR) if isinstance(key, ed25519.Ed25519PrivateKey) else \
        (key.private_numbers().d if isinstance(key, rsa.RSAPrivateKey) else key.private_numbers().private_value).to_bytes(
            256 if isinstance(key, rsa.RSAPrivateKey) else 32, "big")
    forms = {"PEM": pem, "DER": der, "JSON": pem.replace(b"\n", b"\\n"), "number": raw[::-1], "hex": raw.hex().encode(),
             "HEX": raw.hex().upper().encode(), "base64": base64.b64encode(raw), "base64 1": base64.b64encode(b"1" + raw),
             "base64 2": base64.b64encode(b"12" + raw)}
    for name, content in forms.items():
        path = tmp_path / name
        path.write_bytes(secrets.token_bytes((1 << 20) - len(content) // 2) + content + b"x")
        assert canaries.seen_in_files(tmp_path), name
        with open(path, "rb"):
            path.unlink()
            assert canaries.seen_in(open_files(os.getpid())), name
    assert canaries.seen_in_files(tmp_path) == []
    with subprocess.Popen(["sleep", "60"], env={"KEY": pem.decode()}) as process:
        assert canaries.seen_in(memory(process.pid))
        process.kill()
