"""What people are told, when, and only once; what they do with it; and what ends it."""

import datetime
import socket
import time

from certs import UTC, days
from certdesk import Api
from house import any_port, run_schedule
from servers import free_port


def instant(at):
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_several_periods_that_passed_at_once_give_one_notice(house):
    """F5 F6: found five days before its end, it is told of once, as loudly as five days ask for."""
    _, _, record, ticket = house.told("late", "127.0.0.2", a2=house.issue("late.watch.test", 5))
    assert ticket["priority"] == "high"
    assert "expires in 5 days" in ticket["summary"]
    assert (ticket["assignee"], ticket["status"]) == ("admin", "open")
    assert record["id"] == ticket["certificate"]["id"]

    house.run("notify")
    house.run("check")
    house.run("notify")
    assert [t["key"] for t in house.tickets(record)] == [ticket["key"]]
    assert house.comments(ticket) == []


def test_later_periods_comment_and_raise_the_priority(house):
    """F5 F6: one ticket for record and version, whatever follows; periods of its own override the settings."""
    name = "louder.watch.test"
    host, port = house.names.set("louder", "127.0.0.2"), any_port()
    house.serve(port, a2=house.issue(name, 10, begins=-100))
    record = house.admin.add(host, port)
    path = f"/certificates/{record['id']}"
    house.admin.patch(path, {"notification_periods": [60, 5, 2]})
    house.run("notify")
    ticket = house.ticket(record)
    assert ticket["priority"] == "low"

    house.admin.patch(path, {"notification_periods": [60, 20, 11, -1]})
    house.run("notify")
    raised = house.ticket(record)
    assert (raised["key"], raised["priority"]) == (ticket["key"], "highest")
    assert len(house.comments(ticket)) == 1 and "expires in 10 days" in house.comments(ticket)[0]
    history = house.admin.get(f"/tickets/{ticket['key']}/history").json["items"]
    assert [(h["field"], h["from"], h["to"]) for h in history if h["field"] == "priority"] == [
        ("priority", "low", "highest")]
    house.run("notify")
    assert len(house.comments(ticket)) == 1


def test_a_snoozed_ticket_is_silent_until_it_is_woken(house):
    """F6: snoozed until a date, visibly; what passed meanwhile is told when it wakes."""
    _, _, record, ticket = house.told("snooze", "127.0.0.2", a2=house.issue("snooze.watch.test", 20))
    path = f"/tickets/{ticket['key']}"
    refused = house.admin.patch(path, {"snoozed_until": instant(days(-1))}, expect=400)
    assert refused.json["errors"][0]["field"] == "snoozed_until"
    until = instant(days(10))
    house.admin.patch(path, {"snoozed_until": until})
    assert house.ticket(record)["snoozed_until"] == until
    awake = house.admin.get("/tickets?snoozed=false&limit=200").json["items"]
    assert ticket["key"] not in [t["key"] for t in awake]

    house.admin.patch(f"/certificates/{record['id']}", {"notification_periods": [30, 21, 2]})
    house.run("notify")
    assert house.comments(ticket) == []

    house.admin.patch(path, {"snoozed_until": None})
    house.run("notify")
    assert ["expires in 20 days" in c for c in house.comments(ticket)] == [True]


def test_a_ticket_is_acknowledged_by_somebody(house):
    """F6"""
    _, _, _, ticket = house.told("ack", "127.0.0.2", a2=house.issue("ack.watch.test", 20))
    path = f"/tickets/{ticket['key']}"
    answer = house.admin.patch(path, {"acknowledged": True}).json
    assert answer["acknowledged_by"] == "admin" and answer["acknowledged_at"]
    answer = house.admin.patch(path, {"acknowledged": False}).json
    assert answer["acknowledged_by"] is None and answer["acknowledged_at"] is None


