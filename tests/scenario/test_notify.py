"""F5 F8: mails about certificates that end: one for each person and scan, once, whatever happens in between."""

import random
import re
import time

import pytest

from certs import days
from mailbox import Hook, MailServer
from servers import free_port, wait_until
from test_backup import back_up, restored_desk, run
from uploads import import_


@pytest.fixture(name="smtp")
def fixture_smtp():
    server = MailServer().start()
    yield server
    server.stop()


@pytest.fixture(name="mailing")
def fixture_mailing(desk_factory, smtp):
    """A desk that sends its mail to `smtp`."""
    return desk_factory(env=smtp.env)


def person(desk, name, email=None):
    desk.add_user(name, display_name=name.title(), **({"email": email} if email else {}))


def bring(desk, issued, **fields):
    """A record without endpoints."""
    return import_(desk.admin, [("file", "x.pem", issued.pem), *fields.items()]).json["id"]


def scan(desk):
    """The renewal scan, now; returns its result."""
    job = desk.admin.job_done(desk.admin.post("/schedules/notify/run", expect=202).json["job"])
    assert job["state"] == "done", job
    return job["result"]


def settled(desk):
    """All that was queued has been sent or has failed."""
    wait_until(lambda: not any(desk.admin.get(f"/deliveries?state={s}").json["items"] for s in ("queued", "sending")),
               30, "deliveries settled")
    return desk.admin.get("/deliveries?limit=500").json["items"]


def test_a_hundred_certificates_are_one_mail_for_each_owner(mailing, smtp, authority):
    for name in ("ann", "bob"):
        person(mailing, name, f"{name}@people.example")
    for i in range(100):
        ends = [-3, 3, 20, 80][i % 4]
        bring(mailing, authority.issue(f"host{i}.example", not_before=days(-300), not_after=days(ends)),
              name=f"host{i}.example", owner="ann")
    bring(mailing, authority.issue("bobs.example", not_after=days(10), not_before=days(-300)),
          name="b\u00fcb's <b>&\r\nBcc: all@example", owner="bob")
    result = scan(mailing)
    assert result["messages"] == 2
    smtp.wait(2)
    ann, = smtp.to("ann@people.example")
    assert ann.subject == "[certdesk] 100 certificates expire, 25 of them have already"
    for title in ("Expired (25)", "Within 7 days (25)", "Within 30 days (25)", "Later (25)"):
        assert title in ann.text and title in ann.html
    assert all(f"host{i}.example" in ann.text and f"host{i}.example" in ann.html for i in range(100))
    assert ann.text.index("host0.example") < ann.text.index("host1.example") < ann.text.index("host3.example")
    assert str(ann.message["To"]) == "Ann <ann@people.example>"
    assert str(ann.message["From"]) == "Certificate Desk <certdesk@desk.example>"
    assert ann.message["Auto-Submitted"] == "auto-generated" and ann.message["Date"].datetime
    assert re.fullmatch(r"<[0-9a-f]{32}@desk\.example>", ann.id)
    bob, = smtp.to("bob@people.example")
    assert bob.subject.startswith("[certdesk] b\u00fcb's <b>&") and bob.subject.endswith("expires in 10 days, on " +
                                                                     days(10).strftime("%Y-%m-%d"))
    assert bob.message["Bcc"] is None and "&lt;b&gt;&amp;" in bob.html and "<b>" not in bob.html
    for mail in (ann, bob):
        assert all(len(line) <= 998 for line in mail.raw.split(b"\r\n"))
        assert b"\n" not in mail.raw.replace(b"\r\n", b"")

    # A second scan has nothing to say, nor has one after a restart.
    assert scan(mailing)["messages"] == 0
    mailing.stop()
    mailing.start()
    assert scan(mailing)["messages"] == 0
    items = settled(mailing)
    assert len(smtp.mails) == 2 and {d["state"] for d in items} == {"sent"}


