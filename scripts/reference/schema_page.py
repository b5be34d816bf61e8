"""The page of a JSON schema: one section for each mapping, one row for each property."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from scripts.reference.markdown import code, link, one_of, page, prose, table
from scripts.reference.schema_tree import Section, below, is_mapping, key_name, sections
from scripts.reference.schema_values import Schema, entries_text, literal, value_text

HEADINGS = ("property", "on", "value", "default", "example", "meaning")

Example = Callable[[Any], str]
"""Shows an example of a whole mapping, in the format of the file."""


def schema_page(schema: Schema, title: str, introduction: str, example: Example) -> str:
    """Every property of a schema, nested ones in sections of their own."""
    parts = [part for section in sections(schema) for part in _section(section, example)]
    return page(title, introduction, *parts)


def _section(section: Section, example: Example) -> Iterator[str]:
    yield f"## {code(section.path) if section.path else 'The whole file'}"
    yield _by_label(section, lambda schema: prose(schema["description"]))
    yield _by_label(section, _exclusive)
    yield _free_keys(section)
    yield _properties(section)
    if section.path:
        yield _by_label(section, lambda schema: example(_whole(schema["examples"])))


def _whole(examples: Sequence[Any]) -> Any:
    """The first example that is a mapping: what a section is about may also be a plain value."""
    return next((each for each in examples if isinstance(each, Mapping)), examples[0])


def _by_label(section: Section, text: Callable[[Schema], str]) -> str:
    """What there is to say of each shape, once where they agree."""
    groups: dict[str, list[str]] = {}
    for variant in section.variants:
        groups.setdefault(text(variant.schema), []).append(variant.label)
    if len(groups) == 1:
        return next(iter(groups))
    said = {text: one_of(labels, "and") for text, labels in groups.items() if text}
    if any("\n" in text for text in said):
        return "\n\n".join(f"On {labels}:\n\n{text}" for text, labels in said.items())
    return "\n".join(f"- On {labels}: {text}" for text, labels in said.items())


def _exclusive(schema: Schema) -> str:
    """Which properties exclude one another."""
    names = [each["required"][0] for each in schema.get("oneOf", ()) if "required" in each]
    if "properties" in schema and schema.get("minProperties") == schema.get("maxProperties") == 1:
        names = list(schema["properties"])
    return f"Exactly one of {one_of(map(code, names), 'and')} is required." if names else ""


def _free_keys(section: Section) -> str:
    """For a mapping whose keys are free: what they look like, and what they lead to."""
    schema = section.variants[0].schema
    values = schema.get("additionalProperties")
    if not isinstance(values, dict):
        return ""
    name = key_name(schema)
    lines = [
        f"- Key {code(name)}: {value_text({'type': 'string', **schema['propertyNames']})}.",
        f"- Value: {_value(section.path, name, values)}. {prose(values['description'])}",
    ]
    if entries := entries_text(schema):
        lines.append(f"- Size: {entries}.")
    return "\n".join(lines)


def _properties(section: Section) -> str:
    """The table of all properties; shapes that agree on one share its row."""
    names = (name for each in section.variants for name in each.schema.get("properties", ()))
    rows: dict[tuple[str, ...], list[str]] = {}
    for name in dict.fromkeys(names):
        for variant in section.variants:
            if name in variant.schema.get("properties", ()):
                row = _row(section.path, name, variant.schema)
                rows.setdefault(row, []).append(variant.label)
    cells = [(name, ", ".join(labels), *rest) for (name, *rest), labels in rows.items()]
    return table(HEADINGS, cells)


def _row(path: str, name: str, parent: Schema) -> tuple[str, ...]:
    """Name, value, default, example and meaning of a property."""
    schema = parent["properties"][name]
    value = _value(path, name, schema)
    example = "" if "](#" in value else literal(schema["examples"][0])
    return code(name), value, _default(name, parent), example, prose(schema["description"])


def _value(path: str, name: str, schema: Schema) -> str:
    """What fits, with a link to the section of a mapping."""
    items = schema.get("items", {})
    if not is_mapping(schema) and not is_mapping(items):
        return value_text(schema)
    kind = "a list" if items else "a mapping"
    null = "; or null" if "null" in schema["type"] else ""
    plain = f"{value_text(schema)}; or " if "string" in schema["type"] else ""
    return f"{plain}{kind}: {link(below(path, name, schema))}{null}"


def _default(name: str, parent: Schema) -> str:
    if name in parent.get("required", ()):
        return "**required**"
    schema = parent["properties"][name]
    return literal(schema["default"]) if "default" in schema else ""
