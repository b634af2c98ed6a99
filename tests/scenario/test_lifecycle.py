"""The life of a certificate, by ticket, with the built-in CA: F11 to F18, F43."""

import concurrent.futures
import json
import re
import secrets
import time
from datetime import datetime
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from lifecycle import Desk, csr_for, person, spki
from mailbox import MailServer
from profiles import look_for_renewals, run_sql
from uploads import import_, upload

OUTSIDE = "The certificate's profile does not allow renewal outside of the configured expiry window"


def pull_forward(life, ticket, days):
    """The ticket's certificate ends in so many days; it began long before, as far as planning is concerned."""
    run_sql(life.desk, "UPDATE version SET not_before = not_before - 86400 * 90, not_after = not_after - 86400 * (90 - %d)"
                       " WHERE id = (SELECT version_id FROM ticket WHERE number = %s)" % (days, ticket["key"].split("-")[1]))
    run_sql(life.desk, "UPDATE certificate_life SET renew_at = 1 WHERE certificate_id = %d" % ticket["certificate"]["id"])


# ---------------------------------------------------------------- the story

def test_create_enroll_download_renew_renew_revoke(life):
    """F11 F13 F14 F15 F17: from the request to the end, in the words of the sources."""
    csr, key = csr_for("www.example.org", "example.org")
    ticket = life.create(csr=csr, summary="Web shop")
    assert ticket["message"] == f"{ticket['key']}- Web shop has been created"
    assert (ticket["status"], ticket["reporter"], ticket["certificate_id"]) == ("certificate_request", "admin", None)
    record = life.api.get(f"/certificates/{ticket['certificate']['id']}").json
    assert (record["status"], record["source"], record["owner"]) == ("unknown", "managed", "admin")

    enrolled = life.do(ticket, "enroll", comment="please")
    assert enrolled["message"] == f"{ticket['key']} has been updated"
    assert (enrolled["status"], enrolled["summary"]) == ("certificate_enrolled", "Certificate enrolled:www.example.org")
    assert re.fullmatch(r"C-\d+", enrolled["certificate_id"]) and enrolled["expires_at"]
    assert enrolled["expected_at"] == [{"endpoint": "www.example.org:443", "seen": False},
                                       {"endpoint": "example.org:443", "seen": False}]
    said = life.comments(ticket)
    assert said[0] == "please"
    assert [bool(re.search(w, c)) for w, c in zip(("requested", "enrolled", "Attached"), said[1:])] == [True] * 3
    file, = life.files(ticket)
    assert file["name"] == "www.example.org.pem"
    answer = life.download(ticket, file)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="www.example.org.pem"'
    assert b"PRIVATE KEY" not in answer.body
    assert spki(life.chain(ticket)[0]) == spki(key)

    refused = life.do(ticket, "renew", expect=409)
    assert refused["detail"] == OUTSIDE
    ids = [enrolled["certificate_id"]]
    for _ in range(2):
        pull_forward(life, enrolled, 20)
        renewed = life.do(ticket, "renew")
        assert (renewed["status"], renewed["summary"]) == ("certificate_renewed", enrolled["summary"])
        ids.append(renewed["certificate_id"])
    assert len(set(ids)) == 3 and len(life.files(ticket)) == 3
    versions = life.api.get(f"/certificates/{record['id']}/versions").json["items"]
    assert [v["role"] for v in versions] == ["current", "superseded", "superseded"]

    revoked = life.do(ticket, "revoke", reason="superseded", comment="no longer needed")
    assert revoked["status"] == "certificate_revoked"
    assert "no longer needed" in life.comments(ticket)
    assert life.do(ticket, "revoke", reason="superseded")["status"] == "certificate_revoked"
    assert life.do(ticket, "renew", expect=409)["detail"].startswith('"renew" is not possible')
    assert life.api.get(f"/certificates/{record['id']}").json["status"] == "revoked"
    listed = life.api.get("/cas/internal/certificates").json["items"]
    assert [bool(c["revoked_at"]) for c in listed if c["serial"] in {v["serial"] for v in versions}].count(True) == 1
    history = life.api.get(f"/tickets/{ticket['key']}/history?limit=200").json["items"]
    assert [h["to"] for h in history if h["field"] == "status"] == [
        "certificate_enrolled", *["certificate_renew", "certificate_renewed"] * 2, "certificate_revoked"]


def test_a_certificate_is_revoked_by_its_id_and_its_domain(life):
    """F18: both must match; what is a stranger's is as if it were not there."""
    one, other = life.enrolled("a.example.org"), life.enrolled("b.example.org")
    stranger = person(life, "stranger")

    def revoke(certificate_id, domain, api=None):
        return (api or life.api).post("/tickets", {"type": "revoke_certificate", "profile": "web", "summary": "Shop closed",
                                                   "certificate_id": certificate_id, "domain": domain}).json
    for ticket in (revoke(one["certificate_id"], "b.example.org"), revoke("C-999", "a.example.org"),
                   revoke("nonsense", "a.example.org")):
        assert (ticket["status"], ticket["message"]) == ("open", f"{ticket['key']}- Shop closed has been created")
        assert "there is no certificate" in life.comments(ticket)[-1]
        assert "there is no certificate" in life.do(ticket, "revoke", expect=409)["detail"]
    theirs = revoke(one["certificate_id"], "a.example.org", stranger)
    assert theirs["status"] == "open"
    assert life.comments(theirs, stranger)[-1].startswith(
        f"The certificate could not be revoked: there is no certificate {one['certificate_id']} for a.example.org")
    assert life.ticket(one)["status"] == "certificate_enrolled"

    done = revoke(one["certificate_id"].lower(), "A.example.org")
    assert (done["status"], done["message"]) == ("done", f"{done['key']}- Shop closed has been revoked")
    assert (done["profile"], done["certificate_id"], done["domain"]) == ("web", one["certificate_id"].lower(), "A.example.org")
    assert life.ticket(one)["status"] == "certificate_revoked"
    assert f"revoked by {done['key']}" in life.comments(one)[-1]
    by_serial = life.api.get(f"/certificates/{other['certificate']['id']}").json["current"]["serial"]
    assert revoke(by_serial, "b.example.org")["status"] == "done"
    for missing in ("certificate_id", "domain"):
        body = {"type": "revoke_certificate", "profile": "web", "certificate_id": "C-1", "domain": "x", missing: None}
        assert life.api.post("/tickets", body, expect=400).json["errors"][0]["field"] == missing


