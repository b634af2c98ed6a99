"""Several addresses behind one name: what each serves, who lags behind, and what is alarming."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from certs import days, self_signed
from house import any_port
from talkers import start_imap

pytestmark = pytest.mark.usefixtures("house")


def test_addresses_that_differ_are_mixed_and_shown_one_by_one(house):
    """F2 F3: every address is connected to, over IPv4 and IPv6; the record says mixed."""
    port, host = any_port(), house.names.set("mixed", "127.0.0.2", "127.0.0.3", "::1")
    first, second = house.issue(host, 80), house.issue(host, 40)
    house.serve(port, a2=first, a3=second, a6=first)

    record = house.admin.add(host, port)

    assert record["flags"] == ["mixed"]
    assert record["current"]["fingerprint_sha256"] == second.fingerprint, "the earliest end is what counts"
    assert house.seen(record) == {"127.0.0.2": {"ecdsa": first.fingerprint}, "127.0.0.3": {"ecdsa": second.fingerprint},
                                  "::1": {"ecdsa": first.fingerprint}}
    for one in house.endpoint(record)["observations"]:
        assert (one["protocol"], one["hostname_match"], one["chain_status"]) == ("TLSv1.3", True, "trusted")
        assert one["cipher"].startswith("TLS_") and one["group"] == "X25519"
    listed = house.admin.get(f"/certificates?flag=mixed&q={host}").json["items"]
    assert [item["id"] for item in listed] == [record["id"]]

    house.serve(port, a3=first)
    record = house.look(record)
    assert record["flags"] == []
    assert record["current"]["fingerprint_sha256"] == first.fingerprint


def test_a_renewal_is_done_when_every_address_has_it_and_laggards_are_named(house):
    """F7: seen on one address of two the laggard is named and the ticket stays; on all, it resolves."""
    old, new = house.issue("lag.watch.test", 10), house.issue("lag.watch.test", 90, begins=-1)
    _, port, record, ticket = house.told("lag", "127.0.0.2", "127.0.0.3", a2=old, a3=old)

    house.serve(port, a2=new)
    record = house.look(record)
    assert record["current"]["fingerprint_sha256"] == old.fingerprint
    assert record["flags"] == ["mixed"]
    assert house.ticket(record)["status"] == "open"
    said = house.comments(ticket)
    assert "at 1 of 2 addresses" in said[-1] and "at 127.0.0.3: still serves" in said[-1]
    assert "127.0.0.2" not in said[-1]

    record = house.look(record)
    assert house.comments(ticket) == said, "the same is not said twice"

    house.serve(port, a3=new)
    record = house.look(record)
    assert record["current"]["fingerprint_sha256"] == new.fingerprint
    assert house.ticket(record)["status"] == "done"
    assert "at all 2 addresses" in house.comments(ticket)[-1]
    assert house.versions(record, "superseded") == {old.fingerprint}


def test_an_address_taken_out_of_dns_stops_blocking(house):
    """F7: every address means the latest DNS answer."""
    old, new = house.issue("leaves.watch.test", 10), house.issue("leaves.watch.test", 90, begins=-1)
    _, port, record, ticket = house.told("leaves", "127.0.0.2", "127.0.0.3", a2=old, a3=old)
    house.serve(port, a2=new)
    assert house.look(record)["current"]["fingerprint_sha256"] == old.fingerprint

    house.names.set("leaves", "127.0.0.2")
    record = house.look(record)

    assert record["current"]["fingerprint_sha256"] == new.fingerprint
    assert record["flags"] == []
    assert house.ticket(record)["status"] == "done"
    assert "at the only address there is" in house.comments(ticket)[-1]


def test_a_dead_address_blocks_until_a_person_gives_it_up(house):
    """F3 F7: what it served stays known, it is named, and only a person's word or DNS lets it go."""
    old, new = house.issue("dead.watch.test", 10), house.issue("dead.watch.test", 90, begins=-1)
    _, port, record, ticket = house.told("dead", "127.0.0.2", "127.0.0.3", a2=old, a3=old)
    house.serve(port, a2=new, a3=None)

    record = house.look(record)
    assert record["flags"] == ["unreachable"]
    assert house.ticket(record)["status"] == "open"
    assert "at 127.0.0.3: not reached" in house.comments(ticket)[-1]
    assert house.seen(record)["127.0.0.3"] == {"ecdsa": old.fingerprint}

    endpoint = house.endpoint(record)
    house.confirm(record, kind="dead_address", endpoint_id=endpoint["id"], address="127.0.0.9", expect=404)
    record = house.confirm(record, kind="dead_address", endpoint_id=endpoint["id"], address="127.0.0.3")
    assert record["current"]["fingerprint_sha256"] == new.fingerprint
    assert house.ticket(record)["status"] == "done"
    assert record["flags"] == []
    assert [o["dead"] for o in house.endpoint(record)["observations"]] == [False, True]
    record = house.look(record)
    assert record["flags"] == [] and house.endpoint(record)["error"] is None, "it is still dead, and given up"

    house.serve(port, a3=old)
    record = house.look(record)
    assert record["flags"] == ["rolled_back"], "it lives after all, and is looked at again"


