"""A problem at a key path becomes a finding at a place; the readers share the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.documents import source

from trunkline.documents.document import Document, Mark
from trunkline.documents.findings import KeyPath, Problem
from trunkline.documents.json import parse_json
from trunkline.documents.source import Source
from trunkline.documents.yaml import parse_yaml

TEXT = """{
 "a": [1, {"b": "x", "empty": ""}],
 "c": {
  "d": 2.50}
}"""


@pytest.fixture(params=[parse_yaml, parse_json])
def document(request: pytest.FixtureRequest) -> Document:
    """The same text by both readers, for JSON is YAML."""
    parse: Callable[[Source], Document] = request.param
    return parse(source(TEXT))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("a",), (2, 2)),  # a block's key
        (("a", 0), (2, 8)),
        (("a", 1), (2, 11)),
        (("a", 1, "b"), (2, 17)),
        (("a", 1, "empty"), (2, 22)),
        (("c", "d"), (4, 8)),
        (("c", "nowhere", "deeper"), (3, 2)),
        (("a", 7), (2, 2)),
        (("c", "d", "below a scalar"), (4, 3)),
        (("nowhere",), (1, 1)),
    ],
)
def test_a_finding_stands_at_its_value_or_near_it(
    document: Document, path: KeyPath, place: tuple[int, int]
) -> None:
    finding = document.finding(Problem(path, "it is wrong", "make it right"))
    assert (finding.line, finding.column) == place
    assert document.line(path) == place[0]


def test_a_finding_may_stand_at_the_key(document: Document) -> None:
    finding = document.finding(Problem(("c", "d"), "it is wrong", "make it right", at_key=True))
    assert (finding.line, finding.column) == (4, 3)


def test_a_problem_gives_the_finding_its_words(document: Document) -> None:
    problem = Problem(("a", 1, "b"), "it is wrong", "make it right", "warning")
    assert str(document.finding(problem)) == "f:2:17: a[1].b: warning: it is wrong; make it right"


def test_a_problem_of_the_whole_file_is_called_by_the_kind(document: Document) -> None:
    assert document.finding(Problem((), "it is wrong", "make it right")).path == "thing"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("c", "d"), "2.50"),
        (("a", 1, "b"), "x"),
        (("a", 1, "empty"), ""),
        (("a",), None),
        (("c",), None),
        (("nowhere",), None),
    ],
)
def test_a_scalar_is_known_as_the_file_writes_it(
    document: Document, path: KeyPath, text: str | None
) -> None:
    assert document.written(path) == text


def test_a_document_without_marks_has_its_findings_at_its_start() -> None:
    marks: dict[KeyPath, Mark] = {}
    finding = Document(source("a: b"), None, marks).finding(Problem(("a",), "", ""))
    assert (finding.line, finding.column) == (1, 1)
