"""F37: a walk through the whole API: every read, most writes and some refusals, each as it is described."""

import pytest

from certs import days, self_signed
from lifecycle import csr_for
from openapi import Description
from profiles import ca_row
from servers import free_port, wait_until
from uploads import form, import_

@pytest.mark.parametrize("change", [{"id": "1"}, {"state": "asleep"}, {"nonsense": 1}, {"progress": {"done": 0}}])
def test_the_check_of_answers_can_fail(change):
    job = {"id": 1, "type": "add", "state": "done", "object_id": None, "progress": {"done": 0, "total": 0},
           "result": None, "error": None, "actor": None, "created_at": "2026-01-01T00:00:00Z", "started_at": None,
           "finished_at": None}
    description = Description()
    schema = description.root["components"]["schemas"]["Job"]
    assert description.faults(job, schema) == []
    assert description.faults({**job, **change}, schema) != []


class Walk:
    """Calls the API and holds each answer against its description."""

    def __init__(self, desk):
        self.desk, self.api, self.description = desk, desk.admin, Description()
        self.seen, self.faults = set(), []

    def __call__(self, method, template, body=None, query="", expect=None, headers=None, **words):
        path = template
        for name, value in words.items():
            path = path.replace("{" + name + "}", str(value))
        at_root = "servers" in self.description.root["paths"][template]
        answer = self.api.call(method, (path if at_root else "/api/v1" + path) + query, body, headers=headers)
        if expect and answer.status != expect:
            self.faults.append(f"{method} {template}{query}: {answer}, expected {expect}")
        if answer.status < 400:
            self.seen.add((method, template))
        self.faults += self.description.answer_faults(method, template, answer)
        return answer


@pytest.fixture
def walk(desk):
    return Walk(desk)


def _records(walk, port):
    made = walk("POST", "/certificates", {
        "name": "shop", "tags": ["web"], "description": "the shop", "business_group": "Retail",
        "endpoints": [{"host": "127.0.0.1", "port": port, "sni": "localhost"}]}, expect=201).json
    walk.api.job_done(made["job"])
    again = walk("POST", "/certificates", {"endpoints": [{"host": "127.0.0.1", "port": port, "sni": "localhost"}]},
                 expect=201).json
    assert again["attachable"], again
    walk.api.job_done(again["job"])
    one = made["id"]
    for query in ("", "?q=shop", "?status=expiring_soon", "?tag=web", "?limit=1", "?sort=-name"):
        walk("GET", "/certificates", query=query, expect=200)
    walk("GET", "/certificates/{id}", id=one, expect=200)
    walk("PATCH", "/certificates/{id}", {"description": "other"}, id=one, expect=200)
    for part in (".pem", "/decoded", "/versions", "/proposals", "/endpoints", "/log", "/access"):
        walk("GET", "/certificates/{id}" + part, id=one, expect=200)
    walk("PUT", "/certificates/{id}/access", {"share": {"users": ["reader"]}}, id=one, expect=200)
    job = walk("POST", "/certificates/{id}/update", id=one, expect=202).json["job"]
    walk.api.job_done(job)
    job = walk("POST", "/certificates/update", {"ids": [one]}, expect=202).json["job"]
    walk.api.job_done(job)
    walk("GET", "/jobs/{id}", id=job, expect=200)
    job = walk("POST", "/certificates/bulk", {"hosts": f"localhost:{port}\n"}, expect=202).json["job"]
    walk.api.job_done(job)
    walk("GET", "/jobs/{id}", id=job, expect=200)
    endpoint = walk.api.get(f"/certificates/{one}/endpoints").json["items"][0]["id"]
    walk("GET", "/endpoints/{id}", id=endpoint, expect=200)
    walk("DELETE", "/certificates/{id}", id=again["id"], expect=204)
    walk("GET", "/certificates/{id}", id=again["id"], expect=404)


