"""The main job: an endpoint is watched, a ticket opens before the end, and closes when the successor is served."""

import datetime

from certs import days
from servers import free_port, wait_until


def trust(admin, root):
    admin.post("/trust-bundles", {"name": "scenario", "pem": root.pem})


def run_schedule(admin, name):
    answer = admin.post(f"/schedules/{name}/run", expect=202).json
    job = admin.job_done(answer["job"])
    assert job["state"] == "done", job
    return job


def open_tickets(admin):
    return admin.get("/tickets?type=certificate_expiry&status=open").json["items"]


def test_a_certificate_near_its_end_opens_one_ticket_which_resolves_itself(desk, nginx, root, authority):
    """F1 F2 F6 F7: add, see, be told once, renew, and see the ticket close."""
    admin, port = desk.admin, free_port()
    old = authority.issue("localhost", not_after=days(10))
    nginx.site(port, old).start()
    trust(admin, root)

    record = admin.add("127.0.0.1", port, sni="localhost")
    assert record["status"] == "expiring_soon"
    assert record["current"]["fingerprint_sha256"] == old.fingerprint
    assert record["current"]["days_left"] == 10
    assert record["current"]["chain_status"] == "trusted"

    run_schedule(admin, "notify")
    [ticket] = open_tickets(admin)
    assert ticket["key"] == "CERT-1"
    assert ticket["type"] == "certificate_expiry"
    assert ticket["assignee"] == "admin"

    run_schedule(admin, "notify")
    run_schedule(admin, "check")
    run_schedule(admin, "notify")
    assert [t["key"] for t in open_tickets(admin)] == ["CERT-1"]

    new = authority.issue("localhost", not_after=days(90), not_before=days(-1))
    nginx.site(port, new).reload()
    run_schedule(admin, "check")

    record = admin.get(f"/certificates/{record['id']}").json
    assert record["current"]["fingerprint_sha256"] == new.fingerprint
    ticket = admin.get("/tickets/CERT-1").json
    assert ticket["status"] == "done"
    comments = admin.get("/tickets/CERT-1/comments").json["items"]
    assert any(new.cert.serial_number.to_bytes(20, "big").hex().lstrip("0") in c["body"].lower().replace(":", "")
               or new.fingerprint[:16] in c["body"].lower() for c in comments)
    assert open_tickets(admin) == []


def test_periods_longer_than_a_lifetime_are_skipped_and_the_record_says_what_comes(desk, nginx, authority):
    """F5: of a certificate made for ten days nobody hears on its first day."""
    admin, port = desk.admin, free_port()
    young = authority.issue("localhost", not_before=days(0), not_after=days(10))
    nginx.site(port, young).start()

    record = admin.add("127.0.0.1", port, sni="localhost")
    run_schedule(admin, "notify")
    assert open_tickets(admin) == []
    record = admin.get(f"/certificates/{record['id']}").json
    week_before = young.cert.not_valid_after - datetime.timedelta(days=7)
    assert record["next_notice_at"] == week_before.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_failed_check_never_erases_what_was_known(desk, nginx, root, authority):
    """F3: unreachable is shown apart from the last known certificate."""
    admin, port = desk.admin, free_port()
    issued = authority.issue("localhost", not_after=days(200))
    nginx.site(port, issued).start()
    trust(admin, root)
    record = admin.add("127.0.0.1", port, sni="localhost")

    nginx.stop()
    for _ in range(3):
        record = admin.update(record["id"])
    assert record["current"]["fingerprint_sha256"] == issued.fingerprint
    assert record["status"] == "valid"
    endpoint_id = admin.get(f"/certificates/{record['id']}/endpoints").json["items"][0]["id"]
    endpoint = admin.get(f"/endpoints/{endpoint_id}").json
    assert endpoint["error"]["class"] == "refused"
    assert endpoint["failing_since"] is not None
    assert endpoint["last_success_at"] is not None


def test_nothing_acknowledged_is_lost_by_kill_9(desk, nginx, root, authority):
    """Everything the API said is there after all processes were killed at once."""
    admin, port = desk.admin, free_port()
    nginx.site(port, authority.issue("localhost", not_after=days(5))).start()
    trust(admin, root)
    record = admin.add("localhost", port, name="precious")
    run_schedule(admin, "notify")

    desk.kill_hard()
    desk.start()
    admin = desk.admin
    assert admin.get(f"/certificates/{record['id']}").json["name"] == "precious"
    assert [t["key"] for t in open_tickets(admin)] == ["CERT-1"]
    run_schedule(admin, "notify")
    assert [t["key"] for t in open_tickets(admin)] == ["CERT-1"]


def test_each_process_is_restarted_and_the_service_comes_back(desk, nginx, authority):
    """A killed child is restarted; work goes on."""
    import os
    import signal
    admin, port = desk.admin, free_port()
    nginx.site(port, authority.issue("localhost")).start()
    record = admin.add("localhost", port)
    for role in ("prober", "vault", "server"):
        before = desk.children()[role]
        os.kill(before, signal.SIGKILL)
        wait_until(lambda r=role, b=before: desk.children().get(r) not in (None, b), what=f"{role} restarted")
        desk.wait_ready()
        again = admin.update(record["id"])
        assert again["current"]["fingerprint_sha256"] == record["current"]["fingerprint_sha256"]
