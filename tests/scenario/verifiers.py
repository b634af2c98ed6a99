"""Other people's verifiers of a chain: OpenSSL, GnuTLS and NSS. Each says True, or False and why on standard output."""

import datetime
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization


def pem(*certs):
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certs)


def _run(*words, **kw):
    done = subprocess.run([str(w) for w in words], capture_output=True, timeout=60, check=False, **kw)
    print(*words, done.returncode, (done.stdout + done.stderr).decode(errors="replace"))
    return done


class Question:
    """May this leaf, with these intermediates, be trusted below this root? At `at`, for `purpose`, as `name`."""

    def __init__(self, leaf, root, above=(), at=None, purpose="server", name=None, crls=()):
        self.leaf, self.root, self.above, self.purpose, self.name, self.crls = leaf, root, above, purpose, name, crls
        self.at = at  # None: now


def openssl(q, directory):
    for name, content in (("leaf", pem(q.leaf)), ("root", pem(q.root)), ("above", pem(*q.above)),
                          ("crls", b"".join(c.public_bytes(serialization.Encoding.PEM) for c in q.crls))):
        (directory / f"{name}.pem").write_bytes(content)
    kind = {None: [], "ip": ["-verify_ip"], "dns": ["-verify_hostname"]}[q.name and ("ip" if q.name[0].isdigit() else "dns")]
    words = ["openssl", "verify", "-x509_strict", "-policy_check", "-check_ss_sig", "-purpose", f"ssl{q.purpose}",
             *(["-attime", int(q.at.timestamp())] if q.at else []), "-CAfile", "root.pem", *(["-untrusted", "above.pem"] if q.above else []),
             *(["-crl_check", "-CRLfile", "crls.pem"] if q.crls else []), *kind, *([q.name] if kind else []), "leaf.pem"]
    return _run(*words, cwd=directory).returncode == 0


def gnutls(q, directory):
    (directory / "chain.pem").write_bytes(pem(q.leaf, *q.above))
    (directory / "root.pem").write_bytes(pem(q.root))
    (directory / "crls.pem").write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in q.crls))
    purpose = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2"}[q.purpose]
    words = ["certtool", "--verify", "--verify-profile=medium", f"--verify-purpose={purpose}", "--load-ca-certificate=root.pem",
             *(["--load-crl=crls.pem"] if q.crls else []), *([f"--verify-hostname={q.name}"] if q.name else []), "--infile=chain.pem"]
    assert q.at is None, "certtool knows no time but now"
    return _run(*words, cwd=directory).returncode == 0


def nss(q, directory):
    """With PKIX (libpkix), and a database in which only the root is trusted."""
    where = directory / "nss"
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    (directory / "root.pem").write_bytes(pem(q.root))
    words = ["certutil", "-d", f"sql:{where}"]
    assert _run(*words, "-N", "--empty-password").returncode == 0
    assert _run(*words, "-A", "-n", "root", "-t", "CT,,", "-a", "-i", directory / "root.pem").returncode == 0
    for i, cert in enumerate(q.crls):
        crl = directory / f"nss{i}.crl"
        crl.write_bytes(cert.public_bytes(serialization.Encoding.DER))
        assert _run("crlutil", "-d", f"sql:{where}", "-I", "-i", crl).returncode == 0
    files = []
    for i, cert in enumerate((q.leaf, *q.above)):
        path = directory / f"nss{i}.der"
        path.write_bytes(cert.public_bytes(serialization.Encoding.DER))
        files.append(path)
    usage = {"server": 1, "client": 0}[q.purpose]
    # It knows minutes alone, and what was revoked within this one would be good at its beginning.
    at = (q.at or datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)).strftime("%y%m%d%H%MZ")
    revocation = ["-g", "leaf", "-m", "crl", "-s", "failIfNoInfo"] if q.crls else []
    return _run("/usr/bin/vfychain", "-d", f"sql:{where}", "-pp", *revocation, "-u", usage, "-b", at, *files).returncode == 0


ALL = {"openssl": openssl, "gnutls": gnutls, "nss": nss}
NEEDS = {"openssl": "openssl", "gnutls": "certtool", "nss": "vfychain"}


def each(*names):
    """For parametrize: those whose program is here."""
    return [pytest.param(ALL[n], id=n, marks=pytest.mark.skipif(not shutil.which(NEEDS[n]), reason=f"no {NEEDS[n]} here"))
            for n in names or ALL]
