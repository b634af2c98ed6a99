"""Bad input gets a clear message that says which field, line or byte, and nothing is half-done."""

import json
import socket
import subprocess
import threading

import pytest

from certdesk import BINARY
from certs import days, self_signed
from servers import free_port


class NotTls(threading.Thread):
    """Greets whoever comes in plain text."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            peer.sendall(b"220 this is no TLS\r\n")
            peer.close()


def first_observation(admin, record):
    return admin.get(f"/certificates/{record['id']}/endpoints").json["items"][0]


@pytest.mark.parametrize("case", ["refused", "not_tls", "dns"])
def test_what_cannot_be_probed_is_told_with_its_class(desk, case):
    admin = desk.admin
    if case == "dns":
        record = admin.add("no-such-host.invalid", 443)
    else:
        record = admin.add("127.0.0.1", NotTls().port if case == "not_tls" else free_port())
    assert record["status"] == "unknown" and record["flags"] == ["unreachable"]
    endpoint = first_observation(admin, record)
    assert endpoint["error"]["class"] == case and endpoint["error"]["message"]


def test_a_server_on_loopback_is_denied_unless_allowed(desk_factory):
    desk = desk_factory(env={"CERTDESK_PROBE_ALLOW": ""})
    record = desk.admin.add("127.0.0.1", free_port())
    assert first_observation(desk.admin, record)["error"]["class"] == "denied"


def test_bad_certificates_are_shown_with_what_is_wrong(desk, nginx, authority):
    admin, ports = desk.admin, [free_port() for _ in range(3)]
    nginx.site(ports[0], self_signed("own.example"))
    nginx.site(ports[1], authority.issue("old.example", not_after=days(-2)))
    nginx.site(ports[2], authority.issue("other.example"))
    nginx.start()
    own = admin.add("127.0.0.1", ports[0], sni="own.example")
    old = admin.add("127.0.0.1", ports[1], sni="old.example")
    wrong = admin.add("127.0.0.1", ports[2], sni="wanted.example")
    assert own["current"]["chain_status"] == "self_signed" and own["current"]["self_signed"]
    assert old["status"] == "expired" and old["days_left"] < 0
    assert first_observation(admin, wrong)["observations"][0]["hostname_match"] is False


def test_a_certificate_with_60000_names_is_read(desk, nginx, authority):
    """And one that is larger than 1 MiB for them is told as that."""
    admin, ports = desk.admin, [free_port(), free_port()]
    nginx.site(ports[0], authority.issue("many.test", san_count=60000, san_domain="m.test"))
    nginx.site(ports[1], authority.issue("many.example", san_count=60000)).start()
    record = admin.add("127.0.0.1", ports[0], sni="many.test")
    assert record["current"]["sans_total"] == 60001 and len(record["current"]["sans"]) == 100
    assert len(json.dumps(record)) < 65536
    error = first_observation(admin, admin.add("127.0.0.1", ports[1], sni="many.example"))["error"]
    assert error["class"] == "certificate_unreadable" and "larger than 1 MiB" in error["message"]


@pytest.mark.parametrize("endpoint, says", [
    ({"host": "a.example", "port": 70000}, "endpoints[0].port"),
    ({"host": "a.example:70000"}, "port 70000 is not between 1 and 65535"),
    ({"host": "a b.example"}, "endpoints[0].host"),
    ({"host": ""}, "endpoints[0].host"),
    ({"host": "a.example", "protocol": "gopher"}, "gopher"),
    ({"host": "a.example", "prot": 443}, "endpoints[0].prot"),
    ({"host": 7}, "endpoints[0].host"),
])
def test_an_endpoint_that_cannot_be_names_its_field(desk, endpoint, says):
    answer = desk.admin.post("/certificates", {"endpoints": [endpoint]}, expect=400)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert says in answer.body.decode() and answer.json["errors"]
    assert desk.admin.get("/certificates").json["total"] == 0


def test_hosts_are_taken_as_people_write_them(desk):
    made = [desk.admin.post("/certificates", {"endpoints": [{"host": h}]}).json["id"]
            for h in ("bücher.example", "[::1]:8443", "2001:db8::1", "WWW.Example.ORG.")]
    hosts = [desk.admin.get(f"/certificates/{i}/endpoints").json["items"][0] for i in made]
    assert [(h["host"], h["port"]) for h in hosts] == [
        ("xn--bcher-kva.example", 443), ("::1", 8443), ("2001:db8::1", 443), ("www.example.org", 443)]


def test_json_that_is_none_names_its_place(desk):
    post = desk.admin.post
    assert "line 2" in post("/certificates", b'{\n"name": }', expect=400,
                            headers={"Content-Type": "application/json"}).json["detail"]
    deep = b"[" * 65 + b"]" * 65
    post("/certificates", deep, expect=413, headers={"Content-Type": "application/json"})
    post("/certificates", b'{"name":"' + b"x" * (2 << 20) + b'"}', expect=413,
         headers={"Content-Type": "application/json"})
    post("/certificates", b"name=x", expect=415, headers={"Content-Type": "text/plain"})


def test_queries_are_checked(desk):
    get = desk.admin.get
    assert get("/certificates?stauts=valid", expect=400).json["errors"][0]["field"] == "stauts"
    assert get("/certificates?limit=0", expect=400).json["errors"][0]["field"] == "limit"
    get("/certificates?status=fine", expect=400)
    get("/certificates?cursor=nonsense", expect=400)
    get("/certificates/0", expect=404)
    get("/certificates/x", expect=404)
    get("/nothing/here", expect=404)
    assert desk.admin.call("DELETE", "/certificates").headers["Allow"] == "GET, POST"


def test_an_edit_of_something_stale_is_412(desk):
    made = desk.admin.post("/certificates", {"name": "x"}).json
    etag = desk.admin.get(f"/certificates/{made['id']}").headers["ETag"]
    desk.admin.patch(f"/certificates/{made['id']}", {"name": "y"}, headers={"If-Match": etag})
    desk.admin.patch(f"/certificates/{made['id']}", {"name": "z"}, expect=412, headers={"If-Match": etag})
    assert desk.admin.get(f"/certificates/{made['id']}").json["name"] == "y"


def test_a_request_repeated_with_its_key_is_done_once(desk):
    key = {"Idempotency-Key": "once-1"}
    first = desk.admin.post("/certificates", {"name": "x"}, headers=key).json
    assert desk.admin.post("/certificates", {"name": "x"}, headers=key).json == first
    desk.admin.post("/certificates", {"name": "other"}, expect=422, headers=key)
    assert desk.admin.get("/certificates").json["total"] == 1


def test_a_pasted_list_is_answered_line_by_line(desk, nginx, authority):
    """F1: good lines land, each bad one says why, what is watched already is offered."""
    port = free_port()
    nginx.site(port, authority.issue("a.example")).start()
    text = f"# ours\n127.0.0.1:{port}\n\nno host here\n127.0.0.1:{port}\n[::1]:70000\n"
    job = desk.admin.post("/certificates/bulk", {"hosts": text, "tags": ["pasted"]}, expect=202).json["job"]
    result = desk.admin.job_done(job)["result"]
    assert (result["created"], result["attachable"], result["failed"]) == (1, 1, 2)
    assert [(r["line"], r["outcome"]) for r in result["lines"]] == [
        (2, "created"), (4, "error"), (5, "attachable"), (6, "error")]
    assert all(r["message"] for r in result["lines"] if r["outcome"] == "error")


def test_a_pasted_table_is_answered_line_by_line(desk):
    """F1: by its columns; people and tags are said once, so one with more columns is one to be imported."""
    def paste(text, **shared):
        job = desk.admin.post("/certificates/bulk", {"hosts": text, **shared}, expect=202).json["job"]
        result = desk.admin.job_done(job)["result"]
        return result, [(r["line"], r["outcome"]) for r in result["lines"]]
    result, lines = paste('name,Host,port,protocol,description\n"the, mail",127.0.0.1,25,smtp,"two\nlines"\n'
                          ",localhost:10443,,,\n,127.0.0.1,70000,,\na,127.0.0.1\nthe mail again,127.0.0.1,25,smtp,\n", tags=["pasted"])
    assert lines == [(2, "created"), (4, "created"), (5, "error"), (6, "error"), (7, "attachable")]
    made = [desk.admin.get(f"/certificates/{r['certificate']['id']}").json for r in result["lines"][:2]]
    assert [(m["name"], m["description"], m["tags"]) for m in made] == [
        ("the, mail", "two\nlines", ["pasted"]), ("localhost", "", ["pasted"])]
    assert "70000" in result["lines"][2]["message"] and "2 cells" in result["lines"][3]["message"]
    for refused in ("host,owner\n127.0.0.1,admin\n", "host,nonsense\n127.0.0.1,x\n", 'host\n"127.0.0.1\n'):
        assert [outcome for _, outcome in paste(refused)[1]] == ["error"], refused
    assert desk.admin.get("/certificates").json["total"] == 2
    _, lines = paste("127.0.0.1:9 # ours\n# theirs, host\na,b\n")
    assert lines == [(1, "created"), (3, "error")]


def test_the_scheme_of_a_pasted_address_says_how_to_look(desk):
    """F1: where nothing else does; the port is the protocol's own."""
    lines = ["smtp://127.0.0.1", "imaps://127.0.0.1/", "ldap://127.0.0.1:10389", "https://127.0.0.1/x", "gopher://127.0.0.1"]
    job = desk.admin.post("/certificates/bulk", {"hosts": "\n".join(lines)}, expect=202).json["job"]

    def places(number):
        items = desk.admin.get(f"/certificates/{number}/endpoints").json["items"]
        return [(e["protocol"], e["port"]) for e in items]
    made = [r["certificate"]["id"] for r in desk.admin.job_done(job)["result"]["lines"][:4]]
    assert [places(n) for n in made] == [[("smtp", 25)], [("tls", 993)], [("ldap", 10389)], [("tls", 443)]]
    said = {"endpoints": [{"host": "smtp://127.0.0.1", "port": 1587}, {"host": "imap://127.0.0.1", "protocol": "pop3"}]}
    assert sorted(places(desk.admin.post("/certificates", said).json["id"])) == [("pop3", 110), ("smtp", 1587)]


def test_a_record_without_endpoints_has_nothing_to_probe(desk):
    """F4: an answer, not an error."""
    made = desk.admin.post("/certificates", {"name": "paper only"}).json
    answer = desk.admin.post(f"/certificates/{made['id']}/update", expect=200).json
    assert answer["job"] is None and "nothing to probe" in answer["message"]


def test_an_unknown_setting_names_its_line(tmp_path):
    file = tmp_path / "certdesk.conf"
    file.write_text("[server]\nlisten = 127.0.0.1:1\nlisten_on = x\n")
    done = subprocess.run([BINARY, "config", "check", "--config", str(file)], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 1 and f"{file}:3" in done.stderr and "listen_on" in done.stderr


def test_scripts_in_a_certificate_stay_text(desk, nginx, authority):
    """The page shows text; the API sends it as JSON, never as HTML."""
    port = free_port()
    nginx.site(port, authority.issue("<script>alert(1)</script>.example")).start()
    record = desk.admin.add("127.0.0.1", port, sni="x.example")
    answer = desk.admin.get(f"/certificates/{record['id']}")
    assert answer.json["current"]["sans"] == ["<script>alert(1)</script>.example"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
