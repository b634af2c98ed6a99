"""F1 F2 F3: what is wrong is refused or shown, with words that say what it is. (How the process itself takes bad
configuration, ports and data directories is in test_supervisor.py, what cannot be probed in test_bad_input.py.)"""

import contextlib
import hashlib
import json
import socket
import sqlite3
import subprocess

import pytest

from certs import days, self_signed
from servers import free_port

JSON = {"Content-Type": "application/json"}


def endpoint(**members):
    return {"endpoints": [members]}


# Body of POST /certificates, status, the field that is named, and words of the message.
BODIES = {
    "an unknown member": ({"name": "x", "nonsense": 1}, 400, "nonsense", "there is no such field here"),
    "an unknown member within": (endpoint(host="h", nope=1), 400, "endpoints[0].nope", "there is no such field here"),
    "a wrong type": (endpoint(host="h", port="443"), 400, "endpoints[0].port", "must be a whole number"),
    "port 70000": (endpoint(host="h", port=70000), 400, "endpoints[0].port", "70000 is not between 1 and 65535"),
    "port 0": (endpoint(host="h", port=0), 400, "endpoints[0].port", "0 is not between 1 and 65535"),
    "no host": (endpoint(host="not a host"), 400, "endpoints[0].host", '"not a host" is not a host'),
    "an unknown protocol": (endpoint(host="h", protocol="gopher"), 400, "endpoints[0].protocol", "gopher"),
    "nothing": ({}, 400, "name", "needs a name"),
    "an unknown assignee": ({"name": "x", "assignee": "nobody-here"}, 400, "assignee", "nobody-here"),
    "a tag with a blank": ({"name": "x", "tags": ["a b"]}, 400, "tags", "a tag has no blank"),
    "a list for an object": ("[]", 400, None, "object"),
    "broken JSON": ('{"name": "x"', 400, None, "line 1, column"),
    "a member twice": ('{"name": "x", "name": "y"}', 400, None, "duplicate"),
    "JSON 65 deep": ("[" * 65 + "]" * 65, 413, None, "deeper than 64 levels"),
    "more than 1 MiB": ('{"name": "' + "x" * (1 << 20) + '"}', 413, None, "larger than"),
}

QUERIES = {
    "/certificates?nope=1": "nope: there is no such parameter here",
    "/certificates?limit=0": "limit: 0 is not between 1 and 500",
    "/certificates?limit=501": "limit: 501 is not between 1 and 500",
    "/certificates?cursor=zzz": "the cursor is not one of this list",
    "/certificates?sort=colour": "sort: the list cannot be sorted by this",
    "/certificates?status=purple": "status: there is no such status",
    "/tickets?cursor=!!": "the cursor is not one of this list",
    "/jobs?cursor=x": "cursor: ",
}


def problem(answer, status):
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.json


def test_a_body_that_is_wrong_is_refused_and_nothing_made(desk):
    admin = desk.admin
    for what, (body, status, field, words) in BODIES.items():
        told = problem(admin.call("POST", "/certificates", body, headers=JSON), status)
        assert words in told["detail"], (what, told)
        assert field is None or field in [e["field"] for e in told["errors"]], (what, told)
    told = problem(admin.call("POST", "/certificates", '{"name":"x"}', headers={"Content-Type": "text/plain"}), 415)
    assert "application/json" in told["detail"]
    assert admin.get("/certificates").json["items"] == []


def test_all_mistakes_of_a_body_are_told_at_once(desk):
    body = {"nonsense": 1, "name": 5, **endpoint(host="h", port=70000)}
    told = problem(desk.admin.call("POST", "/certificates", body), 400)
    assert {e["field"] for e in told["errors"]} == {"nonsense", "name", "endpoints[0].port"}


def test_a_wrong_query_is_told_by_its_parameter(desk):
    for path, words in QUERIES.items():
        assert words in problem(desk.admin.call("GET", path), 400)["detail"], path
    problem(desk.admin.call("GET", "/certificates/abc"), 404)
    problem(desk.admin.call("GET", "/nowhere"), 404)
    answer = desk.admin.call("PUT", "/certificates", {})
    assert "GET, POST" in problem(answer, 405)["detail"] and "GET" in answer.headers["Allow"]


def test_a_change_on_top_of_another_is_refused(desk):
    admin = desk.admin
    made = admin.post("/certificates", {"name": "x"}).json
    path = f"/certificates/{made['id']}"
    tag = admin.get(path).headers["ETag"]
    admin.patch(path, {"description": "first"}, headers={"If-Match": tag})
    told = problem(admin.call("PATCH", path, {"description": "second"}, headers={"If-Match": tag}), 412)
    assert "changed" in told["detail"]
    problem(admin.call("PATCH", path, {"description": "second"}, headers={"If-Match": "x"}), 412)
    assert admin.get(path).json["description"] == "first"


