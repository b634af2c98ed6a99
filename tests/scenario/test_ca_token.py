"""F21: an authority whose key lies in a token (SoftHSM 2): made, used, pulled, put back, backed up and restored."""

import http.client
import os
import re
import signal
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certdesk import BINARY
from conftest import _postgres_database
from servers import wait_until
from test_ca import ROOT, crl_of, openssl, sign_elsewhere, write

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "87654321"

pytestmark = pytest.mark.skipif(not os.path.exists(MODULE), reason="no SoftHSM here")


def secret_file(desk, name, text):
    path = os.path.join(desk.directory, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
        f.write(text)
    return path


def softhsm(desk, *words):
    return subprocess.run(["softhsm2-util", *words], check=True, env={**os.environ, "SOFTHSM2_CONF": desk.env["SOFTHSM2_CONF"]},
                          capture_output=True, text=True)


@pytest.fixture
def token_desk(desk_factory):
    """A desk whose settings name a token; `tokens` is where it lies."""
    desk = desk_factory(start=False)
    desk.tokens = os.path.join(desk.directory, "tokens")
    os.makedirs(desk.tokens)
    desk.env["SOFTHSM2_CONF"] = secret_file(desk, "softhsm2.conf", f"directories.tokendir = {desk.tokens}\n")
    softhsm(desk, "--init-token", "--free", "--label", "cas", "--so-pin", "12345678", "--pin", PIN)
    desk.env.update({"CERTDESK_CA_PKCS11_MODULE": MODULE, "CERTDESK_CA_PKCS11_TOKEN": "cas",
                     "CERTDESK_CA_PKCS11_PIN_FILE": secret_file(desk, "pin", PIN + "\n")})
    desk.start()
    return desk


def make_root(desk, **wish):
    return desk.admin.post("/cas", {**ROOT, "storage": "pkcs11", **wish}).json


def renew_crl(desk, **how):
    return desk.admin.call("POST", "/cas/house/crl", **how)


def renews(desk):
    try:
        return renew_crl(desk).status == 200
    except (OSError, http.client.HTTPException):
        return False  # the server has just been killed


def test_a_root_in_a_token_is_made_and_signs(token_desk, tmp_path):
    desk = token_desk
    assert desk.admin.get("/cas").json["storages"] == ["sealed", "pkcs11"]
    for algorithm, key in (("house", {"algorithm": "ec"}), ("big", {"algorithm": "rsa", "size": 3072}),
                           ("other", {"algorithm": "ec", "curve": "P-384"})):
        ca = make_root(desk, name=algorithm, key=key)
        assert ca["key_storage"] == "pkcs11" and ca["state"] == "active"
        answer, crl, _ = crl_of(desk, algorithm)
        root = desk.admin.call("GET", f"/pki/{algorithm}.crt", expect=200).body
        assert isinstance(x509.load_der_x509_certificate(root).public_key(), rsa.RSAPublicKey if algorithm == "big" else ec.EllipticCurvePublicKey)
        write(tmp_path, "root.der", root)
        write(tmp_path, "crl.der", answer.body)
        openssl("x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem", cwd=tmp_path)
        openssl("verify", "-x509_strict", "-CAfile", "root.pem", "root.pem", cwd=tmp_path)
        assert "verify OK" in openssl("crl", "-inform", "DER", "-in", "crl.der", "-CAfile", "root.pem", "-noout", cwd=tmp_path)
    done = desk.cli("ca", "show", "house", env={"CERTDESK_TOKEN_FILE": desk.token_file})
    assert re.search(r"key lies\s+pkcs11", done.stdout), done
    done = desk.cli("ca", "create", "words", "--subject", "CN=Words", "--storage", "pkcs11", "--url", "http://pki.example.org",
                    env={"CERTDESK_TOKEN_FILE": desk.token_file})
    assert done.returncode == 0 and "pkcs11" in done.stdout, done
    assert "certdesk CA house" not in desk.log() and PIN not in desk.log()


def test_an_intermediate_in_a_token_waits_for_its_certificate(token_desk, tmp_path):
    desk = token_desk
    make_root(desk, name="sub", kind="intermediate", subject={"CN": "House Sub"})
    desk.admin.post("/cas/sub/certificate", {"chain": sign_elsewhere(desk, tmp_path, "sub")}, expect=200)
    crl_of(desk, "sub")


def refused(desk, field, **wish):
    answer = desk.admin.call("POST", "/cas", {**ROOT, **wish})
    assert answer.status == 400, answer
    return [e["message"] for e in answer.json["errors"] if e["field"] == field][0]


def test_what_cannot_be_is_refused_at_its_field(token_desk, desk_factory):
    desk = token_desk
    assert "P-256" in refused(desk, "key", storage="pkcs11", key={"algorithm": "ed25519"})
    assert "ca.pkcs11_key" in refused(desk, "token_key", storage="pkcs11", token_key="whatever")
    assert "storage" in refused(desk, "token_key", token_key="whatever")
    assert desk.admin.get("/cas").json["items"] == []
    without = desk_factory(name="without")
    assert without.admin.get("/cas").json["storages"] == ["sealed"]
    assert "ca.pkcs11_module" in refused(without, "storage", storage="pkcs11")


def test_a_key_that_is_there_is_taken_where_the_settings_name_it(token_desk, tmp_path):
    desk = token_desk
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem", cwd=tmp_path)
    softhsm(desk, "--import", str(tmp_path / "key.pem"), "--token", "cas", "--label", "ceremony", "--id", "a1b2", "--pin", PIN)
    desk.stop()
    desk.env["CERTDESK_CA_PKCS11_KEY"] = "ceremony"
    desk.start()
    assert desk.admin.get("/cas").json["token_key"] == "ceremony"
    wrong = desk.admin.call("POST", "/cas", {**ROOT, "storage": "pkcs11", "token_key": "ceremony"})
    assert wrong.status == 400 and "is not ec-p256" in wrong.json["detail"], wrong
    make_root(desk, token_key="ceremony", key={"algorithm": "rsa", "size": 2048})
    root = x509.load_der_x509_certificate(desk.admin.call("GET", "/pki/house.crt", expect=200).body)
    public = root.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert openssl("pkey", "-in", "key.pem", "-pubout", cwd=tmp_path) == public.decode()


def token_process(desk):
    """The process with the module, and its child."""
    with open(f"/proc/{desk.children()['vault']}/task/{desk.children()['vault']}/children", encoding="ascii") as f:
        keepers = [int(p) for p in f.read().split()]
    assert len(keepers) == 1
    with open(f"/proc/{keepers[0]}/task/{keepers[0]}/children", encoding="ascii") as f:
        return keepers[0], [int(p) for p in f.read().split()]


def test_pulled_while_it_serves_and_put_back(token_desk):
    desk = token_desk
    make_root(desk)
    crl_of(desk)
    away = desk.tokens + ".away"
    os.rename(desk.tokens, away)
    answer = renew_crl(desk)
    assert answer.status in (409, 503) and "token" in answer.json["detail"] and PIN not in str(answer.json)
    assert desk.admin.get("/vault").json["ready"] is True  # all else goes on
    desk.admin.post("/csrs", {"subject": {"CN": "meanwhile.example"}, "key": {"algorithm": "ec"}})
    os.rename(away, desk.tokens)
    renew_crl(desk, expect=200)
    for victim in ("module", "keeper", "vault", "server"):
        pid = {"module": lambda: token_process(desk)[1][0], "keeper": lambda: token_process(desk)[0]}.get(
            victim, lambda v=victim: desk.children()[v])()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: renews(desk), 30, f"a CRL after the {victim} was killed")
    desk.stop()
    desk.start()
    renew_crl(desk, expect=200)


