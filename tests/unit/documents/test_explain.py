from __future__ import annotations

from typing import Any

import pytest
from support.documents import OUTPUT, THING

from trunkline.documents.explain import Breach, as_yaml, explain, nearest
from trunkline.documents.source import FileKind


@pytest.mark.parametrize(
    ("word", "match"),
    [
        ("regoin", "region"),
        ("Region", "region"),
        ("account-id", "account_id"),
        ("us-esat-1", "us-east-1"),
        ("colour", None),
    ],
)
def test_nearest(word: str, match: str | None) -> None:
    known = ["cloudflare", "region", "account_id", "us-west-1", "us-east-1", "us-east-2"]
    assert nearest(word, known) == match


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("us-east-1", "us-east-1"),
        ("edge team", "edge team"),
        ("/api/v5", "/api/v5"),
        ("123", '"123"'),
        ("yes", '"yes"'),
        ("null", '"null"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        (True, "true"),
        (["a", 1], "[a, 1]"),
        ({"a": {"b": []}}, "{a: {b: []}}"),
    ],
)
def test_values_as_they_would_be_written(value: object, text: str) -> None:
    assert as_yaml(value) == text


def explained(
    keyword: str,
    schema: dict[str, Any],
    value: Any,
    *,
    rule: Any = None,
    kind: FileKind = THING,
    written: str | None = None,
) -> list[str]:
    """What is said about a value at `a`."""
    rule = schema.get(keyword) if rule is None else rule
    written = written or (value if isinstance(value, str) else None)
    breach = Breach(keyword, rule, schema, ("a",), value, kind, written)
    return [f"{problem.message}; {problem.remedy}" for problem in explain(breach)]


def test_a_keyword_without_words_still_gives_a_problem() -> None:
    breach = Breach("anyOf", None, {"description": "A number."}, ("a",), 5, THING)
    (problem,) = explain(breach)
    assert (problem.path, problem.message) == (("a",), "5 does not fit")


@pytest.mark.parametrize(
    ("keyword", "schema", "value", "text"),
    [
        ("const", {"const": 1}, 2, "2 is not 1; write 1"),
        ("minimum", {"minimum": 1, "maximum": 9}, 0, "0 is out of range; choose from 1 to 9"),
        ("minimum", {"minimum": 1}, 0, "0 is out of range; choose a number at least 1"),
        (
            "exclusiveMinimum",
            {"exclusiveMinimum": 0, "maximum": 9},
            0,
            "0 is out of range; choose a number above 0 and at most 9",
        ),
        ("type", {"type": ["integer", "null"]}, "x", '"x" stands where a whole number or null'),
        (
            "type",
            {"type": "boolean"},
            "Yes",
            '"Yes" stands where true or false belongs; write true',
        ),
        ("type", {"type": "integer"}, "7", '"7" stands where a whole number belongs; write 7 with'),
        ("minItems", {"minItems": 1, "examples": [["x"]]}, [], "this is empty; write at least one"),
        (
            "maxItems",
            {"maxItems": 1, "description": "The one."},
            [1, 2],
            "this has 2 entries; keep 1: The one",
        ),
        ("uniqueItems", {"uniqueItems": True}, ["x", "y", "x"], '"x" stands in the list twice;'),
        ("uniqueItems", {"uniqueItems": True}, [1, 1.0], "a value stands in the list twice; keep"),
        (
            "type",
            {"type": "array"},
            "x",
            '"x" stands where a list belongs; put it in brackets: [x]',
        ),
        (
            "type",
            {"type": "object", "examples": [{"a": 1}]},
            "x",
            '"x" stands where a mapping belongs; write a mapping, for example {a: 1}',
        ),
        ("minLength", {"examples": ["x"]}, "", "the text is empty; write something, for example x"),
        ("maxLength", {"maxLength": 2}, "abc", "the text has 3 characters; use at most 2"),
        (
            "oneOf",
            {"oneOf": [{"required": ["x"]}, {"required": ["y"]}]},
            {},
            "x or y is missing; write exactly one of x, y",
        ),
        (
            "oneOf",
            {"oneOf": [{"required": ["x"]}, {"required": ["y"]}]},
            {"x": 1, "y": 1},
            "x and y exclude each other; write exactly one of x, y",
        ),
        ("pattern", {"pattern": "x"}, "y", '"y" does not fit; it must fit the description'),
        ("format", {"format": "hostname"}, "a.com.", '"a.com.": the hostname ends with a dot;'),
        ("format", {"format": "date-time"}, "2026-13-01T00:00:00Z", "there is no such time;"),
    ],
)
def test_what_is_wrong_and_what_to_do(
    keyword: str, schema: dict[str, Any], value: Any, text: str
) -> None:
    [line] = explained(keyword, schema, value)
    assert text in line


