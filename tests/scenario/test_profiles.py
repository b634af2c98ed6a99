"""F12 F15 F16: profiles: making and editing them, what they say of requests, and when a record renews by one."""

import datetime
import subprocess
import time

import pytest

from certs import days
from profiles import ca_row, live_by, profile, run_sql
from uploads import import_


@pytest.fixture
def desk(desk_factory):
    made = desk_factory()
    ca_row(made)
    return made


@pytest.fixture(scope="module")
def desk_with_ca(desk_module):
    ca_row(desk_module)
    return desk_module


def test_a_profile_has_defaults_and_is_edited_part_by_part(desk):
    made = profile(desk, "Web")
    assert made["key"] == {"algorithms": ["rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384"], "made_by": "either"}
    assert made["names"] == {
        "domains": ["example.org", "*.example.org"], "wildcards": False, "ip": False, "email": False, "uri": False,
        "subject": {"required": [], "allowed": None, "fixed": {}}, "max_names": 100}
    assert (made["usage"], made["lifetime_days"], made["window"]) == ("server", 90, {"percent": 33})
    assert (made["renews_itself"], made["renewal_key"], made["scan_minutes"]) == (True, "same", None)
    assert made["users"] == {"users": [], "groups": [], "everybody": True}
    assert made["approvals"] == {"needed": 0, "group": None}
    assert not made["disabled"] and not made["is_forcing"] and made["n_certificates"] == 0

    desk.admin.post("/groups", {"name": "security"})
    edited = desk.admin.patch("/profiles/web", {
        "names": {"ip": ["10.0.0.0/8", "2001:db8::/32"], "email": True, "subject": {"fixed": {"O": "Example"}, "allowed": ["OU"]}},
        "window": {"days": 30}, "approvals": {"needed": 2, "group": "security"}, "scan_minutes": 5}).json
    assert edited["names"] == {**made["names"], "ip": ["10.0.0.0/8", "2001:db8::/32"], "email": True,
                               "subject": {"required": [], "allowed": ["OU"], "fixed": {"O": "Example"}}}
    assert edited["window"] == {"days": 30} and edited["scan_minutes"] == 5 and edited["key"] == made["key"]
    assert edited["approvals"] == {"needed": 2, "group": "security"}
    # What approves requests stays; else anybody's request would pass.
    answer = desk.admin.call("DELETE", "/groups/security")
    assert answer.status == 409 and '"Web"' in answer.json["detail"]

    back = desk.admin.patch("/profiles/WEB", {"names": {"ip": None, "email": False, "subject": {"allowed": None}},
                                              "scan_minutes": None, "approvals": {"needed": 0}}).json
    assert back["names"]["ip"] is False and back["names"]["email"] is False
    assert back["names"]["subject"] == {"required": [], "allowed": None, "fixed": {"O": "Example"}}
    assert back["scan_minutes"] is None and back["approvals"]["needed"] == 0
    stale = desk.admin.call("PATCH", "/profiles/web", {"description": "x"}, headers={"If-Match": made["etag"]})
    assert stale.status == 412
    actions = [e["action"] for e in desk.admin.get("/audit?object_type=profile").json["items"]]
    assert actions == ["profile.edit", "profile.edit", "profile.create"]


