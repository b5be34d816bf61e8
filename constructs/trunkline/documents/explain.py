"""Errors of the schema in words that help someone who has never seen a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from jsonschema import ValidationError

from trunkline.documents.findings import KeyPath, Problem, shorten, shown
from trunkline.documents.formats import FORMATS

Written = Callable[[KeyPath], str | None]
"""Gives the scalar at a path as it stands in the file."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*\Z|/[A-Za-z0-9_./-]*\Z")
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_YES_NO = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false"}


def explain(error: ValidationError, written: Written) -> Iterator[Problem]:
    """The mistakes behind one error of the validator."""
    path = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        yield _explain_key(error, path)
    elif error.validator == "type":
        yield _explain_type(error, path, written(path))
    else:
        yield from _EXPLAIN.get(str(error.validator), _other)(error, path)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was meant to be, or None."""
    by_spelling = {_fold(candidate): candidate for candidate in known}
    matches = get_close_matches(_fold(word), by_spelling, n=3, cutoff=0.65)
    # Of equally near words, one of the same letters: two of them were swapped.
    matches.sort(key=lambda match: sorted(match) != sorted(_fold(word)))
    return by_spelling[matches[0]] if matches else None


def as_yaml(value: object) -> str:
    """A value as one would write it in a topology file."""
    if isinstance(value, str):
        reserved = value.lower() in (*_YES_NO, "null")
        return value if _PLAIN.match(value) and not reserved else json.dumps(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(k)}: {as_yaml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def _fold(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def _example(schema: Any, key: object = None) -> str:
    """`, for example: ...` from the schema's first example, with its key where there is one."""
    examples = schema.get("examples", ())
    if not examples:
        return ""
    text = as_yaml(examples[0])
    return f", for example: {key}: {text}" if isinstance(key, str) else f", for example {text}"


def _explain_key(error: ValidationError, path: KeyPath) -> Problem:
    key = str(error.instance)
    if error.validator == "maxLength":
        limit = error.validator_value
        message, remedy = f"the name {shown(key)} has {len(key)} characters", f"use at most {limit}"
    else:
        rule = _rule(error.schema)
        message, remedy = f"the name {shown(key)} does not fit", f"it {rule}"
    return Problem((*path, key), message, remedy, at_key=True)


def _explain_type(error: ValidationError, path: KeyPath, written: str | None) -> Problem:
    wanted, value, schema = str(error.validator_value), error.instance, _schema(error)
    key = path[-1] if path else None
    if value is None:
        return Problem(path, "a value is missing", f"write one{_example(schema, key)}")
    bare = written and not isinstance(value, str)
    text = shorten(written) if bare and written else shown(value)
    message = f"{text} stands where {_KINDS[wanted]} belongs"
    return Problem(path, message, _type_remedy(wanted, value, written, schema))


def _type_remedy(wanted: str, value: object, written: str | None, schema: Any) -> str:
    scalar = not isinstance(value, dict | list)
    if "$schema" in schema:
        return "start from one of the examples in topologies/"
    if wanted == "string" and scalar:
        return f"put it in quotes: {json.dumps(written, ensure_ascii=False)}"
    if wanted == "array" and scalar:
        return f"put it in brackets: [{written}]"
    if wanted in ("integer", "number") and isinstance(value, str) and value.isdecimal():
        return f"write {value} without quotes"
    if wanted == "boolean" and isinstance(value, str) and value.lower() in _YES_NO:
        return f"write {_YES_NO[value.lower()]}, without quotes"
    return f"write {_KINDS[wanted]}{_example(schema)}"


def _schema(error: ValidationError) -> Any:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _instance(error: ValidationError) -> Any:
    return error.instance


def _rule(schema: Any) -> str:
    return str(schema.get("patternErrorMessage", "must fit the description"))


def _extra_keys(error: ValidationError) -> list[str]:
    return [key for key in _instance(error) if key not in _schema(error).get("properties", {})]


