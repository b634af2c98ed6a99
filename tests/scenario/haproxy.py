"""A real HAProxy on loopback: one TLS front for each (address, port), and its stats socket."""

import os
import socket
import subprocess

from servers import accepts, wait_until


class HAProxy:
    """`certs` is the directory of what it reads as it starts; `socket` its Runtime API."""

    def __init__(self, directory, socket_directory):
        self.directory = str(directory)
        self.certs = os.path.join(self.directory, "certs")
        self.socket_directory = str(socket_directory)
        self.socket = os.path.join(self.socket_directory, "admin.sock")
        self.fronts = {}
        self.tcp = None
        self.process = None
        os.makedirs(self.certs, exist_ok=True)

    def path(self, name):
        return os.path.join(self.certs, name + ".pem")

    def write(self, name, issued):
        """The file of a certificate, as a person would put it there."""
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(issued.chain_pem() + issued.key_pem)
        os.chmod(self.path(name), 0o640)

    def front(self, port, name, issued=None, address="127.0.0.1", crt=None):
        if issued:
            self.write(name, issued)
        self.fronts[(address, port)] = crt or self.path(name)
        return self

    def start(self):
        path = os.path.join(self.directory, "haproxy.cfg")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"global\n stats socket {self.socket} mode 600 level admin\n")
            if self.tcp:
                f.write(f" stats socket ipv4@127.0.0.1:{self.tcp} level admin\n")
            f.write("defaults\n mode http\n timeout client 10s\n timeout server 10s\n timeout connect 2s\n")
            for i, ((address, port), crt) in enumerate(self.fronts.items()):
                f.write(f"frontend f{i}\n bind {address}:{port} ssl crt {crt}\n http-request return status 200\n")
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=log, stderr=log)
        for address, port in self.fronts:
            wait_until(lambda p=port, a=address: accepts(p, a), what=f"haproxy on {address}:{port}")
        wait_until(lambda: os.path.exists(self.socket), what="haproxy's socket")
        return self

    def command(self, text):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.socket)
            s.sendall(text.encode())
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        return answer.decode()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.process = None

    def restart(self):
        self.stop()
        return self.start()