@pytest.mark.parametrize("body, field", [
    ({"name": ""}, "name"), ({"name": " web"}, "name"), ({"name": "a/b"}, "name"), ({"name": "x" * 101}, "name"),
    ({"ca": "nowhere"}, "ca"), ({"key": {"algorithms": ["rsa-1024"]}}, "key.algorithms"), ({"key": {"algorithms": []}}, "key.algorithms"),
    ({"key": {"made_by": "me"}}, "key.made_by"), ({"names": {}}, "names"), ({"names": {"domains": ["a b"]}}, "names.domains"),
    ({"names": {"domains": ["*.*.example.org"]}}, "names.domains"), ({"names": {"domains": ["www.*.org"]}}, "names.domains"),
    ({"names": {"domains": ["*."]}}, "names.domains"), ({"names": {"domains": ["münchen.example"]}}, "names.domains"),
    ({"names": {"ip": ["10.0.0.0/33"]}}, "names.ip"), ({"names": {"ip": ["10.0.0"]}}, "names.ip"), ({"names": {"ip": "all"}}, "names.ip"),
    ({"names": {"email": ["@example.org"]}}, "names.email"), ({"names": {"domains": ["*"], "subject": {"required": ["XX"]}}}, "names.subject.required"),
    ({"names": {"domains": ["*"], "subject": {"fixed": {"CN": "x"}}}}, "names.subject.fixed.CN"),
    ({"names": {"domains": ["*"], "max_names": 0}}, "names.max_names"), ({"usage": "signing"}, "usage"), ({"lifetime_days": 0}, "lifetime_days"),
    ({"window": {}}, "window"), ({"window": {"days": 1, "percent": 1}}, "window"), ({"window": {"percent": 67}}, "window.percent"),
    ({"lifetime_days": 30, "window": {"days": 21}}, "window"), ({"scan_minutes": 0}, "scan_minutes"), ({"renewal_key": "old"}, "renewal_key"),
    ({"renewal_key": "new", "key": {"made_by": "requester"}}, "renewal_key"), ({"renewal_key": "ask", "key": {"made_by": "server"}}, "renewal_key"),
    ({"users": {"users": ["nobody-there"]}}, "users.users"), ({"users": {"groups": ["nowhere"]}}, "users.groups"),
    ({"users": {"users": ["admin"], "everybody": True}}, "users.everybody"), ({"approvals": {"needed": 1}}, "approvals.group"),
    ({"approvals": {"needed": 21}}, "approvals.needed"), ({"nonsense": 1}, "nonsense"), ({"names": {"domains": ["*"], "dns": []}}, "names.dns"),
])
def test_what_is_wrong_is_named(desk_with_ca, body, field):
    whole = {"name": "bad", "ca": "internal", "names": {"domains": ["*"]}, **body}
    answer = desk_with_ca.admin.call("POST", "/profiles", whole)
    assert answer.status == 400, answer
    assert field in [e["field"] for e in answer.json["errors"]], answer.json




def test_names_are_one_in_any_case(desk):
    profile(desk, "Web")
    again = desk.admin.call("POST", "/profiles", {"name": "wEB", "ca": "internal", "names": {"domains": ["*"]}})
    assert again.status == 409 and '"Web"' in again.json["detail"]
    profile(desk, "other")
    assert desk.admin.call("PATCH", "/profiles/other", {"name": "WEB"}).status == 409
    assert desk.admin.patch("/profiles/web", {"name": "WEB"}).json["name"] == "WEB"
    assert [p["name"] for p in desk.admin.get("/profiles").json["items"]] == ["other", "WEB"]


def test_who_may_not_use_a_profile_does_not_see_it(desk):
    """F35: and when the last who may is gone, it is nobody's, not everybody's."""
    ann, bob, eve, watch = (desk.user(n) for n in ("ann", "bob", "eve", "watch"))
    desk.admin.patch("/users/watch", {"role": "auditor"})
    desk.admin.post("/groups", {"name": "ops", "users": ["bob"]})
    profile(desk, "open")
    profile(desk, "closed", users={"users": ["ann"], "groups": ["ops"]})
    names = lambda api: [p["name"] for p in api.get("/profiles").json["items"]]  # noqa: E731
    assert [names(a) for a in (ann, bob, watch, desk.admin)] == [["closed", "open"]] * 4
    assert names(eve) == ["open"]
    for method, path in (("GET", "/profiles/closed"), ("POST", "/profiles/closed/check")):
        assert eve.call(method, path, {"subject": {"CN": "example.org"}} if method == "POST" else None).status == 404
    assert ann.get("/profiles/closed").json["users"] is None
    assert watch.get("/profiles/closed").json["users"] == {"users": ["ann"], "groups": ["ops"], "everybody": False}

    desk.admin.delete("/groups/ops", expect=200)
    desk.admin.delete("/users/ann", expect=200)
    left = desk.admin.get("/profiles/closed").json
    assert left["users"] == {"users": [], "groups": [], "everybody": False}
    assert names(eve) == ["open"] and names(bob) == ["open"]
    opened = desk.admin.patch("/profiles/closed", {"users": {"users": [], "groups": []}}).json
    assert opened["users"]["everybody"] and names(eve) == ["closed", "open"]