@pytest.mark.parametrize(
    ("keyword", "schema", "value", "text"),
    [
        ("const", {"const": 1}, 2, "2 is not 1; make it anew"),
        ("minimum", {"minimum": 1, "maximum": 9}, 0, "it must be from 1 to 9; make it anew"),
        ("type", {"type": "string"}, 5, "5 stands where text belongs; make it anew"),
        ("type", {"type": "string"}, None, "a value is missing; make it anew"),
        ("minItems", {"minItems": 1}, [], "this is empty; make it anew"),
        ("enum", {"enum": ["udp", "tcp"]}, "udq", "did you mean udp?"),
    ],
)
def test_what_a_program_wrote_is_not_to_be_made_up_by_hand(
    keyword: str, schema: dict[str, Any], value: Any, text: str
) -> None:
    [line] = explained(keyword, schema, value, kind=OUTPUT)
    assert line.endswith(text)


def test_a_missing_key_is_to_be_added_by_hand_or_made_anew() -> None:
    schema = {"properties": {"name": {"examples": ["x"]}}}
    missing = "the key name is missing; "
    assert explained("required", schema, {}, rule="name") == [
        f"{missing}add it, for example: name: x"
    ]
    made = explained("required", schema, {}, rule="name", kind=OUTPUT)
    assert made == [f"{missing}make it anew"]


def test_a_missing_key_that_is_misspelled_is_the_misspelled_one() -> None:
    schema: dict[str, Any] = {"properties": {"name": {}, "region": {}}}
    found = explained("required", schema, {"nmae": 1}, rule="name")
    assert found == ['the key "nmae" is unknown; did you mean name?']


def test_an_unknown_key_like_no_other_gets_the_list() -> None:
    schema: dict[str, Any] = {"properties": {"name": {}, "$schema": {}, "region": {}}}
    found = explained("additionalProperties", schema, {"name": 1, "colour": 2})
    assert found == ['the key "colour" is unknown; the keys here are: name, region']


@pytest.mark.parametrize(
    ("keyword", "rule", "text"),
    [
        ("pattern", "^x", 'the name "abc" does not fit; it must begin with x'),
        ("maxLength", 2, 'the name "abc" has 3 characters; use at most 2'),
    ],
)
def test_a_name_that_does_not_fit_is_pointed_at(keyword: str, rule: Any, text: str) -> None:
    schema = {"patternErrorMessage": "must begin with x"}
    [found] = explain(Breach(keyword, rule, schema, ("a", "abc"), "abc", THING, of_key=True))
    assert (found.path, found.at_key) == (("a", "abc"), True)
    assert f"{found.message}; {found.remedy}" == text


def test_a_scalar_is_shown_as_the_file_writes_it() -> None:
    [line] = explained("type", {"type": "string"}, 83, written="0123")
    assert line == '0123 stands where text belongs; put it in quotes: "0123"'


def test_a_wrong_type_and_a_missing_choice_are_one_mistake() -> None:
    assert explained("oneOf", {"oneOf": [{"required": ["x"]}]}, 5) == []


def test_the_whole_file_of_a_wrong_type_gets_the_remedy_of_its_kind() -> None:
    [problem] = explain(Breach("type", "object", {}, (), [], THING))
    assert problem.remedy == "start from an example"
