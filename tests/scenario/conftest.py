"""Fixtures of the scenarios."""

import os
import shutil
import subprocess
import sys
import uuid

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from certdesk import Certdesk  # noqa: E402
from certs import Authority  # noqa: E402
from house import House, start_names  # noqa: E402
from lifecycle import Desk  # noqa: E402
from profiles import look_for_renewals  # noqa: E402
from servers import Nginx, short_directory  # noqa: E402


def _postgres_database():
    """A fresh database on the cluster that `tests/with-postgres` started, or None without one."""
    base = os.environ.get("CERTDESK_TEST_POSTGRES")
    if not base:
        return None
    name = f"scenario_{uuid.uuid4().hex[:12]}"
    subprocess.run(["psql", base, "-qc", f"CREATE DATABASE {name}"], check=True)
    head, _, options = base.partition("?")
    url = head.rsplit("/", 1)[0] + "/" + name
    return f"{url}?{options}" if options else url


@pytest.fixture(params=["sqlite", "postgres"])
def desk_factory(request, tmp_path):
    """Makes certdesk servers, on each database in turn; stops them at the end."""
    made = []

    def make(env=None, extra=None, start=True, name="desk"):
        database = None
        if request.param == "postgres":
            database = _postgres_database()
            if database is None:
                pytest.skip("no PostgreSQL: run under tests/with-postgres")
        desk = Certdesk(tmp_path / name, database=database, env=env, extra=extra)
        made.append(desk)
        return desk.start() if start else desk

    yield make
    for desk in made:
        _stop(desk)


def _stop(desk):
    desk.stop()
    log = desk.log() if os.path.exists(desk.log_path) else ""
    assert "ERROR: AddressSanitizer" not in log and "runtime error:" not in log, log[-6000:]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request, tmp_path_factory, root, authority):
    """A desk with name server and nginx beside it, one for all stories of a file, on each database in turn."""
    database = None
    if request.param == "postgres":
        database = _postgres_database()
        if database is None:
            pytest.skip("no PostgreSQL: run under tests/with-postgres")
    directory = tmp_path_factory.mktemp("house")
    names = start_names(directory / "names")
    nginx = Nginx(str(directory / "nginx"))
    desk = Certdesk(directory / "desk", database=database, env={"CERTDESK_PROBE_DNS_SERVERS": names.address})
    try:
        yield House(desk.start(), names, nginx, root, authority)
    finally:
        nginx.stop()
        names.stop()
        _stop(desk)


@pytest.fixture
def sockets():
    """A directory for UNIX sockets."""
    directory = short_directory()
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def desk(desk_factory):
    return desk_factory()


@pytest.fixture(scope="module")
def desk_module(tmp_path_factory):
    """One server, on SQLite, for questions that change nothing."""
    desk = Certdesk(tmp_path_factory.mktemp("module") / "desk").start()
    yield desk
    desk.stop()
    assert "ERROR: AddressSanitizer" not in desk.log() and "runtime error:" not in desk.log(), desk.log()[-6000:]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def desk_of_module(request, tmp_path_factory):
    """A server for all tests of a file, on each database in turn."""
    database = None
    if request.param == "postgres":
        database = _postgres_database()
        if database is None:
            pytest.skip("no PostgreSQL: run under tests/with-postgres")
    desk = Certdesk(tmp_path_factory.mktemp("module") / "desk", database=database).start()
    yield desk
    _stop(desk)


@pytest.fixture(name="life", scope="module")
def fixture_life(desk_of_module):
    """One desk for all stories of a module, on each database in turn: each has names of its own."""
    look_for_renewals(desk_of_module, "never")
    return Desk(desk_of_module)


@pytest.fixture(scope="session")
def root():
    return Authority.root()


@pytest.fixture(scope="session")
def authority(root):
    return root.intermediate()


@pytest.fixture
def nginx(tmp_path):
    server = Nginx(str(tmp_path / "nginx"))
    yield server
    server.stop()
