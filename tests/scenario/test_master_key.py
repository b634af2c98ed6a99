"""F28 F42: the master key: rotated while serving, from a passphrase, from a token; none is made beside another."""

import hashlib
import http.client
import itertools
import os
import random
import signal
import subprocess
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sealed import master_keys, opened, query
from servers import wait_until
from uploads import import_, upload

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


def add_keys(desk, n):
    return [desk.admin.post("/csrs", {"subject": {"CN": f"k{i}.example"}, "key": {"algorithm": "ec"}}).json["id"]
            for i in range(n)]


def rotate(desk, seconds=60):
    job = desk.admin.post("/vault/rotate", expect=202).json["job"]
    done = desk.admin.job_done(job, seconds)
    assert done["state"] == "done", done
    return done


def only_key(desk):
    """Every sealed key opens, and is under one master key."""
    ids = {key_id for key_id, _ in opened(desk).values()}
    assert len(ids) == 1
    return ids.pop()


def test_rotation_wraps_every_key_anew_and_retires_the_old_one(desk):
    add_keys(desk, 30)
    before = desk.admin.get("/vault").json
    assert before["ready"] and before["source"] == "file" and before["previous_key_id"] is None
    assert before["keys"]["total"] == before["keys"]["by_key"][0]["count"] >= 30 and before["rotation"] is None
    secrets = {number: clear for number, (_, clear) in opened(desk).items()}
    rotate(desk)
    after = desk.admin.get("/vault").json
    assert after["key_id"] != before["key_id"] and after["previous_key_id"] == before["key_id"]
    assert [(k["state"], k["count"]) for k in after["keys"]["by_key"]] == [
        ("retired", 0), ("current", after["keys"]["total"])]
    assert only_key(desk) == after["key_id"]
    now = {number: clear for number, (_, clear) in opened(desk).items()}
    assert {n: now[n] for n in secrets} == secrets, "a key is another one"
    assert len(master_keys(desk)) == 2  # copies of the database from before need the old one
    add_keys(desk, 1)
    assert only_key(desk) == after["key_id"]
    desk.admin.job_done(desk.admin.post("/schedules/audit/run", expect=202).json["job"])
    actions = [e["action"] for e in desk.admin.get("/audit?object_type=vault").json["items"]]
    assert actions == ["vault.retire", "vault.promote", "vault.key", "vault.rotate"]


class Busy:
    """Imports, requests and their certificates, one after another in two threads, until the end of the block."""

    def __init__(self, desk, authority):
        self.desk, self.authority, self.stop = desk, authority, threading.Event()
        self.failures, self.fingerprints, self.numbers = [], set(), itertools.count()
        self.threads = [threading.Thread(target=self.run, args=(work,)) for work in (self.bring, self.request)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)

    def run(self, work):
        while not self.stop.is_set():
            try:
                work(f"busy-{next(self.numbers)}.example")
            except (AssertionError, OSError, http.client.HTTPException) as e:
                self.failures.append(e)

    def bring(self, name):
        site = self.authority.issue(name)
        import_(self.desk.admin, {"file": site.pem + site.key_pem})
        self.fingerprints.add(site.fingerprint)

    def request(self, name):
        made = self.desk.admin.post("/csrs", {"subject": {"CN": name}, "key": {"algorithm": "ec"}}).json
        request = x509.load_pem_x509_csr(self.desk.admin.get(f"/csrs/{made['id']}.pem").body)
        site = self.authority.issue(name, key=request)  # of which it takes the public key
        upload(self.desk.admin, f"/csrs/{made['id']}/certificate", {"file": site.pem}, expect=201)
        self.fingerprints.add(site.fingerprint)

    def listed(self):
        """Page by page: a quick machine makes more of them than one page holds."""
        cursor = ""
        while cursor is not None:
            page = self.desk.admin.get(f"/certificates?limit=500&q=busy-{cursor and '&cursor=' + cursor}").json
            yield from page["items"]
            cursor = page["next_cursor"]

    def assert_all_there(self):
        """What was acknowledged is a record with its key, which opens; how it looks is asserted by opened()."""
        public = {x509.load_der_x509_certificate(bytes(der)).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            for (der,) in query(self.desk, "SELECT v.der FROM version v")
            if hashlib.sha256(bytes(der)).hexdigest() in self.fingerprints}
        keys = {serialization.load_der_private_key(clear, None).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            for _, clear in opened(self.desk).values()}
        assert len(public) == len(self.fingerprints) and public <= keys
        stored = {c["current"]["fingerprint_sha256"] for c in self.listed() if c["has_private_key"]}
        assert self.fingerprints <= stored


def test_imports_and_requests_are_served_while_the_master_key_changes(desk, authority):
    with Busy(desk, authority) as busy:
        done = desk.cli("key", "rotate", "--wait", env={"CERTDESK_TOKEN_FILE": desk.token_file})
        assert done.returncode == 0, done.stderr
    assert busy.failures == [] and len(busy.fingerprints) > 2
    busy.assert_all_there()
    assert only_key(desk) == desk.admin.get("/vault").json["key_id"]


