"""YAML's own errors in plain words."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.error import MarkedYAMLError

from trunkline.documents.findings import Finding
from trunkline.documents.secrets import redact
from trunkline.documents.source import Source

_TAB = "'\\t'"
# A part of ruamel.yaml's message, what is wrong, what to do. The first match counts.
_WORDS = (
    (_TAB, "a tab stands here", "use spaces"),
    ("found unexpected end of stream", "a quote is opened here and never closed", "close it"),
    ("found unexpected document", "a quote is opened here and never closed", "close it"),
    ("found undefined alias", "an alias (*name) stands for nothing", "define it with &name before"),
    ("maximum depth", "values nest too deeply", "check the brackets and the indentation"),
    (
        "but found another document",
        "a second document begins here",
        "keep one document in a file: delete the line --- or move what follows",
    ),
    (
        "mapping values are not allowed",
        "a colon stands where no key can be",
        "put a space after the colon of a key, check the indentation, or put a value that contains "
        "a colon in quotes",
    ),
    (
        "could not find expected ':'",
        "a key has no colon",
        "write `key: value`, or put a text of several lines in quotes",
    ),
    (
        "expected <block end>",
        "the indentation fits none of the lines above",
        "begin the line in the same column as its neighbours",
    ),
    (
        "expected ',' or",
        "a bracket is not closed, or a comma is missing",
        "separate the values with commas and close the bracket",
    ),
    (
        "cannot start any token",
        "a value begins with a character that YAML keeps for itself",
        "put the value in quotes",
    ),
    (
        "escape",
        "an escape in a quoted text is unknown",
        "double the backslash or use single quotes",
    ),
)
_CONFLICT = re.compile(r"^(?:<{7} |>{7} )", re.MULTILINE)
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^\s#])", re.MULTILINE)
# For these the start of the construct says more than the place where ruamel.yaml stopped.
_AT_CONTEXT = ("found unexpected end of stream", "found unexpected document")


def explain_syntax(source: Source, error: MarkedYAMLError) -> list[Finding]:
    """The findings for one error of ruamel.yaml: of tabs and conflict marks, one for each."""
    if conflicts := list(_CONFLICT.finditer(source.text)):
        message = "a merge conflict is not resolved here"
        return [source.finding(mark.start(), message, "keep one side") for mark in conflicts]
    problem = f"{error.problem} {error.context}"
    if _TAB in problem and (tabs := list(_TAB_INDENT.finditer(source.text))):
        return [
            source.finding(tab.start(), "a tab indents this line", "use spaces") for tab in tabs
        ]
    message, remedy = _explain(problem)
    return [source.finding(_offset(error), message, remedy)]


def _explain(problem: str) -> tuple[str, str]:
    for part, message, remedy in _WORDS:
        if part in problem:
            return message, remedy
    first_line = redact(problem.strip().splitlines()[0])
    return f"this is not valid YAML ({first_line})", "check the line and the one above"


def _offset(error: MarkedYAMLError) -> int:
    mark: Any = error.problem_mark or error.context_mark
    if error.context_mark is not None and any(p in str(error.problem) for p in _AT_CONTEXT):
        mark = error.context_mark
    return int(mark.index) if mark is not None else 0
