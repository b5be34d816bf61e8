"""What a YAML 1.2 scalar stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

_CORE = "tag:yaml.org,2002:"
_MAX_DIGITS = 1000

# Dates and `=` have tags of their own in ruamel.yaml; in YAML 1.2 they are text.
PLAIN_TAGS: Mapping[type, frozenset[str]] = {
    ScalarNode: frozenset(
        _CORE + name
        for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")
    ),
    SequenceNode: frozenset([_CORE + "seq"]),
    MappingNode: frozenset([_CORE + "map"]),
}


class ScalarError(ValueError):
    """A scalar that is not Unicode text."""


def scalar_value(tag: str, text: str) -> str | int | float | bool | None:
    """The value of a scalar; what is not a number after all stays text."""
    if tag in _CONVERTERS:
        with suppress(ValueError):
            value: str | int | float | bool | None = _CONVERTERS[tag](text)
            return value
    return _text(text)


def _text(text: str) -> str:
    try:
        # JSON may write one character as two escaped surrogates.
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeError:
        raise ScalarError("half of a surrogate pair stands alone") from None


def _int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError("Python refuses to print what is much longer")
    digits = text.replace("_", "").lower()
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits.removeprefix("+"))
    bases = {"0b": 2, "0o": 8, "0x": 16}
    base = bases.get(digits[:2])
    return sign * (int(digits[2:], base) if base else int(digits))


def _float(text: str) -> float:
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _null(text: str) -> None:
    if text.lower() not in ("", "~", "null"):
        raise ValueError(text)


_CONVERTERS: Mapping[str, Callable[[str], Any]] = {
    _CORE + "int": _int,
    _CORE + "float": _float,
    _CORE + "bool": _bool,
    _CORE + "null": _null,
}
