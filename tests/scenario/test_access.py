"""F9 F24 F31 F34: groups, Manage Access, hand-over, fields, views, and what is on a resource."""

import pytest

from certdesk import Api
from servers import free_port
from test_permissions import World


@pytest.fixture
def people(desk):
    """admin, and tokens for ann, bob and carl."""
    callers = {"admin": desk.admin}
    for name in ("ann", "bob", "carl"):
        callers[name] = desk.user(name)
    return callers


def record(api, name="www.example.org", **fields):
    return api.post("/certificates", {"name": name, **fields}).json


def put(api, path, body, expect=200, **kw):
    return api.call("PUT", path, body, expect=expect, **kw)


def test_owner_and_co_owners(people):
    """F9: a co-owner does everything but give the record away; the owner who gives it away sees it no more."""
    admin, ann, bob, carl = (people[n] for n in ("admin", "ann", "bob", "carl"))
    admin.post("/groups", {"name": "ops", "users": ["bob"]})
    made = record(ann, share={"groups": ["ops"]})
    path = f"/certificates/{made['id']}/access"
    access = bob.get(path).json
    assert access["owner"] == "ann" and access["share"] == {"users": [], "groups": ["ops"]}
    assert access["use_key"] == {"users": ["ann"], "groups": []}
    assert "share" in access["may"] and "change_owner" not in access["may"] and "use_key" not in access["may"]
    put(bob, path, {"owner": "bob"}, expect=403)
    shared = put(bob, path, {"owner": "ann", "share": {"users": ["carl"], "groups": ["ops"]}, "notify": {"users": ["carl"]}}).json
    assert shared["share"]["users"] == ["carl"] and "carl" in shared["notify"]["users"]
    assert put(ann, path, {"owner": "carl", "share": {"groups": ["ops"]}}, expect=204).body == b""
    assert ann.call("GET", path).status == 404
    assert carl.get(path).json["owner"] == "carl" and "use_key" in carl.get(path).json["may"]
    assert carl.patch(f"/certificates/{made['id']}", {"owner": "ann"}, expect=204).body == b""
    entry = admin.get("/audit?action=certificate.access").json["items"][0]
    assert entry["before"]["owner"] == "ann" and entry["after"]["owner"] == "carl"


def test_the_key_is_given_only_by_who_has_it(people):
    """F9: use_key is a right of its own, per entry."""
    ann, bob, carl = people["ann"], people["bob"], people["carl"]
    made = record(ann, share={"users": ["bob"]})
    path = f"/certificates/{made['id']}/access"
    share = {"users": ["bob", "carl"]}
    put(bob, path, {"share": share, "use_key": {"users": ["carl"]}}, expect=403)
    put(bob, path, {"share": share, "use_key": {"users": ["bob"]}}, expect=403)
    put(ann, path, {"share": share, "use_key": {"users": ["bob"]}})
    assert "use_key" in bob.get(path).json["may"]
    put(bob, path, {"use_key": {"users": ["bob", "carl"]}})
    kept = put(ann, path, {"share": {"users": ["carl"]}}).json
    assert kept["use_key"]["users"] == ["ann", "carl"], "who stays keeps the right"
    put(ann, path, {"share": {"users": []}, "use_key": {"users": ["carl"]}}, expect=400)
    for field in ("share", "use_key", "notify"):
        wrong = put(ann, path, {field: {"users": ["ghost"]}}, expect=400)
        assert [e["field"] for e in wrong.json["errors"]] == [f"{field}.users"]
    assert carl.get(path).status == 200


def test_access_is_edited_from_what_was_read(people):
    ann = people["ann"]
    made = record(ann)
    path = f"/certificates/{made['id']}/access"
    etag = ann.get(path).headers["ETag"]
    put(ann, path, {"assignee": "bob"}, headers={"If-Match": etag})
    put(ann, path, {"assignee": "carl"}, expect=412, headers={"If-Match": etag})
    put(ann, path, {"owner": None}, headers={"If-Match": ann.get(path).headers["ETag"]})
    assert ann.get(path).json["owner"] == "ann", "a record is never without an owner"
    put(ann, path, {"owner": "nobody-here"}, expect=400)


