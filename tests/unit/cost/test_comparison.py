"""A topology beside its alternatives; the article's figures to the dollar."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline.cost.alternatives import KINDS, alternatives
from trunkline.cost.comparison import POINTS, Comparison, as_dict, compare, unlinked
from trunkline.cost.dollars import Dollars, added
from trunkline.cost.prices import PriceBook, load_prices
from trunkline.model import Topology
from trunkline.topology import load

THREE = load(ROOT / "topologies" / "three-clouds.yaml")
BOOK, _ = load_prices()
AWS, GOOGLE, AZURE = THREE.sites
SEATS = 5


def named(name: str, topology: Topology = THREE, seats: int = SEATS) -> Comparison:
    [found] = [each for each in compare(topology, BOOK, seats) if each.name == name]
    return found


def sums(comparison: Comparison) -> dict[str, Dollars]:
    owners = dict.fromkeys(item.site for item in comparison.items)
    return {
        owner: added(i.month for i in comparison.items if i.site == owner and i.month)
        for owner in owners
    }


def test_the_article_s_peering_item_by_item() -> None:
    found = sums(named("peering"))
    assert found == {
        "aws-google": Dollars(613, 713),
        "aws-azure": Dollars(767, 867),
        "google-azure": Dollars(656, 756),
        "aws": Dollars(200, 300),
        "google": Dollars(200, 300),
        "azure": Dollars(200, 300),
        "": Dollars(100, 200),
    }


def test_the_article_s_total_is_exact_to_the_dollar() -> None:
    peering = named("peering")
    assert peering.total.dollars == Dollars(2736, 3436)
    assert peering.theirs is not None
    assert peering.theirs.at(50_000) == Dollars(2736, 3436)  # it leaves the traffic out


def test_the_charges_by_the_gigabyte_that_the_article_leaves_out_stand_apart() -> None:
    found = named("peering_with_traffic")
    assert found.theirs is not None
    # A third of 3,000 GB leaves each cloud: 20 + 1,000 / 1.0737 * 0.02 + 25 dollars.
    assert found.theirs.at(3_000).low == pytest.approx(2736 + 20 + 18.626 + 25, abs=0.01)


def test_two_clouds_need_one_link_and_two_routers() -> None:
    two = named("peering", evolve(THREE, sites=(AWS, GOOGLE)))
    assert two.total.dollars == Dollars(613 + 400 + 100, 713 + 600 + 200)
    assert two.joins == ("aws-google",)


def test_ten_times_cheaper_has_a_limit() -> None:
    peering = named("peering")
    limit = peering.times_cheaper(10)
    assert limit is not None and 2_200 < limit < 2_700
    assert peering.ours is not None
    assert peering.ours.at(limit).low == pytest.approx(273.6)
    assert peering.times_cheaper(1_000) is None


def test_our_traffic_leaves_each_cloud_over_the_internet() -> None:
    ours = named("peering").ours
    assert ours is not None
    # 1,000 GB leave each: 100 free of two of them, and GiB on the third.
    traffic = 900 * 0.09 + 1_000 / 1.073741824 * 0.12 + 900 * 0.087
    assert ours.at(3_000).low - ours.at(0).low == pytest.approx(traffic)


def test_a_managed_link_stands_for_the_traffic_of_its_pair_alone() -> None:
    link = named("interconnect_aws_google")
    assert link.joins == ("aws-google",)
    assert link.total.dollars == Dollars(1_000 + 3.5 * 730, 1_000 + 3.5 * 730)
    assert link.ours is not None and link.ours.at(0).low == 0
    low, high = link.verdicts or pytest.fail("no verdict")
    assert low == high
    # (3,555 + 100 * 0.09) / ((0.09 + 0.12 / 1.0737) / 2): 200 GB in all are free on one side.
    assert low.end == pytest.approx((3_555 + 9) / ((0.09 + 0.12 / 1.073741824) / 2), rel=1e-6)


def test_the_preview_between_two_clouds_breaks_even_below_two_terabytes() -> None:
    [verdict, _high] = named("interconnect_aws_azure").verdicts or pytest.fail("no verdict")
    assert verdict.end == pytest.approx(200 + (139 - 0) / ((0.09 + 0.087) / 2), rel=1e-6)


def test_nothing_managed_joins_the_third_pair() -> None:
    links = [each.joins for each in compare(THREE, BOOK, SEATS) if each.kind == "link"]
    assert links == [("aws-google",), ("aws-azure",)]
    assert unlinked(THREE) == ["google-azure"]


def test_vpn_gateways_by_the_pair_and_by_the_site() -> None:
    total = named("cloud_vpn").total.dollars.low
    # The tunnels in us-east4 are 40.15; one gateway in Azure with two connections.
    assert total == pytest.approx(36.5 + 40.15 + 36.5 + 10.95 + 10.95 + 40.15 + 138.7)


def test_a_transit_gateway_is_attached_to_the_network_and_to_each_connection() -> None:
    more = named("transit_gateway").total.dollars.low - named("cloud_vpn").total.dollars.low
    assert more == pytest.approx(3 * 36.5)


def test_seats_are_people() -> None:
    few, many = (named("tailscale", seats=seats).total.dollars.low for seats in (1, 11))
    assert many - few == pytest.approx(10 * 8)
    [machines] = {few - 8}
    assert machines == pytest.approx(30 + 3.13, abs=1.5)  # they need our machines as well


def test_entrances_are_beside_what_is_paid_at_the_ingress() -> None:
    accelerator = named("global_accelerator")
    assert accelerator.total.dollars.low == 18.25
    assert accelerator.ours is not None and accelerator.ours.at(0).low == 5
    assert named("front_door").total.dollars.low == 35


def test_nat_is_beside_the_public_addresses() -> None:
    nat = named("nat")
    assert nat.total.dollars.low == pytest.approx(2 * 32.85 + 0.0014 * 730 + 3 * 3.65)
    assert nat.ours is not None and nat.ours.at(0).low == pytest.approx(3 * 3.65)


def test_one_cloud_has_nothing_to_join() -> None:
    kinds = {each.kind for each in compare(evolve(THREE, sites=(AWS,)), BOOK, SEATS)}
    assert kinds == {"ingress", "way_out"}


def test_this_machine_has_no_alternatives() -> None:
    assert compare(load(ROOT / "topologies" / "local.yaml"), BOOK, SEATS) == ()


def test_without_a_price_there_is_no_curve() -> None:
    book = PriceBook({k: v for k, v in BOOK.entries.items() if k != "article/monitoring"})
    [found] = [each for each in compare(THREE, book, SEATS) if each.name == "peering"]
    assert found.theirs is None and found.verdicts is None and found.times_cheaper(10) is None
    assert as_dict(found)["theirs"] is None


def test_every_alternative_names_prices_that_there_are() -> None:
    for kind in KINDS:
        for each in alternatives(kind):
            for prices in (*each.pairs.values(), each.once, each.seat):
                for price in prices:
                    assert BOOK.find(price), price


def test_the_points_of_a_curve_are_for_tools() -> None:
    found = as_dict(named("peering"))
    assert [point["gb"] for point in found["theirs"]] == list(POINTS)
    assert found["ours_is_less_gb"][0]["from"] == 0
    json.dumps(found, allow_nan=False)