def test_a_new_period_is_told_of_once_and_an_override_is_obeyed(mailing, smtp, authority):
    person(mailing, "ann", "ann@people.example")
    made = bring(mailing, authority.issue("a.example", not_before=days(-300), not_after=days(50)), owner="ann")
    quiet = bring(mailing, authority.issue("q.example", not_before=days(-300), not_after=days(50)), owner="ann")
    mailing.admin.patch(f"/certificates/{quiet}", {"notification_periods": [7]})
    scan(mailing)
    assert len(smtp.wait(1)) == 1 and "q.example" not in smtp.mails[0].text
    mailing.admin.patch(f"/certificates/{made}", {"notification_periods": [80, 20]})  # told of, and not reached
    assert scan(mailing)["messages"] == 0
    mailing.admin.patch(f"/certificates/{made}", {"notification_periods": [60, 52]})
    assert scan(mailing)["messages"] == 1
    mailing.admin.patch(f"/certificates/{quiet}", {"notification_periods": None})
    assert scan(mailing)["messages"] == 1
    smtp.wait(3)
    assert "q.example" in smtp.mails[2].text and "a.example" not in smtp.mails[2].text


def test_who_is_told(mailing, smtp, authority):
    """Owner, assignee and sharers who wish to, by themselves or in a group; nobody else."""
    for name in ("own", "assigned", "wishes", "silent", "gone", "stranger"):
        person(mailing, name, f"{name}@people.example")
    person(mailing, "nomail")
    made = bring(mailing, authority.issue("a.example", not_before=days(-300), not_after=days(5)), owner="own",
                 assignee="assigned")
    users = ["wishes", "silent", "gone", "nomail"]
    mailing.admin.call("PUT", f"/certificates/{made}/access",
                       {"share": {"users": users}, "notify": {"users": ["wishes", "gone", "nomail"]}}, expect=200)
    mailing.admin.patch("/users/gone", {"disabled": True})
    result = scan(mailing)
    assert result["messages"] == 3 and result["without_address"] == 1
    smtp.wait(3)
    assert sorted(m.to.split("@")[0] for m in smtp.mails) == ["assigned", "own", "wishes"]
    assert len({m.id for m in smtp.mails}) == 3
    failed, = mailing.admin.get("/deliveries?state=failed").json["items"]
    assert failed["recipient"] == "nomail" and failed["error"] == "the account has no mail address"

    # With an address it can be sent after all.
    mailing.admin.patch("/users/nomail", {"email": "late@people.example"})
    mailing.admin.post(f"/deliveries/{failed['id']}/retry", expect=202)
    assert smtp.wait(4)[3].to == "late@people.example"

    # One's own mails are in the log, others' are not; what one may not see any more is not sent.
    mine = mailing.signed_in("wishes").get("/deliveries").json
    assert mine["total"] == 1 and mine["items"][0]["recipient"] == "wishes@people.example"
    detail = mailing.signed_in("wishes").get(f"/deliveries/{mine['items'][0]['id']}").json
    assert detail["certificates"] == [{"id": made, "name": "a.example"}] and "a.example" in detail["body"]
    assert mailing.signed_in("stranger").get("/deliveries").json["items"] == []
    mailing.signed_in("stranger").get(f"/deliveries/{detail['id']}", expect=404)


