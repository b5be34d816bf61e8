"""What a provider double says about values: which are unknown when planned, what they become.

A schema here is a plain mapping in the format of `terraform providers schema -json`; a value is
what msgpack decodes: None, scalars, lists (also for sets) and dictionaries. `UNKNOWN` stands for a
value that is known only after apply.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
Value = Any
Visit = Callable[[str, Schema, Value], Value]

MAPPINGS: Final = ("single", "group")


class Unknown:
    """A value that Terraform learns only at apply."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()


def attributes(block: Schema) -> Schema:
    """The attributes of a block or of a nested attribute type; an empty object has none."""
    found: Schema = block.get("attributes", {})
    return found


def nested_blocks(block: Schema) -> Schema:
    """The blocks inside a block."""
    found: Schema = block.get("block_types", {})
    return found


def rebuild(block: Schema, value: Value, visit: Visit) -> Value:
    """`value` with every attribute, however deep, replaced by what `visit` makes of it.

    Nested attribute objects are entered after the visit, so that a visit may create or drop them.
    """
    if not isinstance(value, dict):
        return value
    rebuilt = {}
    for name, attribute in attributes(block).items():
        seen = visit(name, attribute, value.get(name))
        inner = attribute.get("nested_type")
        rebuilt[name] = _rebuild_all(inner, inner["nesting_mode"], seen, visit) if inner else seen
    for name, nested in nested_blocks(block).items():
        mode = nested["nesting_mode"]
        rebuilt[name] = _rebuild_all(nested["block"], mode, value.get(name), visit)
    return rebuilt


def _rebuild_all(block: Schema, mode: str, value: Value, visit: Visit) -> Value:
    if isinstance(value, list):
        return [rebuild(block, item, visit) for item in value]
    if isinstance(value, dict) and mode == "map":
        return {key: rebuild(block, item, visit) for key, item in value.items()}
    return rebuild(block, value, visit)


def missing_required(block: Schema, value: Value) -> list[str]:
    """The required attributes that are null; Terraform itself only looks whether they are there."""
    missing = []

    def look(name: str, schema: Schema, held: Value) -> Value:
        if held is None and schema.get("required"):
            missing.append(name)
        return held

    rebuild(block, value, look)
    return missing


def without_write_only(block: Schema, value: Value) -> Value:
    """The value as a state may hold it: write-only attributes are null."""
    return rebuild(block, value, lambda _, schema, v: None if schema.get("write_only") else v)


def written(block: Schema, prior: Value, state: Value, config: Value) -> dict[str, Value]:
    """The write-only values that a provider sends: for a new resource, or a new version of them."""

    def is_new(name: str) -> bool:
        version = f"{name}_version"
        return prior is None or prior.get(version) != state.get(version)

    return {
        name: config[name]
        for name, schema in attributes(block).items()
        if schema.get("write_only") and config.get(name) is not None and is_new(name)
    }


def planned(block: Schema, prior: Value, proposed: Value) -> Value:
    """What the provider plans: nothing where nothing changed, else computed nulls are unknown.

    Terraform has merged the prior state's computed values into `proposed` already.
    """
    kept = without_write_only(block, proposed)
    return prior if kept == prior else rebuild(block, kept, _unknown_where_computed)


def _unknown_where_computed(_: str, schema: Schema, value: Value) -> Value:
    is_open = value is None and schema.get("computed") and not schema.get("write_only")
    return UNKNOWN if is_open else value


def applied(block: Schema, type_name: str, value: Value) -> Value:
    """The value after apply: every unknown has become an invented value.

    What is invented depends on the type and the known part of the value only, so that two
    applies of one configuration agree.
    """
    seed = f"{type_name}:{json.dumps(value, default=repr, sort_keys=True)}"

    def settle(name: str, schema: Schema, held: Value) -> Value:
        if not _has_unknown(held):
            return held
        if inner := schema.get("nested_type"):
            return _invent_nested(inner, name, seed) if held is UNKNOWN else held
        return invent(schema["type"], name, seed) if held is UNKNOWN else _settle_deep(held, seed)

    return rebuild(block, value, settle)


def read(block: Schema, type_name: str, config: Value, answers: Mapping[str, Value]) -> Value:
    """A data source's answer: its configuration, `answers`, and invented values for the rest."""
    known = config | {name: value for name, value in answers.items() if config.get(name) is None}
    return applied(block, type_name, rebuild(block, known, _unknown_where_computed))


def _has_unknown(value: Value) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, list) else value is UNKNOWN


def _settle_deep(value: Value, seed: str) -> Value:
    """Invented strings in place of unknowns inside a list or map of a plain type."""
    if isinstance(value, list):
        return [_settle_deep(item, seed) for item in value]
    if isinstance(value, dict):
        return {key: _settle_deep(item, seed) for key, item in value.items()}
    return invent_string("element", seed) if value is UNKNOWN else value


def _invent_nested(schema: Schema, name: str, seed: str) -> Value:
    """One plausible nested attribute object, in the shape of its nesting mode.

    Empty where no provider could have made it up: Terraform takes a value in an attribute that is
    not computed for a former configuration, and plans to remove it.
    """
    mode = schema["nesting_mode"]
    if not _could_be_computed(schema):
        return None if mode in MAPPINGS else {} if mode == "map" else []
    invented = {
        key: _invent_attribute(attribute, key, f"{seed}.{name}")
        for key, attribute in attributes(schema).items()
    }
    if mode in MAPPINGS:
        return invented
    return {} if mode == "map" else [invented]