def test_a_rotation_survives_the_death_of_anybody(desk, authority):
    """Server, vault and all of them, killed at moments of no one's choosing: nothing is lost, and it ends."""
    rng = random.Random(7)
    add_keys(desk, 30)
    secrets = {number: clear for number, (_, clear) in opened(desk).items()}
    old = only_key(desk)
    with Busy(desk, authority) as busy:
        job = desk.admin.post("/vault/rotate", expect=202).json["job"]
        for victim in ("vault", "server", "all", "vault"):
            time.sleep(rng.random() * 0.8)  # not waited for: it is the moment that is random
            pid = desk.children().get(victim)
            if victim == "all":
                desk.kill_hard()
                desk.start()
            elif pid:
                os.kill(pid, signal.SIGKILL)
                desk.wait_ready()
        wait_until(lambda: desk.admin.call("GET", f"/jobs/{job}").json["state"] == "done", 90, "rotation")
        reached = len(busy.fingerprints)
        wait_until(lambda: len(busy.fingerprints) > reached, 30, "work after it")
    busy.assert_all_there()
    assert only_key(desk) == desk.admin.get("/vault").json["key_id"] != old
    now = {number: clear for number, (_, clear) in opened(desk).items()}
    assert {n: now.get(n) for n in secrets} == secrets
    assert len(master_keys(desk)) == 2, "a key that was made and not written down is taken up again"


def test_a_second_rotation_waits_for_the_first(desk):
    first = desk.admin.post("/vault/rotate", expect=202).json["job"]
    answer = desk.admin.post("/vault/rotate", expect=409).json
    assert str(first) in answer["detail"]
    desk.admin.job_done(first, 60)
    rotate(desk)
    assert len(master_keys(desk)) == 3


def test_a_damaged_key_stays_where_it_is_and_is_told(desk):
    if desk.database is not None:
        pytest.skip("the file is damaged by hand")
    add_keys(desk, 3)
    import sqlite3
    with sqlite3.connect(f"{desk.data}/db/certdesk.db", timeout=30) as db:
        number, blob = db.execute("SELECT id, blob FROM sealed_key WHERE purpose = 'tls' ORDER BY id LIMIT 1").fetchone()
        db.execute("UPDATE sealed_key SET blob = ? WHERE id = ?", (blob[:40] + b"\0\0\0" + blob[43:], number))
    job = desk.admin.post("/vault/rotate", expect=202).json["job"]
    done = desk.admin.job_done(job, 60)
    assert done["state"] == "failed" and f"the first is {number}" in done["error"]
    states = {k["state"]: k["count"] for k in desk.admin.get("/vault").json["keys"]["by_key"]}
    assert states["retiring"] == 1 and states["current"] >= 2


def test_swapped_rows_and_blobs_do_not_open(desk):
    """Invariant 3: a blob is bound to its row. What was swapped is not wrapped anew either."""
    if desk.database is not None:
        pytest.skip("the file is changed by hand")
    add_keys(desk, 2)
    import sqlite3
    with sqlite3.connect(f"{desk.data}/db/certdesk.db", timeout=30) as db:
        (a, blob_a), (b, blob_b) = db.execute("SELECT id, blob FROM sealed_key WHERE purpose = 'tls'").fetchall()
        db.execute("UPDATE sealed_key SET blob = ? WHERE id = ?", (blob_b, a))
        db.execute("UPDATE sealed_key SET blob = ? WHERE id = ?", (blob_a, b))
    done = desk.admin.job_done(desk.admin.post("/vault/rotate", expect=202).json["job"], 60)
    assert done["state"] == "failed" and "2 sealed keys" in done["error"]


def test_another_master_key_makes_the_node_not_ready_and_none_is_made(desk_factory):
    desk = desk_factory()
    add_keys(desk, 1)
    path = os.path.join(desk.data, "vault", "master.key")
    with open(path, encoding="ascii") as f:
        right = f.read()
    desk.stop()
    for wrong, says in ((None, "missing"), ("certdesk master key 1\n" + "ab" * 32 + "\n", "another one")):
        os.unlink(path)
        if wrong:
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
                f.write(wrong)
        desk.start(ready=False)
        wait_until(lambda: not_ready(desk, says), 30, "not ready")
        assert desk.admin.post("/csrs", {"subject": {"CN": "x"}}, expect=None).status in (409, 503)
        assert os.path.exists(path) == (wrong is not None)
        if wrong is None:
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
                f.write(right)
            desk.wait_ready()  # it comes back by itself
        desk.stop()
    with open(path, "w", encoding="ascii") as f:
        f.write(right)
    desk.start()
    assert only_key(desk)


def not_ready(desk, says):
    try:
        answer = desk.admin.call("GET", "/readyz")
    except OSError:
        return False
    return answer.status == 503 and says in answer.json["detail"]