def test_tickets_go_along_with_who_looks_after_the_certificate(mailing, smtp, authority):
    """F6 F9: what an import has brought is assigned later; then the tickets are, and who has them is told, once."""
    admin = mailing.admin
    for name in ("ann", "bob"):
        person(mailing, name, f"{name}@people.example")
    ids = [bring(mailing, authority.issue(f"h{i}.example", not_after=days(5)), name=f"h{i}") for i in range(4)]
    scan(mailing)

    def assignees():
        items = admin.get("/tickets?limit=100").json["items"]
        return {t["certificate"]["name"]: t["assignee"] for t in items}

    def told():
        admin.job_done(admin.post("/schedules/outbox/run", expect=202).json["job"])
        settled(mailing)
        mails, smtp.mails[:] = list(smtp.mails), []
        return mails

    assert set(assignees().values()) == {"admin"} and told() == []
    key = next(t["key"] for t in admin.get("/tickets").json["items"] if t["certificate"]["name"] == "h3")
    admin.patch(f"/tickets/{key}", {"assignee": "ann"})
    mail, = told()
    assert mail.to == "ann@people.example" and f"{key} (" in mail.text and "is assigned to you" in mail.text

    # Many at once are one mail; what was given to somebody else by hand stays with them.
    job = admin.post("/certificates/actions", {"ids": ids, "action": "assign", "user": "bob"}, expect=202).json["job"]
    assert admin.job_done(job)["result"]["done"] == 4
    assert assignees() == {"h0": "bob", "h1": "bob", "h2": "bob", "h3": "ann"}
    mail, = told()
    assert mail.to == "bob@people.example" and mail.text.count("is assigned to you") == 3, mail.text
    changes = admin.get(f"/tickets/{admin.get('/tickets?q=h0').json['items'][0]['key']}/history").json["items"]
    assert ("assignee", "admin", "bob") in {(c["field"], c["from"], c["to"]) for c in changes}, changes

    # A new owner has them where there is no assignee; sharing alone moves nothing, nor does what is done already.
    admin.call("PUT", f"/certificates/{ids[0]}/access", {"assignee": None, "owner": "ann"}, expect=200)
    admin.call("PUT", f"/certificates/{ids[1]}/access", {"share": {"users": ["ann"]}}, expect=200)
    over = next(t["key"] for t in admin.get("/tickets").json["items"] if t["certificate"]["name"] == "h2")
    admin.post(f"/tickets/{over}/transitions", {"transition": "resolve"}, expect=200)
    admin.patch(f"/certificates/{ids[2]}", {"assignee": "ann"})
    assert assignees() == {"h0": "ann", "h1": "bob", "h2": "bob", "h3": "ann"}
    mail, = told()
    assert mail.to == "ann@people.example" and "h0" in mail.text and "h1" not in mail.text

    # Who takes a ticket themselves needs no mail about it.
    ann = mailing.signed_in("ann")
    own = ann.get("/tickets?q=h0").json["items"][0]["key"]
    ann.patch(f"/tickets/{own}", {"assignee": None})
    ann.patch(f"/tickets/{own}", {"assignee": "ann"})
    assert told() == []


def test_channels_can_be_turned_off_and_on(mailing, smtp, authority):
    person(mailing, "ann", "ann@people.example")
    settings = mailing.admin.call("PUT", "/settings/notifications",
                                  {"channels": [{"name": "email", "enabled": False}]}, expect=200).json
    assert {c["name"]: c["enabled"] for c in settings["channels"]} == {"ticket": True, "email": False, "webhook": True}
    assert settings["email"] == {"configured": True, "from": "Certificate Desk <certdesk@desk.example>",
                                 "server": "127.0.0.1"}
    bring(mailing, authority.issue("a.example", not_before=days(-300), not_after=days(5)), owner="ann")
    assert scan(mailing)["messages"] == 0
    mailing.admin.call("PUT", "/settings/notifications", {"channels": [{"name": "ticket", "enabled": False}]}, expect=400)
    mailing.admin.call("PUT", "/settings/notifications", {"channels": [{"name": "email", "enabled": True}]}, expect=200)
    assert scan(mailing)["messages"] == 1
    smtp.wait(1)


def test_what_the_server_answers_decides(mailing, smtp, authority):
    """4xx is tried again under the same Message-ID, 5xx is not; one refused mail keeps no other back."""
    for name in ("busy", "refused", "late", "fine"):
        person(mailing, name, f"{name}@people.example")
        bring(mailing, authority.issue(f"{name}.example", not_before=days(-300), not_after=days(5)), owner=name)
    smtp.handler.refuse_rcpt["busy@people.example"] = ["450 greylisted, come back"]
    smtp.handler.refuse_rcpt["refused@people.example"] = "550 no such person"
    scan(mailing)
    smtp.wait(3)
    items = {d["recipient"].split("@")[0]: d for d in settled(mailing)}
    assert items["refused"]["state"] == "failed" and items["refused"]["attempts"] == 1
    assert "550 no such person" in items["refused"]["error"]
    assert items["busy"]["state"] == "sent" and items["busy"]["attempts"] == 2
    assert items["late"]["attempts"] == items["fine"]["attempts"] == 1
    assert len(smtp.mails) == 3