def _desk(walk):
    """Groups, fields, views, and what is on a resource."""
    walk("POST", "/groups", {"name": "ops", "users": ["reader"]}, expect=201)
    walk("GET", "/groups", query="?q=o", expect=200)
    walk("GET", "/groups/{name}", name="ops", expect=200)
    walk("PATCH", "/groups/{name}", {"description": "d"}, name="ops", expect=200)
    walk("PUT", "/groups/{name}/members", {"users": []}, name="ops", expect=200)
    walk("PUT", "/groups/{name}/members", {}, name="ops", expect=400)
    walk("DELETE", "/groups/{name}", name="ops", expect=200)
    walk("POST", "/business-groups", {"name": "Sales"}, expect=201)
    walk("PATCH", "/business-groups/{name}", {"name": "Selling"}, name="Sales", expect=200)
    walk("GET", "/business-groups", expect=200)
    walk("DELETE", "/business-groups/{name}", name="Retail", expect=409)
    walk("DELETE", "/business-groups/{name}", query="?reassign_to=Selling", name="Retail", expect=200)
    walk("GET", "/tags", expect=200)
    walk("GET", "/people", query="?q=r", expect=200)
    walk("POST", "/custom-fields", {"name": "rack", "type": "number"}, expect=201)
    walk("PATCH", "/custom-fields/{name}", {"label": "Rack"}, name="rack", expect=200)
    one = walk("POST", "/certificates", {"name": "placed", "fields": {"rack": 12.5}}, expect=201).json["id"]
    walk("GET", "/certificates", query="?field.rack=12.5", expect=200)
    walk("GET", "/custom-fields", expect=200)
    walk("DELETE", "/custom-fields/{name}", name="rack", expect=409)
    view = walk("POST", "/views", {"name": "v", "query": {"q": "x", "sort": "name"}, "columns": ["name"]}, expect=201).json
    walk("GET", "/views", expect=200)
    walk("GET", "/views/{id}", id=view["id"], expect=200)
    walk("PATCH", "/views/{id}", {"default": True}, id=view["id"], expect=200)
    walk("DELETE", "/views/{id}", id=view["id"], expect=204)
    resource = walk("POST", "/resources", {"name": "lb-1"}, expect=201).json
    walk("GET", "/resources", query="?limit=1", expect=200)
    walk("GET", "/resources/{id}", id=resource["id"], expect=200)
    walk("PATCH", "/resources/{id}", {"description": "d"}, id=resource["id"], expect=200)
    walk("PUT", "/resources/{id}/associations", {"items": []}, id=resource["id"], headers={"If-Match": '"1"'}, expect=412)
    walk("PUT", "/resources/{id}/associations", {"items": [{"slot": "a", "certificate": one}]}, id=resource["id"],
         headers={"If-Match": '"2"'}, expect=200)
    walk("GET", "/resources/{id}/associations", id=resource["id"], expect=200)
    place = walk("POST", "/certificates/{id}/resources", {"resource": "lb-1", "slot": "b"}, id=one, expect=201).json
    walk("GET", "/certificates/{id}/resources", id=one, expect=200)
    walk("DELETE", "/resources/{id}", id=resource["id"], expect=409)
    walk("DELETE", "/certificates/{id}", id=one, expect=409)
    walk("DELETE", "/certificates/{id}/resources/{key}", id=one, key=place["id"], expect=204)
    _brought(walk)


