"""F20: what clients do besides the life of a certificate: addresses put together carelessly, properties, deleting, labels,
editors of JQL, and what is not there."""

import base64
import http.client
import json

import pytest

from lifecycle import Desk, csr_for
from test_jira_shapes import PASSWORD, V2, V3, basic, issue_fields


@pytest.fixture
def issuing(desk):
    desk.admin.post("/users", {"name": "ann", "role": "user", "password": PASSWORD})
    return Desk(desk)


@pytest.fixture
def ann(issuing, desk):
    assert issuing
    return basic(desk, "ann", PASSWORD)


def make(call, summary="x", **more):
    body = {"fields": issue_fields(summary=summary, customfield_10202=csr_for("www.example.org")[0]), **more}
    return call("POST", V2 + "/issue/", body, expect=201).json


def test_slashes_too_many_are_forgiven(ann, desk):
    key = make(ann)["key"]  # Atlassian's examples post to …/issue/
    for path in (f"{V2}/issue/{key}/", f"/{V2}/issue/{key}", f"//rest//api/3/issue//{key}//?fields=summary"):
        connection = http.client.HTTPConnection(desk.base.partition("//")[2])
        connection.request("GET", path, headers={"Authorization": b"Basic " + base64.b64encode(
            b"ann:a phrase for ann and all")})
        assert json.loads(connection.getresponse().read())["key"] == key
        connection.close()
    assert ann("GET", "/rest/").json["status-code"] == 404
    allowed = ann("OPTIONS", f"{V2}/issue/{key}", expect=204)
    assert allowed.headers["Allow"] == "GET, PUT, DELETE, OPTIONS" and allowed.body == b""


def test_the_only_profile_need_not_be_named(ann, issuing):
    fields = issue_fields(customfield_10202=csr_for("www.example.org")[0])
    del fields["customfield_10201"]
    key = ann("POST", V2 + "/issue", {"fields": fields}, expect=201).json["key"]
    assert ann("GET", f"{V2}/issue/{key}", expect=200).json["fields"]["customfield_10201"]["value"] == "web"
    issuing.profile("other")
    refused = ann("POST", V2 + "/issue", {"fields": fields}, expect=400).json
    assert set(refused["errors"]) == {"customfield_10201"}


def put(call, path, value):
    return call("PUT", path, json.dumps(value).encode(), **{"Content-Type": "application/json"})


def test_properties_are_kept(ann):
    key = make(ann, properties=[{"key": "certdesk", "value": {"id": 1}}])["key"]
    at = f"{V2}/issue/{key}/properties"
    for i, value in enumerate(({"a": [1, 2.5]}, "text", True, 17, None, [])):
        assert put(ann, at + "/a%20b%2Fc", value).status == (200 if i else 201)
        assert ann("GET", at + "/a%20b%2Fc", expect=200).json == {"key": "a b/c", "value": value}
    listed = ann("GET", at, expect=200).json["keys"]
    assert [p["key"] for p in listed] == ["a b/c", "certdesk"]
    assert ann("GET", "/rest" + listed[0]["self"].partition("/rest")[2], expect=200).json["key"] == "a b/c"
    issue = ann("GET", f"{V3}/issue/{key}?properties=certdesk,none&fields=summary", expect=200).json
    assert issue["properties"] == {"certdesk": {"id": 1}}
    assert len(ann("GET", f"{V3}/issue/{key}?properties=*all", expect=200).json["properties"]) == 2
    assert ann("DELETE", at + "/certdesk").status == 204 and ann("DELETE", at + "/certdesk").status == 404
    assert ann("GET", at + "/certdesk").status == 404
    assert put(ann, at + "/big", "x" * 40000).status == 400 and put(ann, at + "/" + "k" * 256, 1).status in (400, 404)
    refused = ann("POST", V2 + "/issue", {"fields": issue_fields(customfield_10202=csr_for("www.example.org")[0]),
                                          "properties": [{"key": "x"}]}, expect=400)
    assert set(refused.json["errors"]) == {"properties"}


