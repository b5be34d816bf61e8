"""Private zones: no wider than the names that were asked for."""

from __future__ import annotations

import pytest

from trunkline.addresses.private_zones import private_zones


@pytest.mark.parametrize(
    ("hosts", "zones"),
    [
        (["api.openai.com"], {"api.openai.com": ("api.openai.com",)}),
        (["*.openai.azure.com"], {"openai.azure.com": ("*.openai.azure.com",)}),
        (
            ["b.example.com", "a.example.com"],
            {"a.example.com": ("a.example.com",), "b.example.com": ("b.example.com",)},
        ),
        (["a.com", "b.a.com"], {"a.com": ("a.com",), "b.a.com": ("b.a.com",)}),
        (["*.a.com", "a.com", "a.com"], {"a.com": ("a.com", "*.a.com")}),
    ],
    ids=["a name", "a wildcard", "neighbours", "a name below another", "a name and its wildcard"],
)
def test_a_zone_has_the_name_of_its_host(
    hosts: list[str], zones: dict[str, tuple[str, ...]]
) -> None:
    assert private_zones(hosts) == zones


@pytest.mark.parametrize("covered", ["b.a.com", "c.b.a.com", "*.b.a.com"])
def test_what_a_wildcard_answers_for_needs_no_zone(covered: str) -> None:
    assert private_zones([covered, "*.a.com"]) == {"a.com": ("*.a.com",)}


def test_a_wildcard_covers_whole_labels_alone() -> None:
    assert list(private_zones(["*.a.com", "ba.com"])) == ["a.com", "ba.com"]


def test_the_order_of_the_hosts_changes_nothing() -> None:
    hosts = ["c.com", "*.a.com", "a.com", "b.com"]
    assert list(private_zones(hosts).items()) == list(private_zones(hosts[::-1]).items())
