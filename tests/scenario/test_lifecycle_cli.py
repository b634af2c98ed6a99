"""The life of a certificate from the command line: certdesk ticket, and certdesk cert enroll, renew, revoke."""

import json
import re
import socket
import threading

from lifecycle import Desk, csr_for
from test_foes import person


def test_a_certificate_from_request_to_revocation(desk, tmp_path):
    """F11 F13 F14 F15 F17 F18"""
    life = Desk(desk)

    def say(*words, code=0, **kw):
        result = desk.cli(*words, env={"CERTDESK_TOKEN": life.api.token}, **kw)
        assert result.returncode == code, (words, result.stdout, result.stderr)
        return result.stdout if code == 0 else result.stderr
    csr = tmp_path / "www.csr"
    csr.write_text(csr_for("www.example.org")[0])
    assert say("ticket", "create", "--profile", "web", "--csr", str(csr), "--summary", "Web shop") == \
        "CERT-1- Web shop has been created (certificate_request)\n"
    assert "refuses" not in say("ticket", "show", "CERT-1")
    assert "csr" in say("ticket", "create", "--profile", "web", code=1)
    assert say("ticket", "enroll", "cert-1", "--comment", "please") == "CERT-1 has been updated (certificate_enrolled)\n"
    shown = say("ticket", "show", "CERT-1")
    assert "Certificate enrolled:www.example.org" in shown and "please" in shown
    for line in ("certificate_id C-", "expires_at 20", "reporter admin", "expected_at www.example.org:443, not seen"):
        assert line in re.sub(" +", " ", shown)
    assert "www.example.org.pem" in say("ticket", "attachment", "CERT-1")
    file = json.loads(say("ticket", "attachment", "CERT-1", "-o", "json").splitlines()[0])
    assert say("ticket", "attachment", "CERT-1", str(file["id"])).startswith("-----BEGIN CERTIFICATE-----")
    assert "outside of the configured expiry window" in say("ticket", "renew", "CERT-1", code=1)
    assert "certificate_renewed" in say("ticket", "renew", "CERT-1", "--force")
    (tmp_path / "note.txt").write_text("hello")
    say("ticket", "attach", "CERT-1", str(tmp_path / "note.txt"))
    assert "note.txt" in say("ticket", "attachment", "CERT-1")
    [note] = [f for f in map(json.loads, say("ticket", "attachment", "CERT-1", "-o", "json").splitlines()) if f["name"] == "note.txt"]
    say("ticket", "detach", "CERT-1", str(note["id"]))
    assert "note.txt" not in say("ticket", "attachment", "CERT-1")
    say("ticket", "comment", "CERT-1", "a slip of the pen")
    [number] = re.findall(r"\n(#[0-9]+) admin, .*:\na slip of the pen\n", say("ticket", "show", "CERT-1"))
    say("ticket", "uncomment", "CERT-1", number)
    assert "slip" not in say("ticket", "show", "CERT-1")
    assert "no comment's id" in say("ticket", "uncomment", "CERT-1", "7x", code=1)
    edited = ("--priority", "high", "--labels", "shop, web", "--due", "2031-05-01", "--assignee", "admin", "--description", "soon")
    assert say("ticket", "edit", "CERT-1", *edited) == "CERT-1 has been updated\n"
    now = life.ticket({"key": "CERT-1"})
    assert [now[f] for f in ("priority", "labels", "due_at", "assignee", "description")] == [
        "high", ["shop", "web"], "2031-05-01T00:00:00Z", "admin", "soon"]
    say("ticket", "edit", "CERT-1", "--labels", "-", "--due", "-", "--assignee", "-", "--summary", "Shop of the web")
    now = life.ticket({"key": "CERT-1"})
    assert [now[f] for f in ("labels", "due_at", "assignee", "summary", "priority")] == [
        [], None, None, "Shop of the web", "high"]
    assert "due_at" in say("ticket", "edit", "CERT-1", "--due", "tomorrow", code=1)
    say("ticket", "csr", "CERT-1", str(csr))
    say("ticket", "watch", "CERT-1")
    assert life.ticket({"key": "CERT-1"})["is_watching"]
    say("ticket", "unwatch", "CERT-1")
    assert "certificate_revoked" in say("ticket", "revoke", "CERT-1", "--reason", "superseded")

    assert "certificate_request" in say("ticket", "create", "--profile", "web", "shop.example.org", "--key", "ec")
    assert "cancelled" in say("ticket", "cancel", "CERT-2")
    say("ticket", "approve", "CERT-2", code=1)
    record = life.api.post("/certificates", {"name": "later"}).json["id"]
    assert "certificate_enrolled" in say("cert", "enroll", str(record), "--profile", "web", "later.example.org")
    assert "certificate_renewed" in say("cert", "renew", str(record), "--force")
    number = life.ticket({"key": "CERT-3"})["certificate_id"]
    assert say("ticket", "create", "--profile", "web", "--revoke", number, "--domain", "later.example.org", "--summary",
               "Over") == "CERT-4- Over has been revoked (done)\n"
    assert "certificate_revoked" in say("cert", "revoke", str(record))
    assert say("ticket", "list", "--profile", "web", "--status", "cancelled").count("CERT-") == 1
    for words in (("ticket",), ("ticket", "nonsense"), ("ticket", "renew"), ("cert", "revoke")):
        say(*words, code=2)
    say("cert", "renew", "x", code=1)
    life.api.post("/groups", {"name": "ops", "users": ["admin"]})
    life.profile("strict", approvals={"needed": 2, "group": "ops"})
    shown = re.sub(" +", " ", say("ticket", "show", life.create("www.example.org", profile="strict")["key"]))
    assert "approvals 2 of the group ops are needed" in shown