def _brought(walk):
    """To a HAProxy that is not there: what does not need one."""
    settings = {"settings": {"address": "127.0.0.1:1"}, "slots": [{"slot": "a", "certificate": "a.pem"}],
                "endpoints": [{"host": "127.0.0.1", "port": 1, "slot": "a"}]}
    resource = walk("POST", "/resources", {"name": "lb-2", "type": "haproxy", **settings}, expect=201).json
    walk("PATCH", "/resources/{id}", {"proof": {"rounds": 3}, "deployers": {"users": ["admin"]}}, id=resource["id"], expect=200)
    walk("POST", "/resources/{id}/test", id=resource["id"], expect=200)
    walk("POST", "/resources/{id}/deploy", {}, id=resource["id"], expect=409)
    issued = self_signed("brought.example")
    record = import_(walk.api, {"file": issued.pem + issued.key_pem}).json["id"]
    walk("POST", "/certificates/{id}/resources", {"resource": "lb-2", "slot": "a"}, id=record, expect=201)
    made = walk("POST", "/resources/{id}/deploy", {"slots": ["a"]}, id=resource["id"], expect=202).json["items"][0]
    walk("GET", "/deployments", query="?limit=1", expect=200)
    walk("GET", "/deployments/{id}", id=made["id"], expect=200)
    walk("GET", "/resources/{id}/deployments", query="?state=seen", id=resource["id"], expect=200)
    walk("GET", "/certificates/{id}/deployments", id=record, expect=200)
    wait_until(lambda: walk.api.get(f"/deployments/{made['id']}").json["state"] == "failed", 30, "the end")
    walk("POST", "/deployments/{id}/retry", id=made["id"], expect=202)


def _authorities(walk):
    new = {"name": "house", "kind": "root", "subject": {"CN": "House"}, "public_url": "http://pki.example",
           "name_constraints": {"permitted": ["example.org"], "excluded": ["secret.example.org"]}}
    walk("POST", "/cas", new, expect=201)
    walk("POST", "/cas", new, expect=409)
    walk("POST", "/cas", {**new, "name": "Up"}, expect=400)
    walk("POST", "/cas", {**new, "name": "sub", "kind": "intermediate", "subject": {"CN": "Sub"}}, expect=201)
    walk("GET", "/cas/{name}/csr", name="sub", expect=200)
    walk("GET", "/cas/{name}/csr", name="house", expect=404)
    walk("POST", "/cas/{name}/certificate", {"chain": "nothing"}, name="sub", expect=400)
    walk("GET", "/cas", expect=200)
    walk("GET", "/dashboard", expect=200)
    walk("PATCH", "/cas/{name}", {"disabled": True}, name="sub", expect=200)
    walk("DELETE", "/cas/{name}", name="sub", expect=204)
    walk("POST", "/cas/{name}/crl", name="house", expect=200)
    walk("GET", "/cas/{name}/certificates", name="house", expect=200)
    walk("GET", "/cas/{name}", name="house", expect=200)
    walk("GET", "/pki/{name}.crt", name="house", expect=200)
    walk("GET", "/pki/{name}.crl", name="house", expect=200)
    walk("GET", "/pki/{name}.crl", name="none", expect=404)
    walk("GET", "/ocsp/{name}/{other}", name="house", other="AAAA", expect=200)
    walk("POST", "/ocsp/{name}", b"nothing", name="house", expect=200, headers={"Content-Type": "application/ocsp-request"})
    walk("POST", "/ocsp/{name}", b"nothing", name="house", expect=415, headers={"Content-Type": "text/plain"})


def _profiles(walk):
    """What may be issued, and when a record renews."""
    ca_row(walk.desk)
    walk("POST", "/profiles", {"name": "web", "ca": "internal", "names": {"domains": ["*"], "ip": ["10.0.0.0/8"]}}, expect=201)
    walk("POST", "/profiles", {"name": "WEB", "ca": "internal", "names": {"domains": ["*"]}}, expect=409)
    walk("POST", "/profiles", {"name": "bad", "ca": "internal"}, expect=400)
    walk("GET", "/profiles", expect=200)
    walk("GET", "/profiles/{name}", name="web", expect=200)
    walk("PATCH", "/profiles/{name}", {"names": {"email": True, "subject": {"fixed": {"O": "E"}}}, "window": {"days": 9}},
         name="web", expect=200)
    walk("POST", "/profiles/{name}/check", {"sans": ["a.example", "*.b.example"]}, name="web", expect=200)
    walk("POST", "/profiles/{name}/check", {"csr": "none"}, name="web", expect=400)
    walk("POST", "/profiles/{name}/force-renewal", name="web", expect=202)
    walk("DELETE", "/profiles/{name}/force-renewal", name="web", expect=200)
    one = walk("POST", "/certificates", {"name": "renewed"}, expect=201).json["id"]
    walk("GET", "/certificates/{id}/renewal", id=one, expect=200)
    walk("DELETE", "/profiles/{name}", name="web", expect=204)
    walk("GET", "/profiles/{name}", name="web", expect=404)


