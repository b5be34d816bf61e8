"""What `validate` says of a routing strategy follows from what the strategy declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trunkline import routing as strategies
from trunkline.documents.findings import Problem, show_path
from trunkline.model import Plan
from trunkline.routing import STRATEGIES, Excess, Strategy
from trunkline.topology.checks import routing, sizes, zone
from trunkline.topology.checks.partial import PartialTopology


def new_strategy(monkeypatch: pytest.MonkeyPatch, **declared: Any) -> None:
    """Register the strategy `new` with what it declares."""
    options = {
        "name": "new",
        "spec": STRATEGIES["origin_rules"].spec,
        "fails_over": True,
        "spreads": True,
        "hedges": True,
        "sets_headers": True,
        "writes_analytics": True,
        "runs_worker": True,
        **declared,
    }
    registry = {**strategies.STRATEGIES, "new": Strategy(**options)}
    monkeypatch.setattr(strategies, "STRATEGIES", registry)
    monkeypatch.setattr(routing, "STRATEGIES", registry)


def found(
    check: Callable[[PartialTopology], Iterator[Problem]],
    failover: tuple[str, ...] = (),
    strategy: str | None = "new",
    **sections: Any,
) -> list[str]:
    """The findings of a check, for one route and the sections given."""
    routes = {"/a": {"site": "aws", "failover": list(failover)}}
    data = {
        "name": "t",
        "domain": "example.com",
        "sites": {"aws": {"cloud": "aws"}},
        "routing": {"strategy": strategy, "routes": routes},
        **(sections or {"cloudflare": {}}),
    }
    problems = check(PartialTopology(data, lambda _: 1))
    return [f"{show_path(each.path)}: {each.message}; {each.remedy}" for each in problems]


@pytest.mark.parametrize(
    ("plan", "missing"),
    [(None, True), ("free", True), ("pro", True), ("business", False), ("enterprise", False)],
)
def test_a_plan_includes_what_lower_plans_include(
    plan: Plan | None, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_strategy(monkeypatch, plan="business")
    cloudflare = {"plan": plan} if plan else {}
    finding = (
        f"routing.strategy: new needs the business plan, and the plan is {plan or 'free'}; "
        "use worker, which every plan includes"
    )
    assert found(routing.plan_includes_strategy, cloudflare=cloudflare) == [finding] * missing


def test_a_strategy_may_need_an_add_on(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, add_ons=("smart_routing",))
    assert found(routing.add_ons_include_strategy) == [
        "routing.strategy: new needs the add-on smart_routing; "
        "buy it and add it to cloudflare.add_ons, or use worker"
    ]
    bought = {"add_ons": ["smart_routing"]}
    assert not found(routing.add_ons_include_strategy, cloudflare=bought)


def test_a_strategy_may_be_unable_to_fail_over(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, fails_over=False)
    assert not found(routing.strategy_fails_over)
    assert found(routing.strategy_fails_over, failover=("google",)) == [
        'routing.routes."/a".failover: new cannot fail over; '
        "delete failover, or use the strategy worker or load_balancer"
    ]


def test_a_strategy_may_wait_for_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, hedges=False)
    routes = {"/a": {"site": "aws", "failover": ["google"], "hedge": True}}
    assert found(routing.strategy_hedges, routing={"strategy": "new", "routes": routes}) == [
        'routing.routes."/a".hedge: new waits for every answer; '
        "delete hedge, or use the strategy worker"
    ]
    assert not found(routing.strategy_hedges)


def test_a_strategy_may_reach_tunnels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, exposures=("tunnel",))
    public: dict[str, Any] = {"edge": {"exposure": "public"}, "cloudflare": {}}
    assert found(routing.strategy_reaches_edges, **public) == [
        "routing.strategy: new reaches no edge that is public; "
        "use edge.exposure tunnel, or the strategy worker or origin_rules"
    ]
    assert not found(routing.strategy_reaches_edges)


def test_a_strategy_may_reach_one_public_edge_of_a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, spreads=False)
    edge = {"exposure": "public", "replicas": 2}
    assert found(routing.strategy_spreads, edge=edge) == [
        "edge.replicas: new reaches one public edge of a site; "
        "use exposure: tunnel, which leads to all, the strategy worker, or delete it"
    ]
    assert not found(routing.strategy_spreads, edge={**edge, "replicas": 1})
    assert not found(routing.strategy_spreads, edge={**edge, "exposure": "tunnel"})
    new_strategy(monkeypatch, spreads=False, exposures=("tunnel",))
    assert not found(routing.strategy_spreads, edge=edge), "another finding says more"


def test_a_strategy_may_run_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"strategy": "new", "routes": {}, "placement": "smart", "log_sampling": 0}
    new_strategy(monkeypatch)
    assert not found(zone.strategy_runs_worker, routing=wanted)
    new_strategy(monkeypatch, runs_worker=False)
    assert found(zone.strategy_runs_worker, routing=wanted) == [
        f"routing.{key}: new runs no Worker; delete it, or use the strategy worker"
        for key in ("placement", "log_sampling")
    ]


def test_a_strategy_may_know_no_fastest_site(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch)
    wanted = {"strategy": "new", "routes": {}, "steering": "latency"}
    assert found(routing.strategy_steers, routing=wanted) == [
        "routing.steering: new knows no fastest site; delete it, or use the strategy load_balancer"
    ]
    assert not found(routing.strategy_steers, routing={**wanted, "steering": "order"})
    assert not found(routing.strategy_steers)


@pytest.mark.parametrize("plan", ["pro", "enterprise"])
def test_a_steering_may_need_a_plan(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, steerings={"order": "free", "latency": "enterprise"})
    wanted = {"strategy": "new", "routes": {}, "steering": "latency"}
    finding = (
        f"routing.steering: latency needs the enterprise plan, and the plan is {plan}; "
        "delete it, so that sites answer in the order of their routes"
    )
    said = found(routing.strategy_steers, routing=wanted, cloudflare={"plan": plan})
    assert said == [finding] * (plan != "enterprise")


def test_steering_needs_a_route_with_two_sites() -> None:
    wanted = {"routes": {"/a": {"site": "aws"}}, "steering": "latency"}
    assert found(routing.steering_has_a_choice, routing=wanted) == [
        "routing.steering: no route has failover, so each has one site that can answer; "
        "add failover, or delete it"
    ]
    chosen = {"routes": {"/a": {"site": "aws", "failover": ["google"]}}, "steering": "latency"}
    assert not found(routing.steering_has_a_choice, routing=chosen)
    assert not found(routing.steering_has_a_choice)


def test_a_strategy_may_set_no_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, sets_headers=False)
    routes = {"/a": {"site": "aws"}}
    wanted = {"strategy": "new", "routes": routes, "hsts_seconds": 60}
    assert found(routing.strategy_sets_headers, routing=wanted) == [
        "routing.hsts_seconds: new sets no headers; delete it, or use the strategy worker"
    ]
    assert not found(routing.strategy_sets_headers)


def test_a_strategy_may_write_no_analytics(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, writes_analytics=False)
    wanted = {"strategy": "new", "routes": {}, "analytics": True}
    assert found(routing.strategy_writes_analytics, routing=wanted) == [
        "routing.analytics: new writes no analytics; delete it, or use the strategy worker"
    ]
    assert not found(routing.strategy_writes_analytics)


def test_a_strategy_may_need_cloudflare_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    new_strategy(monkeypatch, plan="business", add_ons=("smart_routing",))
    assert found(routing.strategy_runs_on_this_machine, local={}) == [
        "routing.strategy: new needs Cloudflare, and a local topology has none; use worker"
    ]
    assert not found(routing.strategy_runs_on_this_machine)
    for check in (routing.plan_includes_strategy, routing.add_ons_include_strategy):
        assert not found(check, local={})


def test_a_strategy_says_what_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_most_no_route(routes: Any, plan: Plan | None) -> Iterator[Excess]:
        assert plan == "free"
        yield Excess(f"{routes[0].prefix} at {routes[0].origins[0].url} is too much", "use none")

    new_strategy(monkeypatch, oversized=at_most_no_route)
    assert found(sizes.routes_fit_the_strategy) == [
        "routing.routes: /a at https://t-edge-aws.example.com is too much; use none"
    ]


@pytest.mark.parametrize(
    "check",
    [
        routing.plan_includes_strategy,
        routing.add_ons_include_strategy,
        routing.strategy_fails_over,
        routing.strategy_runs_on_this_machine,
        sizes.routes_fit_the_strategy,
    ],
)
def test_a_strategy_that_was_refused_is_not_taken_for_the_default(
    check: Callable[[PartialTopology], Iterator[Problem]], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_strategy(
        monkeypatch,
        plan="business",
        add_ons=("smart_routing",),
        fails_over=False,
        oversized=lambda *_: [Excess("too much", "use none")],
    )
    monkeypatch.setattr(routing, "DEFAULT_STRATEGY", "new")
    sections: dict[str, Any] = {"cloudflare": {}, "local": {}}
    assert found(check, failover=("google",), **sections)
    assert not found(check, failover=("google",), strategy=None, **sections)
