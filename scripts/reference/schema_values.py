"""What a property of a JSON schema takes, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from scripts.reference.markdown import code, one_of

Schema = Mapping[str, Any]

_KINDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "minLength": "{} or more characters",
    "maxLength": "at most {} characters",
}


def value_text(schema: Schema) -> str:
    """What fits: the kind of value or the choices, and the limits."""
    if "const" in schema:
        return literal(schema["const"])
    if "enum" in schema:
        return one_of(map(literal, schema["enum"]))
    kinds = schema.get("type", "string")
    names = [kinds] if isinstance(kinds, str) else kinds
    text = "; ".join([_kind(names[0], schema), *_limits(schema)])
    return f"{text}; or null" if "null" in names else text


def literal(value: Any) -> str:
    """A value as YAML takes it, on one line: in quotes where it would be no text without."""
    if isinstance(value, str) and YAML(typ="safe").load(value) == value:
        return code(value)
    return code(json.dumps(value))


def entries_text(schema: Schema) -> str:
    """How many entries a list or a mapping may have; empty where any number is fine."""
    least = schema.get("minItems", schema.get("minProperties"))
    most = schema.get("maxItems", schema.get("maxProperties"))
    if least and most:
        return f"{least} to {most} entries"
    if least:
        return f"at least {_entries(least)}"
    return f"at most {_entries(most)}" if most else ""


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _kind(name: str, schema: Schema) -> str:
    if name == "array":
        return f"a list; each entry: {value_text(schema['items'])}"
    if name != "string":
        return _KINDS[name]
    if schema.get("format") == "ipv4-network":
        return "an IPv4 range in CIDR notation"
    rule = str(schema.get("patternErrorMessage", ""))
    if rule.startswith("must be "):
        return rule.removeprefix("must be ")
    return f"text; {rule}" if rule else "text"


def _limits(schema: Schema) -> Iterator[str]:
    if "minimum" in schema and "maximum" in schema:
        yield f"{schema['minimum']} to {schema['maximum']}"
    else:
        yield from (words.format(schema[key]) for key, words in _LIMITS.items() if key in schema)
    if entries := entries_text(schema):
        yield entries
    if schema.get("uniqueItems"):
        yield "no entry twice"