def test_groups_are_found_and_named(people):
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    group = admin.post("/groups", {"name": "web team", "description": "d", "users": ["ann"]}).json
    assert group["n_members"] == 1 and group["members"] == ["ann"]
    admin.post("/groups", {"name": "web team"}, expect=409)
    assert ann.get("/groups?q=WEB").json["items"][0]["members"] == ["ann"]
    assert bob.get("/groups").json["items"][0]["members"] is None
    assert bob.get("/people?q=web").json == {"users": [], "groups": ["web team"]}
    assert [u["name"] for u in bob.get("/people?q=AN").json["users"]] == ["ann"]
    assert [u["name"] for u in admin.get("/users?q=car").json["items"]] == ["carl"]
    admin.patch("/groups/web%20team", {"name": "web"}, headers={"If-Match": '"99"'}, expect=412)
    assert admin.patch("/groups/web%20team", {"name": "web"}, headers={"If-Match": group["etag"]}).json["name"] == "web"
    put(admin, "/groups/web/members", {"users": ["nobody-here"]}, expect=400)
    assert ann.get("/groups/web").json["members"] == ["ann"], "nothing half-done"


def test_who_goes_hands_over_in_the_same_step(people):
    """F9: and what they said stays under their name; the name is free again."""
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    first, second = record(ann, "a.example"), record(bob, "b.example", assignee="ann")
    record(bob, "c.example", share={"users": ["ann"]})
    ann.post("/csrs", {"subject": {"CN": "n.example"}, "key": {"algorithm": "ec"}})
    ann.post("/views", {"name": "v", "shared": True})
    refused = admin.delete("/users/ann", expect=409).json
    assert refused["detail"] == '"ann" has 2 certificates, 1 certificate request; somebody else must get that', refused
    assert refused["errors"][0]["field"] == "hand_over_to"
    admin.delete("/users/ann?hand_over_to=ann", expect=400)
    admin.patch("/users/carl", {"disabled": True})
    admin.delete("/users/ann?hand_over_to=carl", expect=400)
    assert ann.get("/certificates").json["total"] == 3, "disabling and refusing change nothing"
    gone = admin.delete("/users/ann?hand_over_to=bob", expect=200).json
    assert gone == {"certificates": 2, "tickets": 0, "requests": 1}
    assert ann.call("GET", "/me").status == 401
    assert bob.get(f"/certificates/{first['id']}").json["owner"] == "bob"
    assert bob.get(f"/certificates/{second['id']}").json["assignee"] == "bob"
    assert bob.get("/certificates?owner=bob&sort=owner").json["total"] == 3
    assert bob.get("/views").json["items"][0]["owner"] == "bob"
    entry = admin.get("/audit?action=user.delete").json["items"][0]
    assert entry["object"]["name"] == "ann" if "object" in entry else "ann" in str(entry)
    admin.post("/users", {"name": "ann"})


def test_what_somebody_said_in_tickets_outlives_them(desk, nginx, authority):
    """Deleting who reported, acknowledged or commented was refused for ever once."""
    world = World(desk, nginx, authority)
    admin, owner = world.callers["admin"], world.callers["owner"]
    owner.post(f"/tickets/{world.ticket}/comments", {"body": "I am on it"})
    owner.patch(f"/tickets/{world.ticket}", {"priority": "low"})
    admin.delete("/users/owner?hand_over_to=shared", expect=200)
    said = [c for c in admin.get(f"/tickets/{world.ticket}/comments").json["items"] if c["body"] == "I am on it"]
    assert [c["author"] for c in said] == ["owner (deleted)"]
    names = [u["name"] for u in admin.get("/users?limit=500").json["items"]]
    assert "owner" not in names and "owner (deleted)" not in names
    shared = world.callers["shared"]
    shared.patch(f"/certificates/{world.id}", {"owner": "owner (deleted)"}, expect=400)
    assert shared.get(f"/certificates/{world.id}").json["owner"] == "shared"
    assert Api(desk.base).call("POST", "/session", {"username": "owner", "password": "a phrase for owner"}).status == 401


