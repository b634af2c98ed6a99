"""The files that packagers and administrators start from are accepted by the programs they are for."""

import subprocess

import pytest

from conftest import ROOT


@pytest.fixture
def certificate(tmp_path):
    key, chain, both = tmp_path / "privkey.pem", tmp_path / "fullchain.pem", tmp_path / "haproxy.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", chain,
                    "-subj", "/CN=certdesk.example.org", "-days", "2"],
                   check=True, stderr=subprocess.DEVNULL)
    both.write_bytes(chain.read_bytes() + key.read_bytes())
    return tmp_path


def test_nginx_accepts_the_proxy_example(certificate, tmp_path):
    example = (ROOT / "packaging/proxy/nginx.conf").read_text()
    example = example.replace("/etc/ssl/certdesk", str(certificate))
    example = example.replace(":443", ":24443").replace("listen 443", "listen 24443")
    example = example.replace("listen 80", "listen 24080").replace("[::]:80", "[::]:24080")
    conf = tmp_path / "nginx.conf"
    conf.write_text("pid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s}\n"
                    % (tmp_path, example))
    done = subprocess.run(["/usr/sbin/nginx", "-t", "-q", "-c", conf, "-p", tmp_path],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_haproxy_accepts_the_proxy_example(certificate, tmp_path):
    example = (ROOT / "packaging/proxy/haproxy.cfg").read_text()
    conf = tmp_path / "haproxy.cfg"
    conf.write_text(example.replace("/etc/ssl/certdesk", str(certificate)))
    done = subprocess.run(["/usr/sbin/haproxy", "-c", "-q", "-f", conf],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "WARNING" not in done.stderr, done.stderr


def test_systemd_unit_leaves_little_exposed():
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true",
                           "--threshold=20", ROOT / "packaging/systemd/certdesk.service"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
