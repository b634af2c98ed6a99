"""The servers of the demonstration: nginx and HAProxy with good and bad certificates, and a mail catcher.

The certificates are those of one small company, made anew each time, with days left as each story needs them.
"""

import collections
import http.server
import html
import os
import subprocess
import threading

from aiosmtpd.controller import Controller

from certs import Authority, days, self_signed
from servers import Nginx, accepts, wait_until

Site = collections.namedtuple("Site", "name port story")


class World:
    """Everything that certdesk looks at. Made in `directory`; start() and stop()."""

    def __init__(self, directory, first_port):
        self.directory = directory
        self.sites = []
        self.root = Authority.root("Example Shop Root CA")
        self.issuing = self.root.intermediate("Example Shop Issuing CA")
        self.nginx = Nginx(os.path.join(directory, "nginx"))
        self.haproxy = HAProxy(os.path.join(directory, "haproxy"), first_port)
        self._furnish()

    def _serve(self, name, story, *issued, chain=None):
        port = self.haproxy.port + 1 + len(self.sites)
        self.nginx.site(port, *issued, chain=chain)
        self.sites.append(Site(name, port, story))

    def _furnish(self):
        issue = self.issuing.issue
        self._serve("www.shop.example", "fine for months", issue("www.shop.example", not_after=days(170)))
        self._serve("api.shop.example", "fine, with an RSA and an EC key", issue("api.shop.example", not_after=days(150)),
                    issue("api.shop.example", not_after=days(150), kind="rsa"))
        self._serve("*.apps.shop.example", "a wildcard", issue("*.apps.shop.example", not_after=days(120)))
        self._serve("status.shop.example", "six days of life, as short-lived ones have",
                    issue("status.shop.example", not_before=days(-3), not_after=days(3)))
        self._serve("mail.shop.example", "ends in 12 days", issue("mail.shop.example", not_after=days(12)))
        self._serve("vpn.shop.example", "ends in 2 days", issue("vpn.shop.example", not_after=days(2)))
        self._serve("legacy.shop.example", "expired 4 days ago", issue("legacy.shop.example", not_after=days(-4)))
        self._serve("printer.shop.example", "self-signed", self_signed("printer.shop.example", not_after=days(800)))
        self._serve("wiki.shop.example", "another host's certificate", issue("old-wiki.shop.example", not_after=days(90)))
        partner = issue("partner.shop.example", not_after=days(200))
        self._serve("partner.shop.example", "its chain lacks the intermediate", partner, chain=partner.pem)
        self._serve("new.shop.example", "not valid before next week",
                    issue("new.shop.example", not_before=days(7), not_after=days(97)))
        self.haproxy.serve("portal", issue("portal.shop.example", not_before=days(-81), not_after=days(9)))

    def start(self):
        self.nginx.start()
        self.haproxy.start()

    def stop(self):
        self.haproxy.stop()
        self.nginx.stop()


class HAProxy:
    """HAProxy in front of nothing: it answers by itself, with the certificate NAME.pem."""

    def __init__(self, directory, port):
        self.directory, self.port = directory, port
        self.certificates = os.path.join(directory, "certs")
        self.socket = os.path.join(directory, "admin.sock")
        self.process = None
        os.makedirs(self.certificates, exist_ok=True)

    def file_of(self, name):
        return os.path.join(self.certificates, f"{name}.pem")

    def serve(self, name, issued):
        with open(self.file_of(name), "w", encoding="ascii", opener=_private) as f:
            f.write(issued.chain_pem() + issued.key_pem)
        with open(os.path.join(self.directory, "haproxy.cfg"), "w", encoding="ascii") as f:
            f.write(f"""global
    stats socket {self.socket} mode 600 level admin
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend https
    bind 127.0.0.1:{self.port} ssl crt {self.file_of(name)}
    http-request return status 200 content-type text/plain string "the portal\\n"
""")

    def start(self):
        self.process = subprocess.Popen(
            ["haproxy", "-db", "-q", "-f", os.path.join(self.directory, "haproxy.cfg")])
        wait_until(lambda: accepts(self.port), what=f"HAProxy on 127.0.0.1:{self.port}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


def _private(path, flags):
    return os.open(path, flags, 0o600)


class MailCatcher:
    """Takes every mail, and shows them on a page of its own; nothing is sent on."""

    def __init__(self, smtp_port, page_port):
        self.smtp_port, self.page_port = smtp_port, page_port
        self.mails = []
        self.smtp = Controller(self, hostname="127.0.0.1", port=smtp_port)
        self.page = http.server.ThreadingHTTPServer(("127.0.0.1", page_port), self._page_handler())

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content.decode("utf-8", "replace")))
        return "250 OK"

    def _page_handler(self):
        catcher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                parts = [f"<h2>to {html.escape(', '.join(to))}</h2><pre>{html.escape(text)}</pre>"
                         for to, text in reversed(catcher.mails)]
                body = ("<!doctype html><meta charset=utf-8><title>Mails caught</title>"
                        f"<h1>{len(parts)} mails caught</h1>{''.join(parts)}").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        return Handler

    def start(self):
        self.smtp.start()
        threading.Thread(target=self.page.serve_forever, daemon=True).start()

    def stop(self):
        self.page.shutdown()
        self.smtp.stop()
