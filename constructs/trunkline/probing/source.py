"""The agent's source text for user data."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

Span = tuple[tuple[int, int], tuple[int, int]]
_BEFORE_A_STATEMENT = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
_NO_CODE = (tokenize.NL, tokenize.COMMENT)


@cache
def agent_source() -> str:
    """`agent.py` without docstrings, comments and empty lines; its behaviour is the same.

    AWS limits user data to 16 KB. Text is only cut out, so that the result has the same bytes on
    every Python: other bytes would replace machines.
    """
    text = files("trunkline.probing").joinpath("agent.py").read_text("utf-8")
    kept = [line for line in _without_documentation(text).splitlines() if line.strip()]
    return "\n".join(["# trunkline's probing/agent.py, without docstrings and comments", *kept, ""])


def _without_documentation(text: str) -> str:
    lines = text.splitlines()
    for (first, start), (last, end) in reversed(list(_documentation(text))):
        rest = lines[last - 1][end:]
        lines[first - 1 : last] = [(lines[first - 1][:start] + rest).rstrip()]
    return "\n".join(lines)


def _documentation(text: str) -> Iterator[Span]:
    """The positions of the comments and docstrings, in order."""
    before = tokenize.ENCODING
    for token in tokenize.tokenize(io.BytesIO(text.encode()).readline):
        docstring = token.type == tokenize.STRING and before in _BEFORE_A_STATEMENT
        if docstring or token.type == tokenize.COMMENT:
            yield token.start, token.end
        if token.type not in _NO_CODE:
            before = token.type
