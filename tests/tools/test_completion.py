"""The bash completion offers what can come next."""

import subprocess

import pytest

from conftest import ROOT


def complete(line):
    words = line.split(" ")
    script = """
. "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_certdesk
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "-c", script, "bash",
                           ROOT / "packaging/completion/certdesk.bash", *words],
                          stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return done.stdout.split()


@pytest.mark.parametrize("line, offered", [
    ("certdesk ch", ["check"]),
    ("certdesk cert ", ["list", "show", "add", "edit", "delete", "watch", "unwatch", "versions", "compare", "log", "confirm", "dead", "alive", "update", "export", "import",
                        "replace", "access", "bulk", "enroll", "renew", "revoke"]),
    ("certdesk notification ", ["show", "set", "test", "log", "resend"]),
    ("certdesk csv ", ["import", "export"]),
    ("certdesk csv import packaging/certdesk.c", ["packaging/certdesk.conf"]),
    ("certdesk ticket c", ["cancel", "comment", "create", "csr"]),
    ("certdesk csr ", ["create", "list", "show", "use", "delete"]),
    ("certdesk key r", ["rotate", "recovery"]),
    ("certdesk csr list --u", ["--used", "--unused"]),
    ("certdesk check --starttls po", ["pop3", "postgres"]),
    ("certdesk check --al", ["--allow-untrusted"]),
    ("certdesk cert list -o j", ["json"]),
    ("certdesk serve --tls-", ["--tls-cert", "--tls-key"]),
    ("certdesk cert import packaging/certdesk.c", ["packaging/certdesk.conf"]),
    ("certdesk cert import --key-", ["--key-password-file", "--key-users", "--key-groups"]),
    ("certdesk resource ", ["list", "show", "add", "edit", "remove", "put", "clear", "test", "deploy"]),
    ("certdesk user r", ["remove"]),
    ("certdesk config check --config packaging/certdesk.c", ["packaging/certdesk.conf"]),
])
def test_completion_offers(line, offered):
    assert sorted(complete(line)) == sorted(offered)
