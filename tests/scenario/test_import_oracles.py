"""F26 F27: others' PKCS#12 files and certificates through the whole road: importer, vault, database, API."""

import csv
import os
import urllib.parse

import pytest

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


def test_keys_of_all_forms_are_refused_for_a_stranger_s_certificate(desk_module, authority):
    site = authority.issue("stranger.example")
    for row in rows("keys")[::6]:
        fields = {"file": site.pem, "key": content("keys", "files", row["file"]),
                  "key_password": urllib.parse.unquote(row["password_pct"])}
        answer = upload(desk_module.admin, "/certificates/import", fields)
        assert answer.status == 400, (row["file"], answer)
        if row["verdict"] == "accept":
            assert "belong" in answer.json["detail"], (row["file"], answer)
    import_(desk_module.admin, {"file": site.pem})
