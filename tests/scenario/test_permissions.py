"""F9 F34 F35: who may do what, by every route: route x role x relation, written out."""

import pytest

from certdesk import Api
from certs import days
from routes import routes
from servers import free_port
from uploads import import_, upload

# What each kind of caller gets: nobody, a stranger, the assignee, a user it is shared with, the owner, an auditor,
# an admin. Letters: U 401, F 403, N 404, and "." anything but these. "-" is not asked.
CALLERS = ["nobody", "stranger", "assignee", "shared", "owner", "auditor", "admin"]

# Who has a record through a group, and who has been given its key besides, may all that "shared" may …
LIKE_SHARED = ["grouped", "keyed"]
# … but for this: what is done with the key needs the right to it.
NEED_KEY = {"POST /certificates/{id}/resources"}

TABLE = {
    "POST /session": ".......", "DELETE /session": "U......", "GET /me": "U......", "POST /me/password": "U......",
    "GET /certificates": "U......", "POST /certificates": "U......", "POST /certificates/bulk": "U......",
    "POST /certificates/update": "U......",
    "GET /certificates/{id}": "UN.....", "PATCH /certificates/{id}": "UNF..F.", "DELETE /certificates/{id}": "UNF--F-",
    "GET /certificates/{id}.pem": "UN.....", "GET /certificates/{id}.der": "UN.....", "GET /certificates/{id}.p7b": "UN.....",
    "GET /certificates/{id}/decoded": "UN.....",
    "POST /certificates/import": "U......", "POST /certificates/{id}/replace": "UNF..F.",
    "GET /certificates/{id}/versions/{key}/diff/{other}": "UN.....",
    "GET /certificates/{id}/versions": "UN.....", "GET /certificates/{id}/proposals": "UN.....",
    "GET /certificates/{id}/endpoints": "UN.....", "POST /certificates/{id}/endpoints": "UNF..F.",
    "DELETE /certificates/{id}/endpoints/{key}": "UNF--F-", "GET /certificates/{id}/log": "UN.....",
    "GET /certificates/{id}/access": "UN.....", "PUT /certificates/{id}/access": "UNF..F.",
    "POST /certificates/{id}/update": "UNF..F.", "POST /certificates/{id}/confirm": "UNF..F.",
    "GET /endpoints/{id}": "UN.....",
    "GET /certificates.csv": "U......", "POST /certificates/actions": "U......", "GET /imports": "U......", "POST /imports": "U......",
    "GET /imports/{id}": "UNNN...", "GET /imports/{id}/rows": "UNNN...", "GET /imports/{id}/errors.csv": "UNNN...",
    "POST /imports/{id}/apply": "UNNN.FF", "DELETE /imports/{id}": "UNNN-F-",
    "GET /certificates/{id}/renewal": "UN.....",
    "GET /profiles": "U......", "POST /profiles": "UFFFFF.", "GET /profiles/{name}": "UN.N...", "PATCH /profiles/{name}": "UFFFFF.",
    "DELETE /profiles/{name}": "UFFFFF-", "POST /profiles/{name}/check": "UN.N...",
    "POST /profiles/{name}/force-renewal": "UFFFFF.", "DELETE /profiles/{name}/force-renewal": "UFFFFF.",
    "GET /tickets": "U......", "GET /tickets/{key}": "UN.....", "PATCH /tickets/{key}": "UNF..F.",
    "GET /tickets/{key}/comments": "UN.....", "POST /tickets/{key}/comments": "UN...F.",
    "GET /tickets/{key}/history": "UN.....", "GET /tickets/{key}/transitions": "UN.....",
    "POST /tickets/{key}/transitions": "UNF..F.", "POST /tickets": "U......", "GET /tickets/board": "U......",
    "PATCH /tickets/{key}/comments/{other}": "UNFFFF.", "DELETE /tickets/{key}/comments/{other}": "UNFFFF-",
    "GET /tickets/{key}/watchers": "UN.....", "PUT /tickets/{key}/watchers/{other}": "UN...F.",
    "DELETE /tickets/{key}/watchers/{other}": "UN...F.", "POST /tickets/{key}/csr": "UNF..F.",
    "POST /tickets/{key}/approval": "UN.....", "GET /tickets/{key}/attachments": "UN.....",
    "POST /tickets/{key}/attachments": "UN...F.", "GET /tickets/{key}/attachments/{other}": "UN.....",
    "DELETE /tickets/{key}/attachments/{other}": "UNFFFF-", "GET /projects": "U......", "POST /projects": "UFFFFF.",
    "POST /certificates/{id}/enroll": "UNF..F.", "POST /certificates/{id}/renew": "UNF..F.",
    "POST /certificates/{id}/revoke": "UNF..F.",
    "GET /jobs": "U......", "GET /jobs/{id}": "UNNN...", "POST /jobs/{id}/retry": "UFFFFF.",
    "GET /schedules": "U......", "POST /schedules/{name}/run": "UFFFFF.",
    "GET /people": "U......", "GET /business-groups": "U......", "POST /business-groups": "UFFFFF.",
    "PATCH /business-groups/{name}": "UFFFFF.", "DELETE /business-groups/{name}": "UFFFFF-", "GET /tags": "U......",
    "GET /groups": "U......", "POST /groups": "UFFFFF.", "GET /groups/{name}": "U......", "PATCH /groups/{name}": "UFFFFF.",
    "DELETE /groups/{name}": "UFFFFF-", "PUT /groups/{name}/members": "UFFFFF-",
    "GET /custom-fields": "U......", "POST /custom-fields": "UFFFFF.", "PATCH /custom-fields/{name}": "UFFFFF.",
    "DELETE /custom-fields/{name}": "UFFFFF-",
    "GET /views": "U......", "POST /views": "U......", "GET /views/{id}": "UNNN.NN", "PATCH /views/{id}": "UNNN.NN",
    "DELETE /views/{id}": "UNNN-NN",
    "GET /resources": "U......", "POST /resources": "UFFFFF.", "GET /resources/{id}": "U......",
    "PATCH /resources/{id}": "UFFFFF.", "DELETE /resources/{id}": "UFFFFF-",
    "GET /resources/{id}/associations": "U......", "PUT /resources/{id}/associations": "U......",
    "POST /resources/{id}/test": "UFFFFF.", "POST /resources/{id}/deploy": "UFFFFF.",
    "GET /resources/{id}/deployments": "U......", "GET /certificates/{id}/deployments": "UN.....",
    "GET /deployments": "U......", "GET /deployments/{id}": "UN.....", "POST /deployments/{id}/retry": "UNFFFF.",
    "GET /certificates/{id}/resources": "UN.....", "POST /certificates/{id}/resources": "UNFF.F.",
    "DELETE /certificates/{id}/resources/{key}": "UNF..F.",
    "GET /users": "UFFFFF.", "POST /users": "UFFFFF.", "GET /users/{name}": "UFFFFF.", "PATCH /users/{name}": "UFFFFF.",
    "DELETE /users/{name}": "UFFFFF.",
    "GET /tokens": "U......", "POST /tokens": "U......", "DELETE /tokens/{id}": "UNNNNNN",
    "GET /settings/notifications": "U......", "PUT /settings/notifications": "UFFFFF.",
    "GET /settings/display": "U......", "PUT /settings/display": "UFFFFF.",
    "POST /settings/notifications/test": "UFFFFF.", "GET /schedules/preview": "U......",
    "GET /webhooks": "UFFFFF.", "POST /webhooks": "UFFFFF.", "PATCH /webhooks/{id}": "UFFFFFN",
    "DELETE /webhooks/{id}": "UFFFFFN", "POST /webhooks/{id}/secret": "UFFFFFN",
    "GET /deliveries": "U......", "GET /deliveries/{id}": "UNNNNNN", "POST /deliveries/{id}/retry": "UFFFFFN",
    "GET /calendar": "U......", "POST /calendar": "U......", "DELETE /calendar/{id}": "UNNNNNN",
    "GET /calendar.ics": "NNNNNNN",
    "GET /trust-bundles": "U......", "POST /trust-bundles": "UFFFFF.", "DELETE /trust-bundles/{id}": "UFFFFFN",
    "GET /csrs": "U......", "POST /csrs": "U......", "GET /csrs/{id}": "UNNN...", "GET /csrs/{id}.pem": "UNNN...",
    "POST /csrs/{id}/certificate": "UNNN.F.", "DELETE /csrs/{id}": "UNNN-F-", "GET /vault": "UFFFF..", "POST /vault/rotate": "UFFFFF.",
    "GET /cas": "U......", "POST /cas": "UFFFFF.", "GET /cas/{name}": "U......", "PATCH /cas/{name}": "UFFFFF.",
    "DELETE /cas/{name}": "UFFFFF-", "GET /cas/{name}/csr": "UFFFFF.", "POST /cas/{name}/certificate": "UFFFFF.",
    "POST /cas/{name}/crl": "UFFFFF.", "GET /cas/{name}/certificates": "U......",
    "GET /pki/{name}.crt": ".......", "GET /pki/{name}.crl": ".......", "POST /ocsp/{name}": ".......",
    "GET /ocsp/{name}/{other}": ".......",
    "GET /dashboard": "U......", "GET /audit": "UFFFF..", "GET /audit.csv": "UFFFF..", "GET /audit/verify": "UFFFF..", "POST /backup": "UFFFFF.",
    "GET /standby": "U......", "POST /standby/end": "UFFFFF.",
    "GET /openapi.json": ".......", "GET /docs": ".......", "GET /metrics": ".......",
}
STATUS = {"U": 401, "F": 403, "N": 404}