def _tables(walk):
    assert b"localhost" in walk("GET", "/certificates.csv", query="?q=shop", expect=200).body
    assert b"certificate.create" in walk("GET", "/audit.csv", query="?object_type=certificate", expect=200).body
    table = "name,port,host,tags\nshop,x,h,\nshop,,,\nnew,,,a\n"
    started = walk("POST", "/imports", table, "?dry_run=true&filename=t.csv", 202, {"Content-Type": "text/csv"}).json
    walk.api.job_done(started["job"])
    walk("GET", "/imports", expect=200)
    for part in ("", "/rows", "/errors.csv"):
        walk("GET", "/imports/{id}" + part, id=started["id"], expect=200)
    applied = walk("POST", "/imports/{id}/apply", id=started["id"], expect=202).json
    result = walk.api.job_done(applied["job"])["result"]
    schema = walk.description.root["components"]["schemas"]["ImportResult"]
    walk.faults += walk.description.faults(result, schema)
    walk("GET", "/imports/{id}/rows", query="?action=created", id=applied["id"], expect=200)
    walk("DELETE", "/imports/{id}", id=applied["id"], expect=204)
    body = {"filter": {"q": "new"}, "action": "tag", "tags": ["b"]}
    job = walk("POST", "/certificates/actions", body, expect=202).json["job"]
    result = walk.api.job_done(job)["result"]
    assert result["done"] == 1, result
    walk.faults += walk.description.faults(result, walk.description.root["components"]["schemas"]["ActionResult"])


def _lifecycle(walk):
    """A ticket of each type, and all that hangs on one."""
    walk.api.post("/cas", {"name": "issuing", "kind": "root", "subject": {"CN": "Issuing"}, "public_url": "http://pki.example.org"})
    walk.api.post("/profiles", {"name": "issuing", "ca": "issuing", "names": {"domains": ["*"]}})
    walk("POST", "/projects", {"key": "SHOP", "name": "The shop"}, expect=201)
    walk("GET", "/projects", expect=200)
    csr = csr_for("www.example.org")[0]
    fields = {"type": "certificate", "profile": "issuing", "csr": csr, "labels": ["web"], "assignee": "reader"}
    walk("POST", "/tickets", {**fields, "csr": "nonsense"}, expect=400)
    ticket = walk("POST", "/tickets", fields, expect=201).json
    key, record = ticket["key"], ticket["certificate"]["id"]
    walk("POST", "/tickets/{key}/csr", {"csr": csr}, key=key, expect=200)
    walk("POST", "/tickets/{key}/approval", {"approved": True}, key=key, expect=409)
    walk("POST", "/tickets/{key}/transitions", {"transition": "enroll"}, key=key, expect=200)
    walk("GET", "/tickets/{key}", key=key, expect=200)
    walk("GET", "/tickets/board", query="?project=CERT", expect=200)
    body, kind = form([("file", "a.txt", "hello")])
    file = walk("POST", "/tickets/{key}/attachments", body, headers={"Content-Type": kind}, key=key, expect=201).json["id"]
    walk("GET", "/tickets/{key}/attachments", key=key, expect=200)
    walk("GET", "/tickets/{key}/attachments/{other}", key=key, other=file, expect=200)
    walk("DELETE", "/tickets/{key}/attachments/{other}", key=key, other=file, expect=204)
    comment = walk("POST", "/tickets/{key}/comments", {"body": "one"}, key=key, expect=201).json["id"]
    walk("PATCH", "/tickets/{key}/comments/{other}", {"body": "two"}, key=key, other=comment, expect=200)
    walk("DELETE", "/tickets/{key}/comments/{other}", key=key, other=comment, expect=204)
    walk("PUT", "/tickets/{key}/watchers/{other}", key=key, other="reader", expect=200)
    walk("GET", "/tickets/{key}/watchers", key=key, expect=200)
    walk("DELETE", "/tickets/{key}/watchers/{other}", key=key, other="reader", expect=204)
    walk("POST", "/certificates/{id}/renew", {}, id=record, expect=409)
    walk("POST", "/certificates/{id}/renew", {"force": True}, id=record, expect=200)
    walk("POST", "/certificates/{id}/revoke", {"reason": "superseded"}, id=record, expect=200)
    walk("POST", "/certificates/{id}/enroll", {"profile": "issuing", "sans": ["a.example.org"]}, id=record, expect=409)
    other = walk("POST", "/certificates", {"name": "later"}, expect=201).json["id"]
    walk("POST", "/certificates/{id}/enroll", {"profile": "issuing", "sans": ["a.example.org"]}, id=other, expect=201)
    walk("POST", "/tickets", {"type": "revoke_certificate", "profile": "issuing", "certificate_id": "C-0", "domain": "x"},
         expect=201)


