"""What the docstring of a class says of its arguments and attributes.

Each argument has a line, and so has each attribute below a paragraph that begins `After
construction`:

    - `name`: what it means.

A docstring that leaves one out, or describes one that is not there, is refused.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping

from attrs import frozen
from scripts.reference.markdown import prose

AFTER = "After construction"

_ENTRY = re.compile(r"^- `(\w+)`: ", re.MULTILINE)
_PROMPT = re.compile(r"^(>>>|\.\.\.) ?", re.MULTILINE)
_DIRECTIVE = re.compile(r" *# doctest:.*")


class UndocumentedError(Exception):
    """A docstring that does not say what it should, or says what is not so."""


@frozen
class Docstring:
    """A docstring in its parts, as Markdown; `after` introduces the attributes."""

    text: str
    arguments: Mapping[str, str]
    after: str
    attributes: Mapping[str, str]


def parse(cls: type) -> Docstring:
    """The docstring of a class."""
    text: list[str] = []
    arguments: dict[str, str] = {}
    after, attributes = "", dict[str, str]()
    for block in inspect.cleandoc(cls.__doc__ or "").split("\n\n"):
        if block.startswith(AFTER):
            after = prose(one_line(block))
        elif not _ENTRY.match(block):
            text.append(_paragraph(block))
        elif after:
            attributes |= _entries(block)
        else:
            arguments |= _entries(block)
    return Docstring("\n\n".join(text), arguments, after, attributes)


def require(name: str, described: Mapping[str, str], actual: Iterable[str]) -> None:
    """Refuse a docstring that does not describe exactly what there is."""
    there = list(actual)
    missing = [each for each in there if each not in described]
    unknown = [each for each in described if each not in there]
    if missing:
        lines = "; ".join(f"- `{each}`: …" for each in missing)
        raise UndocumentedError(f"{name}: its docstring lacks a line for each of these: {lines}")
    if unknown:
        raise UndocumentedError(f"{name}: its docstring describes what it lacks: {unknown}")


def flat(described: object) -> str:
    """A whole docstring on one line, for a cell of a table."""
    return prose(one_line(described.__doc__ or ""))


def one_line(block: str) -> str:
    """A paragraph without its line breaks."""
    return " ".join(block.split())


def _entries(block: str) -> dict[str, str]:
    _, *pieces = _ENTRY.split(block)
    pairs = zip(pieces[::2], pieces[1::2], strict=True)
    return {name: prose(_sentence(one_line(text))) for name, text in pairs}


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _paragraph(block: str) -> str:
    if block.startswith(">>>"):
        return f"```python\n{_DIRECTIVE.sub('', _PROMPT.sub('', block))}\n```"
    return block if block.startswith((" ", "```")) else prose(one_line(block))
