"""F8: webhooks: signed, in the words of the chat they go to, pinned to permitted addresses, and each once."""

import hashlib
import hmac
import time

import pytest

from certs import days
from mailbox import Hook
from servers import wait_until
from test_notify import bring, scan, settled


@pytest.fixture(name="hook")
def fixture_hook():
    hook = Hook()
    yield hook
    hook.stop()


def add(desk, hook, expect=201, **fields):
    return desk.admin.post("/webhooks", {"name": "h", "url": hook.url, "events": ["expiry"], **fields}, expect=expect).json


def expiring(desk, authority, *names):
    return [bring(desk, authority.issue(f"host{i}.example", not_before=days(-300), not_after=days(5)), name=name)
            for i, name in enumerate(names)]


def check_signature(call, secret):
    _, headers, body, at = call
    parts = dict(part.split("=") for part in headers["X-Certdesk-Signature"].split(","))
    assert abs(int(parts["t"]) - at) < 10
    assert hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest() == parts["v1"]


def test_a_scan_is_one_signed_call(desk, hook, authority):
    made = add(desk, hook)
    assert made["secret"].startswith("whsec_") and made["last_delivery"] is None and made["enabled"] is True
    quiet = add(desk, hook, name="quiet", events=["renewed"])
    add(desk, hook, name="off", enabled=False)
    ids = expiring(desk, authority, "a.example", "b.example")
    scan(desk)
    (path, headers, _, _), = hook.wait(1)
    assert path == "/hook/s3cret-path" and headers["X-Certdesk-Event"] == "expiry"
    assert headers["Content-Type"] == "application/json"
    check_signature(hook.calls[0], made["secret"])
    body = hook.json()
    assert body["id"] == headers["X-Certdesk-Delivery"] and body["event"] == "expiry" and body["total"] == 2
    assert [c["id"] for c in body["certificates"]] == ids
    assert body["certificates"][0]["days_left"] == 5 and body["certificates"][0]["period_days"] == 7
    assert scan(desk)["messages"] == 0
    settled(desk)
    assert len(hook.calls) == 1
    listed = {w["name"]: w for w in desk.admin.get("/webhooks").json["items"]}
    assert listed["h"]["last_delivery"]["state"] == "sent" and listed["quiet"]["last_delivery"] is None
    assert "secret" not in listed["h"]

    # A new secret signs from then on; a test says what came of it.
    new = desk.admin.post(f"/webhooks/{made['id']}/secret", expect=200).json["secret"]
    assert new != made["secret"]
    answer = desk.admin.post("/settings/notifications/test", {"channel": "webhook", "webhook": made["id"]}, expect=200).json
    assert answer["ok"] and answer["detail"] == "HTTP 200: ok"
    check_signature(hook.calls[1], new)
    assert hook.json()["event"] == "test"
    for word in (made["secret"], new, "s3cret-path"):
        assert word not in desk.log() and word not in str(desk.admin.get("/audit?limit=500").json)
    desk.admin.delete(f"/webhooks/{quiet['id']}")
    assert len(desk.admin.get("/webhooks").json["items"]) == 2


def test_chats_get_their_own_words(desk, hook, authority):
    add(desk, hook, name="slack", template="slack")
    add(desk, hook, name="teams", template="teams")
    expiring(desk, authority, *[f"x{i} <b>&*_[y](z)" for i in range(25)])
    scan(desk)
    hook.wait(2)
    both = [hook.json(0), hook.json(1)]
    slack = next(b for b in both if "text" in b)["text"]
    card = next(b for b in both if "attachments" in b)["attachments"][0]
    assert slack.startswith("*25 certificates expire*\n") and "x0 &lt;b&gt;&amp;*_[y](z)" in slack
    assert slack.endswith("and 5 more") and slack.count("\n") == 21
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    lines = [block["text"] for block in card["content"]["body"]]
    assert len(lines) == 22 and "\\<b\\>&\\*\\_\\[y\\]\\(z\\)" in lines[1] and lines[-1] == "and 5 more"


@pytest.mark.parametrize("answers, attempts, state", [
    ([(500, {}), (429, {"Retry-After": "1"})], 3, "sent"),
    ([(404, {})], 1, "failed"),
    ([(302, {"Location": "http://127.0.0.1:1/"})], 1, "failed"),
])
def test_answers_decide(desk, hook, authority, answers, attempts, state):
    hook.answers = list(answers)
    add(desk, hook)
    expiring(desk, authority, "a.example")
    began = time.monotonic()
    scan(desk)
    hook.wait(attempts, 40)
    item, = settled(desk)
    assert item["state"] == state and item["attempts"] == attempts and len(hook.calls) == attempts
    assert len({c[1]["X-Certdesk-Delivery"] for c in hook.calls}) == 1
    assert attempts == 1 or time.monotonic() - began >= 5
    if state == "failed":
        assert f"HTTP {answers[0][0]}" in item["error"] and "s3cret" not in item["error"]
        desk.admin.post(f"/deliveries/{item['id']}/retry", expect=202)
        hook.wait(2)
        assert settled(desk)[0]["state"] == "sent"
        desk.admin.post(f"/deliveries/{item['id']}/retry", expect=409)


def test_a_hook_that_hangs_keeps_nobody_waiting(desk_factory, hook, authority):
    slow = Hook()
    slow.delay = 3
    desk = desk_factory(env={"CERTDESK_WEBHOOK_TIMEOUT": "1s"})
    add(desk, slow, name="slow")
    add(desk, hook, name="quick")
    expiring(desk, authority, "a.example")
    scan(desk)
    hook.wait(1, 10)
    item = wait_until(lambda: [d for d in desk.admin.get("/deliveries?recipient=slow").json["items"] if d["error"]], 20,
                      "the time-out in the log")
    assert "Timeout" in item[0]["error"] and item[0]["state"] == "queued"
    slow.stop()


