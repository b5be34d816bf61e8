"""What holds for every strategy."""

from __future__ import annotations

import pytest

from trunkline.errors import ConfigurationError
from trunkline.routing import STRATEGIES, Origin, RouteSpec, routing_spec

AWS = Origin("aws", "https://demo-edge-aws.example.com")


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_keeps_the_hostname(strategy: str) -> None:
    spec = routing_spec(
        name="demo",
        hostname="api.example.com",
        routes=[RouteSpec("/api", [AWS])],
        strategy=strategy,
    )
    assert spec.hostname == "api.example.com"
    assert bool(spec.script) != bool(spec.origin_rules)


def test_an_unknown_strategy_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="'magic': use one of origin_rules, worker"):
        routing_spec(name="demo", hostname="a.example.com", routes=[], strategy="magic")


@pytest.mark.parametrize(("given", "kept"), [("/api/", "/api"), ("/", "/"), ("/api", "/api")])
def test_a_route_has_no_trailing_slash(given: str, kept: str) -> None:
    assert RouteSpec(given, [AWS]).prefix == kept


def test_a_route_has_an_origin() -> None:
    with pytest.raises(ValueError, match="origins"):
        RouteSpec("/api", [])


def test_an_origin_knows_its_hostname() -> None:
    assert AWS.hostname == "demo-edge-aws.example.com"
