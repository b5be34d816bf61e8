"""What is not YAML is explained in plain words, at the place that has to change."""

from __future__ import annotations

import pytest
from support.documents import source

from trunkline.documents.source import UnreadableError
from trunkline.documents.yaml import parse_yaml


def refused(text: str) -> list[str]:
    with pytest.raises(UnreadableError) as caught:
        parse_yaml(source(text))
    return [str(finding).removeprefix("f:") for finding in caught.value.findings]


def test_tabs_are_named_line_by_line() -> None:
    assert [line[:2] for line in refused("a:\n\tb: 1\n  c: 2\n \td: 1\n")] == ["2:", "4:"]


def test_tab_elsewhere() -> None:
    assert refused("a:\tb\n") == ["1:3: thing: a tab stands here; use spaces"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a: "b\nc: d\n', "1:4: thing: a quote is opened here and never closed; close it"),
        ("a: 'b\n---\n", "1:4: thing: a quote is opened here and never closed; close it"),
        ("a: *b\n", "1:4: thing: an alias (*name) stands for nothing; define it with &name before"),
        ("a: b: c\n", "1:5: thing: a colon stands where no key can be; put a space"),
        ("a: b\nc\nd: e\n", "3:1: thing: a key has no colon; write `key: value`,"),
        ("a:\n    b: c\n  d: e\n", "3:3: thing: the indentation fits none of the lines above;"),
        ("a: [b\nc: d\n", "2:2: thing: a bracket is not closed, or a comma is missing;"),
        ("a: @b\n", "1:4: thing: a value begins with a character that YAML keeps for itself;"),
        ('a: "\\q"\n', "1:6: thing: an escape in a quoted text is unknown; double the backslash"),
        ("a: b\n--- c\n", "2:1: thing: a second document begins here; keep one document"),
        ("a: !<x\n", "1:7: thing: this is not valid YAML ("),
    ],
)
def test_an_error_is_named_at_its_place(text: str, line: str) -> None:
    [found] = refused(text)
    assert found.startswith(line)


def test_every_mark_of_a_merge_conflict_is_named() -> None:
    text = "a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n"
    assert refused(text) == [
        "2:1: thing: a merge conflict is not resolved here; keep one side",
        "6:1: thing: a merge conflict is not resolved here; keep one side",
    ]


def test_a_message_of_the_reader_shows_no_secret() -> None:
    secret = "gh" + "p_" + "a1B2" * 9
    assert secret not in str(refused(f"a: !{secret}<\n"))
