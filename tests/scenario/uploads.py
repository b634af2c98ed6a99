"""Forms with files, as browsers and curl send them, and PKCS#12 files as different programs write them."""

import secrets
import subprocess


def form(fields, boundary=None):
    """[(name, value) or (name, filename, content)] to (body, content type)."""
    boundary = boundary or "----" + secrets.token_hex(12)
    body = b""
    for field in fields:
        name, content = field[0], field[-1]
        content = content.encode() if isinstance(content, str) else content
        disposition = f'form-data; name="{name}"'
        if len(field) == 3:
            disposition += f'; filename="{field[1]}"'
        body += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def upload(api, path, fields, **kw):
    """POST a form; `fields` is a dict or a list as form() takes."""
    if isinstance(fields, dict):
        fields = [(k, v) for k, v in fields.items()]
    body, content_type = form(fields)
    headers = {"Content-Type": content_type, **kw.pop("headers", {})}
    return api.call("POST", path, body, headers=headers, **kw)


def import_(api, fields, expect=201, **kw):
    return upload(api, "/certificates/import", fields, expect=expect, **kw)


def pfx(directory, issued, password="secret", *options, with_chain=True):
    """Written by openssl; `options` as of `openssl pkcs12 -export`."""
    leaf, key, chain, out = (directory / f"{secrets.token_hex(4)}.{e}" for e in ("crt", "key", "chain", "pfx"))
    leaf.write_text(issued.pem)
    key.write_text(issued.key_pem)
    chain.write_text("".join(issued.chain_pem().split(issued.pem)[1:]))
    command = ["openssl", "pkcs12", "-export", "-in", leaf, "-inkey", key, "-out", out,
               "-passout", f"pass:{password}", *options]
    if with_chain and chain.read_text():
        command += ["-certfile", chain]
    subprocess.run([str(c) for c in command], check=True, capture_output=True)
    return out.read_bytes()