def test_what_came_to_nothing_is_deleted(ann, desk, issuing):
    before = [c["id"] for c in desk.admin.get("/certificates").json["items"]]
    key = make(ann, "a slip of the pen")["key"]
    ann("POST", f"{V2}/issue/{key}/comment", {"body": "never mind"}, expect=201)
    desk.admin.post("/users", {"name": "bob", "role": "admin", "password": "a phrase for bob and all"})
    bob = basic(desk, "bob", "a phrase for bob and all")
    assert len(desk.admin.get("/certificates").json["items"]) == len(before) + 1
    assert ann("GET", f"{V2}/mypermissions?issueKey={key}").json["permissions"]["DELETE_ISSUES"]["havePermission"]
    assert ann("DELETE", f"{V2}/issue/{key}?deleteSubtasks=true", {}).status == 204
    assert ann("GET", f"{V2}/issue/{key}").status == 404 and ann("DELETE", f"{V2}/issue/{key}").status == 404
    for jql in ('summary ~ "slip of"', 'comment ~ "never"', "text ~ mind"):
        assert bob("POST", V2 + "/search", {"jql": jql}, expect=200).json["total"] == 0
    assert [c["id"] for c in desk.admin.get("/certificates").json["items"]] == before  # the record that it had brought
    assert any(e["action"] == "ticket.delete" for e in desk.admin.get("/audit").json["items"])

    other = make(bob)["key"]
    desk.admin.patch(f"/tickets/{other}", {"assignee": "ann"})
    assert ann("DELETE", f"{V2}/issue/{other}").status == 403  # not hers
    issuing.do({"key": other}, "enroll")
    refused = bob("DELETE", f"{V2}/issue/{other}")
    assert refused.status == 403 and "is kept" in refused.json["errorMessages"][0]
    assert bob("GET", f"{V2}/issue/{other}").status == 200


def test_text_is_found_wherever_it_stands(ann):
    one = make(ann, "Über den Wolken")["key"]
    two = make(ann, "100%_sure")["key"]
    ann("PUT", f"{V2}/issue/{two}", {"fields": {"description": "reine Übung"}})
    comment = ann("POST", f"{V2}/issue/{one}/comment", {"body": "ein Gruß aus Köln"}, expect=201).json["id"]

    def find(jql):
        return [i["key"] for i in ann("POST", V2 + "/search", {"jql": jql + " ORDER BY key"}, expect=200).json["issues"]]
    assert find('summary ~ "über"') == [one] and find('summary ~ "ÜBER wolken"') == [one] and find('summary ~ "übung"') == []
    assert find('description ~ "ÜBUNG"') == [two] and find('text ~ "über"') == [one] and find('text ~ "ü"') == [one, two]
    assert find('comment ~ "gruss köln"') == [one] and find('text ~ "GRUSS"') == [one] and find("comment ~ ei") == [one]
    assert find('summary ~ "100%_"') == [two] and find('summary ~ "0%0"') == [] and find('summary !~ "sure"') == [one]
    assert find(f'text ~ "{two}"') == [two]
    ann("PUT", f"{V2}/issue/{one}/comment/{comment}", {"body": "anders"}, expect=200)
    assert find("comment ~ gruss") == [] and find("comment ~ ANDERS") == [one]
    ann("DELETE", f"{V2}/issue/{one}/comment/{comment}", expect=204)
    assert find("comment ~ anders") == []
    ann("PUT", f"{V2}/issue/{one}", {"fields": {"summary": "neu"}})
    assert find("summary ~ wolken") == [] and find("summary ~ neu") == [one]


def test_an_editor_of_jql_is_told_what_it_asks(ann):
    issue = make(ann)
    ann("PUT", f"{V2}/issue/{issue['key']}", {"fields": {"labels": ["Shop", "early"]}})
    assert ann("GET", V3 + "/label", expect=200).json == {"maxResults": 1000, "startAt": 0, "total": 2, "isLast": True,
                                                         "values": ["early", "shop"]}
    words = ann("GET", V2 + "/jql/autocompletedata", expect=200).json
    assert {"summary", "cf[10201]", "status"} <= {f["value"] for f in words["visibleFieldNames"]}
    assert "currentUser()" in {f["value"] for f in words["visibleFunctionNames"]} and "and" in words["jqlReservedWords"]
    parsed = ann("POST", V3 + "/jql/parse", {"queries": ["project = CERT", "summary =", "nope = 1"]}, expect=200).json["queries"]
    assert "errors" not in parsed[0] and "before the end" in parsed[1]["errors"][0] and "'nope'" in parsed[2]["errors"][0]
    matches = ann("POST", V3 + "/jql/match", {"jqls": ["labels = shop", "labels = other", "("],
                                              "issueIds": [int(issue["id"]), 4711]}, expect=200).json["matches"]
    assert [m["matchedIssues"] for m in matches] == [[int(issue["id"])], [], []] and matches[2]["errors"]


