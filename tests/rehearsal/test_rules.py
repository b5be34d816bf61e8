"""Filters of rules: what they match, and what is not one."""

from __future__ import annotations

import pytest

from rehearsal.rules import RuleError, parse

REQUEST = {
    "http.host": "api.example.com",
    "http.request.uri.path": "/a/b",
    "http.request.method": "GET",
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('(http.host eq "api.example.com")', True),
        ('http.host ne "api.example.com"', False),
        ('http.host == "api.example.com" and http.request.method != "GET"', False),
        ('starts_with(http.request.uri.path, "/a/")', True),
        ('not starts_with(http.request.uri.path, "/b/")', True),
        # "and" binds closer than "or".
        ('http.host eq "api.example.com" or http.host eq "b" and http.host eq "c"', True),
        ('(http.host eq "api.example.com" or http.host eq "b") and http.host eq "c"', False),
        ('http.request.uri.path eq "/a/\\u0062"', True),
    ],
)
def test_a_filter_matches_by_the_fields_of_a_request(text: str, matches: bool) -> None:
    assert parse(text)(REQUEST) is matches


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "unknown identifier ''"),
        ('http.hots eq "a"', "unknown identifier 'http.hots'"),
        ('http.host is "a"', "'is' is no operator"),
        ("http.host eq a", "'a' is not a string"),
        ('(http.host eq "a"', "'the end' in place of ')'"),
        ('http.host eq "a")', "')' in place of 'the end'"),
        ('http.host eq "a" # b', "unexpected '# b'"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_place(text: str, words: str) -> None:
    with pytest.raises(RuleError) as raised:
        parse(text)
    assert words in str(raised.value)
