"""F12 F26: what other programs write and what happens to it on the way: keys, certificates and requests."""

import base64
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from lifecycle import Desk, csr_for
from uploads import import_, pfx


def openssl(*words, given=None):
    done = subprocess.run(["openssl", *[str(w) for w in words]], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def der_of(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def dressed(text, der):
    """The same PEM after mail, YAML, a form's single line, a shell, an old Mac; and only its base64."""
    lines = text.strip().split("\n")
    yield "YAML", "tls.key: |\n" + "".join(f"    {line}\n" for line in lines)
    yield "mail", "".join(f"> {line}\n" for line in lines)
    yield "one line", " ".join(lines)
    yield "written line ends", "\\n".join(lines) + "\\n"
    yield "no line ends", "".join(lines)
    yield "CR", "\r".join(lines)
    yield "base64 of DER", base64.b64encode(der).decode()
    yield "base64 of DER in lines", base64.encodebytes(der).decode()


def test_pem_is_taken_as_it_arrives(desk, authority):
    for n, _ in enumerate(dressed("", b"")):
        site = authority.issue(f"dress{n}.example")
        what, text = list(dressed(site.pem + site.key_pem, der_of(site.cert)))[n]
        made = import_(desk.admin, {"file": text}).json
        assert made["current"]["fingerprint_sha256"] == site.fingerprint, what
        assert made["has_private_key"] or what.startswith("base64"), what
    site = authority.issue("secret.example")
    made = import_(desk.admin, {"file": base64.b64encode((site.key_pem + site.pem).encode())}).json
    assert made["has_private_key"]


def test_a_pfx_in_base64_is_a_pfx(desk, authority, tmp_path):
    site = authority.issue("encoded.example")
    text = base64.encodebytes(pfx(tmp_path, site, "secret"))
    assert "wrong password" in import_(desk.admin, {"file": text, "password": "no"}, expect=400).json["detail"]
    made = import_(desk.admin, {"file": text, "password": "secret"}).json
    assert made["has_private_key"] and made["current"]["fingerprint_sha256"] == site.fingerprint


def test_a_chain_labelled_as_one_certificate_is_taken(desk, authority):
    """As Microsoft's certificate services write PKCS#7."""
    site = authority.issue("certsrv.example")
    bundle = pkcs7.serialize_certificates([site.cert, authority.cert], serialization.Encoding.PEM)
    made = import_(desk.admin, {"file": bundle.replace(b"PKCS7", b"CERTIFICATE"), "key": site.key_pem}).json
    assert made["current"]["fingerprint_sha256"] == site.fingerprint and made["has_private_key"]


def test_a_key_is_known_however_its_curve_and_point_are_written(desk, authority):
    for options in (["-ec_param_enc", "explicit"], ["-ec_conv_form", "compressed"],
                    ["-ec_param_enc", "explicit", "-ec_conv_form", "compressed"]):
        site = authority.issue("spelt.example")
        key = openssl("pkey", *options, given=site.key_pem.encode())
        made = import_(desk.admin, {"file": site.pem, "key": key}).json
        assert made["has_private_key"] and "key_missing" not in [w["code"] for w in made["warnings"]], options


def test_a_certificate_with_its_curve_in_full_keeps_its_key(desk, tmp_path):
    key, cert = tmp_path / "key", tmp_path / "cert"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit",
            "-out", key)
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=full.example", "-out", cert)
    named = openssl("pkey", "-in", key, "-ec_param_enc", "named_curve")
    for form in (key.read_bytes(), named):
        made = import_(desk.admin, {"file": cert.read_bytes(), "key": form}, expect=None).json
        assert made["has_private_key"], form


@pytest.mark.parametrize("options, before, after, says", [
    # PBES2 with AES-256-GCM, as Botan writes it: its number instead of AES-256-CBC's.
    ([], "60864801650304012a", "60864801650304012e", "unsupported encryption: aes-256-gcm"),
    # scrypt with N = 16384 and r = 127 instead of 8.
    (["-scrypt"], "02024000020108", "0202400002017f", "more than 32 MiB of memory"),
])
def test_encryption_that_cannot_be_undone_is_no_wrong_password(desk, authority, options, before, after, says):
    site = authority.issue("sealed.example")
    sealed = openssl("pkcs8", "-topk8", "-outform", "DER", "-passout", "pass:secret", *options,
                     given=site.key_pem.encode())
    assert import_(desk.admin, {"file": site.pem, "key": sealed, "key_password": "secret"}).json["has_private_key"]
    assert bytes.fromhex(before) in sealed
    sealed = sealed.replace(bytes.fromhex(before), bytes.fromhex(after))
    answer = import_(desk.admin, {"file": site.pem, "key": sealed, "key_password": "secret"}, expect=400).json
    assert says in answer["detail"] and [e["field"] for e in answer["errors"]] == ["key"]


def test_a_request_is_taken_as_it_arrives(desk):
    issuing = Desk(desk)
    for n in range(len(list(dressed("", b"")))):
        text, key = csr_for(f"r{n}.example.org")
        what, text = list(dressed(text, openssl("req", "-outform", "DER", given=text.encode())))[n]
        ticket = issuing.enrolled(csr=text)
        assert ticket["status"] == "certificate_enrolled", what
        assert issuing.chain(ticket)[0].public_key().public_numbers() == key.public_key().public_numbers(), what


def test_a_request_for_a_key_that_nobody_takes_is_refused_when_it_is_made(desk, tmp_path):
    issuing, key = Desk(desk), tmp_path / "key"
    for kind, says in (
            (["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], "RSA-PSS"),
            (["EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
             "EC with explicit parameters")):
        openssl("genpkey", "-algorithm", *kind, "-out", key)
        text = openssl("req", "-new", "-key", key, "-subj", "/CN=www.example.org").decode()
        answer = issuing.create(csr=text, expect=400)
        assert any(e["field"] == "csr" and says in e["message"] for e in answer["errors"]), answer
    assert issuing.api.get("/tickets").json["total"] == 0
