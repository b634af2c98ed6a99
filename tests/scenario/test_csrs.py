"""F25 F28 F29: requests made in the vault: every kind of key and name, saved, listed, downloaded, removed."""

import hashlib
import ipaddress
import os
import sqlite3

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

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
    assert says in errors[field], errors


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
