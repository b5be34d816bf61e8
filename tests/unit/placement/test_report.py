"""The solution as data, and the warnings about it."""

from __future__ import annotations

import json

from attrs import evolve
from support.measured import measurements, pair, topology, zone

from trunkline.measurements import Measurements, Pair, RoundTrip
from trunkline.placement.matrix import matrix
from trunkline.placement.report import report, warnings
from trunkline.placement.solve import solve

ZONES = [zone("aws", "a"), zone("google", "x"), zone("azure", "1")]
BOTH = [pair("aws/a", "google/x", 500), pair("google/x", "aws/a", 500)]
REST = [
    pair(*ends, 700)
    for here, there in (("aws/a", "azure/1"), ("google/x", "azure/1"))
    for ends in ((here, there), (there, here))
]


def made(pairs: list[Pair], **fields: bool) -> Measurements:
    return measurements(ZONES, pairs, **fields)


def warned(found: Measurements) -> list[str]:
    table = matrix(topology(*ZONES), found)
    return warnings(found, table, solve(table))


def test_complete_measurements_have_no_warning() -> None:
    assert warned(made([*BOTH, *REST])) == []


def test_a_link_of_one_direction_is_a_warning() -> None:
    text = "aws/a and google/x were measured in one direction only; it is used for both"
    assert warned(made([*BOTH[:1], *REST])) == [text]


def test_zones_and_sites_that_were_not_measured_are_warnings() -> None:
    found = warned(made(BOTH))
    assert found[0].startswith("azure/1 is not measured: ")
    assert found[1] == "nothing was measured between aws and azure: this pair does not count"


def test_a_link_that_no_placement_has_is_a_warning() -> None:
    zones = [zone("aws", "a"), zone("aws", "b"), *ZONES[1:]]
    pairs = [pair("aws/a", "google/x", 500), pair("aws/b", "azure/1", 500)]
    found = measurements(zones, [*pairs, pair("google/x", "azure/1", 500)])
    table = matrix(topology(*zones), found)
    assert "aws/a and azure/1 have no figure; no placement has fewer such pairs" in warnings(
        found, table, solve(table)
    )


def test_means_and_incomplete_measurements_are_warnings() -> None:
    mean = pair("aws/a", "google/x", 500, round_trip_us=RoundTrip(mean=500))
    found = warned(made([mean, *BOTH[1:], *REST], complete=False))
    assert found == [
        "means are used in place of medians: the tool gives no medians",
        "the measurements lack zones; collect again when the probe is up",
    ]


def test_a_search_that_was_cut_short_is_a_warning() -> None:
    found = made([*BOTH, *REST])
    table = matrix(topology(*ZONES), found)
    [text] = warnings(found, table, evolve(solve(table), exact=False))
    assert text.endswith("this is the best found")


def test_the_report_is_json_with_null_for_what_is_not_known() -> None:
    found = made(BOTH[:1])
    table = matrix(topology(*ZONES), found)
    data = json.loads(json.dumps(report(found, table, solve(table)), allow_nan=False))
    assert data["certainty"]["standard_errors"] is None
    assert data["pairs_without_figures"] == [["aws", "azure"], ["google", "azure"]]
    [link] = data["best"][0]["pairs"]
    assert (link["p50_us"], link["directions"]) == (500, 1)
    assert data["best"][0]["unmeasured_pairs"] == 0


def test_a_link_without_a_figure_is_null_in_the_report() -> None:
    zones = [zone("aws", "a"), zone("aws", "b"), *ZONES[1:]]
    pairs = [pair("aws/a", "google/x", 500), pair("aws/b", "azure/1", 500)]
    found = measurements(zones, pairs)
    table = matrix(topology(*zones), found)
    best = report(found, table, solve(table))["best"][0]
    assert best["unmeasured_pairs"] == 1
    [missing] = [link for link in best["pairs"] if link["p50_us"] is None]
    assert missing == {
        "sites": ["aws", "azure"],
        "zones": ["a", "1"],
        "p50_us": None,
        "p99_us": None,
        "jitter_us": None,
        "directions": 0,
    }
