"""The family of processes: started, confined, restarted, reloaded and ended by the supervisor."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from certdesk import BINARY, Api, Certdesk
from servers import accepts, wait_until
from uploads import import_, pfx

NOBODY = 65534


@pytest.fixture
def desk(tmp_path):
    server = Certdesk(tmp_path / "desk")
    yield server
    server.stop()


def ended(desk, seconds=20):
    """Wait for a server that cannot start; returns its exit status and what it said."""
    desk.process.wait(seconds)
    return desk.process.returncode, desk.log()


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


@pytest.mark.parametrize("role", ["server", "prober", "vault"])
def test_a_killed_process_is_back_within_a_second_and_the_server_ready_again(desk, role):
    desk.start()
    before = desk.children()
    os.kill(before[role], signal.SIGKILL)
    wait_until(lambda: desk.children().get(role) not in (None, before[role]), 2, f"{role} restarted")
    desk.wait_ready(5)
    assert desk.process.poll() is None


def figures(desk):
    """What /metrics and /readyz say, at once."""
    begun = time.monotonic()
    metrics, ready = desk.admin.call("GET", "/metrics", expect=200), desk.admin.call("GET", "/readyz")
    assert time.monotonic() - begun < 4
    return metrics.body.decode(), ready.json.get("detail", "")


def test_metrics_tell_the_connections_and_requests(desk):
    def figure(text, name):
        return int(re.search(rf"^certdesk_http_{name} (\d+)$", text, re.M)[1])

    desk.start()
    first, second = figures(desk)[0], figures(desk)[0]
    assert figure(second, "requests_total") == figure(first, "requests_total") + 2
    assert figure(first, "connections") >= 1 and figure(first, "requests") == 1
    assert figure(first, "refused_connections_total") == 0


RSA = {"subject": {"CN": "x.example"}, "key": {"algorithm": "rsa", "size": 4096}}
EC = {"subject": {"CN": "x.example"}, "key": {"algorithm": "ec"}}


def wait_for_another(desk, vault, seconds=40):
    """The process that has taken the place of `vault`."""
    wait_until(lambda: desk.children().get("vault") not in (None, vault), seconds, "another vault")
    return desk.children()["vault"]


def test_a_vault_that_hangs_is_told_at_once_and_another_serves_those_who_wait(desk):
    """Whoever needs it waits; how we are is told meanwhile, and nothing of it is lost."""
    desk.start()
    vault = desk.children()["vault"]
    with ThreadPoolExecutor(16) as pool:
        os.kill(vault, signal.SIGSTOP)
        waiting = [pool.submit(desk.admin.call, "POST", "/csrs", EC) for _ in range(16)]
        all_wait = 'certdesk_work{kind="request",state="running"} 8'
        wait_until(lambda: all_wait in figures(desk)[0], 20, "all workers to wait for the vault")
        wait_until(lambda: "vault: the vault has not answered for" in figures(desk)[1], 30, "readyz to tell")
        assert "certdesk_vault_hangs_total 0" in figures(desk)[0]
        wait_for_another(desk, vault)
        assert {w.result().status for w in waiting} == {201}
    desk.wait_ready(5)
    assert is_gone(vault) and desk.log().count("vault.hangs") == 1
    now = figures(desk)[0]
    assert "certdesk_vault_opened_total" in now and "certdesk_vault_hangs_total 1" in now


def test_a_vault_that_hangs_is_noticed_before_anybody_needs_it(desk, authority, tmp_path):
    desk.start()
    vault = desk.children()["vault"]
    os.kill(vault, signal.SIGSTOP)
    wait_for_another(desk, vault)
    desk.wait_ready(5)
    made = import_(desk.admin, {"file": pfx(tmp_path, authority.issue("a.example.org")), "password": "secret"})
    assert made.json["has_private_key"] is True


def test_a_vault_that_hangs_before_it_has_its_keys_is_ended_too_and_who_asked_is_told(desk):
    """As in the module of a token: there is more patience for that, but not for the request."""
    desk.start()
    patient = desk.admin
    patient.timeout = 120
    with ThreadPoolExecutor(1) as pool:
        for n_hangs in range(1, 6):
            vault = desk.children()["vault"]
            os.kill(vault, signal.SIGKILL)
            while (hanging := desk.children().get("vault")) in (None, vault):
                pass  # be faster than it is
            os.kill(hanging, signal.SIGSTOP)
            answer = pool.submit(patient.call, "POST", "/csrs", EC)
            assert "vault" in figures(desk)[1]
            answer = answer.result()
            if answer.status != 201:
                break
            desk.wait_ready(5)  # it had its keys already, and another has served: once more
    assert answer.status == 503 and "the vault does not answer" in answer.json["detail"], answer
    assert wait_for_another(desk, hanging) and desk.log().count("vault.hangs") == n_hangs
    desk.wait_ready(5)
    desk.admin.post("/csrs", EC)


def test_a_vault_that_is_only_slow_is_left_alone(desk):
    """As on a machine with far too much to do: it gets a twentieth of the time, for longer than is waited for one
    that hangs."""
    desk.start()
    vault = desk.children()["vault"]
    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(desk.admin.call, "POST", "/csrs", RSA)]
        until = time.monotonic() + 24
        while time.monotonic() < until:
            os.kill(vault, signal.SIGSTOP)
            time.sleep(0.95)
            os.kill(vault, signal.SIGCONT)
            time.sleep(0.05)
        assert {w.result().status for w in waiting} == {201}
    assert desk.children()["vault"] == vault and "vault.hangs" not in desk.log()


def test_term_ends_everything_with_status_0(desk):
    desk.start()
    pids = desk.children().values()
    assert desk.stop() == 0
    assert all(is_gone(pid) for pid in pids)


def test_interrupt_from_the_terminal_ends_in_order_too(desk):
    desk.start()
    for pid in [*desk.children().values(), desk.process.pid]:  # the terminal sends it to all of them
        os.kill(pid, signal.SIGINT)
    assert desk.process.wait(20) == 0


def test_no_process_outlives_a_killed_supervisor_and_the_next_starts_at_once(desk):
    desk.start()
    pids = list(desk.children().values())
    desk.process.kill()
    desk.process.wait()
    desk.start()
    assert all(is_gone(pid) for pid in pids)


def test_a_second_server_on_the_same_data_is_refused(desk, tmp_path):
    desk.start()
    second = Certdesk(tmp_path / "second")
    second.data = desk.data
    status, log = ended(second.start(ready=False))
    assert status == 1
    assert f'another server is using the data directory "{desk.data}" (process {desk.process.pid})' in log
    assert Api(desk.base).get("/readyz").status == 200


def test_a_port_in_use_is_told_in_one_line(desk):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        desk.port = taken.getsockname()[1]
        status, log = ended(desk.start(ready=False))
    assert status == 1
    said = [line for line in log.splitlines() if line.startswith("certdesk: ")]
    assert said == [f"certdesk: could not listen on 127.0.0.1:{desk.port}: address already in use"]


def test_a_database_that_can_only_be_read_is_told_in_one_line(desk):
    """As a user of its own where the tests run as root, for whom nothing is read-only."""
    home = tempfile.mkdtemp(prefix="certdesk-readonly-")
    try:
        desk.data = os.path.join(home, "data")
        desk.start()
        assert desk.stop() == 0
        os.unlink(desk.log_path)
        as_user = []
        if os.getuid() == 0:
            as_user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            for folder, _, names in os.walk(home):
                for path in [folder, *(os.path.join(folder, name) for name in names)]:
                    os.chown(path, NOBODY, NOBODY)
        database = os.path.join(desk.data, "db", "certdesk.db")
        os.chmod(database, 0o400)
        os.chmod(os.path.dirname(database), 0o500)
        usual = desk.command
        desk.command = lambda: as_user + usual()
        status, log = ended(desk.start(ready=False))
    finally:
        shutil.rmtree(home)
    assert status == 1
    said = [line for line in log.splitlines() if line.startswith("certdesk: ")]
    assert len(said) == 1 and "database" in said[0] and ("read" in said[0] or "write" in said[0]), log


@pytest.mark.parametrize("content, says", [
    ("[server]\nlisen = 127.0.0.1:1\n", ':2: unknown setting "lisen" in section [server]; did you mean "listen"?'),
    ("[probe]\n\nallow = everything\n", ':3: setting probe.allow: "everything" is neither an address nor a range'),
    ("[server]\n# " + "x" * 300 + "\n", ":2: the line is longer than 197 bytes"),
    ("[server]\nlisten = 127.0.0.1:70000\n", ":2: setting server.listen: the port"),
])
def test_starting_and_checking_tell_the_same_mistake_with_its_line(desk, tmp_path, content, says):
    file = tmp_path / "certdesk.conf"
    file.write_text(content)
    desk.extra = ["--config", str(file)]
    status, log = ended(desk.start(ready=False))
    check = desk.cli("config", "check", "--config", str(file))
    assert status == 1 and check.returncode == 1
    assert str(file) + says in log
    assert check.stderr.strip() in log
    assert not os.path.exists(desk.data)


def test_what_applies_is_shown_with_where_it_comes_from(tmp_path):
    """Of the file, the environment and the defaults; a password in a URL is not."""
    file = tmp_path / "certdesk.conf"
    file.write_text("[probe]\nallow = ::1\n\n[database]\nurl = postgresql://u:geheim@h/d\n")
    run = [BINARY, "config", "show", "--config", str(file)]
    env = {**os.environ, "CERTDESK_SERVER_WORKERS": "3"}
    shown = subprocess.run(run, capture_output=True, text=True, timeout=20, check=True, env=env).stdout
    assert f"probe.allow = ::1 ({file}:2)\n" in shown
    assert "server.workers = 3 (CERTDESK_SERVER_WORKERS)\n" in shown
    assert "server.listen = 127.0.0.1:8080 (default)\n" in shown
    assert f"database.url = (hidden) ({file}:5)\n" in shown and "geheim" not in shown
    lines = subprocess.run([*run, "-o", "json"], capture_output=True, text=True, timeout=20, check=True).stdout
    values = {one["name"]: (one["value"], one["origin"]) for one in map(json.loads, lines.splitlines())}
    assert values["probe.allow"] == ("::1", f"{file}:2") and "geheim" not in lines
    for wrong in (["config", "show", "x"], ["config", "show", "-o", "xml"], ["config", "list", "--config", str(file)]):
        assert subprocess.run([BINARY, *wrong], capture_output=True, timeout=20, check=False).returncode == 2


@pytest.mark.parametrize("words, says", [
    (["--listen", "127.0.0.1:70000"], "option --listen: setting server.listen: the port"),
    (["--lisen", "127.0.0.1:1"], 'unknown argument "--lisen"'),
    (["--data"], "missing value"),
])
def test_wrong_arguments_are_told(words, says):
    run = subprocess.run([BINARY, "serve", *words], capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode in (1, 2)
    assert says in run.stderr


def test_a_data_directory_that_others_may_enter_is_refused(desk):
    os.makedirs(desk.data)
    with open(os.path.join(desk.data, "diary"), "w", encoding="ascii"):
        pass
    os.chmod(desk.data, 0o755)
    status, log = ended(desk.start(ready=False))
    assert status == 1
    assert "other users may enter the data directory" in log
    assert os.listdir(desk.data) == ["diary"]


def test_hup_takes_new_settings_and_keeps_the_old_ones_when_they_are_wrong(desk, tmp_path):
    file = tmp_path / "certdesk.conf"
    file.write_text("[log]\nlevel = info\n")
    desk.extra = ["--config", str(file)]
    desk.start()
    pids = desk.children()

    file.write_text("[log]\nlevel = debug\n[server]\nworkers = 2\n")
    desk.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "event=server.reloaded" in desk.log(), 5, "reloaded")
    assert "event=conf.needs_restart setting=server.workers" in desk.log()

    file.write_text("[log]\nlevle = debug\n")
    desk.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "event=conf.reload_failed" in desk.log(), 5, "refused")
    assert 'unknown setting \\"levle\\"' in desk.log()
    assert Api(desk.base).get("/readyz").status == 200
    assert desk.children() == pids


def test_every_process_is_confined(desk):
    desk.start()
    for role, pid in desk.children().items():
        wait_until(lambda p=pid: status_of(p)["Seccomp"] == "2", 5, f"{role} confined")
        assert status_of(pid)["NoNewPrivs"] == "1", role
        # Not dumpable: its files in /proc belong to root, and nobody of the same user may look.
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0, role


def test_no_password_is_in_arguments_or_environment_of_a_child(desk):
    desk.start()
    for role, pid in desk.children().items():
        with open(f"/proc/{pid}/environ", "rb") as environ, open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            assert b"correct horse" not in environ.read() + cmdline.read(), role


def test_the_server_cannot_read_the_master_key(desk, tmp_path):
    """Landlock keeps DIR/vault from it; the same file elsewhere it reads, and finds no key in it."""
    desk.start()
    assert desk.stop() == 0
    key = os.path.join(desk.data, "vault", "master.key")
    copy = str(tmp_path / "copy.key")
    shutil.copy(key, copy)
    for path, says in ((key, "ermission denied"), (copy, "")):
        if os.path.exists(desk.log_path):
            os.unlink(desk.log_path)
        desk.extra = ["--tls-cert", path, "--tls-key", path]
        status, log = ended(desk.start(ready=False))
        assert status == 1
        assert says in log
        assert ("ermission denied" in log) == (path == key)


def test_a_server_with_another_master_key_is_not_ready_until_the_right_one_is_back(desk):
    desk.start()
    assert desk.stop() == 0
    key = os.path.join(desk.data, "vault", "master.key")
    kept = key + ".kept"
    os.rename(key, kept)

    desk.start(ready=False)
    wait_until(lambda: "event=vault.locked" in desk.log(), 10, "vault locked")
    answer = Api(desk.base).call("GET", "/readyz")
    assert answer.status == 503
    assert b"master key is missing" in answer.body
    assert not os.path.exists(key), "a key was made beside a database that has one"

    with open(key, "w", encoding="ascii") as f:
        f.write("certdesk master key 1\n" + "5a" * 32 + "\n")
    os.chmod(key, 0o600)
    wait_until(lambda: b"master key is another one" in Api(desk.base).call("GET", "/readyz").body, 10, "told")
    assert Api(desk.base).get("/healthz").status == 200

    os.rename(kept, key)
    desk.wait_ready(10)


def test_the_service_manager_is_told(desk, sockets):
    path = os.path.join(sockets, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(20)
        desk.env["NOTIFY_SOCKET"] = path
        desk.start(ready=False)
        assert manager.recv(100) == b"READY=1"
        assert desk.stop() == 0
        assert manager.recv(100) == b"STOPPING=1"


def test_a_passphrase_takes_the_place_of_the_key_file(desk, tmp_path):
    file = tmp_path / "passphrase"
    file.write_text("correct horse battery staple\n")
    desk.env["CERTDESK_VAULT_PASSPHRASE_FILE"] = str(file)
    desk.start()
    os.kill(desk.children()["vault"], signal.SIGKILL)
    desk.wait_ready(10)
    assert desk.stop() == 0
    assert os.listdir(os.path.join(desk.data, "vault")) == ["opened"]

    file.write_text("another passphrase\n")
    desk.start(ready=False)
    wait_until(lambda: "event=vault.locked" in desk.log(), 20, "vault locked")
    wait_until(lambda: accepts(desk.port), 20, "listening")
    # The log comes first; while it tries again, it says that it does.
    wait_until(lambda: b"another one" in Api(desk.base).call("GET", "/readyz").body, 20, "the reason")


def test_https_is_served_with_the_given_certificate(desk, tmp_path, authority):
    issued = authority.issue("localhost")
    chain, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    chain.write_text(issued.chain_pem())
    key.write_text(issued.key_pem)
    desk.extra = ["--tls-cert", str(chain), "--tls-key", str(key)]
    desk.start(ready=False)
    wait_until(lambda: "event=server.listening" in desk.log(), 20, "listening")
    seen = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{desk.port}", "-servername", "localhost"],
                          input="", capture_output=True, text=True, timeout=20, check=False)
    assert "CN = localhost" in seen.stdout
