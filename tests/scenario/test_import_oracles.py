"""F26 F27: others' PKCS#12 files and certificates through the whole road: importer, vault, database, API."""

import csv
import os
import subprocess
import urllib.parse

import pytest
from cryptography.hazmat.primitives import serialization

from certdesk import ROOT
from uploads import import_, upload

ORACLES = os.environ.get("CERTDESK_ORACLES", os.path.join(ROOT, "..", "shared", "oracles"))


def rows(name):
    path = os.path.join(ORACLES, name, "expect.tsv")
    if not os.path.exists(path):
        pytest.skip(f"no test cases in {os.path.dirname(path)} (CERTDESK_ORACLES names their folder)")
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def content(*parts):
    with open(os.path.join(ORACLES, *parts), "rb") as f:
        return f.read()


def test_every_pfx_that_is_to_be_accepted_becomes_a_record_with_its_key(desk_module):
    admin, seen = desk_module.admin, {}
    for row in rows("pfx"):
        fields = {"file": content("pfx", "files", row["file"]), "password": urllib.parse.unquote(row["password_pct"])}
        answer = upload(admin, "/certificates/import", fields)
        if row["verdict"] in ("accept", "stretch-accept"):
            assert answer.status in (200, 201), (row["file"], answer)
            made = answer.json
            assert made["has_private_key"] and made["key"]["stored"], row["file"]
            if row["leaf_sha256"] != "-":
                assert made["current"]["fingerprint_sha256"] == row["leaf_sha256"], row["file"]
            assert (answer.status == 200) == (made["current"]["fingerprint_sha256"] in seen), row["file"]
            seen[made["current"]["fingerprint_sha256"]] = made["id"]
            if row["wrong_password_opens"] != "1":
                answer = import_(admin, {**fields, "password": "not this one"}, expect=400)
                assert "wrong password" in answer.json["detail"], (row["file"], answer)
        elif row["verdict"] in ("reject", "accept-key-only"):
            assert answer.status == 400, (row["file"], answer)
        assert answer.status < 500, (row["file"], answer)
    assert len(seen) > 15


def test_certificates_of_all_kinds_become_records(desk_module):
    """Every fortieth, and those that are to be refused; a leaf, a CA's, one without any name: each is a record."""
    table = rows("x509")
    for row in table[::40] + [r for r in table if r["verdict"] == "reject"]:
        answer = upload(desk_module.admin, "/certificates/import", {"file": content("x509", "der", row["sha256"] + ".der")})
        if row["verdict"] == "import":
            assert answer.status in (200, 201), (row["origin"], answer)
            assert answer.json["current"]["fingerprint_sha256"] == row["sha256"]
        elif row["verdict"] == "reject":
            assert answer.status == 400, (row["origin"], answer)
        assert answer.status < 500, (row["origin"], answer)


class _Half:
    """The public half of somebody's key, as an authority needs it."""

    def __init__(self, public):
        self.public = public

    def public_key(self):
        return self.public


def public_half(file, password):
    """By openssl, which knows forms that Python's library does not."""
    done = subprocess.run(["openssl", "pkey", "-in", os.path.join(ORACLES, "keys", "files", file), "-passin",
                           "pass:" + password, "-pubout"], capture_output=True, check=True)
    return _Half(serialization.load_pem_public_key(done.stdout))


def test_keys_of_all_forms_are_taken_with_their_certificate_and_refused_with_another(desk_module, authority):
    """F26 F27: some; with a wrong password and with none it is the password that is told to be amiss."""
    stranger = authority.issue("stranger.example")
    taken = 0
    table = rows("keys")
    for row in table[::8] + [r for r in table if "reject" in r["verdict"]]:
        password, key = urllib.parse.unquote(row["password_pct"]), content("keys", "files", row["file"])

        def bring(site, words):
            fields = {"file": site.pem, "key": key, "key_password": words}
            return upload(desk_module.admin, "/certificates/import", fields)
        answer = bring(stranger, password)
        assert answer.status == 400, (row["file"], answer)
        if row["verdict"] != "accept":
            continue
        assert "belong" in answer.json["detail"], (row["file"], answer)
        answer = bring(authority.issue("own.example", key=public_half(row["file"], password)), password)
        assert answer.status == 201 and answer.json["key"]["stored"], (row["file"], answer)
        taken += 1
        for words, says in (("not this one", "wrong password"), ("", "password is needed")):
            assert not password or says in bring(stranger, words).json["detail"], row["file"]
    assert taken > 8
    import_(desk_module.admin, {"file": stranger.pem})


def test_requests_are_no_certificates(desk_module):
    for row in rows("csr")[::3]:
        answer = upload(desk_module.admin, "/certificates/import", {"file": content("csr", "files", row["file"])})
        assert answer.status == 400 and answer.json["errors"][0]["field"] == "file", (row["file"], answer)
