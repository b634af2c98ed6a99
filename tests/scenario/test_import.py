"""F25 F26 F27: certificates that are brought as files, with their keys, through the real processes."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs7

from certs import Authority, days, self_signed
from servers import free_port
from uploads import form, import_, pfx, upload

PFX_KINDS = {
    "aes": (), "rc2-40": ("-legacy",), "plain": ("-keypbe", "NONE", "-certpbe", "NONE"), "no mac": ("-nomac",),
    "sha512": ("-macalg", "sha512", "-iter", "10000"), "3des": ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"),
}


def codes(answer):
    return {w["code"] for w in answer["warnings"]}


def fields_of(answer):
    return [e["field"] for e in answer.json["errors"]]


@pytest.fixture(name="ca")
def fixture_ca(authority):
    return authority


def test_a_pfx_becomes_a_record_with_its_key_and_chain(desk, root, ca, tmp_path):
    desk.admin.post("/trust-bundles", {"name": "import", "pem": root.pem})
    for kind, options in PFX_KINDS.items():
        site = ca.issue(f"{kind.replace(' ', '-')}.example", not_after=days(190))
        made = import_(desk.admin, {"file": pfx(tmp_path, site, "secret", *options), "password": "secret",
                                    "name": "From a PFX", "tags": "web;blue", "business_group": "Shop"}).json
        assert made["duplicate"] is False and made["has_private_key"] is True and made["source"] == "imported", kind
        assert made["key"] == {"stored": True, "algorithm": "ec", "size": 256}
        assert made["current"]["fingerprint_sha256"] == site.fingerprint
        assert made["current"]["chain_status"] == "trusted"
        assert (made["name"], made["tags"], made["business_group"]) == ("From a PFX", ["blue", "web"], "Shop")
        assert made["warnings"] == []
        record = desk.admin.get(f"/certificates/{made['id']}").json
        assert record["has_private_key"] is True and record["status"] == "valid"
        pem = desk.admin.get(f"/certificates/{made['id']}.pem").body.decode()
        assert pem == site.chain_pem() and "PRIVATE KEY" not in pem
    listed = desk.admin.get("/certificates?source=imported").json["items"]
    assert len(listed) == len(PFX_KINDS) and all(c["has_private_key"] for c in listed)
    log = desk.admin.get(f"/certificates/{made['id']}/log").json["items"]
    assert "certificate.import" in [e["action"] for e in log]


def test_wrong_password_and_unsupported_encryption_are_told_apart(desk, ca, tmp_path):
    site = ca.issue("refused.example")
    answers = {}
    for name, password in (("wrong", "not the secret"), ("none", None)):
        fields = {"file": pfx(tmp_path, site)}
        if password:
            fields["password"] = password
        answers[name] = import_(desk.admin, fields, expect=400)
    assert fields_of(answers["wrong"]) == ["password"] and "wrong password" in answers["wrong"].json["detail"]
    assert fields_of(answers["none"]) == ["password"] and "needed" in answers["none"].json["detail"]
    unsupported = pfx(tmp_path, site, "secret", "-macalg", "md5", "-keypbe", "NONE", "-certpbe", "NONE")
    # An algorithm that nobody has: MD5's object identifier made another one.
    unsupported = unsupported.replace(bytes.fromhex("2a864886f70d0205"), bytes.fromhex("2a864886f70d0263"))
    answer = import_(desk.admin, {"file": unsupported, "password": "secret"}, expect=400)
    assert fields_of(answer) == ["file"] and "unsupported" in answer.json["detail"]
    assert desk.admin.get("/certificates").json["total"] == 0


def test_certificate_key_and_chain_may_come_apart_and_in_any_order(desk, root, ca):
    desk.admin.post("/trust-bundles", {"name": "import", "pem": root.pem})
    site = ca.issue("apart.example", kind="rsa")
    encrypted = site.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.BestAvailableEncryption(b"for the key"))
    made = import_(desk.admin, {"file": site.pem, "key": encrypted, "key_password": "for the key",
                                "chain": root.pem + ca.pem}).json
    assert made["name"] == "apart.example" and made["has_private_key"] and made["key"]["size"] == 2048
    assert made["current"]["chain_status"] == "trusted"
    assert codes(made) == {"chain_reordered"}
    decoded = desk.admin.get(f"/certificates/{made['id']}/decoded").json
    assert [c["name"] for c in decoded["chain"]] == ["Scenario Issuing CA", "Scenario Root"]
    wrong = import_(desk.admin, {"file": site.pem, "key": encrypted, "key_password": "no"}, expect=400)
    assert fields_of(wrong) == ["key_password"]
    none = import_(desk.admin, {"file": site.pem, "key": encrypted}, expect=400)
    assert fields_of(none) == ["key_password"] and "password is needed" in none.json["detail"]


def test_every_form_of_key_is_taken(desk, ca):
    site = ca.issue("forms.example", kind="rsa")
    key_forms = [
        site.key.private_bytes(e, f, serialization.NoEncryption())
        for e in (serialization.Encoding.PEM, serialization.Encoding.DER)
        for f in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL)]
    key_forms.append(site.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                            serialization.BestAvailableEncryption(b"old")))
    first = import_(desk.admin, {"file": site.cert.public_bytes(serialization.Encoding.DER)}).json
    assert first["has_private_key"] is False and "key_missing" in codes(first) and first["key"] is None
    for n, key in enumerate(key_forms):
        again = import_(desk.admin, {"file": site.pem, "key": key, "password": "old"}, expect=200).json
        assert again["duplicate"] is True and again["id"] == first["id"] and again["has_private_key"] is True, n
    lone = ca.issue("edwards.example", key=ed25519.Ed25519PrivateKey.generate())
    made = import_(desk.admin, {"file": lone.pem + lone.key_pem}).json
    assert made["key"]["algorithm"] == "ed25519" and made["has_private_key"]


def test_the_key_of_another_certificate_is_refused(desk, ca):
    site, other = ca.issue("mine.example"), ca.issue("other.example")
    answer = import_(desk.admin, {"file": site.pem, "key": other.key_pem}, expect=400)
    assert fields_of(answer) == ["key"] and "does not belong" in answer.json["detail"]
    answer = import_(desk.admin, {"file": other.key_pem}, expect=400)
    assert fields_of(answer) == ["file"] and "no certificate" in answer.json["detail"]
    assert desk.admin.get("/certificates").json["total"] == 0


def test_several_keys_go_each_to_its_certificate(desk, ca):
    one, two = ca.issue("one.example"), ca.issue("two.example", kind="rsa")
    made = import_(desk.admin, {"file": ca.pem + two.key_pem + one.pem + one.key_pem + two.pem, "tags": "both"}).json
    assert len(made["also"]) == 1
    names = {desk.admin.get(f"/certificates/{i}").json["name"] for i in (made["id"], made["also"][0]["id"])}
    assert names == {"one.example", "two.example"}
    assert all(c["has_private_key"] and c["tags"] == ["both"] for c in desk.admin.get("/certificates").json["items"])


def test_a_missing_intermediate_stays_as_a_warning_until_it_is_known(desk, ca):
    site = ca.issue("incomplete.example")
    made = import_(desk.admin, {"file": site.pem, "key": site.key_pem}).json
    assert made["current"]["chain_status"] == "incomplete" and "chain_incomplete" in codes(made)
    [version] = desk.admin.get(f"/certificates/{made['id']}/versions").json["items"]
    assert "chain_incomplete" in codes(version) and version["has_private_key"] is True
    assert version["origin"] == "imported" and version["role"] == "current"
    # The next one is completed from what the inventory knows by then.
    import_(desk.admin, {"file": ca.pem})
    after = ca.issue("complete.example")
    made = import_(desk.admin, {"file": after.pem, "key": after.key_pem}).json
    assert desk.admin.get(f"/certificates/{made['id']}.pem").body.decode() == after.pem + ca.pem


def test_self_signed_and_private_certificates_are_fine(desk):
    site = self_signed("self.example")
    made = import_(desk.admin, {"file": site.pem + site.key_pem}).json
    assert made["current"]["self_signed"] is True and codes(made) == {"self_signed"}


def test_a_copy_gives_no_rights_and_betrays_nothing(desk, ca):
    """F27: said only where the caller may see the other record, else a second record of its own."""
    alice, bob = desk.user("alice"), desk.user("bob")
    site = ca.issue("copied.example")
    hers = import_(alice, {"file": site.pem, "key": site.key_pem, "name": "hers"}).json
    his = import_(bob, {"file": site.pem}).json
    assert his["id"] != hers["id"] and his["duplicate"] is False and his["has_private_key"] is False
    assert his["owner"] == "bob" and "hers" not in json.dumps(his)
    assert bob.call("GET", f"/certificates/{hers['id']}").status == 404
    assert alice.get("/certificates").json["total"] == 1
    again = import_(alice, {"file": site.pem}, expect=200).json
    assert again["duplicate"] is True and again["id"] == hers["id"]
    # Who may see but not edit is told, and changes nothing.
    desk.admin.patch(f"/certificates/{his['id']}", {"assignee": "alice"})
    desk.admin.delete(f"/certificates/{hers['id']}")
    seen = import_(alice, {"file": site.pem, "key": site.key_pem}, expect=200).json
    assert seen["id"] == his["id"] and seen["key"]["stored"] is False and seen["has_private_key"] is False


def test_people_groups_and_owner_come_with_the_form(desk, ca):
    desk.add_user("alice")
    desk.add_user("bob")
    site = ca.issue("people.example")
    made = import_(desk.admin, [("file", site.pem), ("owner", "alice"), ("assignee", "bob"), ("share_users", "bob"),
                                ("tags", "a"), ("tags", "b"), ("description", "<script>alert(1)</script>")]).json
    assert made["owner"] == "alice" and made["assignee"] == "bob" and made["share"]["users"] == ["bob"]
    assert made["tags"] == ["a", "b"] and made["description"] == "<script>alert(1)</script>"
    other = ca.issue("nobody.example")
    answer = import_(desk.admin, {"file": other.pem, "owner": "nobody-here"}, expect=400)
    assert fields_of(answer) == ["owner"]
    answer = import_(desk.admin, {"file": other.pem, "frobnicate": "1"}, expect=400)
    assert fields_of(answer) == ["frobnicate"]
    answer = import_(desk.admin, {"name": "no file"}, expect=400)
    assert fields_of(answer) == ["file"]
    assert desk.admin.get("/certificates").json["total"] == 1


def test_an_import_can_be_sent_again(desk, ca):
    site = ca.issue("again.example")
    headers = {"Idempotency-Key": "import-1"}
    body = [("file", site.pem)]
    data, content_type = form(body, boundary="same")  # the same bytes twice: a boundary is part of them
    headers["Content-Type"] = content_type
    one = desk.admin.call("POST", "/certificates/import", data, headers=headers, expect=201).json
    two = desk.admin.call("POST", "/certificates/import", data, headers=headers, expect=201).json
    assert one["id"] == two["id"] and two["duplicate"] is False
    assert desk.admin.get("/certificates").json["total"] == 1


def replace(api, certificate_id, fields, expect=200, **kw):
    return upload(api, f"/certificates/{certificate_id}/replace", fields, expect=expect, **kw)


def test_a_renewal_elsewhere_takes_the_old_ones_place(desk, ca):
    """F30: update after external renewal, in place; versions with diff."""
    old = ca.issue("renewed.example", "www.renewed.example", not_after=days(5))
    new = ca.issue("renewed.example", "www.renewed.example", "new.example", not_before=days(-1), not_after=days(90))
    made = import_(desk.admin, {"file": old.pem, "key": old.key_pem, "chain": ca.pem}).json
    desk.admin.job_done(desk.admin.post("/schedules/notify/run", expect=202).json["job"])
    [ticket] = desk.admin.get("/tickets").json["items"]
    after = replace(desk.admin, made["id"], {"file": new.pem + new.key_pem}).json
    assert after["id"] == made["id"] and after["current"]["fingerprint_sha256"] == new.fingerprint
    assert after["has_private_key"] is True and after["duplicate"] is False and after["key"]["stored"] is True
    versions = desk.admin.get(f"/certificates/{made['id']}/versions").json["items"]
    assert [(v["fingerprint_sha256"], v["role"]) for v in versions] == [
        (new.fingerprint, "current"), (old.fingerprint, "superseded")]
    assert all(v["has_private_key"] for v in versions)
    assert desk.admin.get(f"/tickets/{ticket['key']}").json["resolution"] == "replaced"
    diff = desk.admin.get(f"/certificates/{made['id']}/versions/{old.fingerprint}/diff/{new.fingerprint}").json
    assert diff["sans"] == {"added": ["new.example"], "removed": []}
    assert {"serial", "not_after", "spki_sha256"} <= {f["name"] for f in diff["fields"]}
    assert "subject" not in {f["name"] for f in diff["fields"]}
    assert replace(desk.admin, made["id"], {"file": new.pem}).json["duplicate"] is True
    files = {e: desk.admin.get(f"/certificates/{made['id']}.{e}?version={old.fingerprint}") for e in ("pem", "der", "p7b")}
    assert files["pem"].body.decode() == old.pem + ca.pem
    assert files["der"].body == old.cert.public_bytes(serialization.Encoding.DER)
    assert [c.serial_number for c in pkcs7.load_der_pkcs7_certificates(files["p7b"].body)] == [
        old.cert.serial_number, ca.cert.serial_number]
    assert "renewed.example.p7b" in files["p7b"].headers["Content-Disposition"]
    desk.admin.get(f"/certificates/{made['id']}/versions/{old.fingerprint}/diff/{'0' * 64}", expect=404)


def test_a_renewal_that_kept_the_key_has_it(desk, ca):
    old = ca.issue("samekey.example", not_after=days(5))
    new = ca.issue("samekey.example", not_before=days(-1), not_after=days(90), key=old.key)
    made = import_(desk.admin, {"file": old.pem, "key": old.key_pem}).json
    after = replace(desk.admin, made["id"], {"file": new.pem}).json
    assert after["current"]["fingerprint_sha256"] == new.fingerprint and after["has_private_key"] is True
    assert after["key"]["stored"] is True and "key_missing" not in codes(after)


def test_what_is_no_successor_needs_a_person_who_says_so(desk, ca):
    old = ca.issue("kept.example", "www.kept.example", not_after=days(50))
    fewer = ca.issue("kept.example", not_before=days(-1), not_after=days(90))
    made = import_(desk.admin, {"file": old.pem, "key": old.key_pem, "chain": ca.pem}).json
    refused = replace(desk.admin, made["id"], {"file": fewer.pem}, expect=409)
    assert "not_a_successor" in refused.json["detail"] and "www.kept.example" in refused.json["errors"][0]["message"]
    record = desk.admin.get(f"/certificates/{made['id']}").json
    assert record["current"]["fingerprint_sha256"] == old.fingerprint
    assert len(desk.admin.get(f"/certificates/{made['id']}/versions").json["items"]) == 1
    done = replace(desk.admin, made["id"], {"file": fewer.pem, "confirm": "true"}).json
    assert done["current"]["fingerprint_sha256"] == fewer.fingerprint
    stale = replace(desk.admin, made["id"], {"file": old.pem}, expect=412, headers={"If-Match": record["etag"]})
    assert stale.json["status"] == 412
    replace(desk.admin, 4711, {"file": old.pem}, expect=404)


def test_a_certificate_without_names_is_not_replaced_by_just_any(desk):
    # F30: roots of CAs, and keys that old Java programs made, have a CN alone
    old, again, other = Authority.root("Old Root"), Authority.root("Old Root", days(4000)), Authority.root("Other Root")
    made = import_(desk.admin, {"file": old.pem}).json
    refused = replace(desk.admin, made["id"], {"file": other.pem}, expect=409).json
    assert refused["errors"][0]["message"] == "it does not cover Old Root", refused
    after = replace(desk.admin, made["id"], {"file": again.pem}).json
    assert after["current"]["fingerprint_sha256"] == again.fingerprint


def test_what_is_served_stays_current_until_it_is_served_no_more(desk, nginx, authority, root):
    port = free_port()
    old = authority.issue("served.example", not_after=days(20))
    new = authority.issue("served.example", not_before=days(-1), not_after=days(90))
    nginx.site(port, old).start()
    record = desk.admin.add("127.0.0.1", port, sni="served.example")
    staged = replace(desk.admin, record["id"], {"file": new.pem + new.key_pem, "chain": authority.pem}).json
    assert "not_served_yet" in codes(staged)
    assert staged["current"]["fingerprint_sha256"] == old.fingerprint
    roles = {v["fingerprint_sha256"]: v["role"]
             for v in desk.admin.get(f"/certificates/{record['id']}/versions").json["items"]}
    assert roles == {old.fingerprint: "current", new.fingerprint: "staged"}
    nginx.site(port, new).reload()
    after = desk.admin.update(record["id"])
    assert after["current"]["fingerprint_sha256"] == new.fingerprint and after["has_private_key"] is True