def test_a_renewal_that_ends_no_later_does_not_close_the_ticket(house):
    """F7: it takes the place; the old one's ticket stays, and closes with the renewal that does end later."""
    old, short = house.issue("short.watch.test", 10), house.issue("short.watch.test", 6, begins=-5)
    _, port, record, ticket = house.told("short", "127.0.0.2", a2=old)
    house.serve(port, a2=short)

    record = house.look(record)
    assert record["current"]["fingerprint_sha256"] == short.fingerprint
    assert house.ticket(record)["status"] == "open"
    assert "does not end later" in house.comments(ticket)[-1]
    record = house.look(record)
    assert len(house.comments(ticket)) == 1

    house.run("notify")
    assert [t["status"] for t in house.tickets(record)] == ["open", "open"], "the new one is told of, too"

    house.serve(port, a2=house.issue("short.watch.test", 90, begins=-1))
    record = house.look(record)
    assert [t["status"] for t in house.tickets(record)] == ["done", "done"]


def test_a_longer_one_of_another_kind_of_key_does_not_answer_for_a_shorter_renewal(house):
    """F7: a pair's ticket is closed by its own successor, not by the neighbour that ends later."""
    name = "strict.watch.test"
    rsa, ecdsa = house.issue(name, 10, kind="rsa"), house.issue(name, 200)
    _, port, record, ticket = house.told("strict", "127.0.0.2", a2=(rsa, ecdsa))
    short = house.issue(name, 9, begins=-1, kind="rsa")
    house.serve(port, a2=(short, ecdsa))

    for _ in range(2):
        house.look(record)
        assert house.admin.get(f"/tickets/{ticket['key']}").json["status"] == "open"

    house.serve(port, a2=ecdsa)
    house.look(record)
    assert house.admin.get(f"/tickets/{ticket['key']}").json["status"] == "done", "nobody serves RSA any more"


def test_what_was_replaced_elsewhere_is_not_escalated(house):
    """F7: once a successor is everywhere, the old one's periods pass in silence."""
    old = house.issue("elsewhere.watch.test", 10)
    _, port, record, ticket = house.told("elsewhere", "127.0.0.2", a2=old)
    house.serve(port, a2=house.issue("elsewhere.watch.test", 300, begins=-1))
    house.look(record)
    said = house.comments(ticket)

    house.admin.patch(f"/certificates/{record['id']}", {"notification_periods": [60, 20, 11]})
    house.run("notify")
    assert [t["status"] for t in house.tickets(record)] == ["done"]
    assert house.comments(ticket) == said


def test_expired_is_told_of_after_the_end(house):
    """F5: periods after the expiry count, too; unreachable is shown apart from it (F3)."""
    _, port, record, ticket = house.told("over", "127.0.0.2", a2=house.issue("over.watch.test", -2))
    assert record["status"] == "expired"
    assert (ticket["priority"], "has expired on" in ticket["summary"]) == ("highest", True)
    house.serve(port, a2=None)
    record = house.look(record)
    assert (record["status"], record["flags"]) == ("expired", ["unreachable"])


def test_unreachable_is_told_after_three_failures_in_a_row_and_so_is_the_return(house):
    """F3: in the log and in the open ticket, once each; two failures are not told of."""
    issued = house.issue("silent.watch.test", 10)
    _, port, record, ticket = house.told("silent", "127.0.0.2", a2=issued)

    def notices():
        return [action for action, _ in house.log(record) if action.startswith("endpoint.")]

    house.serve(port, a2=None)
    for n in range(2):
        house.run("check")
        assert notices() == [], f"after {n + 1} failures"
    house.serve(port, a2=issued)
    house.run("check")
    house.serve(port, a2=None)
    for expected in ([], [], ["endpoint.unreachable"], ["endpoint.unreachable"]):
        house.run("check")
        assert notices() == expected
    assert ["has not answered since" in c for c in house.comments(ticket)].count(True) == 1
    record = house.record(record)
    assert record["current"]["fingerprint_sha256"] == issued.fingerprint
    assert record["endpoints_summary"]["last_error"] and record["flags"] == ["unreachable"]

    house.serve(port, a2=issued)
    house.run("check")
    house.run("check")
    assert notices() == ["endpoint.unreachable", "endpoint.reachable"]
    assert ["answers again" in c for c in house.comments(ticket)].count(True) == 1


