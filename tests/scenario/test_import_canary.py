"""F28: no byte of a private key or a password that was brought is found anywhere but in the vault's seal."""

import os
import re

import pytest
from cryptography.hazmat.primitives import serialization

from uploads import import_, pfx

PASSWORD = "a canary of a password"


def family(desk):
    """The serving processes by their role."""
    found = {"supervisor": desk.process.pid}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", "rb") as f:
                parent = int(f.read().rsplit(b")", 1)[1].split()[1])
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except (OSError, IndexError):
            continue
        if parent == desk.process.pid and words[1:2] == [b"internal"]:
            found[words[2].decode()] = int(pid)
    return found


def memory(pid):
    """What the process can read and write, piece by piece."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(n, 16) for n in re.match(r"([0-9a-f]+)-([0-9a-f]+)", line).groups())
            if " rw" not in line or "[v" in line or end - start > 1 << 28:
                continue
            for at in range(start, end, 1 << 24):
                try:
                    mem.seek(at)
                    yield mem.read(min(1 << 24, end - at))
                except (OSError, ValueError, OverflowError):
                    break


def canaries(key):
    """Parts of the key as they would lie in memory or in a file: numbers in both orders, DER, PEM."""
    numbers = key.private_numbers()
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    lines = pem.split(b"\n")
    assert numbers.p.to_bytes(128, "big") in der
    return {"p": numbers.p.to_bytes(128, "big")[40:72], "p reversed": numbers.p.to_bytes(128, "little")[40:72],
            "d": numbers.d.to_bytes(256, "big")[100:132], "d reversed": numbers.d.to_bytes(256, "little")[100:132],
            "PEM": lines[len(lines) // 2], "password": PASSWORD.encode(), "password in UTF-16": PASSWORD.encode("utf-16-be")}


def search(hay, wanted, where):
    return [f"{name} in {where}" for name, needle in wanted.items() if needle in hay]


def test_a_key_that_was_brought_is_nowhere_in_the_clear(desk_module, authority, tmp_path):
    desk = desk_module
    plain, packed = authority.issue("canary-pem.example", kind="rsa"), authority.issue("canary-pfx.example", kind="rsa")
    answers = [import_(desk.admin, {"file": plain.pem + plain.key_pem}),
               import_(desk.admin, {"file": pfx(tmp_path, packed, PASSWORD), "password": PASSWORD}),
               import_(desk.admin, {"file": packed.pem, "key": packed.key_pem, "key_password": PASSWORD}, expect=200)]
    assert all(a.json["has_private_key"] for a in answers)
    for path in ("/certificates", f"/certificates/{answers[0].json['id']}/log", "/audit?limit=50"):
        answers.append(desk.admin.get(path))
    wanted = {f"{name} of {n}": needle for n, key in enumerate((plain.key, packed.key))
              for name, needle in canaries(key).items()}
    found = []
    for answer in answers:
        found += search(answer.body, wanted, "an answer")
    for directory, _, names in os.walk(desk.directory):
        for name in names:
            with open(os.path.join(directory, name), "rb") as f:
                found += search(f.read(), wanted, os.path.join(directory, name))
    processes = family(desk)
    assert {"supervisor", "server", "prober", "vault"} <= set(processes)
    for role in ("supervisor", "server"):
        try:
            for piece in memory(processes[role]):
                found += search(piece, wanted, f"the memory of the {role}")
        except PermissionError:
            pytest.skip("may not read other processes' memory: run as root")
    assert found == []
    # What the server must have in its memory is found there: else finding nothing would say nothing.
    assert any(b"canary-pem.example" in piece for piece in memory(processes["server"]))
