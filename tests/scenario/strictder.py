"""What an authority signs, read as strictly as DER and RFC 5280 and 6960 have it: each finding is a sentence.

This is a reader of its own, on purpose: whoever forgives what OpenSSL forgives finds nothing.
"""

import hashlib
import re
from collections import namedtuple

Node = namedtuple("Node", "tag value raw children")

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, ENUM, UTF8 = 1, 2, 3, 4, 5, 6, 10, 12
PRINTABLE, IA5, UTC, GENERALIZED, SEQUENCE, SET = 19, 22, 23, 24, 48, 49

NAMES = {
    "2.5.29.14": "SKI", "2.5.29.15": "KU", "2.5.29.17": "SAN", "2.5.29.19": "BC", "2.5.29.30": "NC", "2.5.29.31": "CDP",
    "2.5.29.35": "AKI", "2.5.29.37": "EKU", "1.3.6.1.5.5.7.1.1": "AIA", "2.5.29.20": "CRLNumber", "2.5.29.21": "reason",
    "2.5.29.27": "delta", "2.5.29.28": "IDP", "1.3.6.1.5.5.7.48.1.2": "nonce",
}
COUNTRY, EMAIL, SERIAL = "2.5.4.6", "1.2.840.113549.1.9.1", "2.5.4.5"
UPPER_BOUNDS = {"2.5.4.3": 64, COUNTRY: 2, "2.5.4.7": 128, "2.5.4.8": 128, "2.5.4.10": 64, "2.5.4.11": 64, EMAIL: 255, SERIAL: 64}
RSA_SIGNATURES = {"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"}


class Bad(AssertionError):
    """A finding."""


def need(condition, text, *values):
    if not condition:
        raise Bad(text % values)


def _length(data, at):
    need(at < len(data), "a length is missing")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    need(first != 0x80, "an indefinite length")
    need(1 <= size <= 4 and at + 1 + size <= len(data), "a length of %d bytes", size)
    length = int.from_bytes(data[at + 1:at + 1 + size], "big")
    need(data[at + 1] != 0 and length >= 0x80, "a length that is not as short as can be")
    return length, at + 1 + size


def _oid(value):
    need(value and not value[-1] & 0x80, "an OID that is cut off")
    arcs, number, begins = [], 0, True
    for byte in value:
        need(not begins or byte != 0x80, "an OID with padding")
        number, begins = number << 7 | byte & 0x7F, not byte & 0x80
        if begins:
            arcs.append(number)
            number = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def _check_primitive(tag, value):
    if tag == BOOLEAN:
        need(value in (b"\0", b"\xff"), "a BOOLEAN of %s", value.hex())
    elif tag in (INTEGER, ENUM):
        need(value, "an empty INTEGER")
        need(len(value) == 1 or not (value[0] == 0 and value[1] < 0x80) and not (value[0] == 0xFF and value[1] >= 0x80),
             "an INTEGER with padding: %s", value.hex())
    elif tag == BITS:
        need(value and value[0] < 8 and (len(value) > 1 or value[0] == 0), "a malformed BIT STRING")
        need(len(value) == 1 or not value[-1] & ((1 << value[0]) - 1), "unused bits that are set")
    elif tag == NULL:
        need(value == b"", "a NULL with content")
    elif tag == OID:
        _oid(value)
    elif tag == UTF8:
        value.decode("utf-8")
    elif tag == PRINTABLE:
        need(re.fullmatch(rb"[A-Za-z0-9 '()+,\-./:=?]*", value), "a PrintableString with %r", value)
    elif tag == IA5:
        need(all(b < 0x80 for b in value), "an IA5String with %r", value)
    elif tag == UTC:
        need(re.fullmatch(rb"\d{12}Z", value), "a UTCTime %r", value)
    elif tag == GENERALIZED:
        need(re.fullmatch(rb"\d{14}Z", value), "a GeneralizedTime %r", value)