def test_the_last_admin_stays(people):
    admin = people["admin"]
    admin.delete("/users/admin?hand_over_to=bob", expect=409)
    admin.patch("/users/admin", {"disabled": True}, expect=409)
    admin.patch("/users/admin", {"role": "user"}, expect=409)
    assert admin.get("/me").json["role"] == "admin"


def test_a_business_group_is_renamed_and_goes_with_its_records_placed(people):
    """F34: a label and a filter; it grants nothing."""
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    made = record(ann, business_group="Paymnets")
    assert bob.get("/certificates").json["total"] == 0
    admin.patch("/business-groups/Paymnets", {"name": "Payments", "description": "d"})
    assert ann.get("/certificates?business_group=Payments&sort=business_group").json["total"] == 1
    admin.post("/business-groups", {"name": "Payments"}, expect=409)
    admin.post("/business-groups", {"name": "Billing"})
    admin.delete("/business-groups/Payments", expect=409)
    admin.delete("/business-groups/Payments?reassign_to=None", expect=400)
    assert admin.delete("/business-groups/Payments?reassign_to=Billing", expect=200).json["certificates"] == 1
    assert ann.get(f"/certificates/{made['id']}").json["business_group"] == "Billing"
    groups = ann.get("/business-groups").json["items"]
    assert groups == [{"name": "Billing", "description": "", "certificates": 1}]
    admin.delete("/business-groups/Billing?reassign_to=-", expect=200)
    assert ann.get(f"/certificates/{made['id']}").json["business_group"] is None


def test_custom_fields_have_types(people):
    """F24: fields of one's own, checked, filtered by, shown."""
    admin, ann = people["admin"], people["ann"]
    admin.post("/custom-fields", {"name": "cost", "type": "choice", "choices": ["A1", "B2"], "required": True})
    admin.post("/custom-fields", {"name": "rack", "type": "number"})
    admin.post("/custom-fields", {"name": "until", "type": "date"})
    admin.post("/custom-fields", {"name": "Not ok"}, expect=400)
    admin.post("/custom-fields", {"name": "none", "type": "choice"}, expect=400)
    missing = ann.post("/certificates", {"name": "x"}, expect=400).json
    assert "cost" in missing["detail"]
    for bad in ({"cost": "C3"}, {"rack": "1e5"}, {"until": "2026-02-30"}, {"rack": True}, {"nonsense": "x"}):
        ann.post("/certificates", {"name": "x", "fields": {"cost": "A1", **bad}}, expect=400)
    made = record(ann, fields={"cost": "A1", "rack": 12.50, "until": "2026-12-31"})
    assert made["fields"] == {"cost": "A1", "rack": 12.5, "until": "2026-12-31"}
    path = f"/certificates/{made['id']}"
    ann.patch(path, {"fields": {"cost": None}}, expect=400)
    assert ann.patch(path, {"fields": {"until": None, "rack": "007"}}).json["fields"] == {"cost": "A1", "rack": 7}
    other = record(ann, "other", fields={"cost": "B2", "rack": 7})
    pasted = {"hosts": f"127.0.0.1:{free_port()}\n"}
    assert ann.post("/certificates/bulk", pasted, expect=400).json["errors"][0]["field"] == "fields"
    job = ann.post("/certificates/bulk", {**pasted, "fields": {"cost": "A1", "rack": 3}}, expect=202).json["job"]
    (line,) = ann.job_done(job)["result"]["lines"]
    assert ann.get(f"/certificates/{line['certificate']['id']}").json["fields"] == {"cost": "A1", "rack": 3}
    ann.delete(f"/certificates/{line['certificate']['id']}", expect=204)
    for query, ids in (("field.cost=A1", [made["id"]]), ("field.rack=7&field.cost=B2", [other["id"]]),
                       ("field.rack=8", []), ("field.nonsense=1", [])):
        page = ann.get(f"/certificates?{query}").json
        assert ([c["id"] for c in page["items"]], page["total"]) == (ids, len(ids)), query
    assert ann.get("/certificates").json["items"][0]["fields"]["cost"] in ("A1", "B2")
    admin.patch("/custom-fields/cost", {"choices": ["A1"]}, expect=409)
    admin.delete("/custom-fields/rack", expect=409)
    admin.delete("/custom-fields/rack?discard=true")
    assert ann.get(path).json["fields"] == {"cost": "A1"}