def test_addresses_that_nobody_allowed_are_not_called(desk_factory, hook, authority):
    desk = desk_factory(env={"CERTDESK_WEBHOOK_ALLOW": ""})
    for url in (hook.url, "http://[::1]:80/", "http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]/", "ftp://x.example/",
                "http://user:pw@x.example/", "nonsense", "http://"):
        problem = desk.admin.post("/webhooks", {"name": "h", "url": url, "events": ["expiry"]}, expect=400).json
        assert problem["errors"][0]["field"] == "url", url
    # A name is judged by what it resolves to, at each call.
    made = desk.admin.post("/webhooks", {"name": "h", "url": hook.url.replace("127.0.0.1", "localhost"),
                                         "events": ["expiry"]}).json
    answer = desk.admin.post("/settings/notifications/test", {"channel": "webhook", "webhook": made["id"]}, expect=200).json
    assert not answer["ok"] and "loopback" in answer["detail"]
    desk.admin.patch(f"/webhooks/{made['id']}", {"url": hook.url}, expect=400)
    expiring(desk, authority, "a.example")
    scan(desk)
    assert settled(desk)[0]["state"] == "failed" and hook.calls == []


def test_bad_input_is_told_by_its_field(desk, hook):
    good = {"name": "h", "url": hook.url, "events": ["expiry"]}
    for change, field in (({"name": ""}, "name"), ({"events": []}, "events"), ({"events": ["nonsense"]}, "events"),
                          ({"template": "irc"}, "template"), ({"url": "x" * 3000}, "url"), ({"more": 1}, "more")):
        problem = desk.admin.post("/webhooks", {**good, **change}, expect=400).json
        assert field in [e["field"].split("[")[0] for e in problem["errors"]], (change, problem)
    made = desk.admin.post("/webhooks", good).json
    desk.admin.post("/webhooks", good, expect=409)
    edited = desk.admin.patch(f"/webhooks/{made['id']}", {"name": "k", "events": ["renewed", "expiry"], "enabled": False},
                              headers={"If-Match": made["etag"]}).json
    assert (edited["name"], edited["events"], edited["enabled"]) == ("k", ["renewed", "expiry"], False)
    desk.admin.patch(f"/webhooks/{made['id']}", {"name": "l"}, expect=412, headers={"If-Match": made["etag"]})
    desk.admin.patch("/webhooks/4711", {"name": "l"}, expect=404)
    for query, field in (("channel=pigeon", "channel"), ("state=lost", "state"), ("nonsense=1", "nonsense")):
        assert desk.admin.get(f"/deliveries?{query}", expect=400).json["errors"][0]["field"] == field


def test_a_replacement_is_a_remark(desk, hook, nginx, authority):
    from servers import free_port
    port = free_port()
    add(desk, hook, events=["renewed"])
    nginx.site(port, authority.issue("a.example", not_before=days(-300), not_after=days(5))).start()
    record = desk.admin.add("127.0.0.1", port, sni="a.example")
    scan(desk)
    nginx.site(port, authority.issue("a.example", not_after=days(400))).reload()
    desk.admin.update(record["id"])
    soon, = desk.admin.get("/jobs?type=outbox&state=queued").json["items"]
    assert soon["state"] == "queued"  # gathers for a minute; the schedule is not waited for here
    desk.admin.job_done(desk.admin.post("/schedules/outbox/run", expect=202).json["job"])
    hook.wait(1)
    assert hook.json()["event"] == "renewed" and hook.json()["certificates"][0]["id"] == record["id"]
    assert "Resolved" in hook.json()["certificates"][0]["message"]


@pytest.mark.parametrize("status, state", [(200, "sent"), (404, "failed")])
def test_an_answer_without_an_end_is_not_read(desk, hook, authority, status, state):
    hook.endless, hook.answers = True, [(status, {})]
    add(desk, hook)
    expiring(desk, authority, "a.example")
    began = time.monotonic()
    scan(desk)
    item, = settled(desk)
    assert item["state"] == state and item["attempts"] == 1 and len(hook.calls) == 1
    assert time.monotonic() - began < 9 and len(item["error"] or "") < 400


def test_what_was_for_a_webhook_that_is_gone_is_over(desk, hook, authority):
    hook.answers = [(404, {})]
    made = add(desk, hook)
    expiring(desk, authority, "a.example")
    scan(desk)
    item, = settled(desk)
    desk.admin.delete(f"/webhooks/{made['id']}")
    assert "still there" in desk.admin.post(f"/deliveries/{item['id']}/retry", expect=409).json["detail"]
    assert scan(desk)["messages"] == 0 and len(hook.calls) == 1


def test_a_webhook_that_is_turned_off_gets_a_test_and_nothing_else(desk, hook, authority):
    hook.answers = [(503, {"Retry-After": "2"})]
    made = add(desk, hook)
    expiring(desk, authority, "a.example")
    scan(desk)
    hook.wait(1)
    desk.admin.patch(f"/webhooks/{made['id']}", {"enabled": False})
    item, = settled(desk)
    assert item["state"] == "failed" and item["error"] == "the webhook is turned off" and len(hook.calls) == 1
    assert desk.admin.post("/settings/notifications/test", {"channel": "webhook", "webhook": made["id"]},
                           expect=200).json["ok"]
    assert len(hook.calls) == 2
