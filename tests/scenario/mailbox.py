"""A real mail server and a receiver of webhooks, on loopback, that behave as they are told."""

import asyncio
import email
import email.policy
import http.server
import json
import ssl
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from servers import free_port, wait_until


class Mail:
    """One message as the server took it."""

    def __init__(self, to, raw):
        self.to, self.raw = to, raw
        self.message = email.message_from_bytes(raw, policy=email.policy.default)

    @property
    def subject(self):
        return self.message["Subject"]

    @property
    def id(self):
        return self.message["Message-ID"]

    def part(self, kind):
        return self.message.get_body((kind,)).get_content()

    @property
    def text(self):
        return self.part("plain")

    @property
    def html(self):
        return self.part("html")


class _Handler:
    def __init__(self):
        self.mails, self.tries = [], 0
        self.refuse_rcpt, self.refuse_data, self.hang = {}, [], False
        self.delay_answer = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = self.refuse_rcpt.get(address)
        if answers:
            self.tries += 1
            return answers.pop(0) if isinstance(answers, list) else answers
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.tries += 1
        if self.hang:
            await asyncio.sleep(60)
            return "451 took too long"
        if self.refuse_data:
            return self.refuse_data.pop(0)
        self.mails += [Mail(to, envelope.original_content) for to in envelope.rcpt_tos]
        if self.delay_answer:
            await asyncio.sleep(self.delay_answer)
        return "250 OK, taken"


class MailServer:
    """aiosmtpd. `tls`: an Issued certificate for STARTTLS, which is then demanded; `user`: (name, password)."""

    def __init__(self, port=None, tls=None, user=None, directory=None):
        self.port, self.handler, self.user = port or free_port(), _Handler(), user
        options = {}
        if tls:
            pem, key = directory / "smtp.pem", directory / "smtp.key"
            pem.write_text(tls.chain_pem())
            key.write_text(tls.key_pem)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem, key)
            options = {"tls_context": context, "require_starttls": True}
        if user:
            options |= {"authenticator": self._check, "auth_required": True}
        self.controller = Controller(self.handler, hostname="127.0.0.1", port=self.port, **options)

    def _check(self, server, session, envelope, mechanism, auth):
        right = (auth.login.decode(), auth.password.decode()) == self.user
        return AuthResult(success=right, handled=False)

    def start(self):
        self.controller.start()
        return self

    def stop(self):
        self.controller.stop(no_assert=True)

    @property
    def mails(self):
        return self.handler.mails

    def to(self, address):
        return [m for m in self.mails if m.to == address]

    def wait(self, n, seconds=20):
        wait_until(lambda: len(self.mails) >= n, seconds, f"{n} mails")
        return self.mails

    @property
    def env(self):
        return {"CERTDESK_SMTP_HOST": "127.0.0.1", "CERTDESK_SMTP_PORT": str(self.port), "CERTDESK_SMTP_TLS": "none",
                "CERTDESK_SMTP_FROM": "Certificate Desk <certdesk@desk.example>"}


class Hook:
    """An HTTP server that keeps every call. `answers`: (status, headers) for the calls to come, then 200."""

    def __init__(self):
        hook = self
        self.calls, self.answers, self.delay, self.endless = [], [], 0, False

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.calls.append((self.path, dict(self.headers), body, time.time()))
                if hook.delay:
                    time.sleep(hook.delay)
                status, headers = hook.answers.pop(0) if hook.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "99999999999" if hook.endless else "2")
                self.end_headers()
                self.wfile.write(b"ok")
                while hook.endless:
                    try:
                        self.wfile.write(b"more " * 20000)
                    except OSError:
                        return

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook/s3cret-path"

    def json(self, i=-1):
        return json.loads(self.calls[i][2])

    def wait(self, n, seconds=20):
        wait_until(lambda: len(self.calls) >= n, seconds, f"{n} calls")
        return self.calls

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
