"""PostgreSQL dies while tickets are driven: connections come back, nothing is lost, nothing is done twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from certdesk import Certdesk
from lifecycle import Desk
from test_fault_lifecycle import KILLS, Killer, check, live

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from postgres import Postgres  # noqa: E402


@pytest.fixture(name="server")
def fixture_server():
    """A server of our own, as what others use must not be killed."""
    if not os.environ.get("CERTDESK_TEST_POSTGRES"):
        pytest.skip("no PostgreSQL: run under tests/with-postgres")
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def strike(server, chance):
    """Every connection is closed, or one process of it dies, or all do; in any case it is soon back."""
    how = chance.random()
    if how < 0.6:
        ask(server, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'certdesk'")
    elif how < 0.8:
        pid = ask(server, "SELECT pid FROM pg_stat_activity WHERE application_name = 'certdesk' LIMIT 1")
        if pid:
            os.kill(int(pid), signal.SIGKILL)  # the server then drops all its connections, and recovers
    else:
        server.crash()
        server.start()


def ask(server, sql):
    """Empty while it recovers."""
    done = subprocess.run(["psql", server.url(), "-qAtc", sql], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def test_a_database_that_dies_loses_and_doubles_nothing(server, tmp_path):
    desk = Certdesk(tmp_path / "desk", database=server.url()).start()
    try:
        life = Desk(desk)
        killer = Killer(lambda chance: strike(server, chance), KILLS // 30, pause=(0.3, 1.5))
        check(life, live(desk, killer, 12, 60))
    finally:
        desk.stop()
    assert "AddressSanitizer" not in desk.log() and "runtime error:" not in desk.log(), desk.log()[-6000:]
