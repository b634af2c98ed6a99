"""tools/check-docs finds what a manual lacks, and what it made up."""

import pytest

SCHEMA = """
const struct conf_item conf_schema[CONF_N_KEYS] = {
    [CONF_LOG_LEVEL] = { "log", "level", CONF_ENUM, .fallback = "info",
        .summary = "the least important lines" },
    [CONF_PROBE_ALLOW] = { "probe", "allow", CONF_RANGES, .summary = "what may be probed" },
};
"""
SERVE = 'static const struct { const char *flag; } options[] = {\n    { "--data", CONF_DATA },\n};\n'
CLI = """
const struct cli_word cli_words[] = {
    { "config", "check [--config FILE] | list [-o table|json]", "check a configuration", run },
    { 0 },
};
"""
ROUTES = """
const struct api_route routes[] = {
    { "GET", "/things/{id}", ROLE_USER, API_READS, get, 0 },
    { "GET", "/healthz", ROLE_PUBLIC, API_NO_TX | API_AT_ROOT, alive, 0 },
    { 0 },
};
"""
CONF_5 = """.Ss [log]
.It Ic level No = Ar level
Default:
.Li info
.Ss [probe]
.It Ic allow No = Ar ranges
"""
SERVE_8 = ".It Fl -config Ar file\n.It Fl -data Ar directory\n"
CERTDESK_1 = """.Nm
.Cm config Cm check | list
.It Fl -config Ar file
.It Fl o Ar format
.It Fl f , -file Ar file
"""
OPTIONS = """
static const struct option options[] = {
    { "file", required_argument, NULL, 'f' },
    { "help", no_argument, NULL, 'h' },
};
"""
BASH = 'words="config"; sub="check list"; options="--config --file -o"\n'
OPENAPI = """openapi: 3.1.0
servers:
  - url: /api/v1
paths:
  /things/{id}:
    get:
      summary: One thing
  /healthz:
    servers: [{ url: / }]
    get:
      summary: Alive
components:
  /not/a/path:
    get:
"""
GOOD = {
    "src/conf/schema.c": SCHEMA, "src/daemon/serve.c": SERVE, "src/cli/cli.c": CLI,
    "src/cli/config.c": OPTIONS,
    "src/api/things.c": ROUTES, "docs/man/certdesk.conf.5": CONF_5,
    "docs/man/certdesk-serve.8": SERVE_8, "docs/man/certdesk.1": CERTDESK_1,
    "packaging/completion/certdesk.bash": BASH, "api/openapi.yaml": OPENAPI,
}


def test_docs_passes_when_all_agree(tree):
    for path, text in GOOD.items():
        tree.write(path, text)
    assert tree.check("check-docs") == (0, "")


@pytest.mark.parametrize("path, old, new, says", [
    ("docs/man/certdesk.conf.5", ".It Ic allow", ".It Ic allows", "[probe] allow is missing"),
    ("docs/man/certdesk.conf.5", ".It Ic allow", ".It Ic allows",
     "[probe] allows, which does not exist"),
    ("docs/man/certdesk.conf.5", ".Li info", ".Li debug", "the default of [log] level"),
    ("src/conf/schema.c", '"level"', '"levels"', "[log] levels is missing"),
    ("src/conf/schema.c", "{ ", "( ", "setting: the table was not found"),
    ("docs/man/certdesk-serve.8", ".It Fl -data Ar directory", "", "--data is missing"),
    ("src/daemon/serve.c", "--data", "--date", "--data, which does not exist"),
    ("src/cli/cli.c", '"config"', '"conf"', '"conf" is missing in certdesk.1'),
    ("docs/man/certdesk.1", "check | list", "check", '"list", which is missing in certdesk.1'),
    ("docs/man/certdesk.1", "Fl o", "Fl x", '"-o", which is missing in certdesk.1'),
    ("packaging/completion/certdesk.bash", "list", "", '"list", which is missing in certdesk.bash'),
    ("packaging/completion/certdesk.bash", "-o", "", '"-o", which is missing in certdesk.bash'),
    ("src/cli/config.c", "file", "fyle", '"--fyle", which is missing in certdesk.1'),
    ("src/cli/cli.c", "{ ", "( ", "word: the table was not found"),
    ("api/openapi.yaml", "get:\n      summary: One", "put:\n      summary: One",
     "GET /api/v1/things/{id} is missing"),
    ("api/openapi.yaml", "get:\n      summary: One", "put:\n      summary: One",
     "PUT /api/v1/things/{id}, which does not exist"),
    ("api/openapi.yaml", "    servers: [{ url: / }]\n", "", "GET /healthz is missing"),
])
def test_docs_fails(tree, path, old, new, says):
    for name, text in GOOD.items():
        assert path != name or old in text
        tree.write(name, text.replace(old, new) if name == path else text)
    status, said = tree.check("check-docs")
    assert status == 1 and says in said, said
