"""F38: what the page's settings, jobs and record dialogs do, from the command line."""

import csv
import json

import pytest

from certs import days, self_signed
from house import run_schedule
from uploads import import_


@pytest.fixture(name="desk")
def desk_(desk_of_module):
    return desk_of_module


@pytest.fixture(name="expiring")
def expiring_(desk):
    """A record that ends in five days, with the ticket that says so."""
    made = import_(desk.admin, {"file": self_signed("soon.example", not_after=days(5)).pem}).json["id"]
    run_schedule(desk.admin, "notify")
    return desk.admin.get(f"/certificates/{made}").json


@pytest.fixture
def words(desk):
    def run(*given, status=0, token_file=None):
        done = desk.cli(*given, env={"CERTDESK_TOKEN_FILE": token_file or desk.token_file})
        assert done.returncode == status, (given, done.stdout, done.stderr)
        return done
    return run


def items(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_notification_settings(desk, words):
    """F5: what is not named stays; what is wrong is named."""
    words("notification", "set", "--periods", "30, 7,-1", "--check-schedule", "5 3 * * *", "--default-assignee", "admin",
          "--unreachable-after", "5", "--disable", "webhook")
    settings = desk.admin.get("/settings/notifications").json
    assert settings["periods"] == [30, 7, -1] and settings["check_schedule"] == "5 3 * * *"
    assert settings["default_assignee"] == "admin" and settings["unreachable_after"] == 5
    assert {c["name"]: c["enabled"] for c in settings["channels"]}["webhook"] is False
    words("notification", "set", "--default-assignee", "-", "--enable", "webhook")
    assert desk.admin.get("/settings/notifications").json["default_assignee"] is None
    shown = words("notification", "show").stdout
    assert "30" in shown and "webhook" in shown and shown.splitlines()[-1].split()[-1] in ("on", "off")
    assert "--periods" in words("notification", "set", "--periods", "soon", status=1).stderr
    assert "check_schedule" in words("notification", "set", "--check-schedule", "nonsense", status=1).stderr
    for wrong in (("set", "x"), ("test",), ("nonsense",), ()):
        words("notification", *wrong, status=2)


def test_webhooks(desk, words):
    """F8: made, changed, tested and removed; the secret is printed and nothing else."""
    secret = words("webhook", "add", "ops", "http://127.0.0.1:9/hook", "--template", "slack").stdout
    assert len(secret.split()) == 1
    made = desk.admin.get("/webhooks").json["items"][0]
    assert made["template"] == "slack" and made["enabled"] and len(made["events"]) == 4
    words("webhook", "edit", "ops", "--events", "expiry", "--enabled", "no", "--name", "Ops & Co")
    changed = desk.admin.get("/webhooks").json["items"][0]
    assert changed["events"] == ["expiry"] and not changed["enabled"] and changed["name"] == "Ops & Co"
    assert words("webhook", "secret", "Ops & Co").stdout not in ("", secret)
    assert "did not arrive" in words("notification", "test", "webhook", str(made["id"]), status=1).stdout
    assert "Ops & Co" in words("webhook", "list").stdout
    assert 'no webhook "ops"' in words("webhook", "remove", "ops", status=1).stderr
    words("webhook", "remove", "Ops & Co")
    assert desk.admin.get("/webhooks").json["items"] == []


def test_a_token_made_in_a_shell_works(desk, words, tmp_path):
    """F34: it reads, and may no more; it is gone when it is removed."""
    kept = tmp_path / "token"
    kept.write_text(words("token", "add", "monitoring", "--expires-at", "2099-01-01").stdout)
    token = desk.admin.get("/tokens").json["items"][0]
    assert token["scopes"] == ["read"] and token["expires_at"] == "2099-01-01T00:00:00Z"
    words("cert", "list", token_file=str(kept))
    words("cert", "add", "127.0.0.1:1", token_file=str(kept), status=1)
    assert "monitoring" in words("token", "list").stdout
    words("token", "remove", "monitoring")
    words("cert", "list", token_file=str(kept), status=1)


def test_calendar_and_trust(desk, words, tmp_path, root):
    url = words("calendar", "add").stdout.strip()
    assert "calendar.ics?token=" in url
    feed = items(words("calendar", "list", "-o", "json"))[0]
    words("calendar", "remove", str(feed["id"]))
    assert words("calendar", "list", "-o", "json").stdout == ""
    pem = tmp_path / "root.pem"
    pem.write_text(root.pem)
    words("trust", "add", "Corp", str(pem))
    assert "Corp" in words("trust", "list").stdout
    words("trust", "remove", "Corp")
    assert desk.admin.get("/trust-bundles").json["items"] == []


def test_jobs_schedules_dashboard_and_the_audit_log(desk, words, tmp_path):
    """F36, F39, F43: what the pages show, and "run now"."""
    words("schedule", "run", "check", "--wait")
    run = {s["name"]: s for s in items(words("schedule", "list", "-o", "json"))}["check"]
    assert run["last_job"]["state"] == "done"
    assert "done" in [line for line in words("schedule", "list").stdout.splitlines() if line.startswith("check ")][0]
    job = items(words("job", "list", "--type", "check", "-o", "json"))[0]
    assert "done" in words("job", "show", str(job["id"])).stdout
    words("job", "retry", str(job["id"]), status=1)
    words("schedule", "run", "nothing", status=1)
    coming = words("schedule", "preview", "30 4 * * 1").stdout.splitlines()
    assert len(coming) == 5 and all(at.endswith("T04:30:00Z") for at in coming) and coming == sorted(coming)
    assert items(words("schedule", "preview", "30 4 * * 1", "-o", "json"))[0]["runs"] == coming
    assert "cron" in words("schedule", "preview", "30 4 * *", status=1).stderr
    desk.admin.post("/certificates", {"name": "shop"})
    desk.admin.add("::1", 1)
    assert " [::1]:1 since " in words("dashboard", "show").stdout
    shown = dict(line.split(None, 1) for line in words("dashboard", "show").stdout.splitlines() if " " in line)
    counts = desk.admin.get("/dashboard").json["counts"]
    assert int(shown["total"]) == counts["total"] > 0 and int(shown["unknown"]) == counts["unknown"] > 0
    assert words("dashboard").stdout == words("dashboard", "show").stdout
    log = items(words("audit", "list", "--action", "schedule.", "-o", "json"))
    assert [(e["action"], e["object_name"]) for e in log] == [("schedule.run", "check")]
    assert "schedule.run" not in words("audit", "list", "--to", "2020-01-01").stdout
    words("audit", "list", "x", status=2)
    table = list(csv.DictReader(words("audit", "export", "--action", "schedule.").stdout.splitlines()))
    assert [int(row["id"]) for row in table] == [entry["id"] for entry in log]
    words("audit", "export", "-o", str(tmp_path / "log.csv"))
    assert (tmp_path / "log.csv").read_text().startswith("id,at,actor,")


def test_a_record_is_changed_watched_and_forgotten(desk, words):
    """F24, F30, F31: and what is wrong is named."""
    desk.admin.post("/custom-fields", {"name": "rack", "type": "number"})
    desk.admin.post("/custom-fields", {"name": "cost"})
    desk.admin.post("/business-groups", {"name": "Shop"})
    made = desk.admin.post("/certificates", {"name": "old", "description": "x", "fields": {"cost": "A1"}}).json["id"]
    words("cert", "edit", str(made), "--name", "new", "--business-group", "Shop", "--tags", "web, eu", "--field", "rack=12",
          "--field", "cost=", "--notification-periods", "30,7", "--required-names", "a.example,b.example")
    record = desk.admin.get(f"/certificates/{made}").json
    assert record["name"] == "new" and record["business_group"] == "Shop" and record["tags"] == ["eu", "web"]
    assert record["fields"] == {"rack": 12} and record["notification_periods"] == [30, 7]
    assert record["required_names"] == ["a.example", "b.example"] and record["description"] == "x"
    words("cert", "edit", str(made), "--business-group", "-", "--tags", "-", "--notification-periods", "-", "--required-names", "-")
    record = desk.admin.get(f"/certificates/{made}").json
    assert record["business_group"] is None and record["tags"] == [] and record["required_names"] is None
    assert record["notification_periods"] is None

    assert "certificate.edit" in words("cert", "log", str(made)).stdout
    words("cert", "watch", str(made), "127.0.0.1:1", "--sni", "shop.example")
    endpoints = desk.admin.get(f"/certificates/{made}/endpoints").json["items"]
    assert [(e["host"], e["port"], e["sni"]) for e in endpoints] == [("127.0.0.1", 1, "shop.example")]
    assert "say host:port" in words("cert", "unwatch", str(made), "127.0.0.1:2", status=1).stderr
    words("cert", "unwatch", str(made), "127.0.0.1:1")
    assert desk.admin.get(f"/certificates/{made}/endpoints").json["items"] == []

    resource = desk.admin.post("/resources", {"name": "lb"}).json["id"]
    desk.admin.post(f"/certificates/{made}/resources", {"resource": resource, "slot": "www"})
    assert "new" in words("cert", "list", "--resource", "lb").stdout
    assert "new" not in words("cert", "list", "--unused").stdout
    assert "lb" in words("cert", "delete", str(made), status=1).stderr
    other = desk.admin.post("/certificates", {"name": "other"}).json["id"]
    assert "other" in words("cert", "list", "--unused", "--source", "monitored", "--assignee", "-").stdout
    words("cert", "delete", str(other))
    desk.admin.get(f"/certificates/{other}", expect=404)
    for wrong in (("edit",), ("edit", "x"), ("watch", str(made)), ("delete",)):
        words("cert", *wrong, status=1 if wrong == ("edit", "x") else 2)


def test_a_ticket_is_acknowledged_and_snoozed(desk, words, expiring):
    """F6: visibly."""
    key = expiring["ticket"]
    assert expiring["certificate_id"] in words("cert", "versions", str(expiring["id"])).stdout
    assert "\nrenewal " in words("cert", "show", str(expiring["id"])).stdout
    words("ticket", "acknowledge", key)
    words("ticket", "snooze", key, "2099-12-24")
    ticket = desk.admin.get(f"/tickets/{key}").json
    assert ticket["acknowledged_by"] == "admin" and ticket["snoozed_until"] == "2099-12-24T00:00:00Z"
    words("ticket", "snooze", key, "-")
    assert desk.admin.get(f"/tickets/{key}").json["snoozed_until"] is None
    assert "snoozed_until" in words("ticket", "snooze", key, "tomorrow", status=1).stderr