# ---------------------------------------------------------------- what is refused

def test_requests_that_break_rules_are_refused(life):
    """F12: PEM, self-signature, key, names: the error says which."""
    before = [life.api.get(path).json["total"] for path in ("/tickets", "/certificates")]
    good, _ = csr_for("www.example.org")
    lines = good.split("\n")
    body = "".join(lines[1:-2])
    flipped = body[:-12] + ("A" if body[-12] != "A" else "B") + body[-11:]
    forged = "\n".join([lines[0], flipped, lines[-2], ""])
    weak = csr_for("www.example.org", key=rsa.generate_private_key(public_exponent=65537, key_size=1024))[0]
    for csr, field, says in (
            ("-----BEGIN CERTIFICATE REQUEST-----\nQUJD\n-----END CERTIFICATE REQUEST-----\n", "csr", ""),
            ("nonsense", "csr", ""), (forged, "csr", "sign"), (weak, "csr", "1024"),
            (csr_for("www.example.com")[0], "csr", "www.example.com")):
        problem = life.create(csr=csr, expect=400)
        assert any(field in e["field"] and says in e["message"] for e in problem["errors"]), problem
    problem = life.create(csr=csr_for("www.example.com", "evil.example.net")[0], expect=400)
    assert {"www.example.com", "evil.example.net"} <= {n for n in ("www.example.com", "evil.example.net")
                                                     if any(n in e["message"] for e in problem["errors"])}
    assert life.create(csr="A" * (1 << 20), expect=None) and life.api.post(
        "/tickets", {"type": "certificate", "profile": "web", "csr": "A" * (1 << 20)}, expect=None).status in (400, 413)
    problem = life.api.post("/tickets", {"type": "certificate", "profile": "web"}, expect=400).json
    assert problem["errors"][0]["field"] == "csr"
    problem = life.create(profile="nonsense", expect=400)
    assert problem["errors"][0]["field"] == "profile" and "nonsense" in problem["errors"][0]["message"]
    problem = life.create(project="NOPE", expect=400)
    assert problem["errors"][0]["field"] == "project"
    assert [life.api.get(path).json["total"] for path in ("/tickets", "/certificates")] == before


def test_transitions_that_are_not_possible_now_are_refused(life):
    ticket = life.create()
    for transition in ("renew", "revoke", "resolve", "nonsense"):
        assert life.do(ticket, transition, expect=409)["detail"].endswith("possible: enroll, cancel")
    assert life.do(ticket, "enroll", reason="nonsense", expect=400)["errors"][0]["field"] == "reason"
    stale = life.api.post(f"/tickets/{ticket['key']}/transitions", {"transition": "enroll"}, expect=412,
                          headers={"If-Match": '"77"'})
    assert stale.status == 412
    assert life.ticket(ticket)["status"] == "certificate_request"
    life.do(ticket, "enroll")
    assert life.do(ticket, "enroll", expect=409)
    assert life.do(ticket, "cancel", expect=409)


def test_cancelling_takes_the_record_back(life):
    ticket = life.create()
    life.api.get(f"/certificates/{ticket['certificate']['id']}")
    cancelled = life.do(ticket, "cancel", comment="a mistake")
    assert (cancelled["status"], cancelled["resolution"], cancelled["certificate"]) == ("cancelled", "cancelled", None)
    life.api.get(f"/certificates/{ticket['certificate']['id']}", expect=404)
    life.do(ticket, "enroll", expect=409)
    again = life.do(ticket, "cancel", comment="once more")
    assert (again["status"], life.comments(ticket)) == ("cancelled", ["a mistake"])


def test_another_ticket_for_a_record_takes_it_over_when_it_is_enrolled(life):
    """Until then, and if it is cancelled, the record lives by the ticket it has: F16."""
    first = life.enrolled("kept.example.org")
    record = first["certificate"]["id"]
    plan = life.api.get(f"/certificates/{record}/renewal").json
    second = life.create("kept.example.org", certificate=record)
    assert life.api.get(f"/certificates/{record}/renewal").json == plan
    assert life.do(second, "cancel")["status"] == "cancelled"
    assert life.api.get(f"/certificates/{record}/renewal").json == plan
    assert life.do(first, "renew", force=True)["status"] == "certificate_renewed"

    third = life.enrolled("kept.example.org", certificate=record)
    assert f"lives by {third['key']}" in life.comments(first)[-1]
    assert third["key"] in life.do(first, "renew", force=True, expect=409)["detail"]
    assert life.do(third, "renew", force=True)["status"] == "certificate_renewed"
    assert life.api.post(f"/certificates/{record}/revoke", {}, expect=200).json["key"] == third["key"]


def test_a_ticket_for_a_record_goes_to_whoever_looks_after_it(life):
    """F6 F14: unless somebody else is named."""
    life.api.post("/users", {"name": "deputy", "role": "user", "password": "correct horse battery"})
    record = life.api.post("/certificates", {"name": "cared for", "assignee": "admin"}).json["id"]
    assert life.create("cared.example.org", certificate=record)["assignee"] == "admin"
    assert life.create("cared.example.org", certificate=record, assignee="deputy")["assignee"] == "deputy"
    other = life.api.post("/certificates", {"name": "nobody's"}).json["id"]
    assert life.create("nobodys.example.org", certificate=other)["assignee"] is None


def test_a_record_whose_request_was_cancelled_is_what_it_was(life, authority):
    """What was imported is imported again, and nobody expects it to renew itself."""
    record = import_(life.api, {"file": authority.issue("mine.example.org").pem}).json
    ticket = life.create("mine.example.org", certificate=record["id"])
    assert life.api.get(f"/certificates/{record['id']}").json["source"] == "managed"
    life.do(ticket, "cancel")
    now = life.api.get(f"/certificates/{record['id']}").json
    assert (now["source"], now["profile"], now["stage"]) == ("imported", None, None)


