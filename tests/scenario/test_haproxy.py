"""Certificates brought to a real HAProxy: without a reload, proved by looking, put back where they are not seen."""

import hashlib
import os
import re
import socket
import ssl
import stat
import threading
import time

import pytest

from canary import Canaries
from certs import days
from haproxy import HAProxy
from lifecycle import Desk
from servers import free_port, wait_until
from uploads import import_, upload

ENDED = ("seen", "put_back", "failed")


class Site:
    """A desk, a HAProxy that it may reach, and one certificate in one place of it."""

    def __init__(self, desk, haproxy, authority, root):
        self.desk, self.haproxy, self.authority = desk, haproxy, authority
        self.admin = desk.admin
        self.port = free_port()
        self.admin.post("/trust-bundles", {"name": "scenario", "pem": root.pem})

    def issue(self, name, ends=90, **more):
        return self.authority.issue(name, not_after=days(ends), **more)

    def bring(self, issued, **fields):
        """Import a certificate with its key."""
        return import_(self.admin, {"file": issued.chain_pem() + issued.key_pem, **fields}).json

    def replace(self, record, issued, api=None, **fields):
        return upload(api or self.admin, f"/certificates/{record['id']}/replace",
                      {"file": issued.chain_pem() + issued.key_pem, **fields}, expect=200).json

    def resource(self, name="lb", slots=("www",), endpoints=None, **more):
        body = {"name": name, "type": "haproxy", "settings": {"socket": self.haproxy.socket},
                "slots": [{"slot": s, "certificate": self.haproxy.path(s), "file": self.haproxy.path(s)} for s in slots],
                "endpoints": endpoints or [{"host": "127.0.0.1", "port": self.port}],
                "proof": {"rounds": 2, "timeout_seconds": 60}, **more}
        return self.admin.post("/resources", body).json

    def place(self, record, resource, slot="www", api=None, expect=201):
        return (api or self.admin).post(f"/certificates/{record['id']}/resources",
                                        {"resource": resource["id"], "slot": slot}, expect=expect).json

    def deployments(self, record):
        """Oldest first."""
        return self.admin.get(f"/certificates/{record['id']}/deployments").json["items"][::-1]

    def ended(self, record, n=1, seconds=40):
        """The record's n-th deployment once it has ended."""
        def last():
            found = self.deployments(record)
            return found[n - 1] if len(found) >= n and found[n - 1]["state"] in ENDED else None
        return wait_until(last, seconds, f"deployment {n} of {record['id']}")

    def served(self, port=None, address="127.0.0.1"):
        """SHA-256 of what is presented there."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((address, port or self.port), timeout=10) as s:
            with context.wrap_socket(s) as tls:
                return hashlib.sha256(tls.getpeercert(True)).hexdigest()


@pytest.fixture(name="site")
def fixture_site(desk_factory, authority, root, tmp_path, sockets):
    haproxy = HAProxy(tmp_path / "haproxy", sockets)
    desk = desk_factory(env={"CERTDESK_DEPLOY_DIRECTORIES": f"{haproxy.certs}, {sockets}"})
    yield Site(desk, haproxy, authority, root)
    haproxy.stop()


def figure(desk, name):
    text = desk.admin.call("GET", "/metrics", expect=200).body.decode()
    return int(re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)[1])


def test_a_certificate_is_brought_seen_and_renewed(site):
    """F30, F32, F33: associate, deploy, see; a renewal by import follows by itself; a restart serves it, too."""
    old, first, second = (site.issue("www.haproxy.example", ends) for ends in (10, 60, 90))
    site.haproxy.front(site.port, "www", old).start()
    record, resource = site.bring(first), site.resource()
    n_opened = figure(site.desk, "certdesk_vault_opened_total")
    site.place(record, resource)
    done = site.ended(record)
    assert figure(site.desk, "certdesk_vault_opened_total") > n_opened
    assert figure(site.desk, 'certdesk_work{kind="watch",state="running"}') >= 1
    assert (done["state"], done["version"], done["error"], done["attempts"]) == ("seen", first.fingerprint, None, 1), done
    assert done["previous"] is None and "www.haproxy.example" in done["previous_name"]
    [address] = done["addresses"]
    assert address["is_expected"] and address["fingerprint"] == first.fingerprint
    assert (address["endpoint"], address["address"]) == (f"127.0.0.1:{site.port}", "127.0.0.1")
    assert site.served() == first.fingerprint
    # From now on its endpoints are watched, too.
    [endpoint] = site.admin.get(f"/certificates/{record['id']}/endpoints").json["items"]
    assert endpoint["observations"][0]["version"]["fingerprint_sha256"] == first.fingerprint
    site.replace(record, second)
    done = site.ended(record, 2)
    assert (done["state"], done["version"], done["previous"]) == ("seen", second.fingerprint, first.fingerprint), done
    assert site.served() == second.fingerprint
    now = site.admin.get(f"/certificates/{record['id']}").json
    assert now["current"]["fingerprint_sha256"] == second.fingerprint, now
    path = site.haproxy.path("www")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640 and os.listdir(site.haproxy.certs) == ["www.pem"]
    site.haproxy.restart()
    assert site.served() == second.fingerprint


def test_an_address_that_keeps_the_old_one_has_it_put_back(site):
    """F33: one sighting is not enough; the previous one comes back, is seen again, and the ticket says why."""
    first, second = site.issue("www.two.example", 10), site.issue("www.two.example", 90)
    site.haproxy.front(site.port, "www", first).front(site.port, "other", first, "127.0.0.2").start()
    record = site.bring(first)
    resource = site.resource(endpoints=[{"host": f"127.0.0.{n}:{site.port}"} for n in (1, 2)])
    site.place(record, resource)
    assert site.ended(record)["state"] == "seen"
    site.admin.patch(f"/resources/{resource['id']}", {"proof": {"timeout_seconds": 4}})
    site.admin.post("/schedules/notify/run", expect=202)
    [ticket] = wait_until(lambda: site.admin.get("/tickets?type=certificate_expiry").json["items"], 20, "the ticket")
    site.replace(record, second)
    done = site.ended(record, 2)
    assert (done["state"], done["previous"], done["is_putting_back"]) == ("put_back", first.fingerprint, True), done
    assert f"127.0.0.2:{site.port}" in done["error"] and "put back, and is seen again" in done["error"]
    assert {a["address"]: a["fingerprint"] for a in done["addresses"]} == dict.fromkeys(
        ("127.0.0.1", "127.0.0.2"), first.fingerprint)
    assert site.served() == first.fingerprint and done["retry_at"]
    with open(site.haproxy.path("www"), encoding="ascii") as f:
        assert f.read().startswith(first.pem)
    said = [c["body"] for c in site.admin.get(f"/tickets/{ticket['key']}/comments").json["items"]]
    assert any(c.startswith("Issued, not served: lb (www): not seen within 4 s at 1 of 2 addresses") for c in said), said
    current = site.admin.get(f"/certificates/{record['id']}").json["current"]
    assert current["fingerprint_sha256"] == first.fingerprint
    # Once the other one is taken care of, a person tries again.
    site.haproxy.write("other", second)
    site.haproxy.restart()
    site.admin.patch(f"/resources/{resource['id']}", {"proof": {"timeout_seconds": 60}})
    site.admin.post(f"/deployments/{done['id']}/retry", expect=202)
    done = site.ended(record, 2)
    assert (done["state"], done["attempts"], done["retry_at"]) == ("seen", 2, None), done
    assert site.admin.get(f"/tickets/{ticket['key']}").json["resolution"] == "replaced"
    site.admin.post(f"/deployments/{done['id']}/retry", expect=409)


def test_a_new_one_without_the_old_ones_key_is_left_in_place(site):
    """What was there before cannot be read back: then it is said, and nothing is made worse."""
    old, new = site.issue("www.left.example", 10), site.issue("www.left.example")
    site.haproxy.front(site.port, "www", old).front(site.port, "other", old, "127.0.0.2").start()
    record = site.bring(new)
    resource = site.resource(endpoints=[{"host": f"127.0.0.{n}:{site.port}"} for n in (1, 2)],
                             proof={"rounds": 1, "timeout_seconds": 3})
    site.place(record, resource)
    done = site.ended(record)
    assert done["state"] == "failed" and "left in place" in done["error"] and "key" in done["error"], done
    assert site.served() == new.fingerprint


def test_a_resource_gets_no_key_of_others_by_saying_that_it_has_their_certificate(site):
    """F32: a stranger's certificate, which the resource claims to serve, is not put back with the stranger's key."""
    theirs, mine = site.issue("www.theirs.example", 60), site.issue("www.mine.example")
    site.haproxy.front(site.port, "www", theirs).front(site.port, "other", theirs, "127.0.0.2").start()
    stranger, owner = site.desk.user("stranger"), site.desk.user("owner")
    import_(stranger, {"file": theirs.chain_pem() + theirs.key_pem})
    record = import_(owner, {"file": mine.chain_pem() + mine.key_pem}).json
    resource = site.resource(endpoints=[{"host": f"127.0.0.{n}:{site.port}"} for n in (1, 2)],
                             proof={"rounds": 1, "timeout_seconds": 3}, deployers={"users": ["owner"]})
    site.place(record, resource, api=owner)
    done = site.ended(record)
    assert done["state"] == "failed" and "key of the one before it is not here" in done["error"], done
    assert not done["is_putting_back"] and site.served() == mine.fingerprint


def test_a_haproxy_that_is_away_is_tried_until_it_is_back(site):
    """Nothing is changed meanwhile, and it heals by itself."""
    old, new = site.issue("www.away.example", 10), site.issue("www.away.example")
    site.haproxy.front(site.port, "www", old).start().stop()
    record = site.bring(new)
    resource = site.resource()
    site.place(record, resource)
    done = site.ended(record)
    assert done["state"] == "failed" and "could not connect" in done["error"] and done["retry_at"], done
    assert "nothing was changed" in done["error"]
    answer = site.admin.post(f"/resources/{resource['id']}/test", expect=200).json
    assert answer["ok"] is False and "could not connect" in answer["detail"]
    site.haproxy.start()
    answer = site.admin.post(f"/resources/{resource['id']}/test", expect=200).json
    assert answer["ok"] and answer["found"] == [{"name": site.haproxy.path("www"), "is_slot": True}], answer
    assert answer["slots"][0]["serial"].lstrip("0") == f"{old.cert.serial_number:x}" and answer["version"]
    wait_until(lambda: site.deployments(record)[0]["state"] == "seen", 40, "another try")
    assert site.served() == new.fingerprint


def test_what_haproxy_refuses_changes_nothing(site):
    """Too large for its buffer, and a name that it does not have: its own words are told, its file stays."""
    old = site.issue("www.refused.example", 10)
    big = site.issue("www.refused.example", san_count=900)
    site.haproxy.front(site.port, "www", old).start()
    resource = site.resource(slots=("www", "none"))
    record = site.bring(big)
    site.place(record, resource)
    done = site.ended(record)
    assert done["state"] == "failed" and "tune.bufsize" in done["error"], done
    assert "what was there before is still there" in done["error"]
    other = site.bring(site.issue("www.refused.example", 50))
    site.place(other, resource, "none")
    done = site.ended(other)
    assert done["state"] == "failed" and f'no certificate "{site.haproxy.path("none")}"' in done["error"], done
    assert site.served() == old.fingerprint and os.listdir(site.haproxy.certs) == ["www.pem"]
    with open(site.haproxy.path("www"), encoding="ascii") as f:
        assert f.read().startswith(old.pem)
    assert "transaction" not in site.haproxy.command("show ssl cert\n")


def test_a_transaction_of_somebody_else_is_not_disturbed(site):
    old, new = site.issue("www.busy.example", 10), site.issue("www.busy.example")
    site.haproxy.front(site.port, "www", old).front(free_port(), "theirs", old).start()
    theirs = site.haproxy.path("theirs")
    site.haproxy.command(f"set ssl cert {theirs} <<\n{new.chain_pem()}{new.key_pem}\n")
    record = site.bring(new)
    site.place(record, site.resource())
    done = site.ended(record)
    assert done["state"] == "failed" and "somebody else" in done["error"] and theirs in done["error"], done
    assert f"*{theirs}" in site.haproxy.command("show ssl cert\n")
    site.haproxy.command(f"abort ssl cert {theirs}\n")
    site.admin.post(f"/deployments/{done['id']}/retry", expect=202)
    assert site.ended(record)["state"] == "seen" and site.served() == new.fingerprint


def test_a_certificate_that_haproxy_does_not_have_yet_is_added(site):
    """With a crt-list it is made there; and what is swapped on Save is deployed at once."""
    old, one, two = (site.issue(f"{n}.added.example", 60) for n in ("old", "one", "two"))
    site.haproxy.front(site.port, "old", old, crt=site.haproxy.certs).start()
    slot = {"slot": "new", "certificate": site.haproxy.path("new"), "file": site.haproxy.path("new"),
            "crt_list": site.haproxy.certs}
    resource = site.admin.post("/resources", {
        "name": "lb", "type": "haproxy", "settings": {"socket": site.haproxy.socket}, "slots": [slot],
        "endpoints": [{"host": "127.0.0.1", "port": site.port, "sni": "one.added.example"}],
        "proof": {"rounds": 1, "timeout_seconds": 30}}).json
    first, second = site.bring(one), site.bring(two)
    site.place(first, resource, "new")
    assert site.ended(first)["state"] == "seen", site.deployments(first)
    # The swap: the old record's endpoint goes with its place.
    site.admin.patch(f"/resources/{resource['id']}", {"endpoints": [
        {"host": "127.0.0.1", "port": site.port, "sni": "two.added.example"}]})
    etag = site.admin.get(f"/resources/{resource['id']}/associations").headers["ETag"]
    site.admin.call("PUT", f"/resources/{resource['id']}/associations",
                    {"items": [{"slot": "new", "certificate": second["id"]}]}, headers={"If-Match": etag}, expect=200)
    done = site.ended(second)
    assert (done["state"], done["previous"]) == ("seen", one.fingerprint), done
    assert site.admin.get(f"/certificates/{first['id']}/endpoints").json["items"] == []
    site.haproxy.restart()
    site.admin.update(second["id"])
    [endpoint] = site.admin.get(f"/certificates/{second['id']}/endpoints").json["items"]
    assert endpoint["observations"][0]["version"]["fingerprint_sha256"] == two.fingerprint


def test_one_certificate_on_two_resources(site, tmp_path, desk_factory):
    first, second = site.issue("www.both.example", 40), site.issue("www.both.example")
    other = HAProxy(tmp_path / "haproxy", os.path.join(site.haproxy.socket_directory, "two"))
    os.makedirs(other.socket_directory)
    port = free_port()
    try:
        site.haproxy.front(site.port, "www", first).start()
        other.front(port, "www2", first).start()
        record = site.bring(first)
        one = site.resource()
        two = site.admin.post("/resources", {
            "name": "lb-2", "type": "haproxy", "settings": {"socket": other.socket},
            "slots": [{"slot": "x", "certificate": other.path("www2")}],
            "endpoints": [{"host": f"127.0.0.1:{port}", "slot": "x"}], "proof": {"rounds": 1}}).json
        site.place(record, one)
        site.place(record, two, "x")
        assert [site.ended(record, n)["state"] for n in (1, 2)] == ["seen", "seen"]
        site.replace(record, second)
        assert [site.ended(record, n)["state"] for n in (3, 4)] == ["seen", "seen"]
        assert site.served() == site.served(port) == second.fingerprint
        assert len(site.admin.get(f"/resources/{two['id']}/deployments?state=seen").json["items"]) == 2
        again = site.admin.post(f"/resources/{one['id']}/deploy", {"slots": ["www"]}, expect=202).json["items"]
        assert [d["version"] for d in again] == [second.fingerprint]
        assert site.ended(record, 5)["state"] == "seen"
    finally:
        other.stop()


def test_a_kill_at_any_moment_leaves_what_the_next_run_finishes(site):
    """Whatever has been done when everything is killed, each deployment ends as it would have, and once."""
    places, ports = [f"p{n}" for n in range(5)] + ["bad"], [free_port() for _ in range(6)]
    certs = {p: [site.issue(f"{p}.killed.example", 50 + n) for n in range(3)] for p in places}
    for place, port in zip(places, ports):
        site.haproxy.front(port, place, certs[place][0])
    site.haproxy.front(ports[5], "old", certs["bad"][0], "127.0.0.2").start()
    resource = site.resource(slots=places, endpoints=[
        *({"host": f"127.0.0.1:{port}", "slot": place} for place, port in zip(places, ports)),
        {"host": f"127.0.0.2:{ports[5]}", "slot": "bad"}])
    records = {p: site.bring(certs[p][0]) for p in places}
    for place in places:
        site.place(records[place], resource, place)
    for place in places:
        assert site.ended(records[place])["state"] == "seen", place
    site.admin.patch(f"/resources/{resource['id']}", {"proof": {"timeout_seconds": 8}})
    for n in (1,) if site.desk.database else (1, 2):
        for place in reversed(places):
            site.replace(records[place], certs[place][n], confirm="true")
        if n == 2:
            wait_until(lambda: site.deployments(records["bad"])[2]["is_putting_back"], 40, "the way back")
        site.desk.kill_hard()
        site.desk.start()
        for place, port in zip(places, ports):
            done = site.ended(records[place], n + 1)
            state, kept = ("put_back", certs[place][0]) if place == "bad" else ("seen", certs[place][n])
            assert (done["state"], done["attempts"], done["version"], done["error"]) == (state, 1, certs[place][n].fingerprint, done["error"]), str(done)
            assert site.served(port) == kept.fingerprint, place
    assert sorted(os.listdir(site.haproxy.certs)) == sorted(f"{p}.pem" for p in [*places, "old"])
    assert "transaction" not in site.haproxy.command("show ssl cert\n")


class Client(threading.Thread):
    """Shakes hands as long as it lives, and counts what failed."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over, self.n, self.failed = port, False, 0, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def run(self):
        while not self.over:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
                    with self.context.wrap_socket(s) as tls:
                        tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
                        assert b"200" in tls.recv(100)
                self.n += 1
            except Exception as e:  # whatever it is, it is a failure
                self.failed.append(repr(e))
            time.sleep(0.005)  # so that it leaves the machine to the others


