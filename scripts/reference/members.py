"""The arguments, attributes and methods of a class, as a reader writes them."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen

LONGEST = 40


@frozen
class Argument:
    """An argument of a constructor or method, with its type and default as Python."""

    name: str
    type: str
    default: str | None

    @property
    def signature(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default}"


def arguments(cls: type) -> list[Argument]:
    """What the constructor takes by name; for a construct, not the scope and the id."""
    if attrs.has(cls):
        hints = get_type_hints(cls)
        return [
            Argument(each.name, type_text(hints[each.name]), _attrs_default(each.default))
            for each in attrs.fields(cls)
        ]
    found = method_arguments(vars(cls)["__init__"])
    return [each for each in found if each.name not in ("scope", "id")]


def methods(cls: type) -> dict[str, Any]:
    """Public methods and properties that the class itself defines."""
    kinds = (types.FunctionType, classmethod, property)
    return {
        name: each
        for name, each in vars(cls).items()
        if isinstance(each, kinds) and not name.startswith("_")
    }


def method_arguments(method: Any) -> list[Argument]:
    """The arguments of a method; none for a property."""
    if isinstance(method, property):
        return []
    function: Callable[..., Any] = getattr(method, "__func__", method)
    hints = get_type_hints(function)
    _self, *parameters = inspect.signature(function).parameters.values()
    return [
        Argument(
            each.name,
            type_text(hints[each.name]),
            None if each.default is inspect.Parameter.empty else default_text(each.default),
        )
        for each in parameters
    ]


def type_text(hint: Any) -> str:
    """`Mapping[str, str]`, `"aws" | "google"`, `str | None`."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " | ".join(map(type_text, inner))
    if origin is Literal:
        return " | ".join(f'"{each}"' for each in inner)
    if hint is Ellipsis:
        return "..."
    if origin:
        return f"{origin.__name__}[{', '.join(map(type_text, inner))}]"
    return "None" if hint is type(None) else str(hint.__name__)


def default_text(value: object) -> str:
    """A default as Python; … for a long one, which the docstring has to explain."""
    if attrs.has(type(value)) and value == type(value)():
        return f"{type(value).__name__}()"
    text = repr(value).replace("'", '"')
    return "…" if len(text) > LONGEST else text


def _attrs_default(default: Any) -> str | None:
    if default is attrs.NOTHING:
        return None
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return "…" if default.takes_self else default_text(default.factory())
    return default_text(default)
