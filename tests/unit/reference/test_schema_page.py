from __future__ import annotations

from typing import Any

import pytest
from scripts.reference.schema_page import schema_page
from scripts.reference.schema_values import literal, value_text

CAT: dict[str, Any] = {
    "type": "object",
    "description": "A cat.",
    "required": ["name"],
    "properties": {
        "kind": {"const": "cat", "description": "The kind.", "examples": ["cat"]},
        "name": {"$ref": "#/$defs/name"},
        "lives": {
            "type": "integer",
            "description": "How many <lives>.",
            "minimum": 1,
            "default": 9,
            "examples": [7],
        },
    },
    "examples": [{"kind": "cat", "name": "Tom"}],
}
DOG: dict[str, Any] = {
    "type": "object",
    "description": "A dog.",
    "required": ["name"],
    "properties": {
        "kind": {"const": "dog", "description": "The kind.", "examples": ["dog"]},
        "name": {"$ref": "#/$defs/name"},
    },
    "examples": [{"kind": "dog", "name": "Rex"}],
}
PETS: dict[str, Any] = {
    "type": "object",
    "description": "Pets.",
    "properties": {
        "pets": {
            "type": "object",
            "description": "The pets.",
            "propertyNames": {"title": "pet", "maxLength": 4},
            "minProperties": 1,
            "additionalProperties": {"$ref": "#/$defs/pet"},
            "examples": [{"a": {"kind": "cat", "name": "Tom"}}],
        }
    },
    "$defs": {
        "name": {"type": "string", "description": "Its name.", "examples": ["1"]},
        "pet": {
            "type": "object",
            "description": "A pet.",
            "allOf": [
                {
                    "if": {"properties": {"kind": {"const": kind}}},
                    "then": {"$ref": f"#/$defs/{kind}"},
                }
                for kind in ("cat", "dog")
            ],
        },
        "cat": CAT,
        "dog": DOG,
    },
}


def test_a_page_has_a_section_for_each_mapping_and_a_row_for_each_property() -> None:
    page = schema_page(PETS, "Pets", "All of them.", lambda example: f"({example})")
    assert page.split("# Pets", 1)[1] == (
        """

All of them.

## The whole file

Pets.

| property | value | meaning |
| --- | --- | --- |
| `pets` | a mapping: [`pets`](#pets) | The pets. |

## `pets`

The pets.

- Key `<pet>`: text; at most 4 characters.
- Value: a mapping: [`pets.<pet>`](#petspet). A pet.
- Size: at least 1 entry.

({'a': {'kind': 'cat', 'name': 'Tom'}})

## `pets.<pet>`

A pet.

| property | on | value | default | example | meaning |
| --- | --- | --- | --- | --- | --- |
| `kind` | cat | `cat` |  | `cat` | The kind. |
| `kind` | dog | `dog` |  | `dog` | The kind. |
| `name` | cat, dog | text | **required** | `"1"` | Its name. |
| `lives` | cat | a whole number; at least 1 | `9` | `7` | How many \\<lives>. |

- On cat: ({'kind': 'cat', 'name': 'Tom'})
- On dog: ({'kind': 'dog', 'name': 'Rex'})
"""
    )


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"enum": ["a", "b", "c"]}, "`a`, `b` or `c`"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "a whole number; 1 to 5"),
        ({"type": ["number", "null"], "exclusiveMinimum": 0}, "a number; above 0; or null"),
        ({"type": "string", "patternErrorMessage": "must be 12 digits"}, "12 digits"),
        ({"type": "string", "patternErrorMessage": "must hold x"}, "text; must hold x"),
        ({"type": "string", "format": "ipv4-network"}, "an IPv4 range in CIDR notation"),
        (
            {"type": "array", "items": {"enum": ["a"]}, "minItems": 1, "maxItems": 3},
            "a list; each entry: `a`; 1 to 3 entries",
        ),
    ],
)
def test_values_are_described_in_words(schema: dict[str, Any], text: str) -> None:
    assert value_text(schema) == text


def test_text_that_yaml_would_take_for_something_else_stands_in_quotes() -> None:
    assert [literal(value) for value in ("a", "1", "yes", "true", "", ["a"])] == [
        "`a`",
        '`"1"`',
        "`yes`",
        '`"true"`',
        '`""`',
        '`["a"]`',
    ]
