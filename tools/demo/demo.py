#!/usr/bin/python3
"""./dev demo: certdesk with a small world beside it, for trying and for screenshots.

nginx and HAProxy serve a dozen certificates, good and bad; certdesk watches them; its mails are caught. Everything
listens on loopback and lives in one directory, which is made anew each time.
"""

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "scenario")]

import world as demo_world  # noqa: E402
from certdesk import Api  # noqa: E402
from servers import wait_until  # noqa: E402
from uploads import import_  # noqa: E402

MARK = ".certdesk-demo"
SMTP_PORT, MAIL_PAGE_PORT = 30, 31  # beyond the first


def say(text=""):
    print(text, flush=True)


def fresh_directory(path):
    """An empty directory at path. What is there is removed only if an earlier demonstration made it."""
    if os.path.isdir(path) and os.listdir(path):
        if not os.path.exists(os.path.join(path, MARK)):
            sys.exit(f"{path} holds something else; choose another directory with --data")
        shutil.rmtree(path)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, MARK), "w", encoding="ascii") as f:
        f.write("made by ./dev demo, which removes this directory when it starts again\n")
    return path


class Server:
    """certdesk itself."""

    def __init__(self, binary, directory, listen, smtp_port):
        self.base = f"http://{listen}"
        self.password = os.environ.get("CERTDESK_ADMIN_PASSWORD") or secrets.token_urlsafe(9)
        self.token_file = os.path.join(directory, "admin.token")
        self.log_path = os.path.join(directory, "certdesk.log")
        loopback = "127.0.0.0/8,::1"
        self.command = [binary, "serve", "--data", os.path.join(directory, "data"), "--listen", listen]
        self.env = {**os.environ, "CERTDESK_PROBE_ALLOW": loopback, "CERTDESK_CA_ALLOW": loopback,
                    "CERTDESK_WEBHOOK_ALLOW": loopback, "CERTDESK_ADMIN_PASSWORD": self.password,
                    "CERTDESK_ADMIN_TOKEN_FILE": self.token_file, "CERTDESK_SMTP_HOST": "127.0.0.1",
                    "CERTDESK_SMTP_PORT": str(smtp_port), "CERTDESK_SMTP_TLS": "none",
                    "CERTDESK_SMTP_FROM": "certdesk@shop.example", "CERTDESK_SERVER_PUBLIC_URL": self.base,
                    "CERTDESK_DEPLOY_DIRECTORIES": os.path.join(directory, "haproxy")}
        self.process = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.env, stdout=log, stderr=log)
        wait_until(self._is_ready, 30, "certdesk getting ready")
        with open(self.token_file, encoding="ascii") as f:
            return Api(self.base, f.read().strip())

    def _is_ready(self):
        if self.process.poll() is not None:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                sys.exit(f.read() + "certdesk did not start")
        try:
            return Api(self.base).call("GET", "/readyz").status == 200
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


def hire(api):
    """The people: ann runs the web servers, bob the mail."""
    for name, display in (("ann", "Ann Ash"), ("bob", "Bob Birch")):
        api.post("/users", {"name": name, "display_name": display, "email": f"{name}@shop.example",
                            "password": secrets.token_urlsafe(12), "role": "user"})
    api.post("/groups", {"name": "web", "users": ["ann"]})


def watch(api, world):
    """Trust the company's root, and add every site; returns when each was looked at."""
    api.post("/trust-bundles", {"name": "Example Shop", "pem": world.root.pem})
    jobs = []
    for site in world.sites:
        sni = site.name.replace("*", "any")
        made = api.post("/certificates", {
            "name": site.name, "description": site.story, "assignee": "bob" if "mail" in site.name else "ann",
            "endpoints": [{"host": "127.0.0.1", "port": site.port, "sni": sni}]}).json
        jobs.append(made["job"])
    for job in jobs:
        api.job_done(job)


def issue(api, world, base):
    """A CA of the company's own, a profile, a request that waits for somebody, and what HAProxy serves."""
    api.post("/cas", {"name": "shop", "kind": "root", "subject": {"CN": "Example Shop Internal CA", "O": "Example Shop"},
                      "public_url": base, "name_constraints": {"permitted": ["shop.example"]}})
    api.post("/profiles", {"name": "Internal servers", "ca": "shop", "lifetime_days": 199, "window": {"days": 30},
                           "names": {"domains": ["shop.example", "*.shop.example"], "wildcards": True}})
    api.post("/tickets", {"type": "certificate", "profile": "Internal servers", "summary": "Intranet of the warehouse",
                          "sans": ["intranet.shop.example"], "assignee": "admin"})
    name, haproxy = "portal.shop.example", world.haproxy
    with open(haproxy.file_of("portal"), encoding="ascii") as f:
        portal = import_(api, {"file": f.read(), "name": name, "assignee": "ann"}).json
    endpoint = {"host": "127.0.0.1", "port": haproxy.port, "sni": name}
    api.job_done(api.post(f"/certificates/{portal['id']}/endpoints", endpoint).json["job"])
    balancer = api.post("/resources", {
        "name": "lb-1", "type": "haproxy", "description": "HAProxy in front of the portal",
        "settings": {"socket": haproxy.socket}, "endpoints": [endpoint], "proof": {"rounds": 2, "timeout_seconds": 60},
        "slots": [{"slot": "portal", "certificate": haproxy.file_of("portal"), "file": haproxy.file_of("portal")}]}).json
    api.post(f"/certificates/{portal['id']}/resources", {"resource": balancer["id"], "slot": "portal"})


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--data", default="data-demo", help="where everything lives (default: %(default)s)")
    parser.add_argument("--listen", default="127.0.0.1:8080", help="where certdesk listens (default: %(default)s)")
    parser.add_argument("--first-port", type=int, default=9442, help="HAProxy's; the other servers take the next"
                        " thirty-one (default: %(default)s)")
    parser.add_argument("--binary", default=os.path.join(ROOT, "build", "certdesk"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    directory = os.path.abspath(fresh_directory(options.data))
    first = options.first_port
    world = demo_world.World(directory, first)
    mails = demo_world.MailCatcher(first + SMTP_PORT, first + MAIL_PAGE_PORT)
    server = Server(options.binary, directory, options.listen, first + SMTP_PORT)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        world.start()
        mails.start()
        api = server.start()
        hire(api)
        watch(api, world)
        issue(api, world, server.base)
        api.post("/schedules/notify/run", expect=202)
        say(f"certdesk:  {server.base}   sign in as admin with {server.password}")
        say(f"mails:     http://127.0.0.1:{mails.page_port}")
        say(f"its log:   {server.log_path}")
        say("README, \"The two-minute tour\", walks through it. Stop with Ctrl-C.")
        ended.wait()
    finally:
        server.stop()
        mails.stop()
        world.stop()


if __name__ == "__main__":
    main()
