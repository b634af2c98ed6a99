"""A desk that issues: the built-in CA, profiles, requests, and tickets driven through their stages."""

import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from certs import new_key
from servers import wait_until
from uploads import upload


def csr_for(*names, key=None, common_name=None, subject=(), digest=hashes.SHA256()):
    """A request in PEM, and its key."""
    key = key or new_key()
    words = [x509.NameAttribute(NameOID.COMMON_NAME, common_name or names[0])] + list(subject)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(words))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    request = builder.sign(key, digest)
    return request.public_bytes(serialization.Encoding.PEM).decode(), key


def spki(key_or_cert):
    public = key_or_cert.public_key()
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def person(life, name, role="user"):
    """Somebody whose name begins so, and is nobody else's on a desk that many stories share."""
    return life.desk.user(f"{name}-{secrets.token_hex(3)}", role)


class Desk:
    """The API with one authority `internal` and one profile `web`, for names below example.org."""

    def __init__(self, desk, makes_ca=True, **profile):
        self.desk, self.api = desk, desk.admin
        if makes_ca:
            self.api.post("/cas", {"name": "internal", "kind": "root", "subject": {"CN": "Internal Root"},
                                   "public_url": "http://pki.example.org"})
        self.profile("web", **profile)

    def profile(self, name, **fields):
        body = {"name": name, "ca": "internal", "lifetime_days": 90, "window": {"days": 30},
                "names": {"domains": ["example.org", "*.example.org"], "wildcards": True}, **fields}
        return self.api.post("/profiles", body).json

    def create(self, *names, api=None, profile="web", expect=201, **fields):
        if "csr" not in fields and "sans" not in fields and "subject" not in fields:
            fields["csr"] = csr_for(*(names or ("www.example.org",)))[0]
        body = {"type": "certificate", "summary": "Web shop", "profile": profile, **fields}
        return (api or self.api).post("/tickets", body, expect=expect).json

    def do(self, ticket, transition, api=None, expect=200, **words):
        return (api or self.api).post(f"/tickets/{ticket['key']}/transitions", {"transition": transition, **words},
                                      expect=expect).json

    def enrolled(self, *names, api=None, **fields):
        return self.do(self.create(*names, api=api, **fields), "enroll", api=api)

    def ticket(self, ticket, api=None):
        return (api or self.api).get(f"/tickets/{ticket['key']}").json

    def comments(self, ticket, api=None):
        return [c["body"] for c in (api or self.api).get(f"/tickets/{ticket['key']}/comments?limit=500").json["items"]]

    def files(self, ticket, api=None):
        return (api or self.api).get(f"/tickets/{ticket['key']}/attachments").json["items"]

    def download(self, ticket, file, api=None):
        return (api or self.api).get(f"/tickets/{ticket['key']}/attachments/{file['id']}")

    def chain(self, ticket, api=None):
        """The certificates of the newest file, the leaf first."""
        file = self.files(ticket, api)[-1]
        end = b"-----END CERTIFICATE-----\n"
        return [x509.load_pem_x509_certificate(one + end) for one in self.download(ticket, file, api).body.split(end)[:-1]]

    def attach(self, ticket, name, content, api=None, expect=201):
        return upload(api or self.api, f"/tickets/{ticket['key']}/attachments", [("file", name, content)],
                      expect=expect).json

    def until(self, ticket, *statuses, seconds=30):
        def there():
            now = self.ticket(ticket)
            return now if now["status"] in statuses else None
        return wait_until(there, seconds, f"{ticket['key']} in {statuses}")

    def run(self, schedule):
        job = self.api.post(f"/schedules/{schedule}/run", expect=202).json["job"]
        return self.api.job_done(job, 60)
