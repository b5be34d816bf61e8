from __future__ import annotations

import pytest
from jsonschema import ValidationError

from trunkline.documents.explain import as_yaml, explain, nearest


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


def test_a_keyword_without_words_still_gives_a_problem() -> None:
    error = ValidationError(
        "x", validator="anyOf", instance=5, schema={"description": "A number."}, path=["a"]
    )
    (problem,) = explain(error, lambda _: None)
    assert (problem.path, problem.message) == (("a",), "5 does not fit")
