"""Two nodes share a database on PostgreSQL, and one of them dies."""

import os
import shutil
import socket
import subprocess
import threading
import time

import pytest

from certdesk import Certdesk
from conftest import _postgres_database, _stop
from servers import wait_until


class Silent:
    """Accepts, and says nothing; once it has been told to, it hangs up."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.held, self.hangs_up = [], False
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.hangs_up:
                connection.close()
            else:
                self.held.append(connection)

    def close(self):
        self.listener.close()
        for connection in self.held:
            connection.close()


@pytest.fixture
def nodes(tmp_path):
    database = _postgres_database()
    if database is None:
        pytest.skip("no PostgreSQL: run under tests/with-postgres")
    made = [Certdesk(tmp_path / name, database=database, env={"CERTDESK_PROBE_HANDSHAKE_TIMEOUT": "60s"}) for name in ("one", "two")]
    made[0].start()
    for directory in (made[1].data, os.path.join(made[1].data, "vault")):
        os.mkdir(directory, mode=0o700)
    shutil.copy(os.path.join(made[0].data, "vault", "master.key"), os.path.join(made[1].data, "vault"))
    made[1].start()
    yield made
    for desk in made:
        _stop(desk)


def ask(desk, query):
    return subprocess.run(["psql", desk.database, "-Atc", query], capture_output=True, text=True, check=True).stdout.strip()


def test_what_a_dead_node_was_doing_is_taken_up_by_another(nodes):
    """F42: long before its leases end."""
    silent = Silent()
    try:
        admin = nodes[0].admin
        job = admin.post("/certificates", {"endpoints": [{"host": "127.0.0.1", "port": silent.port}]}).json["job"]
        wait_until(lambda: silent.held, 30, "the probe")
        owner = ask(nodes[0], f"SELECT lease_owner FROM job WHERE id = {job} AND state = 'running'")
        dead, = [n for n in nodes if f"/{n.children()['server']}/" in owner]
        other, = [n for n in nodes if n is not dead]
        other_api = type(admin)(other.base, admin.token)
        silent.hangs_up = True
        began = time.monotonic()
        dead.kill_hard()
        other_api.job_done(job, 40)
        assert time.monotonic() - began < 40
        wait_until(lambda: "node.dead" in other.log() and owner in other.log(), 10, "the log of it")
        wait_until(lambda: ask(other, "SELECT count(*) FROM node") == "1", 10, "one node")
    finally:
        silent.close()
