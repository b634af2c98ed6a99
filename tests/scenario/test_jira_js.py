"""F20: jira.js, which checks every answer against Atlassian's schemas, does the whole life of a certificate."""

import os
import subprocess
import sys

import pytest

import npm
from certdesk import ROOT
from lifecycle import Desk, csr_for

PASSWORD = "a phrase for ann and all"
FOLDER = os.path.join(ROOT, "tests", "jira")


@pytest.fixture(scope="module")
def node():
    """A Node that the client runs on, and the client."""
    npm.install(FOLDER)
    return npm.node(20, FOLDER)


def test_jira_js_does_the_whole_life(desk, node, tmp_path):
    Desk(desk)
    desk.admin.post("/users", {"name": "ann", "display_name": "Ann Example", "email": "ann@example.org", "role": "user",
                               "password": PASSWORD})
    csr = tmp_path / "csr.pem"
    csr.write_text(csr_for("js.example.org")[0])
    script = tmp_path / "open_window.py"
    script.write_text(f"""import sys
sys.path.insert(0, {os.path.join(ROOT, "tests", "scenario")!r})
from certdesk import Certdesk
from test_jira_clients import open_window
open_window(Certdesk({desk.directory!r}, database={desk.database!r}), sys.argv[1])
""")
    done = subprocess.run([node, "life.mjs", desk.base, "ann@example.org", PASSWORD, str(csr), sys.executable, str(script)],
                          cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.strip() == "ok", done.stderr[-4000:]