def test_fifty_rotations_without_a_failed_handshake(site):
    """F32: no reload, no connection lost."""
    n_rotations = 5 if site.desk.database else 50  # the one database is as good as the other here
    certs = [site.issue("www.fifty.example", 60 + n, kind="rsa" if n % 7 == 3 else "ec") for n in range(n_rotations + 1)]
    site.haproxy.front(site.port, "www", certs[0]).start()
    record = site.bring(certs[0])
    site.place(record, site.resource(proof={"rounds": 1, "timeout_seconds": 60}))
    assert site.ended(record)["state"] == "seen"
    client = Client(site.port)
    client.start()
    for n, issued in enumerate(certs[1:], 1):
        site.replace(record, issued, confirm="true")
        done = wait_until(lambda: next((d for d in site.admin.get(
            f"/certificates/{record['id']}/deployments?limit=1").json["items"]
            if d["version"] == issued.fingerprint and d["state"] in ENDED), None), 40, f"rotation {n}")
        assert done["state"] == "seen", done
    client.over = True
    client.join(20)
    assert client.failed == [] and client.n > 2 * n_rotations, (client.n, client.failed[:5])
    assert site.served() == certs[-1].fingerprint


def test_only_who_may_use_the_key_and_deploy_there_can_bring_it(site):
    """F32, F35: both rights are needed; admins alone make resources that receive keys."""
    issued = site.issue("www.rights.example", 60)
    site.haproxy.front(site.port, "www", site.issue("www.rights.example", 10)).start()
    ann, ben, cat = (site.desk.user(n) for n in ("ann", "ben", "cat"))
    record = import_(ann, {"file": issued.chain_pem() + issued.key_pem}).json
    body = {"name": "x", "type": "haproxy", "settings": {"socket": site.haproxy.socket},
            "slots": [{"slot": "www", "certificate": "c"}], "endpoints": [{"host": "x.example"}]}
    ann.post("/resources", body, expect=403)
    resource = site.resource(deployers={"users": ["ben"]})
    hidden = ann.get(f"/resources/{resource['id']}").json
    assert (hidden["settings"], hidden["slots"], hidden["endpoints"], hidden["deployers"]) == (None,) * 4
    assert hidden["places"] == ["www"] and hidden["may"] == []
    # The owner may use the key, and not deploy there.
    assert "deploy" in site.place(record, resource, api=ann, expect=403)["detail"]
    ann.post(f"/resources/{resource['id']}/test", expect=403)
    ann.post(f"/resources/{resource['id']}/deploy", {}, expect=403)
    # Another may deploy there, and not use the key; or not even see it.
    site.place(record, resource, api=ben, expect=404)
    ann.call("PUT", f"/certificates/{record['id']}/access", {"share": {"users": ["ben", "cat"]}}, expect=200)
    site.place(record, resource, api=ben, expect=403)
    assert site.admin.get("/deployments").json["items"] == []
    ann.call("PUT", f"/certificates/{record['id']}/access", {"use_key": {"users": ["ben"]}}, expect=200)
    shown = ben.get(f"/resources/{resource['id']}").json
    assert shown["may"] == ["deploy"] and shown["deployers"] == {"users": ["ben"], "groups": []}
    site.place(record, resource, api=ben)
    done = site.ended(record)
    assert (done["state"], done["requested_by"]) == ("seen", "ben")
    # Who brings a renewal without these rights does not deploy it; who sees the record sees what became of it.
    newer = site.issue("www.rights.example", 70)
    site.replace(record, newer, api=cat)
    assert len(cat.get(f"/certificates/{record['id']}/deployments").json["items"]) == 1
    cat.post(f"/deployments/{done['id']}/retry", expect=403)
    cat.post(f"/resources/{resource['id']}/deploy", {}, expect=403)
    ben.post(f"/resources/{resource['id']}/deploy", {}, expect=202)
    assert site.ended(record, 2)["state"] == "seen" and site.served() == newer.fingerprint
    dan = site.desk.user("dan")
    for path in (f"/deployments/{done['id']}", f"/certificates/{record['id']}/deployments"):
        dan.get(path, expect=404)
    assert dan.get("/deployments").json["total"] == dan.get(f"/resources/{resource['id']}/deployments").json["total"] == 0