def _unknown_key(key: str, path: KeyPath, known: Iterable[str]) -> Problem:
    names = sorted(name for name in known if not name.startswith("$"))
    match = nearest(key, names)
    remedy = f"did you mean {match}?" if match else f"the keys here are: {', '.join(names)}"
    return Problem((*path, key), f"the key {shown(key)} is unknown", remedy, at_key=True)


def _additional(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    known = _schema(error)["properties"]
    for key in _extra_keys(error):
        yield _unknown_key(key, path, known)


def _required(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    schema = _schema(error)
    extras = {nearest(key, schema["properties"]): key for key in _extra_keys(error)}
    for name in schema["required"]:
        if name in _instance(error):
            continue
        if name not in extras:
            remedy = f"add it{_example(schema['properties'][name], name)}"
            yield Problem(path, f"the key {name} is missing", remedy, at_key=True)
        else:
            # The misspelled key is the mistake; a closed mapping repeats it, and it counts once.
            yield _unknown_key(extras[name], path, [name])


def _enum(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    options: Any = error.validator_value
    choices = [str(choice) for choice in options]
    match = nearest(error.instance, choices) if isinstance(error.instance, str) else None
    remedy = f"did you mean {match}?" if match else f"choose from: {', '.join(choices)}"
    if error.instance is None:
        yield Problem(path, "a value is missing", remedy)
    else:
        yield Problem(path, f"{shown(error.instance)} is not one of the choices", remedy)


def _format(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    fault = FORMATS[str(error.validator_value)](str(error.instance))
    if fault:
        yield Problem(path, f"{shown(error.instance)}: {fault[0]}", fault[1])


def _pattern(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    schema = _schema(error)
    fault_of = FORMATS.get(schema.get("format", ""))
    if fault_of and (fault := fault_of(str(error.instance))):
        yield Problem(path, f"{shown(error.instance)}: {fault[0]}", fault[1])
        return
    remedy = f"it {_rule(schema)}{_example(schema)}"
    yield Problem(path, f"{shown(error.instance)} does not fit", remedy)


def _length(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    length, limit = len(_instance(error)), error.validator_value
    if error.validator == "minLength":
        yield Problem(path, "the text is empty", f"write something{_example(_schema(error))}")
    else:
        yield Problem(path, f"the text has {length} characters", f"use at most {limit}")


def _range(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    schema = _schema(error)
    remedy = f"choose from {schema['minimum']} to {schema['maximum']}"
    yield Problem(path, f"{shown(error.instance)} is out of range", remedy)


def _size(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    schema, count = _schema(error), len(_instance(error))
    if not count:
        yield Problem(path, "this is empty", f"write at least one entry{_example(schema)}")
    else:
        remedy = f"keep {error.validator_value}: {schema['description'].rstrip('.')}"
        yield Problem(path, f"this has {count} entries", remedy)


def _unique(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    yield Problem(path, f"{shown(error.instance)} stands in the list twice", "keep one of them")


def _one_of(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(_instance(error), Mapping):
        return  # The type is wrong, and says so.
    options: Any = error.validator_value
    names = [name for option in options for name in option["required"]]
    given = [name for name in names if name in _instance(error)]
    missing = f"{' or '.join(names)} is missing"
    message = f"{' and '.join(given)} exclude each other" if given else missing
    yield Problem(path, message, f"write exactly one of {', '.join(names)}", at_key=True)


def _other(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    description = _schema(error).get("description", "see the schema")
    yield Problem(path, f"{shown(error.instance)} does not fit", f"it should be: {description}")


def _nothing(error: ValidationError, path: KeyPath) -> Iterator[Problem]:
    yield from ()


_EXPLAIN: Mapping[str, Callable[[ValidationError, KeyPath], Iterator[Problem]]] = {
    "additionalProperties": _additional,
    "const": _nothing,  # `cloud` has an enum that says it better.
    "enum": _enum,
    "format": _format,
    "maxItems": _size,
    "maxLength": _length,
    "maxProperties": _size,
    "maximum": _range,
    "minItems": _size,
    "minLength": _length,
    "minProperties": _size,
    "minimum": _range,
    "oneOf": _one_of,
    "pattern": _pattern,
    "required": _required,
    "uniqueItems": _unique,
}
