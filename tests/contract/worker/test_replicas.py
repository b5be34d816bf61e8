"""What the Worker does where a site has several public edges: they share its requests."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from support.loopback import answer, ask, disconnect, eventually

SITES = {"/api": ["aws", "google"]}


@pytest.fixture
def world(start: Any) -> Any:
    """The second edge of the site aws stands where other tests have azure."""
    return start(SITES, spares={"azure": "aws"})


def edges(world: Any) -> list[int]:
    """How many requests came to both edges of aws, and to that of google."""
    return [len(edge.hits) for edge in (world.aws, world.azure, world.google)]


def sites(world: Any, count: int = 20, **kwargs: Any) -> Counter[str]:
    """The sites that answered, all with 200."""
    replies = [ask(world.port, "/api", **kwargs) for _ in range(count)]
    assert {reply.status for reply in replies} == {200}
    return Counter(reply.headers["trunkline-site"] for reply in replies)


def known(world: Any) -> None:
    """Wait until the Worker has asked every edge for its health."""
    ask(world.port, "/api")
    eventually(lambda: all(each.checks for each in (world.aws, world.azure, world.google)))
    time.sleep(0.1)  # until it has read the answers
    for each in (world.aws, world.azure, world.google):
        each.forget()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_edges_of_a_site_share_its_requests(world: Any, method: str) -> None:
    assert sites(world, 40, method=method) == {"aws": 40}
    first, second, other = edges(world)
    assert min(first, second) >= 5, "one of them gets nearly all"
    assert (first + second, other) == (40, 0)


def test_an_edge_that_is_down_is_passed_over_for_another_one_of_its_site(world: Any) -> None:
    world.aws.kill()
    assert sites(world) == {"aws": 20}
    assert edges(world)[1:] == [20, 0]


def test_a_request_that_fails_is_sent_to_another_edge_of_the_site_first(world: Any) -> None:
    world.aws.behave = disconnect  # and says that it is healthy
    assert sites(world) == {"aws": 20}
    assert edges(world)[1:] == [20, 0]


def test_what_is_sent_once_goes_to_the_healthy_edge(world: Any) -> None:
    world.azure.fail(answer(503))
    known(world)
    assert sites(world, method="POST", body=b"pay") == {"aws": 20}
    assert edges(world) == [20, 0, 0]


def test_another_site_answers_when_all_edges_of_one_are_down(world: Any) -> None:
    world.aws.kill()
    world.azure.kill()
    assert sites(world) == {"google": 20}
    assert sites(world, 5, method="POST", body=b"pay") == {"google": 5}


def test_a_site_without_another_one_has_its_own_edges_to_go_on_with(start: Any) -> None:
    world = start({"/api": ["aws"]}, spares={"azure": "aws"})
    world.azure.kill()
    assert sites(world) == {"aws": 20}
    assert edges(world) == [20, 0, 0]