def test_an_authoritys_own_record_is_no_profiles(life):
    (record,) = life.api.get("/certificates?q=CA+internal").json["items"]
    body = {"profile": "web", "csr": csr_for("www.example.org")[0]}
    assert "certificate authority" in life.api.post(f"/certificates/{record['id']}/enroll", body, expect=409).json["detail"]
    assert life.api.get(f"/certificates/{record['id']}").json["source"] == "imported"


def test_a_stale_reader_changes_nothing_by_the_record_either(life):
    """If-Match with enroll, renew and revoke of a record is its ETag."""
    ticket = life.enrolled("stale.example.org")
    path = f"/certificates/{ticket['certificate']['id']}"
    etag = life.api.get(path).json["etag"]
    for verb, body in (("enroll", {"profile": "web", "csr": csr_for("stale.example.org")[0]}), ("renew", {"force": True}),
                       ("revoke", {})):
        life.api.post(f"{path}/{verb}", body, headers={"If-Match": '"4711"'}, expect=412)
    assert life.ticket(ticket)["status"] == "certificate_enrolled"
    life.api.post(f"{path}/revoke", {}, headers={"If-Match": etag}, expect=200)


def test_a_summary_is_one_line_that_says_something(life):
    for bad in ("two\nlines", "  ", "x" * 251):
        answer = life.create(summary=bad, expect=400)
        assert answer["errors"][0]["field"] == "summary"
    ticket = life.create(summary="漢" * 250)
    for bad in ("two\nlines", "", "\t", None):
        life.api.patch(f"/tickets/{ticket['key']}", {"summary": bad}, expect=400)
    assert life.ticket(ticket)["summary"] == "漢" * 250


def test_reasons_are_those_of_the_standard_in_either_spelling(life):
    for reason, kept in (("key_compromise", "keyCompromise"), ("cessationOfOperation", "cessationOfOperation")):
        ticket = life.enrolled()
        life.do(ticket, "revoke", reason=reason)
        assert life.comments(ticket)[-1].endswith(f"reason {kept}.")
    ticket = life.enrolled()
    for reason in ("certificateHold", "removeFromCRL", "key", "keyCompromised"):
        (error,) = life.do(ticket, "revoke", reason=reason, expect=400)["errors"]
        assert error["field"] == "reason" and "unspecified, keyCompromise, affiliationChanged" in error["message"]


def test_what_is_a_strangers_is_not_there(life):
    """A ticket and its record are its reporter's; a stranger finds neither."""
    owner, stranger = person(life, "owner"), person(life, "stranger")
    ticket = life.enrolled(api=owner)
    key, record = ticket["key"], ticket["certificate"]["id"]
    file = life.files(ticket, owner)[0]["id"]
    for method, path, body in (
            ("GET", f"/tickets/{key}", None), ("POST", f"/tickets/{key}/transitions", {"transition": "revoke"}),
            ("GET", f"/tickets/{key}/attachments", None), ("GET", f"/tickets/{key}/attachments/{file}", None),
            ("POST", f"/tickets/{key}/csr", {"csr": "x"}), ("POST", f"/certificates/{record}/revoke", {}),
            ("POST", f"/certificates/{record}/renew", {}), ("PUT", f"/tickets/{key}/watchers/{stranger.name}", None),
            ("POST", "/tickets", {"type": "certificate", "profile": "web", "certificate": record,
                                  "csr": csr_for("www.example.org")[0]})):
        stranger.call(method, path, body, expect=404)
    assert stranger.get("/tickets/board").json["columns"][4]["total"] == 0
    assert owner.get("/tickets/board").json["columns"][4]["total"] == 1
    assert life.do(ticket, "renew", api=owner, force=True, expect=403)["detail"].startswith("only admins")


# ---------------------------------------------------------------- once

def test_a_double_click_gives_one_certificate(life):
    before = life.api.get("/cas/internal").json["n_certificates"]
    tickets = [life.create(f"w{i}.example.org") for i in range(5)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda t: life.api.post(f"/tickets/{t['key']}/transitions", {"transition": "enroll"},
                                                        expect=None).status, tickets * 4))
    assert set(answers) <= {200, 409} and answers.count(200) >= 5
    for ticket in tickets:
        assert life.ticket(ticket)["status"] == "certificate_enrolled"
        assert len(life.files(ticket)) == 1
    assert life.api.get("/cas/internal").json["n_certificates"] == before + 5


def test_a_repeated_create_is_one_ticket(life):
    csr = csr_for("www.example.org")[0]
    before = life.api.get("/cas/internal").json["n_certificates"], life.api.get("/tickets").json["total"]
    record = life.create(csr=csr)["certificate"]["id"]
    for path, body in (("/tickets", {"type": "certificate", "profile": "web", "csr": csr}),
                       (f"/certificates/{record}/enroll", {"profile": "web", "csr": csr})):
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        first = life.api.post(path, body, headers=headers).json
        again = life.api.post(path, body, headers=headers).json
        assert (again["key"], again["status"]) == (first["key"], first["status"])
    after = life.api.get("/cas/internal").json["n_certificates"], life.api.get("/tickets").json["total"]
    assert after == (before[0] + 1, before[1] + 3)


# ---------------------------------------------------------------- whose key

