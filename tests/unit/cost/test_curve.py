"""Costs by traffic, and break-evens, against cases that were calculated by hand."""

from __future__ import annotations

from math import inf

import pytest

from trunkline.cost.curve import Charge, Curve, Verdict, charge_of, cheaper, summed
from trunkline.cost.dollars import Dollars, exactly
from trunkline.cost.price import price_from


def flat(rate: float) -> Charge:
    return Charge(((0.0, rate),))


def curve(fixed: float, rate: float = 0.0) -> Curve:
    return Curve(exactly(fixed), flat(rate))


FREE_100 = Charge(((0.0, 0.0), (100.0, 0.09)))


@pytest.mark.parametrize(("gigabytes", "dollars"), [(0, 0), (100, 0), (101, 0.09), (1100, 90)])
def test_a_charge_in_parts_adds_them_up(gigabytes: float, dollars: float) -> None:
    assert FREE_100.of(gigabytes) == pytest.approx(dollars)


def test_two_charges_on_the_same_traffic_add_up() -> None:
    both = summed([FREE_100, flat(0.02)])
    assert [start for start, _ in both.rates] == [0, 100]
    assert both.of(200) == pytest.approx(4 + 9)
    assert summed([]).of(1_000) == 0


def test_a_share_of_the_traffic_uses_up_what_is_free_more_slowly() -> None:
    tiers = {"tiers": [{"up_to": 100, "price": 0}, {"price": 0.09}], "per": "GB"}
    price = price_from("an/id", {**tiers, "source": "a test", "date": "2026"})
    # A quarter of 1,000 GB is 250 GB, of which 100 are free.
    assert charge_of(price, 0.25).of(1_000) == pytest.approx(150 * 0.09)
    assert charge_of(price, 0.0).of(1_000) == 0


def test_a_charge_by_the_gib_is_smaller_by_the_gb() -> None:
    entry = {"price": 0.12, "per": "GiB", "source": "a test", "date": "2026"}
    assert charge_of(price_from("an/id", entry), 1.0).of(1_000) == pytest.approx(111.7587, abs=1e-4)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        # (2,736 - 36) / 0.09 = 30,000 GB
        (curve(36, 0.09), curve(2_736), Verdict(0, 30_000)),
        # 139 / 0.0695 = 2,000 GB: ours begins at nothing
        (curve(0, 0.0695), curve(139), Verdict(0, 2_000)),
        # dearer at first: (50 - 20) / (0.05 - 0.02) = 1,000 GB
        (curve(50, 0.02), curve(20, 0.05), Verdict(1_000, inf)),
        (curve(10, 0.09), curve(20, 0.09), Verdict(0, inf)),
        (curve(20, 0.09), curve(10, 0.09), Verdict(0, 0)),
        (curve(20, 0.09), curve(20, 0.09), Verdict(0, 0)),
        # 100 GB free, then 0.09: 100 + 90 / 0.09 = 1,100 GB
        (Curve(exactly(10), FREE_100), curve(100), Verdict(0, 1_100)),
        # equal where the free part ends
        (Curve(exactly(10), FREE_100), curve(10), Verdict(0, 0)),
    ],
)
def test_ours_is_cheaper_up_to_the_break_even(ours: Curve, theirs: Curve, verdict: Verdict) -> None:
    found = cheaper(ours, theirs)
    assert found.start == pytest.approx(verdict.start)
    assert found.end == pytest.approx(verdict.end)
    assert found.never == verdict.never


def test_both_curves_meet_at_the_break_even() -> None:
    ours, theirs = Curve(exactly(39.45), FREE_100), Curve(exactly(200), flat(0.02))
    end = cheaper(ours, theirs).end
    assert ours.at(end).low == pytest.approx(theirs.at(end).low)
    assert end == pytest.approx((200 - 39.45 + 100 * 0.09) / 0.07)


def test_a_range_has_two_break_evens() -> None:
    ours, theirs = curve(36, 0.1), Curve(Dollars(136, 236))
    assert cheaper(ours, theirs).end == pytest.approx(1_000)
    assert cheaper(ours, theirs, high=True).end == pytest.approx(2_000)


def test_a_curve_that_is_below_twice_counts_once() -> None:
    # Below to 100 GB, above from there, below again from 400 GB on.
    ours = Curve(exactly(0), Charge(((0.0, 1.0), (200.0, 0.0))))
    theirs = Curve(exactly(50), Charge(((0.0, 0.5),)))
    assert cheaper(ours, theirs) == Verdict(0.0, 100.0)
