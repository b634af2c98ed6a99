"""F25 F28 F29: requests made in the vault: every kind of key and name, saved, listed, downloaded, removed."""

import hashlib
import ipaddress
import json
import os
import sqlite3

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from uploads import upload

KEYS = [
    ({"algorithm": "rsa"}, "rsa", 2048), ({"algorithm": "rsa", "size": 3072}, "rsa", 3072),
    ({"algorithm": "rsa", "size": 4096}, "rsa", 4096), ({"algorithm": "ec"}, "P-256", 256),
    ({"algorithm": "ec", "curve": "P-384"}, "P-384", 384), ({"algorithm": "ec", "size": 521}, "P-521", 521),
    ({"algorithm": "ed25519"}, "ed25519", 256),
]


def spki_sha256(public_key):
    return hashlib.sha256(public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def download(api, csr_id):
    answer = api.get(f"/csrs/{csr_id}.pem")
    assert answer.headers["Content-Type"] == "application/x-pem-file"
    return x509.load_pem_x509_csr(answer.body)


def sans_of(request, kind):
    return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(kind)


def subject_of(request):
    return {a.rfc4514_attribute_name: a.value for a in request.subject}


def test_every_kind_of_key_makes_a_request_that_its_key_signed(desk):
    for wanted, kind, size in KEYS:
        made = desk.admin.post("/csrs", {"subject": {"CN": "keys.example"}, "key": wanted}).json
        request = download(desk.admin, made["id"])
        assert request.is_signature_valid
        key = request.public_key()
        if kind == "rsa":
            assert isinstance(key, rsa.RSAPublicKey) and key.key_size == size
        elif kind == "ed25519":
            assert isinstance(key, ed25519.Ed25519PublicKey)
        else:
            assert isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size == size
            assert made["key"]["curve"] == kind
        assert made["key"]["algorithm"] == wanted["algorithm"] and made["key"]["size"] == size
        assert made["spki_sha256"] == spki_sha256(key)


def test_subject_and_names_come_out_as_they_went_in(desk):
    made = desk.admin.post("/csrs", {
        "subject": {"CN": "www.bücher.example", "O": "Bücher & Söhne", "OU": "Netz", "L": "Köln", "ST": "NRW", "C": "DE",
                    "emailAddress": "post@example.org", "serialNumber": "HRB 12345"},
        "sans": ["www.bücher.example", "*.Example.org", "192.0.2.7", "2001:DB8::7", "root@bücher.example",
                 "https://example.org/a?b=c", "dns:example.org", "uri:spiffe://example.org/ns/x",
                 {"type": "email", "value": "a@example.org"}, {"type": "ip", "value": "[2001:db8::7]"},
                 {"type": "dns", "value": "example.org."}],
        "key": {"algorithm": "ec"}, "business_group": "Shop", "name": "Bücher", "description": "for later"}).json
    assert (made["name"], made["business_group"], made["owner"], made["used_at"]) == ("Bücher", "Shop", "admin", None)
    request = download(desk.admin, made["id"])
    assert subject_of(request) == {
        "CN": "www.bücher.example", "O": "Bücher & Söhne", "OU": "Netz", "L": "Köln", "ST": "NRW", "C": "DE",
        "1.2.840.113549.1.9.1": "post@example.org", "2.5.4.5": "HRB 12345"}
    assert sans_of(request, x509.DNSName) == ["www.xn--bcher-kva.example", "*.example.org", "example.org"]
    assert sans_of(request, x509.IPAddress) == [ipaddress.ip_address("192.0.2.7"), ipaddress.ip_address("2001:db8::7")]
    assert sans_of(request, x509.RFC822Name) == ["root@xn--bcher-kva.example", "a@example.org"]
    assert sans_of(request, x509.UniformResourceIdentifier) == [
        "https://example.org/a?b=c", "spiffe://example.org/ns/x"]
    assert made["sans"][0] == "www.xn--bcher-kva.example" and len(made["sans"]) == 9


def test_a_host_as_common_name_is_asked_for_unless_a_list_is_given(desk):
    admin = desk.admin
    key = {"algorithm": "ec"}
    assert admin.post("/csrs", {"subject": {"CN": "one.example"}, "key": key}).json["sans"] == ["one.example"]
    assert admin.post("/csrs", {"subject": {"CN": "192.0.2.1"}, "key": key}).json["sans"] == ["192.0.2.1"]
    assert admin.post("/csrs", {"subject": {"CN": "A Person"}, "key": key}).json["sans"] == []
    assert admin.post("/csrs", {"subject": {"CN": "one.example"}, "sans": [], "key": key}).json["sans"] == []
    alone = admin.post("/csrs", {"sans": ["only.example"], "key": key}).json
    assert alone["subject"] == "" and alone["name"] == "only.example"
    extension = download(admin, alone["id"]).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert extension.critical  # RFC 5280, 4.1.2.6


@pytest.mark.parametrize("body,field,says", [
    ({}, "subject", "a subject"),
    ({"subject": {}}, "subject", "a subject"),
    ({"subject": {"CN": "x" * 65}}, "subject.CN", "64"),
    ({"subject": {"CN": "ü" * 65}}, "subject.CN", "64"),
    ({"subject": {"O": "x" * 65}}, "subject.O", "64"),
    ({"subject": {"OU": ""}}, "subject.OU", ""),
    ({"subject": {"L": "x" * 129}}, "subject.L", "128"),
    ({"subject": {"ST": "x" * 129}}, "subject.ST", "128"),
    ({"subject": {"C": "DEU", "CN": "x"}}, "subject.C", "two capital letters"),
    ({"subject": {"C": "d1", "CN": "x"}}, "subject.C", "two capital letters"),
    ({"subject": {"CN": "a\0b"}}, "subject.CN", ""),
    ({"subject": {"emailAddress": "ü@example.org"}}, "subject.emailAddress", "characters"),
    ({"subject": {"serialNumber": "a@b"}}, "subject.serialNumber", "letters"),
    ({"subject": {"CN": 7}}, "subject.CN", ""),
    ({"subject": {"XX": "7"}}, "subject.XX", ""),
    ({"sans": ["a b"]}, "sans[0]", ""),
    ({"sans": ["good.example", "under_score!.example"]}, "sans[1]", ""),
    ({"sans": ["a.*.example"]}, "sans[0]", ""),
    ({"sans": ["evil\0.example"]}, "sans[0]", ""),
    ({"sans": ["x" * 64 + ".example"]}, "sans[0]", ""),
    ({"sans": [{"type": "ip", "value": "300.1.1.1"}]}, "sans[0].value", ""),
    ({"sans": [{"type": "ip", "value": "www.example"}]}, "sans[0].value", "IP address"),
    ({"sans": [{"type": "dns", "value": "192.0.2.1"}]}, "sans[0].value", "address"),
    ({"sans": [{"type": "email", "value": "nobody"}]}, "sans[0].value", "mail"),
    ({"sans": [{"type": "email", "value": "ü@example.org"}]}, "sans[0].value", "before the @"),
    ({"sans": [{"type": "uri", "value": "/relative"}]}, "sans[0].value", "scheme"),
    ({"sans": [{"type": "uri", "value": "http://bücher.example/"}]}, "sans[0].value", "ASCII"),
    ({"sans": [{"type": "x400", "value": "x"}]}, "sans[0].type", ""),
    ({"sans": ["a.example"] * 1001}, "sans", "1000"),
    ({"subject": {"CN": "x"}, "key": {"algorithm": "dsa"}}, "key.algorithm", ""),
    ({"subject": {"CN": "x"}, "key": {"algorithm": "rsa", "size": 1024}}, "key.size", "2048, 3072 or 4096"),
    ({"subject": {"CN": "x"}, "key": {"algorithm": "rsa", "curve": "P-256"}}, "key.curve", "none"),
    ({"subject": {"CN": "x"}, "key": {"algorithm": "ec", "curve": "secp256k1"}}, "key.curve", ""),
    ({"subject": {"CN": "x"}, "key": {"algorithm": "ec", "curve": "P-256", "size": 384}}, "key.size", "256"),
    ({"subject": {"CN": "x"}, "key": {"algorithm": "ed25519", "size": 512}}, "key.size", "256"),
    ({"subject": {"CN": "x"}, "nonsense": 1}, "nonsense", ""),
])
def test_what_cannot_be_asked_for_is_told_by_field(desk_module, body, field, says):
    answer = desk_module.admin.post("/csrs", body, expect=400)
    errors = {e["field"]: e["message"] for e in answer.json["errors"]}
    assert says in errors[field] and ("subject" in errors) == (field == "subject"), errors


def test_requests_are_listed_found_and_removed_with_their_keys(desk):
    admin, key = desk.admin, {"algorithm": "ec"}
    ids = [admin.post("/csrs", {"subject": {"CN": f"h{i}.example", "O": "100%_Org"}, "key": key}).json["id"]
           for i in range(5)]
    page = admin.get("/csrs?limit=2").json
    assert [c["id"] for c in page["items"]] == ids[:2:-1] and page["total"] == 5
    rest = admin.get(f"/csrs?limit=3&cursor={page['next_cursor']}").json
    assert [c["id"] for c in rest["items"]] == ids[2::-1] and rest["next_cursor"] is None
    assert [c["id"] for c in admin.get("/csrs?q=H3.EXAMPLE").json["items"]] == [ids[3]]
    assert admin.get("/csrs?q=100%25_org").json["total"] == 5 and admin.get("/csrs?q=%25x").json["total"] == 0
    assert admin.get("/csrs?used=true").json["total"] == 0 and admin.get("/csrs?used=false").json["total"] == 5
    admin.get("/csrs?sort=name", expect=400)
    admin.delete(f"/csrs/{ids[0]}", headers={"If-Match": '"2"'}, expect=412)
    admin.delete(f"/csrs/{ids[0]}")
    admin.get(f"/csrs/{ids[0]}", expect=404)
    admin.get(f"/csrs/{ids[0]}.pem", expect=404)
    admin.delete(f"/csrs/{ids[0]}", expect=404)
    if desk.database is None:
        with sqlite3.connect(os.path.join(desk.data, "db", "certdesk.db")) as db:
            assert db.execute("SELECT count(*) FROM sealed_key WHERE purpose = 'tls'").fetchone() == (4,)
    actions = [e["action"] for e in admin.get("/audit?object_type=csr").json["items"]]
    assert actions == ["csr.delete"] + ["csr.create"] * 5


def test_the_same_request_sent_twice_makes_one_key(desk):
    body, headers = {"subject": {"CN": "twice.example"}, "key": {"algorithm": "ec"}}, {"Idempotency-Key": "k1"}
    first = desk.admin.post("/csrs", body, headers=headers)
    second = desk.admin.post("/csrs", body, headers=headers)
    assert first.json == second.json and desk.admin.get("/csrs").json["total"] == 1
    desk.admin.post("/csrs", {"subject": {"CN": "other.example"}}, headers=headers, expect=422)


def signed(authority, request, **kw):
    """What an authority makes of a request."""
    class Key:
        def public_key(self):
            return request.public_key()
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName)
    return authority.issue(*names, key=Key(), **kw)


