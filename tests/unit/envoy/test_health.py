"""Where an edge says whether an upstream is healthy."""

from __future__ import annotations

from trunkline.envoy import KeyGuard, LoopbackListener
from trunkline.envoy.health import health_filters, health_routes
from trunkline.envoy.resources import resources
from trunkline.model import DEFAULT_FORWARDING, Server, Upstream

SERVICE = Upstream([Server("10.0.1.20", 8080, False)])


def test_the_filters_are_off_but_for_their_routes() -> None:
    filters, routes = list(health_filters([None, "models"])), list(health_routes([None, "models"]))
    assert all(each["disabled"] for each in filters)
    for made, route in zip(filters, routes, strict=True):
        assert made["typed_config"]["headers"] == route["match"]["headers"]
        assert list(route["typed_per_filter_config"]) == [made["name"]]
    asked = [route["match"]["headers"][0]["string_match"]["exact"] for route in routes]
    assert asked == ["/healthz", "/healthz/models"]


def test_only_who_has_the_key_comes_to_their_routes() -> None:
    made = resources(
        site="aws",
        zone="use1-az1",
        cloud="aws",
        routes={"/": DEFAULT_FORWARDING},
        upstreams={None: SERVICE},
        listener=LoopbackListener(),
        guard=KeyGuard(["edge.example.com"]),
    )
    guarded, others = made.routes[0]["virtual_hosts"]
    assert [route["direct_response"] for route in others["routes"]] == [{"status": 403}]
    first = guarded["routes"][0]
    assert first["direct_response"] == {"status": 403}
    assert first["match"]["headers"][0]["name"] == "trunkline-edge-key"
    assert any(
        "health_check" in r.get("typed_per_filter_config", {}) for r in guarded["routes"][1:]
    )
