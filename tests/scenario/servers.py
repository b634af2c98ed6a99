"""Servers that the scenarios start on loopback, and how to wait for them."""

import os
import signal
import socket
import subprocess
import tempfile
import time


_given = set()


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """Another one each time, though nobody listens on those given before yet."""
    while True:
        with socket.socket(family) as s:
            s.bind((host, 0))
            port = s.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def wait_until(question, seconds=20, what="it"):
    """Poll until question() gives something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s; last answer: {answer!r}")
        time.sleep(0.05)


def short_directory():
    """A new one in which UNIX sockets have room: path and name share 107 bytes. The caller removes it."""
    return tempfile.mkdtemp(prefix="cd-", dir="/tmp")


def accepts(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


class Nginx:
    """A real nginx with one TLS server for each (address, port), whose certificates can be swapped."""

    def __init__(self, directory):
        self.directory = directory
        self.sites = {}
        self.process = None
        os.makedirs(directory, exist_ok=True)

    def site(self, port, *issued, address="127.0.0.1", chain=None, protocols="TLSv1.2 TLSv1.3"):
        """Serve these certificates (one for each kind of key) there; replaces what was served there before."""
        stem = f"{address.replace(':', '_')}-{port}"
        lines = []
        for i, one in enumerate(issued):
            pem = os.path.join(self.directory, f"{stem}-{i}.pem")
            key = os.path.join(self.directory, f"{stem}-{i}.key")
            with open(pem, "w", encoding="ascii") as f:
                f.write(chain if chain is not None else one.chain_pem())
            with open(key, "w", encoding="ascii") as f:
                f.write(one.key_pem)
            lines += [f"ssl_certificate {pem};", f"ssl_certificate_key {key};"]
        host = f"[{address}]" if ":" in address else address
        self.sites[(address, port)] = (f"server {{ listen {host}:{port} ssl; ssl_protocols {protocols};"
                                       + " ".join(lines) + " return 200 'ok'; }")
        return self

    def drop(self, port, address="127.0.0.1"):
        del self.sites[(address, port)]

    def _write(self):
        d = self.directory
        with open(os.path.join(d, "nginx.conf"), "w", encoding="ascii") as f:
            f.write(f"daemon off; worker_processes 1; pid {d}/nginx.pid; error_log {d}/error.log warn;\n"
                    "events { worker_connections 1024; }\n"
                    f"http {{ access_log off; client_body_temp_path {d}/b; proxy_temp_path {d}/p;"
                    f" fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;\n"
                    + "\n".join(self.sites.values()) + "\n}\n")

    def start(self):
        self._write()
        self.process = subprocess.Popen(
            ["nginx", "-p", self.directory, "-c", os.path.join(self.directory, "nginx.conf")],
            stderr=subprocess.DEVNULL)
        for address, port in self.sites:
            wait_until(lambda p=port, a=address: accepts(p, a), what=f"nginx on {address}:{port}")
        return self

    def reload(self):
        """Take the sites as they are now, and return when no worker of before is left."""
        self._write()
        before = self._workers()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._workers() and not self._workers() & before, what="nginx reloading")

    def _workers(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as f:
            return set(f.read().split())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