def test_a_repeated_transition_is_done_once(life):
    """F13 F15 F17: whoever has no answer sends it again with its Idempotency-Key, and hears what was done."""
    ticket = life.enrolled(f"{secrets.token_hex(3)}.example.org")
    record = ticket["certificate"]["id"]
    moves, keys = f"/tickets/{ticket['key']}/transitions", iter(range(100))

    def once(path, body, expect=200, key=None, answers=3, api=None):
        """The same answer each time; returns the key and it."""
        key = {"Idempotency-Key": key or f"{ticket['key']}-{next(keys)}"}
        said = [(api or life.api).post(path, body, expect=expect, headers=key) for _ in range(answers)]
        assert all(one.json == said[0].json and one.headers["Content-Type"] == said[0].headers["Content-Type"]
                   for one in said)
        return key["Idempotency-Key"], said[0].json

    def n_versions():
        return len(life.api.get(f"/certificates/{record}/versions").json["items"])

    renew = {"transition": "renew", "force": True, "comment": "again"}
    key, answer = once(moves, renew)
    assert answer["status"] == "certificate_renewed" and n_versions() == 2
    assert life.comments(ticket).count("again") == 1
    refused = life.api.post(moves, {**renew, "comment": "other"}, expect=422, headers={"Idempotency-Key": key}).json
    assert refused["detail"] == "this Idempotency-Key was used for another request" and n_versions() == 2
    once(f"/certificates/{record}/renew", {"force": True})
    assert n_versions() == 3

    # What was refused before anything was done leaves the key free.
    key, answer = once(moves, {"transition": "renew"}, expect=409)
    assert answer["detail"] == OUTSIDE
    pull_forward(life, ticket, 20)
    once(moves, {"transition": "renew"}, key=key)
    assert n_versions() == 4

    # The server was killed after the work and before the answer.
    key, answer = once(moves, renew, answers=1)
    run_sql(life.desk, "UPDATE idempotency SET status = 0, body = '' WHERE key = '%s'" % key)
    assert once(moves, renew, key=key)[1]["certificate_id"] == answer["certificate_id"] and n_versions() == 5
    life.api.post(moves, {**renew, "comment": "x"}, expect=422, headers={"Idempotency-Key": key})
    # The key is its account's.
    other = person(life, "eve", "admin")
    once(moves, renew, key=key, api=other)
    assert n_versions() == 6

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda _: life.api.post(moves, renew, expect=200, headers={
            "Idempotency-Key": "many" + key}).json["key"],
                             range(6)))
    assert set(said) == {ticket["key"]} and n_versions() == 7

    csr = csr_for(ticket["domain"])[0]
    once(f"/tickets/{ticket['key']}/csr", {"csr": csr})
    assert sum("A new request (CSR) was given" in c for c in life.comments(ticket)) == 1
    _, answer = once(f"/certificates/{record}/revoke", {"reason": "superseded"})
    assert answer["status"] == "certificate_revoked"
    cancelled = life.create()
    _, answer = once(f"/tickets/{cancelled['key']}/transitions", {"transition": "cancel"})
    assert answer["status"] == "cancelled"
    life.api.post(moves, renew, expect=400, headers={"Idempotency-Key": "x" * 201})


def test_the_server_makes_the_key_where_the_profile_lets_it(life):
    """F12 F15: held in the vault, and another one with each renewal."""
    life.profile("ours", key={"algorithms": ["ec-p256"], "made_by": "server"}, renewal_key="new")
    broken = life.create("www.example.org", profile="ours", expect=400)
    assert broken["errors"][0]["field"] in ("csr", "key")
    ticket = life.enrolled(profile="ours", sans=["www.example.org"])
    first = life.chain(ticket)[0]
    assert life.api.get(f"/certificates/{ticket['certificate']['id']}").json["has_private_key"] is True
    life.do(ticket, "renew", force=True)
    second = life.chain(ticket)[0]
    assert spki(first) != spki(second) and first.serial_number != second.serial_number
    assert life.api.get(f"/certificates/{ticket['certificate']['id']}").json["has_private_key"] is True


def test_a_key_that_was_moved_in_the_database_is_not_used(life):
    """Another request's key would be deployed beside a certificate that is not its own."""
    one, other = life.create(sans=["one.example.org"]), life.create(sans=["other.example.org"])
    number = {t["key"]: t["key"].split("-")[1] for t in (one, other)}
    run_sql(life.desk, "UPDATE certificate_request SET sealed_key_id = (SELECT q.sealed_key_id FROM certificate_request q"
                       f" JOIN ticket t ON t.id = q.ticket_id WHERE t.project = 'CERT' AND t.number = {number[other['key']]})"
                       " WHERE ticket_id = (SELECT id FROM ticket WHERE project = 'CERT' AND number ="
                       f" {number[one['key']]})")
    life.do(one, "enroll", expect=500)
    assert life.ticket(one)["status"] == "certificate_request" and life.files(one) == []
    assert life.do(other, "enroll")["status"] == "certificate_enrolled"


def test_the_request_is_used_again(life):
    ticket = life.enrolled()
    first = life.chain(ticket)[0]
    life.do(ticket, "renew", force=True)
    assert spki(first) == spki(life.chain(ticket)[0])


def test_a_new_request_is_asked_for_in_time(life):
    """F15: auto-renewal asks instead of failing."""
    life.profile("ask", renewal_key="ask", renews_itself=True)
    ticket = life.enrolled(profile="ask")
    pull_forward(life, ticket, 20)
    assert life.run("renew")["result"]["renewed"] == 0
    now = life.ticket(ticket)
    assert (now["status"], now["wants_csr"]) == ("certificate_enrolled", True)
    assert "needs a new request" in life.comments(ticket)[-1]
    life.run("renew")
    assert sum("needs a new request" in c for c in life.comments(ticket)) == 1
    assert "new request" in life.do(ticket, "renew", expect=409)["detail"]
    life.api.post(f"/tickets/{ticket['key']}/csr", {"csr": csr_for("www.example.com")[0]}, expect=400)
    csr, key = csr_for("www.example.org")
    assert life.api.post(f"/tickets/{ticket['key']}/csr", {"csr": csr}, expect=200).json["wants_csr"] is False
    pull_forward(life, ticket, 20)
    life.run("renew")
    assert life.ticket(ticket)["status"] == "certificate_renewed"
    assert spki(life.chain(ticket)[0]) == spki(key)


# ---------------------------------------------------------------- by itself

