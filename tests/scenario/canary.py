"""Where a private key could be seen: every file of a server, the memory of its processes, what it answers and logs.

What is looked for are pieces of a key's private numbers and of passwords, in each form in which they could lie
somewhere; grep looks for all of them at once.
"""

import base64
import itertools
import os
import re
import stat
import subprocess
import threading

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PIECE, SHORTEST = 24, 6  # six bytes are in a gigabyte of others by chance once in some hundred thousand searches
PAGE = os.sysconf("SC_PAGE_SIZE")
FORMATS = [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]


def key_pieces(key):
    """{bytes: form} by which the key would be known."""
    found = {}
    for name, number in _numbers(key):
        for form, raw in (("DER", number), ("a number", number[::-1])):  # as OpenSSL's big numbers lie in memory
            found[_searchable(raw)] = f"{name} as in {form}"
        found[number.hex().encode()[-40:]] = found[number.hex().upper().encode()[-40:]] = f"{name} in hexadecimal"
        for shift in range(3):
            found[base64.b64encode(number[shift:][:PIECE])] = f"{name} in base64"
        for der in _ders(key):
            found.update((piece, f"{name} in PEM") for piece in _pem_pieces(der, number))
    return found


def text_pieces(text):
    """The same for a password. Latin letters in UTF-16 have zeros beside them, and are not looked for."""
    forms = {text.encode(): "UTF-8", text.encode("utf-16-be"): "UTF-16", base64.b64encode(text.encode())[:-4]: "base64"}
    return {piece: form for piece, form in forms.items() if 0 not in piece}


def _numbers(key):
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        values = {"d": n.d, "p": n.p, "q": n.q, "d mod p-1": n.dmp1, "d mod q-1": n.dmq1, "1/q mod p": n.iqmp}
        for name, value in values.items():
            yield name, value.to_bytes((value.bit_length() + 7) // 8, "big")
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        yield "the scalar", key.private_numbers().private_value.to_bytes((key.curve.key_size + 7) // 8, "big")
    else:
        assert isinstance(key, ed25519.Ed25519PrivateKey)
        yield "the seed", key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
                                            serialization.NoEncryption())


def _ders(key):
    for style in FORMATS[:1] if isinstance(key, ed25519.Ed25519PrivateKey) else FORMATS:
        yield key.private_bytes(serialization.Encoding.DER, style, serialization.NoEncryption())


def _searchable(raw):
    """The longest run without the two bytes that grep splits at, and of it the middle."""
    run = max(re.split(rb"[\0\n]", raw), key=len)
    assert len(run) >= SHORTEST, "a key that cannot be looked for: one in many millions"
    start = max(0, (len(run) - PIECE) // 2)
    return run[start:start + PIECE]


def _pem_pieces(der, number):
    """Parts of the PEM's lines, of 64 characters each, that tell of private bytes alone."""
    at, text = der.find(number), base64.b64encode(der)
    assert at >= 0
    first, last = at * 4 // 3 + 4, (at + len(number)) * 4 // 3 - 4
    for line in range(0, len(text), 64):
        piece = text[max(line, first):min(line + 64, last)]
        if len(piece) >= 16:
            yield piece


class Canaries:
    """What must not be seen, by name: keys, passwords, or (to know that the search is not blind) any words."""

    def __init__(self):
        self.pieces = {}

    def add(self, name, key_or_text):
        pieces = text_pieces(key_or_text) if isinstance(key_or_text, str) else key_pieces(key_or_text)
        for piece, form in pieces.items():
            assert len(piece) >= SHORTEST and not {0, 10} & set(piece), (name, form, piece)
            self.pieces[piece] = f"{name}: {form}"

    def seen_in(self, chunks):
        """[name: form] of all that is in these bytes; what lies across two chunks is found too."""
        patterns = os.memfd_create("patterns")
        try:
            os.write(patterns, b"\n".join(self.pieces))
            grep = subprocess.Popen(["grep", "-azoF", "-f", f"/proc/self/fd/{patterns}"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, pass_fds=[patterns], env={"LC_ALL": "C"})
            feeder = threading.Thread(target=_feed, args=(grep.stdin, chunks))
            feeder.start()
            found = grep.stdout.read()
            feeder.join()
            assert grep.wait() < 2
        finally:
            os.close(patterns)
        return sorted({self.pieces[piece] for piece in found.split(b"\0") if piece})

    def seen_in_files(self, *directories):
        """The same, with the path, for every file below."""
        paths = [p for d in directories for p in _paths(d)]
        if not self.seen_in(chunk for path in paths for chunk in itertools.chain(_file(path), [b"\0"])):
            return []
        return [f"{what} in {path}" for path in paths for what in self.seen_in(_file(path))]

    def seen_in_memory(self, pid):
        return self.seen_in(memory(pid))


def _feed(stream, chunks):
    with stream:
        for chunk in chunks:
            stream.write(chunk)


def _paths(directory):
    for root, _, names in os.walk(directory):
        for path in (os.path.join(root, name) for name in names):
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def _file(path):
    try:
        with open(path, "rb") as f:
            while chunk := f.read(1 << 20):
                yield chunk
    except FileNotFoundError:
        return  # a database's own, which comes and goes


def open_files(pid):
    """What is in the files that a process has open, also in those without a name."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{fd}"
        try:
            is_file = stat.S_ISREG(os.stat(path).st_mode)
        except FileNotFoundError:
            continue
        if is_file:
            yield from _file(path)
            yield b"\0"


def memory(pid):
    """What the process can read, piece by piece, but for pages that hold nothing."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem, \
            open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S* ", line)
            # A sanitizer's shadow holds no bytes of anybody.
            if m and "[v" not in line and int(m[2], 16) - int(m[1], 16) < 1 << 36:
                yield from _mapping(mem, pagemap, int(m[1], 16), int(m[2], 16))
                yield b"\0"


def _mapping(mem, pagemap, at, end):
    step = 1 << 20
    for start in range(at, end, step):
        size = min(step, end - start)
        for first, last in _pages(pagemap, start // PAGE, size // PAGE):
            try:
                mem.seek(first * PAGE)
                yield mem.read((last - first) * PAGE)
            except (OSError, ValueError, OverflowError):
                break


def _pages(pagemap, first, n):
    """[(first, after the last)] of the pages that are there, or have been put away; small gaps are no gaps."""
    pagemap.seek(first * 8)
    entries = pagemap.read(n * 8)
    runs = []
    for i in range(7, len(entries), 8):
        if entries[i] & 0xC0:
            page = first + i // 8
            if runs and page - runs[-1][1] < 8:
                runs[-1][1] = page + 1
            else:
                runs.append([page, page + 1])
    return runs


def core_limits(pid):
    """The soft and the hard limit of core files."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        return next(line for line in f if line.startswith("Max core file size")).split()[4:6]
