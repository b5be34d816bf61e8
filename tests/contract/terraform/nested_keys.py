"""Every key of a synthesized stack held against the provider schemas, however deep it lies.

Terraform's core drops unknown keys of nested attribute objects in silence, and so does the real
cloudflare provider, most of whose settings are such objects: a typo means a missing setting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]
Schema = Mapping[str, Any]

# Terraform's own arguments of a resource or provider, which no provider schema lists.
META: Final = frozenset(
    {
        "//", "alias", "connection", "count", "depends_on", "for_each", "lifecycle", "provider",
        "provisioner", "version",
    }
)  # fmt: skip
BUILT_IN: Final = frozenset({"terraform_data", "terraform_remote_state"})
KINDS: Final = {"resource": "resource_schemas", "data": "data_source_schemas"}


def unknown_nested_keys(stack: Json, schemas: Mapping[str, Schema]) -> list[str]:
    """The keys that no schema knows, as paths such as `resource.cloudflare_zone.main.acount`.

    `stack` is a parsed cdk.tf.json; `schemas` maps source addresses to provider schemas.
    """
    return sorted({*_in_providers(stack, schemas), *_in_instances(stack, schemas)})


def _in_providers(stack: Json, schemas: Mapping[str, Schema]) -> Iterator[str]:
    sources = {**_by_last_word(schemas), **_required_sources(stack)}
    for name, configured in stack.get("provider", {}).items():
        schema = schemas.get(sources.get(name, ""))
        if not schema:
            yield f"provider.{name}: no schema"
            continue
        for config in _as_list(configured):
            yield from _in_block(schema["provider"]["block"], config, f"provider.{name}", META)


def _by_last_word(schemas: Mapping[str, Schema]) -> dict[str, str]:
    return {source.split("/")[-1]: source for source in schemas}


def _required_sources(stack: Json) -> dict[str, str]:
    """What a stack names as the source of each provider; `aws` is short for hashicorp/aws."""
    required = stack.get("terraform", {}).get("required_providers", {})
    sources = {name: required[name].get("source", name) for name in required}
    return {name: s if "/" in s else f"hashicorp/{s}" for name, s in sources.items()}


def _in_instances(stack: Json, schemas: Mapping[str, Schema]) -> Iterator[str]:
    for section, kind in KINDS.items():
        for type_name, instances in stack.get(section, {}).items():
            yield from _in_type(section, type_name, instances, _types(schemas, kind))


def _in_type(section: str, type_name: str, instances: Json, types: Json) -> Iterator[str]:
    if type_name in BUILT_IN:
        return
    if type_name not in types:
        yield f"{section}.{type_name}: no schema (make provider-schemas can add it)"
        return
    block = types[type_name]["block"]
    for name, held in instances.items():
        for config in _as_list(held):
            yield from _in_block(block, config, f"{section}.{type_name}.{name}", META)


def _types(schemas: Mapping[str, Schema], kind: str) -> dict[str, Schema]:
    return {name: held for s in schemas.values() for name, held in s.get(kind, {}).items()}


def _in_block(block: Schema, config: Any, path: str, also: Collection[str] = ()) -> Iterator[str]:
    """The unknown keys of one block or nested attribute object; text is an expression, and fine."""
    if not isinstance(config, Mapping):
        return
    attributes, blocks = block.get("attributes", {}), block.get("block_types", {})
    for key, value in config.items():
        here = f"{path}.{key}"
        if key in attributes:
            yield from _in_attribute(attributes[key], value, here)
        elif key in blocks:
            yield from _in_each(blocks[key]["block"], blocks[key]["nesting_mode"], value, here)
        elif key == "dynamic":
            yield from _in_dynamic(block, value, here)
        elif key not in also:
            yield here


def _in_dynamic(block: Schema, dynamic: Any, path: str) -> Iterator[str]:
    """`dynamic` wraps the content of blocks: `{"ingress": {"for_each": ..., "content": {...}}}`."""
    for name, held in dynamic.items():
        for one in _as_list(held):
            yield from _in_block(block, {name: one.get("content")}, path)


def _in_attribute(attribute: Schema, value: Any, path: str) -> Iterator[str]:
    if nested := attribute.get("nested_type"):
        yield from _in_each(nested, nested["nesting_mode"], value, path)
    else:
        yield from _in_typed(attribute["type"], value, path)


def _in_each(block: Schema, mode: str, value: Any, path: str) -> Iterator[str]:
    """A block may be written as one object or as a list of them; a map has keys of its own."""
    if mode == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _in_block(block, item, f"{path}.{key}")
        return
    for item in _as_list(value):
        yield from _in_block(block, item, path)


def _in_typed(kind: Any, value: Any, path: str) -> Iterator[str]:
    """The unknown keys of a value of a plain type, such as a list of objects."""
    if isinstance(kind, str):
        return
    shape, inner = kind[0], kind[1]
    if shape == "object":
        yield from _in_object(inner, value, path)
    elif shape == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _in_typed(inner, item, f"{path}.{key}")
    elif shape in ("list", "set"):
        for item in _as_list(value):
            yield from _in_typed(inner, item, path)


def _in_object(fields: Schema, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        if key in fields:
            yield from _in_typed(fields[key], item, f"{path}.{key}")
        else:
            yield f"{path}.{key}"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
