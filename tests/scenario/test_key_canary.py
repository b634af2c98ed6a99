"""F28, invariant 3: no private key in clear: not in the database, its log, backups, logs, answers, or memory."""

import os

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from canary import Canary, core_limits, files_with, memory_with
from certs import new_key
from sealed import opened
from uploads import import_, pfx, upload

class Word:
    """What must be found, or the search is blind."""

    def __init__(self, text):
        self.name, self.text = text, text.encode()

    def in_bytes(self, data):
        return self.text in data


READS = ["/certificates", "/certificates?q=canary", "/csrs", "/vault", "/jobs", "/audit?limit=500", "/dashboard",
         "/openapi.json", "/me", "/people", "/schedules", "/settings/notifications"]


@pytest.fixture
def busy_desk(desk_factory, tmp_path):
    """Keeps backups for a recovery key of its own."""
    import subprocess
    from certdesk import BINARY
    made = subprocess.run([BINARY, "key", "recovery", tmp_path / "recovery.key"], capture_output=True, text=True,
                          check=True)
    return desk_factory(env={"CERTDESK_BACKUP_RECOVERY_KEY": made.stdout.split(" = ")[1].strip(),
                             "CERTDESK_LOG_LEVEL": "debug"})


def bring_keys(desk, authority, tmp_path):
    """Keys of every kind, by every way; each is known to the test."""
    admin, canaries = desk.admin, []
    for kind in ("rsa", "ec"):
        key = new_key(kind)
        issued = authority.issue(f"{kind}.canary.example", key=key)
        fields = [("file", issued.pem), ("key", issued.key_pem)] if kind == "rsa" else \
            [("file", "x.pfx", pfx(tmp_path, issued, "hunter2hunter2")), ("password", "hunter2hunter2")]
        import_(admin, fields)
        canaries.append(Canary(f"imported {kind}", key))
    key = ed25519.Ed25519PrivateKey.generate()
    issued = authority.issue("ed.canary.example", key=key)
    import_(admin, [("file", issued.pem + issued.key_pem)])
    canaries.append(Canary("imported ed25519", key))
    # One that is refused: its key is not that of the certificate.
    stray = new_key("ec")
    upload(admin, "/certificates/import", [("file", issued.pem), ("key", stray.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption()).decode())], expect=400)
    canaries.append(Canary("refused ec", stray))
    for wanted in ({"algorithm": "rsa"}, {"algorithm": "ec"}, {"algorithm": "ed25519"}):
        admin.post("/csrs", {"subject": {"CN": "made.canary.example"}, "key": wanted})
    return canaries


def made_keys(desk, known):
    """Those that the vault made, opened with the key file as only the vault may."""
    found = []
    for number, (_, der) in opened(desk).items():
        key = serialization.load_der_private_key(der, None)
        found.append(Canary(f"sealed key {number}", key))
    assert len(found) >= len(known) + 3
    return found


def test_no_key_is_seen_anywhere(busy_desk, authority, tmp_path):
    desk, admin = busy_desk, busy_desk.admin
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    canaries = bring_keys(desk, authority, uploads)
    admin.job_done(admin.post("/vault/rotate", expect=202).json["job"], 60)
    admin.job_done(admin.post("/schedules/audit/run", expect=202).json["job"])
    done = desk.cli("backup", os.path.join(desk.directory, "backup"),
                    env={"CERTDESK_TOKEN_FILE": desk.token_file})
    assert done.returncode == 0, done.stderr
    answers = b"".join(admin.get(path).body for path in READS)
    for record in admin.get("/certificates").json["items"]:
        for part in ("", ".pem", "/versions", "/log", "/decoded"):
            answers += admin.get(f"/certificates/{record['id']}{part}").body
    for request in admin.get("/csrs").json["items"]:
        answers += admin.get(f"/csrs/{request['id']}.pem").body
    children = desk.children()
    # The keys that the vault made are known only from here on, and to this process alone.
    canaries += made_keys(desk, canaries[:3])
    assert [c.name for c in canaries if c.in_bytes(answers)] == []
    for role in ("server", "prober"):
        assert memory_with(canaries, children[role]) == set(), role
    assert memory_with([Word("rsa.canary.example")], children["server"]) == {"rsa.canary.example"}
    assert memory_with(canaries, desk.process.pid) == set(), "supervisor"
    # The data directory holds the master key, but no key in clear; the log and the backup lie beside it.
    assert files_with(canaries, desk.directory) == []
    for role, pid in {**children, "supervisor": desk.process.pid}.items():
        assert core_limits(pid) == ["0", "0"], role


def test_the_search_finds_what_is_there(tmp_path):
    """The control: in a file as PEM, as DER, as a number; in the memory of a process."""
    for kind in ("rsa", "ec"):
        key = new_key(kind)
        canary = Canary(kind, key)
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        for name, content in (("pem", pem), ("der", b"x" * 5_000_000 + der), ("json", pem.replace(b"\n", b"\\n"))):
            path = tmp_path / kind / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            assert files_with([canary], path.parent) == [(kind, str(path))]
            path.unlink()
        assert memory_with([canary], os.getpid()) == {kind}