# Bodies that change nothing worth keeping, so that every caller meets the same state.
BODIES = {
    "POST /me/password": {"current_password": "no", "new_password": "a fine long phrase"},
    "PATCH /certificates/{id}": {"description": "x"}, "PUT /certificates/{id}/access": {},
    "POST /certificates/{id}/endpoints": {"host": "not a host"},
    "POST /certificates/{id}/confirm": {"kind": "dead_address"}, "POST /tickets/{key}/comments": {"body": "hello"},
    "PATCH /tickets/{key}": {"priority": "high"}, "POST /tickets/{key}/transitions": {"transition": "nonsense"},
    "PATCH /tickets/{key}/comments/{other}": {"body": "other"}, "POST /tickets/{key}/csr": {"csr": "x"}, "POST /tickets": {},
    "POST /tickets/{key}/approval": {"approved": True}, "POST /certificates/{id}/enroll": {}, "POST /projects": {},
    "POST /certificates/{id}/renew": {}, "POST /certificates/{id}/revoke": {},
    "POST /certificates": {"nonsense": 1}, "PATCH /users/{name}": {"nonsense": 1}, "POST /users": {},
    "PUT /settings/notifications": {"nonsense": 1}, "PUT /settings/display": {}, "POST /tokens": {},
    "POST /trust-bundles": {}, "POST /certificates/bulk": {}, "POST /certificates/update": {}, "POST /session": {},
    "POST /csrs": {}, "POST /csrs/{id}/certificate": {}, "POST /groups": {}, "PATCH /groups/{name}": {}, "POST /business-groups": {},
    "PATCH /business-groups/{name}": {}, "POST /custom-fields": {}, "PATCH /custom-fields/{name}": {"required": False},
    "POST /views": {}, "PATCH /views/{id}": {"name": "mine"}, "POST /resources": {}, "PATCH /resources/{id}": {},
    "POST /resources/{id}/deploy": {}, "PUT /resources/{id}/associations": {"items": []}, "POST /certificates/{id}/resources": {},
    "POST /profiles": {}, "PATCH /profiles/{name}": {}, "POST /profiles/{name}/check": {"subject": {"CN": "x.example"}},
    "POST /webhooks": {}, "PATCH /webhooks/{id}": {}, "POST /settings/notifications/test": {},
    "POST /cas": {}, "PATCH /cas/{name}": {}, "POST /cas/{name}/certificate": {},
}


