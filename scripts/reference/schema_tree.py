"""A JSON schema as a list of the mappings that it describes, each with its path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from scripts.reference.schema_values import Schema


@frozen
class Variant:
    """One of the shapes that a mapping may have; `label` is empty where there is only one."""

    label: str
    schema: Schema


@frozen
class Section:
    """The mapping at `path`, in each of its shapes."""

    path: str
    variants: Sequence[Variant]


def sections(schema: Schema) -> list[Section]:
    """The whole of a file, then every mapping below it, in the order of the schema."""
    return list(_from(Section("", [Variant("", schema)]), schema.get("$defs", {})))


def is_mapping(schema: Schema) -> bool:
    """Whether the schema describes a mapping, or a mapping or null."""
    kinds = schema.get("type", ())
    return "object" in ([kinds] if isinstance(kinds, str) else kinds)


def below(path: str, name: str, schema: Schema) -> str:
    """The path of a property; `[]` stands for each entry of a list."""
    joined = f"{path}.{name}".lstrip(".")
    return f"{joined}[]" if schema.get("type") == "array" else joined


def key_name(schema: Schema) -> str:
    """What stands for a free key in a path: `<site>`."""
    return f"<{schema['propertyNames']['title']}>"


def _from(section: Section, definitions: Schema) -> Iterator[Section]:
    variants = [each for one in section.variants for each in _shapes(one, definitions)]
    yield Section(section.path, variants)
    inner: dict[str, list[Variant]] = {}
    for variant in variants:
        for path, schema in _mappings(section.path, variant.schema):
            inner.setdefault(path, []).append(Variant(variant.label, schema))
    for path, found in inner.items():
        yield from _from(Section(path, found), definitions)


def _shapes(variant: Variant, definitions: Schema) -> Iterator[Variant]:
    """The variant without references, or one for each choice of its `if` and `then`."""
    schema = _resolved(variant.schema, definitions)
    choices = [each for each in schema.get("allOf", ()) if "then" in each]
    if not choices:
        yield Variant(variant.label, schema)
    for choice in choices:
        [condition] = choice["if"]["properties"].values()
        shape = {**_resolved(choice["then"], definitions), "description": schema["description"]}
        yield Variant(str(condition["const"]), shape)


def _mappings(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The mappings directly inside, entries of lists included."""
    inner = dict(schema.get("properties", {}))
    if isinstance(values := schema.get("additionalProperties"), dict):
        inner[key_name(schema)] = values
    for name, each in inner.items():
        found = each.get("items", {}) if each.get("type") == "array" else each
        if is_mapping(found):
            yield below(path, name, each), found


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """The schema with the definition that it refers to, and the same for what it holds."""
    while "$ref" in schema:
        reference, schema = schema["$ref"], {k: v for k, v in schema.items() if k != "$ref"}
        schema = {**definitions[reference.removeprefix("#/$defs/")], **schema}
    found = dict(schema)
    if "properties" in schema:
        found["properties"] = {
            name: _resolved(each, definitions) for name, each in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            found[key] = _resolved(schema[key], definitions)
    return found
