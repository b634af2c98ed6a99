"""F8: the calendar feed: what a person may see, under an address that can be revoked."""

import re

from certdesk import Api
from certs import days
from test_notify import bring, person


def unfolded(text):
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "")


def events(answer):
    text = unfolded(answer.body.decode())
    found = re.findall(r"BEGIN:VEVENT\r\n(.*?)END:VEVENT\r\n", text, re.S)
    return [dict(line.split(":", 1) for line in event.strip().split("\r\n")) for event in found]


def test_a_feed_shows_what_its_owner_may_see_until_it_is_revoked(desk, authority):
    person(desk, "ann", "ann@people.example")
    ends = days(40)
    mine = bring(desk, authority.issue("a.example", not_after=ends), name="a.example; \u00e4, \\ " + "long " * 30, owner="ann")
    bring(desk, authority.issue("b.example", not_after=days(20)), name="b.example")
    bring(desk, authority.issue("old.example", not_before=days(-300), not_after=days(-200)), name="old", owner="ann")
    ann = desk.signed_in("ann")
    made = ann.post("/calendar").json
    url = re.sub(r"^.*?/api", "/api", made["url"])
    nobody = Api(desk.base)
    answer = nobody.get(url)
    assert answer.headers["Content-Type"].startswith("text/calendar")
    one, = events(answer)
    assert one["SUMMARY"].startswith("a.example\\; \u00e4\\, \\\\ long") and one["SUMMARY"].endswith("expires")
    assert one["DTSTART;VALUE=DATE"] == ends.strftime("%Y%m%d") and one["UID"] == f"certificate-{mine}@certdesk"
    assert re.fullmatch(r"\d{8}T\d{6}Z", one["DTSTAMP"])

    # Asked again it is the same; what has changed is told.
    assert nobody.get(url).body == answer.body
    assert nobody.get(url, expect=304, headers={"If-None-Match": answer.headers["ETag"]}).body == b""
    desk.admin.patch(f"/certificates/{mine}", {"name": "renamed.example"})
    changed = nobody.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert events(changed)[0]["SUMMARY"] == "renamed.example expires" and events(changed)[0]["UID"] == one["UID"]
    all_of_it = re.sub(r"^.*?/api", "/api", desk.admin.post("/calendar").json["url"])
    assert len(events(nobody.get(all_of_it))) == 2

    feeds = ann.get("/calendar").json["items"]
    assert [f["id"] for f in feeds] == [made["id"]] and feeds[0]["last_used_at"] and "token" not in str(feeds)
    token = made["url"].split("token=")[1]
    assert token not in desk.log()
    for wrong in ("token=cdc_" + "0" * 40, "token=", "token=" + token[:-1], ""):
        nobody.get(f"/calendar.ics?{wrong}", expect=404)
    desk.admin.delete(f"/calendar/{made['id']}", expect=404)  # only one's own
    ann.delete(f"/calendar/{made['id']}")
    nobody.get(url, expect=404)
    desk.admin.patch("/users/admin", {"display_name": "still here"})


def test_a_disabled_account_shows_nothing(desk):
    person(desk, "ann", "ann@people.example")
    url = re.sub(r"^.*?/api", "/api", desk.signed_in("ann").post("/calendar").json["url"])
    Api(desk.base).get(url)
    desk.admin.patch("/users/ann", {"disabled": True})
    Api(desk.base).get(url, expect=404)


def test_there_are_not_endlessly_many_feeds(desk):
    for _ in range(20):
        desk.admin.post("/calendar")
    answer = desk.admin.call("POST", "/calendar")
    assert answer.status in (400, 409, 413, 422, 429) and "at most 20" in answer.json["detail"]