def test_every_route_is_in_the_table():
    named = {r.name for r in routes()}
    assert named - set(TABLE) == set(), "routes nobody has decided about"
    assert set(TABLE) - named == set(), "routes that are gone"


class World:
    """A record with all kinds of people around it, and a token for each of them."""

    def __init__(self, desk, nginx, authority):
        admin = desk.admin
        port = free_port()
        secret = authority.issue("secret.example", not_after=days(5))
        nginx.site(port, secret).start()
        self.callers = {"nobody": Api(desk.base), "admin": admin}
        for name in ("stranger", "assignee", "shared", "grouped", "keyed", "owner", "auditor"):
            self.callers[name] = desk.user(name, "auditor" if name == "auditor" else "user")
        owner = self.callers["owner"]
        admin.post("/groups", {"name": "ops", "users": ["grouped"]})
        admin.post("/custom-fields", {"name": "cost"})
        made = owner.post("/certificates", {
            "name": "secret.example", "assignee": "assignee", "share": {"users": ["shared", "keyed"], "groups": ["ops"]},
            "business_group": "Payments", "tags": ["web"],
            "endpoints": [{"host": "127.0.0.1", "port": port, "sni": "secret.example"}]}).json
        owner.job_done(made["job"])
        self.id, self.job, self.port = made["id"], made["job"], port
        self.endpoint = owner.get(f"/certificates/{self.id}/endpoints").json["items"][0]["id"]
        owner.call("PUT", f"/certificates/{self.id}/access", {"use_key": {"users": ["keyed"]}}, expect=200)
        admin.post("/cas", {"name": "house", "kind": "intermediate", "subject": {"CN": "House"}, "public_url": "http://pki.example"})
        self.view = owner.post("/views", {"name": "mine"}).json["id"]
        self.resource = admin.post("/resources", {"name": "lb-1"}).json["id"]
        self._bring(owner, admin, secret)
        admin.post("/profiles", {"name": "web", "ca": "house", "names": {"domains": ["*"]},
                                 "users": {"users": ["assignee", "owner"]}})
        started = owner.call("POST", "/imports?dry_run=true", "name\nmine\n", {"Content-Type": "text/csv"}, expect=202).json
        owner.job_done(started["job"])
        self.imported = started["id"]
        admin.job_done(admin.post("/schedules/notify/run", expect=202).json["job"])
        self.ticket = admin.get("/tickets").json["items"][0]["key"]
        self.comment = admin.post(f"/tickets/{self.ticket}/comments", {"body": "soon"}).json["id"]
        self.file = upload(admin, f"/tickets/{self.ticket}/attachments", [("file", "a.txt", "x")], expect=201).json["id"]
        self.csr = owner.post("/csrs", {"subject": {"CN": "secret.example"}, "key": {"algorithm": "ec"}}).json["id"]

    def _bring(self, owner, admin, secret):
        """The record's key, and a deployment of it to a resource that is not there."""
        import_(owner, {"file": secret.pem + secret.key_pem}, expect=200)
        self.brought_to = admin.post("/resources", {
            "name": "lb-2", "type": "haproxy", "settings": {"address": f"127.0.0.1:{free_port()}"},
            "slots": [{"slot": "443", "certificate": "secret.pem"}], "endpoints": [{"host": "127.0.0.1", "port": self.port}],
        }).json["id"]
        admin.post(f"/certificates/{self.id}/resources", {"resource": self.brought_to, "slot": "443"})
        self.deployment = admin.get("/deployments").json["items"][0]["id"]

    def path(self, route):
        others = {"comments": str(self.comment), "attachments": str(self.file), "watchers": "assignee"}
        path = route.path.replace("{other}", others.get(route.path.split("/")[-2], "ff")).replace("{key}", self.ticket if "/tickets/" in route.path else str(self.endpoint))
        if "{name}" in path:
            names = {"schedules": "notify", "business-groups": "Payments", "groups": "ops", "custom-fields": "cost", "cas": "house",
                     "profiles": "web"}
            path = path.replace("{name}", names.get(path.split("/")[1], "stranger"))
        if route.name in ("POST /resources/{id}/test", "POST /resources/{id}/deploy"):
            return path.replace("{id}", str(self.brought_to))
        for what in ("view", "resource", "deployment"):
            if path.startswith(f"/{what}s/"):
                path = path.replace("{id}", str(getattr(self, what)))
        if "/endpoints/{id}" in path:
            return path.replace("{id}", str(self.endpoint))
        if "/imports/" in path:
            return path.replace("{id}", str(self.imported))
        if "/jobs/" in path:
            return path.replace("{id}", str(self.job))
        if "/csrs/" in path:
            return path.replace("{id}", str(self.csr))
        if "/tokens/" in path or "/trust-bundles/" in path or \
                any(part in path for part in ("/webhooks/", "/deliveries/", "/calendar/")):
            return path.replace("{id}", "4711")
        return path.replace("{id}", str(self.id))


