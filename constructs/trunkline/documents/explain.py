"""Breaches of a schema in words that help someone who has never seen a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from attrs import frozen

from trunkline.documents.findings import KeyPath, Problem, shorten, shown
from trunkline.documents.formats import FORMATS
from trunkline.documents.source import FileKind

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*\Z|/[A-Za-z0-9_./-]*\Z")
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_YES_NO = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false"}


@frozen
class Breach:
    """A keyword of a schema that a value, or a key, does not satisfy.

    `rule` is what the schema says under the keyword; for `required`, the key that is missing.
    """

    keyword: str
    rule: Any
    schema: Mapping[str, Any]
    path: KeyPath
    value: Any
    kind: FileKind
    written: str | None = None
    of_key: bool = False


def explain(breach: Breach) -> Iterator[Problem]:
    """The mistakes behind one breach."""
    if breach.of_key:
        yield _explain_key(breach)
    else:
        yield from _EXPLAIN.get(breach.keyword, _other)(breach)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was meant to be, or None."""
    by_spelling = {_fold(candidate): candidate for candidate in known}
    matches = get_close_matches(_fold(word), by_spelling, n=3, cutoff=0.65)
    # Of equally near words, one of the same letters: two of them were swapped.
    matches.sort(key=lambda match: sorted(match) != sorted(_fold(word)))
    return by_spelling[matches[0]] if matches else None


def as_yaml(value: object) -> str:
    """A value as one would write it in a YAML file."""
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


def _example(schema: Mapping[str, Any], key: object = None) -> str:
    """`, for example: ...` from the schema's first example, with its key where there is one."""
    examples = schema.get("examples", ())
    if not examples:
        return ""
    text = as_yaml(examples[0])
    return f", for example: {key}: {text}" if isinstance(key, str) else f", for example {text}"


# What word processors make of quotes; YAML takes them for part of the text.
_TYPOGRAPHIC = frozenset("\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb")


def _explain_key(breach: Breach) -> Problem:
    key = str(breach.value)
    if breach.keyword == "maxLength":
        message = f"the name {shown(key)} has {len(key)} characters"
        remedy = f"use at most {breach.rule}"
    else:
        message, remedy = f"the name {shown(key)} does not fit", f"it {_rule(breach.schema)}"
    return Problem(breach.path, message, remedy, at_key=True)


def _type(breach: Breach) -> Iterator[Problem]:
    path, value, written = breach.path, breach.value, breach.written
    if value is None:
        example = _example(breach.schema, path[-1] if path else None)
        yield Problem(path, "a value is missing", breach.kind.repair or f"write one{example}")
        return
    bare = written and not isinstance(value, str)
    text = shorten(written) if bare and written else shown(value)
    message = f"{text} stands where {_type_names(breach.rule)} belongs"
    yield Problem(path, message, _type_remedy(breach))


def _type_names(types: str | list[str]) -> str:
    return " or ".join(_TYPES[name] for name in ([types] if isinstance(types, str) else types))


def _type_remedy(breach: Breach) -> str:
    wanted, value, written = breach.rule, breach.value, breach.written
    scalar = not isinstance(value, dict | list)
    if not breach.path:
        return breach.kind.remedy
    if breach.kind.repair:
        return breach.kind.repair
    if wanted == "string" and scalar:
        return f"put it in quotes: {json.dumps(written, ensure_ascii=False)}"
    if wanted == "array" and scalar:
        return f"put it in brackets: [{written}]"
    if wanted in ("integer", "number") and isinstance(value, str) and value.isdecimal():
        return f"write {value} without quotes"
    if wanted == "boolean" and isinstance(value, str) and value.lower() in _YES_NO:
        return f"write {_YES_NO[value.lower()]}, without quotes"
    return f"write {_type_names(wanted)}{_example(breach.schema)}"


def _rule(schema: Mapping[str, Any]) -> str:
    return str(schema.get("patternErrorMessage", "must fit the description"))


def _extra_keys(breach: Breach) -> list[str]:
    return [key for key in breach.value if key not in breach.schema.get("properties", {})]


def _unknown_key(key: str, path: KeyPath, known: Iterable[str]) -> Problem:
    names = sorted(name for name in known if not name.startswith("$"))
    match = nearest(key, names)
    remedy = f"did you mean {match}?" if match else f"the keys here are: {', '.join(names)}"
    return Problem((*path, key), f"the key {shown(key)} is unknown", remedy, at_key=True)


def _additional(breach: Breach) -> Iterator[Problem]:
    for key in _extra_keys(breach):
        yield _unknown_key(key, breach.path, breach.schema["properties"])


def _required(breach: Breach) -> Iterator[Problem]:
    name, properties = breach.rule, breach.schema["properties"]
    meant = {nearest(key, properties): key for key in _extra_keys(breach)}
    if name in meant:
        # The misspelled key is the mistake; a closed mapping repeats it, and it counts once.
        yield _unknown_key(meant[name], breach.path, [name])
    else:
        remedy = breach.kind.repair or f"add it{_example(properties[name], name)}"
        yield Problem(breach.path, f"the key {name} is missing", remedy, at_key=True)


