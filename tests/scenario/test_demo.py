"""`./dev demo`: the small world beside certdesk, and the tour through it that the README describes."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from certdesk import BINARY, ROOT, Api
from servers import free_port, wait_until

DEMO = [sys.executable, os.path.join(ROOT, "tools", "demo", "demo.py"), "--binary", BINARY]


@pytest.fixture(name="demo")
def demo_(tmp_path):
    """The API of a running demonstration, as its admin, and the page with its mails."""
    listen, first = f"127.0.0.1:{free_port()}", 29442
    with subprocess.Popen([*DEMO, "--data", str(tmp_path / "demo"), "--listen", listen, "--first-port", str(first)],
                          stdout=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        try:
            assert any("sign in as admin with" in line for line in lines), lines
            with open(tmp_path / "demo" / "admin.token", encoding="ascii") as f:
                yield Api(f"http://{listen}", f.read().strip()), f"http://127.0.0.1:{first + 31}"
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0


def test_the_tour_goes_from_an_expiring_certificate_to_a_served_one(demo):
    """F6, F13, F21, F32, F33: ticket, enrolment, deployment, proof; the ticket is over when it was seen."""
    api, mails = demo
    found = {c["name"]: c for c in api.get("/certificates?limit=50").json["items"]}
    assert {found[f"{n}.shop.example"]["status"] for n in ("legacy", "portal", "new", "www")} == {
        "expired", "expiring_soon", "not_yet_valid", "valid"}
    portal = found["portal.shop.example"]
    expiry = wait_until(lambda: api.get(f"/certificates/{portal['id']}").json["ticket"], what="a ticket for the portal")
    ticket = api.post(f"/certificates/{portal['id']}/enroll", {"profile": "Internal servers",
                                                               "sans": ["portal.shop.example"]}).json
    assert ticket["status"] == "certificate_enrolled"
    done = wait_until(lambda: (lambda t: t if t["resolved_at"] else None)(api.get(f"/tickets/{ticket['key']}").json),
                      what="the new certificate being served")
    assert done["resolution"] == "served" and done["expected_at"] == [
        {"endpoint": "127.0.0.1:29442", "seen": True}]
    wait_until(lambda: api.get(f"/tickets/{expiry}").json["status"] == "done", what="the end of the expiry ticket")
    assert api.get(f"/certificates/{portal['id']}").json["status"] == "valid"
    wait_until(lambda: b"mail.shop.example expires in 12 days" in urllib.request.urlopen(mails, timeout=5).read(),
               what="bob's mail")


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "precious").write_text("x")
    ended = subprocess.run([*DEMO, "--data", str(tmp_path)], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode != 0 and "holds something else" in ended.stderr
    assert (tmp_path / "precious").read_text() == "x"
