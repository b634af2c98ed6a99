"""F25 F27: imports at the same time, and while processes die: each certificate is one record, whole or not there."""

import os
import signal
import threading

from certs import days
from servers import wait_until
from uploads import form


def post(api, fields):
    body, content_type = form(fields)
    return api.call("POST", "/certificates/import", body, headers={"Content-Type": content_type})


def test_the_same_certificate_at_the_same_time_is_one_record(desk, authority):
    site = authority.issue("race.example")
    answers = []

    def run():
        answers.append(post(desk.admin, [("file", site.pem + site.key_pem)]))
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [200, 200, 200, 201], answers
    assert len({a.json["id"] for a in answers}) == 1
    assert desk.admin.get("/certificates").json["total"] == 1


def test_what_dies_meanwhile_leaves_nothing_half_done(desk, authority):
    sites = [authority.issue(f"kill-{n}.example", not_after=days(90)) for n in range(12)]
    stop, killed = threading.Event(), []

    def kill():
        roles = ["vault", "importer"]
        while not stop.wait(0.13):
            pid = desk.children().get(roles[len(killed) % 2])
            if pid:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    killer = threading.Thread(target=kill)
    killer.start()
    answers = [post(desk.admin, [("file", s.pem + s.key_pem)]) for s in sites]
    stop.set()
    killer.join()
    assert {a.status for a in answers} <= {201, 503}, answers
    records = {c["current"]["fingerprint_sha256"]: c for c in desk.admin.get("/certificates?limit=100").json["items"]}
    for site, answer in zip(sites, answers):
        assert (site.fingerprint in records) == (answer.status == 201), answer
        if answer.status == 503:
            assert answer.headers["Retry-After"]
    assert all(c["has_private_key"] for c in records.values())
    assert len(killed) >= 3

    def retry(site):
        return wait_until(lambda: (a := post(desk.admin, [("file", site.pem + site.key_pem)])).status < 500 and a, 20)
    assert {retry(s).status for s in sites} <= {200, 201}
    assert desk.admin.get("/certificates").json["total"] == len(sites)
