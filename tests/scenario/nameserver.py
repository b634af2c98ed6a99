"""A real name server on loopback: BIND, with one zone whose names the stories move about."""

import os
import socket
import struct
import subprocess

from servers import wait_until

ZONE = "watch.test"


def _free_port():
    """Free for both UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
                return udp.getsockname()[1]
            except OSError:
                continue


class NameServer:
    """Names in ZONE with their addresses. What is not in the zone does not exist; other zones are refused."""

    def __init__(self, directory):
        self.directory = directory
        self.port = _free_port()
        self.names = {}
        self.serial = 0
        self.process = None
        os.makedirs(directory, exist_ok=True)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def set(self, label, *addresses):
        """From now on the name has these addresses, none without any; returns it whole."""
        self.names[label] = addresses
        if self.process:
            self._write_zone()
            self.process.send_signal(1)
            wait_until(lambda: self._serves() == self.serial, what="the name server reloading")
        return f"{label}.{ZONE}"

    def _write_zone(self):
        self.serial += 1
        lines = ["$TTL 0", f"@ SOA ns.{ZONE}. root.{ZONE}. ({self.serial} 1 1 1 0)", f"@ NS ns.{ZONE}.",
                 "ns A 127.0.0.1"]
        for label, addresses in self.names.items():
            lines += [f"{label} {'AAAA' if ':' in a else 'A'} {a}" for a in addresses]
        path = os.path.join(self.directory, "zone")
        with open(path + ".new", "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        os.utime(path + ".new", (self.serial, self.serial))  # BIND looks at the time, by the second
        os.rename(path + ".new", path)

    def _serves(self):
        """The serial number of the zone that is answered from (RFC 1035, 4); None without an answer."""
        labels = b"".join(bytes([len(part)]) + part.encode() for part in ZONE.split(".")) + b"\0"
        question = struct.pack("!6H", 7, 0, 1, 0, 0, 0) + labels + struct.pack("!2H", 6, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            s.connect(("127.0.0.1", self.port))
            try:
                s.send(question)
                answer = s.recv(4096)
            except OSError:
                return None
        has_answer = struct.unpack("!H", answer[6:8])[0] == 1
        # The authority section is empty and the server adds nothing, so the SOA's numbers end the message.
        return struct.unpack("!I", answer[-20:-16])[0] if has_answer else None

    def start(self):
        self._write_zone()
        d = self.directory
        with open(os.path.join(d, "named.conf"), "w", encoding="ascii") as f:
            f.write(f'options {{ directory "{d}"; pid-file none; session-keyfile none; recursion no;\n'
                    f"  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n"
                    "  minimal-responses yes; dnssec-validation no; empty-zones-enable no; };\n"
                    "controls { };\n"
                    f'zone "{ZONE}" {{ type primary; file "{d}/zone"; }};\n')
        with open(os.path.join(d, "log"), "ab") as log:
            self.process = subprocess.Popen(["named", "-g", "-n", "1", "-c", os.path.join(d, "named.conf")], stderr=log)
        wait_until(lambda: self._serves() == self.serial, what="the name server")
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
