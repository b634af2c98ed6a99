"""What tools/embed makes compiles, holds the bytes it was given, and refuses what it cannot keep."""

import gzip
import subprocess

import pytest

from conftest import ROOT

EMBED = ROOT / "tools/embed"


def embed(*args):
    return subprocess.run(["/usr/bin/python3", EMBED, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def compile_and_run(folder, generated, main):
    source = folder / "main.c"
    source.write_text(main)
    program = folder / "program"
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                    "-I", ROOT / "src", source, generated, "-o", program], check=True)
    return subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout


DUMP_WEB = """
#include "api/webfiles.h"
int main(void)
{
    for (size_t i = 0; i < n_web_files; i++) {
        const struct web_file *f = &web_files[i];
        printf("%s|%s|%zu|%zu|", f->path, f->content_type, f->n_bytes, f->n_gzip);
        fwrite(f->bytes, 1, f->n_bytes, stdout);
        fwrite(f->gzip ? f->gzip : (const uint8_t *)"", 1, f->n_gzip, stdout);
    }
}
"""


def test_web_files_hold_every_byte(tmp_path):
    page = b"<p>\"quotes\" \\ and ??= trigraphs</p>\n" * 40
    image = bytes(range(256))
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_bytes(page)
    (dist / "assets/logo.png").write_bytes(image)
    (dist / ".stamp").write_bytes(b"not for the binary")
    out = tmp_path / "webfiles.c"
    assert embed("web", out, dist, "enabled").returncode == 0

    dump = compile_and_run(tmp_path, out, DUMP_WEB)

    head = b"/assets/logo.png|image/png|256|0|" + image
    assert dump.startswith(head)
    fields = dump[len(head):].split(b"|", 4)
    assert fields[:2] == [b"/index.html", b"text/html; charset=utf-8"]
    assert fields[4][:len(page)] == page
    assert gzip.decompress(fields[4][len(page):]) == page
    assert int(fields[3]) == len(fields[4]) - len(page)


def test_web_without_a_page_says_so(tmp_path):
    out = tmp_path / "webfiles.c"
    assert embed("web", out, tmp_path / "none", "auto").returncode == 0
    assert b"built without the page" in compile_and_run(tmp_path, out, DUMP_WEB)


def test_web_enabled_demands_a_page(tmp_path):
    done = embed("web", tmp_path / "webfiles.c", tmp_path / "none", "enabled")
    assert done.returncode != 0 and "build the page first" in done.stdout


def test_nothing_is_rewritten_when_nothing_changed(tmp_path):
    out = tmp_path / "webfiles.c"
    embed("web", out, tmp_path / "none", "auto")
    before = out.stat().st_mtime_ns
    embed("web", out, tmp_path / "none", "auto")
    assert out.stat().st_mtime_ns == before


def test_openapi_becomes_json(tmp_path):
    (tmp_path / "api.yaml").write_text("openapi: 3.1.0\ninfo: {title: certdesk, version: '1'}\n")
    out = tmp_path / "openapi.c"
    assert embed("openapi", out, tmp_path / "api.yaml").returncode == 0
    dump = compile_and_run(tmp_path, out, """
#include "api/webfiles.h"
int main(void)
{
    fwrite(openapi_file.bytes, 1, openapi_file.n_bytes, stdout);
}
""")
    assert dump == b'{"openapi":"3.1.0","info":{"title":"certdesk","version":"1"}}'


@pytest.mark.parametrize("names, says", [
    (["0001-people.sql", "0003-work.sql"], "numbered 1, 2"),
    (["0001-people.sql", "0001-work.sql"], "numbered 1, 2"),
    (["people.sql"], "NNNN-name.sql"),
])
def test_schema_steps_have_no_gaps(tmp_path, names, says):
    for name in names:
        (tmp_path / name).write_text("SELECT 1;\n")
    done = embed("schema", tmp_path / "schema.c", *(tmp_path / name for name in names))
    assert done.returncode != 0 and says in done.stdout


def test_schema_steps_are_in_order(tmp_path):
    (tmp_path / "0002-work.sql").write_text("B\n")
    (tmp_path / "0001-people.sql").write_text("A \"quoted\"\n")
    out = tmp_path / "schema.c"
    assert embed("schema", out, tmp_path / "0002-work.sql",
                 tmp_path / "0001-people.sql").returncode == 0
    dump = compile_and_run(tmp_path, out, """
#include "store/schema.h"
int main(void)
{
    for (size_t i = 0; i < n_schema_steps; i++)
        printf("%d %s %s", (int)schema_steps[i].number, schema_steps[i].name, schema_steps[i].sql);
}
""")
    assert dump == b'1 people A "quoted"\n2 work B\n'