def make(desk, name="used.example", api=None):
    api = api or desk.admin
    made = api.post("/csrs", {"subject": {"CN": name}, "key": {"algorithm": "ec"}, "business_group": "Shop"}).json
    return made["id"], download(api, made["id"])


def test_the_certificate_of_a_request_becomes_a_record_with_its_key(desk, authority):
    number, request = make(desk)
    issued = signed(authority, request)
    answer = desk.admin.post(f"/csrs/{number}/certificate", {
        "certificate": issued.pem, "chain": authority.pem, "tags": ["web"]})
    record = answer.json
    assert record["name"] == "used.example" and record["business_group"] == "Shop" and record["tags"] == ["web"]
    assert record["key"] == {"stored": True, "algorithm": "ec", "size": 256} and not record["duplicate"]
    assert answer.headers["Location"].endswith(f"/certificates/{record['id']}")
    used = desk.admin.get(f"/csrs/{number}").json
    assert used["used_at"] and used["certificate"] == {"id": record["id"], "name": "used.example"}
    assert desk.admin.get("/csrs?used=true").json["total"] == 1
    version = desk.admin.get(f"/certificates/{record['id']}/versions").json["items"][0]
    assert version["has_private_key"] and version["fingerprint_sha256"] == issued.fingerprint
    again = desk.admin.post(f"/csrs/{number}/certificate", {"certificate": issued.pem}, expect=200).json
    assert again["duplicate"] and again["id"] == record["id"]
    # The request may go; the key stays with the record. When the record goes too, so does the key, after a day.
    desk.admin.delete(f"/csrs/{number}")
    assert desk.admin.get(f"/certificates/{record['id']}/versions").json["items"][0]["has_private_key"]


