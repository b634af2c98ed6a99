"""What lies in the database under seal, opened with the master key file: to prove that nothing was lost."""

import os
import sqlite3
import struct

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def query(desk, sql):
    """Rows of the desk's database, whichever it is."""
    if desk.database is None:
        with sqlite3.connect(f"file:{desk.data}/db/certdesk.db?mode=ro", uri=True, timeout=30) as db:
            return db.execute(sql).fetchall()
    import psycopg2
    with psycopg2.connect(desk.database) as db, db.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def master_keys(desk):
    """{key id: key} of the key file."""
    found = {}
    with open(os.path.join(desk.data, "vault", "master.key"), encoding="ascii") as f:
        for line in f.read().split("\n")[1:]:
            if line:
                h = hmac.HMAC(bytes.fromhex(line), hashes.SHA256())
                h.update(b"certdesk master key id 1")
                found[h.finalize()[:8].hex()] = bytes.fromhex(line)
    return found


def _aad(label, purpose, bound_to, key_id=b""):
    parts = [part for word in (purpose, bound_to) for part in (struct.pack(">I", len(word)), word.encode())]
    return b"".join([label, *parts, key_id])


def open_blob(masters, purpose, bound_to, blob):
    assert blob[:4] == b"CDS\1"
    key_id, wrapped, body = blob[4:12], blob[12:72], blob[72:]
    data_key = AESGCM(masters[key_id.hex()]).decrypt(
        wrapped[:12], wrapped[12:], _aad(b"certdesk data key 1", purpose, bound_to, key_id))
    return AESGCM(data_key).decrypt(body[:12], body[12:], _aad(b"certdesk sealed 1", purpose, bound_to))


def opened(desk):
    """{id: (master key id, PKCS#8 DER)} of every sealed key; each must be the one its row says."""
    masters, found = master_keys(desk), {}
    for row in query(desk, "SELECT id, purpose, bound_to, blob, master_key_id, public_key FROM sealed_key"):
        number, purpose, bound_to, blob, key_id, public = (bytes(v) if isinstance(v, memoryview) else v for v in row)
        clear = open_blob(masters, purpose, bound_to, blob)
        if public is not None:
            key = serialization.load_der_private_key(clear, None).public_key()
            assert key.public_bytes(serialization.Encoding.DER,
                                    serialization.PublicFormat.SubjectPublicKeyInfo) == public
        assert blob[4:12].hex() == key_id
        found[number] = (key_id, clear)
    return found
