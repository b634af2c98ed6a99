"""F25 F26 F27: certificates that are brought as files, with their keys, through the real processes."""

import os
import signal
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

from certs import Authority, days
from servers import wait_until
from uploads import form, import_, pfx, upload


def codes(answer):
    return {w["code"] for w in answer["warnings"]}


def fields_of(answer):
    return [e["field"] for e in answer.json["errors"]]


@pytest.fixture(name="chained", scope="module")
def fixture_chained():
    root = Authority.root("Import Root")
    return Authority.intermediate(root, "Import Issuing CA")


@pytest.mark.parametrize("options", [
    (), ("-legacy",), ("-keypbe", "NONE", "-certpbe", "NONE"), ("-nomac",), ("-macalg", "sha512", "-iter", "10000"),
], ids=["aes", "rc2-40", "plain", "no mac", "sha512"])
def test_a_pfx_becomes_a_record_with_its_key_and_chain(desk, chained, tmp_path, options):
    site = chained.issue("pfx.example", not_after=days(90))
    made = import_(desk.admin, {"file": pfx(tmp_path, site, "secret", *options), "password": "secret",
                                "name": "From a PFX", "tags": "web;blue", "business_group": "Shop"}).json
    assert made["duplicate"] is False
    assert made["has_private_key"] is True
    assert made["source"] == "imported"
    assert made["key"] == {"stored": True, "algorithm": "ec", "size": 256}
    assert made["current"]["fingerprint_sha256"] == site.fingerprint
    assert made["name"] == "From a PFX" and made["tags"] == ["blue", "web"] and made["business_group"] == "Shop"
    assert "chain_incomplete" not in codes(made)
    record = desk.admin.get(f"/certificates/{made['id']}").json
    assert record["has_private_key"] is True and record["status"] == "valid"
    pem = desk.admin.get(f"/certificates/{made['id']}.pem").body.decode()
    assert pem == site.chain_pem()
    assert "PRIVATE KEY" not in pem
