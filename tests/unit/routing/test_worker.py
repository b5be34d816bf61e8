"""The Worker's bindings, and that its script says nothing of a topology."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trunkline.errors import ConfigurationError
from trunkline.routing import Origin, RouteSpec, Script, VirtualHost, routing_spec
from trunkline.routing.worker import script as worker_script

SITES = {name: Origin(name, f"https://demo-edge-{name}.example.com") for name in ("aws", "google")}


def host(*routes: RouteSpec, name: str = "demo", **kwargs: Any) -> VirtualHost:
    return VirtualHost(name=name, hostname="api.example.com", routes=routes, **kwargs)


def script(*routes: RouteSpec, **kwargs: Any) -> Script:
    return worker_script(host(*routes, **kwargs))


def test_bindings_hold_routes_origins_and_timeout() -> None:
    made = script(
        RouteSpec("/api/v5", [SITES["aws"], SITES["google"]], hedge=True),
        RouteSpec("/api/v6/", [SITES["google"]], health="/healthz/models"),
        timeout_seconds=7,
    )
    assert json.loads(made.bindings["ROUTES"]) == {
        "/api/v5": ["aws", "google"],
        "/api/v6": ["google"],
    }
    assert json.loads(made.bindings["ORIGINS"]) == {
        "aws": "https://demo-edge-aws.example.com",
        "google": "https://demo-edge-google.example.com",
    }
    assert made.bindings["TIMEOUT_MS"] == "7000"
    assert json.loads(made.bindings["HEDGED"]) == ["/api/v5"]
    assert json.loads(made.bindings["HEALTH"]) == {"/api/v6": "/healthz/models"}
    others = {"ROUTES", "ORIGINS", "HEDGED", "HEALTH", "TIMEOUT_MS"}
    assert set(made.bindings) == {*others, "HSTS_SECONDS"}


def test_the_script_is_the_same_for_every_topology() -> None:
    one = script(RouteSpec("/a", [SITES["aws"]]))
    other = script(RouteSpec("/b", [SITES["google"]]), name="other", timeout_seconds=1)
    assert one.content == other.content
    assert one.main_module == "worker.js" and "export default" in one.content
    assert (one.name, other.name) == ("demo-routing", "other-routing")


def test_fifty_routes_with_three_sites_fit_into_a_binding() -> None:
    sites = [Origin(name, f"https://{name}.example.com") for name in ("aws", "google", "azure")]
    made = script(*(RouteSpec(f"/api/service-{n}", sites) for n in range(50)))
    assert len(json.loads(made.bindings["ROUTES"])) == 50


def test_a_binding_that_cloudflare_would_refuse() -> None:
    routes = [RouteSpec(f"/{'x' * 120}{n}", [SITES["aws"]]) for n in range(50)]
    with pytest.raises(ConfigurationError, match=r"routes make \d+ bytes, .*: use fewer routes"):
        routing_spec(host(*routes))


def test_a_site_with_spares_has_the_urls_of_all_its_edges() -> None:
    aws = Origin("aws", "https://a.example.com", ["https://a-2.example.com"])
    made = script(RouteSpec("/a", [aws, SITES["google"]]), RouteSpec("/b", [aws]))
    assert json.loads(made.bindings["ORIGINS"]) == {
        "aws": ["https://a.example.com", "https://a-2.example.com"],
        "google": "https://demo-edge-google.example.com",
    }
    assert json.loads(made.bindings["ROUTES"]) == {"/a": ["aws", "google"], "/b": ["aws"]}


def test_a_site_has_the_same_spares_in_every_route() -> None:
    spread = Origin("aws", SITES["aws"].url, ["https://a-2.example.com"])
    with pytest.raises(ConfigurationError, match="site 'aws' has two origins"):
        script(RouteSpec("/a", [SITES["aws"]]), RouteSpec("/b", [spread]))


def test_a_site_has_one_origin() -> None:
    elsewhere = Origin("aws", "https://other.example.com")
    with pytest.raises(ConfigurationError, match="site 'aws' has two origins"):
        script(RouteSpec("/a", [SITES["aws"]]), RouteSpec("/b", [elsewhere]))