def test_a_certificate_comes_in_any_form(desk, authority, tmp_path):
    for form_of in ("pem", "der", "p7b", "json"):
        number, request = make(desk, f"{form_of}.example")
        issued = signed(authority, request)
        if form_of == "json":
            body = desk.admin.post(f"/csrs/{number}/certificate", {"certificate": issued.chain_pem()}).json
        else:
            content = {"pem": issued.chain_pem().encode(), "der": issued.cert.public_bytes(serialization.Encoding.DER),
                       "p7b": pkcs7.serialize_certificates([authority.cert, issued.cert], serialization.Encoding.DER)}
            body = upload(desk.admin, f"/csrs/{number}/certificate", [("file", "x", content[form_of])],
                          expect=201).json
        assert body["key"]["stored"], form_of


def test_a_certificate_for_another_key_is_refused_and_says_so(desk, authority):
    number, request = make(desk)
    other = authority.issue("used.example", kind="rsa")
    answer = desk.admin.post(f"/csrs/{number}/certificate", {"certificate": other.pem}, expect=409).json
    assert "another key" in answer["detail"] and "rsa of 2048 bits" in answer["errors"][0]["message"]
    assert desk.admin.get("/certificates").json["total"] == 0
    assert desk.admin.get(f"/csrs/{number}").json["used_at"] is None
    for body, field in (({}, "certificate"), ({"certificate": "nonsense"}, "file"),
                        ({"certificate": other.pem, "nonsense": 1}, "nonsense")):
        errors = desk.admin.post(f"/csrs/{number}/certificate", body, expect=400).json["errors"]
        assert field in [e["field"] for e in errors], errors
    # Among others, the right one is found.
    both = desk.admin.post(f"/csrs/{number}/certificate",
                           {"certificate": other.pem + signed(authority, request).pem}).json
    assert both["key"]["stored"]