def test_views_are_ones_own_or_shared(people):
    """F24: saved views; one to begin with."""
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    query = {"q": "www", "status": ["expired"], "sort": "-name", "fields": {"cost": "A1"}}
    view = ann.post("/views", {"name": "old", "query": query, "columns": ["name", "field.cost"], "default": True}).json
    assert view["query"] == query and view["default"] and view["owner"] == "ann"
    ann.post("/views", {"name": "old"}, expect=409)
    for bad in ({"query": {"nonsense": 1}}, {"query": {"sort": "nonsense"}}, {"columns": ["No!"]}, {"columns": "x"}):
        assert ann.post("/views", {"name": "bad", **bad}, expect=400).json["errors"][0]["field"].startswith(list(bad)[0])
    path = f"/views/{view['id']}"
    assert bob.get("/views").json["items"] == [] and bob.call("GET", path).status == 404
    ann.patch(path, {"shared": True}, headers={"If-Match": '"7"'}, expect=412)
    ann.patch(path, {"shared": True}, headers={"If-Match": view["etag"]})
    assert bob.get(path).json["default"] is False
    assert bob.patch(path, {"default": True}).json["default"] is True
    bob.patch(path, {"name": "mine"}, expect=403)
    bob.delete(path, expect=403)
    admin.patch(path, {"name": "Old ones"})
    assert [v["name"] for v in bob.get("/views").json["items"]] == ["Old ones"]
    ann.delete(path)
    assert bob.get("/views").json["items"] == []


def test_old_is_swapped_for_new_in_one_step(people):
    """F30 F31: Save changes is one transaction; what is in use is not deleted, and says where it is."""
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    lb = admin.post("/resources", {"name": "lb-1", "description": "Berlin"}).json
    path = f"/resources/{lb['id']}/associations"
    old, new, hidden = record(ann, "old"), record(ann, "new", share={"users": ["bob"]}), record(people["carl"], "hidden")
    people["carl"].post(f"/certificates/{hidden['id']}/resources", {"resource": "lb-1", "slot": "8443"})
    assert ann.get(path).json["items"] == []
    put(ann, path, {"items": []})  # as everywhere, If-Match is not asked for
    etag = ann.get(path).headers["ETag"]
    saved = put(ann, path, {"items": [{"slot": "443", "certificate": old["id"]}, {"slot": "444", "certificate": new["id"]}]},
                headers={"If-Match": etag}).json
    assert [(a["slot"], a["certificate"]["name"]) for a in saved["items"]] == [("443", "old"), ("444", "new")]
    assert ann.get(f"/certificates/{old['id']}").json["resources"] == ["lb-1"]
    assert ann.get("/certificates?resource=lb-1").json["total"] == 2
    refused = ann.delete(f"/certificates/{old['id']}", expect=409).json
    assert '"lb-1"' in refused["detail"]
    admin.delete(f"/resources/{lb['id']}", expect=409)
    put(ann, path, {"items": []}, expect=412, headers={"If-Match": etag})

    def swap(api, items, expect):
        return put(api, path, {"items": items}, expect=expect, headers={"If-Match": api.get(path).headers["ETag"]})

    # bob sees "new" alone, may change it, and has no right to its key.
    assert [a["slot"] for a in bob.get(path).json["items"]] == ["444"]
    swap(bob, [{"slot": "445", "certificate": new["id"]}], 403)
    swap(bob, [{"slot": "443", "certificate": new["id"]}, {"slot": "444", "certificate": new["id"]}], 409)
    swap(bob, [{"slot": "9", "certificate": old["id"]}], 400)
    swap(ann, [{"slot": "443", "certificate": new["id"]}, {"slot": "443", "certificate": old["id"]}], 400)
    swap(ann, [{"slot": "8443", "certificate": old["id"]}], 409)
    assert [(a["slot"], a["certificate"]["name"]) for a in ann.get(path).json["items"]] == [("443", "old"), ("444", "new")], \
        "whatever is refused leaves all as it was"
    swap(ann, [{"slot": "443", "certificate": new["id"]}, {"slot": "444", "certificate": old["id"]}], 200)
    assert [(a["slot"], a["certificate"]["name"]) for a in ann.get(path).json["items"]] == [("443", "new"), ("444", "old")]
    log = [e["action"] for e in ann.get(f"/certificates/{new['id']}/log").json["items"]]
    assert log[:2] == ["certificate.associate", "certificate.disassociate"]
    swap(bob, [], 200)
    assert [a["slot"] for a in admin.get(path).json["items"]] == ["444", "8443"], "only what bob sees is bob's to take"
    place = ann.get(f"/certificates/{old['id']}/resources").json["items"][0]
    ann.delete(f"/certificates/{old['id']}/resources/{place['id']}")
    ann.delete(f"/certificates/{old['id']}/resources/{place['id']}", expect=404)
    ann.delete(f"/certificates/{old['id']}")
    assert ann.get("/certificates?unused=true").json["total"] == 1


