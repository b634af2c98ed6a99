"""F17 F21: what the built-in authority issues, revokes and answers, checked by openssl; and what it never issues."""

import base64
import os
import signal
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from certs import new_key
from lifecycle import Desk
from profiles import run_sql
from servers import wait_until
from test_ca import crl_of, openssl, sign_elsewhere, write


@pytest.fixture
def life(desk):
    return Desk(desk)


def root_pem(life, tmp_path, name="internal"):
    write(tmp_path, "root.der", life.api.call("GET", f"/pki/{name}.crt", expect=200).body)
    openssl("x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem", cwd=tmp_path)
    return "root.pem"


def leaf_pem(life, ticket, tmp_path, name="leaf.pem"):
    return write(tmp_path, name, life.chain(ticket)[0].public_bytes(serialization.Encoding.PEM))


def ask(life, cert, issuer, digest=None, nonce=None, get=False, name="internal"):
    builder = ocsp.OCSPRequestBuilder().add_certificate(cert, issuer, digest or hashes.SHA1())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    der = builder.build().public_bytes(serialization.Encoding.DER)
    if get:
        answer = life.api.call("GET", f"/ocsp/{name}/" + urllib.parse.quote(base64.b64encode(der).decode(), safe=""))
    else:
        answer = life.api.call("POST", f"/ocsp/{name}", der, {"Content-Type": "application/ocsp-request"})
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/ocsp-response", answer
    return answer, ocsp.load_der_ocsp_response(answer.body)


def signed_and_kept(life):
    text = life.api.call("GET", "/metrics", expect=200).body.decode()
    return [int(line.split()[1]) for line in text.split("\n") if line.startswith("certdesk_ocsp_answers_total{")]


def test_what_it_issues_verifies_strictly_and_names_where_to_ask(life, tmp_path):
    assert life.api.get("/cas/internal").json["url_is_fixed"] is False
    enrolled = life.enrolled("www.example.org", "*.example.org")
    root_pem(life, tmp_path), leaf_pem(life, enrolled, tmp_path)
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "www.example.org", "-CAfile", "root.pem",
            "leaf.pem", cwd=tmp_path)
    leaf = life.chain(enrolled)[0]
    assert leaf.serial_number.bit_length() > 64
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name[0].value == "http://pki.example.org/pki/internal.crl"
    access = {d.access_method: d.access_location.value
              for d in leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value}
    assert access == {AuthorityInformationAccessOID.OCSP: "http://pki.example.org/ocsp/internal",
                      AuthorityInformationAccessOID.CA_ISSUERS: "http://pki.example.org/pki/internal.crt"}
    version = life.api.get(f"/certificates/{enrolled['certificate']['id']}/versions").json["items"][0]
    assert version["chain_status"] == "trusted"
    # From now on the address is what it is; and nobody removes who must go on telling of it.
    ca = life.api.get("/cas/internal").json
    assert ca["url_is_fixed"] is True and ca["n_certificates"] == 1 and ca["n_profiles"] == 1
    refused = life.api.call("PATCH", "/cas/internal", {"public_url": "http://elsewhere.example"})
    assert refused.status == 409 and "cannot change" in refused.json["detail"]
    life.api.patch("/cas/internal", {"public_url": "http://pki.example.org/"})
    assert "profiles use" in life.api.call("DELETE", "/cas/internal").json["detail"]


def test_the_usage_of_the_profile_is_that_of_the_certificate(life, tmp_path):
    root_pem(life, tmp_path)
    for usage, good, bad in (("server", "sslserver", "sslclient"), ("client", "sslclient", "sslserver"), ("both", "sslclient", None)):
        life.profile(usage, usage=usage)
        leaf_pem(life, life.enrolled("www.example.org", profile=usage), tmp_path)
        openssl("verify", "-x509_strict", "-purpose", good, "-CAfile", "root.pem", "leaf.pem", cwd=tmp_path)
        if bad:
            openssl("verify", "-x509_strict", "-purpose", bad, "-CAfile", "root.pem", "leaf.pem", cwd=tmp_path, fails=True)


