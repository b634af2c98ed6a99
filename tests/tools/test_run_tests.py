"""tools/run-tests counts what ran, shows what failed, and is not satisfied when nothing ran."""

import json
import os
import stat
import subprocess

import pytest

from conftest import ROOT


@pytest.fixture
def run(tmp_path):
    """Run the runner on programs that print the given TAP; a fake Meson lists them."""
    programs = {}

    def add(name, output, status=0, suite="unit"):
        path = tmp_path / name
        path.write_text("#!/bin/sh\ncat <<'EOF'\n%s\nEOF\nexit %d\n" % (output, status))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        programs[name] = {"cmd": [str(path)], "env": {}, "name": name, "suite": ["x:" + suite],
                          "workdir": str(tmp_path), "timeout": 10}

    def go(*args, env=None):
        meson = tmp_path / "meson"
        listing = tmp_path / "listing.json"
        listing.write_text(json.dumps(list(programs.values())))
        meson.write_text("#!/bin/sh\ncat %s\n" % listing)
        meson.chmod(0o755)
        done = subprocess.run(
            [ROOT / "tools/run-tests", "--build", tmp_path, *args], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "CERTDESK_FAILED_BEFORE": "0",  # what lint said is not this run's affair
                 "PATH": "%s:%s" % (tmp_path, os.environ["PATH"]), **(env or {})})
        return done.returncode, done.stdout.splitlines()

    go.add = add
    return go


def test_all_passed(run):
    run.add("a", "1..2\nok 1 - one\nok 2 - two")
    status, said = run("unit")
    assert status == 0 and said[-1] == "2 passed, 0 failed"


def test_skipped_is_counted_apart(run):
    run.add("a", "1..2\nok 1 - one\nnot ok 2 # SKIP two")
    status, said = run("unit")
    assert status == 0 and said[-1] == "1 passed, 0 failed, 1 skipped"


def test_a_failure_is_shown_and_counted(run):
    run.add("a", "1..2\nok 1 - one\nnot ok 2 - two\n# because", status=1)
    status, said = run("unit")
    assert status == 1 and said[-1] == "1 passed, 1 failed"
    assert "# because" in said


@pytest.mark.parametrize("output, status", [
    ("1..2\nok 1 - one", 0),            # it stopped half-way
    ("1..1\nok 1 - one", 23),           # a sanitizer spoke at exit
    ("", 0),                            # it ran nothing
])
def test_a_program_that_breaks_is_a_failure(run, output, status):
    run.add("a", output, status=status)
    result, said = run("unit")
    assert result == 1 and "1 failed" in said[-1]


def test_nothing_ran_is_a_failure(run):
    run.add("a", "1..1\nok 1 - one")
    status, said = run("unit", "-k", "no-such-test")
    assert status == 1 and said[-1] == "0 passed, 0 failed"


def test_a_suite_without_tests_is_a_failure(run):
    run.add("a", "1..1\nok 1 - one")
    status, said = run("unit", "fuzz")
    assert status == 1 and said[-1] == "1 passed, 1 failed"


def test_names_choose_programs(run):
    run.add("chain", "1..1\nok 1 - one")
    run.add("cert", "1..1\nnot ok 1 - one", status=1)
    status, said = run("unit", "-k", "chain")
    assert status == 0 and said[-1] == "1 passed, 0 failed"


def test_what_failed_before_counts(run):
    run.add("a", "1..1\nok 1 - one")
    status, said = run("unit", env={"CERTDESK_FAILED_BEFORE": "1"})
    assert status == 1 and said[-1] == "1 passed, 1 failed"


def test_an_unknown_suite_is_refused(run):
    status, said = run("unti")
    assert status == 2 and "there is no suite" in said[-1]
