"""F9 F20 F35: who may do what by Jira's routes: route x caller, written out. The letters are those of test_permissions."""

import pytest

from routes import jira_routes
from test_permissions import CALLERS, STATUS, World

R = "/rest/api/{version}"
I = R + "/issue/{key}"  # noqa: E741

TABLE = {
    "POST /rest/auth/1/session": ".......", "GET /rest/auth/1/session": "U......", "DELETE /rest/auth/1/session": "U......",
    "POST /rest/auth/latest/session": ".......", "GET /rest/auth/latest/session": "U......",
    "DELETE /rest/auth/latest/session": "U......",
    f"GET {R}/serverInfo": ".......",
    **{f"GET {R}/{path}": "U......" for path in (
        "field", "issuetype", "issuetype/{name}", "status", "status/{name}", "statuscategory", "priority", "priority/search",
        "priority/{name}", "resolution", "configuration", "issueLinkType", "filter/favourite", "role", "project",
        "project/search", "project/{key}", "project/{key}/statuses", "project/{key}/components", "project/{key}/versions",
        "issue/createmeta", "issue/createmeta/{key}/issuetypes", "issue/createmeta/{key}/issuetypes/{other}", "myself",
        "mypermissions", "user", "user/search", "user/assignable/search", "user/picker", "groups/picker", "search",
        "search/jql", "attachment/meta", "statuscategory/{name}", "resolution/{name}", "users", "users/search", "label",
        "jql/autocompletedata", "jql/autocompletedata/suggestions", "filter/my", "filter/search", "dashboard",
        "dashboard/search", "project/{key}/role", "project/recent", "project/{key}/component", "project/{key}/version",
        "issuetype/project", "resolution/search", "user/assignable/multiProjectSearch")},
    **{f"GET {R}/{path}/{{key}}": "UNNNNNN" for path in ("filter", "version", "component")},
    "GET /rest/agile/1.0/board": "U......", "GET /rest/agile/1.0/issue/{key}": "UN.....",
    **{f"GET /rest/agile/1.0/{path}/{{key}}": "UNNNNNN" for path in ("board", "sprint")},
    f"POST {R}/issueLink": "UNNNNNN", f"POST {R}/jql/parse": "U......", f"POST {R}/jql/match": "U......",
    f"GET {R}/group": "UFFFF..", f"GET {R}/group/member": "UFFFF..",
    f"POST {R}/search": "U......", f"POST {R}/search/jql": "U......", f"POST {R}/search/approximate-count": "U......",
    f"POST {R}/issue": "U......", f"POST {R}/issue/bulk": "U......",
    f"POST {R}/issue/bulkfetch": "U......",
    **{f"GET {I}{part}": "UN....." for part in (
        "", "/changelog", "/editmeta", "/watchers", "/remotelink", "/worklog", "/properties", "/properties/{other}",
        "/comment", "/comment/{other}", "/subtask", "/transitions")},
    f"GET {I}/votes": "UNNNNNN", f"POST {I}/votes": "UNNNNNN", f"POST {I}/remotelink": "UNNNNNN",
    f"POST {I}/worklog": "UN.....", f"PUT {I}/properties/{{other}}": "UNF..F.",
    f"DELETE {I}/properties/{{other}}": "UNF..F.",
    f"PUT {I}": "UNF..F.", f"DELETE {I}": "UNFFFFF", f"PUT {I}/assignee": "UNF..F.",
    f"POST {I}/watchers": "UN.....", f"DELETE {I}/watchers": "UN.....",
    f"POST {I}/comment": "UN...F.", f"PUT {I}/comment/{{other}}": "UNFFFF.", f"DELETE {I}/comment/{{other}}": "UNFFFF-",
    f"POST {I}/transitions": "UNF..F.", f"POST {I}/attachments": "UN...F.",
    **{f"{method} /rest/webhooks/1.0/webhook": "UFFFFF." for method in ("GET", "POST")},
    **{f"{method} {R}/webhook": "UFFFFF." for method in ("GET", "POST", "DELETE")}, f"PUT {R}/webhook/refresh": "UFFFFF.",
    **{f"{method} /rest/webhooks/1.0/webhook/{{id}}": "UFFFFFN" for method in ("GET", "PUT", "DELETE")},
    f"GET {R}/attachment/{{key}}": "UN.....", f"GET {R}/attachment/content/{{key}}": "UN.....",
    "GET /secure/attachment/{key}/{other}": "UN.....", f"DELETE {R}/attachment/{{key}}": "UNFFFF-",
}

