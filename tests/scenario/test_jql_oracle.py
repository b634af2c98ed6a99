"""F20: JQL is read as Atlassian's own parser reads it: verdict, tree, and where it goes wrong."""

import os
import subprocess

import pytest

import npm
from certdesk import BINARY, ROOT

FOLDER = os.path.join(ROOT, "tests", "jql")
READER = os.path.join(os.path.dirname(BINARY), "tests", "unit", "test_jql")


@pytest.fixture(scope="module")
def ask():
    """The parser's verdicts: of the queries that are kept, or of others."""
    npm.install(FOLDER, "--legacy-peer-deps")
    node = npm.node(14, os.path.join(ROOT, "tests", "jira"))

    def run(*seed):
        return subprocess.run([node, "oracle.cjs", *seed], cwd=FOLDER, capture_output=True, text=True, timeout=120,
                              check=True).stdout
    return run


def test_what_is_kept_is_what_the_parser_says(ask):
    with open(os.path.join(FOLDER, "oracle.jsonl"), encoding="utf-8") as f:
        kept = f.read()
    assert ask() == kept, "npm ci … && node oracle.cjs > oracle.jsonl (see oracle.cjs)"


def test_other_queries_are_read_alike(ask, tmp_path):
    if not os.path.exists(READER):
        pytest.skip("no tests/unit/test_jql beside the program")
    for seed in ("50", "51", "1056"):  # each was once read otherwise
        other = tmp_path / seed
        other.write_text(ask(seed), encoding="utf-8")
        done = subprocess.run([READER], cwd=ROOT, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "CERTDESK_JQL_ORACLE": str(other)})
        assert done.returncode == 0, f"seed {seed}: {done.stderr[-3000:]}"