def test_a_server_that_is_away_loses_nothing(desk_factory, authority):
    server = MailServer(port=free_port())
    desk = desk_factory(env={**server.env, "CERTDESK_SMTP_TIMEOUT": "2s"})
    for name in ("ann", "bob"):
        person(desk, name, f"{name}@people.example")
        bring(desk, authority.issue(f"{name}.example", not_before=days(-300), not_after=days(5)), owner=name)
    scan(desk)
    item = wait_until(lambda: [d for d in desk.admin.get("/deliveries").json["items"] if d["error"]], 20, "a try")
    assert item[0]["state"] in ("queued", "sending") and "could not talk to the mail server" in (item[0]["error"] or "")
    desk.stop()
    server.start()
    server.handler.hang = True
    desk.start()
    wait_until(lambda: server.handler.tries, 60, "a try after the restart")
    wait_until(lambda: any("imeout" in (d["error"] or "") or "time" in (d["error"] or "").lower()
                           for d in desk.admin.get("/deliveries").json["items"]), 30, "the time-out in the log")
    server.handler.hang = False
    server.wait(2, 60)
    settled(desk)
    assert sorted(m.to for m in server.mails) == ["ann@people.example", "bob@people.example"]
    server.stop()


def test_tls_and_the_password(desk_factory, tmp_path, root, authority):
    password = tmp_path / "password"
    password.write_text("p\u00e4ss word\n")
    (tmp_path / "ca.pem").write_text(root.pem)
    server = MailServer(tls=authority.issue("localhost", "127.0.0.1"), user=("desk", "p\u00e4ss word"),
                        directory=tmp_path).start()
    env = {**server.env, "CERTDESK_SMTP_TLS": "starttls", "CERTDESK_SMTP_USER": "desk",
           "CERTDESK_SMTP_PASSWORD_FILE": str(password)}
    cases = [({"CERTDESK_SMTP_CA_FILE": str(tmp_path / "ca.pem")}, True, "250"),
             ({}, False, "certificate is not trusted"),
             ({"CERTDESK_SMTP_CA_FILE": str(tmp_path / "ca.pem"), "CERTDESK_SMTP_USER": "other"}, False, "refused user"),
             ({"CERTDESK_SMTP_TLS": "none"}, False, "without TLS")]
    for i, (extra, ok, says) in enumerate(cases):
        desk = desk_factory(env={**env, **extra}, name=f"desk{i}")
        answer = desk.admin.post("/settings/notifications/test", {"channel": "email", "to": "ann@people.example"},
                                 expect=200).json
        assert answer["ok"] is ok and says in answer["detail"] and answer["took_ms"] >= 0, answer
        log = desk.admin.get("/deliveries").json["items"]
        assert [(d["event"], d["state"]) for d in log] == [("test", "sent" if ok else "failed")]
        assert "p\u00e4ss word" not in desk.log()
        desk.stop()
    assert len(server.mails) == 1 and "This is a test" in server.mails[0].text
    server.stop()


def test_a_test_tells_what_really_happens(mailing, smtp):
    def test(body, expect=200):
        return mailing.admin.post("/settings/notifications/test", body, expect=expect)
    smtp.handler.refuse_data.append("554 5.7.1 this looks like spam")
    answer = test({"channel": "email", "to": "ann@people.example"}).json
    assert not answer["ok"] and "554 5.7.1 this looks like spam" in answer["detail"]
    for address in ("nonsense", "a@b\r\nRCPT TO:<evil@example>", "a b@example", "@example", "a@", "\u00e4@example",
                    "x" * 65 + "@example", "a@-..example"):
        assert test({"channel": "email", "to": address}, 400).json["errors"][0]["field"] == "to"
    assert test({"channel": "email"}, 400).json["errors"][0]["field"] == "to"  # admin has no address
    assert test({"channel": "pigeon"}, 400).json["errors"][0]["field"] == "channel"
    assert test({"channel": "webhook"}, 400).json["errors"][0]["field"] == "webhook"
    test({"channel": "webhook", "webhook": 4711}, 404)
    assert smtp.mails == []
    mailing.admin.patch("/users/admin", {"email": "root@people.example"})
    assert test({"channel": "email"}).json["ok"] and smtp.mails[0].to == "root@people.example"


def test_the_next_runs_of_an_expression_that_is_not_saved(desk):
    answer = desk.admin.get("/schedules/preview?cron=0+3+*+*+mon&count=3").json
    assert answer["time_zone"] == "UTC" and len(answer["runs"]) == 3
    assert all(run.endswith("T03:00:00Z") for run in answer["runs"]) and answer["runs"] == sorted(answer["runs"])
    assert len(desk.admin.get("/schedules/preview?cron=@daily").json["runs"]) == 5
    for bad in ("61+*+*+*+*", "0+0+30+2+*", "nonsense", ""):
        assert desk.admin.get(f"/schedules/preview?cron={bad}", expect=400).json["errors"][0]["field"] == "cron"