def _could_be_computed(schema: Schema) -> bool:
    inner = attributes(schema).values()
    return any(a.get("computed") for a in inner) and not any(a.get("required") for a in inner)


def _invent_attribute(schema: Schema, name: str, seed: str) -> Value:
    """A value for an attribute that a provider would fill; null for one left to the user."""
    if schema.get("write_only") or not schema.get("computed"):
        return None
    if inner := schema.get("nested_type"):
        return _invent_nested(inner, name, seed)
    return invent(schema["type"], name, seed)


def invent(kind: Value, name: str, seed: str) -> Value:
    """A value of a Terraform type; lists and sets get one element, so that `[0]` works."""
    if kind == "string":
        return invent_string(name, seed)
    if kind == "dynamic":
        return [b'"string"', invent_string(name, seed)]
    if isinstance(kind, str):
        return False if kind == "bool" else _invent_number(name)
    return _invent_collection(kind[0], kind[1], name, seed)


def _invent_collection(shape: str, inner: Value, name: str, seed: str) -> Value:
    if shape == "object":
        return {key: invent(kind, key, f"{seed}.{name}") for key, kind in inner.items()}
    if shape == "tuple":
        return [invent(kind, name, seed) for kind in inner]
    return {} if shape == "map" else [invent(inner, name, seed)]


def _invent_number(name: str) -> int:
    return 8080 if "port" in name else 1


def invent_string(name: str, seed: str) -> str:
    """A plausible text for an attribute of this name: an address, an ARN, an id, a time."""
    digest = hashlib.sha256(f"{seed}.{name}".encode()).hexdigest()
    for pattern, make in STRINGS:
        if pattern.search(name):
            return make(digest, seed.partition(":")[0])
    return f"invented-{name.replace('_', '-')}-{digest[:8]}"


def _identity(digest: str, type_name: str) -> str:
    """An id in the manner of the provider that the type belongs to."""
    provider, _, kind = type_name.partition("_")
    if provider == "azurerm":
        return f"{AZURE_GROUP}/providers/Microsoft.Invented/{kind}/{digest[:8]}"
    if provider == "google":
        return f"projects/invented-project/{kind}/{digest[:8]}"
    return digest[:32] if provider == "cloudflare" else f"{kind.replace('_', '-')}-{digest[:17]}"


def _account(digest: str, type_name: str) -> str:
    return digest[:32] if type_name.startswith("cloudflare") else "123456789012"


def _arn(digest: str, type_name: str) -> str:
    service, _, kind = type_name.removeprefix("aws_").partition("_")
    return f"arn:aws:{service}:us-east-1:123456789012:{kind or service}/{digest[:17]}"


def _ipv4(digest: str, _: str) -> str:
    return f"203.0.113.{1 + int(digest[:4], 16) % 254}"


def _private_ipv4(digest: str, _: str) -> str:
    return f"10.{int(digest[:2], 16)}.0.{4 + int(digest[2:4], 16) % 250}"


def _ipv6(digest: str, _: str) -> str:
    return str(ipaddress.IPv6Address(f"2001:db8::{digest[:4]}"))


AZURE_GROUP: Final = (
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/invented-group"
)

# The first pattern that occurs in the attribute's name decides.
STRINGS: Final[tuple[tuple[re.Pattern[str], Callable[[str, str], str]], ...]] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (r"ipv6.*cidr|cidr.*ipv6", lambda d, _: f"2001:db8:{d[:4]}::/56"),
        (r"cidr|ip_range|prefixes$", lambda d, _: f"10.{int(d[:2], 16)}.0.0/16"),
        (r"ipv6|_aaaa", _ipv6),
        (r"private.*ip(_address(es)?|s)?$|network_ip", _private_ipv4),
        (r"(^|_|nat_)ip(s|v4|_addr(ess)?(es)?)?$|ipv4|^public_ip", _ipv4),
        (r"(^|_)arns?$", _arn),
        (r"self_link|(^|_)(uri|url|endpoint)s?$", lambda d, t: f"https://example.com/{t}/{d[:8]}"),
        (r"email", lambda d, _: f"invented-{d[:8]}@invented-project.iam.gserviceaccount.com"),
        (r"(tenant|client|principal|object|subscription)_id$", lambda d, _: _uuid(d)),
        (r"^(account|owner)_id$", _account),
        (r"(^|_)ids?$", _identity),
        (r"(^|_)(fqdn|hostname|dns(_name)?|name_servers?)$", lambda d, _: f"n{d[:8]}.example.net"),
        (r"(_at|_on|_time|timestamp|_date)$", lambda *_: "2026-01-01T00:00:00Z"),
        (r"token|secret|password|private_key", lambda d, _: f"invented-secret-{d}"),
        (r"^region$", lambda *_: "us-east-1"),
        (r"json|policy_data", lambda *_: '{"Version":"2012-10-17","Statement":[]}'),
    )
)


def _uuid(digest: str) -> str:
    d = digest
    return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-8{d[17:20]}-{d[20:32]}"
