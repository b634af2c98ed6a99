"""Each check of tools/ passes a small good tree and fails the same tree made bad in one place."""

import subprocess

import pytest

from conftest import ROOT


def good_layers(tree):
    tree.write("src/base/err.h", "#pragma once\n")
    tree.write("src/core/match.h", "#pragma once\n#include \"base/err.h\"\n")
    tree.write("src/store/cert.h", "#pragma once\n#include \"core/match.h\"\n")
    tree.write("src/auth/session.h", "#pragma once\n#include \"store/cert.h\"\n")
    tree.write("src/job/queue.h", "#pragma once\n")
    tree.write("src/job/types/probe.c", "#include \"auth/session.h\"\n#include \"job/queue.h\"\n")
    tree.write("src/vault/client.h", "#pragma once\n")
    tree.write("src/vault/keys.h", "#pragma once\n#include <openssl/evp.h>\n")
    tree.write("src/db/sqlite.c", "#include <sqlite3.h>\n#include \"vault/client.h\"\n")


def test_layers_passes_includes_that_point_down(tree):
    good_layers(tree)
    assert tree.check("check-layers") == (0, "")


@pytest.mark.parametrize("path, line, says", [
    ("src/base/buf.c", '#include "core/match.h"', 'base may not include "core/match.h"'),
    ("src/core/life.c", '#include "store/cert.h"', 'core may not include "store/cert.h"'),
    ("src/core/life.c", '#include "vault/client.h"', 'core may not include "vault/client.h"'),
    ("src/job/queue.c", '#include "auth/session.h"', 'job may not include "auth/session.h"'),
    ("src/notify/smtp.c", '#include "auth/session.h"', 'notify may not include'),
    ("src/store/user.c", '#include "auth/session.h"', 'store may not include'),
    ("src/db/sqlite.c", '#include "vault/keys.h"', 'db may not include "vault/keys.h"'),
    ("src/probe/engine.c", '#include "store/cert.h"', 'probe may not include'),
    ("src/vault/main.c", '#include "store/cert.h"', 'vault may not include'),
    ("src/core/life.c", '#include "match.h"', 'paths start at src/'),
    ("src/helpers/misc.c", "", "belongs to no layer"),
    ("src/core/life.c", "#include <openssl/x509.h>", "OpenSSL is included only in"),
    ("src/net/loop.c", "#include <openssl/ssl.h>", "OpenSSL is included only in"),
    ("src/net/loop.c", "#include <curl/curl.h>", "libcurl is included only in"),
    ("src/store/cert.c", "#include <sqlite3.h>", "SQLite is included only in"),
    ("src/db/sqlite.c", "#include <libpq-fe.h>", "libpq is included only in"),
    ("src/api/certs.c", "#include <jansson.h>", "jansson is included only in"),
    ("src/api/certs.c", "#  include <event2/event.h>", "libevent is included only in"),
    ("src/base/buf.c", "#include <cmocka.h>", "cmocka is included only in"),
])
def test_layers_fails(tree, path, line, says):
    good_layers(tree)
    tree.write(path, line + "\n")
    status, said = tree.check("check-layers")
    assert status == 1
    assert says in said and path in said


def test_layers_does_not_read_comments(tree):
    good_layers(tree)
    tree.write("src/base/buf.c", '/*\n#include "core/match.h"\n*/\n')
    assert tree.check("check-layers")[0] == 0


def lines(n):
    return "int x;\n" * n


@pytest.mark.parametrize("path, n, status", [
    ("src/base/a.c", 800, 0),
    ("src/base/a.c", 801, 1),
    ("src/base/a.h", 300, 0),
    ("src/base/a.h", 301, 1),
    ("tests/unit/test_a.c", 801, 1),
])
def test_size_limits_files(tree, path, n, status):
    tree.write(path, lines(n))
    assert tree.check("check-size")[0] == status


@pytest.mark.parametrize("head, status", [
    ("static const struct row rows[] = {\n", 0),
    ("static const struct row\n    rows[] = {\n", 0),
    ("const struct row rows[] = {\n", 0),
    ("static const int limit = 3;\nstatic struct row rows[] = {\n", 1),
    ("static const char *name(void)\n{\n", 1),
])
def test_size_does_not_count_tables(tree, head, status):
    tree.write("src/base/a.c", head + "    { 1, 2 },\n" * 900 + "};\n")
    assert tree.check("check-size")[0] == status


@pytest.mark.parametrize("n, allowed, status, says", [
    (900, "src/base/a.c 900", 0, ""),
    (901, "src/base/a.c 900", 1, "901 lines, more than 900"),
    (500, "src/base/a.c 900", 1, "remove it from tools/size-allow"),
    (500, "src/base/gone.c 900", 1, "does not exist"),
])
def test_size_allows_only_what_is_listed(tree, n, allowed, status, says):
    tree.write("src/base/a.c", lines(n))
    tree.write("tools/size-allow", "# why\n%s\n" % allowed)
    found, said = tree.check("check-size")
    assert found == status and says in said


@pytest.mark.parametrize("n, status", [(76, 0), (77, 0), (78, 1)])
def test_size_limits_functions(tree, n, status):
    body = "    x++;\n" * n
    tree.write("src/base/a.c", "static int x;\n\nvoid f(void)\n{\n%s}\n" % body)
    assert tree.check("check-size")[0] == status


