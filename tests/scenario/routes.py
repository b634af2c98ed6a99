"""The server's route tables, read from its source, for tests that must know every route."""

import os
import re

from certdesk import ROOT

_ROW = re.compile(r'\{\s*"(GET|POST|PUT|PATCH|DELETE)",\s*"([^"]+)",\s*ROLE_(\w+),\s*([A-Z_ |]+?),\s*\w+,\s*[^}]*\}')


class Route:
    def __init__(self, method, path, role, flags):
        self.method, self.path, self.role = method, path, role.lower()
        self.is_write = "API_WRITES" in flags
        self.at_root = "API_AT_ROOT" in flags

    @property
    def name(self):
        return f"{self.method} {self.path}"


def jira_routes():
    """Those below /rest, whose paths begin with a macro of their file's own."""
    directory = os.path.join(ROOT, "src", "api", "jira")
    found = []
    for file in sorted(os.listdir(directory)):
        with open(os.path.join(directory, file), encoding="utf-8") as f:
            text = f.read()
        for name, value in re.findall(r'#define (\w+) "(/[^"]*)"', text):
            text = re.sub(rf'", {name} "', f'", "{value}', text)
            text = re.sub(rf'", {name},', f'", "{value}",', text)
        found += [Route(*m.groups()) for m in _ROW.finditer(text)]
    assert len(found) > 60, "the route tables have another form now"
    return found


def routes():
    directory = os.path.join(ROOT, "src", "api")
    found = []
    for file in sorted(os.listdir(directory)):
        if file.endswith(".c"):
            with open(os.path.join(directory, file), encoding="utf-8") as f:
                found += [Route(*m.groups()) for m in _ROW.finditer(f.read())]
    assert len(found) > 40, "the route tables have another form now"
    return found
