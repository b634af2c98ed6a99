"""F35: what each may see, by every way there is to list, count, search, export or change: way x relation x role."""

import csv
import io
import re

import pytest

from certdesk import Api
from certs import days
from routes import routes
from servers import free_port

# How ann is related to each record; bob owns those that are not hers.
RELATIONS = {"owned": {"owner": "ann"}, "assigned": {"assignee": "ann"}, "shared": {"share": {"users": ["ann"]}},
             "grouped": {"share": {"groups": ["ops"]}}, "keyed": {"share": {"users": ["ann"]}}, "hidden": {}}
ALL = set(RELATIONS)

# What each caller sees, may change, may do with the key, and may give away.
SEES = {"ann": ALL - {"hidden"}, "stranger": set(), "auditor": ALL, "admin": ALL}
EDITS = {"ann": ALL - {"hidden", "assigned"}, "stranger": set(), "auditor": set(), "admin": ALL}
USES_KEY = {"ann": {"owned", "keyed"}, "stranger": set(), "auditor": set(), "admin": ALL}
GIVES_AWAY = {"ann": {"owned"}, "stranger": set(), "auditor": set(), "admin": ALL}

SORTS = ["expires_at", "status", "name", "issuer", "owner", "business_group", "resources", "last_checked_at", "created_at",
         "updated_at"]
FILTERS = ["q=matrix", "q=trix-", "q=127.0.0.1", "tag=matrix", "business_group=Matrix", "field.cost=A1", "resource=lb-1",
           "status=expiring_soon", "source=monitored", "expires_after=2020-01-01", "tag=matrix&business_group=Matrix&q=matrix"]


def relations(names):
    """matrix-owned: owned."""
    names = list(names)
    assert len(set(names)) == len(names), names
    return {n.removeprefix("matrix-") for n in names}


class Matrix:
    def __init__(self, desk, nginx, authority):
        admin = desk.admin
        port = free_port()
        nginx.site(port, authority.issue("matrix.example", not_after=days(5))).start()
        self.callers = {"admin": admin}
        for name in ("ann", "bob", "stranger", "auditor"):
            self.callers[name] = desk.user(name, "auditor" if name == "auditor" else "user")
        admin.post("/groups", {"name": "ops", "users": ["ann"]})
        admin.post("/custom-fields", {"name": "cost"})
        self.resource = admin.post("/resources", {"name": "lb-1"}).json["id"]
        self.ids = {}
        for relation, people in RELATIONS.items():
            made = admin.post("/certificates", {
                "name": f"matrix-{relation}", "owner": "bob", **people, "business_group": "Matrix", "tags": ["matrix"],
                "fields": {"cost": "A1"}, "description": "hush-hush",
                "endpoints": [{"host": "127.0.0.1", "port": port, "sni": f"{relation}.example"}]}).json
            admin.job_done(made["job"])
            self.ids[relation] = made["id"]
            admin.post(f"/certificates/{made['id']}/resources", {"resource": "lb-1", "slot": relation})
        access = {"share": {"users": ["ann"]}, "use_key": {"users": ["ann"]}}
        admin.call("PUT", f"/certificates/{self.ids['keyed']}/access", access, expect=200)
        admin.job_done(admin.post("/schedules/notify/run", expect=202).json["job"])

    def act(self, api, **body):
        """The relations of the records that an action names, by what came of them; and how many it counts."""
        job = api.post("/certificates/actions", body, expect=202).json["job"]
        result = api.job_done(job)["result"]
        assert result == api.get(f"/jobs/{job}").json["result"]
        named = {o: relations(i["certificate"]["name"] for i in result["items"] if i["outcome"] == o)
                 for o in ("done", "skipped", "failed")}
        return named, {o: result[o] for o in named}


@pytest.fixture(scope="module")
def matrix(house):
    """One for all tests, which leave it as it was, but for the last of them."""
    return Matrix(house.desk, house.nginx, house.authority)


