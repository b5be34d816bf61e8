"""The schemas: where they are, and what they refuse in a document, as problems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

from trunkline.documents.document import Document
from trunkline.documents.explain import Breach, explain
from trunkline.documents.findings import KeyPath, Problem
from trunkline.documents.formats import FORMATS, Fault
from trunkline.documents.source import UnreadableError

SCHEMA_SUFFIX = ".schema.json"

# What these refuse says nothing about the value as a whole: the rest of it can still be checked.
_ABOUT_PARTS = ("required", "additionalProperties", "oneOf", "uniqueItems")


def packed(folder: str) -> Path:
    """A folder of data: in the package in a wheel, at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / folder
    return inside if inside.exists() else package.parents[1] / folder


def schema_path(name: str) -> Path:
    """The file of a schema."""
    return packed("schemas") / f"{name}{SCHEMA_SUFFIX}"


@cache
def load_schema(name: str) -> Mapping[str, Any]:
    """The schema as data, read once."""
    data: dict[str, Any] = json.loads(schema_path(name).read_text(encoding="utf-8"))
    return data


def find_problems(document: Document, name: str) -> Iterator[Problem]:
    """What the schema refuses, each mistake once; UnreadableError where values nest too deeply."""
    return _one_each(_breaches(document, name))


def check_schema(document: Document, name: str) -> tuple[list[Problem], Any]:
    """What the schema refuses, each mistake once, and the data without what is refused.

    Refused values become None, so that the checks of meaning can go on with the rest.
    """
    breaches = sorted(_breaches(document, name), key=_rank)
    refused = [breach.path for breach in breaches if _is_about_value(breach)]
    return list(_one_each(breaches)), _without(document.data, refused)


@cache
def _validator(name: str) -> Draft202012Validator:
    formats: dict[str, Callable[..., bool]] = {
        format_name: partial(_fits, fault_of) for format_name, fault_of in FORMATS.items()
    }
    return Draft202012Validator(dict(load_schema(name)), formats, validate_formats=True)


def _fits(fault_of: Callable[[str], Fault | None], text: str) -> bool:
    return fault_of(text) is None


def _breaches(document: Document, name: str) -> Iterator[Breach]:
    try:
        errors = _validator(name).iter_errors(document.data)
    except ValueError as too_deep:  # The validator has a limit of its own.
        problem = Problem((), "values nest too deeply", document.source.kind.remedy)
        raise UnreadableError([document.finding(problem)]) from too_deep
    for error in errors:
        yield _breach(error, document, load_schema(name))


def _breach(error: ValidationError, document: Document, root: Mapping[str, Any]) -> Breach:
    # Not `error.instance`: there an endless number is null.
    path, value = _find(document.data, error.instance_path)
    kind, schema, of_key = error.kind, _find(root, error.schema_path[:-1])[1], False
    if isinstance(kind, ValidationErrorKind.PropertyNames):
        value, kind, of_key = kind.error.instance, kind.error.kind, True
        path = (*path, str(value))
    rule = kind.value if kind.name == "required" else schema.get(kind.name)
    return Breach(
        kind.name,
        rule,
        schema,
        path,
        value,
        document.source.kind,
        written=document.written(path),
        of_key=of_key,
    )


def _find(value: Any, steps: Iterable[str | int]) -> tuple[KeyPath, Any]:
    """The path of the validator's `steps`, and the value there."""
    path: KeyPath = ()
    for step in steps:
        key = _key(value, step) if isinstance(value, Mapping) and isinstance(step, int) else step
        path, value = (*path, key), value[key]
    return path, value


def _key(mapping: Mapping[str, Any], step: int) -> str:
    """The key behind a number: of keys such as 7, +7 and 007 the validator makes 7."""
    digits = {key: key.removeprefix("+") for key in mapping}
    return next(
        key
        for key, text in digits.items()
        if text.isascii() and text.isdecimal() and int(text) == step
    )


def _rank(breach: Breach) -> int:
    """A name comes before what it names, and a pattern says more than a length."""
    if breach.of_key:
        return 0
    return 1 if breach.keyword in ("additionalProperties", "pattern") else 2


def _is_about_value(breach: Breach) -> bool:
    return breach.keyword not in _ABOUT_PARTS and not breach.of_key


def _one_each(breaches: Iterable[Breach]) -> Iterator[Problem]:
    """One problem for each place and key: a hostname that breaks two rules is one mistake."""
    seen: set[tuple[KeyPath, bool, str]] = set()
    for breach in breaches:
        for problem in explain(breach):
            about = problem.message if problem.at_key else ""
            if (place := (problem.path, problem.at_key, about)) not in seen:
                seen.add(place)
                yield problem


def _without(data: Any, refused: list[KeyPath]) -> Any:
    if () in refused:
        return None
    copy = json.loads(json.dumps(data))
    for path in refused:
        parent: Any = copy
        for step in path[:-1]:
            parent = parent[step] if parent is not None else None
        if parent is not None:
            parent[path[-1]] = None
    return copy
