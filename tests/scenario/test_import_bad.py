"""F25 F26: uploads that cannot be: each a clear answer, nothing half-done, and the server goes on."""

import os
import select
import signal
import socket
import subprocess
import threading
import zipfile

import pytest

from servers import wait_until
from uploads import form, import_, pfx, upload


@pytest.fixture(name="desk")
def fixture_desk(desk_module):
    """One server for all of them: what is refused leaves nothing behind."""
    return desk_module


def total(desk):
    return desk.admin.get("/certificates").json["total"]


def raw(desk, head, body=b"", seconds=10):
    """Send bytes, and give back what comes until the server closes or is done."""
    with socket.create_connection(("127.0.0.1", desk.port), timeout=seconds) as s:
        s.sendall(head + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = s.recv(65536)
            if not part:
                break
            answer += part
        return answer


def test_a_gigabyte_is_refused_by_its_length(desk):
    head = (f"POST /api/v1/certificates/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.admin.token}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {1 << 30}\r\n\r\n").encode()
    before = total(desk)
    answer = raw(desk, head, b"--x\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert total(desk) == before


def memory_peak(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))


def test_a_gigabyte_without_a_length_is_refused_on_the_way(desk):
    """In chunks: the answer comes when it is too much, and the rest is neither kept nor waited for."""
    head = (f"POST /api/v1/certificates/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.admin.token}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
    server, before, sent, answer = desk.children()["server"], total(desk), 0, b""
    peak, piece = memory_peak(server), b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", desk.port), timeout=20) as s:
        s.sendall(head)
        try:
            while sent < 1 << 30 and not select.select([s], [], [], 0)[0]:
                s.sendall(piece)
                sent += len(piece)
            answer = s.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413"), answer
    assert sent < 64 << 20
    assert memory_peak(server) - peak < 48 << 20
    assert total(desk) == before


def test_what_is_larger_than_4_mib_is_refused_and_4_mib_are_not(desk, authority):
    site = authority.issue("large.example")
    body, content_type = form([("file", site.pem + "#" * (4 << 20))])
    answer = desk.admin.call("POST", "/certificates/import", body, headers={"Content-Type": content_type})
    assert answer.status == 413 and "4194304 bytes" in answer.json["detail"]
    import_(desk.admin, {"file": site.pem + "#" * ((4 << 20) - 4000)})


def broken_forms(site):
    body, content_type = form([("file", "site.pem", site.pem), ("name", "broken")], boundary="edge")
    yield "cut in the content", body[:300], content_type, 400, "closing boundary"
    yield "cut in the last boundary", body[:-8], content_type, 400, ""
    yield "another boundary", body, "multipart/form-data; boundary=other", 400, "boundary"
    yield "no boundary", body, "multipart/form-data", 415, "boundary"
    yield "json", b"{}", "application/json", 415, "multipart/form-data"
    yield "a form of another kind", b"file=x", "application/x-www-form-urlencoded", 415, "multipart/form-data"
    yield "nothing", b"", content_type, 400, ""
    yield "no name", body.replace(b'; name="file"', b""), content_type, 400, "byte"
    yield "base64", body.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1), content_type, 400, ""
    yield "bare line feeds", body.replace(b"\r\n", b"\n"), content_type, 400, "byte"
    yield "twice", form([("file", site.pem), ("file", site.pem)], boundary="edge")[0], content_type, 400, "twice"


def test_a_form_that_is_no_form_is_told_what_is_wrong(desk, authority):
    site = authority.issue("form.example")
    before = total(desk)
    for what, body, content_type, status, says in broken_forms(site):
        answer = desk.admin.call("POST", "/certificates/import", body, headers={"Content-Type": content_type})
        assert answer.status == status and says in answer.json["detail"], (what, answer)
    assert total(desk) == before


def test_what_is_no_certificate_is_told_what_it_is(desk, tmp_path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("bomb", bytes(50 << 20))
    deep = b"\x30\x80" * 100_000
    before = total(desk)
    cases = {
        "ZIP": bomb.read_bytes(), "Java key store": bytes.fromhex("feedfeed00000002"), "neither": b"hello",
        "PEM block": b"-----BEGIN CERTIFICATE-----\nMII\n", "malformed": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "cut off": bytes.fromhex("308209ab020103308209"), "SSH": b"ssh-rsa AAAA", "public key for SSH": "ssh-rsa AAAA".encode("utf-16"),
        "neither PKCS#12": deep,
    }
    for says, content in cases.items():
        answer = upload(desk.admin, "/certificates/import", [("file", "site.pfx", content)], expect=400)
        assert says in answer.json["detail"] and answer.json["errors"][0]["field"] == "file", (says, answer)
    assert total(desk) == before


def test_a_key_derivation_without_end_is_not_begun(desk, authority, tmp_path):
    costly = pfx(tmp_path, authority.issue("costly.example"), "secret", "-iter", "70000")
    seventy_thousand, eight_million = (b"\x02\x03" + n.to_bytes(3, "big") for n in (70000, 8_000_000))
    assert seventy_thousand in costly
    answer = import_(desk.admin, {"file": costly.replace(seventy_thousand, eight_million), "password": "secret"},
                     expect=400)
    assert answer.json["errors"][0]["field"] == "file" and "5000000 iterations" in answer.json["detail"]


def test_nul_and_script_in_a_subject_are_shown_as_text(desk, tmp_path):
    config = tmp_path / "c.cnf"
    config.write_text("[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=utf8only\n"
                      "[dn]\nCN=<script>alert(1)</script>\nO=with a tab\there\n")
    key, crt = tmp_path / "k.pem", tmp_path / "c.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-config", config, "-keyout", key,
                    "-out", crt, "-days", "30"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "x509", "-in", crt, "-outform", "DER"], check=True, capture_output=True).stdout
    der = der.replace(b"with a tab\there", b"with a nul\0here")
    made = import_(desk.admin, {"file": der}).json
    assert made["name"] == "<script>alert(1)</script>"
    assert "\0" not in made["current"]["subject"] and "alert(1)" in made["current"]["subject"]
    record = desk.admin.get(f"/certificates/{made['id']}")
    assert record.headers["Content-Type"] == "application/json" and record.headers["X-Content-Type-Options"] == "nosniff"


