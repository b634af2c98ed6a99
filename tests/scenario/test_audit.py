"""F36: the audit log is proved from outside, and what vouches for it leaves the house."""

import csv
import io
import json
import re
import socket
import sqlite3
import subprocess

import pytest

from servers import wait_until


def chained(desk):
    """The log, linked and signed up to now; its last checkpoint's number."""
    desk.admin.job_done(desk.admin.post("/schedules/audit/run", expect=202).json["job"])
    return desk.admin.get("/audit/verify").json


def verify(desk, *words):
    where = ["--database", desk.database] if desk.database else ["--data", desk.data]
    return desk.cli("audit", "verify", *where, *words)


def change(desk, statement):
    """What somebody with the database in hand could do."""
    if desk.database:
        subprocess.run(["psql", desk.database, "-qc", statement], check=True)
        return
    with sqlite3.connect(f"{desk.data}/db/certdesk.db") as db:
        db.execute(statement)


def test_who_did_what_is_found(desk):
    """F36: by actor, action and time."""
    desk.admin.post("/users", {"name": "ann", "role": "user", "password": "long enough to do"})
    made = desk.admin.get("/audit?action=user.create&actor=admin").json["items"]
    assert [e["object_name"] for e in made] == ["ann"]
    assert desk.admin.get("/audit?actor=ann").json["items"] == []
    at = made[0]["at"]
    assert desk.admin.get(f"/audit?action=user.create&actor=admin&from={at}").json["items"] == made
    assert desk.admin.get(f"/audit?action=user.create&actor=admin&to={at}").json["items"] == []
    assert "from" in desk.admin.get("/audit?from=yesterday", expect=400).json["errors"][0]["field"]


def test_the_log_goes_out_as_a_table(desk):
    """F36: what a filter finds, all of it, newest first, and harmless in a spreadsheet."""
    made = [desk.admin.post("/groups", {"name": f"=g{i}"}).json["name"] for i in range(230)]
    rows = list(csv.DictReader(io.StringIO(desk.admin.get("/audit.csv?object_type=group&actor=admin").body.decode(), newline="")))
    assert [r["object_name"] for r in rows] == [f"'{name}" for name in reversed(made)]
    assert {(r["actor"], r["action"]) for r in rows} == {("admin", "group.create")} and json.loads(rows[0]["after"])
    listed = desk.admin.get("/audit?object_type=group&limit=1").json["items"][0]
    assert (rows[0]["id"], rows[0]["at"]) == (str(listed["id"]), listed["at"])
    assert len(desk.admin.get("/audit.csv?to=2020-01-01").body.splitlines()) == 1
    desk.admin.get("/audit.csv?from=yesterday", expect=400)
    desk.user("plain").get("/audit.csv", expect=403)


def test_the_log_is_proved_without_the_server(desk):
    """F36 F38: by API while it runs, and by whoever has the database when it does not."""
    told = chained(desk)
    assert told["intact"] and told["checkpoints"]["count"] >= 1
    assert told["checkpoints"]["verified_up_to"] == told["links"]
    while_running = verify(desk, "-o", "json")
    assert while_running.returncode == 0, while_running.stderr
    desk.stop()
    proved = json.loads(verify(desk, "-o", "json").stdout)
    assert proved["intact"] and proved["links"] >= told["links"]
    assert proved["signer"] == told["checkpoints"]["signer"]
    assert "intact" in verify(desk, "--signer", proved["signer"]).stdout


@pytest.mark.parametrize("statement, reason", [
    ("UPDATE audit SET actor = 'bob' WHERE id = (SELECT MIN(id) FROM audit)", "not what was linked"),
    ("UPDATE audit_checkpoint SET signature = public_key", "signature"),
    ("DELETE FROM audit_link WHERE seq = (SELECT MAX(seq) FROM audit_link)", ""),
])
def test_what_was_tampered_with_is_found(desk, statement, reason):
    chained(desk)
    desk.stop()
    change(desk, statement)
    found = verify(desk)
    assert found.returncode == 1 and "broken at link" in found.stdout and reason in found.stdout, found


def test_a_log_made_anew_is_found_by_what_was_sent_elsewhere(desk_factory):
    """F36: checkpoints go to a log server; the chain is held against one of them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(20)
        port = listener.getsockname()[1]
        desk = desk_factory(env={"CERTDESK_AUDIT_SYSLOG": f"udp:127.0.0.1:{port}"})
        chained(desk)
        line = listener.recv(4096).decode()
    found = re.fullmatch(r"<85>1 \S+Z \S+ certdesk \d+ audit - audit checkpoint seq=(\d+) hash=([0-9a-f]{64}) "
                         r"key=([0-9a-f]{64}) signature=[0-9a-f]{128}", line)
    assert found, line
    seq, digest, key = found.groups()
    desk.stop()
    assert verify(desk, "--checkpoint", f"{seq}:{digest}", "--signer", key).returncode == 0
    other = verify(desk, "--checkpoint", f"{seq}:{'0' * 64}")
    assert other.returncode == 1 and "checkpoint that was given" in other.stdout
    assert "another key" in verify(desk, "--signer", "0" * 64).stdout


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_checkpoints_reach_every_kind_of_log(desk_factory, sockets, kind):
    if kind == "unix":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        target = f"unix:{sockets}/log"
        listener.bind(f"{sockets}/log")
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        target = f"tcp:127.0.0.1:{listener.getsockname()[1]}"
    with listener:
        listener.settimeout(20)
        desk = desk_factory(env={"CERTDESK_AUDIT_SYSLOG": target})
        chained(desk)
        if kind == "unix":
            assert re.match(rb"<85>\w{3} [ \d]\d [\d:]{8} certdesk\[\d+\]: audit checkpoint seq=", listener.recv(4096))
        else:
            sender, _ = listener.accept()
            text = sender.makefile("rb").read()
            size, _, message = text.partition(b" ")
            assert len(message) == int(size) and b"audit checkpoint seq=" in message


def test_a_log_that_does_not_listen_stops_nothing(desk_factory):
    desk = desk_factory(env={"CERTDESK_AUDIT_SYSLOG": "tcp:127.0.0.1:1"})
    assert chained(desk)["checkpoints"]["count"] >= 1
    wait_until(lambda: "audit.syslog_failed" in desk.log(), 10, "the failure in our own log")


def test_words_it_cannot_use_are_told(desk, tmp_path):
    assert desk.cli("audit").returncode == 2
    assert desk.cli("audit", "verify", "--checkpoint", "x").returncode == 2
    missing = desk.cli("audit", "verify", "--data", str(tmp_path / "nowhere"))
    assert missing.returncode == 1 and "there is no database" in missing.stderr