def listed(api, query):
    """What a list shows, page by page; its total must say the same."""
    names, cursor = [], ""
    while True:
        page = api.get(f"/certificates?limit=4&{query}{cursor}").json
        names += [c["name"] for c in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    total = api.get(f"/certificates?{query}").json["total"]
    assert total == len(names), (query, total, names)
    return relations(names)


def exported(api, query):
    rows = csv.DictReader(io.StringIO(api.get(f"/certificates.csv?{query}").body.decode("utf-8-sig")))
    return relations(r["name"] for r in rows)


def in_calendar(api):
    feed = api.post("/calendar").json
    body = Api(api.base).get(feed["url"][feed["url"].index("/api/"):]).body.decode()
    api.delete(f"/calendar/{feed['id']}")
    return relations(re.findall(r"SUMMARY:(.*) expires", body))


def counted(api):
    """Every number that the desk tells about records."""
    board = api.get("/dashboard").json
    field = api.get("/custom-fields").json["items"][0]
    return {"counts": board["counts"]["total"], "expiring": board["counts"]["expiring_soon"],
            "open tickets": board["open_tickets"], "timeline": sum(w["count"] for w in board["timeline"]),
            "issuers": sum(i["count"] for i in board["issuers"]), "key types": sum(k["count"] for k in board["key_types"]),
            "group": sum(g["certificates"] for g in api.get("/business-groups").json["items"]),
            "tag": sum(t["certificates"] for t in api.get("/tags").json["items"]), "field": field["certificates"],
            "resource": api.get("/resources").json["items"][0]["associations"]}


def test_lists_counts_search_and_exports_agree(matrix):
    for caller, seen in SEES.items():
        api = matrix.callers[caller]
        for query in [f"sort={s}" for s in SORTS] + FILTERS:
            assert listed(api, query) == seen, (caller, query)
        for query in ("", "q=matrix", "tag=matrix", "resource=lb-1"):
            assert exported(api, query) == seen, (caller, query)
        assert listed(api, "owner=bob") == seen - {"owned"}, caller
        assert listed(api, "assignee=ann") == seen & {"assigned"}, caller
        tickets = api.get("/tickets?limit=100").json["items"]
        assert relations(t["certificate"]["name"] for t in tickets) == seen, caller
        found = api.get("/tickets?q=matrix").json["items"]
        assert relations(t["certificate"]["name"] for t in found) == seen, caller
        places = api.get(f"/resources/{matrix.resource}/associations").json["items"]
        assert relations(a["certificate"]["name"] for a in places) == seen, caller
        assert in_calendar(api) == seen, caller
        assert set(counted(api).values()) == {len(seen)}, (caller, counted(api))


def test_a_stranger_finds_no_trace_by_any_route(matrix):
    """Whatever can be asked for is asked for, and none of the words that only the records have comes back."""
    admin, stranger = matrix.callers["admin"], matrix.callers["stranger"]
    shown = admin.get(f"/certificates/{matrix.ids['hidden']}").json
    words = ["matrix-", "hush-hush", ".example", shown["current"]["serial"], shown["current"]["fingerprint_sha256"]]
    ticket = admin.get("/tickets?q=hidden").json["items"][0]["key"]
    job = admin.get("/jobs?type=check").json["items"]
    numbers = {*matrix.ids.values(), *(j["id"] for j in job[:3]), matrix.resource}
    fill = {"{key}": [ticket, "1"], "{name}": ["ops", "Matrix", "cost", "notify", "ann"], "{other}": ["ff"]}
    asked = 0
    for route in routes():
        if route.method != "GET" or route.at_root or route.path == "/openapi.json":
            continue
        paths = [route.path]
        for part, values in {"{id}": sorted(numbers), **fill}.items():
            paths = [p.replace(part, str(v)) for p in paths for v in (values if part in p else [""])]
        queries = ["", "?q=matrix", "?limit=100"] if "{" not in route.path else [""]
        for path in (p + q for p in paths for q in queries):
            answer = stranger.call("GET", path)
            asked += 1
            assert answer.status < 500, (path, answer)
            found = [w for w in words if w.encode() in answer.body]
            assert not found, (path, found, answer)
    assert asked > 100
    assert Api(stranger.base).get("/metrics").status == 200
    metrics = Api(stranger.base).get("/metrics").body
    assert b"hush-hush" not in metrics


def test_bulk_work_and_its_results_keep_to_it(matrix):
    ids = [*matrix.ids.values(), 4711]
    for caller, seen in SEES.items():
        api, edits = matrix.callers[caller], EDITS[caller]
        for select in ({"filter": {"tag": "matrix"}}, {"ids": ids}):
            # Who asks by number is told how many there are not for them, and which those are in no case.
            unseen = len(ids) - len(seen) if "ids" in select else 0
            for action in ({"action": "tag", "tags": ["MATRIX"]}, {"action": "set_business_group", "business_group": "Matrix"}):
                named, counts = matrix.act(api, **select, **action)
                assert named == {"done": edits, "skipped": seen - edits, "failed": set()}, (caller, action)
                assert counts == {"done": len(edits), "skipped": len(seen - edits) + unseen, "failed": 0}, (caller, action)
            job = api.post("/certificates/update", select, expect=202).json["job"]
            result = api.job_done(job)["result"]
            assert (result["checked"], result["skipped"]) == (len(edits), len(seen - edits)), (caller, result)
        # What is in use is not deleted; that it may be tried is the right to delete.
        named, _ = matrix.act(api, ids=ids, action="delete")
        assert named == {"done": set(), "skipped": seen - edits, "failed": edits}, caller


def test_a_table_changes_only_what_one_may_change(matrix):
    """F10: by its number, and by its name, which is nobody's alone."""
    names = "name,tags\n" + "".join(f"matrix-{r},matrix;new\n" for r in RELATIONS)
    numbers = "id,name,tags\n" + "".join(f"{i},matrix-{r},matrix;new\n" for r, i in matrix.ids.items())
    for caller in SEES:
        api, edits = matrix.callers[caller], EDITS[caller]
        for table, otherwise in ((names, "created"), (numbers, "failed")):
            sent = api.call("POST", "/imports?dry_run=true", table, {"Content-Type": "text/csv"}, expect=202).json
            result = api.job_done(sent["job"])["result"]
            rows = api.get(f"/imports/{sent['id']}/rows").json["items"]
            assert relations(r["name"] for r in rows if r["action"] == "updated") == edits, (caller, rows)
            assert relations(r["name"] for r in rows if r["action"] == otherwise) == ALL - edits, (caller, rows)
            assert result["updated"] == len(edits) and result[otherwise] == len(ALL - edits)
            assert relations(r["certificate"]["name"] for r in rows if r["certificate"]) <= SEES[caller]


def test_what_only_owners_and_key_holders_may_is_so_in_bulk(matrix):
    """F9: sharing is not owning, and the key is a right of its own."""
    ids = list(matrix.ids.values())
    for caller in ("stranger", "auditor", "ann"):
        api = matrix.callers[caller]
        named, _ = matrix.act(api, ids=ids, action="share", groups=["ops"], use_key=True)
        assert named["done"] == USES_KEY[caller], caller
        named, counts = matrix.act(api, ids=ids, action="set_owner", user="bob")
        assert counts["done"] == len(GIVES_AWAY[caller]), caller
        assert named["skipped"] == SEES[caller] - GIVES_AWAY[caller], caller
    # "owned" is shared with ann's group since, so that she sees it still.
    assert listed(matrix.callers["ann"], "owner=bob") == SEES["ann"]