def request(tmp_path, name, *words):
    """A CSR by openssl."""
    key, csr = tmp_path / "key", tmp_path / "csr"
    subprocess.run(["openssl", "req", "-new", "-nodes", "-keyout", key, "-out", csr, "-subj", name, *words], check=True,
                   capture_output=True)
    return csr.read_text()


def rules(answer):
    return {(b["rule"], b["field"]) for b in answer.json["broken"]}


def test_a_request_is_judged_whole(desk, tmp_path):
    """F12: every rule that is broken is told at once."""
    profile(desk, "web", names={"domains": ["example.org", "*.example.org"], "ip": ["192.0.2.0/24"],
                                "subject": {"required": ["O"], "fixed": {"C": "DE"}}})
    check = lambda body: desk.admin.post("/profiles/web/check", body, expect=200)  # noqa: E731
    good = request(tmp_path, "/CN=www.example.org/O=Example/C=DE", "-addext", "subjectAltName=DNS:www.example.org,IP:192.0.2.9")
    assert check({"csr": good}).json == {"allowed": True, "broken": []}
    bad = request(tmp_path, "/CN=elsewhere.example/C=FR", "-newkey", "rsa:1024", "-sha1", "-addext",
                  "subjectAltName=DNS:*.example.org,DNS:www.evil.example,IP:10.0.0.1,email:a@example.org,URI:https://example.org/",
                  "-addext", "basicConstraints=CA:TRUE")
    answer = check({"csr": bad})
    assert not answer.json["allowed"]
    assert rules(answer) == {(rule, "csr") for rule in (
        "key_weak", "csr_hash", "csr_ca", "name_wildcard", "name_domain", "name_kind", "common_name", "subject_missing",
        "subject_value")}
    assert [b["message"] for b in answer.json["broken"] if "1024" in b["message"]] == [
        "the key is too weak: an RSA key needs at least 2048 bits, this one has 1024"]
    assert len([b for b in answer.json["broken"] if b["rule"] == "name_domain"]) == 2

    names = check({"subject": {"CN": "www.example.org", "O": "Example"}, "sans": ["www.example.org", "evil.example", "192.0.2.7"]})
    assert rules(names) == {("name_domain", "sans[1]")}
    assert check({"subject": {"CN": "www.example.org", "O": "Example"}}).json["allowed"]
    assert rules(check({"subject": {"CN": "www.example.org", "O": "E"}, "key": {"algorithm": "ed25519"}})) == {("key_algorithm", "key")}
    for body, field in (({"csr": "nonsense"}, "csr"), ({"csr": good, "sans": []}, "sans"), ({"nonsense": 1}, "nonsense"),
                        ({"csr": good[:200]}, "csr")):
        answer = desk.admin.call("POST", "/profiles/web/check", body)
        assert answer.status == 400 and field in [e["field"] for e in answer.json["errors"]], answer


def renewal(desk, record):
    return desk.admin.get(f"/certificates/{record}/renewal").json


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def bring(desk, authority, name, begins, ends):
    issued = authority.issue(name, not_before=days(begins), not_after=days(ends))
    return import_(desk.admin, {"file": issued.chain_pem()}).json["id"], issued