def test_a_module_that_hangs_does_not_hold_up_the_rest_for_good(token_desk):
    desk = token_desk
    make_root(desk)
    crl_of(desk)
    os.kill(token_process(desk)[1][0], signal.SIGSTOP)
    begun = time.monotonic()
    answer = renew_crl(desk)
    assert answer.status == 503 and "does not answer" in answer.json["detail"] and time.monotonic() - begun < 20
    wait_until(lambda: renew_crl(desk).status == 200, 30, "another module")


def test_a_wrong_pin_is_told(token_desk):
    desk = token_desk
    make_root(desk)
    crl_of(desk)
    desk.stop()
    secret_file(desk, "pin", "11111111\n")
    desk.start()
    for _ in range(12):
        answer = renew_crl(desk)
        assert answer.status == 409 and "the PIN is wrong" in answer.json["detail"], answer
    desk.stop()
    secret_file(desk, "pin", PIN + "\n")
    desk.start()
    renew_crl(desk, expect=200)  # the token has not locked itself
    assert "11111111" not in desk.log()


def test_the_process_with_the_module_is_shut_out_of_the_data(token_desk):
    desk = token_desk
    make_root(desk)
    keeper, children = token_process(desk)
    for pid in (keeper, *children):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = f.read()
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Seccomp:\s+2$", status, re.M)
        open_files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert not [name for name in open_files if name.startswith(desk.data)], open_files
        with open(f"/proc/{pid}/environ", "rb") as f:
            assert PIN.encode() not in f.read()
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            assert PIN.encode() not in f.read()


def run(*words, **kw):
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=60, check=False, **kw)


def test_a_backup_says_that_the_key_is_not_in_it_and_a_restore_looks_for_it(token_desk, tmp_path):
    """F21 F42"""
    desk = token_desk
    made = run("key", "recovery", tmp_path / "recovery.key")
    desk.stop()
    desk.env["CERTDESK_BACKUP_RECOVERY_KEY"] = made.stdout.split(" = ")[1].strip()
    desk.start()
    make_root(desk)
    crl_of(desk)
    desk.admin.job_done(desk.admin.post("/schedules/audit/run", expect=202).json["job"])
    done = desk.cli("backup", str(tmp_path / "desk.backup"), env={"CERTDESK_TOKEN_FILE": desk.token_file})
    assert done.returncode == 0 and "the key of the CA house is not in this backup" in done.stderr, done
    desk.stop()
    settings = {k: v for k, v in desk.env.items() if "PKCS11" in k or k == "SOFTHSM2_CONF"}

    def restore(name, env):
        database = ["--database", _postgres_database()] if desk.database else []
        done = run("restore", "--recovery-key", tmp_path / "recovery.key", "--data", tmp_path / name, *database,
                   tmp_path / "desk.backup", env={**os.environ, **env})
        assert done.returncode == 0, done.stderr
        return done
    assert "1 keys of certificate authorities lie in a token and are in no backup; the token has them, and they fit" in restore("with", settings).stdout
    without = restore("without", {})
    assert "sign nothing until the token has them" in without.stderr and "ca.pkcs11_module" in without.stderr
    os.rename(desk.tokens, desk.tokens + ".away")
    os.mkdir(desk.tokens)
    softhsm(desk, "--init-token", "--free", "--label", "cas", "--so-pin", "12345678", "--pin", PIN)
    other = restore("other", settings)
    assert "has no private key" in other.stderr, other