# A second or so for the MAC, and nothing else to derive.
SLOW = ("-keypbe", "NONE", "-certpbe", "NONE", "-iter", "500000")


def importers(desk):
    """Processes that parse uploads just now, by their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            with open(f"/proc/{pid}/stat", "rb") as f:
                parent = int(f.read().rsplit(b")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if words[1:3] == [b"internal", b"importer"] and parent == desk.process.pid:
            found.append(int(pid))
    return found


def in_background(api, fields):
    answers = []
    body, content_type = form([(k, v) for k, v in fields.items()])
    thread = threading.Thread(target=lambda: answers.append(
        api.call("POST", "/certificates/import", body, headers={"Content-Type": content_type})))
    thread.start()
    return thread, answers


def test_an_importer_that_is_killed_leaves_a_clear_answer_and_nothing_else(desk, authority, tmp_path):
    site = authority.issue("killed.example")
    slow = pfx(tmp_path, site, "secret", *SLOW)
    before = total(desk)
    thread, answers = in_background(desk.admin, {"file": slow, "password": "secret"})
    [pid] = wait_until(lambda: importers(desk), 10, "an importer")
    os.kill(pid, signal.SIGKILL)
    thread.join(15)
    assert answers[0].status == 503 and "nothing was imported" in answers[0].json["detail"], answers
    assert total(desk) == before and importers(desk) == []
    import_(desk.admin, {"file": pfx(tmp_path, site), "password": "secret"})
    assert "process.died" in desk.log()


def test_an_importer_holds_nothing_but_its_socket(desk, authority, tmp_path):
    slow = pfx(tmp_path, authority.issue("shut.example"), "secret", *SLOW)
    thread, answers = in_background(desk.admin, {"file": slow, "password": "secret"})
    [pid] = wait_until(lambda: importers(desk), 10, "an importer")

    def confined():
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return "Seccomp:\t2" in f.read()
    wait_until(confined, 10, "the importer to shut itself in")
    open_files = sorted(os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
    # Standard error is the log's file; everything else is nothing, and one socket.
    assert [f.split(":")[0] for f in open_files if f not in (desk.log_path, "/dev/null")] == ["socket"], open_files
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        limits = {line[:26].strip(): line[26:].split()[0] for line in f}
    assert limits["Max cpu time"] == "20" and limits["Max file size"] == "0" and limits["Max core file size"] == "0"
    thread.join(30)
    assert answers[0].status == 201, answers