def _tickets(walk):
    walk.api.job_done(walk("POST", "/schedules/{name}/run", name="notify", expect=202).json["job"])
    listed = walk("GET", "/tickets", expect=200).json["items"]
    assert listed
    key = listed[0]["key"]
    for part in ("", "/comments", "/history", "/transitions"):
        walk("GET", "/tickets/{key}" + part, key=key, expect=200)
    walk("POST", "/tickets/{key}/comments", {"body": "on it"}, key=key, expect=201)
    walk("PATCH", "/tickets/{key}", {"priority": "high"}, key=key, expect=200)
    walk("POST", "/tickets/{key}/transitions", {"transition": "nonsense"}, key=key, expect=409)
    walk("POST", "/tickets/{key}/transitions", {"transition": "resolve", "comment": "gone"}, key=key, expect=200)
    for part in ("", "/comments", "/history"):
        walk("GET", "/tickets/{key}" + part, key=key, expect=200)


def _people(walk):
    walk("POST", "/users", {"name": "reader", "role": "user", "password": "a phrase for reader"}, expect=201)
    walk("GET", "/users/{name}", name="reader", expect=200)
    walk("PATCH", "/users/{name}", {"role": "auditor"}, name="reader", expect=200)
    token = walk("POST", "/tokens", {"name": "t", "scopes": ["read"]}, expect=201).json
    for path in ("/users", "/people", "/tokens", "/me", "/business-groups"):
        walk("GET", path, expect=200)
    walk("DELETE", "/tokens/{id}", id=token["id"], expect=204)