def test_what_is_due_renews_by_itself(life):
    """F16 F43: run now; inside the window or expired already; once per activation with Force Renewal."""
    life.profile("auto", renews_itself=True)
    due, expired, early = (life.enrolled(f"{n}.example.org", profile="auto") for n in ("due", "expired", "early"))
    by_hand = life.enrolled("hand.example.org")
    pull_forward(life, due, 20)
    pull_forward(life, expired, -1)
    life.run("renew")
    assert [life.ticket(t)["status"] for t in (due, expired, early, by_hand)] == [
        "certificate_renewed", "certificate_renewed", "certificate_enrolled", "certificate_enrolled"]
    assert "Its expiry window is open." in life.comments(due)[-3]
    assert "It has expired." in life.comments(expired)[-3]
    assert life.ticket(due)["order"]["reason"] == "window"

    def ids():
        return [life.ticket(t)["certificate_id"] for t in (due, expired, early)]
    before = ids()
    life.run("renew")
    assert ids() == before
    life.api.post("/profiles/auto/force-renewal", expect=202)
    life.run("renew")
    forced = ids()
    assert all(a != b for a, b in zip(before, forced))
    life.run("renew")
    assert ids() == forced
    assert life.ticket(early)["order"]["reason"] == "forced"
    assert life.api.get("/profiles/auto").json["is_forcing"] is False


def test_it_renews_when_it_says_it_will(life):
    """F16 F43: at the planned instant, not when a daily scan comes by."""
    ticket = life.enrolled("when.example.org")
    path = f"/certificates/{ticket['certificate']['id']}/renewal"

    def shift(seconds):
        number = ticket["key"].split("-")[1]
        run_sql(life.desk, "UPDATE version SET not_before = not_before - %d, not_after = not_after - %d WHERE id ="
                           " (SELECT version_id FROM ticket WHERE number = %s)" % (seconds, seconds, number))
        run_sql(life.desk, "UPDATE certificate_life SET renew_at = renew_at - %d WHERE certificate_id = %d"
                % (seconds, ticket["certificate"]["id"]))
    try:
        told = datetime.fromisoformat(life.api.get(path).json["renew_at"])
        shift(int(told.timestamp() - time.time()) - 3)
        look_for_renewals(life.desk, "now")
        told = datetime.fromisoformat(life.api.get(path).json["renew_at"])
        assert life.api.get(path).json["why"] == "planned"
        life.until(ticket, "certificate_renewed", seconds=20)
        versions = life.api.get(f"/certificates/{ticket['certificate']['id']}/versions").json["items"]
        renewed = max(datetime.fromisoformat(v["since"]) for v in versions)
        assert 0 <= (renewed - told).total_seconds() <= 10
    finally:
        look_for_renewals(life.desk, "never")


def test_a_renewal_that_fails_says_why_and_backs_off(life):
    """F16: the stage is restored, a comment says why, and it is tried again."""
    life.profile("fails", renews_itself=True)
    ticket, other = life.enrolled("a.example.org", profile="fails"), life.enrolled("b.example.org", profile="fails")
    pull_forward(life, ticket, 20)
    life.api.patch("/profiles/fails", {"names": {"domains": ["b.example.org"]}})
    pull_forward(life, ticket, 20)
    pull_forward(life, other, 20)
    life.run("renew")
    assert life.ticket(other)["status"] == "certificate_renewed", "one failure stops nobody else"
    assert life.ticket(ticket)["status"] == "certificate_enrolled"
    assert "could not be renewed" in life.comments(ticket)[-1] and "a.example.org" in life.comments(ticket)[-1]
    planned = life.api.get(f"/certificates/{ticket['certificate']['id']}/renewal").json
    assert planned["n_failures"] == 1 and planned["retry_at"] and "a.example.org" in planned["last_error"]
    life.run("renew")
    assert life.api.get(f"/certificates/{ticket['certificate']['id']}/renewal").json["n_failures"] == 1
    life.api.patch("/profiles/fails", {"names": {"domains": ["*.example.org"]}})
    pull_forward(life, ticket, 20)
    run_sql(life.desk, "UPDATE certificate_life SET retry_at = 1")
    life.run("renew")
    assert life.ticket(ticket)["status"] == "certificate_renewed"


def test_a_record_is_enrolled_renewed_and_revoked_by_its_id(life):
    """The same by the record: POST /certificates/{id}/enroll, renew, revoke."""
    record = life.api.post("/certificates", {"name": "later"}).json["id"]
    assert life.api.post(f"/certificates/{record}/renew", {}, expect=409)
    ticket = life.api.post(f"/certificates/{record}/enroll", {"profile": "web", "csr": csr_for("x.example.org")[0]}).json
    assert (ticket["status"], ticket["certificate"]["id"]) == ("certificate_enrolled", record)
    assert life.api.get(f"/certificates/{record}").json["source"] == "managed"
    assert life.api.post(f"/certificates/{record}/renew", {}, expect=409).json["detail"] == OUTSIDE
    renewed = life.api.post(f"/certificates/{record}/renew", {"force": True}, expect=200).json
    assert (renewed["key"], renewed["status"]) == (ticket["key"], "certificate_renewed")
    revoked = life.api.post(f"/certificates/{record}/revoke", {"reason": "keyCompromise"}, expect=200).json
    assert revoked["status"] == "certificate_revoked"


# ---------------------------------------------------------------- approvals