def act(api, **body):
    return api.job_done(api.post("/certificates/actions", body, expect=202).json["job"])


def test_bulk_work_is_done_to_what_the_filter_says(people):
    """F24: by a custom field too, to groups too; the rest stays as it is."""
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    admin.post("/custom-fields", {"name": "cost"})
    admin.post("/groups", {"name": "ops", "users": ["bob"]})
    meant = record(ann, "meant", fields={"cost": "A1"})["id"]
    other = record(ann, "other", fields={"cost": "B2"})["id"]
    done = act(ann, filter={"fields": {"cost": "A1"}}, action="share", groups=["ops"])["result"]
    assert (done["done"], done["skipped"]) == (1, 0)
    assert [c["id"] for c in bob.get("/certificates").json["items"]] == [meant]
    done = act(bob, filter={}, action="share", users=["carl"], groups=["ops"])["result"]
    assert done["done"] == 1, "whom it is shared with shares it too"
    assert people["carl"].call("GET", f"/certificates/{other}").status == 404
    done = act(ann, filter={}, action="unshare", groups=["ops"])["result"]
    assert done["done"] == 2 and bob.get("/certificates").json["total"] == 0


def test_the_log_says_what_bulk_work_and_edits_changed(people):
    """F36: before and after of each record, however many there are, and nothing of the others."""
    admin, ann = people["admin"], people["ann"]
    ids = [record(ann, f"r{i}", tags=["old"], business_group="Web")["id"] for i in range(3)]
    last = lambda action: admin.get(f"/audit?action={action}&limit=1").json["items"][0]
    many = {"ids": ids + list(range(100000, 101000))}
    act(ann, **many, action="assign", user="bob")
    act(ann, **many, action="assign", user="carl")
    entry = last("certificate.access")
    assert entry["before"] == {"assignee": "bob"} and entry["after"] == {"action": "assign", "assignee": "carl"}, entry
    act(ann, **many, action="tag", tags=["new"])
    entry = last("certificate.edit")
    assert (entry["before"], entry["after"]) == ({"tags": ["old"]}, {"action": "tag", "tags": ["new"]})
    act(ann, ids=ids, action="set_business_group", business_group=None)
    entry = last("certificate.edit")
    assert (entry["before"]["business_group"], entry["after"]["business_group"]) == ("Web", None)
    ann.patch(f"/certificates/{ids[0]}", {"name": "other", "description": "d"})
    entry = last("certificate.edit")
    assert entry["before"] == {"name": "r0", "description": ""} and entry["after"] == {"name": "other", "description": "d"}
    act(ann, ids=ids[:1], action="delete")
    entry = last("certificate.delete")
    assert entry["before"]["owner"] == "ann" and entry["before"]["tags"] == ["new", "old"]
    assert entry["after"] == {"action": "delete"}
    ann.delete(f"/certificates/{ids[1]}")
    assert last("certificate.delete")["before"]["assignee"] == "carl"