def test_when_it_renews_and_why(desk, authority):
    """F16: the instant lies in the first twentieth of the window, and follows the profile."""
    profile(desk)
    one, issued = bring(desk, authority, "www.example.org", -30, 60)
    plan = renewal(desk, one)
    assert not plan["managed"] and plan["why"] == "not_managed" and plan["renew_at"] is None and not plan["may_forced"]

    live_by(desk, "web", one)
    plan = renewal(desk, one)
    assert plan["managed"] and plan["profile"] == "web" and plan["why"] == "planned" and not plan["may_now"]
    opens = instant(plan["opens_at"])
    assert abs((issued.not_after - opens).total_seconds() - 0.33 * 90 * 86400) < 86400
    assert opens <= instant(plan["renew_at"]) <= opens + datetime.timedelta(days=90 * 0.33 / 20)

    desk.admin.patch("/profiles/web", {"lifetime_days": 120, "window": {"days": 75}})
    plan = renewal(desk, one)
    assert plan["why"] == "planned" or plan["may_now"]
    assert abs((issued.not_after - instant(plan["opens_at"])).total_seconds() - 60 * 86400) < 90000, "two thirds of its lifetime"
    desk.admin.patch("/profiles/web", {"renews_itself": False})
    plan = renewal(desk, one)
    assert plan["why"] == "by_person" and plan["renew_at"] is None and not plan["renews_itself"]
    desk.admin.patch("/profiles/web", {"disabled": True})
    assert renewal(desk, one)["blocked_by"] == "profile_disabled"
    desk.admin.patch("/profiles/web", {"disabled": False, "renews_itself": True, "window": {"days": 30}})
    soon = int(time.time()) + 7200
    run_sql(desk, f"UPDATE certificate_life SET n_failures = 3, retry_at = {soon}, last_error = 'no route to the CA'")
    plan = renewal(desk, one)
    assert (plan["why"], plan["n_failures"], plan["last_error"]) == ("failed", 3, "no route to the CA")
    assert plan["blocked_by"] == "failed" and instant(plan["retry_at"]).timestamp() == soon
    assert instant(plan["renew_at"]).timestamp() >= soon
    assert desk.admin.get(f"/certificates/{one}").json["profile"] == "web"
    assert desk.admin.get("/certificates?profile=WEB").json["total"] == 1
    assert desk.admin.get("/certificates?profile=other").json["total"] == 0


def test_force_renewal_is_once_for_each_activation(desk, authority):
    profile(desk, renews_itself=False)
    one, _ = bring(desk, authority, "www.example.org", -1, 89)
    live_by(desk, "web", one)
    forced = desk.admin.post("/profiles/web/force-renewal", expect=202).json
    assert forced["is_forcing"] and forced["n_certificates"] == 1
    plan = renewal(desk, one)
    assert plan["why"] == "forced" and plan["renew_at"] and plan["may_forced"] and not plan["may_now"]
    run_sql(desk, "UPDATE certificate_life SET forced_serial = 1")
    assert renewal(desk, one)["why"] == "by_person"
    desk.admin.post("/profiles/web/force-renewal", expect=202)
    assert renewal(desk, one)["why"] == "forced"
    assert not desk.admin.delete("/profiles/web/force-renewal", expect=200).json["is_forcing"]
    assert renewal(desk, one)["why"] == "by_person"


def test_a_profile_in_use_stays(desk, authority):
    profile(desk)
    one, _ = bring(desk, authority, "www.example.org", -1, 89)
    live_by(desk, "web", one)
    answer = desk.admin.call("DELETE", "/profiles/web")
    assert answer.status == 409 and "www.example.org" in answer.json["detail"], answer
    desk.admin.delete(f"/certificates/{one}")
    desk.admin.delete("/profiles/web")
    assert desk.admin.call("GET", "/profiles/web").status == 404


