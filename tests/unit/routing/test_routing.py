"""What holds for every strategy."""

from __future__ import annotations

import pytest

from trunkline.documents.schema import load_schema
from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_STRATEGY
from trunkline.routing import (
    STRATEGIES,
    Origin,
    RouteSpec,
    VirtualHost,
    routing_spec,
    strategies_where,
    workerd_script,
)

AWS = Origin("aws", "https://demo-edge-aws.example.com")
HOST = VirtualHost(name="demo", hostname="api.example.com", routes=[RouteSpec("/api", [AWS])])
SCHEMA = load_schema("topology")


def test_the_schema_and_the_registry_name_the_same_strategies() -> None:
    strategy = SCHEMA["properties"]["routing"]["properties"]["strategy"]
    assert sorted(strategy["enum"]) == sorted(STRATEGIES)
    assert strategy["default"] == DEFAULT_STRATEGY


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_keeps_the_hostname(strategy: str) -> None:
    assert routing_spec(HOST, strategy).hostname == "api.example.com"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_runs_in_workerd_or_names_one_that_does(strategy: str) -> None:
    if STRATEGIES[strategy].runs_in_workerd:
        assert workerd_script(HOST, strategy).content
    else:
        with pytest.raises(ConfigurationError, match=f"{strategy} needs Cloudflare: use worker"):
            workerd_script(HOST, strategy)


def test_the_default_strategy_serves_everywhere_and_costs_nothing() -> None:
    default = STRATEGIES[DEFAULT_STRATEGY]
    assert default.on_every_plan and default.runs_in_workerd and default.fails_over


def test_a_sentence_names_the_strategies_that_fit() -> None:
    assert strategies_where(lambda strategy: strategy.plan == "enterprise") == "origin_rules"
    assert strategies_where(lambda strategy: True) == "worker or load_balancer or origin_rules"


def test_an_unknown_strategy_names_the_known_ones() -> None:
    known = "load_balancer, origin_rules, worker"
    with pytest.raises(ConfigurationError, match=f"'magic': use one of {known}"):
        routing_spec(HOST, "magic")


@pytest.mark.parametrize(("given", "kept"), [("/api/", "/api"), ("/", "/"), ("/api", "/api")])
def test_a_route_has_no_trailing_slash(given: str, kept: str) -> None:
    assert RouteSpec(given, [AWS]).prefix == kept


def test_a_route_has_an_origin() -> None:
    with pytest.raises(ValueError, match="origins"):
        RouteSpec("/api", [])


def test_an_origin_knows_its_hostname() -> None:
    assert AWS.hostname == "demo-edge-aws.example.com"
