"""What every command prints with: formats, colour, progress, counted nouns."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TextIO


class Format(StrEnum):
    """How a command prints what it found: for people, or one JSON object for tools."""

    TEXT = "text"
    JSON = "json"


def wants_color(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose user has not asked for plain text."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def working(text: str) -> AbstractContextManager[object]:
    """A spinner on stderr while the work goes on; nothing where stderr is no terminal."""
    from rich.console import Console

    return Console(stderr=True).status(text)


def number(count: int, noun: str) -> str:
    """`1 site`, `2 sites`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
