"""Where a private key could be seen: every file of a server, the memory of its processes, what it answers and logs."""

import base64
import os
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

CHUNK = 1 << 22
OVERLAP = 4096


class Canary:
    """One key, and the bytes by which it would be known: its private numbers, and these in base64."""

    def __init__(self, name, key):
        self.name = name
        self.needles = set(_numbers(key))
        der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        for needle in list(self.needles):
            if needle in der:
                self.needles |= set(_base64_of(der, der.find(needle), len(needle)))
        assert any(len(n) >= 16 for n in self.needles)

    def in_bytes(self, data):
        return any(needle in data for needle in self.needles)


def _numbers(key):
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        for value in (numbers.d, numbers.p, numbers.q):
            yield value.to_bytes((value.bit_length() + 7) // 8, "big")
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        value = key.private_numbers().private_value
        raw = value.to_bytes((key.curve.key_size + 7) // 8, "big")
        yield raw
        yield raw[::-1]  # as OpenSSL's big numbers lie in memory
        yield raw.hex().encode()
    else:
        assert isinstance(key, ed25519.Ed25519PrivateKey)
        raw = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
                                serialization.NoEncryption())
        yield raw
        yield raw.hex().encode()


def _base64_of(der, at, size):
    """Pieces of the PEM's lines, of 64 characters each, that tell of private bytes alone."""
    text = base64.b64encode(der)
    first, last = at * 4 // 3 + 4, (at + size) * 4 // 3 - 4
    for line in range(0, len(text), 64):
        piece = text[max(line, first):min(line + 64, last)]
        if len(piece) >= 16:
            yield piece


def files_with(canaries, *directories):
    """[(canary, path)] for every file below."""
    found = []
    for directory in directories:
        for root, _, names in os.walk(directory):
            for file in names:
                path = os.path.join(root, file)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        found += [(name, path) for name in _seen(canaries, f)]
    return found


def _seen(canaries, f):
    seen, rest = set(), b""
    while chunk := f.read(CHUNK):
        window = rest + chunk
        seen |= {c.name for c in canaries if c.in_bytes(window)}
        rest = window[-OVERLAP:]
    return seen


def memory_with(canaries, pid):
    """{canary} in any readable mapping of the process."""
    seen = set()
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S* ", line)
            if not m or "[vvar]" in line or "[vsyscall]" in line:
                continue
            seen |= _mapping(canaries, mem, int(m[1], 16), int(m[2], 16))
    return seen


def _mapping(canaries, mem, at, end):
    seen, rest = set(), b""
    if end - at > 1 << 36:  # a sanitizer's shadow, which holds no bytes of anybody
        return seen
    while at < end:
        try:
            mem.seek(at)
            chunk = mem.read(min(CHUNK, end - at))
        except (OSError, ValueError, OverflowError):
            return seen
        if not chunk:
            return seen
        if chunk.count(0) < len(chunk):
            window = rest + chunk
            seen |= {c.name for c in canaries if c.in_bytes(window)}
            rest = window[-OVERLAP:]
        at += len(chunk)
    return seen


def core_limits(pid):
    """The soft and the hard limit of core files."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        return next(line for line in f if line.startswith("Max core file size")).split()[4:6]
