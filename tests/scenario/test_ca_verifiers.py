"""F21: what the built-in authority signs, in the eyes of other people's verifiers and of a strict reader of DER.

In the style of NIST's PKITS: for each kind of path one that must be good, and those beside it that must not.
"""

import datetime
import ipaddress
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

import strictder
import verifiers
from certs import new_key
from lifecycle import Desk
from servers import wait_until
from test_ca import crl_of
from test_ca_issued import ask
from verifiers import Question

DAY = datetime.timedelta(days=1)
EVERY_NAME = {"domains": ["*", "example.org"], "wildcards": True, "ip": True, "email": True, "uri": True, "max_names": 20}
LONG = x509.Name([
    x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"), x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Ä" * 128),
    x509.NameAttribute(NameOID.LOCALITY_NAME, "Zürich " * 18), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example (Holding) & Söhne — 東京"),
    x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "o" * 64), x509.NameAttribute(NameOID.SERIAL_NUMBER, "0123-4567"),
    x509.NameAttribute(NameOID.COMMON_NAME, "www.example.org")])
WWW = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.org")])


def request(sans, subject=WWW, key=None):
    """A CSR in PEM, and its key."""
    key = key or new_key()
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(), key


def dns(*names):
    return [x509.DNSName(n) for n in names]


# What stands in a request, and with which key.
KINDS = {
    "plain": (dns("www.example.org"), WWW),
    "wildcard": (dns("*.example.org", "example.org"), x509.Name([])),
    "addresses": ([*dns("www.example.org"), x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
                   x509.IPAddress(ipaddress.ip_address("2001:db8::7"))], WWW),
    "mail and uri": ([*dns("www.example.org"), x509.RFC822Name("ops@example.org"),
                      x509.UniformResourceIdentifier("spiffe://example.org/ns/shop")], WWW),
    "long subject": (dns("www.example.org"), LONG),
    "many names": (dns(*(f"a{i}.{'b' * 60}.example.org" for i in range(19)), "www.example.org"), WWW),
}


CAS = {"internal": None, "big": {"kind": "root", "key": {"algorithm": "rsa", "size": 3072}},
       "sub": {"kind": "intermediate", "key": {"algorithm": "ec", "curve": "P-384"},
               "name_constraints": {"permitted": ["example.org", "10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32", "email:example.org"],
                                    "excluded": ["deep.secret.example.org"]}},
       "names": {"kind": "intermediate", "name_constraints": {"permitted": ["example.org"]}}}  # excludes all addresses