def test_many_are_planned_anew_by_a_job(desk, authority):
    """The edit answers at once; the job moves the rest."""
    profile(desk)
    ids = [desk.admin.post("/certificates", {"name": f"r{i}"}).json["id"] for i in range(210)]
    one, _ = bring(desk, authority, "www.example.org", -10, 80)
    for record in ids + [one]:
        live_by(desk, "web", record, renew_at=7)
    desk.admin.patch("/profiles/web", {"window": {"days": 20}})
    jobs = [j for j in desk.admin.get("/jobs?type=replan").json["items"]]
    assert len(jobs) == 1
    desk.admin.job_done(jobs[0]["id"])
    assert renewal(desk, ids[-1])["why"] == "not_issued" and renewal(desk, ids[-1])["renew_at"] is None
    assert 17 < (instant(renewal(desk, one)["renew_at"]) - datetime.datetime.now(datetime.timezone.utc)).days - 42 < 21
    assert desk.admin.get("/certificates?profile=web&limit=1").json["total"] == 211


def test_stages_are_the_tickets(desk, authority):
    """F13: a record's stage is its certificate ticket's status; lists filter by it."""
    profile(desk)
    one, _ = bring(desk, authority, "www.example.org", -10, 80)
    run_sql(desk, "INSERT INTO ticket(project, number, type, status, summary, certificate_id, priority, created_at, updated_at)"
                  f" VALUES ('CERT', 900, 'certificate', 'certificate_enrolled', 's', {one}, 'medium', 1, 1)")
    live_by(desk, "web", one, ticket_id="(SELECT max(id) FROM ticket)")
    assert desk.admin.get(f"/certificates/{one}").json["stage"] == "certificate_enrolled"
    assert desk.admin.get("/certificates?stage=certificate_enrolled").json["total"] == 1
    assert desk.admin.get("/certificates?stage=certificate_renewed").json["total"] == 0
    assert desk.admin.call("GET", "/certificates?stage=open").status == 400
    job = desk.admin.post("/certificates/update", {"filter": {"stage": "certificate_enrolled"}}, expect=202).json["job"]
    desk.admin.job_done(job)