def problems(answer):
    return {e["field"]: e["message"] for e in answer.json["errors"]}


def test_settings_that_cannot_be_are_told_field_by_field(site):
    good = {"name": "lb", "type": "haproxy", "settings": {"socket": site.haproxy.socket},
            "slots": [{"slot": "www", "certificate": "www.pem"}], "endpoints": [{"host": "127.0.0.1:1"}]}

    def wrong(**body):
        return problems(site.admin.post("/resources", {**good, **body}, expect=400))

    assert "deploy.directories" in wrong(settings={"socket": "/run/docker.sock"})["settings.socket"]
    assert "absolute" in wrong(settings={"socket": "admin.sock"})["settings.socket"]
    assert "plain" in wrong(settings={"socket": site.haproxy.certs + "/../x"})["settings.socket"]
    assert "either" in wrong(settings={})["settings.socket"]
    assert "either" in wrong(settings={"socket": site.haproxy.socket, "address": "127.0.0.1:1"})["settings.socket"]
    assert "ADDRESS:PORT" in wrong(settings={"address": "www.example.org:1"})["settings.address"]
    assert wrong(settings={"socket": site.haproxy.socket, "password": "x"}).keys() == {"settings.password"}
    assert "deploy.directories" in wrong(
        slots=[{"slot": "www", "certificate": "x", "file": "/etc/passwd"}])["slots[0].file"]
    for name in ("a b", "a;show env", "a\\", "*a", "a<<"):
        assert wrong(slots=[{"slot": "www", "certificate": name}]).keys() == {"slots[0].certificate"}, name
    assert wrong(slots=[{"slot": "www", "certificate": "a\nb"}]).keys() == {"slots[0].certificate"}
    assert wrong(slots=[]).keys() == {"slots"}
    assert wrong(slots=[{"slot": "a", "certificate": "x"}, {"slot": "a", "certificate": "y"}]).keys() >= {"slots[1].slot"}
    assert '"www"' in wrong(endpoints=[])["endpoints"]
    assert wrong(endpoints=[{"host": "a.example", "slot": "b"}]).keys() == {"endpoints[0].slot"}
    assert wrong(proof={"rounds": 0}).keys() == {"proof.rounds"}
    assert wrong(deployers={"users": ["nobody"]}).keys() == {"deployers.users"}
    assert wrong(type="ftp").keys() >= {"type"}
    resource = site.admin.post("/resources", good).json
    record = site.bring(site.issue("www.settings.example"))
    assert problems(site.admin.post(f"/certificates/{record['id']}/resources", {
        "resource": resource["id"], "slot": "other"}, expect=400)).keys() == {"slot"}
    assert problems(site.admin.post(f"/resources/{resource['id']}/deploy", {
        "slots": ["www"]}, expect=400)).keys() == {"slots"}
    site.place(record, resource)
    assert problems(site.admin.patch(f"/resources/{resource['id']}", {
        "slots": [{"slot": "new", "certificate": "x"}], "endpoints": [{"host": "a.example"}]}, expect=400)).keys() == {"slots"}
    manual = site.admin.post("/resources", {"name": "hand"}).json
    assert manual["settings"] is None and manual["places"] == []
    site.admin.post(f"/resources/{manual['id']}/test", expect=409)
    site.admin.post(f"/resources/{manual['id']}/deploy", {}, expect=409)
    assert problems(site.admin.post("/resources", {"name": "y", "settings": {}}, expect=400)).keys() == {"settings"}