def _read(data, at, depth):
    need(depth < 20, "too deep")
    tag = data[at]
    need(tag & 0x1F != 0x1F, "a tag of several bytes")
    length, start = _length(data, at + 1)
    end = start + length
    need(end <= len(data), "cut off")
    value, children = data[start:end], []
    need(tag >= 0x80 or not tag & 0x20 or tag in (SEQUENCE, SET), "a string in parts")
    if tag & 0x20:
        inside = start
        while inside < end:
            child, inside = _read(data[:end], inside, depth + 1)
            children.append(child)
        if tag == SET:
            need([c.raw for c in children] == sorted(c.raw for c in children), "a SET OF that is not sorted")
    elif tag < 0x80:
        need(tag in (BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, ENUM, UTF8, PRINTABLE, IA5, UTC, GENERALIZED), "the tag %d", tag)
        _check_primitive(tag, value)
    return Node(tag, value, data[at:end], children), end


def read(data):
    node, end = _read(data, 0, 0)
    need(end == len(data), "%d bytes behind the end", len(data) - end)
    return node


def number(node):
    return int.from_bytes(node.value, "big", signed=True)


def _time(node):
    """YYYYMMDDHHMMSS; RFC 5280, 4.1.2.5: UTCTime up to 2049, GeneralizedTime from 2050."""
    text = node.value.decode()[:-1]
    if node.tag == UTC:
        return ("19" if text[:2] >= "50" else "20") + text
    need(node.tag == GENERALIZED and text[:4] >= "2050", "the time %s is no UTCTime", text)
    return text


def _name(node, may_be_empty):
    need(node.tag == SEQUENCE and (may_be_empty or node.children), "an empty name")
    for rdn in node.children:
        need(rdn.tag == SET and len(rdn.children) == 1, "a name with several attributes in one part")
        oid, value = rdn.children[0].children
        kind = _oid(oid.value)
        allowed = {COUNTRY: (PRINTABLE,), SERIAL: (PRINTABLE,), EMAIL: (IA5,)}.get(kind, (PRINTABLE, UTF8))
        need(value.tag in allowed, "the attribute %s is of type %d", kind, value.tag)
        chars = len(value.value.decode("utf-8"))
        need(1 <= chars <= UPPER_BOUNDS.get(kind, 32768), "the attribute %s has %d characters", kind, chars)


def _algorithm(node):
    oid = _oid(node.children[0].value)
    if oid in RSA_SIGNATURES:
        need(len(node.children) == 2 and node.children[1].tag == NULL, "an RSA signature without NULL (RFC 4055, 5)")
    else:
        need(oid.startswith("1.2.840.10045.4.3.") or oid == "1.3.101.112", "the signature %s", oid)
        need(len(node.children) == 1, "parameters where RFC 5758 and 8410 have none")
    return node.raw


def _extensions(node):
    """{name: (is critical, value)}; an unknown one is a finding."""
    found = {}
    need(node.tag == SEQUENCE and node.children, "an empty list of extensions")
    for one in node.children:
        critical = len(one.children) == 3
        if critical:
            need(one.children[1].tag == BOOLEAN and one.children[1].value == b"\xff", "critical FALSE is written out (a DEFAULT)")
        name = NAMES.get(_oid(one.children[0].value))
        need(name, "an extension %s that nobody asked for", _oid(one.children[0].value))
        need(name not in found, "the extension %s is there twice", name)
        need(one.children[-1].tag == OCTETS, "an extension that is no OCTET STRING")
        found[name] = (critical, read(one.children[-1].value))
    return found


