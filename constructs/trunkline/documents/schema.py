"""The topology schema: where it lies, and its errors as problems."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from trunkline.documents.explain import explain
from trunkline.documents.findings import KeyPath, Problem
from trunkline.documents.formats import FORMATS, Fault
from trunkline.documents.yaml import Document

# What these refuse says nothing about the value as a whole: the rest of it can still be checked.
_ABOUT_PARTS = ("required", "additionalProperties", "oneOf", "uniqueItems")


def schema_path() -> Path:
    """The schema file: beside the package in a wheel, at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "schemas" / "topology.schema.json"
    return packed if packed.exists() else package.parents[1] / "schemas" / packed.name


@cache
def schema() -> Mapping[str, Any]:
    """The schema as data, read once."""
    data: dict[str, Any] = json.loads(schema_path().read_text(encoding="utf-8"))
    return data


def check_schema(document: Document) -> tuple[list[Problem], Any]:
    """What the schema refuses, each mistake once, and the data without what is refused.

    Refused values become None, so that the checks of meaning can go on with the rest.
    """
    errors = list(_validator().iter_errors(document.data))
    problems = [problem for error in errors for problem in explain(error, document.written)]
    refused = [tuple(error.absolute_path) for error in errors if _is_about_value(error)]
    return _one_each(problems), _without(document.data, refused)


def _validator() -> Any:
    checks = {"pattern": _pattern, "uniqueItems": _unique_items}
    extend: Any = validators.extend  # Untyped in types-jsonschema.
    return extend(Draft202012Validator, checks)(schema(), format_checker=_format_checker())


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, fault in FORMATS.items():
        checker.checks(name)(partial(_fits, fault))
    return checker


def _fits(fault: Callable[[str], Fault | None], value: object) -> bool:
    return not isinstance(value, str) or fault(value) is None


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    # In Python `$` also matches before a last newline, which a block scalar leaves behind.
    if isinstance(value, str) and (value.endswith("\n") or not re.search(pattern, value)):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _unique_items(_: Any, unique: bool, items: Any, __: Any) -> Iterator[ValidationError]:
    # jsonschema compares every pair where items have several types; this takes one pass.
    seen: set[str] = set()
    for index, item in enumerate(items if unique and isinstance(items, list) else ()):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            yield ValidationError("a duplicate", path=[index], instance=item)
        seen.add(text)


def _is_about_value(error: ValidationError) -> bool:
    return error.validator not in _ABOUT_PARTS and "propertyNames" not in error.absolute_schema_path


def _one_each(problems: list[Problem]) -> list[Problem]:
    """One problem for each place and key: a hostname that breaks two rules is one mistake."""
    first: dict[tuple[KeyPath, bool, str], Problem] = {}
    for problem in problems:
        about = problem.message if problem.at_key else ""
        first.setdefault((problem.path, problem.at_key, about), problem)
    return list(first.values())


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
