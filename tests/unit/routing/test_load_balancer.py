"""Routes become the pools and rules of a load balancer."""

from __future__ import annotations

import pytest

from trunkline.routing import LoadBalancerRouting, Origin, RouteSpec, VirtualHost
from trunkline.routing.load_balancer import load_balancer, oversized

AWS = Origin("aws", "https://demo-edge-aws.example.com")
GOOGLE = Origin("google", "https://demo-edge-google.example.com")


def made(*routes: RouteSpec) -> LoadBalancerRouting:
    return load_balancer(VirtualHost(name="demo", hostname="api.example.com", routes=routes))


def test_the_longest_prefix_comes_first_and_the_last_route_is_the_default() -> None:
    routes = [RouteSpec("/", [GOOGLE]), RouteSpec("/a", [AWS]), RouteSpec("/a/b", [GOOGLE, AWS])]
    spec = made(*routes)
    assert [rule.prefix for rule in spec.rules] == ["/a/b", "/a"]
    assert spec.rules[0].pools == ("demo-google", "demo-aws")
    assert spec.default == ("demo-google",)
    assert 'starts_with(http.request.uri.path, "/a/b/")' in spec.rules[0].expression


def test_each_site_has_a_pool_for_each_health_of_its_routes() -> None:
    models = RouteSpec("/models", [AWS], health="/healthz/models")
    spec = made(RouteSpec("/", [AWS, GOOGLE]), RouteSpec("/b", [AWS]), models)
    found = {pool.name: (pool.site, pool.health) for pool in spec.pools}
    assert found == {
        "demo-aws": ("aws", "/healthz"),
        "demo-google": ("google", "/healthz"),
        "demo-aws-models": ("aws", "/healthz/models"),
    }
    assert {pool.tunnel for pool in spec.pools} == {"demo-edge-aws", "demo-edge-google"}


@pytest.mark.parametrize("plan", ["free", "pro", "business"])
def test_plans_below_enterprise_take_two_routes(plan: str) -> None:
    routes = [RouteSpec(prefix, [AWS]) for prefix in ("/a", "/b", "/c")]
    [excess] = oversized(routes, plan)  # type: ignore[arg-type]
    assert excess.message == f"load_balancer takes 2 routes on the plan {plan}, and here are 3"
    assert not [*oversized(routes[:2], plan)]  # type: ignore[arg-type]
    assert not [*oversized(routes, "enterprise")]
    assert not [*oversized(routes, None)]  # a construct does not know the plan