def test_a_dead_address_blocks_until_it_leaves_dns(house):
    """F7"""
    old, new = house.issue("gone.watch.test", 10), house.issue("gone.watch.test", 90, begins=-1)
    _, port, record, ticket = house.told("gone", "127.0.0.2", "127.0.0.3", a2=old, a3=old)
    house.serve(port, a2=new, a3=None)
    assert house.look(record)["flags"] == ["unreachable"]

    house.names.set("gone", "127.0.0.2")
    record = house.look(record)
    assert record["flags"] == []
    assert house.ticket(record)["status"] == "done"
    assert "Resolved" in house.comments(ticket)[-1]


def test_a_name_that_does_not_resolve_blocks_and_keeps_what_was_known(house):
    """F3 F7: no answer about the addresses is no news about the certificate."""
    old = house.issue("unnamed.watch.test", 10)
    _, port, record, _ = house.told("unnamed", "127.0.0.2", a2=old)

    house.names.set("unnamed")
    record = house.look(record)

    assert record["flags"] == ["unreachable"]
    assert record["status"] == "expiring_soon"
    assert record["current"]["fingerprint_sha256"] == old.fingerprint
    endpoint = house.endpoint(record)
    assert endpoint["error"]["class"] == "dns" and endpoint["failing_since"] and endpoint["last_success_at"]
    assert house.ticket(record)["status"] == "open"

    house.names.set("unnamed", "127.0.0.2")
    assert house.look(record)["flags"] == []


def test_a_foreign_certificate_is_an_alert_and_current_only_by_a_persons_word(house):
    """F7: one that covers other names is no successor, however long it lasts."""
    old = house.issue("foreign.watch.test", 10)
    _, port, record, ticket = house.told("foreign", "127.0.0.2", a2=old)
    other = house.issue("elsewhere.watch.test", 300, begins=-1)
    house.serve(port, a2=other)

    record = house.look(record)
    assert record["flags"] == ["foreign"]
    assert record["current"]["fingerprint_sha256"] == old.fingerprint
    assert [o["role"] for o in house.endpoint(record)["observations"]] == ["foreign"]
    assert house.ticket(record)["status"] == "open"

    record = house.confirm(record, kind="current", fingerprint_sha256=other.fingerprint)
    assert record["current"]["fingerprint_sha256"] == other.fingerprint
    assert record["flags"] == ["wrong_host"], "what a person confirms is still not for this name"
    assert ("certificate.confirm_current", other.fingerprint) in house.log(record)


