"""F38: business groups, custom fields and saved views from the command line."""

import json

import pytest


@pytest.fixture
def words(desk):
    def run(*given, status=0):
        done = desk.cli(*given, env={"CERTDESK_TOKEN_FILE": desk.token_file})
        assert done.returncode == status, (given, done.stdout, done.stderr)
        return done
    return run


def test_business_groups(desk, words):
    words("business-group", "add", "Pay & Go", "--description", "cards")
    words("business-group", "add", "Shop")
    desk.admin.post("/certificates", {"name": "a", "business_group": "Pay & Go"})
    listed = words("business-group", "list").stdout.splitlines()
    assert listed[1].split()[-2:] == ["1", "cards"]
    words("business-group", "edit", "Shop", "--name", "Retail", "--description", "the shop")
    assert "reassign_to" in words("business-group", "remove", "Pay & Go", status=1).stderr
    words("business-group", "remove", "Pay & Go", "--reassign-to", "Retail")
    assert [json.loads(line) for line in words("business-group", "list", "-o", "json").stdout.splitlines()] == [
        {"name": "Retail", "description": "the shop", "certificates": 1}]
    words("business-group", "remove", "Retail", "--reassign-to", "-")
    for wrong in (("add",), ("list", "x"), ("edit", "a", "b"), ("nonsense", "a"), ()):
        words("business-group", *wrong, status=2)


def test_custom_fields(desk, words):
    words("field", "add", "cost", "--label", "Cost centre", "--type", "choice", "--choices", "A1,B2", "--required", "no")
    words("field", "add", "rack", "--type", "number")
    words("field", "edit", "cost", "--choices", "A1,B2,C3", "--label", "Centre")
    fields = {f["name"]: f for f in desk.admin.get("/custom-fields").json["items"]}
    assert fields["cost"]["choices"] == ["A1", "B2", "C3"] and fields["cost"]["label"] == "Centre"
    assert not fields["cost"]["required"] and fields["rack"]["type"] == "number"
    desk.admin.post("/certificates", {"name": "a", "fields": {"rack": 12}})
    assert "rack" in words("field", "list").stdout
    words("field", "remove", "rack", status=1)
    words("field", "remove", "rack", "--discard")
    words("field", "edit", "cost", "--required", "maybe", status=1)
    for wrong in (("edit", "cost", "--type", "text"), ("add", "x", "--discard"), ("remove",)):
        words("field", *wrong, status=2)


def test_saved_views(desk, words):
    desk.admin.post("/custom-fields", {"name": "cost"})
    words("view", "save", "late", "--filter", "status=expired,expiring_soon", "--filter", "unused=yes", "--filter", "sort=-name",
          "--filter", "field.cost=A1", "--filter", "tag=web", "--columns", "name,expires_at", "--default", "yes")
    view = desk.admin.get("/views").json["items"][0]
    assert view["query"] == {"status": ["expired", "expiring_soon"], "unused": True, "sort": "-name", "tag": "web",
                             "fields": {"cost": "A1"}}
    assert view["columns"] == ["name", "expires_at"] and view["default"] and not view["shared"]
    words("view", "save", "late", "--shared", "yes")
    again = desk.admin.get("/views").json["items"]
    assert len(again) == 1 and again[0]["shared"] and again[0]["query"] == view["query"]
    assert '"tag":"web"' in words("view", "show", "late").stdout and "late" in words("view", "list").stdout
    assert json.loads(words("view", "show", str(view["id"]), "-o", "json").stdout)["name"] == "late"
    for wrong in (("save", "late", "--filter", "status=none"), ("save", "late", "--filter", "unused=perhaps"), ("show", "other"),
                  ("remove", "other")):
        words("view", *wrong, status=1)
    words("view", "save", "late", "--filter", "nonsense", status=2)
    words("view", "remove", "late")
    assert desk.admin.get("/views").json["items"] == []