def test_a_revoked_one_is_on_the_list_and_in_every_answer(life, tmp_path):
    tickets = [life.enrolled(f"{n}.example.org") for n in "ab"]
    root_pem(life, tmp_path)
    for ticket, name in zip(tickets, ("a.pem", "b.pem")):
        leaf_pem(life, ticket, tmp_path, name)
    url = f"{life.desk.base}/ocsp/internal"

    def openssl_ocsp(cert, *words):
        return openssl("ocsp", "-issuer", "root.pem", *words, "-cert", cert, "-url", url, "-CAfile", "root.pem", cwd=tmp_path)
    good = openssl_ocsp("a.pem")
    assert "a.pem: good" in good and "Response verify OK" in good and "WARNING: no nonce" not in good, good
    life.do(tickets[0], "revoke", reason="keyCompromise")
    # OCSP knows at once, whatever was kept; the list a moment later.
    revoked = openssl_ocsp("a.pem", "-no_nonce")
    assert "a.pem: revoked" in revoked and "keyCompromise" in revoked, revoked
    assert "b.pem: good" in openssl_ocsp("b.pem", "-sha256")

    def on_the_list():
        answer, crl, _ = crl_of(life.desk, "internal")
        return answer if len(crl) == 1 else None
    answer = wait_until(on_the_list, 20, "a list with the revoked one")
    write(tmp_path, "crl.der", answer.body)
    openssl("crl", "-inform", "DER", "-in", "crl.der", "-out", "crl.pem", "-CAfile", "root.pem", cwd=tmp_path)
    text = openssl("crl", "-in", "crl.pem", "-noout", "-text", cwd=tmp_path)
    assert "Key Compromise" in text
    words = ("verify", "-x509_strict", "-crl_check", "-CRLfile", "crl.pem", "-CAfile", "root.pem")
    assert "certificate revoked" in openssl(*words, "a.pem", cwd=tmp_path, fails=True)
    openssl(*words, "b.pem", cwd=tmp_path)
    ca = life.api.get("/cas/internal").json
    assert (ca["n_certificates"], ca["n_revoked"]) == (2, 1)
    issued = life.api.get("/cas/internal/certificates").json["items"]
    assert sorted(i["revocation_reason"] for i in issued) == ["", "keyCompromise"]


def test_answers_are_kept_and_strangers_cannot_keep_the_vault_busy(life):
    """F21: by POST and by GET, with each hash, with and without a nonce, for what is unknown and for nonsense."""
    leaf = life.chain(life.enrolled("a.example.org"))[0]
    issuer = x509.load_der_x509_certificate(life.api.call("GET", "/pki/internal.crt", expect=200).body)
    good = ocsp.OCSPCertStatus.GOOD
    first, parsed = ask(life, leaf, issuer)
    assert parsed.certificate_status == good and parsed.serial_number == leaf.serial_number
    assert "max-age=900" in first.headers["Cache-Control"]
    signed, kept = signed_and_kept(life)
    again, _ = ask(life, leaf, issuer, get=True)
    assert again.body == first.body and signed_and_kept(life) == [signed, kept + 1]
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        _, parsed = ask(life, leaf, issuer, digest)
        assert parsed.certificate_status == good and isinstance(parsed.hash_algorithm, type(digest))
    with_nonce, parsed = ask(life, leaf, issuer, nonce=b"0123456789abcdef")
    assert parsed.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"
    assert with_nonce.headers["Cache-Control"] == "no-store"

    stranger = life.chain(life.enrolled("b.example.org"))[0]
    run_sql(life.desk, "DELETE FROM ca_certificate WHERE serial = '%x'" % stranger.serial_number)
    _, parsed = ask(life, stranger, issuer)
    assert parsed.certificate_status == ocsp.OCSPCertStatus.UNKNOWN
    _, parsed = ask(life, leaf, leaf)
    assert parsed.response_status == ocsp.OCSPResponseStatus.UNAUTHORIZED
    for nonsense in (b"", b"nonsense", b"\x30\x80", bytes(8000)):
        answer = life.api.call("POST", "/ocsp/internal", nonsense, {"Content-Type": "application/ocsp-request"})
        assert answer.status == 200, answer
        assert ocsp.load_der_ocsp_response(answer.body).response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert life.api.call("POST", "/ocsp/internal", bytes(9000), {"Content-Type": "application/ocsp-request"}).status == 413
    assert life.api.call("POST", "/ocsp/nobody", b"x", {"Content-Type": "application/ocsp-request"}).status == 404
    # With more nonces in a second than it signs, answers go on, without.
    for i in range(120):
        _, parsed = ask(life, leaf, issuer, nonce=b"%016d" % i)
        assert parsed.certificate_status == good


