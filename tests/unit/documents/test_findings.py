from __future__ import annotations

import pytest

from trunkline.documents.findings import Finding, FindingsError, KeyPath, show_path, shown

FINDING = Finding("t.yaml", 3, 5, "sites.aws", "it is wrong", "make it right")


def test_finding_as_a_line() -> None:
    assert str(FINDING) == "t.yaml:3:5: sites.aws: it is wrong; make it right"


def test_warning_as_a_line() -> None:
    warning = Finding("t.yaml", 3, 5, "sites.aws", "it is odd", "look", "warning")
    assert str(warning) == "t.yaml:3:5: sites.aws: warning: it is odd; look"


def test_finding_as_data() -> None:
    assert FINDING.as_dict() == {
        "file": "t.yaml",
        "line": 3,
        "column": 5,
        "path": "sites.aws",
        "message": "it is wrong",
        "remedy": "make it right",
        "level": "error",
    }


def test_finding_cannot_steer_the_terminal() -> None:
    text = str(Finding("\x1b]0;x\x07", 1, 1, "a\u202eb", "c\nd", "é"))
    assert text == r"\x1b]0;x\x07:1:1: a\u202eb: c\nd; é"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("sites", "aws", "zones", 2), "sites.aws.zones[2]"),
        (("routing", "routes", "/api/v5", "site"), 'routing.routes."/api/v5".site'),
        (("a", ""), 'a.""'),
    ],
)
def test_path_as_text(path: KeyPath, text: str) -> None:
    assert show_path(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", '"a"'), (5, "5"), (None, "null"), ({}, "a mapping"), ([], "a list")],
)
def test_value_as_text(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 5000)) == 62


def test_an_error_carries_every_finding_and_reads_as_their_lines() -> None:
    error = FindingsError(finding for finding in (FINDING, FINDING))
    assert error.findings == (FINDING, FINDING)
    assert str(error) == f"{FINDING}\n{FINDING}"