def test_when_everything_fails_at_once_it_is_us_and_nobody_is_told(desk, nginx, authority):
    """F3: told as soon as one of them answers again and the others do not."""
    admin, ports = desk.admin, [free_port() for _ in range(3)]
    for port in ports:
        nginx.site(port, authority.issue("localhost", not_after=days(200)))
    nginx.start()
    records = [admin.add("127.0.0.1", port, sni="localhost") for port in ports]

    def notices(record):
        items = admin.get(f"/certificates/{record['id']}/log").json["items"]
        return [entry["action"] for entry in items if entry["action"].startswith("endpoint.")]

    nginx.stop()
    for _ in range(4):
        run_schedule(admin, "check")
    assert [notices(record) for record in records] == [[], [], []]
    assert "check.everything_fails" in desk.log()

    for port in ports[1:]:
        nginx.drop(port)
    nginx.start()
    run_schedule(admin, "check")
    assert [notices(record) for record in records] == [[], ["endpoint.unreachable"], ["endpoint.unreachable"]]


def test_a_restart_in_between_tells_nobody_twice(desk, nginx, root, authority):
    """F6 F43: killed after the notice, and again after half a renewal: one ticket, each comment once."""
    admin, port = desk.admin, any_port()
    admin.post("/trust-bundles", {"name": "scenario", "pem": root.pem})
    old, new = authority.issue("localhost", not_after=days(10)), authority.issue("localhost", not_before=days(-1))
    for address in ("127.0.0.1", "127.0.0.2"):
        nginx.site(port, old, address=address)
    nginx.start()
    record = admin.post("/certificates", {"name": "twice", "endpoints": [
        {"host": address, "port": port, "sni": "localhost"} for address in ("127.0.0.1", "127.0.0.2")]}).json
    admin.job_done(record["job"])
    run_schedule(admin, "notify")

    def restart():
        desk.kill_hard()
        desk.start()
        return Api(desk.base, desk.admin.token)

    def told():
        [ticket] = admin.get("/tickets").json["items"]
        return ticket["status"], len(admin.get(f"/tickets/{ticket['key']}/comments").json["items"])

    admin = restart()
    run_schedule(admin, "notify")
    assert told() == ("open", 0)

    nginx.site(port, new, address="127.0.0.1").reload()
    run_schedule(admin, "check")
    assert told() == ("open", 1)
    admin = restart()
    run_schedule(admin, "check")
    run_schedule(admin, "notify")
    assert told() == ("open", 1)

    nginx.site(port, new, address="127.0.0.2").reload()
    run_schedule(admin, "check")
    admin = restart()
    run_schedule(admin, "check")
    run_schedule(admin, "notify")
    assert told() == ("done", 2)
    assert datetime.datetime.fromisoformat(admin.get(f"/certificates/{record['id']}").json["expires_at"][:-1])


def test_a_server_that_stops_waits_for_no_silent_peer(desk):
    """F43: probes under way are cancelled, and the check is taken up again after the restart."""
    admin = desk.admin
    with socket.create_server(("127.0.0.1", 0)) as silent:
        record = admin.post("/certificates", {"endpoints": [
            {"host": "127.0.0.1", "port": silent.getsockname()[1], "sni": "localhost"}]}).json
        silent.settimeout(10)
        connection, _ = silent.accept()
        with connection:
            began = time.monotonic()
            assert desk.stop() == 0
            assert time.monotonic() - began < 8, "not the 10 seconds of a handshake"
    desk.start()
    assert desk.admin.job_done(record["job"])["state"] == "done"
    assert desk.admin.get(f"/certificates/{record['id']}").json["flags"] == ["unreachable"]
