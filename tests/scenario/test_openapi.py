"""F37: api/openapi.yaml says what the server does: every route, and the shape of every answer."""

import os
import re

import pytest
import yaml

from certdesk import ROOT
from certs import days
from routes import routes
from servers import free_port

with open(os.path.join(ROOT, "api", "openapi.yaml"), encoding="utf-8") as f:
    SPEC = yaml.safe_load(f)


def described():
    for path, item in SPEC["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield method.upper(), path, operation


def test_every_route_is_described_with_its_role():
    """/healthz and /readyz are answered in front of the tables."""
    served = {(r.method, r.path): r.role for r in routes()}
    written = {(m, p): o["x-role"] for m, p, o in described() if p not in ("/healthz", "/readyz")}
    assert served == written


def resolve(schema):
    while "$ref" in schema:
        at = SPEC
        for part in schema["$ref"].lstrip("#/").split("/"):
            at = at[part]
        schema = at
    return schema


TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None), "number": (int, float)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name]) and not (name == "number" and isinstance(value, bool))


def faults(value, schema, path="answer"):
    """What of the value is not as the schema says; enough of JSON Schema for what the description uses."""
    schema = resolve(schema)
    for word in ("oneOf", "anyOf"):
        if word in schema:
            tries = [list(faults(value, s, path)) for s in schema[word]]
            if all(tries):
                yield min(tries, key=len)[0]
            return
    for part in schema.get("allOf", []):
        yield from faults(value, part, path)
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, n) for n in names):
        yield f"{path}: {value!r} is none of {names}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not in {schema['enum']}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, part in value.items():
            if name in properties:
                yield from faults(part, properties[name], f"{path}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{path}.{name} is not described"
    if isinstance(value, list) and "items" in schema:
        for i, part in enumerate(value):
            yield from faults(part, schema["items"], f"{path}[{i}]")


def held(admin, method, path, template=None, body=None):
    """Call it, and hold the answer against its description."""
    operation = SPEC["paths"][template or path.split("?")[0]][method.lower()]
    answer = admin.call(method, path, body)
    response = resolve(operation["responses"].get(str(answer.status), operation["responses"]["default"]))
    assert answer.status < 500, f"{method} {path}: {answer}"
    assert str(answer.status) in operation["responses"] or answer.status >= 400, f"{method} {path}: {answer.status}"
    content = response.get("content", {})
    if answer.body and any("json" in t for t in content):
        [schema] = [c["schema"] for t, c in content.items() if "json" in t]
        wrong = list(faults(answer.json, schema))
        assert wrong == [], f"{method} {path}: {wrong[:5]}"
    return answer


@pytest.fixture
def busy(desk, nginx, root, authority):
    """A server in which there is something of everything."""
    admin, port = desk.admin, free_port()
    nginx.site(port, authority.issue("a.example", not_after=days(5)),
               authority.issue("a.example", not_after=days(6), kind="rsa")).start()
    admin.post("/trust-bundles", {"name": "scenario", "pem": root.pem})
    record = admin.add("127.0.0.1", port, sni="a.example", tags=["web"], business_group="Shop")
    admin.add("127.0.0.1", free_port(), sni="gone.example")
    admin.job_done(admin.post("/schedules/notify/run", expect=202).json["job"])
    admin.post("/tickets/CERT-1/comments", {"body": "hello"})
    admin.patch("/tickets/CERT-1", {"priority": "high"})
    return admin, record, port


def test_answers_are_as_described(busy):
    admin, record, port = busy
    one = f"/certificates/{record['id']}"
    endpoint = admin.get(one + "/endpoints").json["items"][0]["id"]
    for path in ("/me", "/certificates", "/tickets", "/jobs", "/schedules", "/people", "/business-groups", "/users",
                 "/tokens", "/settings/notifications", "/settings/display", "/trust-bundles", "/dashboard", "/audit", "/cas",
                 "/audit/verify"):
        held(admin, "GET", path)
    held(admin, "GET", "/certificates?status=active&sort=-expires_at&q=example&tag=web", "/certificates")
    for part in ("", "/decoded", "/versions", "/proposals", "/endpoints", "/log", "/access"):
        held(admin, "GET", one + part, "/certificates/{id}" + part)
    held(admin, "GET", f"/endpoints/{endpoint}", "/endpoints/{id}")
    for part in ("", "/comments", "/history", "/transitions"):
        held(admin, "GET", "/tickets/CERT-1" + part, "/tickets/{key}" + part)
    held(admin, "GET", f"/jobs/{admin.get('/jobs').json['items'][0]['id']}", "/jobs/{id}")
    held(admin, "GET", "/users/admin", "/users/{name}")
    assert admin.get(one + ".pem").body.startswith(b"-----BEGIN CERTIFICATE-----")

    held(admin, "POST", "/certificates", body={"endpoints": [{"host": "127.0.0.1", "port": port, "sni": "a.example"}]})
    held(admin, "POST", "/certificates", body={"endpoints": [{"host": "", "port": 0}], "nonsense": 1})
    held(admin, "PATCH", one, "/certificates/{id}", {"description": "x", "tags": ["a", "b"]})
    held(admin, "PUT", one + "/access", "/certificates/{id}/access", {"assignee": "admin"})
    held(admin, "POST", one + "/update", "/certificates/{id}/update")
    held(admin, "POST", "/certificates/update", body={"filter": {"tag": "web"}})
    held(admin, "POST", "/certificates/bulk", body={"hosts": "127.0.0.1:1\nnot a host\n"})
    held(admin, "POST", "/tickets/CERT-1/comments", "/tickets/{key}/comments", {"body": "again"})
    held(admin, "PATCH", "/tickets/CERT-1", "/tickets/{key}", {"acknowledged": True})
    held(admin, "POST", "/tickets/CERT-1/transitions", "/tickets/{key}/transitions", {"transition": "resolve"})
    held(admin, "POST", "/users", body={"name": "bob", "role": "user", "password": "a fine long phrase"})
    held(admin, "PATCH", "/users/bob", "/users/{name}", {"display_name": "Bob"})
    held(admin, "DELETE", "/users/bob", "/users/{name}")
    held(admin, "POST", "/tokens", body={"name": "t", "scopes": ["read"]})
    held(admin, "PUT", "/settings/notifications", body={"periods": [30, 7, -1], "check_schedule": "0 4 * * *"})
    held(admin, "PUT", "/settings/display", body={"expiring_soon": {"unit": "lifetime_percent", "value": 33}})
    held(admin, "GET", "/healthz")
    held(admin, "GET", "/readyz")


def test_the_description_is_served(desk):
    served = desk.admin.get("/openapi.json").json
    assert served["openapi"] == SPEC["openapi"] and set(served["paths"]) == set(SPEC["paths"])
