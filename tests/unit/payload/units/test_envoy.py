"""Envoy as a unit."""

from __future__ import annotations

import json

import pytest

from trunkline.model import Otlp, Upstream
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
