"""What a topology costs, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline.cost.assumptions import assume
from trunkline.cost.estimate import Estimate, estimate
from trunkline.cost.line import Line
from trunkline.cost.prices import PriceBook, load_prices
from trunkline.errors import ConfigurationError
from trunkline.model import (
    AssumedTraffic,
    Cloudflare,
    ControlPlane,
    Edge,
    Routing,
    Site,
    Topology,
    WorkerOptions,
)
from trunkline.topology import load

THREE = load(ROOT / "topologies" / "three-clouds.yaml")
BACKBONE = load(ROOT / "topologies" / "backbone.yaml")
BOOK, _ = load_prices()


def of(topology: Topology = THREE, **changes: Any) -> Estimate:
    return estimate(evolve(topology, **changes), BOOK)


def month(lines: Sequence[Line], site: str, start: str) -> float:
    [found] = [line for line in lines if line.site == site and line.item.startswith(start)]
    assert found.month is not None
    return found.month.low


def ingress(**changes: Any) -> Cloudflare:
    assert isinstance(THREE.ingress, Cloudflare)
    return evolve(THREE.ingress, **changes)


def routing(**changes: Any) -> Routing:
    return evolve(THREE.routing, **changes)


def test_three_edges_cost_what_their_machines_addresses_disks_and_secrets_do() -> None:
    lines = of().lines
    machines = (0.0084 + 0.00943 + 0.0084 + 3 * 0.005) * 730
    disks = 8 * 0.08 + 10 * 0.04 + 2.40
    reads = 3 * 730 * 3600 / 30 / 10_000 * 0.03
    secrets = 2 * 0.06  # the token and the configuration, paid for on one of the three
    total = sum(line.month.low for line in lines if line.month and line.site)
    assert total == pytest.approx(machines + disks + reads + secrets)
    assert total == pytest.approx(34.45, abs=0.01)


def test_lines_come_by_site_and_what_serves_all_comes_last() -> None:
    sites = [line.site for line in of(traffic=AssumedTraffic(pairs={("aws", "google"): 1})).lines]
    assert list(dict.fromkeys(sites)) == ["aws", "google", "azure", ""]


def test_replicas_double_the_machines_and_the_reads_but_not_the_secrets() -> None:
    one, two = of().lines, of(edge=Edge(replicas=2)).lines
    for start in ("e2-micro", "public IPv4", "disk", "reads"):
        assert month(two, "google", start) == pytest.approx(2 * month(one, "google", start))
    assert month(two, "google", "secrets") == month(one, "google", "secrets")


def test_looking_less_often_costs_less() -> None:
    slow = of(edge=Edge(poll_seconds=300)).lines
    assert month(slow, "azure", "reads") == pytest.approx(month(of().lines, "azure", "reads") / 10)


def test_edges_of_a_control_plane_read_no_configuration() -> None:
    plane = ControlPlane(xds="https://xds.example.com:18000")
    lines = of(edge=Edge(control_plane=plane)).lines
    assert month(lines, "google", "secrets") == pytest.approx(0.06)
    assert not [line for line in lines if line.item == "reads of secrets"]


def test_a_machine_that_is_named_is_the_one_that_is_paid() -> None:
    site = evolve(THREE.sites[0], machine="t4g.small")
    assert month(of(sites=(site,)).lines, "aws", "t4g.small") == pytest.approx(0.0168 * 730)


def test_what_has_no_price_is_listed_and_the_total_says_at_least() -> None:
    site = evolve(THREE.sites[0], machine="m7i.metal-48xl")
    total = of(sites=(site,)).total
    assert [line.id for line in total.unknown] == ["aws/machine/m7i.metal-48xl@us-east-1"]
    assert str(total).startswith("at least ")


def test_the_price_of_another_region_is_said_and_not_counted() -> None:
    site = evolve(THREE.sites[0], region="sa-east-1")
    [machine, disk] = of(sites=(site,)).total.unknown
    assert machine.id == "aws/machine/t4g.micro@sa-east-1"
    assert "0.0084 / hour in us-east-1" in machine.note
    assert disk.id == "aws/disk/gp3@sa-east-1"


def test_machines_that_take_another_disk_are_priced_with_that() -> None:
    site = evolve(THREE.sites[1], machine="c4a-standard-1")
    ids = [line.id for line in of(sites=(site,)).total.unknown]
    assert "google/disk/hyperdisk-balanced@us-east4" in ids


def test_probes_are_apart_and_have_an_hour() -> None:
    found = of()
    assert not [line for line in found.lines if line in found.probes]
    assert found.probe_hour.dollars.low * 730 == pytest.approx(
        sum(line.month.low for line in found.probes if line.month)
    )
    assert of(probes=None).probes == ()


def test_this_machine_costs_nothing() -> None:
    assert of(load(ROOT / "topologies" / "local.yaml")) == Estimate(())


# --- Cloudflare


def test_the_worker_is_paid_whatever_the_requests_are() -> None:
    assert month(of().lines, "", "Workers Paid") == 5
    assert not [line for line in of().lines if line.item == "requests to the Worker"]


def test_requests_beyond_ten_million_are_paid_by_the_million() -> None:
    busy = of(traffic=AssumedTraffic(requests=25_000_000)).lines
    assert month(busy, "", "requests") == pytest.approx(15 * 0.30)
    assert month(of(traffic=AssumedTraffic(requests=9_000_000)).lines, "", "requests") == 0


def test_analytics_and_logs_count_requests_where_they_are_on() -> None:
    options = routing(analytics=True, worker=WorkerOptions(log_sampling=0.5))
    lines = of(routing=options, traffic=AssumedTraffic(requests=100_000_000)).lines
    assert month(lines, "", "analytics") == pytest.approx(90 * 0.25)
    assert month(lines, "", "logs") == pytest.approx(30 * 0.60)
    plain = of(traffic=AssumedTraffic(requests=100_000_000)).lines
    assert not [line for line in plain if line.item.startswith(("analytics", "logs"))]


@pytest.mark.parametrize(
    ("bought", "wanted", "paid"), [(True, None, True), (True, False, False), (False, None, False)]
)
def test_smart_routing_is_paid_where_it_is_on(
    bought: bool, wanted: bool | None, paid: bool
) -> None:
    lines = of(
        ingress=ingress(add_ons=("smart_routing",) if bought else ()),
        routing=routing(smart_routing=wanted),
        traffic=AssumedTraffic(routes={"/api/v5": 300.0}),
    ).lines
    found = [
        line.month.low for line in lines if line.id.startswith("cloudflare/argo") and line.month
    ]
    assert found == ([5, pytest.approx(30)] if paid else [])


def test_load_balancing_counts_the_sites_beyond_two() -> None:
    lines = of(ingress=ingress(add_ons=("load_balancing",))).lines
    assert month(lines, "", "Load Balancing") == 5
    assert month(lines, "", "more endpoints") == 5


def test_the_plan_is_paid_and_that_of_enterprise_is_not_known() -> None:
    assert month(of(ingress=ingress(plan="business")).lines, "", "zone") == 250
    unknown = of(ingress=ingress(plan="enterprise")).total.unknown
    assert [line.id for line in unknown] == ["cloudflare/plan/enterprise"]


# --- traffic


def test_traffic_between_sites_is_paid_half_on_each_side() -> None:
    lines = of(traffic=AssumedTraffic(pairs={("aws", "google"): 1_000.0})).lines
    assert month(lines, "aws", "traffic") == pytest.approx((500 - 100) * 0.09)
    assert month(lines, "google", "traffic") == pytest.approx(500 / 1.073741824 * 0.12)
    assert not [line for line in lines if line.site == "azure" and "traffic" in line.item]


def test_traffic_to_the_ingress_has_its_own_price_where_the_cloud_has_one() -> None:
    lines = of(traffic=AssumedTraffic(routes={"/api/v5": 1_000.0, "/api/v6": 1_000.0})).lines
    assert month(lines, "aws", "traffic") == pytest.approx(900 * 0.09)
    assert month(lines, "google", "traffic") == pytest.approx(1_000 / 1.073741824 * 0.08)


def test_what_an_account_has_for_nothing_counts_once() -> None:
    here = THREE.sites[0]
    there = evolve(here, name="second")
    traffic = AssumedTraffic(pairs={("aws", "google"): 400.0, ("second", "google"): 400.0})
    sites = (here, there, THREE.sites[1])
    lines = of(sites=sites, traffic=traffic).lines
    assert [month(lines, name, "traffic") for name in ("aws", "second")] == [
        pytest.approx(100 * 0.09),
        pytest.approx(200 * 0.09),
    ]
    other = evolve(there, account="210987654321")
    apart = of(sites=(here, other, THREE.sites[1]), traffic=traffic).lines
    assert month(apart, "second", "traffic") == pytest.approx(100 * 0.09)


@pytest.mark.parametrize(
    ("region", "price"), [("us-east-1", "egress_in_region"), ("us-west-2", "egress_to_regions")]
)
def test_traffic_inside_a_cloud_is_not_priced_like_that_to_others(region: str, price: str) -> None:
    there = evolve(THREE.sites[0], name="second", region=region)
    found = of(
        sites=(THREE.sites[0], there), traffic=AssumedTraffic(pairs={("aws", "second"): 10.0})
    ).total.unknown
    assert f"aws/{price}@us-east-1" in [line.id for line in found]


# --- assumptions on the command line


def test_the_command_line_stands_in_for_the_file() -> None:
    base = evolve(THREE, traffic=AssumedTraffic(pairs={("aws", "google"): 5.0}, requests=7))
    found = assume(base, ["google-aws=2TB", "/api/v5/=10GB", "aws-azure=1.5 GB"]).traffic
    assert found.pairs == {("google", "aws"): 2_000.0, ("aws", "azure"): 1.5}
    assert found.routes == {"/api/v5": 10.0}
    assert found.requests == 7
    assert assume(base, ["requests=9"]).traffic == AssumedTraffic(
        pairs={("aws", "google"): 5.0}, requests=9
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aws-gogle=5GB", "aws-gogle is not a pair of sites; did you mean aws-google?"),
        ("aws-google=-5GB", "traffic cannot be negative"),
        ("aws-google=5", "the unit is missing; write 5 GB"),
        ("aws-google", "an amount is missing; write aws-google=500GB"),
        ("aws-aws=5GB", "aws is paired with itself"),
        ("/nowhere=5GB", "/nowhere is not a route"),
        ("requests=many", "this is not a number of requests"),
        ("requests=-1", "this is not a number of requests"),
        ("=5GB", "is not a pair of sites; the pairs are: aws-google, aws-azure, google-azure"),
    ],
)
def test_an_assumption_that_means_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^--traffic ") as caught:
        assume(THREE, [text])
    assert said in str(caught.value)


def test_a_pair_that_can_be_read_in_two_ways_is_refused() -> None:
    sites = [evolve(THREE.sites[0], name=name) for name in ("a", "b-c", "a-b", "c")]
    with pytest.raises(ConfigurationError, match="may mean a and b-c or a-b and c"):
        assume(evolve(THREE, sites=tuple(sites)), ["a-b-c=1GB"])


def test_a_site_alone_has_no_pair() -> None:
    one: tuple[Site, ...] = THREE.sites[:1]
    with pytest.raises(ConfigurationError, match="delete it: there is one site"):
        assume(evolve(THREE, sites=one), ["aws-google=1GB"])


def test_an_empty_book_knows_nothing_and_says_so() -> None:
    found = estimate(THREE, PriceBook({}))
    assert found.total.dollars.high == 0
    assert len(found.total.unknown) == len(found.lines) > 10


def counted(topology: Topology, item: str) -> dict[str, float]:
    """How often an item stands in the bill of each site."""
    lines = estimate(topology, BOOK).lines
    return {line.site: line.times for line in lines if line.item == item}


def test_names_of_services_cost_a_private_zone_each() -> None:
    assert counted(BACKBONE, "private DNS zones") == {"aws": 3, "google": 2, "azure": 3}
    by_hand = tuple(evolve(each, dns=False) for each in BACKBONE.services)
    assert counted(evolve(BACKBONE, services=by_hand), "private DNS zones") == {}


def test_a_private_endpoint_is_paid_in_each_zone_where_its_cloud_counts_them() -> None:
    topology = load(ROOT / "tests" / "golden" / "topologies" / "private.yaml")
    sites = [evolve(site, spares=(f"{site.zone}-other",)) for site in topology.sites]
    runtime = "private endpoint com.amazonaws.us-east-1.bedrock-runtime"
    for replicas in (1, 2):
        lines = of(topology, sites=tuple(sites), edge=Edge(replicas=replicas)).lines
        paid = {line.item: line.times for line in lines if line.item.startswith("private endpoint")}
        assert paid == {
            runtime: replicas,
            "private endpoint account": 1,  # of two services
            "private endpoint Sql": 1,
        }
        assert month(lines, "aws", runtime) == pytest.approx(7.3 * replicas)


def test_the_keys_of_a_backbone_are_secrets_too() -> None:
    without = evolve(BACKBONE, backbone=None, services=())
    assert counted(without, "secrets") == dict.fromkeys(("aws", "google", "azure"), 2)
    assert counted(BACKBONE, "secrets") == dict.fromkeys(("aws", "google", "azure"), 4)


PAIRS = load(ROOT / "tests" / "golden" / "topologies" / "pairs.yaml")


def linked(**changes: Any) -> Topology:
    """The topology with links, of which the first is another one."""
    assert PAIRS.backbone
    first, *others = PAIRS.backbone.pairs
    pairs = (evolve(first, **changes), *others)
    return evolve(PAIRS, backbone=evolve(PAIRS.backbone, pairs=pairs))


def test_both_ends_of_a_link_are_paid_for() -> None:
    lines = of(PAIRS).lines
    assert {line.id for line in lines if line.site == "aws-google"} == {
        "aws/interconnect",
        "google/interconnect",
    }
    assert month(lines, "aws-azure", "expressroute gateway") == 139


def test_a_link_of_another_bandwidth_has_another_price_or_none() -> None:
    free = of(linked(bandwidth="500Mbps")).lines
    ends = {line.id: line.month for line in free if line.site == "aws-google"}
    assert ends["google/interconnect/500Mbps"] is None
    price = ends["aws/interconnect/500Mbps"]
    assert price is not None and price.low == 0


def test_nobody_counts_the_gigabytes_of_a_link() -> None:
    pairs = {("aws", "google"): 1000.0, ("azure", "google"): 1000.0}
    lines = of(PAIRS, traffic=AssumedTraffic(pairs=pairs)).lines
    assert month(lines, "google", "traffic over links to other clouds") == 0
    assert month(lines, "google", "traffic to other clouds") > 0