def _bits(node):
    """The names of a KeyUsage; without zeros at its end (X.690, 11.2.2)."""
    unused, data = node.value[0], node.value[1:]
    need(data and data[-1] >> unused & 1, "a KeyUsage with zeros at its end")
    return {i for i in range(len(data) * 8) if data[i // 8] >> (7 - i % 8) & 1}


def _uri(node):
    need(node.tag == 0x86 and re.fullmatch(rb"https?://[!-~]+", node.value), "no URL: %r", node.value)
    return node.value.decode()


def _alternative_name(node):
    if node.tag == 0x82:
        need(len(node.value) <= 253 and re.fullmatch(rb"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?",
             node.value, re.I), "the dNSName %r", node.value)
    elif node.tag == 0x87:
        need(len(node.value) in (4, 16), "an address of %d bytes", len(node.value))
    elif node.tag == 0x81:
        need(re.fullmatch(rb"[!-?A-~]+@[!-?A-~]+", node.value), "the rfc822Name %r", node.value)
    else:
        need(node.tag == 0x86 and re.fullmatch(rb"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+", node.value), "the name %r", node.value)


def _check_ca(extensions):
    critical, value = extensions["BC"]
    need(critical and value.children[0].tag == BOOLEAN and len(value.children) <= 2, "no critical basicConstraints with cA")
    critical, value = extensions["KU"]
    need(critical and _bits(value) >= {5, 6}, "an authority that may not sign certificates and CRLs")
    need("EKU" not in extensions and "SKI" in extensions, "an authority with extKeyUsage, or without key identifier")
    if "NC" in extensions:
        critical, value = extensions["NC"]
        need(critical and value.children, "nameConstraints that are not critical, or empty (RFC 5280, 4.2.1.10)")
        for trees in value.children:
            need(trees.tag in (0xA0, 0xA1) and trees.children, "an empty list of subtrees")
            for tree in trees.children:
                need(len(tree.children) == 1, "minimum 0 is written out (a DEFAULT)")
                base = tree.children[0]
                need(base.tag != 0x87 or len(base.value) in (8, 32), "a range of %d bytes", len(base.value))
                need(base.tag != 0x82 or not base.value.startswith((b".", b"*")), "the constraint %r", base.value)


def _check_leaf(extensions, subject, key_is_rsa):
    critical, value = extensions["BC"]
    need(critical and not value.children, "cA FALSE is written out (a DEFAULT), or there is a path length")
    critical, value = extensions["KU"]
    need(critical and _bits(value) == ({0, 2} if key_is_rsa else {0}), "the keyUsage %s", _bits(value))
    critical, value = extensions["EKU"]
    need(not critical and {_oid(c.value) for c in value.children} <= {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}, "another extKeyUsage")
    need(set(extensions) >= {"SKI", "AKI", "CDP", "AIA"} and "NC" not in extensions, "extensions %s", sorted(extensions))
    if "SAN" in extensions:
        critical, value = extensions["SAN"]
        need(critical == (not subject.children), "a critical subjectAltName beside a subject, or the reverse (RFC 5280, 4.1.2.6)")
        need(value.children and len({c.raw for c in value.children}) == len(value.children), "no name, or one twice")
        for name in value.children:
            _alternative_name(name)
    else:
        need(subject.children, "neither subject nor names")
    critical, value = extensions["CDP"]
    need(not critical and len(value.children) == 1, "cRLDistributionPoints")
    point = value.children[0]
    need(len(point.children) == 1 and point.children[0].tag == 0xA0, "reasons or an issuer of its own in the distribution point")
    _uri(point.children[0].children[0].children[0])
    critical, value = extensions["AIA"]
    need(not critical and [_oid(c.children[0].value) for c in value.children] == ["1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"],
         "authorityInfoAccess names not OCSP and the issuer")
    for one in value.children:
        _uri(one.children[1])


def _spki_bits(node):
    return node.children[1].value[1:]


Certificate = namedtuple("Certificate", "serial subject issuer key_id extensions not_before not_after spki")


def certificate(der, issuer=None, is_ca=False):
    """Check one; `issuer` is what this returned for the one that signed it."""
    whole = read(der)
    need(len(whole.children) == 3 and whole.children[2].tag == BITS, "no certificate")
    tbs, algorithm = whole.children[0], whole.children[1]
    need(len(tbs.children) == 8 and tbs.children[0].tag == 0xA0 and number(tbs.children[0].children[0]) == 2,
         "not version 3, or a unique id (RFC 5280, 4.1.2.8)")
    _, serial, inner, issuer_name, validity, subject, spki, wrapped = tbs.children
    need(_algorithm(algorithm) == _algorithm(inner), "two signature algorithms")
    need(number(serial) > 0 and len(serial.value) <= 20, "the serial number %s", serial.value.hex())
    need(number(serial).bit_length() >= 64, "a serial number of %d bits", number(serial).bit_length())
    _name(issuer_name, False)
    _name(subject, not is_ca)
    not_before, not_after = map(_time, validity.children)
    need(not_before < not_after, "it ends before it begins")
    need(wrapped.tag == 0xA3 and len(wrapped.children) == 1, "extensions are not at their place")
    extensions = _extensions(wrapped.children[0])
    own_id = hashlib.sha1(_spki_bits(spki)).digest()
    need(not extensions["SKI"][0] and extensions["SKI"][1].value == own_id, "the key identifier is not that of the key")
    if is_ca:
        _check_ca(extensions)
    else:
        _check_leaf(extensions, subject, _oid(spki.children[0].children[0].value) == "1.2.840.113549.1.1.1")
    if issuer:
        need(issuer_name.raw == issuer.subject.raw, "the issuer is not, byte for byte, the issuer's subject")
        critical, value = extensions["AKI"]
        need(not critical and [c.tag for c in value.children] == [0x80] and value.children[0].value == issuer.key_id,
             "the authority's key identifier is another, or names issuer and serial number")
        need(issuer.not_before <= not_before and not_after <= issuer.not_after, "it outlives its authority")
    return Certificate(number(serial), subject, issuer_name, own_id, extensions, not_before, not_after, spki)


def crl(der, issuer):
    """Check one, and give {serial: reason} and its number."""
    whole = read(der)
    parts = list(whole.children[0].children)
    need(number(parts.pop(0)) == 1, "not version 2 (RFC 5280, 5.1.2.1)")
    need(_algorithm(whole.children[1]) == _algorithm(parts.pop(0)), "two signature algorithms")
    need(parts.pop(0).raw == issuer.subject.raw, "the issuer is another")
    begins, ends = _time(parts.pop(0)), _time(parts.pop(0))
    need(begins < ends, "nextUpdate is not after thisUpdate")
    revoked = {}
    if parts[0].tag == SEQUENCE:
        entries = parts.pop(0)
        need(entries.children, "an empty list that must be left out (RFC 5280, 5.1.2.6)")
        for entry in entries.children:
            serial, reason = number(entry.children[0]), 0
            need(_time(entry.children[1]) < ends, "revoked after the list has ended")
            if len(entry.children) == 3:
                found = _extensions(entry.children[2])
                need(set(found) == {"reason"} and not found["reason"][0] and found["reason"][1].tag == ENUM, "entry extensions %s", found)
                reason = number(found["reason"][1])
                need(reason not in (0, 7) and reason <= 10, "the reason %d is written out", reason)
            need(serial not in revoked, "an entry is there twice")
            revoked[serial] = reason
    need(len(parts) == 1 and parts[0].tag == 0xA0, "no extensions")
    extensions = _extensions(parts[0].children[0])
    need(set(extensions) == {"AKI", "CRLNumber"}, "extensions %s: a delta, or an issuing distribution point", sorted(extensions))
    need(not any(critical for critical, _ in extensions.values()), "a critical extension")
    need(extensions["AKI"][1].children[0].value == issuer.key_id, "another key identifier")
    need(0 < number(extensions["CRLNumber"][1]) and len(extensions["CRLNumber"][1].value) <= 20, "the CRL's number")
    return revoked, number(extensions["CRLNumber"][1])


def ocsp(der, issuer, nonce=None):
    """Check a successful one, and give {serial: "good", "revoked" or "unknown"}."""
    whole = read(der)
    need(whole.children[0].tag == ENUM and number(whole.children[0]) == 0, "no successful answer")
    kind, wrapped = whole.children[1].children[0].children
    need(_oid(kind.value) == "1.3.6.1.5.5.7.48.1.1", "not a basic answer")
    basic = read(wrapped.value)
    need(len(basic.children) == 3, "certificates that nobody needs: the issuer itself signed")
    data, algorithm = basic.children[0], basic.children[1]
    _algorithm(algorithm)
    parts = list(data.children)
    need(parts[0].tag == 0xA2 and parts[0].children[0].value == issuer.key_id, "the responder is not named by its key, or v1 is written out")
    need(parts[1].tag == GENERALIZED, "producedAt")
    answers = {}
    for single in parts[2].children:
        cert_id, status, this_update = single.children[:3]
        need(this_update.tag == GENERALIZED and single.children[3].tag == 0xA0 and len(single.children) == 4, "no nextUpdate, or more")
        need(this_update.value <= parts[1].value and this_update.value < single.children[3].children[0].value, "times in disorder")
        name = {0x80: "good", 0xA1: "revoked", 0x82: "unknown"}[status.tag]
        if name == "revoked":
            need(status.children[0].tag == GENERALIZED, "when it was revoked")
        answers[number(cert_id.children[3])] = name
    found = _extensions(parts[3].children[0]) if len(parts) == 4 else {}
    need(set(found) == ({"nonce"} if nonce else set()), "extensions %s", sorted(found))
    if nonce:
        need(found["nonce"][1].tag == OCTETS and found["nonce"][1].value == nonce, "another nonce")
    return answers
