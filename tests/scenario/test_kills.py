"""kill -9 at random moments: what was acknowledged is there, nothing is doubled, everything ends."""

import os
import random
import signal

from certdesk import Api
from certs import days
from servers import free_port, wait_until

KILLS = int(os.environ.get("CERTDESK_KILLS", "20"))


def patiently(call, seconds=30):
    """Repeat until the server answers; what it then says counts as acknowledged."""
    def answered():
        try:
            answer = call()
        except OSError:
            return None
        return answer if answer.status < 500 else None
    return wait_until(answered, seconds, "an answer")


def kill_something(desk, chance):
    """One of the processes, or all of them at once."""
    if chance.random() < 0.2:
        desk.kill_hard()
        desk.start(ready=False)
        return
    children = desk.children()
    if children:
        try:
            os.kill(children[chance.choice(sorted(children))], signal.SIGKILL)
        except ProcessLookupError:
            pass


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(desk, nginx, authority):
    """F6 F43: records, comments and tickets survive; each certificate has one open ticket."""
    chance = random.Random(20261121)
    port = free_port()
    nginx.site(port, authority.issue("k.example", not_after=days(5))).start()
    admin = Api(desk.base, desk.admin.token)
    made, said = [], []

    for i in range(KILLS):
        body = {"name": f"r{i}", "endpoints": [{"host": "127.0.0.1", "port": port, "sni": "k.example"}]}
        key = {"Idempotency-Key": f"kill-{i}"}
        kill_something(desk, chance)
        answer = patiently(lambda b=body, k=key: admin.call("POST", "/certificates", b, headers=k))
        assert answer.status == 201, answer
        made.append(answer.json["id"])
        patiently(lambda: admin.call("POST", "/schedules/notify/run"))
        if made and patiently(lambda: admin.call("GET", "/tickets/CERT-1")).status == 200:
            text = f"word {i}"
            kill_something(desk, chance)
            answer = patiently(lambda t=text, n=i: admin.call(
                "POST", "/tickets/CERT-1/comments", {"body": t}, headers={"Idempotency-Key": f"word-{n}"}))
            assert answer.status == 201, answer
            said.append(text)

    desk.wait_ready(60)
    wait_until(lambda: all(j["state"] in ("done", "failed") for j in admin.get("/jobs?limit=500").json["items"]),
               300, "all jobs ended")  # one that was interrupted several times is tried again after minutes
    admin.job_done(admin.post("/schedules/notify/run", expect=202).json["job"], 60)

    assert {r["id"] for r in admin.get("/certificates?limit=500").json["items"]} == set(made)
    assert len(set(made)) == KILLS
    assert all(r["current"] is not None for r in admin.get("/certificates?limit=500").json["items"])
    about = [t["certificate"]["id"] for t in admin.get("/tickets?open=true&limit=500").json["items"]]
    assert sorted(about) == sorted(made), "one open ticket for each record"
    bodies = [c["body"] for c in admin.get("/tickets/CERT-1/comments?limit=500").json["items"]]
    assert [b for b in bodies if b.startswith("word ")] == said
    admin.job_done(admin.post("/schedules/audit/run", expect=202).json["job"], 60)
    verdict = admin.get("/audit/verify").json
    assert verdict["intact"] and verdict["links"] > 0, verdict