def test_a_request_waits_for_those_who_must_agree(life):
    """Approval by two of a group before the enrolment; nobody approves their own."""
    ann, bob, cid, eve = (person(life, n) for n in ("ann", "bob", "cid", "eve"))
    life.api.post("/groups", {"name": "approvers", "users": [ann.name, bob.name, cid.name]})
    life.profile("strict", approvals={"needed": 2, "group": "approvers"})
    ticket = life.create(api=ann, profile="strict")
    key = ticket["key"]
    assert ticket["approvals"] == {"needed": 2, "group": "approvers", "given": []}
    assert life.do(ticket, "enroll", api=ann, expect=409)
    assert bob.get(f"/tickets/{key}").json["may"] == ["approve", "watch"]
    assert bob.get(f"/tickets/{key}/transitions").json["items"] == []
    assert [t["transition"] for t in ann.get(f"/tickets/{key}/transitions").json["items"]] == ["enroll", "cancel"]
    assert [t["key"] for t in bob.get("/tickets").json["items"]] == [key]
    assert eve.get("/tickets").json["items"] == []

    def waits_for(api):
        return key in [t["key"] for t in api.get("/dashboard").json["needs_me"]]

    assert [waits_for(api) for api in (bob, cid, eve)] == [True, True, False]
    eve.call("POST", f"/tickets/{key}/approval", {"approved": True}, expect=404)
    assert ann.call("POST", f"/tickets/{key}/approval", {"approved": True}).status in (403, 409)
    bob.post(f"/tickets/{key}/approval", {"approved": True, "comment": "fine"}, expect=200)
    bob.post(f"/tickets/{key}/approval", {"approved": True}, expect=200)
    assert [waits_for(api) for api in (bob, cid)] == [False, True]
    assert "1 more" in life.do(ticket, "enroll", api=ann, expect=409)["detail"]
    cid.post(f"/tickets/{key}/approval", {"approved": False, "comment": "why?"}, expect=200)
    assert life.do(ticket, "enroll", api=ann, expect=409)
    cid.post(f"/tickets/{key}/approval", {"approved": True}, expect=200)
    assert life.do(ticket, "enroll", api=ann)["status"] == "certificate_enrolled"
    bob.call("POST", f"/tickets/{key}/approval", {"approved": False}, expect=409)


def test_nothing_is_issued_that_nobody_agreed_to(life):
    """Another request behind the approvers' backs, with the enrolment or for a renewal, is refused."""
    ann, bob = (person(life, n) for n in ("ann", "bob"))
    group, profile = f"agree-{secrets.token_hex(3)}", f"agreed-{secrets.token_hex(3)}"
    life.api.post("/groups", {"name": group, "users": [bob.name]})
    life.profile(profile, approvals={"needed": 1, "group": group})
    other, same = csr_for("other.example.org")[0], csr_for("agreed.example.org")[0]
    ticket = life.create("agreed.example.org", api=ann, profile=profile)

    def agree():
        bob.post(f"/tickets/{ticket['key']}/approval", {"approved": True}, expect=200)

    agree()
    assert "approved" in life.do(ticket, "enroll", api=ann, csr=other, expect=409)["detail"]
    given = ann.post(f"/tickets/{ticket['key']}/csr", {"csr": other}, expect=200).json
    assert (given["domain"], given["approvals"]["given"]) == ("other.example.org", [])
    assert "1 more" in life.do(ticket, "enroll", api=ann, expect=409)["detail"]
    ann.post(f"/tickets/{ticket['key']}/csr", {"csr": same}, expect=200)
    agree()
    assert life.do(ticket, "enroll", api=ann)["summary"] == "Certificate enrolled:agreed.example.org"
    ann.call("POST", f"/tickets/{ticket['key']}/csr", {"csr": other}, expect=409)
    refused = life.do(ticket, "renew", csr=other, force=True, expect=409)
    assert "nobody has approved the name other.example.org" in refused["detail"]
    assert life.do(ticket, "renew", csr=csr_for("agreed.example.org")[0], force=True)["status"] == "certificate_renewed"
    assert len(life.files(ticket)) == 2


def test_what_a_ticket_is_called_by_follows_its_request(life):
    """F13 F15: summary and file are called by what was issued, also where the request was changed."""
    ticket = life.create("typo.example.org")
    life.api.post(f"/tickets/{ticket['key']}/csr", {"csr": csr_for("right.example.org")[0]}, expect=200)
    assert life.do(ticket, "enroll")["summary"] == "Certificate enrolled:right.example.org"
    assert life.do(ticket, "renew", csr=csr_for("moved.example.org")[0], force=True)["domain"] == "moved.example.org"
    assert [f["name"] for f in life.files(ticket)] == ["right.example.org.pem", "moved.example.org.pem"]


# ---------------------------------------------------------------- what hangs on a ticket

def test_files_are_attached_downloaded_and_removed(life):
    """"Attachment named ../../x": only the last part of a name is kept, and nothing is shown in place."""
    ticket = life.create()
    path = f"/tickets/{ticket['key']}/attachments"
    for given, name in (("../../x", "x"), ("C:\\temp\\y.txt", "y.txt"), ("..", "file"), ("<script>.html", "_script_.html")):
        file = life.attach(ticket, given, b"\x00\xff content")
        assert file["name"] == name and file["size"] == 10
        answer = life.download(ticket, file)
        assert answer.body == b"\x00\xff content"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert file["media_type"] == "application/octet-stream"
    assert len(life.files(ticket)) == 4
    life.attach(ticket, "large", b"x" * (1 << 20))
    assert "1048576" in life.attach(ticket, "larger", b"x" * ((1 << 20) + 1), expect=413)["detail"]
    assert life.api.call("POST", path, b"nonsense", headers={"Content-Type": "text/plain"}).status in (400, 415)
    assert upload(life.api, path, [("other", "a", b"b")]).status == 400
    for other in ("0", "x", "999"):
        life.api.get(f"{path}/{other}", expect=404)
    life.api.delete(f"{path}/{file['id']}")
    life.api.get(f"{path}/{file['id']}", expect=404)
    reader = person(life, "reader")
    life.api.patch(f"/tickets/{ticket['key']}", {"assignee": reader.name})
    mine = life.attach(ticket, "mine", b"1", api=reader)
    reader.delete(f"{path}/{life.files(ticket)[0]['id']}", expect=403)
    reader.delete(f"{path}/{mine['id']}")
    changes = [c for c in life.api.get(f"/tickets/{ticket['key']}/history?limit=500").json["items"] if c["field"] == "attachment"]
    assert [(c["actor"], c["from"], c["to"]) for c in changes[-2:]] == [(reader.name, "", "mine"), (reader.name, "mine", "")]


def test_what_certdesk_attached_is_not_removed_by_any_path(life):
    """F35: Jira's API asks the same question."""
    owner = person(life, "owner")
    ticket = life.enrolled("pem.example.org", api=owner)
    (file,) = life.files(ticket)
    owner.delete(f"/tickets/{ticket['key']}/attachments/{file['id']}", expect=403)
    owner.delete(f"/rest/api/2/attachment/{file['id']}", expect=403)
    assert life.files(ticket) == [file]
    mine = life.attach(ticket, "mine", b"1", api=owner)
    owner.delete(f"/rest/api/2/attachment/{mine['id']}")


