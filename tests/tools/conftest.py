"""Small trees for the checks of tools/ to judge."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Tree:
    """A folder that looks like the repository as far as one check cares."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, path, text):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def check(self, tool, *args):
        """(exit status, what it said)."""
        done = subprocess.run([ROOT / "tools" / tool, "--root", self.folder, *args],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)