def test_what_came_of_work_is_told_as_far_as_one_may_see_it_now(people):
    """F35: a job's result names no record that has been taken from whoever had it done."""
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    kept, taken = (record(ann, name, share={"users": ["bob"]})["id"] for name in ("kept", "taken"))
    gone = record(bob, "gone")["id"]
    job = act(bob, ids=[kept, taken, gone], action="tag", tags=["x"])
    assert {i["certificate"]["name"] for i in job["result"]["items"]} == {"kept", "taken", "gone"}
    put(ann, f"/certificates/{taken}/access", {"share": {"users": []}})
    bob.delete(f"/certificates/{gone}")
    for seen in (bob.get(f"/jobs/{job['id']}").json, [j for j in bob.get("/jobs").json["items"] if j["id"] == job["id"]][0]):
        assert [i["certificate"]["name"] for i in seen["result"]["items"]] == ["kept", "gone"]
        assert seen["result"]["done"] == 3
    assert len(admin.get(f"/jobs/{job['id']}").json["result"]["items"]) == 3


def test_who_goes_leaves_imports_and_jobs_that_nobody_gets(desk, people):
    """F35: another user of the same name is somebody else."""
    admin, ann = people["admin"], people["ann"]
    sent = ann.call("POST", "/imports?dry_run=true", "name\nmine\n", {"Content-Type": "text/csv"}, expect=202).json
    ann.job_done(sent["job"])
    feed = ann.post("/calendar").json["url"]
    feed = feed[feed.index("/api/"):]
    assert Api(ann.base).get(feed).body.startswith(b"BEGIN:VCALENDAR")
    admin.delete("/users/ann", expect=200)
    assert Api(ann.base).call("GET", feed).status == 404
    again = desk.user("ann")
    assert again.get("/imports").json["items"] == [] and again.get("/jobs").json["items"] == []
    assert again.call("GET", f"/jobs/{sent['job']}").status == 404
    assert again.call("POST", f"/imports/{sent['id']}/apply").status == 404
    assert admin.get(f"/jobs/{sent['job']}").json["actor"] is None


def test_custom_fields_come_and_go_in_tables(people):
    """F10 F24: a spreadsheet's own columns come in, are checked, and come out again."""
    admin, ann = people["admin"], people["ann"]
    admin.post("/custom-fields", {"name": "cost", "type": "choice", "choices": ["A1", "B2"]})
    admin.post("/custom-fields", {"name": "rack", "type": "number", "required": True})

    def send(table, dry_run=False):
        sent = ann.call("POST", f"/imports?dry_run={str(dry_run).lower()}", table, {"Content-Type": "text/csv"}, expect=202).json
        result = ann.job_done(sent["job"])["result"]
        return result, ann.get(f"/imports/{sent['id']}/rows").json["items"]

    result, _ = send("name,field.cost,Field.Rack\none,A1,007\ntwo,,-1.50\nthree,C3,1\nfour,A1,\n")
    assert (result["created"], result["failed"]) == (2, 2), result
    assert [(e["line"], e["column"], e["message"]) for e in result["errors"]] == [
        (4, "field.cost", "is none of the choices"), (5, "field.rack", "must be filled in")]
    values = {c["name"]: c["fields"] for c in ann.get("/certificates").json["items"]}
    assert values == {"one": {"cost": "A1", "rack": 7}, "two": {"rack": -1.5}}
    table = ann.get("/certificates.csv").body.decode("utf-8-sig")
    assert table.splitlines()[0].endswith(",last_error,field.cost,field.rack")
    result, _ = send(table)
    assert (result["unchanged"], result["failed"]) == (2, 0), result
    result, rows = send("name,field.cost\none,B2\ntwo,B2\n", dry_run=True)
    assert rows[0]["changes"] == [{"column": "field.cost", "old": "A1", "new": "B2"}] and result["updated"] == 2
    result, _ = send("name,field.cost\none,\n")
    assert result["updated"] == 1 and ann.get("/certificates?field.cost=A1").json["total"] == 0
    for bad, column in (("name,field.nonsense\none,x\n", "field.nonsense"), ("name,field.cost,field.COST\none,A1,A1\n", "field.COST"),
                        ("name,field.\none,x\n", "field.")):
        result, _ = send(bad)
        assert result["failed"] == 1 and result["errors"][0]["column"] == column, result