def test_what_is_approved_is_what_was_looked_at(desk):
    life = Desk(desk)
    ann = person(life, "ann")
    life.api.post("/groups", {"name": "ops", "users": [ann.name]})
    life.profile("strict", approvals={"needed": 1, "group": "ops"})
    ticket = life.create("www.example.org", profile="strict", summary="Shop")
    key = ticket["key"]

    def say(*words):
        return desk.cli("ticket", *words, env={"CERTDESK_TOKEN": ann.token})
    [seen] = re.findall(r'^etag +"(\d+)"$', say("show", key).stdout, re.M)
    life.api.post(f"/tickets/{key}/csr", {"csr": csr_for("other.example.org")[0]}, expect=200)
    late = say("approve", key, "--etag", seen)
    assert late.returncode == 1 and "changed" in late.stderr, late
    assert life.ticket(ticket)["approvals"]["given"] == []
    agreed = say("approve", key)
    assert agreed.returncode == 0 and re.search("^summary +Shop$", agreed.stdout, re.M), agreed
    assert [a["account"] for a in life.ticket(ticket)["approvals"]["given"]] == [ann.name]
    taken_back = say("refuse", key, "--etag", life.ticket(ticket)["etag"])
    assert taken_back.returncode == 0, taken_back


class LosesAnswers:
    """Stands before the desk; the first answers do not come back."""

    def __init__(self, desk, n):
        self.host, port = desk.base.removeprefix("http://").split(":")
        self.port, self.n, self.requests = int(port), n, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.one(near)

    def one(self, near):
        with near, socket.create_connection((self.host, self.port), timeout=30) as far:
            request = b""
            while b"\r\n\r\n" not in request:
                request += near.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            sizes = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            while len(body) < sum(sizes):
                body += near.recv(65536)
            self.requests.append(head.decode())
            far.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            answer = b""
            while got := far.recv(65536):
                answer += got
            if len(self.requests) > self.n:
                near.sendall(answer)


def test_a_transition_whose_answer_is_lost_is_done_once(desk):
    """F13 F17: the command asks again by itself, and the server does it once."""
    life = Desk(desk)
    ticket = life.enrolled("www.example.org")
    between = LosesAnswers(desk, 2)
    done = desk.cli("ticket", "renew", ticket["key"], "--force",
                    env={"CERTDESK_TOKEN": life.api.token, "CERTDESK_URL": between.base})
    assert (done.returncode, done.stdout) == (0, f"{ticket['key']} has been updated (certificate_renewed)\n"), done.stderr
    sent = [line for head in between.requests for line in head.split("\r\n") if line.startswith("Idempotency-Key: ")]
    assert len(sent) == 3 and len(set(sent)) == 1
    assert len(life.api.get(f"/certificates/{ticket['certificate']['id']}/versions").json["items"]) == 2
    between.listener.close()