# Bodies that change nothing worth keeping, so that every caller meets the same state.
BODIES = {
    f"PUT {I}": {"fields": {"priority": {"name": "High"}}}, f"PUT {I}/assignee": {"name": "assignee"},
    f"POST {I}/comment": {"body": "hello"}, f"PUT {I}/comment/{{other}}": {"body": "hello again"},
    f"POST {I}/transitions": {"transition": {"id": "4711"}}, f"POST {R}/issue": {"fields": {}},
    f"POST {R}/issue/bulk": {}, f"POST {R}/search": {"jql": ""}, f"POST {R}/search/jql": {"jql": ""},
    f"POST {R}/search/approximate-count": {"jql": ""}, f"POST {R}/jql/parse": {"queries": ["a = b"]},
    f"POST {R}/jql/match": {}, f"POST {R}/issueLink": {}, f"PUT {I}/properties/{{other}}": {"a": 1}, "POST /rest/auth/1/session": {},
    "POST /rest/auth/latest/session": {}, f"POST {R}/issue/bulkfetch": {"issueIdsOrKeys": []},
    f"POST {R}/webhook": {}, f"DELETE {R}/webhook": {}, f"PUT {R}/webhook/refresh": {}, "POST /rest/webhooks/1.0/webhook": {}, "PUT /rest/webhooks/1.0/webhook/{id}": {},
}
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhi\r\n--x--\r\n'


@pytest.fixture
def world(desk, nginx, authority):
    return World(desk, nginx, authority)


def call(world, caller, route, comment, attachment):
    other = comment if "/comment/" in route.path else "10001" if "createmeta" in route.path else "a.txt"
    key = str(attachment) if "/attachment/" in route.path else "CERT" if "/project/" in route.path or "createmeta" in route.path \
        else world.ticket
    path = (route.path.replace("{version}", "2").replace("{name}", "1").replace("{other}", str(other)).replace("{key}", key)
            .replace("{id}", "4711"))
    if path.endswith(("/group", "/group/member")):
        path += "?groupname=ops"
    if path.endswith("/user"):
        path += "?username=owner"
    if route.path.endswith("/attachments"):
        return world.callers[caller].call("POST", path, FORM, {"Content-Type": "multipart/form-data; boundary=x",
                                                              "X-Atlassian-Token": "no-check"})
    return world.callers[caller].call(route.method, path, BODIES.get(route.name))


def test_every_route_is_in_the_table():
    named = {r.name for r in jira_routes()}
    assert named - set(TABLE) == set(), "routes nobody has decided about"
    assert set(TABLE) - named == set(), "routes that are gone"


def test_the_table_holds(world):
    owner = world.callers["admin"]
    comment = owner.call("POST", f"/rest/api/2/issue/{world.ticket}/comment", {"body": "mine"}, expect=201).json["id"]
    attach = next(r for r in jira_routes() if r.path.endswith("/attachments"))
    attachment = call(world, "admin", attach, comment, 0).json[0]["id"]
    wrong = []
    for route in jira_routes():
        if route.name == "DELETE /rest/auth/1/session":
            continue
        for caller, letter in zip(CALLERS, TABLE[route.name]):
            if letter == "-" or (TABLE[route.name] == "U......" and caller not in ("nobody", "stranger")):
                continue
            answer = call(world, caller, route, comment, attachment)
            if answer.status >= 500 or (letter != "." and answer.status != STATUS[letter]) or \
                    (letter == "." and caller != "nobody" and answer.status in (401, 403)):
                wrong.append(f"{route.name} by {caller}: {answer}, expected {letter}")
            if answer.status >= 400 and set(answer.json) != {"errorMessages", "errors"}:
                wrong.append(f"{route.name} by {caller}: {answer} is not in Jira's shape")
    assert wrong == []


def test_a_stranger_finds_nothing(world):
    """Searches, counts and pages say nothing of what one may not see."""
    for jql in ("", "project = CERT", f"key = {world.ticket}", "text ~ secret", "assignee is not EMPTY", "NOT project is EMPTY"):
        for caller, n in (("stranger", 0), ("assignee", 1), ("shared", 1), ("grouped", 1), ("owner", 1), ("auditor", 1)):
            api = world.callers[caller]
            assert api.call("POST", "/rest/api/2/search", {"jql": jql}, expect=200).json["total"] == n, (caller, jql)
            assert len(api.call("POST", "/rest/api/3/search/jql", {"jql": jql}, expect=200).json["issues"]) == n
            assert api.call("POST", "/rest/api/2/search/approximate-count", {"jql": jql}, expect=200).json == {"count": n}
    stranger = world.callers["stranger"]
    assert stranger.call("GET", "/rest/api/2/search?jql=assignee+in+membersOf(ops)").status == 400
    assert "emailAddress" not in stranger.call("GET", "/rest/api/2/user?username=owner", expect=200).json
