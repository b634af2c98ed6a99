"""kill -9 while a hundred tickets are driven from request to revocation: each ends, with one certificate for each
request, and nothing that was acknowledged is lost."""

import itertools
import os
import random
import threading
import time

from certdesk import Api
from lifecycle import Desk, csr_for
from servers import wait_until
from test_kills import kill_something, patiently

# As many tickets as that at least, and more until there were so many kills, but for no longer than that.
KILLS = int(os.environ.get("CERTDESK_KILLS", "300"))
TICKETS = int(os.environ.get("CERTDESK_TICKETS", "100"))
SECONDS = int(os.environ.get("CERTDESK_KILL_SECONDS", "200"))
DRIVERS = 4


class Killer(threading.Thread):
    """Does harm by `strike(chance)`, until it was done often enough or nobody drives any more."""

    def __init__(self, strike, kills, pause=(0.05, 0.8)):
        super().__init__(daemon=True)
        self.strike, self.kills, self.left, self.pause = strike, kills, kills, pause
        self.chance, self.over = random.Random(20261121), threading.Event()

    def run(self):
        while self.left > 0 and not self.over.is_set():
            self.strike(self.chance)
            self.left -= 1
            if self.over.wait(self.chance.uniform(*self.pause)):
                return


def everything(api, path):
    items, cursor = [], ""
    while cursor is not None:
        page = api.get(f"{path}?limit=500" + (f"&cursor={cursor}" if cursor else "")).json
        items, cursor = items + page["items"], page["next_cursor"]
    return items


def drive(api, number, acknowledged):
    """One ticket through its life. Whoever is not answered asks again; what is answered is written down."""
    csr = csr_for(f"w{number}.example.org")[0]
    body = {"type": "certificate", "profile": "web", "csr": csr}
    made = patiently(lambda: api.call("POST", "/tickets", body, headers={"Idempotency-Key": f"t-{number}"}), 120)
    assert made.status == 201, made
    key = made.json["key"]

    def reach(transition, *statuses, **words):
        """Ask until it is there: an answer that was lost may have been a success, which If-Match notices."""
        def there():
            now = patiently(lambda: api.call("GET", f"/tickets/{key}"), 120)
            if now.json["status"] in statuses:
                return now.json
            patiently(lambda: api.call("POST", f"/tickets/{key}/transitions", {"transition": transition, **words},
                                       headers={"If-Match": now.json["etag"]}), 120)
            return None
        acknowledged[key] = wait_until(there, 180, f"{key} {transition}")["status"]
    reach("enroll", "certificate_enrolled")
    if number % 2:
        reach("renew", "certificate_renewed", force=True)
    if number % 3 == 0:
        reach("revoke", "certificate_revoked", reason="superseded")
    return key


def live(desk, killer, n_tickets, seconds):
    """At least so many tickets through their lives under the killer's hands; returns what each was said to be at last."""
    admin = Api(desk.base, desk.admin.token)
    acknowledged, failures, numbers = {}, [], itertools.count()
    lock, until = threading.Lock(), time.monotonic() + seconds

    def work():
        while True:
            with lock:
                number = next(numbers)
            if number >= n_tickets and (killer.left == 0 or time.monotonic() > until):
                return
            try:
                drive(admin, number, acknowledged)
            except BaseException as e:
                failures.append(f"{number}: {e!r}")
    drivers = [threading.Thread(target=work) for _ in range(DRIVERS)]
    started = time.monotonic()
    killer.start()
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join(seconds + 200)
    killer.over.set()
    killer.join(60)
    print(f"{killer.kills - killer.left} kills in {time.monotonic() - started:.0f} s, {len(acknowledged)} tickets")
    assert failures == [] and killer.kills - killer.left >= killer.kills // 3
    assert len(acknowledged) >= n_tickets
    desk.wait_ready(60)
    return acknowledged


def check(life, acknowledged):
    """Nothing was lost, and nothing done twice."""
    admin = Api(life.desk.base, life.api.token)
    tickets = everything(admin, "/tickets")
    assert {t["key"]: t["status"] for t in tickets} == acknowledged
    renewed = revoked = 0
    for ticket in tickets:
        number = int(ticket["domain"].removeprefix("w").split(".")[0])
        renewed += number % 2
        revoked += number % 3 == 0
        assert len(life.files(ticket)) == 1 + number % 2, ticket
        versions = admin.get(f"/certificates/{ticket['certificate']['id']}/versions").json["items"]
        assert len(versions) == 1 + number % 2 and [v["role"] for v in versions].count("current") == 1
        said = life.comments(ticket)
        assert sum("Certificate enrolled:" in c for c in said) == 1
        assert sum("Certificate renewed:" in c for c in said) == number % 2
        assert sum("Certificate revoked:" in c for c in said) == (number % 3 == 0)
    ca = admin.get("/cas/internal").json
    assert (ca["n_certificates"], ca["n_revoked"]) == (len(tickets) + renewed, revoked)
    assert admin.get("/certificates").json["total"] == len(tickets) + 1, "and the authority's own"
    stuck = admin.get("/jobs?state=running").json["items"]
    wait_until(lambda: not {j["id"] for j in stuck} & {j["id"] for j in admin.get("/jobs?state=running").json["items"]},
               60, f"the end of {stuck}")
    admin.job_done(admin.post("/schedules/audit/run", expect=202).json["job"], 60)
    verdict = admin.get("/audit/verify").json
    assert verdict["intact"] and verdict["links"] > 0, verdict


def test_every_ticket_ends_with_one_certificate_for_each_request(desk):
    life = Desk(desk)
    killer = Killer(lambda chance: kill_something(desk, chance), KILLS // 15 if desk.database else KILLS)
    check(life, live(desk, killer, TICKETS, SECONDS))