def test_a_request_sent_twice_is_done_once(desk):
    admin, key = desk.admin, {"Idempotency-Key": "once"}
    first = admin.post("/certificates", {"name": "x"}, headers=key)
    again = admin.post("/certificates", {"name": "x"}, headers=key)
    assert first.json["id"] == again.json["id"] and admin.get("/certificates").json["total"] == 1
    told = problem(admin.call("POST", "/certificates", {"name": "other"}, headers=key), 422)
    assert "Idempotency-Key was used for another request" in told["detail"]
    problem(admin.call("POST", "/certificates", {"name": "x"}, headers={"Idempotency-Key": "k" * 300}), 400)
    assert admin.get("/certificates").json["total"] == 1


def kept_hashes(desk):
    """What stands in the database of requests with a key, in hex."""
    if desk.database:
        rows = subprocess.run(["psql", desk.database, "-qtAc", "SELECT encode(request_hash, 'hex') FROM idempotency"], check=True,
                              capture_output=True, text=True).stdout.split()
        return set(rows)
    with contextlib.closing(sqlite3.connect(f"{desk.data}/db/certdesk.db", timeout=30)) as db:
        return {row[0].hex() for row in db.execute("SELECT request_hash FROM idempotency")}


def test_what_is_kept_of_a_request_lets_no_password_be_guessed(desk):
    def fast(path, body):
        text = f"POST\n/api/v1{path}\n" + json.dumps(body, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
    admin, key = desk.admin, {"Idempotency-Key": "once"}
    plain = {"name": "no-secret.example"}
    admin.post("/certificates", plain, headers=key)
    assert fast("/certificates", plain) in kept_hashes(desk)  # so this is how one would guess
    user = {"name": "ann", "password": "correct horse battery"}
    made = admin.post("/users", user, headers={"Idempotency-Key": "ann"})
    assert len(kept_hashes(desk)) == 2 and fast("/users", user) not in kept_hashes(desk)
    again = admin.post("/users", user, headers={"Idempotency-Key": "ann"})
    assert again.json == made.json
    told = problem(admin.call("POST", "/users", {**user, "password": "another horse battery"}, headers={"Idempotency-Key": "ann"}),
                   422)
    assert "Idempotency-Key was used for another request" in told["detail"]


@pytest.mark.parametrize("make, status, chain, is_match", [
    (lambda ca: ca.issue("localhost", not_after=days(300)), "valid", "trusted", True),
    (lambda ca: ca.issue("localhost", not_before=days(-90), not_after=days(-3)), "expired", "expired", True),
    (lambda ca: self_signed("localhost", not_after=days(300)), "valid", "self_signed", True),
    (lambda ca: ca.issue("other.example", not_after=days(300)), "valid", "trusted", False),
], ids=["good", "expired", "self-signed", "wrong host"])
def test_a_bad_certificate_is_kept_and_shown_for_what_it_is(desk, nginx, root, authority, make, status, chain,
                                                            is_match):
    """The status speaks of dates alone; trust and names are told apart from it."""
    admin, port, issued = desk.admin, free_port(), make(authority)
    nginx.site(port, issued).start()
    admin.post("/trust-bundles", {"name": "scenario", "pem": root.pem})
    record = admin.add("127.0.0.1", port, sni="localhost")
    assert record["current"]["fingerprint_sha256"] == issued.fingerprint
    assert (record["status"], record["current"]["chain_status"]) == (status, chain), record
    [place] = admin.get(f"/certificates/{record['id']}/endpoints").json["items"]
    [seen] = place["observations"]
    assert (seen["chain_status"], seen["hostname_match"]) == (chain, is_match), seen


def test_45000_names_are_kept_and_60000_are_refused_in_words(desk, nginx, root):
    """A chain beyond 1 MiB is not read, and the last known one stays."""
    admin, port = desk.admin, free_port()
    many = root.issue("localhost", san_count=45000)
    nginx.site(port, many).start()
    record = admin.add("127.0.0.1", port, sni="localhost")
    assert record["current"]["fingerprint_sha256"] == many.fingerprint
    nginx.site(port, root.issue("localhost", san_count=60000)).reload()
    record = admin.update(record["id"])
    assert record["current"]["fingerprint_sha256"] == many.fingerprint
    [place] = admin.get(f"/certificates/{record['id']}/endpoints").json["items"]
    assert place["error"]["class"] == "certificate_unreadable" and "larger than 1 MiB" in place["error"]["message"]


def test_ipv6_and_names_in_other_scripts_are_taken(desk, nginx, authority):
    port = free_port(socket.AF_INET6, "::1")
    issued = authority.issue("::1")
    nginx.site(port, issued, address="::1").start()
    for host in ("::1", "[::1]"):
        assert desk.admin.add(host, port)["current"]["fingerprint_sha256"] == issued.fingerprint
    made = desk.admin.post("/certificates", endpoint(host="bücher.invalid")).json
    assert made["name"] == "xn--bcher-kva.invalid"
    desk.admin.job_done(made["job"])