def secret_file(desk, name, text):
    os.makedirs(desk.directory, exist_ok=True)
    path = os.path.join(desk.directory, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(text)
    return path


def test_the_passphrase_is_changed_by_a_rotation(desk_factory):
    desk = desk_factory(start=False)
    old = secret_file(desk, "old", "correct horse battery staple\n")
    desk.env["CERTDESK_VAULT_PASSPHRASE_FILE"] = old
    desk.start()
    add_keys(desk, 2)
    assert desk.admin.get("/vault").json["source"] == "passphrase"
    assert not os.path.exists(os.path.join(desk.data, "vault", "master.key"))
    os.kill(desk.children()["vault"], signal.SIGKILL)  # the supervisor reads the file again
    add_keys(desk_ready(desk), 1)
    desk.stop()
    desk.env["CERTDESK_VAULT_PASSPHRASE_FILE"] = secret_file(desk, "new", "an entirely different phrase")
    desk.start(ready=False)
    wait_until(lambda: not_ready(desk, "passphrase is another one"), 30, "not ready")
    desk.stop()
    desk.env["CERTDESK_VAULT_OLD_PASSPHRASE_FILE"] = old
    desk.start()
    rotate(desk)
    desk.stop()
    del desk.env["CERTDESK_VAULT_OLD_PASSPHRASE_FILE"]
    desk.start()
    add_keys(desk, 1)
    assert [k["state"] for k in desk.admin.get("/vault").json["keys"]["by_key"]] == ["retired", "current"]


def desk_ready(desk):
    desk.wait_ready()
    return desk


@pytest.mark.skipif(not os.path.exists(MODULE), reason="no SoftHSM here")
def test_from_a_key_file_to_a_token_and_back(desk_factory):
    desk = desk_factory(start=False)
    tokens = os.path.join(desk.directory, "tokens")
    os.makedirs(tokens)
    conf = secret_file(desk, "softhsm2.conf", f"directories.tokendir = {tokens}\n")
    env = {**os.environ, "SOFTHSM2_CONF": conf}
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "desk", "--so-pin", "12345678",
                    "--pin", "87654321"], check=True, env=env, capture_output=True)
    desk.start()
    add_keys(desk, 3)
    desk.stop()
    desk.env.update({
        "SOFTHSM2_CONF": conf, "CERTDESK_VAULT_PKCS11_MODULE": MODULE, "CERTDESK_VAULT_PKCS11_TOKEN": "desk",
        "CERTDESK_VAULT_PKCS11_PIN_FILE": secret_file(desk, "pin", "87654321\n")})
    desk.start()
    rotate(desk)
    assert desk.admin.get("/vault").json["source"] == "pkcs11"
    os.rename(os.path.join(desk.data, "vault", "master.key"), os.path.join(desk.directory, "away"))
    desk.stop()
    desk.start()  # the token alone is enough
    add_keys(desk, 1)
    os.kill(desk.children()["vault"], signal.SIGKILL)
    add_keys(desk_ready(desk), 1)
    os.rename(os.path.join(desk.directory, "away"), os.path.join(desk.data, "vault", "master.key"))
    desk.stop()
    desk.env["CERTDESK_VAULT_SOURCE"] = "file"
    desk.start()
    rotate(desk)
    assert desk.admin.get("/vault").json["source"] == "file"
    assert len(opened(desk)) >= 5 and query(desk, "SELECT count(*) FROM master_key") == [(3,)]


def test_all_nodes_hold_the_new_key_before_any_seals_with_it(desk_factory):
    first = desk_factory()
    if first.database is None:
        pytest.skip("nodes share a PostgreSQL database")
    second = desk_factory(start=False, name="second")
    second.database, second.token_file = first.database, first.token_file
    second.env.pop("CERTDESK_ADMIN_TOKEN_FILE")
    copy_key(first, second)
    second.start()
    old = first.admin.get("/vault").json["key_id"]
    job = first.admin.post("/vault/rotate", expect=202).json["job"]

    def pending():
        rows = {k["state"]: k["key_id"] for k in first.admin.get("/vault").json["keys"]["by_key"]}
        return "pending" in rows and len(first.admin.get("/vault").json["rotation"]["nodes"]) == 2

    wait_until(pending, 30, "the second node to say that it is there")
    new = [k["key_id"] for k in first.admin.get("/vault").json["keys"]["by_key"] if k["state"] == "pending"][0]
    deadline = time.monotonic() + 10  # longer than nodes are waited for that say nothing
    while time.monotonic() < deadline:
        state = first.admin.get("/vault").json
        assert state["key_id"] == old and state["rotation"]["job"] == job
        time.sleep(0.5)
    add_keys(first, 1)
    add_keys(second, 1)
    # Whichever node ran the job has the new line; a copy brings it to the other.
    holder = first if new in master_keys(first) else second
    copy_key(holder, second if holder is first else first)
    assert first.admin.job_done(job, 60)["state"] == "done"
    add_keys(first, 1)
    add_keys(second, 1)
    assert only_key(first) == new == second.admin.get("/vault").json["key_id"]


def copy_key(source, target):
    directory = os.path.join(target.data, "vault")
    os.makedirs(directory, mode=0o700, exist_ok=True)
    os.chmod(target.data, 0o700)
    with open(os.path.join(source.data, "vault", "master.key"), encoding="ascii") as f:
        text = f.read()
    path = os.path.join(directory, "master.key")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
        f.write(text)