def test_endpoints_that_are_gone_are_told_of_outside_too(desk_factory, smtp, nginx, authority):
    hook = Hook()
    desk = desk_factory(env=smtp.env)
    person(desk, "ann", "ann@people.example")
    desk.admin.post("/webhooks", {"name": "h", "url": hook.url, "events": ["unreachable", "recovered"]})
    desk.admin.call("PUT", "/settings/notifications", {"unreachable_after": 1}, expect=200)
    ports = [free_port() for _ in range(3)]
    for port in ports:
        nginx.site(port, authority.issue("a.example", not_after=days(400)))
    nginx.start()
    for port in ports:
        desk.admin.add("127.0.0.1", port, sni="a.example", name=f"site {port}", owner="ann")

    def check():
        desk.admin.job_done(desk.admin.post("/schedules/check/run", expect=202).json["job"])
    check()
    nginx.drop(ports[0])
    nginx.reload()
    check()
    check()
    gone, = smtp.wait(1)
    assert f"127.0.0.1:{ports[0]} has not answered since" in gone.text and gone.to == "ann@people.example"
    hook.wait(1)
    assert hook.json()["event"] == "unreachable" and hook.json()["certificates"][0]["name"] == f"site {ports[0]}"
    nginx.site(ports[0], authority.issue("a.example", not_after=days(400))).reload()
    check()
    assert "answers again" in smtp.wait(2)[1].text
    hook.wait(2)
    assert hook.json()["event"] == "recovered"
    settled(desk)
    assert len(smtp.mails) == 2 and len(hook.calls) == 2
    hook.stop()


def test_kills_at_random_lose_and_double_nothing(desk_factory, smtp, authority):
    """Invariant 4: each period of each certificate reaches each person once, and each webhook."""
    hook = Hook()
    desk = desk_factory(env={**smtp.env, "CERTDESK_SMTP_TIMEOUT": "2s", "CERTDESK_WEBHOOK_TIMEOUT": "2s"})
    people = [f"p{i}" for i in range(6)]
    for name in people:
        person(desk, name, f"{name}@people.example")
        for i in range(4):
            bring(desk, authority.issue(f"{name}-{i}.example", not_before=days(-300), not_after=days([4, 5, 9, 10][i])), owner=name,
                  name=f"{name}-{i}.example")
    desk.admin.post("/webhooks", {"name": "h", "url": hook.url, "events": ["expiry"]})
    rng = random.Random(7)
    for _ in range(6):
        desk.admin.call("POST", "/schedules/notify/run", expect=202)
        time.sleep(rng.uniform(0.0, 0.25))  # the very thing that is tested: any moment
        desk.kill_hard()
        desk.start()
    wait_until(lambda: scan_state(desk) == {"done"}, 90, "the scans done")
    scan(desk)
    settled_after_kills(desk)
    told = [(m.to, name) for m in smtp.mails for name in re.findall(r"^\* (\S+)$", m.text, re.M)]
    uncertain = [d for d in desk.admin.get("/deliveries?state=failed").json["items"]]
    assert len(told) == len(set(told)), "told twice"
    assert len({m.id for m in smtp.mails}) == len(smtp.mails), "sent twice"
    missing = {(f"{p}@people.example", f"{p}-{i}.example") for p in people for i in range(4)} - set(told)
    assert not missing or all("probably delivered" in d["error"] for d in uncertain), (missing, uncertain)
    by_id = {c["id"]: c["name"] for c in desk.admin.get("/certificates?limit=500").json["items"]}
    called = [c["id"] for call in range(len(hook.calls)) for c in hook.json(call)["certificates"]]
    assert len(called) == len(set(called)) and (len(called) == 24 or uncertain), [
        (c[1]["X-Certdesk-Delivery"], [by_id[x["id"]] for x in hook.json(i)["certificates"]]) for i, c in
        enumerate(hook.calls)]
    hook.stop()


