"""Large JSON files, with a place for every key and value.

Python's parser is fast and knows no places, so a place is looked up afterwards, and only where
there is something to say about it. (JSON is YAML too, but that reader is for small files.)
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from attrs import define, field, frozen

from trunkline.documents.document import Document, Mark
from trunkline.documents.findings import Finding, KeyPath, Problem, shown
from trunkline.documents.source import Source, UnreadableError

MAX_FAULTS = 50

_SPACE = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_EMPTY_KEY = re.compile(r'""[ \t\r\n]*:')
_DECODER = json.JSONDecoder()


def parse_json(source: Source) -> Document:
    """The document in a JSON text; UnreadableError where it is not sound JSON.

    Sound JSON has no key twice in a mapping, no empty key, no endless number and no half of a
    character. Of very many such faults the first are named.
    """
    try:
        return _parse(source)
    except RecursionError as error:
        finding = source.finding(0, "values nest too deeply", source.kind.remedy)
        raise UnreadableError([finding]) from error


def _parse(source: Source) -> Document:
    pairs = _Pairs()
    try:
        data = json.loads(
            source.text,
            object_pairs_hook=pairs.mapping,
            parse_float=pairs.number,
            parse_constant=pairs.number,
        )
    except json.JSONDecodeError as error:
        raise UnreadableError([_explain(source, error)]) from error
    except ValueError as error:
        finding = source.finding(0, "a number has too many digits", source.kind.remedy)
        raise UnreadableError([finding]) from error
    document = Document(source, data, _Marks(source.text))
    if pairs.repeated or pairs.endless or _may_hold_odd_text(source.text):
        faults = islice(_faults(data, pairs.repeated, source.kind.repair), MAX_FAULTS)
        if findings := [document.finding(fault) for fault in faults]:
            raise UnreadableError(findings)
    return document


def _may_hold_odd_text(text: str) -> bool:
    return bool(_SURROGATE.search(text) or _EMPTY_KEY.search(text))


@define
class _Pairs:
    """What the parser meets on its way: keys that are there twice, and endless numbers."""

    repeated: dict[int, tuple[dict[str, Any], str]] = field(factory=dict)
    endless: bool = False

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            keys = [key for key, _ in pairs]
            # The mapping is kept along with its id, so that no other one gets the same id.
            self.repeated[id(result)] = result, next(key for key in keys if keys.count(key) > 1)
        return result

    def number(self, text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            self.endless = True
        return value


def _faults(
    data: Any, repeated: dict[int, tuple[dict[str, Any], str]], repair: str | None
) -> Iterator[Problem]:
    for path, value in _values(data):
        if isinstance(value, dict):
            if id(value) in repeated:
                message = f"the key {shown(repeated[id(value)][1])} stands here twice"
                yield Problem(path, message, "keep one of them")
            yield from (_half((*path, key), at_key=True) for key in value if not _is_text(key))
            if "" in value:
                yield Problem((*path, ""), "a key is empty", "delete it", at_key=True)
        elif isinstance(value, float) and not math.isfinite(value):
            message = f"{shown(value)} is not a number that JSON can hold"
            yield Problem(path, message, repair or "write a number")
        elif isinstance(value, str) and not _is_text(value):
            yield _half(path)


def _values(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Every value with its path, in the order of the file."""
    waiting: list[tuple[KeyPath, Any]] = [((), data)]
    while waiting:  # Not recursive, for the parser goes as deep as Python's limit lets it.
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting += [((*path, key), item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, i), value[i]) for i in reversed(range(len(value)))]


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _half(path: KeyPath, *, at_key: bool = False) -> Problem:
    message = "half of a surrogate pair stands alone"
    return Problem(path, message, "write the character itself", at_key=at_key)


def _explain(source: Source, error: json.JSONDecodeError) -> Finding:
    remedy, end = source.kind.remedy, len(source.text.rstrip())
    if not end:
        return source.finding(0, "the file is empty", remedy)
    if error.pos >= end or "Unterminated" in error.msg:
        message = "the file is cut short: it ends in the middle of a value"
        return source.finding(end - 1, message, remedy)
    return source.finding(error.pos, f"this is not JSON: {error.msg}", remedy)


@frozen
class _Marks:
    """The marks of a text that is valid JSON; what a lookup finds is kept for the next one."""

    text: str
    _children: dict[int, dict[str | int, tuple[int, int]]] = field(factory=dict, init=False)

    def get(self, path: KeyPath, /) -> Mark | None:
        """The mark of the value at `path`, or None where there is no value."""
        key, value = None, _skip_space(self.text, 0)
        for step in path:
            if value not in self._children:
                self._children[value] = _members(self.text, value)
            if step not in self._children[value]:
                return None
            start, value = self._children[value][step]
            key = start if isinstance(step, str) else None
        return Mark(key, value, _scalar(self.text, value))


def _skip_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _scalar(text: str, offset: int) -> str | None:
    """The scalar at `offset`, a string without its quotes; None for a list or a mapping."""
    if text[offset] in "[{":
        return None
    if text[offset] == '"':
        return str(scanstring(text, offset + 1)[0])
    return text[offset : _DECODER.raw_decode(text, offset)[1]]


def _members(text: str, offset: int) -> dict[str | int, tuple[int, int]]:
    """Offsets of key and value by key or index; nothing where a scalar is."""
    kind, found = text[offset], dict[str | int, tuple[int, int]]()
    if kind not in "[{":
        return found
    offset, index = _skip_space(text, offset + 1), 0
    while text[offset] not in "]}":
        key: str | int = index
        start = offset
        if kind == "{":
            key, offset = scanstring(text, offset + 1)
            offset = _skip_space(text, _skip_space(text, offset) + 1)
        found[key] = (start, offset)
        offset = _skip_space(text, _DECODER.raw_decode(text, offset)[1])
        if text[offset] == ",":
            offset = _skip_space(text, offset + 1)
        index += 1
    return found
