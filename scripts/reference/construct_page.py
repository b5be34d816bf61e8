"""The page of the public names: constructs and what they make, the data classes, the errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
from constructs import Construct
from scripts.reference.docstring import UndocumentedError, flat, parse, require
from scripts.reference.markdown import code, page, table
from scripts.reference.members import arguments, method_arguments, methods
from scripts.reference.synthesized import Made

INTRODUCTION = (
    "Import every name from `trunkline`. A construct takes the scope and the id first, as all of "
    "CDKTF does, and the arguments below by name. `examples/import_into_a_stack` is a whole app."
)
RESOURCES = (
    "The tables of resources say how many of each type a construct makes, for a site with one "
    "zone. `data` stands before a type that Terraform only looks up."
)


def construct_page(public: Sequence[type], made: Mapping[str, Sequence[Made]]) -> str:
    """Every public name; `made` says by the name of a construct what it makes."""
    constructs = [each for each in public if issubclass(each, Construct)]
    data = [each for each in public if attrs.has(each)]
    errors = [each for each in public if issubclass(each, Exception)]
    if missing := {each.__name__ for each in constructs} - made.keys():
        raise UndocumentedError(f"add a case to synthesized.py for: {', '.join(sorted(missing))}")
    return page(
        "The Python package",
        INTRODUCTION,
        RESOURCES,
        "## Constructs",
        *(part for each in constructs for part in _construct(each, made[each.__name__])),
        "## Data classes",
        *(part for each in data for part in _class(each)),
        "## Errors",
        table(("error", "meaning"), [(code(each.__name__), flat(each)) for each in errors]),
    )


def _construct(cls: type, examples: Sequence[Made]) -> Iterator[str]:
    made = dict.fromkeys(name for each in examples for name in each.attributes)
    require(f"{cls.__name__}, after construction", parse(cls).attributes, made)
    for name, method in methods(cls).items():
        _require_mention(f"{cls.__name__}.{name}", method)
    yield from _class(cls)
    for where in dict.fromkeys(each.where for each in examples):
        of_it = [each for each in examples if each.where == where]
        if any(each.resources for each in of_it):
            yield f"Resources on {where}:"
            yield _resources(of_it)


def _class(cls: type) -> Iterator[str]:
    """The docstring, and tables of arguments, attributes and methods."""
    said, found = parse(cls), arguments(cls)
    require(cls.__name__, said.arguments, [each.name for each in found])
    yield f"### {cls.__name__}"
    yield said.text
    rows = [
        (
            code(each.name),
            code(each.type),
            "**required**" if each.default is None else code(each.default),
            said.arguments[each.name],
        )
        for each in found
    ]
    yield table(("argument", "type", "default", "meaning"), rows)
    yield said.after
    yield table(
        ("attribute", "meaning"), [(code(name), text) for name, text in said.attributes.items()]
    )
    calls = [(code(_call(name, each)), flat(each)) for name, each in methods(cls).items()]
    yield table(("method", "meaning"), calls)


def _call(name: str, method: Any) -> str:
    if isinstance(method, property):
        return name
    return f"{name}({', '.join(each.signature for each in method_arguments(method))})"


def _require_mention(name: str, method: Any) -> None:
    """Refuse a docstring of a method that is silent about an argument."""
    for argument in method_arguments(method):
        if code(argument.name) not in (method.__doc__ or ""):
            raise UndocumentedError(f"{name}: its docstring does not mention `{argument.name}`")


def _resources(examples: Sequence[Made]) -> str:
    """Types as rows, and a column for each way of making it."""
    kinds = dict.fromkeys(kind for each in examples for kind in each.resources)
    rows = [
        (code(kind), *(str(each.resources.get(kind, "")) for each in examples))
        for kind in sorted(kinds, key=lambda kind: (kind.startswith("data "), kind))
    ]
    return table(("resource", *(each.how for each in examples)), rows)