class Outer:
    """A root elsewhere, which signs requests of authorities with all that they propose."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP384R1())
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Elsewhere"), x509.NameAttribute(NameOID.COMMON_NAME, "Outer Root")])
        self.cert = self.sign(name, self.key.public_key(), [
            (x509.BasicConstraints(True, 1), True), (self.usage(digital_signature=False), True)], name)

    @staticmethod
    def usage(**changes):
        bits = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
        return x509.KeyUsage(**{**bits, "digital_signature": True, "key_cert_sign": True, "crl_sign": True, **changes})

    def sign(self, subject, public, extensions, issuer=None, serial=None):
        now = datetime.datetime.utcnow()
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or self.cert.subject).public_key(public).serial_number(
            serial or x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + (2000 if serial else 3000) * DAY).add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public), False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        for value, critical in extensions:
            builder = builder.add_extension(value, critical)
        return builder.sign(self.key, hashes.SHA384())

    def grant(self, csr):
        # A serial number of 20 octets, the most there may be.
        return self.sign(csr.subject, csr.public_key(), [(e.value, e.critical) for e in csr.extensions],
                         serial=int.from_bytes(b"\x7f" + bytes(range(19)), "big"))


class House:
    """Roots of their own, intermediates that an outside root signed, and a profile for each usage of each."""

    def __init__(self, desk):
        self.life = Desk(desk)
        self.outer = Outer()
        self.certs, self.issued = {}, {}
        for name, wish in CAS.items():
            if wish:
                self.life.api.post("/cas", {"name": name, "subject": {"CN": f"House {name}", "O": "Example", "C": "CH"},
                                            "public_url": "http://pki.example.org", **wish})
            if wish and wish["kind"] == "intermediate":
                csr = x509.load_pem_x509_csr(self.life.api.call("GET", f"/cas/{name}/csr", expect=200).body)
                chain = verifiers.pem(self.outer.grant(csr), self.outer.cert).decode()
                self.life.api.post(f"/cas/{name}/certificate", {"chain": chain}, expect=200)
            for usage in ("server", "client", "both"):
                self.life.profile(f"{name} {usage}", ca=name, usage=usage, names=EVERY_NAME)
            self.certs[name] = x509.load_der_x509_certificate(self.life.api.call("GET", f"/pki/{name}.crt", expect=200).body)

    def strict(self, name):
        above = strictder.certificate(der(self.outer.cert), is_ca=True)
        return strictder.certificate(der(self.certs[name]), is_ca=True, issuer=above if self.is_sub(name) else None)

    @staticmethod
    def is_sub(name):
        return CAS[name] is not None and CAS[name]["kind"] == "intermediate"

    def issue(self, ca="internal", usage="server", kind="plain", key=None):
        """The ticket, the chain, and the key, which is asked for once for each kind of path."""
        if (ca, usage, kind) not in self.issued or key:
            csr, key = request(*KINDS[kind], key)
            ticket = self.life.enrolled(profile=f"{ca} {usage}", csr=csr)
            self.issued[ca, usage, kind] = ticket, self.life.chain(ticket), key
        return self.issued[ca, usage, kind]

    def question(self, chain, ca="internal", **how):
        return Question(chain[0], self.outer.cert if self.is_sub(ca) else self.certs[ca], above=chain[1:], **how)


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def house(desk_module):
    return House(desk_module)


# ---- as DER, and by the letter of RFC 5280

@pytest.mark.parametrize("wrong, says", [
    ("308002010100000000", "indefinite"), ("30810302010100", "short as can be"), ("3003020100ff", "behind the end"), ("3005020100", "cut off"),
    ("020200ff00", "behind the end"), ("02020001", "padding"), ("0202ff80", "padding"), ("010101", "BOOLEAN"), ("03020101", "unused bits"),
    ("06028001", "padding"), ("0603550480", "cut off"), ("130140", "PrintableString"), ("1601ff", "IA5String"),
    ("170a32363131323131393030", "UTCTime"), ("3106020102020101", "not sorted"), ("2403040101", "in parts"), ("1e020041", "the tag 30")])
def test_the_strict_reader_is_strict(wrong, says):
    with pytest.raises(strictder.Bad, match=says):
        strictder.read(bytes.fromhex(wrong))


def test_the_strict_reader_sees_what_openssl_forgives(house):
    """One byte of what was signed, changed: each is a finding of another sentence."""
    _, chain, _ = house.issue()
    good = der(chain[0])
    for before, after, says in (
            (b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00", b"\x06\x03\x55\x1d\x13\x01\x01\x00\x04\x02\x30\x00", "critical FALSE"),
            (b"\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x07\x80", b"\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x06\x80", "zeros"),
            (b"www.example.org", b"www.ex mple.org", "dNSName"), (b"\x06\x03\x55\x1d\x0e", b"\x06\x03\x55\x1d\x0d", "nobody asked for"),
            (b"\x06\x03\x55\x1d\x11", b"\x06\x03\x55\x1d\x0e", "twice"), (b"http://pki", b"http:/:pki", "no URL")):
        assert before in good, says
        with pytest.raises(strictder.Bad, match=says):
            strictder.certificate(good[::-1].replace(before[::-1], after[::-1], 1)[::-1], house.strict("internal"))

@pytest.mark.parametrize("ca", CAS)
def test_an_authority_is_encoded_by_the_letter(house, ca):
    house.strict(ca)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ca", ("internal", "sub", "big"))
def test_a_certificate_is_encoded_by_the_letter(house, ca, kind):
    _, chain, _ = house.issue(ca, kind=kind)
    found = strictder.certificate(der(chain[0]), house.strict(ca))
    assert len(chain) == (2 if house.is_sub(ca) else 1) and "SAN" in found.extensions


@pytest.mark.parametrize("key", (lambda: rsa.generate_private_key(65537, 2048), lambda: ec.generate_private_key(ec.SECP384R1())),
                         ids=("rsa", "p-384"))
@pytest.mark.parametrize("usage", ("server", "client", "both"))
def test_every_usage_and_kind_of_key_is_encoded_by_the_letter(house, usage, key):
    _, chain, _ = house.issue(usage=usage, key=key())
    del house.issued["internal", usage, "plain"]
    strictder.certificate(der(chain[0]), house.strict("internal"))


# ---- good paths, and those beside them

@pytest.mark.parametrize("verify", verifiers.each())
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ca", ("internal", "sub", "big"))
def test_what_is_issued_verifies(house, tmp_path, verify, ca, kind):
    _, chain, _ = house.issue(ca, kind=kind)
    assert verify(house.question(chain, ca, name="www.example.org"), tmp_path)


@pytest.mark.parametrize("verify", verifiers.each())
def test_below_an_authority_for_names_alone(house, tmp_path, verify):
    """All addresses are excluded by its constraints, which every verifier must understand."""
    _, chain, _ = house.issue("names")
    assert verify(house.question(chain, "names"), tmp_path)


@pytest.mark.parametrize("verify", verifiers.each("openssl", "nss"))
def test_by_its_dates(house, tmp_path, verify):
    _, chain, _ = house.issue("sub")
    begins, ends = (t.replace(tzinfo=datetime.timezone.utc) for t in (chain[0].not_valid_before, chain[0].not_valid_after))
    # NSS forgives clocks that are up to a day behind.
    for at, good in ((begins - 2 * DAY, False), (begins + DAY / 24, True), (ends - DAY / 24, True), (ends + DAY / 24, False)):
        assert verify(house.question(chain, "sub", at=at), tmp_path) == good, at


@pytest.mark.parametrize("verify", verifiers.each())
def test_by_its_usage(house, tmp_path, verify):
    for usage in ("server", "client", "both"):
        _, chain, _ = house.issue("sub", usage)
        for purpose in ("server", "client"):
            assert verify(house.question(chain, "sub", purpose=purpose), tmp_path) == (usage in (purpose, "both")), (usage, purpose)


@pytest.mark.parametrize("verify", verifiers.each("openssl", "gnutls"))
def test_by_its_names(house, tmp_path, verify):
    for kind, name, good in (("plain", "www.example.org", True), ("plain", "example.org", False), ("wildcard", "a.example.org", True),
                             ("wildcard", "a.b.example.org", False), ("wildcard", "example.org", True), ("addresses", "192.0.2.7", True),
                             ("addresses", "192.0.2.8", False), ("many names", f"a18.{'b' * 60}.example.org", True)):
        _, chain, _ = house.issue(kind=kind)
        assert verify(house.question(chain, name=name), tmp_path) == good, (kind, name)


@pytest.mark.parametrize("verify", verifiers.each())
def test_not_below_another_root_and_not_when_tampered_with(house, tmp_path, verify):
    _, chain, _ = house.issue("sub")
    assert not verify(Question(chain[0], house.certs["big"], above=chain[1:]), tmp_path)
    assert not verify(Question(chain[0], house.outer.cert), tmp_path)  # without the one between
    body = bytearray(der(chain[0]))
    body[-1] ^= 1
    try:
        forged = x509.load_der_x509_certificate(bytes(body))
    except ValueError:
        return
    assert not verify(house.question([forged, *chain[1:]], "sub"), tmp_path)


def forge(issuer, key):
    """What somebody with some key could sign in somebody's name."""
    now = datetime.datetime.utcnow()
    return x509.CertificateBuilder().subject_name(WWW).issuer_name(issuer.subject).public_key(new_key().public_key()).serial_number(
        x509.random_serial_number()).not_valid_before(now - DAY / 48).not_valid_after(now + DAY).add_extension(
        x509.SubjectAlternativeName(dns("www.example.org")), False).add_extension(x509.BasicConstraints(False, None), True).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False).add_extension(
        x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False).sign(key, hashes.SHA256())


