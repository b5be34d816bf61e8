"""A JSON file becomes plain Python, or findings that say what is not sound in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.documents import OUTPUT, THING, source

from trunkline.documents.findings import Problem
from trunkline.documents.json import MAX_FAULTS, parse_json
from trunkline.documents.source import FileKind, UnreadableError


def refused(text: str, kind: FileKind = OUTPUT) -> list[str]:
    with pytest.raises(UnreadableError) as caught:
        parse_json(source(text, kind))
    return [str(finding).removeprefix("f:") for finding in caught.value.findings]


@pytest.mark.parametrize(
    "value", [{}, [], None, 5, -0.5, "x", {"a": [{"b": [1, [2, "ü😀"]]}, True]}, {"c": 10**300}]
)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    assert parse_json(source(json.dumps(value))).data == value


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["1:1: output: the file is empty; make it again"]),
        (" \n", ["1:1: output: the file is empty; make it again"]),
        (
            '{"a": [1,\n2\n',
            ["2:1: output: the file is cut short: it ends in the middle of a value; make it again"],
        ),
        (
            '{"a": "b\n',
            ["1:8: output: the file is cut short: it ends in the middle of a value; make it again"],
        ),
        ("name: x", ["1:1: output: this is not JSON: Expecting value; make it again"]),
        ("[" * 100_000, ["1:1: output: values nest too deeply; make it again"]),
        ("9" * 5000, ["1:1: output: a number has too many digits; make it again"]),
    ],
)
def test_what_is_not_json_says_why(text: str, lines: list[str]) -> None:
    assert refused(text) == lines


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1E400"])
def test_a_number_without_an_end_is_named_at_its_place(number: str) -> None:
    [line] = refused(f'{{"a": [1.5,\n {number}]}}')
    assert line.startswith("2:2: a[1]: ")
    assert line.endswith(" is not a number that JSON can hold; make it anew")


def test_every_key_that_is_there_twice_is_named() -> None:
    assert refused('{"a": {"b": 1, "b": 2},\n"c": [{"d": 1, "d": 2}]}') == [
        '1:2: a: the key "b" stands here twice; keep one of them',
        '2:7: c[0]: the key "d" stands here twice; keep one of them',
    ]


def test_a_mapping_that_another_one_replaces_is_not_named() -> None:
    assert refused('{"a": {"b": 1, "b": 2}, "a": 5}') == [
        '1:1: output: the key "a" stands here twice; keep one of them'
    ]


def test_half_of_a_character_is_named() -> None:
    assert refused('{"a": "\\ud800",\n"\\uDC00": 1}') == [
        '2:1: "\\udc00": half of a surrogate pair stands alone; write the character itself',
        "1:7: a: half of a surrogate pair stands alone; write the character itself",
    ]


def test_an_empty_key_is_named() -> None:
    assert refused('{"a": {"" : 1}}') == ['1:8: a."": a key is empty; delete it']


def test_a_character_in_two_escapes_and_an_empty_text_are_fine() -> None:
    assert parse_json(source('["\\ud83d\\ude00", ""]')).data == ["😀", ""]


def test_a_file_that_people_write_gets_another_remedy() -> None:
    assert refused("[NaN]", THING) == [
        "1:2: [0]: NaN is not a number that JSON can hold; write a number"
    ]


def test_of_very_many_faults_the_first_are_named() -> None:
    assert len(refused(f"[{'NaN,' * 1000}1]")) == MAX_FAULTS


def test_faults_deep_inside_are_no_crash() -> None:
    for depth in (1, 100, 400, *range(900, 1000, 7)):
        assert refused("[" * depth + "NaN" + "]" * depth)


def test_places_are_found_whatever_the_layout() -> None:
    document = parse_json(source('\n{ "a" :\t[ ],\r\n "b\\"]" : [ "x]" , { } ,3 ] }\n'))
    finding = document.finding(Problem(('b"]', 2), "", ""))
    assert (finding.line, finding.column) == (3, 25)
