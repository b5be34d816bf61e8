"""Where the way by a third site is faster."""

from __future__ import annotations

import pytest
from support.measured import all_pairs, measurements, topology, zone

from trunkline.placement.matrix import matrix
from trunkline.placement.relay import FORWARDING_US, relays
from trunkline.placement.solve import solve

ZONES = [zone("aws", "a"), zone("google", "b"), zone("azure", "c")]


def found(direct: float, leg: float) -> list[tuple[tuple[str, str], str, float]]:
    """The relays where aws and azure are `direct` apart, and google is `leg` from both."""
    pairs = all_pairs(ZONES, lambda a, b: leg if "google" in (a.site, b.site) else direct)
    view = matrix(topology(*ZONES), measurements(ZONES, pairs))
    return [(each.sites, each.by, each.relayed_us) for each in relays(solve(view).best[0])]


def test_a_third_site_between_two_far_ones_is_named() -> None:
    assert found(20_000, 5_000) == [(("aws", "azure"), "google", 10_000 + FORWARDING_US)]


@pytest.mark.parametrize("direct", [10_000, 11_000])
def test_a_way_that_saves_less_than_a_tenth_is_not_named(direct: float) -> None:
    assert found(direct, 5_000) == []


def test_pairs_that_were_not_measured_are_no_way() -> None:
    pairs = all_pairs(ZONES, lambda a, b: None if "google" in (a.site, b.site) else 20_000.0)
    view = matrix(topology(*ZONES), measurements(ZONES, pairs))
    assert relays(solve(view).best[0]) == []