@pytest.fixture
def world(desk, nginx, authority):
    return World(desk, nginx, authority)


def test_the_table_holds(world):
    wrong = []
    for route in routes():
        if route.at_root or route.name in ("DELETE /session", "DELETE /users/{name}"):
            continue
        letters = dict(zip(CALLERS, TABLE[route.name]))
        letters |= {caller: letters["shared"] for caller in LIKE_SHARED}
        if route.name in NEED_KEY:
            letters["keyed"] = letters["owner"]
        for caller, letter in letters.items():
            if letter == "-":
                continue
            body = BODIES.get(route.name) if route.method in ("POST", "PUT", "PATCH") else None
            status = world.callers[caller].call(route.method, world.path(route), body).status
            if status >= 500 or (letter != "." and status != STATUS[letter]) or \
                    (letter == "." and caller != "nobody" and status in (401, 403)):
                wrong.append(f"{route.name} by {caller}: {status}, expected {letter}")
    assert wrong == []


def test_a_stranger_sees_no_trace(world):
    """Lists, counts, search, the dashboard and attachable say nothing of what one may not see."""
    stranger = world.callers["stranger"]
    assert stranger.get("/certificates").json["items"] == []
    assert stranger.get("/certificates?q=secret").json["total"] == 0
    assert stranger.get("/tickets").json["items"] == []
    assert stranger.get("/jobs").json["items"] == []
    assert stranger.get("/csrs").json["total"] == 0 and stranger.get("/csrs?q=secret").json["items"] == []
    board = stranger.get("/dashboard").json
    assert board["counts"]["total"] == 0 and board["open_tickets"] == 0 and board["needs_me"] == []
    made = stranger.post("/certificates", {"endpoints": [
        {"host": "127.0.0.1", "port": world.port, "sni": "secret.example"}]}).json
    assert made["attachable"] == []
    stranger.job_done(made["job"])
    assert world.callers["shared"].post("/certificates", {"endpoints": [
        {"host": "127.0.0.1", "port": world.port, "sni": "secret.example"}]}).json["attachable"][0]["id"] == world.id


