"""F42: a backup is made while the server serves, opens for the recovery key alone, and becomes a server in standby."""

import os
import shutil
import sqlite3
import subprocess

import pytest

from certdesk import BINARY, Certdesk
from certs import days
from conftest import _postgres_database
from servers import free_port


def run(*words, **kw):
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=60, check=False, **kw)


@pytest.fixture
def recovery(tmp_path):
    """The private half's file, and the public half."""
    made = run("key", "recovery", tmp_path / "recovery.key")
    assert made.returncode == 0, made.stderr
    assert os.stat(tmp_path / "recovery.key").st_mode & 0o777 == 0o600
    return tmp_path / "recovery.key", made.stdout.split(" = ")[1].strip()


@pytest.fixture
def source(desk_factory, recovery, nginx, authority):
    """A server with a record, its ticket, a user and a key of its own."""
    desk = desk_factory(env={"CERTDESK_BACKUP_RECOVERY_KEY": recovery[1]})
    port = free_port()
    nginx.site(port, authority.issue("shop.example", not_after=days(5))).start()
    desk.admin.add("127.0.0.1", port, sni="shop.example", description="ünïcode; \"quoted\"")
    desk.admin.job_done(desk.admin.post("/schedules/notify/run", expect=202).json["job"])
    desk.admin.post("/users", {"name": "ann", "role": "user", "password": "long enough to do"})
    desk.admin.post("/csrs", {"name": "later", "subject": {"CN": "later.example"}, "sans": ["later.example"],
                              "key": {"algorithm": "ec", "curve": "P-256"}})
    desk.admin.post("/cas", {"name": "house", "kind": "root", "subject": {"CN": "House"}, "public_url": "http://pki.example"})
    desk.admin.post("/cas/house/crl", expect=200)
    desk.admin.job_done(desk.admin.post("/schedules/audit/run", expect=202).json["job"])
    return desk


def back_up(desk, path):
    done = desk.cli("backup", str(path), env={"CERTDESK_TOKEN_FILE": desk.token_file})
    assert done.returncode == 0, done.stderr
    return path


def restored_desk(source, tmp_path, backup, recovery, name="second", to=None):
    """Restore into a fresh place, and start a server there."""
    to = to or ("postgres" if source.database else "sqlite")
    target = Certdesk(tmp_path / name, database=_postgres_database() if to == "postgres" else None)
    target.token_file = source.token_file
    target.env.pop("CERTDESK_ADMIN_TOKEN_FILE")
    where = ["--data", target.data] + (["--database", target.database] if target.database else [])
    done = run("restore", "--recovery-key", recovery[0], *where, backup)
    assert done.returncode == 0, done.stderr
    assert "standby" in done.stdout
    return target


def everything(desk):
    """What a user sees of it."""
    certificates = desk.admin.get("/certificates").json["items"]
    for certificate in certificates:
        certificate.pop("etag")
        for shown in (certificate, certificate["current"] or {}):
            shown.pop("days_left", None)  # a second later it may be one less
    return {"certificates": certificates,
            "tickets": [(t["key"], t["summary"], t["status"]) for t in desk.admin.get("/tickets").json["items"]],
            "users": [u["name"] for u in desk.admin.get("/users").json["items"]],
            "csrs": [(c["name"], c["spki_sha256"]) for c in desk.admin.get("/csrs").json["items"]]}


def test_what_was_backed_up_comes_back(source, recovery, tmp_path):
    """F42: all of it, under a new master key, in standby; the log still proves itself."""
    backup = back_up(source, tmp_path / "desk.backup")
    before = everything(source)
    published = source.admin.post("/cas/house/crl", expect=200).json["crl"]["number"]
    source.stop()
    target = restored_desk(source, tmp_path, backup, recovery).start()
    try:
        after = everything(target)
        assert after["tickets"] == before["tickets"] and after["users"] == before["users"]
        assert after["csrs"] == before["csrs"]
        assert [c["name"] for c in after["certificates"]] == [c["name"] for c in before["certificates"]]
        assert after["certificates"][0]["current"] == before["certificates"][0]["current"]
        with open(f"{source.data}/vault/master.key", "rb") as old, open(f"{target.data}/vault/master.key", "rb") as new:
            assert old.read() != new.read()
        standby = target.admin.get("/standby").json
        assert standby["standby"] and "restored from a backup" in standby["reason"]
        target.admin.job_done(target.admin.post("/schedules/audit/run", expect=202).json["job"])
        proof = target.admin.get("/audit/verify").json
        assert proof["intact"] and proof["checkpoints"]["count"] >= 2
        assert target.admin.post("/standby/end", expect=200).json["standby"] is False
        assert target.admin.get("/standby").json["standby"] is False
        assert [e["action"] for e in target.admin.get("/audit?action=standby").json["items"]] == ["standby.end"]
        # Its numbers go on where they were, and new keys are sealed with its own master key.
        assert target.admin.post("/users", {"name": "bob", "role": "user", "password": "long enough to do"})
        target.admin.post("/csrs", {"name": "new", "subject": {"CN": "new.example"}, "sans": ["new.example"],
                                    "key": {"algorithm": "ec", "curve": "P-256"}})
        # So do those of an authority, whose key came along; none that was published after the backup comes again.
        number = target.admin.get("/cas/house").json["crl"]["number"]
        assert target.admin.post("/cas/house/crl", expect=200).json["crl"]["number"] == number + 1 > published + 1
    finally:
        target.stop()