def test_a_person_says_what_is_right_on_the_command_line(house):
    """F7 F38: by the beginning of what "cert show" prints; an address is dead, and alive again."""
    def say(*words, code=0):
        done = house.desk.cli("cert", *words, env={"CERTDESK_TOKEN_FILE": house.desk.token_file})
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stderr

    old = house.issue("said.watch.test", 10)
    host, port, record, _ = house.told("said", "127.0.0.2", "127.0.0.3", a2=old, a3=old)
    other, mine = house.issue("strange.watch.test", 300, begins=-1), str(record["id"])
    house.serve(port, a2=other, a3=None)
    house.look(record)
    assert f"certificate {mine} shows none" in say("confirm", mine, "zzzz", code=1)
    assert "shows none" in say("confirm", mine, other.fingerprint[:3], code=1), "that short is no name"
    [shown] = [line.split()[4] for line in say("show", mine).splitlines() if line.startswith("  127.0.0.2 ")]
    assert len(shown) == 16 and other.fingerprint.startswith(shown)
    say("confirm", mine, shown.upper())
    assert ("certificate.confirm_current", other.fingerprint) in house.log(record)

    say("dead", mine, f"{host}:{port}", "127.0.0.3")
    assert [o["dead"] for o in house.endpoint(record)["observations"]] == [False, True]
    assert " dead " in say("show", mine)
    say("alive", mine, f"{host}:{port}", "127.0.0.3")
    assert not any(o["dead"] for o in house.endpoint(record)["observations"])
    assert "say host:port" in say("dead", mine, f"{host}:1", "127.0.0.3", code=1)
    assert "127.0.0.9" in say("dead", mine, f"{host}:{port}", "127.0.0.9", code=1)

    assert {old.fingerprint, other.fingerprint} == {line.split()[-1] for line in say("versions", mine).splitlines()[1:]}
    differs = say("compare", mine, old.fingerprint[:12], other.fingerprint)
    assert "name added" in differs and "strange.watch.test" in differs and "said.watch.test" in differs
    assert json.loads(say("compare", mine, old.fingerprint, other.fingerprint, "-o", "json"))["sans"] == {
        "added": ["strange.watch.test"], "removed": ["said.watch.test"]}
    assert f"certificate {mine} had none" in say("compare", mine, old.fingerprint, "0" * 64, code=1)


def test_an_untrusted_stand_in_is_foreign(house):
    """F7: a successor's chain verifies at least as well."""
    old = house.issue("standin.watch.test", 10)
    _, port, record, _ = house.told("standin", "127.0.0.2", a2=old)
    house.serve(port, a2=self_signed("standin.watch.test", not_before=days(-1), not_after=days(300)))

    record = house.look(record)
    assert record["flags"] == ["foreign"]
    assert record["current"]["fingerprint_sha256"] == old.fingerprint


def test_an_older_certificate_again_is_rolled_back(house):
    """F7: what was replaced and comes back is an alert, never a new current version."""
    old, new = house.issue("back.watch.test", 40), house.issue("back.watch.test", 90, begins=-1)
    port, host = any_port(), house.names.set("back", "127.0.0.2")
    house.serve(port, a2=old)
    record = house.admin.add(host, port)
    house.serve(port, a2=new)
    assert house.look(record)["current"]["fingerprint_sha256"] == new.fingerprint

    house.serve(port, a2=old)
    record = house.look(record)
    assert record["flags"] == ["rolled_back"]
    assert record["current"]["fingerprint_sha256"] == new.fingerprint
    assert record["days_left"] == 40, "the worst one served is what counts"

    record = house.confirm(record, kind="current", fingerprint_sha256=old.fingerprint)
    assert record["flags"] == []
    assert record["current"]["fingerprint_sha256"] == old.fingerprint


def test_a_pair_of_key_types_is_seen_and_both_are_needed(house):
    """F2 F7: RSA and ECDSA each have a version; renewing one leaves the other's ticket open."""
    name = "pair.watch.test"
    rsa, ecdsa = house.issue(name, 10, kind="rsa"), house.issue(name, 11)
    port, host = any_port(), house.names.set("pair", "127.0.0.2", "127.0.0.3")
    house.serve(port, a2=(rsa, ecdsa), a3=(rsa, ecdsa))
    record = house.admin.add(host, port)
    both = {"rsa": rsa.fingerprint, "ecdsa": ecdsa.fingerprint}
    assert house.seen(record) == {"127.0.0.2": both, "127.0.0.3": both}
    assert record["flags"] == []
    assert house.versions(record) == set(both.values())
    house.run("notify")
    assert [t["status"] for t in house.tickets(record)] == ["open", "open"]

    new_ecdsa = house.issue(name, 90, begins=-1)
    house.serve(port, a2=(rsa, new_ecdsa), a3=(rsa, new_ecdsa))
    record = house.look(record)
    assert record["current"]["fingerprint_sha256"] == rsa.fingerprint
    assert sorted(t["status"] for t in house.tickets(record)) == ["done", "open"]

    new_rsa = house.issue(name, 91, begins=-1, kind="rsa")
    house.serve(port, a2=(new_rsa, new_ecdsa), a3=(rsa, new_ecdsa))
    record = house.look(record)
    assert record["flags"] == ["mixed"]
    assert sorted(t["status"] for t in house.tickets(record)) == ["done", "open"]

    house.serve(port, a3=(new_rsa, new_ecdsa))
    record = house.look(record)
    assert record["flags"] == []
    assert [t["status"] for t in house.tickets(record)] == ["done", "done"]


