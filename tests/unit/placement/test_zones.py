"""Zones of two accounts are the same only if every condition holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.measured import measurements, pair, zone

from trunkline.measurements import MeasuredZone, Measurements, Pair, Zone
from trunkline.placement.zones import Identification, identify

Between = Callable[[MeasuredZone, MeasuredZone], Pair | None]


def account(site: str, owner: str, names: str, **fields: Any) -> list[MeasuredZone]:
    return [zone(site, name, cloud="google", account=owner, **fields) for name in names]


ONE, TWO = account("one", "acme", "abc"), account("two", "beta", "xyz")
TWINS = {"a": "y", "b": "z", "c": "x"}


def twins(here: MeasuredZone, there: MeasuredZone) -> Pair:
    """Twins are 0.15 ms apart, other zones 0.8."""
    same = there.zone in (TWINS.get(here.zone), TWINS.get(there.zone)) or here.zone in (
        TWINS.get(there.zone),
    )
    return pair(here.name, there.name, 150 if same else 800)


def file(zones: list[MeasuredZone], between: Between) -> Measurements:
    ends = [(a, b) for a in zones for b in zones if a.site != b.site]
    pairs = [found for a, b in ends if (found := between(a, b))]
    return measurements(zones, pairs)


def found(between: Between, **options: Any) -> Identification:
    return identify([file([*ONE, *TWO], between)], **options)


def named(zones: Identification, owner: str) -> dict[str, list[str]]:
    """The zones that are the same as each zone of an account, by name."""
    return {
        each.name: [m.other(each).name for m in zones.same(each)]
        for each in zones.zones
        if each.owner == owner
    }


def changed(**fields: Any) -> Between:
    """As twins, except from a to y."""

    def between(here: MeasuredZone, there: MeasuredZone) -> Pair | None:
        if (here.zone, there.zone) != ("a", "y"):
            return twins(here, there)
        p50 = fields.get("p50", 150)
        rest = {key: value for key, value in fields.items() if key != "p50"}
        return pair(here.name, there.name, p50, **rest) if p50 else None

    return between


def test_mutual_nearest_zones_are_the_same() -> None:
    result = found(twins)
    assert named(result, "acme") == {"a": ["y"], "b": ["z"], "c": ["x"]}
    assert named(result, "beta") == {"x": ["c"], "y": ["a"], "z": ["b"]}
    assert "0.15 ms apart, any other zone 0.65 ms farther" in result.matches[0].reason
    assert result.disagreements == ()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"p50": None}, "both directions"),
        ({"samples": 19}, "20 answers"),
        ({"samples": 100, "lost": 81}, "20 answers"),
        ({"spread": 1900.0}, "p90 is 2.05 ms: not consistently near"),
        ({"spread": 1200.0, "samples": 30}, "different zones can be as near as"),
        ({"p50": 500}, "different zones can be as near as"),
    ],
)
def test_a_zone_that_fails_a_condition_is_unsure(fields: dict[str, Any], reason: str) -> None:
    result = found(changed(**fields))
    assert named(result, "acme")["a"] == []
    [doubt] = result.unsure(Zone("google", "r1", "acme", "a"))
    assert reason in doubt.reason
    assert named(result, "acme")["b"] == ["z"]


def test_a_neighbour_is_not_taken_for_a_missing_counterpart() -> None:
    """Neighbours 0.35 ms apart are mutually nearest, but different zones can be as near as that."""
    result = found(lambda a, b: twins(a, b) if "a" not in (a.zone, b.zone) else changed_pair(a, b))
    assert named(result, "acme")["a"] == []
    [doubt] = result.unsure(Zone("google", "r1", "acme", "a"))
    assert "different zones can be as near as 0.30 ms" in doubt.reason


def changed_pair(here: MeasuredZone, there: MeasuredZone) -> Pair:
    near = {here.zone, there.zone} == {"a", "y"}
    return pair(here.name, there.name, 350 if near else 800)


def test_zones_beyond_the_threshold_are_not_the_same() -> None:
    result = found(twins, threshold_ms=0.1)
    assert result.matches == ()


def test_a_rival_that_was_not_measured_makes_a_zone_unsure() -> None:
    result = found(lambda a, b: None if {a.zone, b.zone} == {"a", "x"} else twins(a, b))
    assert named(result, "acme") == {"a": [], "b": ["z"], "c": []}


def test_zones_of_other_regions_and_clouds_are_never_the_same() -> None:
    far = account("two", "beta", "xyz", region="r2")
    assert identify([file([*ONE, *far], twins)]).matches == ()


def test_a_third_account_that_joins_two_zones_of_one_makes_all_unsure() -> None:
    three = account("three", "gamma", "k")

    def between(here: MeasuredZone, there: MeasuredZone) -> Pair:
        ends = {here.zone, there.zone}
        near = ends in ({"a", "y"}, {"b", "z"}, {"a", "k"}, {"k", "z"})
        return pair(here.name, there.name, 150 if near else 800)

    result = identify([file([*ONE, *TWO, *three], between)])
    assert {match.verdict for match in result.matches} == {"unsure"}


def by_cloud(first: str, second: str) -> Identification:
    """Zones a and y, the same by latency, with these physical zones from the cloud."""
    one = [zone("one", "a", cloud="aws", account="1" * 12, physical_zone=first), *aws("bc", 1)]
    two = [zone("two", "y", cloud="aws", account="2" * 12, physical_zone=second), *aws("xz", 2)]
    return identify([file([*one, *two], twins)])


def aws(names: str, number: int) -> list[MeasuredZone]:
    site = "one" if number == 1 else "two"
    return [zone(site, name, cloud="aws", account=str(number) * 12) for name in names]


def test_a_cloud_that_agrees_with_latency_is_no_disagreement() -> None:
    assert by_cloud("use1-az4", "use1-az4").disagreements == ()


def test_latency_that_contradicts_the_cloud_is_reported() -> None:
    [text] = by_cloud("use1-az4", "use1-az6").disagreements
    assert "by the cloud a of 111111111111 is use1-az4" in text
    assert "by latency they are the same" in text


def test_zones_that_are_the_same_by_the_cloud_but_not_by_latency_are_reported() -> None:
    one = [zone("one", "a", cloud="aws", account="1" * 12, physical_zone="use1-az4")]
    two = [zone("two", "x", cloud="aws", account="2" * 12, physical_zone="use1-az4")]
    result = identify([file([*one, *aws("bc", 1), *two, *aws("yz", 2)], twins)])
    assert len(result.disagreements) == 1
    assert (
        "are both use1-az4; by latency a of 111111111111 is y of 222222222222"
        in result.disagreements[0]
    )


def test_zones_that_are_the_same_by_the_cloud_but_far_apart_are_reported() -> None:
    one = [zone("one", "a", cloud="aws", account="1" * 12, physical_zone="use1-az4")]
    two = [zone("two", "y", cloud="aws", account="2" * 12, physical_zone="use1-az4")]
    result = identify([file([*one, *two], lambda a, b: pair(a.name, b.name, 5000))])
    assert "by latency they are 5.00 ms apart" in result.disagreements[0]


def test_a_zone_that_is_the_same_as_a_known_one_has_its_physical_zone() -> None:
    one = [zone("one", "a", cloud="aws", account="1" * 12, physical_zone="use1-az4")]
    result = identify([file([*one, *aws("bc", 1), *aws("xyz", 2)], twins)])
    assert result.physical_zone(Zone("aws", "r1", "2" * 12, "y")) == "use1-az4"
    assert result.physical_zone(Zone("aws", "r1", "2" * 12, "x")) is None


def test_several_files_are_evaluated_together() -> None:
    halves = [
        file([*ONE, *TWO], lambda a, b: twins(a, b) if a.site == "one" else None),
        file([*ONE, *TWO], lambda a, b: twins(a, b) if a.site == "two" else None),
    ]
    assert named(identify(halves), "acme")["a"] == ["y"]
    assert named(identify(halves[:1]), "acme")["a"] == []


def test_two_zones_that_are_equally_near_are_unsure() -> None:
    def between(here: MeasuredZone, there: MeasuredZone) -> Pair:
        near = {here.zone, there.zone} == {"a", "x"}
        return pair(here.name, there.name, 151) if near else twins(here, there)

    result = found(between)
    assert named(result, "acme") == {"a": [], "b": ["z"], "c": []}
    assert "a of acme is as near to x of beta, 0.15 ms" in str(result.matches)
