"""Routes become Origin Rules."""

from __future__ import annotations

import pytest

from trunkline.errors import ConfigurationError
from trunkline.routing import Origin, OriginRule, RouteSpec, VirtualHost, routing_spec
from trunkline.routing.origin_rules import origin_rules

AWS = Origin("aws", "https://demo-edge-aws.example.com")
GOOGLE = Origin("google", "https://demo-edge-google.example.com")


def host(*routes: RouteSpec) -> VirtualHost:
    return VirtualHost(name="demo", hostname="api.example.com", routes=routes)


def rules(*routes: RouteSpec) -> tuple[OriginRule, ...]:
    return origin_rules(host(*routes)).rules


def test_a_rule_matches_whole_segments_of_one_hostname() -> None:
    (rule,) = rules(RouteSpec("/api/v5", [AWS]))
    assert rule.expression == (
        '(http.host eq "api.example.com" and (http.request.uri.path eq "/api/v5"'
        ' or starts_with(http.request.uri.path, "/api/v5/")))'
    )
    assert (rule.prefix, rule.hostname) == ("/api/v5", "demo-edge-aws.example.com")
    assert "aws" in rule.description


def test_the_root_matches_every_path() -> None:
    (rule,) = rules(RouteSpec("/", [AWS]))
    assert rule.expression == '(http.host eq "api.example.com")'


def test_the_longest_prefix_stands_last_because_later_rules_override() -> None:
    made = rules(*(RouteSpec(p, [AWS]) for p in ("/api/v5/models", "/", "/b", "/api/v5", "/a")))
    assert [rule.prefix for rule in made] == ["/", "/a", "/b", "/api/v5", "/api/v5/models"]


def test_failover_needs_another_strategy() -> None:
    failing_over = host(
        RouteSpec("/api/v5", [AWS, GOOGLE]),
        RouteSpec("/api/v6", [AWS]),
        RouteSpec("/x", [GOOGLE, AWS]),
    )
    with pytest.raises(ConfigurationError, match=r"/api/v5, /x, or use the strategy worker"):
        routing_spec(failing_over, "origin_rules")