def _settings(walk, root):
    for name in ("notifications", "display"):
        now = walk("GET", f"/settings/{name}", expect=200).json
        operation = walk.description.root["paths"][f"/settings/{name}"]["put"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        taken = walk.description.follow(schema)["properties"]
        walk("PUT", f"/settings/{name}", {k: v for k, v in now.items() if k in taken}, expect=200)
    bundle = walk("POST", "/trust-bundles", {"name": "mine", "pem": root.pem}, expect=201).json
    walk("GET", "/trust-bundles", expect=200)
    walk("DELETE", "/trust-bundles/{id}", id=bundle["id"], expect=204)


def _keys(walk):
    made = walk("POST", "/csrs", {"subject": {"CN": "walk.example"}, "sans": ["walk.example", "192.0.2.1"],
                                  "key": {"algorithm": "ec", "curve": "P-256"}}, expect=201).json
    walk("POST", "/csrs", {"subject": {"C": "x"}}, expect=400)
    for path in ("/csrs/{id}", "/csrs/{id}.pem"):
        walk("GET", path, id=made["id"], expect=200)
    for query in ("", "?q=walk", "?used=false", "?limit=1"):
        walk("GET", "/csrs", query=query, expect=200)
    walk("POST", "/csrs/{id}/certificate", {"certificate": "x"}, id=made["id"], expect=400)
    walk("DELETE", "/csrs/{id}", id=made["id"], expect=204)
    walk("GET", "/vault", expect=200)
    job = walk("POST", "/vault/rotate", expect=202).json["job"]
    walk("POST", "/vault/rotate", expect=409)
    wait_until(lambda: walk("GET", "/vault", expect=200).json["rotation"] is None, 60, "rotation")
    assert walk.api.get(f"/jobs/{job}").json["state"] == "done"


def _imports(walk, authority):
    def post(template, issued, expect, **words):
        fields = [("file", issued.pem + issued.key_pem), ("chain", authority.pem)]
        body, content_type = form(fields)
        return walk("POST", template, body, headers={"Content-Type": content_type}, expect=expect, **words).json

    old, new = (authority.issue("brought.example", not_before=days(-9 + n), not_after=days(9 + n)) for n in (0, 1))
    one = post("/certificates/import", old, 201)["id"]
    post("/certificates/import", old, 200)
    post("/certificates/{id}/replace", new, 200, id=one)
    post("/certificates/{id}/replace", old, 409, id=one)
    walk("GET", "/certificates/{id}/versions", id=one, expect=200)
    for ending in (".pem", ".der", ".p7b"):
        walk("GET", "/certificates/{id}" + ending, query=f"?version={old.fingerprint}", id=one, expect=200)
    walk("GET", "/certificates/{id}.der", query=f"?version={'0' * 64}", id=one, expect=404)
    walk("GET", "/certificates/{id}/versions/{key}/diff/{other}", id=one, key=old.fingerprint, other=new.fingerprint,
         expect=200)
    walk("POST", "/certificates/import", b"nonsense", expect=415)


def _notifications(walk):
    made = walk("POST", "/webhooks", {"name": "h", "url": "http://127.0.0.1:9/x", "events": ["expiry"]}, expect=201).json
    walk("POST", "/webhooks/{id}/secret", id=made["id"], expect=200)
    walk("POST", "/settings/notifications/test", {"channel": "webhook", "webhook": made["id"]}, expect=200)
    walk("GET", "/webhooks", expect=200)
    walk("PATCH", "/webhooks/{id}", {"enabled": False}, id=made["id"], expect=200)
    one = walk("GET", "/deliveries", query="?limit=1&state=failed&channel=webhook&event=test", expect=200).json["items"][0]
    walk("GET", "/deliveries/{id}", id=one["id"], expect=200)
    walk("POST", "/deliveries/{id}/retry", id=one["id"], expect=409)
    walk("DELETE", "/webhooks/{id}", id=made["id"], expect=204)
    walk("GET", "/schedules/preview", query="?cron=@daily&count=2", expect=200)
    feed = walk("POST", "/calendar", expect=201).json
    walk("GET", "/calendar", expect=200)
    walk("GET", "/calendar.ics", query=feed["url"][feed["url"].index("?"):], expect=200)
    walk("DELETE", "/calendar/{id}", id=feed["id"], expect=204)


def test_every_answer_has_the_form_that_is_described(walk, nginx, root, authority):
    port = free_port()
    nginx.site(port, authority.issue("localhost", not_after=days(10))).start()
    _people(walk)
    _records(walk, port)
    _tables(walk)
    _tickets(walk)
    _lifecycle(walk)
    _desk(walk)
    _profiles(walk)
    _settings(walk, root)
    _keys(walk)
    _authorities(walk)
    _imports(walk, authority)
    _notifications(walk)
    for path in ("/jobs", "/schedules", "/dashboard", "/audit", "/audit/verify", "/standby", "/openapi.json", "/healthz",
                 "/readyz"):
        walk("GET", path, expect=200)
    walk("POST", "/jobs/{id}/retry", id=4711, expect=404)
    walk("GET", "/jobs", query="?nonsense=1", expect=400)
    assert walk.faults == []
    reads = {(m, path) for m, path, _ in walk.description.operations() if m == "GET"}
    assert reads - walk.seen <= {("GET", "/docs"), ("GET", "/metrics")}
