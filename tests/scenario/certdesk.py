"""The certdesk under test: the real binary, started as a user would, and its API and CLI."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

from servers import free_port, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("CERTDESK_BINARY", os.path.join(ROOT, "build", "certdesk"))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Api:
    """One caller of the API: a token, or nobody."""

    timeout = 30  # seconds

    def __init__(self, base, token=None):
        self.base, self.token = base, token

    def call(self, method, path, body=None, headers=None, expect=None):
        if not path.startswith(("/api/", "/rest/", "/secure/", "/healthz", "/readyz", "/metrics", "/pki/", "/ocsp/")):
            path = "/api/v1" + path
        request = urllib.request.Request(self.base + path, method=method)
        data = None
        if isinstance(body, (bytes, str)):
            data = body.encode() if isinstance(body, str) else body
        elif body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, data=data, timeout=self.timeout) as r:
                answer = Answer(r.status, r.headers, r.read())
        except urllib.error.HTTPError as e:
            answer = Answer(e.code, e.headers, e.read())
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: {answer}"
        return answer

    def get(self, path, expect=200, **kw):
        return self.call("GET", path, expect=expect, **kw)

    def post(self, path, body=None, expect=201, **kw):
        return self.call("POST", path, body, expect=expect, **kw)

    def patch(self, path, body, expect=200, **kw):
        return self.call("PATCH", path, body, expect=expect, **kw)

    def delete(self, path, expect=204, **kw):
        return self.call("DELETE", path, expect=expect, **kw)

    def job_done(self, job_id, seconds=30):
        """Wait until the job has ended, and return it."""
        def ended():
            job = self.get(f"/jobs/{job_id}").json
            return job if job["state"] in ("done", "failed") else None
        return wait_until(ended, seconds, f"job {job_id}")

    def add(self, host, port, **fields):
        """Add a certificate by endpoint and wait for its first check; returns the record."""
        endpoint = {"host": host, "port": port}
        for key in ("sni", "protocol"):
            if key in fields:
                endpoint[key] = fields.pop(key)
        made = self.post("/certificates", {"endpoints": [endpoint], **fields}).json
        self.job_done(made["job"])
        return self.get(f"/certificates/{made['id']}").json

    def update(self, certificate_id):
        """Refresh one certificate now and return it."""
        answer = self.post(f"/certificates/{certificate_id}/update", expect=202).json
        self.job_done(answer["job"])
        return self.get(f"/certificates/{certificate_id}").json


class Certdesk:
    """`certdesk serve` with its own data directory on a free port."""

    def __init__(self, directory, database=None, env=None, extra=None):
        self.directory = str(directory)
        self.data = os.path.join(self.directory, "data")
        self.database = database
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log_path = os.path.join(self.directory, "log")
        self.token_file = os.path.join(self.directory, "admin.token")
        self.env = {"CERTDESK_PROBE_ALLOW": "127.0.0.0/8,::1", "CERTDESK_CA_ALLOW": "127.0.0.0/8,::1",
                    "CERTDESK_WEBHOOK_ALLOW": "127.0.0.0/8,::1", "CERTDESK_ADMIN_PASSWORD": "correct horse staple",
                    "CERTDESK_ADMIN_TOKEN_FILE": self.token_file, **(env or {})}
        self.extra = extra or []
        self.process = None
        os.makedirs(self.directory, exist_ok=True)

    def command(self):
        words = [BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"]
        if self.database:
            words += ["--database", self.database]
        return words + self.extra

    def start(self, ready=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), env={**os.environ, **self.env}, stdout=log, stderr=log)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=30):
        def is_ready():
            assert self.process.poll() is None, f"certdesk ended with {self.process.returncode}:\n{self.log()}"
            try:
                return Api(self.base).call("GET", "/readyz").status == 200
            except OSError:
                return False
        wait_until(is_ready, seconds, "certdesk ready")

    @property
    def admin(self):
        with open(self.token_file, encoding="ascii") as f:
            return Api(self.base, f.read().strip())

    def add_user(self, name, role="user", **fields):
        return self.admin.post("/users", {"name": name, "role": role, "password": f"a phrase for {name}", **fields}).json

    def session(self, name, password=None):
        """What a request of a session carries that this person has just begun."""
        begun = Api(self.base).post("/session", {"username": name, "password": password or f"a phrase for {name}"}, expect=200)
        return {"Cookie": begun.headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": begun.json["csrf_token"]}

    def signed_in(self, name, scope="admin", password=None):
        """This person with a token: "admin" is all that their role may."""
        made = Api(self.base).post("/tokens", {"name": "t", "scopes": [scope]}, headers=self.session(name, password)).json
        api = Api(self.base, made["token"])
        api.name, api.token_id = name, made["id"]
        return api

    def user(self, name, role="user", **fields):
        """Somebody new, signed in."""
        self.add_user(name, role, **fields)
        return self.signed_in(name)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def children(self):
        """{role: pid} of the processes the supervisor runs."""
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as f:
            pids = [int(p) for p in f.read().split()]
        roles = {}
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().decode(errors="replace").split("\0")
            except OSError:
                continue  # it has just ended
            if words[1:2] == ["internal"]:
                roles[words[2]] = pid
        return roles

    def kill_hard(self):
        """A power cut, as far as processes go: all of them at once."""
        pids = [self.process.pid, *self.children().values()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        return self.process.returncode if self.process else None

    def _cli_env(self, env):
        return {**os.environ, **self.env, "HOME": self.directory, "CERTDESK_URL": self.base, **(env or {})}

    def cli(self, *words, env=None, stdin=None):
        """Run a subcommand; returns the finished process with text output."""
        return subprocess.run([BINARY, *words], env=self._cli_env(env), input=stdin, capture_output=True, text=True,
                              timeout=60, check=False)

    def cli_typed(self, *words, lines):
        """The same by somebody at a terminal, who answers each question, which ends with a colon."""
        ours, theirs = os.openpty()
        with subprocess.Popen([BINARY, *words], env=self._cli_env(None), stdin=theirs, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            os.close(theirs)
            said = b""
            for line in lines:
                while not said.endswith(b": "):
                    piece = os.read(process.stderr.fileno(), 4096)
                    assert piece, said
                    said += piece
                os.write(ours, line.encode() + b"\n")
                said += b"\n"
            rest = process.communicate(timeout=60)[1]
        os.close(ours)
        return process.returncode, (said + rest).decode()
