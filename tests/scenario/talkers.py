"""Real servers that begin TLS in the middle of their protocol, each in the foreground on loopback.

start_PROTOCOL(issued) gives a Talker: its port, and stop(). The certificate is for localhost.
"""

import getpass
import os
import shutil
import subprocess
import sys

from servers import accepts, free_port, short_directory, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

from postgres import Postgres  # noqa: E402


class Talker:
    """A server process, its port, its files, and what it has to say where it does not start."""

    def __init__(self, issued):
        self.directory = short_directory()  # some keep sockets there
        self.port = free_port()
        self.process = None
        os.chmod(self.directory, 0o755)
        self.pem = self.write("chain.pem", issued.chain_pem())
        self.key = self.write("key.pem", issued.key_pem)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def run(self, *words, env=None):
        log_path = os.path.join(self.directory, "log")
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **(env or {})}, cwd=self.directory)

        def is_there():
            if self.process.poll() is not None:
                with open(log_path, encoding="utf-8", errors="replace") as f:
                    raise AssertionError(f"{words[0]} ended with {self.process.returncode}:\n{f.read()[-3000:]}")
            return accepts(self.port)
        try:
            wait_until(is_there, 30, words[0])
        except AssertionError:
            self.stop()
            raise
        return self

    def renew(self, issued):
        """Stop, and start with this certificate at the same port."""
        self.end()
        self.write("chain.pem", issued.chain_pem())
        self.write("key.pem", issued.key_pem)
        return self.run(*self.process.args)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def stop(self):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)


def _dovecot(issued, protocol, service, listener):
    """Dovecot speaks IMAP, POP3 and mail submission."""
    talker, user = Talker(issued), getpass.getuser()
    others = {"imap-login": ["imap", "imaps"], "pop3-login": ["pop3", "pop3s"],
              "submission-login": ["submission"]}[service]
    listeners = "".join(f"  inet_listener {name} {{\n    address = 127.0.0.1\n"
                        f"    port = {talker.port if name == listener else 0}\n  }}\n" for name in others)
    conf = talker.write("dovecot.conf", f"""
base_dir = {talker.directory}/run
state_dir = {talker.directory}/state
log_path = /dev/stderr
protocols = {protocol}
default_internal_user = {user}
default_internal_group =
default_login_user = {user if os.geteuid() else 'dovenull'}
ssl = yes
ssl_cert = <{talker.pem}
ssl_key = <{talker.key}
submission_relay_host = 127.0.0.1
service {service} {{
  chroot =
{listeners}}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = nopassword
}}
""")
    return talker.run("dovecot", "-F", "-c", conf)


def start_imap(issued):
    return _dovecot(issued, "imap", "imap-login", "imap")


def start_pop3(issued):
    return _dovecot(issued, "pop3", "pop3-login", "pop3")


def start_smtp(issued):
    return _dovecot(issued, "submission", "submission-login", "submission")


def start_ftp(issued):
    """vsftpd."""
    talker = Talker(issued)
    empty = os.path.join(talker.directory, "empty")
    os.makedirs(empty, exist_ok=True)
    conf = talker.write("vsftpd.conf", f"""listen=YES
background=NO
listen_address=127.0.0.1
listen_port={talker.port}
run_as_launching_user=YES
secure_chroot_dir={empty}
anonymous_enable=YES
ssl_enable=YES
allow_anon_ssl=YES
ssl_ciphers=HIGH
rsa_cert_file={talker.pem}
rsa_private_key_file={talker.key}
""")
    return talker.run("vsftpd", conf)


def start_ldap(issued):
    """OpenLDAP's slapd."""
    talker = Talker(issued)
    conf = talker.write("slapd.conf", f"""TLSCertificateFile {talker.pem}
TLSCertificateKeyFile {talker.key}
pidfile {talker.directory}/pid
argsfile {talker.directory}/args
""")
    return talker.run("slapd", "-d", "0", "-h", f"ldap://127.0.0.1:{talker.port}/", "-f", conf)


def start_mysql(issued):
    """MariaDB, without a single table."""
    talker = Talker(issued)
    data = os.path.join(talker.directory, "data")
    os.makedirs(data, exist_ok=True)
    os.makedirs(os.path.join(data, "mysql"), exist_ok=True)
    return talker.run("mariadbd", "--no-defaults", f"--user={getpass.getuser()}", f"--datadir={data}", "--skip-innodb",
                      "--default-storage-engine=MyISAM", "--skip-grant-tables", "--skip-networking=0",
                      f"--port={talker.port}", "--bind-address=127.0.0.1", f"--socket={talker.directory}/socket",
                      f"--pid-file={talker.directory}/pid", f"--ssl-cert={talker.pem}", f"--ssl-key={talker.key}",
                      "--log-warnings=0")


def start_xmpp(issued):
    """Prosody."""
    talker = Talker(issued)
    conf = talker.write("prosody.cfg.lua", f"""
run_as_root = true
pidfile = "{talker.directory}/pid"
data_path = "{talker.directory}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {talker.port} }}
s2s_ports = {{ }}
modules_enabled = {{ "tls", "saslauth" }}
modules_disabled = {{ "s2s" }}
c2s_require_encryption = true
ssl = {{ certificate = "{talker.pem}", key = "{talker.key}" }}
VirtualHost "localhost"
""")
    return talker.run("prosody", "-F", "--config", conf)


class _PostgresTalker(Talker):
    def __init__(self, issued):
        super().__init__(issued)
        self.server = Postgres()
        self.port = self.server.port
        # Its key must be its own user's.
        for path in (self.pem, self.key):
            place = self.server.folder / os.path.basename(path)
            with open(path, "rb") as f:
                place.write_bytes(f.read())
            place.chmod(0o600)
            if os.geteuid() == 0:
                subprocess.run(["chown", "postgres:postgres", str(place)], check=True)

    def end(self):
        self.server.stop()


def start_postgres(issued):
    talker = _PostgresTalker(issued)
    folder = talker.server.folder
    talker.server.settings += ["ssl=on", f"ssl_cert_file={folder}/chain.pem", f"ssl_key_file={folder}/key.pem"]
    talker.server.start()
    return talker


STARTERS = {"smtp": start_smtp, "imap": start_imap, "pop3": start_pop3, "ftp": start_ftp, "ldap": start_ldap,
            "postgres": start_postgres, "mysql": start_mysql, "xmpp": start_xmpp}