@pytest.mark.parametrize("verify", verifiers.each())
def test_nobody_issues_with_the_key_of_a_certificate(house, tmp_path, verify):
    """PKITS 4.6: neither is basicConstraints cA, nor does the path length leave room."""
    _, chain, key = house.issue("sub")
    forged = forge(chain[0], key)
    assert not verify(house.question([forged, *chain], "sub"), tmp_path)


# ---- revoked

@pytest.fixture(scope="module")
def revoked(house):
    """(ca, chain that was revoked, chain that was not, the list) of each."""
    stories = []
    for ca, reason in (("internal", "keyCompromise"), ("sub", "unspecified"), ("big", "superseded")):
        ticket, bad, _ = house.issue(ca, kind="wildcard")
        _, good, _ = house.issue(ca)
        house.life.do(ticket, "revoke", reason=reason)
        del house.issued[ca, "server", "wildcard"]

        def there(ca=ca):
            _, crl, _ = crl_of(house.life.desk, ca)
            return crl if len(crl) == 1 else None
        stories.append((ca, bad, good, wait_until(there, 20, "a list with it"), reason))
    return stories


@pytest.mark.parametrize("verify", verifiers.each())
def test_a_revoked_one_does_not_verify(house, tmp_path, verify, revoked):
    for ca, bad, good, crl, _ in revoked:
        # Whoever wants a list of each wants one of the outer root, too: that is not ours to make.
        if house.is_sub(ca) and verify is not verifiers.openssl:
            continue
        assert verify(house.question(good, ca, crls=[crl]), tmp_path), ca
        assert not verify(house.question(bad, ca, crls=[crl]), tmp_path), ca


