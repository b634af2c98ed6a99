"""The description of the API, and answers held against it: the part of JSON Schema that the description uses."""

import os
import re

import yaml

from certdesk import ROOT

METHODS = ("get", "post", "put", "patch", "delete")
KNOWN = {"$ref", "type", "enum", "anyOf", "properties", "required", "additionalProperties", "items",
         "minLength", "maxLength", "minimum", "maximum", "pattern", "minItems", "maxItems", "format", "description",
         "default", "example", "examples", "title", "writeOnly", "readOnly"}
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def _is_type(value, name):
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


class Description:
    def __init__(self):
        with open(os.path.join(ROOT, "api", "openapi.yaml"), encoding="utf-8") as f:
            self.root = yaml.safe_load(f)

    def operations(self):
        """(method, path, operation) of each."""
        return [(m.upper(), path, item[m]) for path, item in self.root["paths"].items() for m in METHODS if m in item]

    def follow(self, node):
        while "$ref" in node:
            target = self.root
            for word in node["$ref"].removeprefix("#/").split("/"):
                target = target[word]
            node = target
        return node

    def faults(self, value, schema, where="$"):
        """What is wrong with the value, as a list of sentences."""
        schema = self.follow(schema)
        assert set(schema) <= KNOWN, f"{where}: words this check does not know: {set(schema) - KNOWN}"
        if "anyOf" in schema and all(self.faults(value, s, where) for s in schema["anyOf"]):
            return [f"{where}: {value!r} is none of the alternatives: {self.faults(value, schema['anyOf'][0], where)}"]
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(_is_type(value, t) for t in types):
            return [f"{where}: {value!r} is not {types}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value!r} is not one of {schema['enum']}"]
        if isinstance(value, dict):
            return self._object(value, schema, where)
        if isinstance(value, list):
            return self._list(value, schema, where)
        return self._scalar(value, schema, where)

    def _object(self, value, schema, where):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        found = [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            if name in properties:
                found += self.faults(member, properties[name], f"{where}.{name}")
            elif others is False:
                found.append(f"{where}.{name} is not described")
            elif isinstance(others, dict):
                found += self.faults(member, others, f"{where}.{name}")
        return found

    def _list(self, value, schema, where):
        found = []
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{where}: {len(value)} items")
        for i, item in enumerate(value):
            found += self.faults(item, schema.get("items", {}), f"{where}[{i}]")
        return found

    @staticmethod
    def _scalar(value, schema, where):
        if isinstance(value, str):
            size = len(value)
            good = schema.get("minLength", 0) <= size <= schema.get("maxLength", size)
            if not good or not re.search(schema.get("pattern", ""), value):
                return [f"{where}: {value!r} breaks {schema}"]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                return [f"{where}: {value} is out of range"]
        return []

    def answer_faults(self, method, path, answer):
        """Hold one answer against what is said about the operation that gave it; path is a template."""
        operation = self.root["paths"][path][method.lower()]
        response = operation["responses"].get(str(answer.status)) or operation["responses"].get("default")
        where = f"{method} {path} {answer.status}"
        if response is None or (answer.status < 400 and str(answer.status) not in operation["responses"]):
            return [f"{where}: the status is not described"]
        content = self.follow(response).get("content")
        kind = (answer.headers.get("Content-Type") or "").split(";")[0]
        if not content:
            return [f"{where}: a body where none is described"] if answer.body else []
        if kind not in content:
            return [f"{where}: {kind!r} is not one of {list(content)}"]
        if "json" not in kind:
            return []
        return self.faults(answer.json, content[kind]["schema"], where)
