"""F52: probes go out through an HTTP proxy that wants to know who asks."""

import base64
import socket
import subprocess
import threading

from certdesk import BINARY, Certdesk
from certs import days
from servers import free_port, wait_until

CREDENTIAL = "probe:s3cret of the proxy"


class Proxy:
    """Answers CONNECT on loopback, for those who have the credential."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096) or b"\r\n\r\n"
            lines = request.decode().split("\r\n")
            self.asked.append(lines[0])
            wanted = "Proxy-Authorization: Basic " + base64.b64encode(CREDENTIAL.encode()).decode()
            if wanted not in lines:
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
            port = int(lines[0].split()[1].rsplit(":", 1)[1])
            with socket.create_connection(("127.0.0.1", port)) as other:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=self._pipe, args=(other, connection), daemon=True)
                back.start()
                self._pipe(connection, other)
                back.join(5)

    @staticmethod
    def _pipe(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_the_credential_comes_from_a_file_and_goes_to_the_proxy_alone(desk_factory, nginx, authority, tmp_path):
    proxy, port = Proxy(), free_port()
    nginx.site(port, authority.issue("far.example", not_after=days(200))).start()
    path = tmp_path / "credential"
    path.write_text("wrong:word\n", encoding="ascii")
    desk = desk_factory(env={"CERTDESK_PROBE_PROXY": f"127.0.0.1:{proxy.port}",
                             "CERTDESK_PROBE_PROXY_CREDENTIAL_FILE": str(path)})
    record = desk.admin.add("far.example", port)
    assert "407" in record["endpoints_summary"]["last_error"]

    path.write_text(CREDENTIAL + "\n", encoding="ascii")
    desk.process.send_signal(1)
    wait_until(lambda: desk.admin.update(record["id"])["flags"] == [], what="the reload")
    assert f"CONNECT far.example:{port} HTTP/1.1" in proxy.asked
    assert desk.admin.get(f"/certificates/{record['id']}").json["current"]["sans"] == ["far.example"]
    assert "s3cret" not in desk.log()

    done = subprocess.run([BINARY, "check", "--allow-untrusted", "--proxy", f"127.0.0.1:{proxy.port}",
                           "--proxy-credential-file", path, f"far.example:{port}"], capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 0, done


def test_a_file_without_a_credential_is_refused_at_the_start(tmp_path):
    path = tmp_path / "credential"
    path.write_text("nobody knows\n", encoding="ascii")
    desk = Certdesk(tmp_path / "desk", env={"CERTDESK_PROBE_PROXY": "127.0.0.1:1",
                                            "CERTDESK_PROBE_PROXY_CREDENTIAL_FILE": str(path)})
    desk.start(ready=False)
    assert desk.process.wait(30) == 1
    assert f'{path} does not hold one line "user:password"' in desk.log()
    assert "nobody knows" not in desk.log()
