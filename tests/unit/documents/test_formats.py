from __future__ import annotations

import pytest

from trunkline.documents.formats import (
    amount_fault,
    gigabytes,
    hostname_fault,
    ipv4_network_fault,
    time_fault,
)


@pytest.mark.parametrize("name", ["example.com", "a.b.c.example", "xn--bcher-kva.example", "1.a"])
def test_hostnames(name: str) -> None:
    assert hostname_fault(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "too few"),
        ("com", "too few"),
        ("a..com", "empty"),
        (".com", "empty"),
        ("Example.com", "write example.com"),
        ("https://a.com", "URL"),
        ("*.a.com", "wildcard"),
        ("a.com.", "dot"),
        ("bücher.de", "write its ASCII form, xn--bcher-kva.de"),
        ("ü" * 300 + ".de", "ASCII form"),
        ("a_b.com", "characters"),
        ("-a.com", "characters"),
        ("a b.com", "characters"),
        ("a.com\n", "characters"),
        ("10.0.0.1", "address"),
        ("a" * 64 + ".com", "64"),
        (".".join(["a" * 60] * 5) + ".com", "308"),
    ],
)
def test_no_hostnames(name: str, words: str) -> None:
    fault = hostname_fault(name)
    assert fault is not None
    assert words in "; ".join(fault)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "203.0.113.7/32", "0.0.0.0/0"])
def test_networks(text: str) -> None:
    assert ipv4_network_fault(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.10.5.0/16", "write 10.10.0.0/16"),
        ("10.10.0.0", "write 10.10.0.0/16"),
        ("10.0.0.0", "write 10.0.0.0/8"),
        ("10.1.2.3", "write 10.1.2.3/32"),
        ("10.0.0.0/255.0.0.0", "write 10.0.0.0/8"),
        ("10.0.0.0/33", "not an IPv4"),
        ("10.0.0/8", "not an IPv4"),
        ("010.0.0.0/8", "not an IPv4"),
        ("fd00::/8", "IPv6"),
        ("", "not an IPv4"),
        ("10.0.0.0/8\n", "not an IPv4"),
    ],
)
def test_no_networks(text: str, words: str) -> None:
    fault = ipv4_network_fault(text)
    assert fault is not None
    assert words in "; ".join(fault)


def test_times() -> None:
    assert time_fault("2026-11-24T07:42:19Z") is None
    assert time_fault("2028-02-29T23:59:59.5Z") is None


@pytest.mark.parametrize("text", ["2026-02-29T00:00:00Z", "2026-12-31T23:59:60Z", "yesterday", ""])
def test_no_times(text: str) -> None:
    fault = time_fault(text)
    assert fault is not None
    assert "2026-11-24T07:42:19Z" in fault[1]


@pytest.mark.parametrize(
    ("text", "gb"),
    [("500 GB", 500), ("1.5TB", 1_500), ("0 GB", 0), ("250 MB", 0.25), ("2 PB", 2_000_000)],
)
def test_amounts_of_data(text: str, gb: float) -> None:
    assert amount_fault(text) is None
    assert gigabytes(text) == gb


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("-5 GB", "traffic cannot be negative", "write a number and a unit, like 500 GB, or"),
        ("500", "the unit is missing", "write 500 GB, if that is what it is"),
        ("5 gb", "there is no unit gb", "write 5 GB"),
        ("5 GiB", "there is no unit GiB", "use MB, GB, TB, PB"),
        ("much", "this is not an amount of data", "write a number and a unit, like 500 GB"),
        ("5 GB a day", "this is not an amount of data", "write a number and a unit"),
        ("5 GB\n", "this is not an amount of data", "write a number and a unit"),
        ("1e9 GB", "this is not an amount of data", "write a number and a unit"),
        ("", "this is not an amount of data", "write a number and a unit"),
    ],
)
def test_what_is_not_an_amount_of_data(text: str, problem: str, remedy: str) -> None:
    fault = amount_fault(text)
    assert fault is not None
    assert fault[0] == problem
    assert fault[1].startswith(remedy)