def test_a_certificate_for_another_name_is_told_on_the_record(house):
    """F2: the wrong host, in record, list, filter and CLI; not where only an address is asked for."""
    port, host = any_port(), house.names.set("wrong", "127.0.0.2")
    house.serve(port, a2=house.issue("other.example", 200))

    record = house.admin.add(host, port)
    assert (record["status"], record["current"]["chain_status"], record["flags"]) == ("valid", "trusted", ["wrong_host"])
    assert not house.endpoint(record)["observations"][0]["hostname_match"]
    listed = house.admin.get(f"/certificates?flag=wrong_host&q={host}").json["items"]
    assert [(item["id"], item["flags"]) for item in listed] == [(record["id"], ["wrong_host"])]
    assert house.admin.get("/certificates?flag=wrong", expect=None).status == 400
    assert house.admin.add("127.0.0.2", port)["flags"] == []

    cli = house.desk.cli("cert", "list", "--flag", "wrong_host", env={"CERTDESK_TOKEN_FILE": house.desk.token_file})
    assert host in cli.stdout and "wrong_host" in cli.stdout, cli

    house.admin.patch(f"/certificates/{record['id']}", {"required_names": ["other.example"]})
    assert house.look(record)["flags"] == [], "a person has said what it is for"

    house.serve(port, a2=house.issue(host, 200))


def test_many_may_look_at_one_endpoint_at_once(house):
    """F1 F41: whoever is second finds what the first has written, on whatever database."""
    served = any_port()
    host = house.names.set("crowd", "127.0.0.1")
    house.serve(served, a1=house.issue(host, 200))
    for port in (any_port(), any_port(), any_port(), served):
        endpoint = {"endpoints": [{"host": host, "port": port}]}
        with ThreadPoolExecutor(6) as pool:
            jobs = list(pool.map(lambda _: house.admin.post("/certificates", endpoint).json["job"], range(6)))
        assert [house.admin.job_done(job)["state"] for job in jobs] == ["done"] * 6


def test_a_stand_in_for_unknown_hosts_is_not_what_the_record_is_about(house):
    """F2: of unrelated leaves at the first look, the one for the endpoint's name is current; a split is proposed."""
    port, host = any_port(), house.names.set("first", "127.0.0.2", "127.0.0.3")
    good, stand_in = house.issue(host, 200), house.issue("default.invalid", 20)
    house.serve(port, a2=good, a3=stand_in)

    record = house.admin.add(host, port)
    assert record["current"]["fingerprint_sha256"] == good.fingerprint
    assert record["flags"] == ["foreign"]
    proposals = house.admin.get(f"/certificates/{record['id']}/proposals").json
    assert [p["version"]["fingerprint_sha256"] for p in proposals["split"]] == [stand_in.fingerprint]


def test_a_mail_server_is_watched_through_starttls(house):
    """F1 F2 F7: the port is the protocol's own unless given; renewed, its ticket resolves."""
    host = house.names.set("mail", "127.0.0.1")
    old, new = house.issue(host, 10), house.issue(host, 90, begins=-1)
    server = start_imap(old)
    try:
        record = house.admin.add(host, server.port, protocol="imap")
        assert record["current"]["fingerprint_sha256"] == old.fingerprint
        assert (house.endpoint(record)["protocol"], record["flags"]) == ("imap", [])
        house.run("notify")
        server.renew(new)
        record = house.look(record)
        assert record["current"]["fingerprint_sha256"] == new.fingerprint
        assert house.ticket(record)["status"] == "done"
    finally:
        server.stop()
    made = house.admin.post("/certificates", {"endpoints": [{"host": host, "protocol": "imap"}]}).json
    assert house.endpoint(made)["port"] == 143