def test_a_record_that_had_the_certificate_gets_the_key(desk, authority):
    number, request = make(desk)
    issued = signed(authority, request)
    first = upload(desk.admin, "/certificates/import", [("file", issued.pem)], expect=201).json
    assert first["key"] is None
    second = desk.admin.post(f"/csrs/{number}/certificate", {"certificate": issued.pem}, expect=200).json
    assert second["id"] == first["id"] and second["key"]["stored"]


def test_requests_by_hand(desk, authority, tmp_path):
    env = {"CERTDESK_TOKEN": desk.admin.token}
    made = desk.cli("csr", "create", "www.hand.example", "hand.example", "192.0.2.1", "--subject", "O=Hand, Inc.",
                    "--key", "ec:P-384", "--business-group", "Shop", "-o", "json", env=env)
    assert made.returncode == 0, made.stderr
    row = json.loads(made.stdout)
    assert row["key"] == {"algorithm": "ec", "size": 384, "curve": "P-384"} and len(row["sans"]) == 3
    pem = desk.cli("csr", "show", str(row["id"]), "-o", "pem", env=env).stdout
    request = x509.load_pem_x509_csr(pem.encode())
    assert subject_of(request) == {"CN": "www.hand.example", "O": "Hand, Inc."}
    assert "www.hand.example" in desk.cli("csr", "list", "--unused", "--search", "HAND", env=env).stdout
    file = tmp_path / "signed.pem"
    file.write_text(signed(authority, request).chain_pem())
    used = desk.cli("csr", "use", str(row["id"]), str(file), "--tags", "web", env=env)
    assert used.returncode == 0 and "in the vault" in used.stdout, used.stderr
    assert "hand" not in desk.cli("csr", "list", "--unused", env=env).stdout
    assert "2 hand" not in desk.cli("csr", "show", str(row["id"]), env=env).stdout
    assert desk.cli("csr", "delete", str(row["id"]), env=env).returncode == 0
    assert desk.cli("csr", "show", str(row["id"]), env=env).returncode == 1
    for bad in (("csr",), ("csr", "create"), ("csr", "show"), ("csr", "show", "x"), ("csr", "list", "--nonsense"),
                ("csr", "create", "a b"), ("key", "turn"), ("key", "show", "--wait")):
        assert desk.cli(*bad, env=env).returncode in (1, 2), bad
    shown = desk.cli("key", "show", env=env).stdout
    assert "current" in shown and "file" in shown
    rotated = desk.cli("key", "rotate", "--wait", env=env)
    assert rotated.returncode == 0 and "retired" in rotated.stdout, rotated.stderr
