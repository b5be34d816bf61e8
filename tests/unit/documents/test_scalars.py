"""Scalars mean what YAML 1.2 says, whatever ruamel.yaml makes of them."""

from __future__ import annotations

import pytest
from support.documents import source

from trunkline.documents.document import Document
from trunkline.documents.yaml import parse_yaml


def document(text: str) -> Document:
    return parse_yaml(source(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("+7", 7),
        ("-7", -7),
        ("0123", 123),
        ("1_000", 1000),
        ("-_", "-_"),
        ("9" * 5000, "9" * 5000),
        ("0x" + "f" * 5000, "0x" + "f" * 5000),
        ("1.5", 1.5),
        ("-.inf", float("-inf")),
        ("1e3", 1000.0),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("1.2.3.4", "1.2.3.4"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!int x", "x"),
        ("!!int ''", ""),
        ("!!bool maybe", "maybe"),
        ("!!null x", "x"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\/"', "/"),
    ],
)
def test_scalars_are_of_yaml_1_2(text: str, value: object) -> None:
    loaded = document(f"a: {text}")
    assert loaded.data == {"a": value}
    assert type(loaded.data["a"]) is type(value)
    assert loaded.findings == ()


@pytest.mark.parametrize("text", ['"\\ud800"', '!!int "\\ud800"', '{"\\ud800": 1}'])
def test_half_of_a_character_is_refused(text: str) -> None:
    loaded = document(f"a: {text}")
    assert any("half of a surrogate pair" in finding.message for finding in loaded.findings)
    str(loaded.data).encode()