@pytest.mark.parametrize("path, code, status", [
    ("src/store/cert.c", 'q = tx_prepare(tx, "SELECT id FROM certificate");', 0),
    ("src/api/certs.c", 'q = tx_prepare(tx, "SELECT id FROM certificate");', 1),
    ("src/api/certs.c", 'q = tx_prepare(tx, "SELECT id,"\n   "  name FROM certificate");', 1),
    ("src/job/queue.c", 'run("UPDATE job SET state = 1");', 1),
    ("src/job/queue.c", 'run("DELETE FROM job");', 1),
    ("src/job/queue.c", 'run("INSERT INTO job (id) VALUES ($1)");', 1),
    ("src/job/queue.c", 'run("WITH due AS (SELECT 1) SELECT * FROM due");', 1),
    ("src/job/queue.c", 'fail(err, ERR_CONFLICT, "update the job first");', 0),
    ("src/job/queue.c", '/* "SELECT id FROM job" */', 0),
    ("src/db/sqlite.c", 'run("PRAGMA journal_mode = WAL");', 0),
    ("src/db/sqlite.c", 'run("BEGIN IMMEDIATE");', 0),
    ("src/db/migrate.c", 'run("INSERT INTO schema_migration (number) VALUES ($1)");', 0),
    ("src/db/migrate.c", 'run("DELETE FROM certificate");', 1),
    ("src/api/certs.c", 'run("PRAGMA user_version");', 1),
])
def test_sql_is_at_home_in_store(tree, path, code, status):
    tree.write(path, "void f(void)\n{\n    %s\n}\n" % code)
    assert tree.check("check-sql")[0] == status


@pytest.mark.parametrize("header, source, status, says", [
    ("#pragma once\n#include <stddef.h>\nsize_t f(void);\n", '#include "base/a.h"\n', 0, ""),
    ("#pragma once\nsize_t f(void);\n", '#include "base/a.h"\n', 1, "does not compile alone"),
    ("int f(void);\n", '#include "base/a.h"\n', 1, "has no #pragma once"),
    ("#pragma once\n", '#include <stdio.h>\n#include "base/a.h"\n', 1, "first"),
])
def test_headers(tree, header, source, status, says):
    tree.write("src/base/a.h", header)
    tree.write("src/base/a.c", source)
    found, said = tree.check("check-headers")
    assert found == status and says in said


@pytest.mark.parametrize("name, status", [("json_object", 1), ("json_object_of_ours", 0)])
def test_symbols_of_ours_do_not_shadow_a_library(tree, name, status):
    code = "int %s(void);\nint %s(void)\n{\n    return 0;\n}\n" % (name, name)
    source = tree.write("a.c", code + "int main(void)\n{\n    return 0;\n}\n")
    program, ours = tree.folder / "a", tree.folder / "a.o"
    subprocess.run(["gcc", "-c", source, "-o", ours], check=True)
    subprocess.run(["gcc", ours, "-Wl,--no-as-needed", "-ljansson", "-o", program], check=True)
    assert tree.check("check-symbols", ours, program)[0] == status


@pytest.mark.parametrize("subject, status", [
    ("store: find certificates by fingerprint", 0),
    ("api, web: show days left", 0),
    ("api: RFC 9457 problems for every error", 0),
    ("store: find certificates by fingerprint.", 1),
    ("store: Find certificates by fingerprint", 1),
    ("store: added certificates by fingerprint", 1),
    ("find certificates by fingerprint", 1),
    ("store: find certificates by their fingerprint, name, serial and tag", 1),
])
def test_commit_subjects(tree, subject, status):
    message = tree.write("message", subject + "\n\nBecause.\n")
    assert tree.check("check-commit", "--message", message)[0] == status


def test_commit_needs_an_empty_line_after_the_subject(tree):
    message = tree.write("message", "store: find certificates\nbecause\n")
    assert tree.check("check-commit", "--message", message)[0] == 1


def test_commit_reads_history(tree):
    def git(*args):
        subprocess.run(["git", "-C", tree.folder, "-c", "user.name=x", "-c", "user.email=x@x",
                        *args], check=True, stdout=subprocess.DEVNULL)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "store: begin")
    assert tree.check("check-commit", "HEAD")[0] == 0
    git("commit", "-q", "--allow-empty", "-m", "Oops.")
    assert tree.check("check-commit", "HEAD")[0] == 1


def tidy(tree, code):
    source = tree.write("src/a.c", code)
    done = subprocess.run(["clang-tidy", "--quiet", "--config-file=%s" % (ROOT / ".clang-tidy"),
                           source, "--", "-std=gnu17"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("body, says", [
    ("    x++;\n" * 82, "readability-function-size"),
    ("    if (x) { if (x > 1) { if (x > 2) { if (x > 3) { if (x > 4) { x++; } } } } }\n",
     "readability-function-size"),
    ("".join("    if (x > %d && x < %d) { x++; }\n" % (n, n + 9) for n in range(14)),
     "readability-function-cognitive-complexity"),
    ("    int *p = 0;\n    *p = 1;\n", "clang-analyzer"),
], ids=["long", "nested", "complex", "null"])
def test_tidy_fails(tree, body, says):
    status, said = tidy(tree, "static int x;\n\nvoid f(void);\nvoid f(void)\n{\n%s}\n" % body)
    assert status != 0 and says in said


def test_tidy_passes_plain_code(tree):
    assert tidy(tree, "int f(int x);\nint f(int x)\n{\n    return x + 1;\n}\n")[0] == 0
