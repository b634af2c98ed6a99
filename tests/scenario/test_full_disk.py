"""F25 F41: the disk of the data and the database is full: what is acknowledged is kept, the rest is told, and it goes on."""

import contextlib
import os
import shutil
import subprocess
import tempfile

import pytest

from sealed import opened, query
from servers import wait_until
from uploads import form, pfx

SIZE = "64m"


@contextlib.contextmanager
def small_disk():
    """Where PostgreSQL, which is somebody else, may go: not among pytest's directories."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    path = tempfile.mkdtemp(prefix="certdesk-disk-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "none", path], stderr=subprocess.PIPE)
    if mounted.returncode != 0:
        os.rmdir(path)
        pytest.skip(f"no small file system here: {mounted.stderr.decode().strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)
        os.rmdir(path)


@contextlib.contextmanager
def database_on(desk, disk):
    """PostgreSQL's files of this database on the small disk; its log of changes stays where there is room."""
    space, base = os.path.join(disk, "space"), os.environ["CERTDESK_TEST_POSTGRES"]
    name = desk.database.rsplit("/", 1)[1].split("?")[0]
    os.mkdir(space)
    shutil.chown(space, "postgres", "postgres")

    def run(*sql):
        for one in sql:
            subprocess.run(["psql", base, "-qc", one], check=True)
    run(f"CREATE TABLESPACE s_{name} LOCATION '{space}'", f"ALTER DATABASE {name} SET TABLESPACE s_{name}")
    try:
        yield
    finally:
        run(f"DROP DATABASE {name} WITH (FORCE)", f"DROP TABLESPACE s_{name}")


def fill(disk, leave=0):
    path = os.path.join(disk, "filler")
    with open(path, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(bytes(4096))
    if leave:
        os.truncate(path, os.path.getsize(path) - leave)
    return path


def bring(desk, site, directory):
    body, content_type = form([("file", "site.pfx", pfx(directory, site)), ("password", "secret")])
    return desk.admin.call("POST", "/certificates/import", body, headers={"Content-Type": content_type})


@pytest.fixture(name="disk")
def fixture_disk(desk_factory):
    """A server whose data, and database, are on a disk that can be filled."""
    desk = desk_factory(start=False)
    with small_disk() as path:
        desk.data = os.path.join(path, "data")
        with database_on(desk, path) if desk.database else contextlib.nullcontext():
            try:
                yield desk.start(), path
            finally:
                desk.stop()


def sites_until(authority, is_last):
    """New certificates with many names, until the last is said to be that."""
    for n in range(200):
        yield authority.issue(f"full-{n}.example", *[f"n{i}.full-{n}.example" for i in range(400)])
        if is_last():
            return
    raise AssertionError("the disk is never full")


def test_imports_on_a_full_disk_are_whole_or_not_there(disk, authority, tmp_path):
    desk, path = disk
    filler, sites, answers = fill(path, leave=256 << 10), [], []
    for site in sites_until(authority, lambda: [a.status for a in answers].count(503) >= 5):
        sites.append(site)
        answers.append(bring(desk, site, tmp_path))
    assert {a.status for a in answers} <= {201, 503}, answers
    refused = next(a for a in answers if a.status == 503)
    assert "disk" in refused.json["detail"] and "full" in refused.json["detail"], refused
    requested = desk.admin.call("POST", "/csrs", {"subject": {"CN": "x.example"}, "key": {"algorithm": "ec"}})
    assert requested.status == 503 and "full" in requested.json["detail"], requested
    assert desk.admin.get("/certificates?limit=1").json["total"] == sum(a.status < 300 for a in answers)
    assert set(desk.children()) >= {"server", "prober", "vault"}
    os.unlink(filler)
    wait_until(lambda: all(bring(desk, s, tmp_path).status in (200, 201) for s in sites[-5:]), 30, "imports to work again")
    assert {bring(desk, s, tmp_path).status for s in sites} <= {200, 201}
    assert desk.admin.get("/certificates?limit=1").json["total"] == len(sites)
    # Of what came to nothing there is no row, and every key opens.
    assert query(desk, "SELECT count(*) FROM sealed_key WHERE purpose = 'tls'") == [(len(sites),)]
    assert len(opened(desk)) >= len(sites)
    assert desk.admin.get("/audit/verify").json["intact"]


def test_a_rotation_waits_for_the_disk(disk, authority, tmp_path):
    desk, path = disk
    for n in range(3):
        assert bring(desk, authority.issue(f"kept-{n}.example"), tmp_path).status == 201
    before = {number: clear for number, (_, clear) in opened(desk).items()}
    filler = fill(path)
    answer = desk.admin.call("POST", "/vault/rotate")
    assert answer.status in (202, 503), answer
    os.unlink(filler)
    wait_until(lambda: desk.admin.call("GET", "/readyz").status == 200, 30, "ready")
    job = wait_until(lambda: (a := desk.admin.call("POST", "/vault/rotate")).status in (202, 409) and a, 30, "to rotate")
    number = job.json["job"] if job.status == 202 else answer.json["job"]
    assert desk.admin.job_done(number, 90)["state"] == "done"
    after = {number: clear for number, (_, clear) in opened(desk).items()}
    assert {n: after[n] for n in before} == before