def test_lists_are_encoded_by_the_letter(house, revoked):
    codes = {"keyCompromise": 1, "unspecified": 0, "superseded": 4}
    for ca, bad, _, crl, reason in revoked:
        found, number = strictder.crl(crl.public_bytes(serialization.Encoding.DER), house.strict(ca))
        assert found == {bad[0].serial_number: codes[reason]} and number >= 2
    _, empty, _ = crl_of(house.life.desk, "names")
    assert strictder.crl(empty.public_bytes(serialization.Encoding.DER), house.strict("names")) == ({}, 1)


@pytest.mark.parametrize("get", (False, True), ids=("post", "get"))
def test_answers_are_encoded_by_the_letter(house, revoked, get):
    for ca, bad, good, _, _ in revoked:
        issuer, strict = house.certs[ca], house.strict(ca)
        for digest in (hashes.SHA1(), hashes.SHA256()):
            for nonce in (None, b"0123456789abcdef"):
                for chain, says in ((bad, "revoked"), (good, "good")):
                    answer, _ = ask(house.life, chain[0], issuer, digest, nonce, get=get, name=ca)
                    assert strictder.ocsp(answer.body, strict, nonce) == {chain[0].serial_number: says}
        stranger = forge(issuer, new_key())
        answer, _ = ask(house.life, stranger, issuer, get=get, name=ca)
        assert strictder.ocsp(answer.body, strict) == {stranger.serial_number: "unknown"}


@pytest.mark.skipif(not shutil.which("ocsptool"), reason="no ocsptool here")
def test_gnutls_believes_the_answers(house, revoked, tmp_path):
    for ca, bad, good, _, _ in revoked:
        (tmp_path / "issuer.pem").write_bytes(verifiers.pem(house.certs[ca]))
        for chain, says in ((bad, b"revoked"), (good, b"good")):
            (tmp_path / "cert.pem").write_bytes(verifiers.pem(chain[0]))
            done = subprocess.run(["ocsptool", f"--ask={house.life.desk.base}/ocsp/{ca}", "--nonce", "--load-cert=cert.pem",
                                   "--load-issuer=issuer.pem", "--load-signer=issuer.pem"], cwd=tmp_path, capture_output=True, timeout=30, check=False)
            assert b"Certificate Status: " + says in done.stdout and b"Verifying OCSP Response: Success" in done.stdout, done
