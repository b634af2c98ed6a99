"""What the checks of tools/ share: which files are ours, and C without its comments."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<char>'(?:\\.|[^'\\\n])*')""",
    re.DOTALL)


def options(description, argv=None, more=None):
    """The options of a check: --root, so that its tests can give it a small bad tree."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=Path, default=REPOSITORY)
    if more:
        more(parser)
    return parser.parse_args(argv)


def sources(root, *folders, kinds=(".c", ".h")):
    """Our C files below these folders, sorted."""
    found = []
    for folder in folders:
        base = root / folder
        found += [p for p in base.rglob("*") if p.suffix in kinds and p.is_file()
                  and "node_modules" not in p.parts]
    return sorted(found)


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def blank(text):
    """As many newlines as there were, so that line numbers stay right."""
    return " " + "\n" * text.count("\n")


def without_comments(text):
    """C with its comments blanked; strings are kept."""
    return TOKEN.sub(lambda m: blank(m[0]) if m["comment"] else m[0], text)


def strings(text):
    """(line, content) of each string literal; neighbours are joined, as the compiler does."""
    clean = without_comments(text)
    found = []
    end = None
    for match in TOKEN.finditer(clean):
        if not match["string"]:
            continue
        if end is not None and not clean[end:match.start()].strip():
            found[-1][1] += match[0][1:-1]
        else:
            found.append([clean.count("\n", 0, match.start()) + 1, match[0][1:-1]])
        end = match.end()
    return found


def includes(text):
    """(line, name, ours): each #include; `ours` is true for "…"."""
    found = []
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            found.append((number, match[2], match[1] == '"'))
    return found


def capture(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def finish(problems, what):
    """Say what was found and end: 1 if anything was."""
    for problem in problems:
        print(problem)
    if problems:
        print("%s: %d problem%s" % (what, len(problems), "s" if len(problems) > 1 else ""))
    sys.exit(1 if problems else 0)
