"""Which measured zones count for a candidate."""

from __future__ import annotations

import pytest
from support.measured import measurements, pair, topology, zone

from trunkline.measurements import MeasuredZone, RoundTrip
from trunkline.placement.latency import link_latency, standard_error_us
from trunkline.placement.matrix import matrix
from trunkline.placement.solve import solve

FIRST = [
    zone("aws", "a", physical_zone="use1-az4"),
    zone("aws", "b", physical_zone="use1-az6"),
    zone("google", "x"),
    zone("google", "y"),
]
PAIRS = [
    pair("aws/a", "google/x", 500),
    pair("aws/b", "google/x", 300),
    pair("aws/a", "google/y", 400),
    pair("aws/b", "google/y", 600),
]
MEASURED = measurements(FIRST, PAIRS)
# The second account names the same two physical zones the other way round.
REPORTED = {"amazon": {"a": "use1-az6", "b": "use1-az4"}}


def second(**fields: str) -> list[MeasuredZone]:
    ours = [zone("amazon", name, cloud="aws", account="999999999999") for name in "ab"]
    return [*ours, *[zone("google", name, **fields) for name in "xy"]]


def test_the_same_account_is_placed_by_the_names_of_its_zones() -> None:
    assert solve(matrix(topology(*FIRST), MEASURED)).best[0].zones == {"aws": "b", "google": "x"}


def test_a_second_account_is_placed_by_physical_zones_without_probing() -> None:
    best = solve(matrix(topology(*second()), MEASURED, REPORTED)).best[0]
    assert best.zones == {"amazon": "a", "google": "x"}
    assert best.sum_ns == 300_000


def test_without_its_physical_zones_a_second_account_is_not_placed() -> None:
    found = matrix(topology(*second()), MEASURED)
    assert [each.name for each in found.unmeasured] == ["amazon/a", "amazon/b"]
    assert "--physical-zones" in found.unmeasured[0].reason


def test_another_account_of_a_cloud_without_physical_zones_is_not_placed_by_names() -> None:
    found = matrix(topology(*second(account="other-project")), MEASURED, REPORTED)
    assert [each.name for each in found.unmeasured] == ["google/x", "google/y"]
    assert "of another account do not hold for other-project" in found.unmeasured[0].reason


def test_a_physical_zone_that_was_not_measured_is_named() -> None:
    physical = {"amazon": {"a": "use1-az1", "b": "use1-az4"}}
    [missing] = matrix(topology(*second()), MEASURED, physical).unmeasured
    assert missing.reason == "use1-az1 was not measured; deploy a probe there and measure"


def test_files_that_contradict_each_other_are_not_used() -> None:
    [bad] = matrix(topology(*FIRST), MEASURED, {"aws": {"a": "use1-az1"}}).unmeasured
    assert "use1-az1 in one file and use1-az4 in the measurements" in bad.reason


def test_a_zone_whose_probe_gave_no_results_is_not_measured() -> None:
    zones = [*FIRST[:3], zone("google", "y", status="missing")]
    [missing] = matrix(topology(*FIRST), measurements(zones, PAIRS[:2])).unmeasured
    assert missing.reason == (
        "it has no results in the measurements; collect again when the probe is up"
    )


def test_a_zone_without_a_probe_is_not_measured() -> None:
    [missing] = matrix(topology(*FIRST, zone("google", "z")), MEASURED).unmeasured
    assert missing.reason == "it was not measured; deploy a probe there and measure"


def test_a_site_without_an_account_is_not_placed_by_another_site() -> None:
    made = measurements([zone("one", "a", cloud="local", account=None)], [])
    [missing] = matrix(topology(zone("two", "a", cloud="local", account=None)), made).unmeasured
    assert missing.reason == "it was measured in another site; measure this one"


def test_a_zone_that_only_others_measured_is_measured() -> None:
    zones = [*FIRST[:3], zone("google", "y", status="missing")]
    found = matrix(topology(*FIRST), measurements(zones, PAIRS))
    assert found.unmeasured == []


def test_zones_of_another_region_do_not_count() -> None:
    far = [zone("aws", each, region="r2") for each in "ab"]
    found = matrix(topology(*far, *FIRST[2:]), MEASURED)
    assert found.unmeasured[0].reason == "nothing was measured in aws r2; measure it"


def test_sites_without_an_account_are_distinguished_by_their_names() -> None:
    zones = [zone(site, "a", cloud="local", account=None) for site in ("one", "two")]
    made = measurements(zones, [pair("one/a", "two/a", 5)])
    found = matrix(topology(*zones), made)
    assert [each[0].measured for each in found.candidates] == [("one/a",), ("two/a",)]


def test_a_latency_is_the_mean_of_both_directions_in_nanoseconds() -> None:
    both = link_latency([pair("a/a", "b/b", 500), pair("b/b", "a/a", 501.5)])
    assert both is not None
    assert (both.median_ns, both.directions, both.by_mean) == (500_750, 2, False)


@pytest.mark.parametrize(
    ("samples", "lost", "spread", "error"),
    [(100, 0, 12.816, 1.2533), (400, 0, 12.816, 0.6267), (200, 100, 12.816, 1.2533)],
)
def test_the_standard_error_of_a_median_follows_from_p90_and_samples(
    samples: int, lost: int, spread: float, error: float
) -> None:
    made = pair("a/a", "b/b", 500, spread, samples=samples, lost=lost, jitter_us=None)
    assert standard_error_us(made) == pytest.approx(error, rel=1e-3)


def test_the_standard_error_of_a_mean_follows_from_the_standard_deviation() -> None:
    trip = RoundTrip(mean=500, stddev=20)
    made = pair("a/a", "b/b", 500, round_trip_us=trip, jitter_us=None, samples=100)
    assert standard_error_us(made) == pytest.approx(2)


def test_the_standard_error_is_not_known_without_samples() -> None:
    assert standard_error_us(pair("a/a", "b/b", 500, samples=None)) is None