def test_an_intermediate_sends_its_chain_and_keeps_to_its_names(desk, tmp_path):
    life = Desk(desk)
    life.api.post("/cas", {"name": "sub", "kind": "intermediate", "subject": {"CN": "House Sub"}, "public_url": "http://pki.example.org",
                           "name_constraints": {"permitted": ["example.org"], "excluded": ["secret.example.org"]}})
    life.profile("wide", ca="sub", names={"domains": ["*", "example.net"], "wildcards": True, "ip": True, "max_names": 10})
    before = life.create("www.example.org", profile="wide")
    assert "awaits its certificate" in life.do(before, "enroll", expect=409)["detail"]
    # The outer root signs it without the constraints: the vault keeps to them all the same.
    life.api.post("/cas/sub/certificate", {"chain": sign_elsewhere(desk, tmp_path, "sub")}, expect=200)
    chain = life.chain(life.do(before, "enroll"))
    assert [c.subject.rfc4514_string() for c in chain][1:] == ["CN=House Sub"]
    write(tmp_path, "leaf.pem", chain[0].public_bytes(serialization.Encoding.PEM))
    write(tmp_path, "sub1.pem", chain[1].public_bytes(serialization.Encoding.PEM))
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "outer.pem", "-untrusted", "sub1.pem", "leaf.pem",
            cwd=tmp_path)
    for names in (["www.example.net"], ["a.secret.example.org"], ["ok.example.org", "www.example.net"]):
        ticket = life.create(*names, profile="wide")
        life.do(ticket, "enroll", expect=None)
        now = life.ticket(ticket)
        assert now["status"] == "certificate_request" and now["certificate_id"] is None, (names, now)
        assert any("may issue for" in said for said in life.comments(ticket)), life.comments(ticket)
    assert life.api.get("/cas/sub").json["n_certificates"] == 1


def test_nothing_outlives_its_authority_and_a_disabled_one_issues_nothing(desk):
    life = Desk(desk)
    life.api.post("/cas", {"name": "short", "kind": "root", "subject": {"CN": "Short"}, "public_url": "http://pki.example.org",
                           "lifetime_days": 60})
    life.profile("short", ca="short")
    ticket = life.create(profile="short")
    assert "would outlive the certificate authority short" in life.do(ticket, "enroll", expect=409)["detail"]
    life.api.patch("/profiles/short", {"lifetime_days": 30, "window": {"days": 10}})
    life.api.patch("/cas/short", {"disabled": True})
    assert "is disabled" in life.do(ticket, "enroll", expect=409)["detail"]
    life.api.patch("/cas/short", {"disabled": False})
    leaf = life.chain(life.do(ticket, "enroll"))[0]
    life.api.patch("/cas/short", {"disabled": True})
    issuer = x509.load_der_x509_certificate(life.api.call("GET", "/pki/short.crt", expect=200).body)
    assert ask(life, leaf, issuer, name="short")[1].certificate_status == ocsp.OCSPCertStatus.GOOD
    number = life.api.post("/cas/short/crl", expect=200).json["crl"]["number"]
    assert crl_of(desk, "short", above=number - 1)


def test_a_request_for_an_authority_is_not_granted(life):
    request = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.org")])).add_extension(
        x509.SubjectAlternativeName([x509.DNSName("www.example.org")]), critical=False).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(new_key(), hashes.SHA256())
    answer = life.create(csr=request.public_bytes(serialization.Encoding.PEM).decode(), expect=None)
    if "key" in answer:
        life.do(answer, "enroll", expect=None)
        assert life.ticket(answer)["certificate_id"] is None
        assert any("of an authority" in said for said in life.comments(answer)), life.comments(answer)
    assert life.api.get("/cas/internal").json["n_certificates"] == 0


def test_a_vault_that_is_killed_is_waited_for(life):
    leaf = life.chain(life.enrolled("a.example.org"))[0]
    issuer = x509.load_der_x509_certificate(life.api.call("GET", "/pki/internal.crt", expect=200).body)
    ask(life, leaf, issuer)
    for i in range(3):
        os.kill(life.desk.children()["vault"], signal.SIGKILL)
        # What is kept needs no vault; what must be signed waits for the next one.
        assert ask(life, leaf, issuer)[1].certificate_status == ocsp.OCSPCertStatus.GOOD
        enrolled = life.do(life.create(f"n{i}.example.org"), "enroll", expect=None)
        wait_until(lambda: life.ticket(enrolled)["certificate_id"] if "key" in enrolled else True, 30, "the certificate")
    life.desk.wait_ready()
    assert life.api.post("/cas/internal/crl", expect=200).json["crl"]["number"] >= 2


def test_a_list_that_grows_stale_is_an_alarm_and_is_made_anew(life):
    crl_of(life.desk, "internal")
    assert life.api.get("/dashboard").json["cas"] == []
    for left, trouble in ((86400, "crl_ending"), (-5, "crl_stale")):
        run_sql(life.desk, "UPDATE local_ca SET crl_this_at = crl_this_at - 604800, crl_next_at ="
                           " (SELECT max(updated_at) FROM ca) + %d" % left)
        assert life.api.get("/cas/internal").json["crl"]["is_stale"] is True
        assert [(c["name"], c["trouble"]) for c in life.api.get("/dashboard").json["cas"]] == [("internal", trouble)]
    number = life.api.get("/cas/internal").json["crl"]["number"]
    life.run("crl")
    ca = life.api.get("/cas/internal").json
    assert ca["crl"]["is_stale"] is False and ca["crl"]["number"] == number + 1
    assert life.api.get("/dashboard").json["cas"] == []