def what_one_sees(api):
    """The same question asked by every path that lists or counts."""
    groups = {g["name"]: g["certificates"] for g in api.get("/business-groups").json["items"]}
    return {"list": api.get("/certificates").json["total"], "search": api.get("/certificates?q=secret").json["total"],
            "board": api.get("/dashboard").json["counts"]["total"], "tickets": len(api.get("/tickets").json["items"]),
            "group": groups["Payments"], "tag": sum(t["certificates"] for t in api.get("/tags?q=w").json["items"]),
            "filter": api.get("/certificates?field.cost=A1").json["total"],
            "field": api.get("/custom-fields").json["items"][0]["certificates"],
            "placed": api.get("/resources").json["items"][0]["associations"]}


def test_all_lists_and_counts_agree_with_the_relation(world):
    """F9 F35: through a group as through a user, and gone the moment that the relation is."""
    owner, admin = world.callers["owner"], world.callers["admin"]
    owner.patch(f"/certificates/{world.id}", {"fields": {"cost": "A1"}})
    owner.post(f"/certificates/{world.id}/resources", {"resource": "lb-1", "slot": "443"})
    for name in ("assignee", "shared", "grouped", "keyed", "owner", "auditor", "admin"):
        seen = what_one_sees(world.callers[name])
        assert set(seen.values()) == {1}, (name, seen)
    assert set(what_one_sees(world.callers["stranger"]).values()) == {0}
    admin.call("PUT", "/groups/ops/members", {"users": ["stranger"]}, expect=200)
    assert set(what_one_sees(world.callers["grouped"]).values()) == {0}
    assert set(what_one_sees(world.callers["stranger"]).values()) == {1}
    assert admin.delete("/groups/ops", expect=200).json == {"certificates": 1}
    assert set(what_one_sees(world.callers["stranger"]).values()) == {0}
    assert world.callers["stranger"].call("GET", f"/certificates/{world.id}").status == 404


def test_bulk_work_leaves_others_records_alone(world):
    stranger, assignee = world.callers["stranger"], world.callers["assignee"]
    for caller, skipped in ((stranger, 0), (assignee, 1)):
        job = caller.post("/certificates/update", {"ids": [world.id]}, expect=202).json["job"]
        result = caller.job_done(job)["result"]
        assert result["checked"] == 0 and result["skipped"] == skipped and result["changed"] == []


def test_a_token_gives_no_more_than_its_scopes(world):
    admin = world.callers["admin"]
    reading = Api(admin.base, admin.post("/tokens", {"name": "r", "scopes": ["read"]}).json["token"])
    assert reading.get(f"/certificates/{world.id}").status == 200
    reading.patch(f"/certificates/{world.id}", {"description": "x"}, expect=403)
    reading.get("/users", expect=403)
    reading.post("/tokens", {"name": "more", "scopes": ["admin"]}, expect=403)


def test_a_session_needs_its_csrf_token_to_change_anything(desk):
    api = Api(desk.base)
    answer = api.post("/session", {"username": "admin", "password": "correct horse staple"}, expect=200)
    cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}
    assert "HttpOnly" in answer.headers["Set-Cookie"] and "SameSite=Strict" in answer.headers["Set-Cookie"]
    api.get("/certificates", headers=cookie)
    api.post("/certificates", {"name": "x"}, expect=403, headers=cookie)
    api.post("/certificates", {"name": "x"}, expect=403, headers={**cookie, "X-CSRF-Token": "0" * 48})
    api.post("/certificates", {"name": "x"}, headers={**cookie, "X-CSRF-Token": answer.json["csrf_token"]})


def test_guessing_passwords_is_slowed_down(desk):
    api = Api(desk.base)
    statuses = [api.call("POST", "/session", {"username": "admin", "password": "guess"}).status for _ in range(8)]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert api.call("POST", "/session", {"username": "admin", "password": "correct horse staple"}).status == 429