def test_the_day_by_which_it_is_to_be_done(life):
    """F11: given at the start or later, told of in the history and to Jira's clients, and taken away."""
    reader = person(life, "reader")
    ticket = life.create(due_at="2031-05-01T00:00:00Z", assignee=reader.name)
    path = f"/tickets/{ticket['key']}"
    assert ticket["due_at"] == "2031-05-01T00:00:00Z"
    moved = life.api.patch(path, {"due_at": "2031-06-01T12:00:00Z"}, headers={"If-Match": ticket["etag"]}).json
    assert moved["due_at"] == "2031-06-01T12:00:00Z"
    assert life.api.get(f"/rest/api/2/issue/{ticket['key']}").json["fields"]["duedate"] == "2031-06-01"
    assert life.api.patch(path, {"due_at": None}).json["due_at"] is None
    history = [(h["field"], h["from"], h["to"]) for h in life.api.get(f"{path}/history").json["items"] if h["field"] == "due_at"]
    assert sorted(history) == sorted([("due_at", "2031-05-01T00:00:00Z", "2031-06-01T12:00:00Z"), ("due_at", "2031-06-01T12:00:00Z", "")])
    entries = [e for e in life.api.get("/audit?limit=20").json["items"] if e["action"] == "ticket.edit"]
    assert any("due_at" in json.dumps(e) for e in entries)
    assert life.api.patch(path, {"due_at": "soon"}, expect=400).json["errors"][0]["field"] == "due_at"
    reader.call("PATCH", path, {"due_at": None, "acknowledged": True}, expect=403)


def test_comments_are_their_authors(life):
    reader = person(life, "reader")
    ticket = life.create(assignee=reader.name)
    path = f"/tickets/{ticket['key']}/comments"
    comment = reader.post(path, {"body": "one"}).json
    assert reader.patch(f"{path}/{comment['id']}", {"body": "two"}).json["body"] == "two"
    ours = life.api.post(path, {"body": "admin's"}).json
    reader.call("PATCH", f"{path}/{ours['id']}", {"body": "x"}, expect=403)
    reader.call("DELETE", f"{path}/{ours['id']}", expect=403)
    life.api.delete(f"{path}/{comment['id']}")
    assert life.comments(ticket) == ["admin's"]
    for other in ("0", "x", "999"):
        life.api.call("DELETE", f"{path}/{other}", expect=404)


def test_whoever_watches_may_see(life):
    reader, stranger = person(life, "reader"), person(life, "stranger")
    ticket = life.create(assignee=reader.name)
    path = f"/tickets/{ticket['key']}/watchers"
    assert reader.call("PUT", f"{path}/{reader.name}", expect=200).json["items"] == [{"account": reader.name}]
    assert reader.get(f"/tickets/{ticket['key']}").json["is_watching"] is True
    reader.call("PUT", f"{path}/admin", expect=403)
    life.api.call("PUT", f"{path}/admin", expect=200)
    assert "may not see" in life.api.call("PUT", f"{path}/{stranger.name}", expect=409).json["detail"]
    life.api.call("PUT", f"{path}/nobody", expect=404)
    life.api.delete(f"{path}/{reader.name}")
    assert life.api.get(path).json["items"] == [{"account": "admin"}]
    stranger.get(path, expect=404)


def test_approvers_are_asked_by_mail(desk_factory):
    """Whoever may approve hears that something waits for them: when it is asked, and when that has changed."""
    smtp = MailServer().start()
    try:
        life = Desk(desk_factory(env=smtp.env))
        for name in ("ann", "bob"):
            life.api.post("/users", {"name": name, "email": f"{name}@people.example", "password": "correct horse staple"})
        life.api.post("/groups", {"name": "approvers", "users": ["ann", "bob", "admin"]})
        life.profile("strict", approvals={"needed": 1, "group": "approvers"})
        ticket = life.create(profile="strict")
        life.run("outbox")
        mails = sorted(smtp.wait(2), key=lambda m: m.to)
        assert [m.to for m in mails] == ["ann@people.example", "bob@people.example"], "and not who asked"
        assert all(f"{ticket['key']} (Web shop) asks for your approval" in m.text for m in mails)
        life.api.post(f"/tickets/{ticket['key']}/csr", {"csr": csr_for("www.example.org", "shop.example.org")[0]}, expect=200)
        life.run("outbox")
        assert sorted(m.to for m in smtp.wait(4)[2:]) == ["ann@people.example", "bob@people.example"]
        life.create()
        life.run("outbox")
        assert len(smtp.mails) == 4, "nobody is asked where nobody needs to be"
    finally:
        smtp.stop()


def test_watchers_hear_of_it_by_mail(desk_factory):
    """Whoever watches is told what others did; never of what they did themselves."""
    smtp = MailServer().start()
    try:
        life = Desk(desk_factory(env=smtp.env))
        life.api.post("/users", {"name": "reader", "email": "reader@people.example", "password": "correct horse staple"})
        ticket = life.create(assignee="reader")
        life.api.call("PUT", f"/tickets/{ticket['key']}/watchers/reader", expect=200)
        life.do(ticket, "enroll")
        life.api.post(f"/tickets/{ticket['key']}/comments", {"body": "done"})
        life.run("outbox")
        mail, = smtp.wait(1)
        assert mail.to == "reader@people.example"
        assert f"{ticket['key']} (Web shop) is in stage Certificate Enrolled" in mail.text
        assert "was commented on" in mail.text and "because you watch" in mail.text
        life.api.delete(f"/tickets/{ticket['key']}/watchers/reader")
        life.do(ticket, "revoke")
        life.run("outbox")
        assert len(smtp.mails) == 1

        # A ticket that has no record, and one whose record goes with it.
        number = life.api.post("/tickets", {"type": "revoke_certificate", "profile": "web", "certificate_id": "C-99",
                                            "domain": "gone.example.org", "assignee": "reader", "summary": "Over"}).json
        later = life.create("later.example.org", assignee="reader")
        for one in (number, later):
            life.api.call("PUT", f"/tickets/{one['key']}/watchers/reader", expect=200)
            life.do(one, "cancel", comment="not needed")
        life.run("outbox")
        mail = smtp.wait(2)[1]
        assert mail.to == "reader@people.example" and mail.subject == "[certdesk] News of your tickets"
        assert "gone.example.org" in mail.text and "later.example.org" in mail.text
        for one in (number, later):
            assert f"{one['key']} ({one['summary']}) is in stage Cancelled" in mail.text
        newest = life.api.get("/deliveries").json["items"][0]
        assert life.api.get(f"/deliveries/{newest['id']}").json["tickets"] == [number["key"], later["key"]]
    finally:
        smtp.stop()


