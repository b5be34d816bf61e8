"""Checks of meaning that the files of tests/schema do not reach, and what they must leave alone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from trunkline.clouds.facts import facts_of
from trunkline.documents.findings import Problem, show_path
from trunkline.topology.check import CHECKS, Check
from trunkline.topology.checks import (
    access,
    backbone,
    control_plane,
    local,
    names,
    networks,
    pairs,
    placeholders,
    ports,
    private_services,
    probes,
    routing,
    services,
    sites,
    sizes,
    state,
    telemetry,
    traffic,
    upstreams,
    zone,
)
from trunkline.topology.checks.partial import PartialTopology

AWS = {"cloud": "aws", "account": "1", "region": "us-east-1", "zones": ["us-east-1a"]}


def run(check: Check, data: dict[str, Any]) -> list[Problem]:
    return list(check(PartialTopology(data, lambda _: 1)))


def nets(*cidrs: str | None, **more: Any) -> dict[str, Any]:
    sites = {
        f"s{i}": {**AWS, "network": {"cidr": cidr} if cidr else {}, **more}
        for i, cidr in enumerate(cidrs)
    }
    return {"sites": sites}


def upstream(url: str) -> dict[str, Any]:
    return {"name": "t", "domain": "a.com", "routing": {}, "sites": {"s": {**AWS, "upstream": url}}}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"sites": None, "routing": None, "state": None, "tags": None, "probes": None},
        {"sites": {"a": None}, "routing": {"routes": {"/": None}}, "cloudflare": None},
        {"sites": {"a": {"cloud": "aws", "network": None, "zones": [None], "zone": None}}},
        {"sites": {"a": {"cloud": "google", "network": {"existing": None, "cidr": None}}}},
        {"sites": {"a": {"cloud": None, "zones": 5, "network": 5, "deploy_as": 5}}},
        {"local": None, "sites": {"a": {"cloud": "local", "zones": [None]}}},
        {"probes": {"batch": None, "max_parallel": 2}, "sites": {"a": {"zones": None}}},
        {"local": {"latency_ms": {"a/b": None}}, "edge": None},
        {"name": None, "domain": None, "routing": {"hostname": None, "strategy": None}},
    ],
)
def test_checks_are_silent_about_what_is_missing(data: dict[str, Any]) -> None:
    found = {check.__name__: run(check, data) for check in CHECKS}
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    ("cidrs", "found"),
    [
        (("10.0.0.0/16", "10.1.0.0/16"), []),
        (("10.0.0.0/16", "10.0.0.0/16"), ["sites.s1.network.cidr"]),
        (("10.0.4.0/24", "10.0.0.0/16"), ["sites.s1.network.cidr"]),
        (("10.0.0.0/16", "10.0.4.0/24", "10.0.9.0/24"), ["sites.s1.network.cidr"] * 1 + ["s2"]),
        (("10.1.0.0/16", "10.0.0.0/8", "10.200.0.0/16"), ["s1", "s2"]),
        ((None, None), ["sites.s1.network.cidr"]),
        ((None, "10.10.7.0/24"), ["sites.s1.network.cidr"]),
        (("10.20.0.0/16", None), []),
    ],
)
def test_overlaps(cidrs: tuple[str | None, ...], found: list[str]) -> None:
    problems = run(networks.ranges_do_not_overlap, nets(*cidrs))
    paths = sorted(show_path(problem.path) for problem in problems)
    assert len(paths) == len(found)
    assert all(part in path for part, path in zip(found, paths, strict=True))


def test_an_overlap_names_the_other_place() -> None:
    (problem,) = run(networks.ranges_do_not_overlap, nets("10.0.0.0/16", "10.0.4.0/24"))
    assert problem.message == ("10.0.4.0/24 overlaps 10.0.0.0/16 of sites.s0.network.cidr (line 1)")


def test_one_existing_network_may_hold_two_sites() -> None:
    network = {"cidr": "10.0.0.0/16", "existing": {"id": "vpc-1"}}
    data = nets("", "", network=network)
    assert run(networks.ranges_do_not_overlap, data) == []
    data["sites"]["s1"]["account"] = "2"
    assert len(run(networks.ranges_do_not_overlap, data)) == 1


def test_ten_thousand_networks_are_compared_quickly() -> None:
    cidrs = [f"10.{i // 256}.{i % 256}.0/24" for i in range(10_000)]
    assert run(networks.ranges_do_not_overlap, nets(*cidrs)) == []


@pytest.mark.parametrize(
    ("cidr", "level"),
    [
        ("10.0.0.0/16", None),
        ("172.16.0.0/16", None),
        ("192.168.0.0/16", None),
        ("100.64.0.0/16", None),
        ("100.127.0.0/16", None),
        ("100.111.0.0/16", "warning"),
        ("100.64.0.0/10", "warning"),
        ("192.169.0.0/16", "error"),
        ("240.0.0.0/16", "error"),
        ("127.0.0.0/16", "error"),
    ],
)
def test_usable_ranges(cidr: str, level: str | None) -> None:
    problems = run(networks.ranges_are_usable, nets(cidr))
    assert [problem.level for problem in problems] == ([level] if level else [])


@pytest.mark.parametrize(("cidr", "count"), [("10.0.0.0/15", 1), ("10.0.0.0/16", 0)])
def test_created_networks_have_a_size(cidr: str, count: int) -> None:
    assert len(run(networks.created_networks_fit, nets(cidr))) == count
    existing = nets(network={"cidr": cidr, "existing": {}})
    assert run(networks.created_networks_fit, existing) == []


def test_many_operators() -> None:
    data = {"probes": {"operators": [f"203.0.113.{i}/32" for i in range(51)]}}
    assert len(run(networks.operators_are_few, data)) == 1
    data["probes"]["operators"].pop()
    assert run(networks.operators_are_few, data) == []


@pytest.mark.parametrize("cidr", ["0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/7"])
def test_half_of_the_internet_is_refused_as_well(cidr: str) -> None:
    (problem,) = run(networks.operators_are_few, {"probes": {"operators": [cidr]}})
    assert problem.level == "error"


@pytest.mark.parametrize(
    ("url", "levels"),
    [
        ("http://10.0.0.1:8080", []),
        ("https://8.8.8.8", []),
        ("http://orders", ["warning"]),
        ("http://orders.corp.internal", []),
        ("http://orders.a.com", []),
        ("http://internal-x.us-east-1.elb.amazonaws.com", []),
        ("http://[fd00::1]", ["error"]),
        ("http://8.8.8.8", ["warning"]),
        ("http://[2606:4700::1]", ["error"]),
        ("http://x.org", ["warning"]),
        ("http://localhost", ["warning"]),
        ("http://[::1]", ["error"]),
        ("http://10.0.0.1:0", ["error"]),
        ("http://10.0.0.1:65536", ["error"]),
        ("http://10.0.0", ["error"]),
        ("http://-x.org", ["error"]),
        ("http://a..b", ["error"]),
        ("http://0.0.0.0", ["error"]),
        ("http://224.0.0.1", ["error"]),
        ("https://api.a.com", ["error"]),
        ("https://API.a.com", ["error"]),
        ("https://t-edge-s.a.com", ["error"]),
        ("http://metadata.google.internal", ["error"]),
        ("http://[fd00:ec2::254]", ["error"]),
        ("http://168.63.129.16", ["error"]),
        ("http://169.254.170.2", ["error"]),
    ],
)
def test_upstreams(url: str, levels: list[str]) -> None:
    problems = run(upstreams.upstreams_can_be_reached, upstream(url))
    assert [problem.level for problem in problems] == levels


@pytest.mark.parametrize(
    ("site", "upstream", "found"),
    [
        ({}, "http://10.10.1.2", "nothing stands at 10.10.1.2 yet"),
        ({}, "http://10.7.1.2", "10.7.1.2 is outside of the site's network 10.10.0.0/16"),
        ({}, "http://10.20.1.2", "10.20.1.2 is in the network of other"),
        ({}, "http://8.8.8.8", None),
        ({}, "http://orders.corp.internal", None),
        ({"network": {"existing": {"id": "vpc-1"}}}, "http://10.7.1.2", None),
        ({"network": {"existing": {"id": "vpc-1"}}}, "http://10.20.1.2", "network of other"),
        ({"network": {"existing": {}, "cidr": "10.7.0.0/16"}}, "http://10.7.1.2", None),
        ({"network": {"existing": {}, "cidr": "10.7.0.0/16"}}, "http://10.8.1.2", "outside"),
        ({"cloud": "local"}, "http://10.20.1.2", None),
    ],
)
def test_private_upstreams_in_reach(site: dict[str, Any], upstream: str, found: str | None) -> None:
    other = {**AWS, "network": {"cidr": "10.20.0.0/16"}}
    data = {"sites": {"s": {**AWS, "upstream": upstream, **site}, "other": other}}
    problems = run(upstreams.upstreams_are_in_reach, data)
    assert len(problems) == (found is not None)
    assert found is None or found in problems[0].message


@pytest.mark.parametrize(
    ("cloud", "machine", "remedy"),
    [
        ("aws", "t4g.micor", "did you mean t4g.micro?"),
        ("aws", "t5g.micro", "did you mean t4g.micro?"),
        ("aws", "q9x.huge", "check the spelling"),
        ("aws", "c7gn.metal", None),
        ("aws", "c7i-flex.large", None),
        ("aws", "m8gd.metal-48xl", None),
        ("google", "e2-smal", "did you mean e2-small?"),
        ("google", "n2-standart-2", "did you mean n2-standard-2?"),
        ("google", "c4-standard-8-lssd", None),
        ("google", "custom-2-4096", None),
        ("azure", "Standard_B2pst_v2", "did you mean Standard_B2pts_v2?"),
        ("azure", "Standard_B1s", None),
        ("azure", "Standard_E8-2as_v5", None),
        ("azure", "Standard_NC24ads_A100_v4", None),
        ("azure", "Standard_M416s_8_v2", None),
        ("azure", "Standard_E96ias_v4", None),
        ("azure", "Standard_HB120rs_v3", None),
    ],
)
def test_misspelled_machines(cloud: str, machine: str, remedy: str | None) -> None:
    problems = run(
        sites.machine_is_of_the_cloud, {"sites": {"s": {"cloud": cloud, "machine": machine}}}
    )
    assert [problem.remedy for problem in problems] == ([remedy] if remedy else [])


@pytest.mark.parametrize("cloud", ["aws", "google", "azure"])
def test_sizes_that_trunkline_names_are_known(cloud: str) -> None:
    facts = facts_of(cloud)
    assert facts.sizes
    for size in {*facts.sizes.common, *facts.sizes.defaults, facts.sizes.example}:
        assert re.fullmatch(facts.sizes.usual, size), size
        assert re.fullmatch(facts.sizes.pattern, size), size


@pytest.mark.parametrize(
    ("cloud", "region", "zone", "found"),
    [
        ("google", "us-east1", "us-east1-a", ["warning"]),
        ("google", "us-east1", "us-east1-d", []),
        ("google", "us-central1", "us-central1-f", []),
        ("google", "us-central1", "us-east1-a", []),
        ("google", "us-unknown1", "us-unknown1-z", []),
        ("aws", "us-east-1", "us-east-1f", []),
        ("aws", "us-east-2", "us-east-2d", ["warning"]),
        ("azure", "eastus", "4", []),
    ],
)
def test_zones_that_a_region_has(cloud: str, region: str, zone: str, found: list[str]) -> None:
    data = {"sites": {"s": {"cloud": cloud, "region": region, "zone": zone}}}
    assert [problem.level for problem in run(sites.zones_are_known, data)] == found


@pytest.mark.parametrize(
    ("domain", "plan", "count"),
    [
        ("a.com", "free", 0),
        ("a.co.uk", "free", 0),
        ("b.a.com", "free", 1),
        ("b.a.co.uk", "pro", 1),
        ("b.a.com", "enterprise", 0),
    ],
)
def test_zones_of_subdomains(domain: str, plan: str, count: int) -> None:
    data = {"domain": domain, "cloudflare": {"plan": plan}}
    assert len(run(names.domain_is_an_apex, data)) == count


@pytest.mark.parametrize(
    ("hostname", "count"), [("a.com", 0), ("x.a.com", 0), ("xa.com", 1), ("x.y.a.com", 1)]
)
def test_hostname_and_certificate(hostname: str, count: int) -> None:
    data = {"domain": "a.com", "routing": {"hostname": hostname}}
    assert len(run(names.hostname_is_covered, data)) == count


@pytest.mark.parametrize(
    ("cloud", "machine", "count"),
    [
        ("aws", "t4g.micro", 0),
        ("aws", "u-6tb1.metal", 0),
        ("aws", "Standard_B1s", 1),
        ("google", "e2-micro", 0),
        ("google", "n2-custom-2-4096", 0),
        ("google", "t4g.micro", 1),
        ("azure", "Standard_B2pts_v2", 0),
        ("azure", "B2pts_v2", 1),
    ],
)
def test_machines(cloud: str, machine: str, count: int) -> None:
    data = {"sites": {"s": {"cloud": cloud, "machine": machine}}}
    assert len(run(sites.machine_is_of_the_cloud, data)) == count


@pytest.mark.parametrize(
    ("region", "arn", "count"),
    [
        ("cn-north-1", "arn:aws-cn:iam::1:role/x", 0),
        ("us-gov-west-1", "arn:aws-us-gov:iam::1:role/x", 0),
        ("us-gov-west-1", "arn:aws:iam::1:role/x", 1),
        ("us-east-1", "arn:aws:iam::1:role/a:b", 0),
    ],
)
def test_partitions(region: str, arn: str, count: int) -> None:
    data = {"sites": {"s": {**AWS, "region": region, "deploy_as": arn}}}
    assert len(run(sites.role_is_of_the_account, data)) == count


@pytest.mark.parametrize(
    ("routes", "count"),
    [
        (("/api", "/api/v5"), 0),
        (("/", "/api"), 0),
        (("/api", "/api/"), 1),
        (("/api/", "/api"), 1),
        (("/api", "/API"), 0),
    ],
)
def test_shadowed_routes(routes: tuple[str, ...], count: int) -> None:
    data = {"routing": {"routes": {route: {"site": "s"} for route in routes}}}
    assert len(run(routing.routes_do_not_shadow, data)) == count


@pytest.mark.parametrize(
    ("prefix", "count"),
    [("/cdn-cgi", 1), ("/cdn-cgi/", 1), ("/cdn-cgi-x", 0), ("/a/.", 1), ("/a/..b", 0)],
)
def test_routes_that_can_match(prefix: str, count: int) -> None:
    assert len(run(routing.routes_can_match, {"routing": {"routes": {prefix: {}}}})) == count


def test_smart_routing_that_is_bought_or_off() -> None:
    bought = {"cloudflare": {"add_ons": ["smart_routing"]}, "routing": {"smart_routing": True}}
    assert run(routing.plan_includes_smart_routing, bought) == []
    assert run(routing.plan_includes_smart_routing, {"routing": {"smart_routing": False}}) == []


@pytest.mark.parametrize(
    ("backend", "bucket", "count"),
    [
        ("s3", "acme", 0),
        ("s3", "xn--acme", 1),
        ("s3", "acme-s3alias", 1),
        ("s3", "192.168.0.1", 1),
        ("gcs", "goog-acme", 1),
        ("gcs", "acme..state", 1),
        ("gcs", "acme_state", 0),
    ],
)
def test_buckets(backend: str, bucket: str, count: int) -> None:
    data = {"state": {backend: {"bucket": bucket}}}
    assert len(run(state.buckets_are_named_well, data)) == count


@pytest.mark.parametrize(
    ("cloud", "tag", "count"),
    [("azure", "windows-x", 1), ("aws", "windows-x", 0), ("google", "goog-x", 1), ("aws", "a", 0)],
)
def test_tags(cloud: str, tag: str, count: int) -> None:
    data = {"tags": {tag: "x"}, "sites": {"s": {"cloud": cloud}}}
    assert len(run(state.tags_are_allowed, data)) == count


@pytest.mark.parametrize(
    ("directory", "count"), [("cdktf.out", 1), ("a/cdktf.out/b", 1), ("cdktf.outside", 0)]
)
def test_state_beside_the_output(directory: str, count: int) -> None:
    data = {"state": {"local": {"directory": directory}}}
    assert len(run(state.local_state_survives, data)) == count


def test_every_check_is_registered_once() -> None:
    modules = (
        *(names, networks, pairs, sites, routing, sizes, upstreams, state, local, ports, probes),
        *(access, backbone, control_plane, services, telemetry, traffic, placeholders, zone),
        private_services,
    )
    assert sorted(map(repr, CHECKS)) == sorted(repr(c) for m in modules for c in m.CHECKS)
    assert len(set(CHECKS)) == len(CHECKS)


@pytest.mark.parametrize(
    ("plan", "seconds", "block_seconds", "count"),
    [
        ("free", 10, 10, 0),
        ("free", 60, 60, 2),
        ("pro", 60, 3600, 0),
        ("pro", 120, 86_400, 2),
        ("business", 600, 86_400, 0),
        ("business", 3600, 86_400, 1),
        ("enterprise", 3600, 86_400, 0),
        (None, 3600, 86_400, 0),
    ],
)
def test_a_plan_takes_client_rate_limits_up_to_a_time(
    plan: str | None, seconds: int, block_seconds: int, count: int
) -> None:
    limit = {"requests": 1, "seconds": seconds, "block_seconds": block_seconds}
    data = {"cloudflare": {"plan": plan}, "routing": {"client_rate_limit": limit}}
    assert len(run(zone.plan_includes_client_rate_limit, data)) == count


@pytest.mark.parametrize(("plan", "count"), [("free", 1), ("pro", 0), ("enterprise", 0)])
def test_only_the_free_plan_counts_every_name_of_the_zone(plan: str, count: int) -> None:
    data = {"cloudflare": {"plan": plan}, "routing": {"client_rate_limit": {"requests": 1}}}
    assert len(run(zone.client_rate_limit_is_for_the_hostname, data)) == count


@pytest.mark.parametrize(
    ("plan", "lacking"),
    [
        ("free", ["polish", "waf", "logpush"]),
        ("pro", ["logpush"]),
        ("business", ["logpush"]),
        ("enterprise", []),
        (None, []),
    ],
)
def test_a_plan_includes_what_is_asked_of_the_zone(plan: str | None, lacking: list[str]) -> None:
    wanted = {"polish": "off", "waf": {}, "logpush": True, "tiered_cache": True}
    problems = run(zone.plan_includes_keys, {"cloudflare": {"plan": plan}, "routing": wanted})
    assert [problem.path[-1] for problem in problems] == lacking
    off = {"cloudflare": {"plan": "free"}, "routing": {"logpush": False}}
    assert not run(zone.plan_includes_keys, off)
