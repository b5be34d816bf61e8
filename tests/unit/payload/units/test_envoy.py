"""Envoy as a unit."""

from __future__ import annotations

import json

import pytest

from trunkline.model import EdgeServices, Otlp, Service, Upstream
from trunkline.patterns.cloudflare_ranges import IPV4
from trunkline.payload.units import Envoy
from trunkline.payload.units.envoy import LOG_LIMIT


def test_an_envoy_behind_a_tunnel_has_no_way_in() -> None:
    assert Envoy(bootstrap={}).firewall.ingress == ()


def test_a_public_envoy_lets_in_cloudflare_alone() -> None:
    [rule] = Envoy(bootstrap={}, public_to=IPV4).firewall.ingress
    assert (rule.port, rule.cidrs) == (443, IPV4)


@pytest.mark.parametrize(
    ("upstream", "way"),
    [
        ("http://10.0.0.9:8080", {("upstream-8080", 8080, ("10.0.0.9/32",))}),
        ("http://internal.example.com:9000", {("upstream-9000", 9000, ("0.0.0.0/0",))}),
        ("https://internal.example.com", set()),
    ],
)
def test_the_way_to_the_upstream_is_no_wider_than_needed(
    upstream: str, way: set[tuple[str, int, tuple[str, ...]]]
) -> None:
    rules = Envoy(bootstrap={}, upstreams={None: Upstream.from_url(upstream)}).firewall.egress
    assert {(rule.name, rule.port, rule.cidrs) for rule in rules} == way


def test_the_way_to_a_collector_is_open() -> None:
    otlp = Otlp(endpoint="https://10.9.0.4:4317")
    [rule] = Envoy(bootstrap={}, otlp=otlp).firewall.egress
    assert (rule.port, rule.cidrs) == (4317, ("10.9.0.4/32",))


def test_a_second_log_has_lines_of_its_own() -> None:
    limits = [
        json.loads(file.content)["resources"][0]["resource"]
        for otlp in (None, Otlp(endpoint="https://10.9.0.4:4317"))
        for file in Envoy(bootstrap={}, otlp=otlp).files
        if file.path == LOG_LIMIT
    ]
    one, two = (each["max_tokens"] for each in limits)
    assert two == 2 * one


def test_on_this_machine_it_runs_the_same_configuration_but_for_the_admin_socket() -> None:
    envoy = Envoy(bootstrap={"static_resources": {}}, routes={"resources": []})
    unit = envoy.local("127.10.0.0/16", "us-east-1b")
    assert unit.process.files == {
        "envoy.json": '{"static_resources":{}}\n',
        "rds-edge.json": '{"resources":[]}\n',
    }
    override = unit.process.arguments[unit.process.arguments.index("--config-yaml") + 1]
    assert json.loads(override) == {"admin": {"address": {"pipe": {"path": "admin.sock"}}}}
    assert unit.addresses == ("tcp 127.10.16.1:8080",)
    assert unit.process.ready == "http://127.10.16.1:8080/livez"


@pytest.mark.parametrize(
    ("upstream", "path"),
    [
        ("http://127.10.16.1:8081", "healthz"),
        ("http://127.0.0.1:3000", "livez"),
        ("http://localhost:3000", "livez"),
    ],
)
def test_on_this_machine_it_is_ready_with_a_service_that_runs_beside_it(
    upstream: str, path: str
) -> None:
    unit = Envoy(bootstrap={}, upstreams={None: Upstream.from_url(upstream)})
    assert unit.local("127.10.0.0/16", "us-east-1b").process.ready.endswith(f"/{path}")


def services(used: int = 0, reached: int = 0) -> EdgeServices:
    api = Service(name="api", site="google", sites=["aws"], hosts=["api.example.com"])
    database = Service(
        name="db",
        site="google",
        sites=["aws"],
        hosts=["db.internal"],
        port=5432,
        protocol="tcp",
        server="10.20.0.9",
    )
    return EdgeServices(
        used=(api, database)[:used],
        reached=(api, database)[:reached],
        networks=("10.10.0.0/16",),
        overlay="10.254.0.0/24",
    )


def test_applications_of_the_site_alone_reach_the_ports_of_services() -> None:
    rules = Envoy(bootstrap={}, services=services(used=2)).firewall.ingress
    assert {(rule.name, rule.port, rule.cidrs) for rule in rules} == {
        ("services-443", 443, ("10.10.0.0/16",)),
        ("services-5432", 5432, ("10.10.0.0/16",)),
    }


def test_what_comes_over_the_backbone_opens_no_port() -> None:
    assert Envoy(bootstrap={}, services=services(reached=2)).firewall.ingress == ()


def test_the_way_to_a_service_is_open() -> None:
    [rule] = Envoy(bootstrap={}, services=services(reached=2)).firewall.egress
    assert (rule.name, rule.port, rule.cidrs) == ("upstream-5432", 5432, ("10.20.0.9/32",))
    assert Envoy(bootstrap={}, services=services(used=2)).firewall.egress == ()


@pytest.mark.parametrize("known", [EdgeServices(), None])
def test_an_envoy_may_have_low_ports_before_the_first_service_comes(
    known: EdgeServices | None,
) -> None:
    files = Envoy(bootstrap={}, services=known).files
    may = any("CAP_NET_BIND_SERVICE" in file.content for file in files)
    assert may is (known is not None)