def test_the_command_line_does_it_all(desk, tmp_path):
    """F38: each option arrives where it belongs, and what is not said stays."""
    words = lambda *w, **kw: desk.cli("profile", *w, env={"CERTDESK_TOKEN_FILE": desk.token_file}, **kw)  # noqa: E731
    desk.admin.post("/users", {"name": "ann", "role": "user", "password": "long enough to do"})
    desk.admin.post("/groups", {"name": "ops"})
    made = words("add", "web", "--ca", "internal", "--domains", "example.org,*.example.org", "--ip", "10.0.0.0/8,::1",
                 "--email", "any", "--wildcards", "yes", "--fix", "O=Example", "--fix", "C=DE", "--require", "O", "--allow", "OU",
                 "--keys", "ec-p256,rsa-2048", "--made-by", "either", "--usage", "both", "--lifetime", "47", "--window", "40%",
                 "--auto-renew", "no", "--scan-minutes", "30", "--renewal-key", "new", "--users", "ann", "--groups", "ops",
                 "--approvals", "1", "--approvers", "ops", "--max-names", "5", "--description", "the web", "--uri", "no", "--disable",
                 "-o", "json")
    assert made.returncode == 0, made.stderr
    profile_ = desk.admin.get("/profiles/web").json
    assert profile_["names"] == {
        "domains": ["example.org", "*.example.org"], "wildcards": True, "ip": ["10.0.0.0/8", "::1"], "email": True, "uri": False,
        "subject": {"required": ["O"], "allowed": ["OU"], "fixed": {"O": "Example", "C": "DE"}}, "max_names": 5}
    assert profile_["key"] == {"algorithms": ["rsa-2048", "ec-p256"], "made_by": "either"}
    assert (profile_["usage"], profile_["lifetime_days"], profile_["window"]) == ("both", 47, {"percent": 40})
    assert (profile_["renews_itself"], profile_["scan_minutes"], profile_["renewal_key"]) == (False, 30, "new")
    assert profile_["users"] == {"users": ["ann"], "groups": ["ops"], "everybody": False} and profile_["disabled"]
    assert profile_["approvals"] == {"needed": 1, "group": "ops"} and profile_["description"] == "the web"

    edited = words("edit", "web", "--window", "7", "--groups", "", "--enable", "--scan-minutes", "-", "--allow", "any", "--ip", "none")
    assert edited.returncode == 0, edited.stderr
    after = desk.admin.get("/profiles/web").json
    assert after["users"] == {"users": ["ann"], "groups": [], "everybody": False} and not after["disabled"]
    assert after["window"] == {"days": 7} and after["scan_minutes"] is None and after["names"]["ip"] is False
    assert after["names"]["subject"]["allowed"] is None and after["key"] == profile_["key"]
    assert words("edit", "web", "--everybody").returncode == 0
    assert desk.admin.get("/profiles/web").json["users"]["everybody"]

    shown = words("show", "web").stdout
    assert "7 days before the end" in shown and "*.example.org" in shown and "used by" in shown
    assert words("list").stdout.splitlines()[1].split()[:2] == ["web", "internal"]
    request(tmp_path, "/CN=www.example.org/O=Example/C=DE")
    good = words("check", "web", str(tmp_path / "csr"))
    assert good.returncode == 0 and "allowed" in good.stdout, good.stderr
    bad = words("check", "web", "-", stdin=request(tmp_path, "/CN=evil.example/O=Example/C=DE"))
    assert bad.returncode == 1 and "name_domain" in bad.stdout
    assert words("check", "web", "--names", "a.example.org", "--subject", "C=DE").returncode == 0
    assert words("force", "web").returncode == 0 and desk.admin.get("/profiles/web").json["is_forcing"]
    assert words("force", "web", "--stop").returncode == 0 and not desk.admin.get("/profiles/web").json["is_forcing"]
    for wrong in (("edit", "web", "--lifetime", "long"), ("edit", "web", "--wildcards", "perhaps"), ("edit", "web", "--window", "%"),
                  ("edit", "web", "--fix", "O"), ("check", "web", "--names", "a", "--subject", "O"), ("check", "web", "/nowhere")):
        assert words(*wrong).returncode == 1, wrong
    for wrong in (("add",), ("list", "web"), ("check", "web"), ("check", "web", "f", "--names", "a"), ("force", "web", "--nonsense"),
                  ("edit", "web", "--enable", "--disable")):
        assert words(*wrong).returncode == 2, wrong
    assert words("delete", "web").returncode == 0 and words("show", "web").returncode == 1


def test_what_renews_itself_needs_nobody(desk, authority):
    """F6: no expiry ticket while the renewal is in hand; one when it fails, or its profile is off."""
    def told():
        desk.admin.job_done(desk.admin.post("/schedules/notify/run", expect=202).json["job"])
        return desk.admin.get("/tickets?type=certificate_expiry").json["items"]

    profile(desk, window={"days": 10})
    ids = [bring(desk, authority, f"{name}.example.org", -50, 25)[0] for name in ("one", "two")]
    for record in ids:
        live_by(desk, "web", record)
        run_sql(desk, f"UPDATE certificate SET is_managed = TRUE WHERE id = {record}")
    desk.admin.patch("/profiles/web", {"window": {"days": 9}})
    assert told() == []
    assert desk.admin.get(f"/certificates/{ids[0]}").json["next_notice_at"] > renewal(desk, ids[0])["renew_at"]
    run_sql(desk, f"UPDATE certificate_life SET n_failures = 3, last_error = 'no' WHERE certificate_id = {ids[0]}")
    run_sql(desk, f"UPDATE certificate SET notify_at = 1 WHERE id = {ids[0]}")
    assert [t["certificate"]["id"] for t in told()] == [ids[0]]
    desk.admin.patch("/profiles/web", {"renews_itself": False})
    assert sorted(t["certificate"]["id"] for t in told()) == ids
