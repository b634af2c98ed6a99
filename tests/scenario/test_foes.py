"""Who has some rights and wants others, and what bad luck does: what each of them tries in vain."""

import base64
import secrets

from certdesk import Api
from lifecycle import csr_for, person
from profiles import run_sql
from servers import wait_until
from uploads import import_


def own_copy(life, api, ticket):
    """What everybody can see of a served certificate is enough for a record of one's own."""
    pem = life.download(ticket, life.files(ticket)[-1]).body
    return import_(api, [("file", "copy.pem", pem), ("name", f"copy-{secrets.token_hex(3)}")]).json


def test_a_copy_of_a_certificate_revokes_nothing(life):
    """F18 F35: whoever has a stranger's certificate in a record of their own has not got the right to end it."""
    name = f"copied-{secrets.token_hex(3)}.example.org"
    victim, thief = person(life, "victim"), person(life, "thief")
    ticket = life.enrolled(name, api=victim)
    copy = own_copy(life, thief, ticket)
    number = thief.get(f"/certificates/{copy['id']}").json["current"]["serial"]
    asked = thief.post("/tickets", {"type": "revoke_certificate", "profile": "web", "summary": "gone",
                                    "certificate_id": number, "domain": name}).json
    assert asked["status"] == "open", asked
    assert life.ticket(ticket)["status"] == "certificate_enrolled"
    assert life.api.get(f"/certificates/{ticket['certificate']['id']}").json["status"] == "expiring_soon"
    done = victim.post("/tickets", {"type": "revoke_certificate", "profile": "web", "summary": "gone",
                                    "certificate_id": number, "domain": name}).json
    assert done["status"] == "done"


def test_a_compromised_key_gets_no_other_certificate(life):
    """F17: whoever has stolen the key would have every certificate for it; as RFC 8555, 7.6, has it."""
    csr, key = csr_for(f"stolen-{secrets.token_hex(3)}.example.org")
    again = csr_for(f"again-{secrets.token_hex(3)}.example.org", key=key)[0]
    ticket, waiting = life.enrolled(csr=csr), life.create(csr=again)
    other = life.create(f"other-{secrets.token_hex(3)}.example.org")
    life.do(ticket, "revoke", reason="keyCompromise")
    assert "compromised" in life.do(waiting, "enroll", expect=409)["detail"]
    assert life.create(csr=again, expect=400)["errors"][0]["field"] == "csr"
    refused = life.api.post(f"/tickets/{other['key']}/csr", {"csr": again}, expect=409).json
    assert "compromised" in refused["detail"]
    assert life.do(other, "enroll")["status"] == "certificate_enrolled"


def test_whoever_gives_the_request_does_not_approve_it(life):
    """A co-owner of the record who is an approver, too: what they ask for is for others to approve."""
    bob, eve, ann = (person(life, n) for n in ("bob", "eve", "ann"))
    name = f"strict-{secrets.token_hex(3)}"
    life.api.post("/groups", {"name": name, "users": [eve.name, ann.name]})
    life.profile(name, approvals={"needed": 1, "group": name})
    ticket = life.create(f"{name}.example.org", api=bob, profile=name, share={"users": [eve.name]})
    path = f"/tickets/{ticket['key']}"
    eve.call("POST", f"{path}/csr", {"csr": csr_for(f"eves-{name}.example.org")[0]}, expect=200)
    eve.call("POST", f"{path}/approval", {"approved": True}, expect=403)
    assert "must approve" in life.do(ticket, "enroll", api=eve, expect=409)["detail"]
    assert "approve" not in eve.get(path).json["may"]
    ann.post(f"{path}/approval", {"approved": True}, expect=200)
    assert life.do(ticket, "enroll", api=bob)["status"] == "certificate_enrolled"


def test_an_approval_is_of_what_was_looked_at(life):
    """Another request in the ticket while the approver still looks at the one before is not what they agree to."""
    bob, ann = person(life, "bob"), person(life, "ann")
    name = f"looked-{secrets.token_hex(3)}"
    life.api.post("/groups", {"name": name, "users": [ann.name]})
    life.profile(name, approvals={"needed": 1, "group": name})
    ticket = life.create(f"{name}.example.org", api=bob, profile=name)
    path = f"/tickets/{ticket['key']}"
    seen = ann.get(path).json["etag"]
    bob.post(f"{path}/comments", {"body": "please"})
    bob.post(f"{path}/csr", {"csr": csr_for(f"other-{name}.example.org")[0]}, expect=200)
    ann.call("POST", f"{path}/approval", {"approved": True}, headers={"If-Match": seen}, expect=412)
    assert life.ticket(ticket)["approvals"]["given"] == []
    seen = ann.get(path).json["etag"]
    bob.post(f"{path}/comments", {"body": "now, please"})
    ann.call("POST", f"{path}/approval", {"approved": True}, headers={"If-Match": seen}, expect=200)
    assert life.do(ticket, "enroll", api=bob)["status"] == "certificate_enrolled"


