"""F20: programs that a Jira client has registered are called, signed, when something happens to tickets."""

import hashlib
import hmac
import json
import time

import pytest

from certdesk import Api
from lifecycle import Desk
from mailbox import Hook
from profiles import run_sql
from servers import wait_until

HOOKS = "/rest/webhooks/1.0/webhook"
SECRET = "It's a Secret to Everybody"


@pytest.fixture(name="hook")
def fixture_hook():
    hook = Hook()
    yield hook
    hook.stop()


def register(api, hook, expect=201, **fields):
    body = {"name": "h", "url": hook.url, "events": ["jira:issue_created", "jira:issue_updated", "comment_created"],
            "filters": {"issue-related-events-section": "project = CERT"}, "excludeBody": False, "secret": SECRET, **fields}
    return api.call("POST", HOOKS, body, expect=expect).json


def calls(hook, n):
    """The first n, by event, each checked for its signature."""
    wait_until(lambda: len(hook.calls) >= n, 30, f"{n} calls, {len(hook.calls)} came")
    told = []
    for _, headers, body, _ in hook.calls:
        assert headers["X-Hub-Signature"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Atlassian-Webhook-Identifier"] and headers["Content-Type"] == "application/json; charset=utf-8"
        told.append(json.loads(body))
    return told


def test_the_signature_is_jiras():
    """The vector that Atlassian publishes."""
    assert hmac.new(SECRET.encode(), b"Hello World!", hashlib.sha256).hexdigest() == \
        "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"


def test_a_life_is_told_in_order(desk, hook):
    issuing = Desk(desk)
    made = register(desk.admin, hook)
    assert made["enabled"] and made["self"].endswith("/" + made["self"].rsplit("/")[-1]) and "secret" not in made
    ticket = issuing.create("www.example.org", summary="Web shop")
    desk.admin.call("POST", f"/rest/api/2/issue/{ticket['key']}/comment", {"body": "hello"}, expect=201)
    told = calls(hook, 2)
    assert told[0]["webhookEvent"] == "jira:issue_created" and told[0]["user"]["name"] == "admin"
    assert told[0]["issue"]["key"] == ticket["key"] and told[0]["issue"]["fields"]["summary"] == "Web shop"
    assert told[0]["issue"]["fields"]["customfield_10202"].startswith("-----BEGIN CERTIFICATE REQUEST")
    assert isinstance(told[0]["timestamp"], int) and "changelog" not in told[0]
    [said] = [t for t in told if t["webhookEvent"] == "comment_created" and t["comment"]["body"] == "hello"]
    assert said["issue"]["key"] == ticket["key"] and said["comment"]["author"]["name"] == "admin"
    n = len(hook.calls)
    desk.admin.call("PUT", f"/rest/api/2/issue/{ticket['key']}", {"fields": {"summary": "Shop", "priority": {"id": "1"}}},
                    expect=204)
    changed = calls(hook, n + 1)[n]
    assert changed["webhookEvent"] == "jira:issue_updated" and changed["issue_event_type_name"] == "issue_generic"
    items = {i["field"]: (i["fromString"], i["toString"]) for i in changed["changelog"]["items"]}
    assert items == {"summary": ("Web shop", "Shop"), "priority": ("Medium", "Highest")}
    issuing.do(ticket, "enroll")

    def enrolled():
        return any(i["field"] == "status" and i["toString"] == "Certificate Enrolled"
                   for t in calls(hook, 0) for i in t.get("changelog", {"items": []})["items"])
    wait_until(enrolled, 30, "the enrolment is told")
    ids = [h["X-Atlassian-Webhook-Identifier"] for _, h, _, _ in hook.calls]
    assert len(set(ids)) == len(ids)


def test_the_end_of_a_ticket_is_told_with_its_last_shape(desk, hook):
    issuing = Desk(desk)
    register(desk.admin, hook, events=["jira:issue_deleted"], filters={"issue-related-events-section": "labels = loud"})
    issuing.create("quiet.example.org")
    quiet = issuing.create("quiet.example.org")
    loud = issuing.create("loud.example.org", labels=["loud"], summary="Loud")
    for ticket in (quiet, loud):
        desk.admin.call("DELETE", f"/rest/api/2/issue/{ticket['key']}", expect=204)
        desk.admin.call("GET", f"/rest/api/2/issue/{ticket['key']}", expect=404)
    kept = issuing.create("kept.example.org", labels=["loud"])
    issuing.do(kept, "enroll")
    assert desk.admin.call("DELETE", f"/rest/api/2/issue/{kept['key']}").status == 403
    last = issuing.create("last.example.org", labels=["loud"])
    desk.admin.call("DELETE", f"/rest/api/2/issue/{last['key']}", expect=204)
    told = calls(hook, 2)  # neither the quiet ones, nor the one that stays
    assert [t["issue"]["key"] for t in told] == [loud["key"], last["key"]]
    for event in told:
        assert event["webhookEvent"] == "jira:issue_deleted" and event["issue_event_type_name"] == "issue_deleted"
        assert event["user"]["name"] == "admin" and event["issue"]["fields"]["labels"] == ["loud"]
    assert told[0]["issue"]["fields"]["summary"] == "Loud"


def test_a_filter_a_switch_and_the_end(desk, hook):
    issuing = Desk(desk)
    made = register(desk.admin, hook, filters={"issue-related-events-section": "labels = loud"}, excludeBody=True)
    path = made["self"].split(desk.base)[1]
    issuing.create("quiet.example.org")
    issuing.create("loud.example.org", labels=["loud"])
    [told] = calls(hook, 1)
    assert set(told) == {"timestamp", "webhookEvent", "issue_event_type_name"}
    assert [h["name"] for h in desk.admin.call("GET", HOOKS, expect=200).json] == ["h"]
    changed = desk.admin.call("PUT", path, {"enabled": False, "events": ["comment_created"]}, expect=200).json
    assert changed["enabled"] is False and changed["events"] == ["comment_created"]
    assert desk.admin.call("GET", path, expect=200).json["filters"] == {"issue-related-events-section": "labels = loud"}
    issuing.create("again.example.org", labels=["loud"])
    desk.admin.call("DELETE", path, expect=204)
    assert desk.admin.call("GET", path).status == 404 and len(hook.calls) == 1


def test_bad_registrations_are_told_by_their_field(desk, hook):
    for field, fields in (("name", {"name": ""}), ("url", {"url": "ftp://x"}), ("url", {"url": "http://169.254.169.254/"}),
                          ("events", {"events": ["nonsense"]}), ("events", {"events": []}),
                          ("filters", {"filters": {"issue-related-events-section": "a = ("}})):
        assert list(register(desk.admin, hook, expect=400, **fields)["errors"]) == [field], fields
    assert Api(desk.base).call("GET", HOOKS).status == 401


def test_webhooks_for_thirty_days(desk, hook):
    issuing = Desk(desk)
    path = "/rest/api/3/webhook"
    body = {"url": hook.url, "secret": SECRET, "webhooks": [
        {"events": ["jira:issue_created"], "jqlFilter": "project = CERT AND labels = loud"},
        {"events": ["comment_created"], "jqlFilter": "a = ("}, {"events": ["nonsense"]}, {"events": ["comment_created"]}]}
    made = desk.admin.call("POST", path, body, expect=200).json["webhookRegistrationResult"]
    ids = [m.get("createdWebhookId") for m in made]
    assert ids[0] and ids[3] and not ids[1] and not ids[2] and "(line" in made[1]["errors"][0] + "(line" and made[2]["errors"]
    page = desk.admin.call("GET", path, expect=200).json
    assert page["total"] == 2 and page["isLast"] and [v["id"] for v in page["values"]] == [ids[0], ids[3]]
    first = page["values"][0]
    assert first["events"] == ["jira:issue_created"] and first["jqlFilter"] == "project = CERT AND labels = loud"
    assert first["url"] == hook.url and 29.9 < (first["expirationDate"] / 1000 - time.time()) / 86400 < 30.1
    assert desk.admin.call("GET", HOOKS, expect=200).json == []  # these are another kind

    issuing.create("quiet.example.org")
    issuing.create("loud.example.org", labels=["loud"])
    [told] = [t for t in calls(hook, 1) if t["webhookEvent"] == "jira:issue_created"]
    assert told["issue"]["fields"]["labels"] == ["loud"]

    run_sql(desk, f"UPDATE jira_webhook SET expires_at = 1000 WHERE webhook_id = {ids[0]}")
    refreshed = desk.admin.call("PUT", path + "/refresh", {"webhookIds": ids[3:] + [4711]}, expect=200).json
    assert refreshed["expirationDate"] >= first["expirationDate"]
    assert [v["id"] for v in desk.admin.call("GET", path, expect=200).json["values"]] == ids[3:]
    ticket = issuing.create("later.example.org", labels=["loud"])
    desk.admin.call("POST", f"/rest/api/3/issue/{ticket['key']}/comment", {"body": {"type": "doc", "version": 1, "content": []}})
    desk.admin.call("POST", f"/rest/api/2/issue/{ticket['key']}/comment", {"body": "hello"}, expect=201)
    wait_until(lambda: any(t["webhookEvent"] == "comment_created" for t in calls(hook, 1)), 30, "the comment is told")
    assert [t["issue"]["key"] for t in calls(hook, 1) if t["webhookEvent"] == "jira:issue_created"] == [told["issue"]["key"]]

    assert desk.admin.call("DELETE", path, {"webhookIds": [ids[3]]}).status == 202
    assert desk.admin.call("GET", path, expect=200).json["values"] == []
    for wrong in ({}, {"url": "ftp://x", "webhooks": [{"events": ["comment_created"]}]}, {"url": hook.url, "webhooks": []}):
        assert desk.admin.call("POST", path, wrong).status == 400
    assert desk.admin.call("PUT", path + "/refresh", {"webhookIds": []}).status == 400
