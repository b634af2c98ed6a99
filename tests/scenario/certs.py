"""Certificates for the scenarios: made in memory, with dates as the story needs them."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

UTC = datetime.timezone.utc


def days(n):
    """The instant n days from now, and a minute, so that whole days left are n."""
    return datetime.datetime.now(UTC) + datetime.timedelta(days=n, minutes=1)


def new_key(kind="ec"):
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Issued:
    """A certificate with its key and whoever signed it."""

    def __init__(self, cert, key, issuer=None):
        self.cert, self.key, self.issuer = cert, key, issuer

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode()

    @property
    def fingerprint(self):
        return self.cert.fingerprint(hashes.SHA256()).hex()

    @property
    def not_after(self):
        return self.cert.not_valid_after.replace(tzinfo=UTC)

    def chain_pem(self, include_root=False):
        """Leaf, then what is above it; the root only when asked for."""
        parts, at = [self.pem], self.issuer
        while at is not None:
            if at.issuer is not None or include_root:
                parts.append(at.pem)
            at = at.issuer
        return "".join(parts)


def _build(subject, public_key, issuer_name, signing_key, not_before, not_after, extensions):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer_name)
               .public_key(public_key).serial_number(x509.random_serial_number())
               .not_valid_before(not_before.replace(tzinfo=None))
               .not_valid_after(not_after.replace(tzinfo=None)))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signing_key, hashes.SHA256())


class Authority(Issued):
    """A CA, root or intermediate."""

    @classmethod
    def root(cls, name="Scenario Root", not_after=None):
        key = new_key()
        cert = _build(_name(name), key.public_key(), _name(name), key, days(-3650), not_after or days(3650), [
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)])
        return cls(cert, key)

    def intermediate(self, name="Scenario Issuing CA", not_after=None):
        key = new_key()
        cert = _build(_name(name), key.public_key(), self.cert.subject, self.key, days(-3000),
                      not_after or days(3000), [
                          (x509.BasicConstraints(ca=True, path_length=0), True),
                          (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
                          (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)])
        return Authority(cert, key, self)

    def issue(self, *names, not_before=None, not_after=None, kind="ec", key=None, san_count=0,
              san_domain="many.example"):
        key = key or new_key(kind)
        sans = [_general_name(n) for n in names]
        sans += [x509.DNSName(f"n{i}.{san_domain}") for i in range(san_count)]
        cert = _build(_name(names[0]), key.public_key(), self.cert.subject, self.key, not_before or days(-30),
                      not_after or days(90), [
                          (x509.BasicConstraints(ca=False, path_length=None), True),
                          (x509.SubjectAlternativeName(sans), False),
                          (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False),
                          (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)])
        return Issued(cert, key, self)


def self_signed(*names, not_before=None, not_after=None):
    key = new_key()
    cert = _build(_name(names[0]), key.public_key(), _name(names[0]), key, not_before or days(-30),
                  not_after or days(90),
                  [(x509.SubjectAlternativeName([_general_name(n) for n in names]), False)])
    return Issued(cert, key)