def test_keys_go_by_tcp_only_where_the_host_allows_it(desk_factory, authority, root, tmp_path, sockets):
    haproxy = HAProxy(tmp_path / "haproxy", sockets)
    haproxy.tcp = free_port()
    desk = desk_factory(env={"CERTDESK_DEPLOY_DIRECTORIES": haproxy.certs, "CERTDESK_DEPLOY_ALLOW": "127.0.0.1"})
    site = Site(desk, haproxy, authority, root)
    try:
        haproxy.front(site.port, "www", site.issue("www.tcp.example", 10)).start()
        new = site.issue("www.tcp.example")
        record = site.bring(new)
        resource = site.resource(settings={"address": f"127.0.0.1:{haproxy.tcp}"})
        site.place(record, resource)
        assert site.ended(record)["state"] == "seen" and site.served() == new.fingerprint
        elsewhere = site.resource("elsewhere", settings={"address": "192.0.2.1:9999"})
        answer = site.admin.post(f"/resources/{elsewhere['id']}/test", expect=200).json
        assert not answer["ok"] and "deploy.allow" in answer["detail"]
    finally:
        haproxy.stop()


class Liar(threading.Thread):
    """Something at the socket that is no HAProxy, and says back what it was told."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen()
        self.heard = b""
        self.start()

    def run(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            with s:
                s.settimeout(1)
                heard = b""
                try:
                    while not heard.endswith(b"-----\n\n" if heard.startswith(b"set") else b"\n"):
                        heard += s.recv(65536)
                except OSError:
                    pass
                self.heard += heard
                if heard == b"show ssl cert\n":
                    s.sendall(b"# filename\n" + self.name.encode() + b"\n")
                elif heard.startswith(b"show ssl cert"):
                    s.sendall(b"Filename: x\nSerial: 0123\nSubject: /CN=<b>liar</b>\n")
                else:
                    s.sendall(b"Unknown command: " + heard.replace(b"\n", b" ") + heard)


def test_no_key_is_told_whatever_the_other_side_says(site, tmp_path):
    """Invariant 3: the key reaches the resource, and is in no answer, log, file or row."""
    canaries, issued = Canaries(), site.issue("www.liar.example", kind="rsa")
    second = site.issue("www.liar.example", 120)
    canaries.add("the key", issued.key)
    canaries.add("the second key", second.key)
    liar = Liar(site.haproxy.socket)
    liar.name = site.haproxy.path("www")
    record = site.bring(issued)
    resource = site.resource()
    site.place(record, resource)
    done = site.ended(record)
    assert done["state"] == "failed" and "refused to take" in done["error"], done
    assert canaries.seen_in([liar.heard])  # the control: it was told
    liar.socket.close()
    os.unlink(site.haproxy.socket)
    site.haproxy.front(site.port, "www", site.issue("www.liar.example", 10)).start()
    site.admin.post(f"/deployments/{done['id']}/retry", expect=202)
    assert site.ended(record)["state"] == "seen"
    site.replace(record, second)
    assert site.ended(record, 2)["state"] == "seen"
    said = [site.admin.get(path).body for path in (
        "/deployments", "/audit?limit=200", "/jobs", f"/resources/{resource['id']}", f"/certificates/{record['id']}/log")]
    assert canaries.seen_in(said) == []
    assert canaries.seen_in_files(site.desk.directory) == []
    for role in ("server", "prober"):
        wait_until(lambda r=role: canaries.seen_in_memory(site.desk.children()[r]) == [], 20, f"no key in {role}")
    with open(site.haproxy.path("www"), "rb") as f:
        assert canaries.seen_in([f.read()])


def test_what_is_issued_is_deployed_and_the_ticket_says_so(site):
    """F13, F15, F33: enrolled, renewed, deployed, seen; and issued, not served, where it is not."""
    life = Desk(site.desk, renewal_key="new", key={"made_by": "server"})
    old = site.issue("www.example.org", 10)
    site.haproxy.front(site.port, "www", old).front(site.port, "other", old, "127.0.0.2").start()
    resource = site.resource()
    ticket = life.create(sans=["www.example.org"], subject={"CN": "www.example.org"})
    record = site.admin.get(f"/tickets/{ticket['key']}").json["certificate"]
    site.place(record, resource)
    assert site.deployments(record) == []  # there is nothing yet
    life.do(ticket, "enroll")
    done = site.ended(record)
    assert (done["state"], done["ticket"], done["requested_by"]) == ("seen", ticket["key"], None), done
    assert any(c.startswith("Served: lb (www) presents the certificate") for c in life.comments(ticket)), life.comments(ticket)
    first = site.served()
    life.do(ticket, "renew", force=True)
    done = site.ended(record, 2)
    assert (done["state"], done["previous"]) == ("seen", first), done
    second = site.served()
    assert second == done["version"] != first
    # The next time, another address has none of it.
    site.admin.patch(f"/resources/{resource['id']}", {
        "endpoints": [{"host": f"127.0.0.{n}:{site.port}"} for n in (1, 2)], "proof": {"timeout_seconds": 3}})
    life.do(ticket, "renew", force=True)
    done = site.ended(record, 3)
    assert (done["state"], site.served()) == ("put_back", second), done
    assert any(c.startswith("Issued, not served: lb (www): not seen within 3 s") for c in life.comments(ticket))


def test_the_command_line_makes_tests_and_deploys(site, tmp_path):
    """F39: all of it from the command line; the exit status says whether it is served."""
    old, new = site.issue("www.cli.example", 10), site.issue("www.cli.example")
    site.haproxy.front(site.port, "www", old).start()
    record = site.bring(new)

    def cli(*words, code=0):
        done = site.desk.cli(*words, env={"CERTDESK_TOKEN_FILE": site.desk.token_file})
        assert done.returncode == code, done
        return done.stdout + done.stderr

    path = site.haproxy.path("www")
    cli("resource", "add", "lb", "--type", "haproxy", "--socket", site.haproxy.socket, "--slot", f"www={path},{path}",
        "--endpoint", f"www=127.0.0.1:{site.port}:www.cli.example", "--user", "admin", "--rounds", "1", "--timeout", "30")
    made = site.admin.get("/resources").json["items"][0]
    assert made["settings"] == {"socket": site.haproxy.socket} and made["proof"] == {"rounds": 1, "timeout_seconds": 30}
    assert made["slots"] == [{"slot": "www", "certificate": path, "file": path}]
    assert made["endpoints"] == [{"host": "127.0.0.1", "port": site.port, "sni": "www.cli.example", "protocol": "tls",
                                  "slot": "www"}] and made["deployers"] == {"users": ["admin"], "groups": []}
    assert "www.cli.example" in cli("resource", "test", "lb")
    cli("resource", "put", "lb", f"www={record['id']}")
    assert site.ended(record)["state"] == "seen"
    assert "seen" in cli("resource", "deploy", "lb", "www", "--wait")
    assert "seen" in cli("deployment", "list", "--certificate", str(record["id"]), "--state", "seen")
    assert new.fingerprint in cli("deployment", "show", "2")
    assert "seen: only one that failed" in cli("deployment", "retry", "2", code=1)
    cli("resource", "edit", "lb", "--name", "lb-2", "--rounds", "2")
    assert site.admin.get("/resources").json["items"][0]["name"] == "lb-2"
    site.haproxy.stop()
    assert "could not connect" in cli("resource", "test", "lb-2", code=1)
    assert "could not connect" in cli("resource", "deploy", "lb-2", "--wait", code=1)
    site.haproxy.start()
    assert "could not" not in cli("deployment", "retry", "3", "--wait")
    assert '"x"' in cli("resource", "add", "bad", "--type", "haproxy", "--slot", "x", code=1)