def test_projects_count_for_themselves(life):
    """F11: project CERT; more can be made."""
    assert [p["key"] for p in life.api.get("/projects").json["items"]] == ["CERT"]
    life.profile("counted")
    life.api.post("/projects", {"key": "SHOP", "name": "The shop"})
    life.api.post("/projects", {"key": "SHOP", "name": "Again"}, expect=409)
    for key in ("shop", "S", "1A", "ABCDEFGHIJK", "A-B"):
        assert life.api.post("/projects", {"key": key, "name": "x"}, expect=400).json["errors"][0]["field"] == "key"
    number = int(life.create(profile="counted")["key"].removeprefix("CERT-"))
    ticket = life.create(project="SHOP", profile="counted")
    assert ticket["key"] == "SHOP-1"
    assert [t["key"] for t in life.api.get("/tickets?project=SHOP").json["items"]] == ["SHOP-1"]
    assert life.api.get("/tickets?profile=counted").json["total"] == 2
    assert life.api.get("/tickets?profile=other").json["total"] == 0
    columns = {c["status"]: c for c in life.api.get("/tickets/board?project=SHOP").json["columns"]}
    assert columns["certificate_request"]["total"] == 1
    assert columns["certificate_request"]["items"][0]["key"] == "SHOP-1"
    assert columns["certificate_request"]["title"] == "Certificate Request"
    assert life.enrolled("*.example.org")["domain"] == "*.example.org"
    assert life.files({"key": f"CERT-{number + 1}"})[0]["name"] == "_wildcard.example.org.pem"


def test_the_board_is_narrowed_to_people_labels_and_words(life):
    """F11: and tells of nothing that one may not see."""
    reader = person(life, "reader")
    word = secrets.token_hex(4)
    mine = life.create(summary=f"{word} mine", labels=["Shop", word], assignee=reader.name)
    free = life.create(summary=f"{word} free", labels=[word])

    def board(api=life.api, **query):
        columns = api.get("/tickets/board?" + urlencode(query)).json["columns"]
        assert sum(c["total"] for c in columns) == sum(len(c["items"]) for c in columns)
        return [t["key"] for c in columns for t in c["items"]]
    assert set(board(q=word)) == {mine["key"], free["key"]}
    assert board(q=word, assignee=reader.name) == board(q=word, label="shop") == [mine["key"]]
    assert board(q=word, assignee="-") == [free["key"]]
    assert set(board(label=word.upper())) == {mine["key"], free["key"]} and board(label=word, q="free") == [free["key"]]
    assert board(reader, label=word) == [mine["key"]] and board(reader, assignee="-", label=word) == []
    assert board(label="sho", q=word) == board(assignee="nobody-of-that-name") == []
    assert [t["key"] for t in life.api.get(f"/tickets?label={word}&assignee=-").json["items"]] == [free["key"]]
    assert life.api.get("/tickets/board?labels=x", expect=400).json["errors"][0]["field"] == "labels"


def test_everything_is_in_the_audit_log(life):
    ticket = life.enrolled()
    life.do(ticket, "renew", force=True)
    life.do(ticket, "revoke")
    actions = [e["action"] for e in life.api.get("/audit?limit=200").json["items"]]
    for action in ("ticket.create", "certificate.create", "ticket.enroll", "ticket.renew", "ticket.revoke",
                   "certificate.revoke"):
        assert action in actions, action


def test_a_ticket_is_found_by_every_name_of_its_request(life):
    """F11 F43: by the page's search and by JQL's; another request's names take the place of those before."""
    one, two, three = (f"{n}-{secrets.token_hex(4)}.example.org" for n in ("one", "two", "three"))

    def found(name):
        page = [t["key"] for t in life.api.get("/tickets?" + urlencode({"q": name})).json["items"]]
        for jql in (f'text ~ "{name}"', f'text ~ "{name}" and project = CERT order by key'):
            answer = life.api.call("POST", "/rest/api/2/search", {"jql": jql}, expect=200).json
            assert [i["key"] for i in answer["issues"]] == page, jql
        assert life.api.call("POST", "/rest/api/2/search", {"jql": f'description ~ "{name}"'}, expect=200).json["total"] == 0
        return page

    ticket = life.create(one, two.upper(), summary="Shop", description="For the shop")
    key = ticket["key"]
    assert found(one) == found(two) == found(two[:9]) == [key] and not found(three)
    life.api.patch(f"/tickets/{key}", {"summary": "Another summary"})
    assert found(two) == [key]
    life.api.post(f"/tickets/{key}/csr", {"csr": csr_for(one, three)[0]}, expect=200)
    assert found(one) == found(three) == [key] and not found(two)
    life.do(ticket, "enroll")
    assert key in found(three)
    gone = life.api.post("/tickets", {"type": "revoke_certificate", "profile": "web", "summary": "Shop closed",
                                      "certificate_id": "C-999999", "domain": f"gone-{one}"}).json
    assert found(f"gone-{one}") == [gone["key"]]


def test_a_request_signed_with_sha3_is_as_good_as_another(life):
    """F11 F13: the desk and the vault, which looks for itself, verify ECDSA with SHA-3."""
    csr, key = csr_for("sha3.example.org", digest=hashes.SHA3_256())
    assert spki(life.chain(life.enrolled(csr=csr))[0]) == spki(key)
