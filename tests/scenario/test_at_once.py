"""F35: what the loop answers by itself is as true as what a worker answers: nothing is remembered that may have changed."""

import http.client
import json
import re
import socket
import sqlite3

from certdesk import Api


class Kept:
    """One connection, as somebody with a token uses it."""

    def __init__(self, desk, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=20)
        self.fields = {"Authorization": f"Bearer {token}"}

    def get(self, path):
        self.connection.request("GET", "/api/v1" + path, headers=self.fields)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def add(desk, name):
    return desk.admin.post("/certificates", {"name": name}).json["id"]


def make_user(desk, name):
    desk.add_user(name)
    reader = desk.signed_in(name, scope="read")
    return reader.token, lambda: Api(desk.base).delete(f"/tokens/{reader.token_id}", headers=desk.session(name))


def test_each_answer_is_of_now_and_for_whoever_asks(desk):
    token, drop_token = make_user(desk, "ann")
    record = add(desk, "first")
    ann, path = Kept(desk, token), f"/certificates/{record}"
    assert ann.get("/me")[1]["name"] == "ann"
    assert ann.get(path)[0] == 404
    desk.admin.post("/groups", {"name": "team"})
    desk.admin.call("PUT", f"{path}/access", {"share": {"groups": ["team"]}}, expect=200)
    assert ann.get(path)[0] == 404
    desk.admin.call("PUT", "/groups/team/members", {"users": ["ann"]}, expect=200)
    status, shown = ann.get(path)
    assert status == 200 and shown["name"] == "first", shown
    desk.admin.patch(path, {"name": "second"})
    assert ann.get(path)[1]["name"] == "second"
    desk.admin.call("PUT", "/groups/team/members", {"users": []}, expect=200)
    assert ann.get(path)[0] == 404
    drop_token()
    assert ann.get(path)[0] == 401 and ann.get("/me")[0] == 401
    desk.admin.delete(path)
    assert Kept(desk, desk.admin.token).get(path)[0] == 404


def test_requests_sent_in_a_row_are_answered_in_that_order(desk):
    ids = [add(desk, f"n{i}") for i in range(3)]
    wanted = [ids[i % 3] for i in range(40)]
    with socket.create_connection(("127.0.0.1", desk.port), timeout=30) as s:
        s.sendall(b"".join(b"GET /api/v1/certificates/%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n"
                           % (id, desk.admin.token.encode(), b"Connection: close\r\n" if n == len(wanted) - 1 else b"")
                           for n, id in enumerate(wanted)))
        data = b"".join(iter(lambda: s.recv(65536), b""))
    assert [int(id) for id in re.findall(rb'\r\n\r\n\{"id":(\d+)', data)] == wanted
    assert data.count(b"HTTP/1.1 200 ") == len(wanted)


def test_whoever_writes_holds_no_reader_up(desk):
    if desk.database:
        return  # PostgreSQL's readers are the workers'
    record = add(desk, "n")
    kept = Kept(desk, desk.admin.token)
    assert kept.get(f"/certificates/{record}")[0] == 200
    writer = sqlite3.connect(f"{desk.data}/db/certdesk.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE certificate SET description = 'not yet'")
    try:
        for _ in range(20):
            status, shown = kept.get(f"/certificates/{record}")
            assert status == 200 and shown["description"] == ""
    finally:
        writer.execute("ROLLBACK")
        writer.close()


def test_who_one_is_is_known_no_longer_than_until_anybody_changes_it(desk):
    token, _ = make_user(desk, "ben")
    ben = Kept(desk, token)
    assert [ben.get("/me")[0] for _ in range(3)] == [200] * 3
    desk.admin.patch("/users/ben", {"disabled": True})
    assert ben.get("/me")[0] == 401
    desk.admin.patch("/users/ben", {"disabled": False})
    assert [ben.get("/me")[0] for _ in range(2)] == [200] * 2
    if desk.database:
        return  # what follows is done to the file
    outside = sqlite3.connect(f"{desk.data}/db/certdesk.db", isolation_level=None)
    outside.execute("UPDATE account SET is_disabled = 1 WHERE name = 'ben'")
    assert ben.get("/me")[0] == 401
    outside.execute("UPDATE account SET is_disabled = 0 WHERE name = 'ben'")
    assert [ben.get("/me")[0] for _ in range(2)] == [200] * 2
    outside.execute("UPDATE token SET expires_at = 1 WHERE account_id = (SELECT id FROM account WHERE name = 'ben')")
    assert ben.get("/me")[0] == 401
    outside.close()


def test_fields_are_those_that_there_are_now(desk):
    record = add(desk, "fields")
    desk.admin.post("/custom-fields", {"name": "room", "type": "text"})
    desk.admin.patch(f"/certificates/{record}", {"fields": {"room": "17"}})
    kept = Kept(desk, desk.admin.token)
    assert [kept.get(f"/certificates/{record}")[1]["fields"] for _ in range(3)] == [{"room": "17"}] * 3
    desk.admin.delete("/custom-fields/room?discard=true")
    assert kept.get(f"/certificates/{record}")[1]["fields"] == {}
