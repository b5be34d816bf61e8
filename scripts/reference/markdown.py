"""Markdown as GitHub renders it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Generated; do not edit. After a change of its source run: make reference -->"

_CODE = re.compile(r"(`[^`]+`)")


def page(title: str, *parts: str) -> str:
    """A whole file: its title, then its parts with a blank line between them."""
    return "\n\n".join([GENERATED, f"# {title}", *filter(None, parts)]) + "\n"


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`"


def prose(text: str) -> str:
    """Plain text in which `<site>` and `*` stay what they are; code in backticks stays code."""
    pieces = _CODE.split(text)
    return "".join(
        piece if piece.startswith("`") else re.sub(r"([<*])", r"\\\1", piece) for piece in pieces
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing without rows; a column that is empty in every row is left out."""
    content = [list(row) for row in rows]
    if not content:
        return ""
    used = [any(row[number] for row in content) for number in range(len(headings))]
    lines = [headings, ["---"] * len(headings), *content]
    return "\n".join(
        _line(cell for cell, use in zip(row, used, strict=True) if use) for row in lines
    )


def anchor(heading: str) -> str:
    """The part of a link after the #, as GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def link(heading: str) -> str:
    """A link to a heading of the same page that is code."""
    return f"[{code(heading)}](#{anchor(heading)})"


def one_of(choices: Iterable[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    *most, final = choices
    return f"{', '.join(most)} {last} {final}" if most else final


def _line(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", r"\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"
