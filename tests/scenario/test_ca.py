"""F21: the built-in authority: made, signed elsewhere, its certificate watched, its lists and answers checked by openssl."""

import re
import subprocess

from cryptography import x509

from certdesk import Api
from servers import wait_until

ROOT = {"name": "house", "type": "local", "kind": "root", "subject": {"CN": "House Root", "O": "Example", "C": "CH"},
        "key": {"algorithm": "ec"}, "lifetime_days": 3650, "public_url": "http://pki.example.org/"}


def openssl(*words, cwd, stdin=None, fails=False):
    done = subprocess.run(["openssl", *words], cwd=cwd, input=stdin, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def write(tmp_path, name, content):
    with open(tmp_path / name, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return name


def crl_of(desk, name="house", above=0):
    """Its list, once there is one with a number above that."""
    def there():
        answer = desk.admin.call("GET", f"/pki/{name}.crl")
        if answer.status != 200:
            return None
        crl = x509.load_der_x509_crl(answer.body)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        return (answer, crl, number) if number > above else None
    return wait_until(there, 20, f"a CRL of {name}")


def test_a_root_signs_itself_and_is_watched_like_any_other(desk, tmp_path):
    made = desk.admin.post("/cas", ROOT)
    assert made.headers["Location"] == "/api/v1/cas/house"
    ca = made.json
    assert (ca["state"], ca["kind"], ca["key_algorithm"], ca["key_storage"]) == ("active", "root", "ec-p256", "sealed")
    assert ca["subject"] == "CN=House Root,O=Example,C=CH" and ca["pathlen"] == 0
    assert ca["public_url"] == "http://pki.example.org" and ca["url_is_fixed"] is False
    cert = desk.admin.call("GET", "/pki/house.crt", expect=200)
    assert cert.headers["Content-Type"] == "application/pkix-cert" and "max-age=86400" in cert.headers["Cache-Control"]
    write(tmp_path, "root.der", cert.body)
    openssl("x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem", cwd=tmp_path)
    openssl("verify", "-x509_strict", "-CAfile", "root.pem", "root.pem", cwd=tmp_path)
    text = openssl("x509", "-in", "root.pem", "-noout", "-text", cwd=tmp_path)
    assert "CA:TRUE, pathlen:0" in text and "Certificate Sign, CRL Sign" in text

    record = desk.admin.get(f"/certificates/{ca['certificate']}").json
    assert record["owner"] == "admin" and record["status"] == "valid", record
    version = desk.admin.get(f"/certificates/{ca['certificate']}/versions").json["items"][0]
    assert version["chain_status"] == "trusted", version
    assert [c["name"] for c in desk.admin.get("/cas").json["items"]] == ["house"]
    audit = [e["action"] for e in desk.admin.get("/audit").json["items"]]
    assert "ca.create" in audit


def test_the_list_of_revoked_ones_is_there_at_once_and_can_be_made_anew(desk, tmp_path):
    desk.admin.post("/cas", ROOT)
    answer, crl, number = crl_of(desk)
    assert answer.headers["Content-Type"] == "application/pkix-crl" and number == 1 and len(crl) == 0
    write(tmp_path, "crl.der", answer.body)
    write(tmp_path, "root.der", desk.admin.call("GET", "/pki/house.crt", expect=200).body)
    openssl("x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem", cwd=tmp_path)
    assert "verify OK" in openssl("crl", "-inform", "DER", "-in", "crl.der", "-CAfile", "root.pem", "-noout", cwd=tmp_path)
    again = desk.admin.call("GET", "/pki/house.crl", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304 and again.body == b""
    ca = desk.admin.post("/cas/house/crl", expect=200).json
    assert ca["crl"]["number"] == 2 and ca["crl"]["is_stale"] is False
    assert crl_of(desk, above=1)[2] == 2
    # The schedule makes none while it is fresh.
    desk.admin.job_done(desk.admin.post("/schedules/crl/run", expect=202).json["job"])
    assert desk.admin.get("/cas/house").json["crl"]["number"] == 2
    metrics = desk.admin.call("GET", "/metrics", expect=200).body.decode()
    assert re.search(r'^certdesk_crl_next_update_timestamp_seconds\{ca="house"\} \d{10}$', metrics, re.M)


def sign_elsewhere(desk, tmp_path, name):
    """An offline root signs the authority's request with the openssl command; the chain as PEM."""
    csr = desk.admin.call("GET", f"/cas/{name}/csr", expect=200)
    assert csr.headers["Content-Type"] == "application/pkcs10"
    write(tmp_path, "ca.csr", csr.body)
    assert "self-signature verify OK" in openssl("req", "-in", "ca.csr", "-noout", "-verify", cwd=tmp_path)
    write(tmp_path, "x.cnf", "[req]\ndistinguished_name=dn\n[dn]\n[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                             "subjectKeyIdentifier=hash\n"
                             "[sub]\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
                             "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,digitalSignature,keyCertSign,cRLSign\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "outer.key",
            "-out", "outer.pem", "-subj", "/CN=Outer Root", "-days", "3000", "-config", "x.cnf",
            "-extensions", "root", cwd=tmp_path)
    openssl("x509", "-req", "-in", "ca.csr", "-CA", "outer.pem", "-CAkey", "outer.key", "-days", "1000", "-set_serial", "77",
            "-extfile", "x.cnf", "-extensions", "sub", "-out", "sub.pem", cwd=tmp_path)
    with open(tmp_path / "sub.pem", encoding="ascii") as sub, open(tmp_path / "outer.pem", encoding="ascii") as outer:
        return sub.read() + outer.read()


def test_an_intermediate_waits_for_its_certificate_and_takes_no_other(desk, tmp_path, root):
    ca = desk.admin.post("/cas", {**ROOT, "name": "sub", "kind": "intermediate", "subject": {"CN": "House Sub"},
                                  "name_constraints": {"permitted": ["Example.ORG", "10.0.0.0/8"]}}).json
    assert ca["state"] == "awaiting_certificate" and ca["certificate"] is None and ca["crl"] is None
    assert ca["name_constraints"] == {"permitted": ["example.org", "10.0.0.0/8"], "excluded": []}
    assert desk.admin.call("GET", "/pki/sub.crt").status == 404
    assert desk.admin.call("POST", "/cas/sub/crl").status == 409
    chain = sign_elsewhere(desk, tmp_path, "sub")
    request = openssl("req", "-in", "ca.csr", "-noout", "-text", cwd=tmp_path)
    assert "CA:TRUE, pathlen:0" in request and "DNS:example.org" in request and "IP:10.0.0.0/255.0.0.0" in request

    for wrong, says in [("no PEM", "no certificate"), (root.pem, "another key")]:
        refused = desk.admin.call("POST", "/cas/sub/certificate", {"chain": wrong})
        assert refused.status == 400 and refused.json["errors"][0]["field"] == "chain", refused
        assert says in refused.json["errors"][0]["message"]
    ca = desk.admin.post("/cas/sub/certificate", {"chain": chain}, expect=200).json
    assert ca["state"] == "active" and ca["pathlen"] == 0 and ca["not_after"]
    version = desk.admin.get(f"/certificates/{ca['certificate']}/versions").json["items"][0]
    assert version["issuer"] == "CN=Outer Root" and version["chain_status"] == "trusted", version
    assert crl_of(desk, "sub")[1].issuer.rfc4514_string() == "CN=House Sub"
    # A new certificate for the same key takes the old one's place.
    desk.admin.post("/cas/sub/certificate", {"chain": sign_elsewhere(desk, tmp_path, "sub")}, expect=200)


BAD = [
    ({"name": "Not A Name"}, "name"), ({"name": "-x"}, "name"), ({"name": "x" * 64}, "name"), ({"name": ""}, "name"),
    ({"kind": "leaf"}, "kind"), ({"type": "other"}, "type"), ({"storage": "paper"}, "storage"),
    ({"subject": {}}, "subject.CN"), ({"subject": {"CN": "x", "C": "Switzerland"}}, "subject.C"),
    ({"subject": {"CN": "x" * 65}}, "subject.CN"),
    ({"key": {"algorithm": "rsa", "size": 1024}}, "key.size"), ({"key": {"algorithm": "dsa"}}, "key.algorithm"),
    ({"lifetime_days": 0}, "lifetime_days"), ({"lifetime_days": 99999}, "lifetime_days"),
    ({"public_url": "ftp://x/"}, "public_url"), ({"public_url": "http://x/?a"}, "public_url"),
    ({"public_url": "http://user:pw@x/"}, "public_url"), ({"public_url": "http://x/" + 600 * "a"}, "public_url"),
    ({"name_constraints": {"permitted": ["*.example.org"]}}, "name_constraints.permitted[0]"),
    ({"name_constraints": {"excluded": ["ok.example", "10.0.0.0/8/8"]}}, "name_constraints.excluded[1]"),
    ({"name_constraints": {"permitted": ["10.0.0.1/8"]}}, "name_constraints.permitted[0]"),
    ({"name_constraints": {"allowed": []}}, "name_constraints.allowed"), ({"surplus": 1}, "surplus"),
]


def test_what_cannot_be_an_authority_is_told_by_field(desk_module):
    for change, field in BAD:
        refused = desk_module.admin.call("POST", "/cas", {**ROOT, **change})
        assert refused.status == 400, (change, refused)
        assert field in [e["field"] for e in refused.json["errors"]], (change, refused)
    assert desk_module.admin.get("/cas").json["items"] == []


def test_editing_moving_and_removing(desk):
    desk.admin.post("/cas", ROOT)
    again = desk.admin.call("POST", "/cas", ROOT)
    assert again.status == 409 and "already" in again.json["detail"]
    ca = desk.admin.get("/cas/house").json
    edited = desk.admin.patch("/cas/house", {"description": "for the house", "public_url": "http://other.example/x/"},
                              headers={"If-Match": ca["etag"]}).json
    assert edited["description"] == "for the house" and edited["public_url"] == "http://other.example/x"
    assert desk.admin.call("PATCH", "/cas/house", {"description": "late"}, headers={"If-Match": ca["etag"]}).status == 412
    assert desk.admin.patch("/cas/house", {"disabled": True}).json["state"] == "disabled"
    # What it tells of goes on, whether it issues or not.
    assert crl_of(desk)[2] >= 1
    assert desk.admin.patch("/cas/house", {"disabled": False}).json["state"] == "active"
    desk.admin.delete("/cas/house")
    assert desk.admin.call("GET", "/cas/house").status == 404 and desk.admin.call("GET", "/pki/house.crt").status == 404
    desk.admin.post("/cas", ROOT)


def test_plain_users_see_which_there_are_and_count_nothing(desk):
    """F35: what is counted, and whose record it is, are for who sees all."""
    desk.admin.post("/cas", ROOT)
    desk.admin.post("/users", {"name": "reader", "role": "user", "password": "long enough to do"})
    api = Api(desk.base)
    signed_in = api.post("/session", {"username": "reader", "password": "long enough to do"}, expect=200)
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].split(";")[0]}
    ca, = api.get("/cas", headers=cookie).json["items"]
    assert (ca["name"], ca["state"]) == ("house", "active")
    assert [ca[n] for n in ("n_certificates", "n_revoked", "n_profiles", "certificate")] == [None] * 4
    assert api.get("/cas/house/certificates", headers=cookie).json["items"] == []
    assert api.get("/dashboard", headers=cookie).json["cas"] == []


def test_the_command_line_makes_and_tends_authorities(desk, tmp_path):
    token = {"CERTDESK_TOKEN": desk.admin.token}

    def ca(*words, fails=False, stdin=None):
        done = desk.cli("ca", *words, env=token, stdin=stdin)
        assert (done.returncode != 0) == fails, done
        return done.stdout + done.stderr

    out = ca("create", "up", "--subject", "CN=Up Root", "--subject", "O=Example", "--key", "ec:P-384", "--days", "100",
             "--url", "http://pki.example.org", "--permit", "example.org", "--exclude", "secret.example.org")
    assert "ec-p384" in out and "CN=Up Root,O=Example" in out and "active" in out and "0.0.0.0/0" in out
    ca("create", "sub", "--intermediate", "--subject", "CN=Sub", "--url", "http://pki.example.org", "--description", "two")
    assert "awaiting_certificate" in ca("list")
    chain = sign_elsewhere(desk, tmp_path, "sub")
    assert ca("csr", "sub").startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert "active" in ca("install", "sub", "-", stdin=chain)
    write(tmp_path, "chain.pem", chain)
    assert "active" in ca("install", "sub", str(tmp_path / "chain.pem"))
    assert "CRL number" in ca("crl", "sub")
    assert "disabled" in ca("disable", "sub") and "active" in ca("enable", "sub")
    assert "other" in ca("edit", "sub", "--url", "http://other.example.org", "--description", "three")
    assert "SERIAL" in ca("issued", "sub")
    ca("remove", "sub")
    assert "there is no certificate authority" in ca("show", "sub", fails=True)
    assert "public_url" in ca("create", "x", "--subject", "CN=X", "--url", "ftp://x", fails=True)
    assert "usage" in ca("create", fails=True)
