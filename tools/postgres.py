"""A PostgreSQL server for tests: in a temporary folder, on a free port of loopback."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A cluster of our own, which leaves nothing behind. `settings` ("name=value") win over ours.

    With `keep`, a folder, it is made there if it is not there yet, and stays.
    """

    def __init__(self, settings=(), keep=None):
        self.settings = list(settings)
        self.is_kept = keep is not None
        if keep:
            Path(keep).mkdir(exist_ok=True)
        self.folder = Path(keep or tempfile.mkdtemp(prefix="certdesk-pg-"))
        self.prefix = []
        self.port = free_port()
        self.process = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self.folder.chmod(0o755)

    def start(self):
        data = self.folder / "data"
        if not data.exists():
            self.tool("initdb", "-D", data, "-U", "certdesk", "--auth=trust", "--encoding=UTF8",
                      "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        settings = ["port=%d" % self.port, "listen_addresses=127.0.0.1", "max_connections=200",
                    "shared_buffers=32MB", "fsync=off", "full_page_writes=off",
                    "unix_socket_directories=", *self.settings]
        self.process = subprocess.Popen(
            [*self.prefix, self.path("postgres"), "-D", str(data),
             *(word for setting in settings for word in ("-c", setting))],
            stdin=subprocess.DEVNULL, stdout=(self.folder / "log").open("w"),
            stderr=subprocess.STDOUT, cwd="/", start_new_session=True)
        deadline = time.monotonic() + 60
        while subprocess.run([self.path("pg_isready"), "-q", "-h", "127.0.0.1", "-p",
                              str(self.port)], check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start:\n"
                                   + (self.folder / "log").read_text(errors="replace"))
            time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if self.is_kept else signal.SIGQUIT)  # in order, or at once
            try:
                self.process.wait(timeout=120 if self.is_kept else 20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        if not self.is_kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def crash(self):
        """All its processes die at once; start() brings it back, with what was committed."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def path(self, tool):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/" + tool))
        return str(found[-1]) if found else shutil.which(tool) or tool

    def tool(self, name, *args):
        done = subprocess.run([*self.prefix, self.path(name), *map(str, args)], cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError("%s: %s%s" % (name, done.stdout, done.stderr))

    def url(self):
        return "postgresql://certdesk@127.0.0.1:%d/postgres" % self.port