@pytest.mark.parametrize("to", ["sqlite", "postgres"])
def test_a_backup_moves_between_databases(source, recovery, tmp_path, to):
    """F41 F42: outgrown SQLite, or back."""
    if not os.environ.get("CERTDESK_TEST_POSTGRES"):
        pytest.skip("no PostgreSQL: run under tests/with-postgres")
    backup = back_up(source, tmp_path / "desk.backup")
    names = [c["name"] for c in everything(source)["certificates"]]
    source.stop()
    target = restored_desk(source, tmp_path, backup, recovery, to=to).start()
    try:
        assert [c["name"] for c in everything(target)["certificates"]] == names
        assert target.admin.get("/certificates?q=SHOP").json["items"], "the search index came along"
    finally:
        target.stop()


def test_without_a_recovery_key_there_is_no_backup(desk, tmp_path):
    done = desk.cli("backup", str(tmp_path / "x"), env={"CERTDESK_TOKEN_FILE": desk.token_file})
    assert done.returncode == 1 and "no recovery key is set" in done.stderr
    assert not os.path.exists(tmp_path / "x") and not os.path.exists(tmp_path / "x.part")


def test_a_server_just_started_can_be_backed_up(desk_factory, recovery, tmp_path):
    """F42: before anything was linked or signed."""
    desk = desk_factory(env={"CERTDESK_BACKUP_RECOVERY_KEY": recovery[1]})
    backup = back_up(desk, tmp_path / "desk.backup")
    assert run("restore", "--recovery-key", recovery[0], "--check", backup).returncode == 0


def test_nothing_of_it_can_be_read_without_the_key(source, recovery, tmp_path):
    """F42: neither names nor keys are in the clear; another key is told from damage."""
    backup = back_up(source, tmp_path / "desk.backup")
    with open(backup, "rb") as f:
        content = f.read()
    assert b"shop.example" not in content and b"ann" not in content and b"PRIVATE" not in content
    run("key", "recovery", tmp_path / "other.key")
    other = run("restore", "--recovery-key", tmp_path / "other.key", "--data", tmp_path / "t", backup)
    assert other.returncode == 1 and recovery[1] in other.stderr, "it says which key it was made for"
    assert not os.path.exists(tmp_path / "t")
    again = source.cli("backup", str(backup), env={"CERTDESK_TOKEN_FILE": source.token_file})
    assert again.returncode == 1 and "exists already" in again.stderr


def test_a_damaged_backup_is_refused_and_leaves_nothing(source, recovery, tmp_path):
    """F42: whatever byte was changed, cut off or added."""
    backup = back_up(source, tmp_path / "desk.backup")
    with open(backup, "rb") as f:
        content = bytearray(f.read())
    whole = run("restore", "--check", "--recovery-key", recovery[0], backup)
    assert whole.returncode == 0 and "the backup is whole" in whole.stdout, whole.stderr
    places = [0, 30, 100, 140, 1000, len(content) // 2, len(content) - 120, len(content) - 60, len(content) - 1]
    damaged = [bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]) for at in places]
    damaged += [bytes(content[:-1]), bytes(content[:5000]), bytes(content) + b"x", b""]
    for n, bad in enumerate(damaged):
        path = tmp_path / f"bad{n}"
        path.write_bytes(bad)
        done = run("restore", "--recovery-key", recovery[0], "--data", tmp_path / "t", path)
        assert done.returncode == 1 and done.stderr.startswith("certdesk: "), (n, done)
        assert not os.path.exists(tmp_path / "t"), "nothing is made of a bad backup"


def test_a_backup_signed_by_somebody_else_is_refused(source, recovery, tmp_path):
    backup = back_up(source, tmp_path / "desk.backup")
    done = run("restore", "--check", "--recovery-key", recovery[0], "--signer", "0" * 64, backup)
    assert done.returncode == 1 and "another installation" in done.stderr
    signer = source.admin.get("/audit/verify").json["checkpoints"]["signer"]
    assert run("restore", "--check", "--recovery-key", recovery[0], "--signer", signer, backup).returncode == 0


def test_a_place_that_is_taken_stays_as_it_is(source, recovery, tmp_path):
    backup = back_up(source, tmp_path / "desk.backup")
    before = everything(source)
    where = ["--data", source.data] + (["--database", source.database] if source.database else [])
    assert run("restore", "--recovery-key", recovery[0], *where, backup).returncode == 1, "it is running"
    source.stop()
    done = run("restore", "--recovery-key", recovery[0], *where, backup)
    assert done.returncode == 1 and "master key already" in done.stderr
    fresh = run("restore", "--recovery-key", recovery[0], "--data", tmp_path / "t",
                *(["--database", source.database] if source.database else []), backup)
    if source.database:
        assert fresh.returncode == 1 and "in use" in fresh.stderr
        assert os.listdir(tmp_path / "t" / "vault") == []
    source.start()
    assert everything(source) == before


def test_a_restore_that_was_cut_short_serves_nobody(source, recovery, tmp_path):
    """F42: rows without keys, as a kill in the middle leaves them, are not taken for an installation."""
    backup = back_up(source, tmp_path / "desk.backup")
    source.stop()
    target = restored_desk(source, tmp_path, backup, recovery)
    mark = "INSERT INTO setting(name, value, updated_at) VALUES ('restoring', '{}', 1)"
    if target.database:
        subprocess.run(["psql", target.database, "-qc", mark], check=True)
    else:
        with sqlite3.connect(f"{target.data}/db/certdesk.db") as db:
            db.execute(mark)
    target.start(ready=False)
    assert target.process.wait(20) == 1
    assert "interrupted" in target.log()


def test_a_full_disk_while_backing_up_is_told(source, tmp_path):
    """The server makes the file beside the data; there is no half backup."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", str(small)], check=True)
    try:
        done = source.cli("backup", str(small / "x"), env={"CERTDESK_TOKEN_FILE": source.token_file})
        assert done.returncode == 1 and done.stderr, done
        assert os.listdir(small) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
    shutil.rmtree(small)