def test_what_is_not_there_is_answered_as_a_jira_without_it(ann):
    key = make(ann)["key"]
    for path in ("/issue/{}/remotelink", "/issue/{}/subtask", "/filter/favourite", "/filter/my", "/role"):
        assert ann("GET", V2 + path.format(key), expect=200).json == []
    for path in (V2 + "/filter/search", V2 + "/dashboard/search", "/rest/agile/1.0/board"):
        assert ann("GET", path, expect=200).json == {"maxResults": 50, "startAt": 0, "total": 0, "isLast": True, "values": []}
    assert ann("GET", f"{V2}/issue/{key}/worklog", expect=200).json["worklogs"] == []
    assert ann("POST", f"{V2}/issue/{key}/worklog", {"timeSpent": "1h"}).status == 400
    assert ann("POST", f"{V2}/issue/{key}/remotelink", {"object": {"url": "https://example.org", "title": "x"}}).status == 404
    assert ann("POST", V2 + "/issueLink", {"type": {"name": "Relates"}}).status == 404
    assert ann("GET", f"{V2}/issue/{key}/votes").status == 404 and ann("GET", V2 + "/version/1").status == 404
    assert ann("GET", f"/rest/agile/1.0/issue/{key}?fields=summary", expect=200).json["fields"] == {"summary": "x"}
    assert ann("GET", V2 + "/statuscategory/done", expect=200).json["id"] == 3
    assert ann("GET", V2 + "/resolution/10000", expect=200).json["name"] == "Done"
    assert [u["name"] for u in ann("GET", V3 + "/users/search?maxResults=1&startAt=1", expect=200).json] == ["ann"]


def test_a_body_with_what_is_got_is_not_looked_at(ann):
    """jira-connector sends "{}" with each request; others a form's type and nothing that is JSON."""
    key = make(ann)["key"]
    for path in (f"{V2}/issue/{key}", f"{V2}/project/CERT", f"{V3}/issue/{key}/transitions"):
        assert ann("GET", path, {}, expect=200).json == ann("GET", path, expect=200).json
    assert ann("GET", f"{V2}/issue/{key}", b"a=b", **{"Content-Type": "text/plain"}).json["key"] == key
    assert ann("GET", "/api/v1/tickets", {}).status == 413


def test_calls_of_other_clients_are_answered(ann, desk):
    """What jira.js 2 to 5, jira-connector, ruby-jira and Atlassian's client for Java ask besides."""
    first, second = make(ann, "one"), make(ann, "two")
    hidden = desk.admin.post("/tickets", {"type": "certificate", "summary": "x", "profile": "web",
                                          "csr": csr_for("a.example.org")[0]}).json["key"]
    many = ann("POST", V3 + "/issue/bulkfetch", {"issueIdsOrKeys": [second["key"], int(first["id"]), hidden, "CERT-4711"],
                                                 "fields": ["summary"]}, expect=200).json
    assert [i["fields"] for i in many["issues"]] == [{"summary": "two"}, {"summary": "one"}] and many["issueErrors"] == []
    too_many = ann("POST", V3 + "/issue/bulkfetch", {"issueIdsOrKeys": ["CERT-1"] * 101}, expect=400)
    assert "100" in too_many.json["errorMessages"][0]
    names = {u["name"] for u in ann("GET", V2 + "/users/search?username=_&maxResults=9", expect=200).json}
    assert names == {"admin", "ann"}
    found = ann("GET", V2 + "/user/assignable/multiProjectSearch?projectKeys=CERT&username=ann", expect=200).json
    assert [u["name"] for u in found] == ["ann"]
    for path in ("component", "version"):
        assert ann("GET", f"{V3}/project/CERT/{path}?maxResults=5", expect=200).json["values"] == []
        assert ann("GET", f"{V3}/project/NONE/{path}").status == 404
    assert [p["key"] for p in ann("GET", V3 + "/project/recent", expect=200).json] == ["CERT"]
    assert len(ann("GET", V3 + "/issuetype/project?projectId=10000", expect=200).json) == 3
    assert [r["name"] for r in ann("GET", V3 + "/resolution/search", expect=200).json["values"]] == ["Done", "Won't Do"]
    assert ann("GET", "/rest/auth/latest/session", expect=200).json["name"] == "ann"