def test_who_may_not_use_the_profile_any_more_asks_for_nothing_with_it(life):
    """A ticket that was made in good time is no way around the list of those who may use the profile."""
    eve = person(life, "eve")
    name = f"listed-{secrets.token_hex(3)}"
    life.profile(name, users={"users": [eve.name]})
    waiting = life.create(f"a-{name}.example.org", api=eve, profile=name)
    life.api.call("PATCH", f"/profiles/{name}", {"users": {"users": ["admin"]}}, expect=200)
    assert "may not use the profile" in eve.call("POST", f"/tickets/{waiting['key']}/csr", {
        "csr": csr_for(f"b-{name}.example.org")[0]}, expect=403).json["detail"]
    assert "may not use the profile" in life.do(waiting, "enroll", api=eve, expect=403)["detail"]


def test_who_has_approved_and_enrolled_can_be_removed(life):
    """F9: what somebody has said and asked of an authority stays, under a former name; the account goes."""
    bob, ann = person(life, "bob"), person(life, "ann")
    name = f"gone-{secrets.token_hex(3)}"
    life.api.post("/groups", {"name": name, "users": [ann.name]})
    life.profile(name, approvals={"needed": 1, "group": name})
    ticket = life.create(f"{name}.example.org", api=bob, profile=name, share={"users": [ann.name]})
    ann.post(f"/tickets/{ticket['key']}/approval", {"approved": True}, expect=200)
    assert life.do(ticket, "enroll", api=ann)["status"] == "certificate_enrolled"
    listening = {"name": name, "url": f"{life.desk.base}/hook", "events": ["jira:issue_updated"]}
    mia = person(life, "mia", "admin")
    mia.post("/rest/webhooks/1.0/webhook", listening)
    for gone in (ann, mia):
        life.api.delete(f"/users/{gone.name}?hand_over_to={bob.name}", expect=200)
    assert all(w["name"] != name for w in life.api.get("/rest/webhooks/1.0/webhook").json)
    assert [a["account"] for a in life.ticket(ticket)["approvals"]["given"]] == [f"{ann.name} (deleted)"]


def test_another_spelling_of_a_name_gives_no_more_guesses(life):
    """F34: capitals, and the address of the mail, name the same account: its wrong passwords are counted together."""
    name = f"guess-{secrets.token_hex(3)}"
    life.api.post("/users", {"name": name, "password": "correct horse staple", "email": f"{name}@example.org"})
    spellings = [name[:i] + name[i:].upper() for i in range(9)] + [f"{name}@example.org", f"{name}@EXAMPLE.org"]
    said = [Api(life.desk.base).call("POST", "/session", {"username": n, "password": "wrong"}).status for n in spellings]
    assert said[:4] == [401] * 4 and 429 in said[4:], said


def test_a_stolen_token_guesses_no_passwords(life):
    """F34: changing one's password wants the present one, and wrong ones are counted as where one signs in."""
    eve = person(life, "eve")
    body = {"current_password": "wrong", "new_password": "a better horse staple"}
    said = [eve.call("POST", "/me/password", body).status for _ in range(12)]
    assert said[:4] == [400] * 4 and 429 in said[4:], said


def test_nobody_learns_who_has_an_account(life):
    """F34: whatever is wrong with what is shown, an account that is there answers as one that is not."""
    def said(name, password):
        word = base64.b64encode(f"{name}:{password}".encode()).decode()
        answer = Api(life.desk.base).get("/rest/api/2/myself", expect=401, headers={"Authorization": f"Basic {word}"})
        return answer.body, answer.headers["X-Seraph-LoginReason"]

    for password in ("wrong", "cdt_" + "0" * 40):
        assert said("admin", password) == said("nobody-" + secrets.token_hex(3), password)


def test_a_renewal_that_a_wrong_clock_has_put_off_comes(life):
    """F16: it failed while the clock was ahead by years; set right, the next attempt is not years away."""
    life.profile("clockwise")
    ticket = life.enrolled(f"clock-{secrets.token_hex(3)}.example.org", profile="clockwise")
    record = ticket["certificate"]["id"]
    run_sql(life.desk, "UPDATE version SET not_before = not_before - 86400 * 160, not_after = not_after - 86400 * 70"
                       f" WHERE id = (SELECT version_id FROM certificate WHERE id = {record})")
    run_sql(life.desk, "UPDATE certificate_life SET n_failures = 3, retry_at = 2426371200, renew_at = 2426371200"
                       f" WHERE certificate_id = {record}")
    life.run("renew")
    assert life.ticket(ticket)["status"] == "certificate_renewed"


def test_what_a_wrong_clock_has_planned_is_planned_again(life):
    """F43: the clock was ahead by years when it started a run; set right, the next run is not years away."""
    def planned():
        item, = [s for s in life.api.get("/schedules").json["items"] if s["name"] == "check"]
        return item["next_run_at"]

    before = planned()
    run_sql(life.desk, "UPDATE schedule SET next_run_at = next_run_at + 315360000 WHERE name = 'check'")
    assert planned() > before
    wait_until(lambda: planned() == before, 20, "the next run as it was planned")