def _const(breach: Breach) -> Iterator[Problem]:
    remedy = breach.kind.repair or f"write {as_yaml(breach.rule)}"
    yield Problem(breach.path, f"{shown(breach.value)} is not {shown(breach.rule)}", remedy)


def _enum(breach: Breach) -> Iterator[Problem]:
    choices = [str(choice) for choice in breach.rule]
    match = _meant(breach.value, choices, breach.schema) if isinstance(breach.value, str) else None
    remedy = f"did you mean {match}?" if match else f"choose from: {', '.join(choices)}"
    missing = breach.value is None
    message = (
        "a value is missing" if missing else f"{shown(breach.value)} is not one of the choices"
    )
    yield Problem(breach.path, message, remedy)


def _meant(value: str, choices: Sequence[str], schema: Mapping[str, Any]) -> str | None:
    """The choice that is known under that name as well, or is spelled nearly so."""
    others: Mapping[str, str] = schema.get("otherNames", {})
    return others.get(value.lower()) or nearest(value, choices)


def _spelling(breach: Breach) -> Iterator[Problem]:
    fault_of = FORMATS.get(breach.schema.get("format", ""))
    if fault_of and (fault := fault_of(breach.value)):
        yield Problem(breach.path, f"{shown(breach.value)}: {fault[0]}", fault[1])
    else:
        remedy = f"it {_rule(breach.schema)}{_example(breach.schema)}"
        if _TYPOGRAPHIC & {*str(breach.value)}:
            remedy = "write straight quotes in place of the typographic ones"
        yield Problem(breach.path, f"{shown(breach.value)} does not fit", remedy)


def _length(breach: Breach) -> Iterator[Problem]:
    if breach.keyword == "minLength":
        remedy = f"write something{_example(breach.schema)}"
        yield Problem(breach.path, "the text is empty", remedy)
    else:
        message = f"the text has {len(breach.value)} characters"
        yield Problem(breach.path, message, f"use at most {breach.rule}")


_LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def _range(breach: Breach) -> Iterator[Problem]:
    limits, repair = breach.schema, breach.kind.repair
    if "minimum" in limits and "maximum" in limits:
        text = f"from {limits['minimum']} to {limits['maximum']}"
    else:
        found = [f"{words} {limits[key]}" for key, words in _LIMITS.items() if key in limits]
        text = f"a number {' and '.join(found)}"
    remedy = f"it must be {text}; {repair}" if repair else f"choose {text}"
    yield Problem(breach.path, f"{shown(breach.value)} is out of range", remedy)


def _size(breach: Breach) -> Iterator[Problem]:
    schema, repair = breach.schema, breach.kind.repair
    if not breach.value:
        remedy = repair or f"write at least one entry{_example(schema)}"
        yield Problem(breach.path, "this is empty", remedy)
    elif breach.keyword == "maxProperties" and breach.rule == 1:
        keys = " and ".join(breach.value)
        yield Problem(breach.path, f"{keys} exclude each other", "keep one of them", at_key=True)
    else:
        remedy = f"keep {breach.rule}: {schema['description'].rstrip('.')}"
        yield Problem(breach.path, f"this has {len(breach.value)} entries", remedy)


def _unique(breach: Breach) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, item in enumerate(breach.value):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            message = f"{shown(item)} stands in the list twice"
            yield Problem((*breach.path, index), message, "keep one of them")
        seen.add(text)
    if len(seen) == len(breach.value):  # 1 and 1.0 are equal to the validator.
        yield Problem(breach.path, "a value stands in the list twice", "keep one of them")


def _one_of(breach: Breach) -> Iterator[Problem]:
    if not isinstance(breach.value, Mapping):
        return  # The type is wrong, and says so.
    names = [name for option in breach.rule for name in option["required"]]
    given = [name for name in names if name in breach.value]
    missing = f"{' or '.join(names)} is missing"
    message = f"{' and '.join(given)} exclude each other" if given else missing
    yield Problem(breach.path, message, f"write exactly one of {', '.join(names)}", at_key=True)


def _other(breach: Breach) -> Iterator[Problem]:
    description = breach.schema.get("description", "see the schema")
    yield Problem(
        breach.path, f"{shown(breach.value)} does not fit", f"it should be: {description}"
    )


_EXPLAIN: Mapping[str, Callable[[Breach], Iterator[Problem]]] = {
    "additionalProperties": _additional,
    "const": _const,
    "enum": _enum,
    "exclusiveMaximum": _range,
    "exclusiveMinimum": _range,
    "format": _spelling,
    "maxItems": _size,
    "maxLength": _length,
    "maxProperties": _size,
    "maximum": _range,
    "minItems": _size,
    "minLength": _length,
    "minProperties": _size,
    "minimum": _range,
    "oneOf": _one_of,
    "pattern": _spelling,
    "required": _required,
    "type": _type,
    "uniqueItems": _unique,
}