def test_settings_that_do_not_work_keep_the_mail(desk_factory, smtp, tmp_path, authority):
    """What an administrator can mend is no reason to give a mail up."""
    (tmp_path / "secrets").mkdir()  # what is made later beside the way to the vault, the server cannot read
    password = tmp_path / "secrets" / "password"
    desk = desk_factory(env={**smtp.env, "CERTDESK_SMTP_PASSWORD_FILE": str(password)})
    person(desk, "ann", "ann@people.example")
    bring(desk, authority.issue("a.example", not_before=days(-300), not_after=days(5)), owner="ann")
    scan(desk)
    item, = wait_until(lambda: [d for d in desk.admin.get("/deliveries").json["items"] if d["error"]], 20, "a try")
    assert item["state"] == "queued" and "could not read the mail server's password" in item["error"]
    password.write_text("sesame\n")
    smtp.wait(1)
    assert settled(desk)[0]["state"] == "sent"


def test_what_a_backup_had_queued_is_not_sent_again(desk_factory, smtp, tmp_path, authority):
    """F42: in standby nothing is sent; at its end, what is new, and not what the other server has told since."""
    private = tmp_path / "recovery.key"
    public = run("key", "recovery", private).stdout.split(" = ")[1].strip()
    desk = desk_factory(env={**smtp.env, "CERTDESK_BACKUP_RECOVERY_KEY": public})
    for name in ("ann", "bob"):
        person(desk, name, f"{name}@people.example")
    bring(desk, authority.issue("a.example", not_before=days(-300), not_after=days(5)), owner="ann", name="a.example")
    hook = Hook()
    desk.admin.post("/webhooks", {"name": "h", "url": hook.url, "events": ["renewed"]})
    smtp.handler.refuse_rcpt["ann@people.example"] = ["450 come back"]
    desk.admin.job_done(desk.admin.post("/schedules/audit/run", expect=202).json["job"])  # its key signs the backup
    scan(desk)
    wait_until(lambda: smtp.handler.tries, 20, "a try")
    backup = back_up(desk, tmp_path / "desk.backup")
    smtp.wait(1)
    assert [d["attempts"] for d in settled(desk)] == [2]
    desk.stop()

    target = restored_desk(desk, tmp_path, backup, (private, public))
    target.env.update(smtp.env)
    target.start()
    try:
        kept, = target.admin.get("/deliveries").json["items"]
        assert kept["state"] == "failed" and "when the backup was made" in kept["error"]
        bring(target, authority.issue("b.example", not_before=days(-300), not_after=days(5)), owner="bob", name="b.example")
        assert scan(target)["messages"] == 1
        wait_until(lambda: [j for j in target.admin.get("/jobs?type=deliver&state=queued").json["items"]], 20, "it waits")
        for test in ({"channel": "email", "to": "x@people.example"}, {"channel": "webhook", "webhook": 1}):
            target.admin.post("/settings/notifications/test", test, expect=409)
        target.admin.job_done(target.admin.post("/schedules/outbox/run", expect=202).json["job"])
        states = {d["recipient"]: d["state"] for d in target.admin.get("/deliveries").json["items"]}
        assert states == {"ann@people.example": "failed", "bob@people.example": "queued"} and len(smtp.mails) == 1
        target.admin.post("/standby/end", expect=200)
        target.admin.job_done(target.admin.post("/schedules/outbox/run", expect=202).json["job"])
        assert smtp.wait(2)[1].to == "bob@people.example"
        assert scan(target)["messages"] == 0
        settled(target)
        assert len(smtp.mails) == 2

        # The secrets of webhooks came along; and what was kept back is sent when an admin says so.
        target.admin.post("/settings/notifications/test", {"channel": "webhook", "webhook": 1}, expect=200)
        assert len(hook.calls) == 1
        target.admin.post(f"/deliveries/{kept['id']}/retry", expect=202)
        assert smtp.wait(3)[2].id == smtp.mails[0].id
    finally:
        target.stop()
        hook.stop()


def scan_state(desk):
    return {j["state"] for j in desk.admin.get("/jobs?type=notify").json["items"]} or {"done"}


def settled_after_kills(desk):
    wait_until(lambda: not any(desk.admin.get(f"/deliveries?state={s}").json["items"] for s in ("queued", "sending")),
               90, "deliveries settled")
