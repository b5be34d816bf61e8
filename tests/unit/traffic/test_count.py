"""What Analytics Engine's double answers to what is asked, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from attrs import evolve
from doubles.services.analytics_engine import AnalyticsEngine
from support.analytics import TOKEN, point, served
from support.examples import ROOT, THREE
from support.loopback import answer, free_port, hang, service

from trunkline.model import Cloudflare, Topology
from trunkline.topology import load
from trunkline.traffic import sql_api
from trunkline.traffic.count import count
from trunkline.traffic.counted import NOTHING
from trunkline.traffic.query import TrafficQuery
from trunkline.traffic.span import Span, TrafficError

DAY = Span(1, "d")
ACCOUNT = "0123456789abcdef0123456789abcdef"
Env = Mapping[str, str]


@pytest.fixture(scope="module")
def topology() -> Topology:
    three = load(THREE)
    return evolve(three, routing=evolve(three.routing, analytics=True))


@pytest.fixture
def engine() -> AnalyticsEngine:
    return AnalyticsEngine(ACCOUNT, TOKEN)


@pytest.fixture
def env(engine: AnalyticsEngine) -> Iterator[Env]:
    with served(engine) as found:
        yield found


def write(engine: AnalyticsEngine, *points: dict[str, object], sampled: int = 1) -> None:
    for each in points:
        engine.write("three_clouds", each, sampled)


def test_requests_errors_and_failovers_are_counted_by_route_and_site(
    topology: Topology, engine: AnalyticsEngine, env: Env
) -> None:
    write(
        engine,
        *(point(route="/api/v5", milliseconds=float(n)) for n in range(1, 101)),
        point(route="/api/v5", site="google", failed="aws: UH", milliseconds=50.0),
        point(route="/api/v6", site="", failed="google: UH, aws: 530", status=503.0),
        point(route="/api/v6", status=499.0),
    )
    found = count(topology, env, since=DAY, by=("route", "site"))
    rows = {tuple(group.keys.values()): group.figures for group in found.groups}
    assert next(iter(rows)) == ("/api/v5", "aws")
    first = rows["/api/v5", "aws"]
    assert (first.requests, first.errors, first.failovers) == (100, 0, 0)
    assert (first.p50_ms, first.p95_ms, first.p99_ms) == (50, 95, 99)
    assert rows["/api/v5", "google"].failovers == 1
    broken = rows["/api/v6", ""]
    assert (broken.requests, broken.errors, broken.failovers) == (1, 1, 0)
    assert (found.total.requests, found.total.errors, found.total.failovers) == (103, 1, 1)


def test_a_row_of_a_sample_stands_for_all_of_its_requests(
    topology: Topology, engine: AnalyticsEngine, env: Env
) -> None:
    write(engine, point(milliseconds=10.0), sampled=99)
    write(engine, point(milliseconds=500.0, status=500.0))
    total = count(topology, env, since=DAY).total
    assert (total.requests, total.errors, total.p95_ms, total.p99_ms) == (100, 1, 10, 10)


def test_intervals_come_in_their_order(
    topology: Topology, engine: AnalyticsEngine, env: Env
) -> None:
    write(engine, point(30), point(7_300), point(7_300), point(90_000))
    found = count(topology, env, since=DAY, every=Span(1, "h"), by=("site",))
    assert [group.figures.requests for group in found.groups] == [2, 1]
    times = [group.time for group in found.groups]
    assert times == sorted(times) and all(time.endswith(":00:00") for time in times)


def test_a_site_and_a_route_can_count_alone(
    topology: Topology, engine: AnalyticsEngine, env: Env
) -> None:
    write(engine, point(route="/api/v5"), point(route="/api/v5", site="azure"), point(route=""))
    found = count(topology, env, since=DAY, site="aws", route="/api/v5/", by=("status",))
    assert [group.as_dict()["status"] for group in found.groups] == ["200"]
    assert found.total.requests == 1
    assert found.only == {"route": "/api/v5", "site": "aws"}


def test_a_time_without_requests_is_no_error(
    topology: Topology, engine: AnalyticsEngine, env: Env
) -> None:
    write(engine, point(7_200))
    found = count(topology, env, since=Span(1, "h"), by=("site",))
    assert (found.total, found.groups) == (NOTHING, ())


def test_what_is_asked_of_the_topology_alone_comes_into_the_statement(
    topology: Topology, env: Env
) -> None:
    wrong_ones: tuple[dict[str, Any], ...] = (
        {"site": "x' OR '1'='1"},
        {"route": "/nowhere"},
        {"by": ("blob9",)},
    )
    for wrong in wrong_ones:
        with pytest.raises(TrafficError, match=r"the topology has|use one of"):
            count(topology, env, since=DAY, **wrong)


def test_a_dataset_without_data_points_is_said(topology: Topology, env: Env) -> None:
    with pytest.raises(TrafficError, match=r"nothing was counted yet: .* no dataset three_clouds"):
        count(topology, env, since=DAY)


def test_a_topology_that_does_not_count_says_how_it_would(env: Env) -> None:
    with pytest.raises(TrafficError, match=r"does not count; set routing.analytics to true"):
        count(load(THREE), env, since=DAY)


@pytest.mark.parametrize("strategy", ["origin_rules", "load_balancer"])
def test_a_strategy_without_a_worker_counts_nothing(topology: Topology, strategy: str) -> None:
    other = evolve(topology, routing=evolve(topology.routing, strategy=strategy))
    with pytest.raises(TrafficError, match=f"{strategy} counts nothing; use the strategy worker"):
        count(other, {}, since=DAY)


def test_this_machine_has_no_cloudflare() -> None:
    local = load(ROOT / "topologies" / "local.yaml")
    with pytest.raises(TrafficError, match="there is no Cloudflare that counts"):
        count(local, {}, since=DAY)


def test_a_missing_token_is_named_with_its_permission(topology: Topology) -> None:
    with pytest.raises(TrafficError, match="CLOUDFLARE_API_TOKEN is not set: make a token with"):
        count(topology, {}, since=DAY)


def test_a_broken_token_is_not_printed(topology: Topology) -> None:
    with pytest.raises(TrafficError, match="a character that no token has") as caught:
        count(topology, {"CLOUDFLARE_API_TOKEN": "sec\nret"}, since=DAY)
    assert "ret" not in str(caught.value).replace("secret", "")


def test_a_wrong_token_gets_cloudflares_words_and_the_permission(
    topology: Topology, env: Env
) -> None:
    with pytest.raises(TrafficError, match=r"\(Authentication error\).*Account Analytics: Read"):
        count(topology, {**env, "CLOUDFLARE_API_TOKEN": "other"}, since=DAY)


def test_another_account_is_not_found(topology: Topology, env: Env) -> None:
    assert isinstance(topology.ingress, Cloudflare)
    other = evolve(topology, ingress=evolve(topology.ingress, account_id="f" * 32))
    with pytest.raises(TrafficError, match="status 404: Could not route"):
        count(other, env, since=DAY)


def test_cloudflares_own_words_on_a_statement_are_said(
    topology: Topology, engine: AnalyticsEngine, env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(engine, point())
    monkeypatch.setattr(TrafficQuery, "sql", "SELECT uniq(blob1) AS requests FROM three_clouds")
    with pytest.raises(TrafficError, match="refuses the question: unknown function call: uniq"):
        count(topology, env, since=DAY)


def test_nobody_who_answers_is_said(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    env = {"CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_BASE_URL": url}
    with pytest.raises(TrafficError, match=r"does not answer: .*refused"):
        count(topology, env, since=DAY)
    monkeypatch.setattr(sql_api, "PATIENCE", 0.2)
    with service() as far:
        far.behave = hang(1)
        with pytest.raises(TrafficError, match="does not answer within"):
            count(topology, {**env, "CLOUDFLARE_BASE_URL": far.url}, since=DAY)


@pytest.mark.parametrize(
    "said",
    [b"<html>", b"[]", b'{"data": [{}]}', b'{"data": [{"requests": "x"}]}', b'{"data": [1]}'],
)
def test_an_answer_of_something_else_cannot_be_read(topology: Topology, said: bytes) -> None:
    with service() as far:
        far.behave = answer(200, said)
        env = {"CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_BASE_URL": far.url}
        with pytest.raises(TrafficError, match="cannot be read"):
            count(topology, env, since=DAY)


def test_a_failure_of_cloudflare_is_said_with_its_words(topology: Topology) -> None:
    with service() as far:
        far.behave = answer(503, b"upstream\x1b[0m timed out")
        env = {"CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_BASE_URL": far.url}
        with pytest.raises(TrafficError, match=r"status 503: upstream\\x1b\[0m timed out"):
            count(topology, env, since=DAY)
