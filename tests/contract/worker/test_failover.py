"""What the Worker does when a site fails: another site, once, and never twice for a POST."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.loopback import answer, ask, disconnect, eventually, hang

UNAVAILABLE = (502, 503, 504, 520, 524, 527, 530)


def timed(port: int, target: str = "/api/v5", **kwargs: Any) -> tuple[str | None, float]:
    """The site that answered, and after how many seconds."""
    start = time.monotonic()
    reply = ask(port, target, **kwargs)
    return reply.headers.get("trunkline-site"), time.monotonic() - start


@pytest.mark.parametrize("status", UNAVAILABLE)
def test_an_unavailable_site_is_passed_over(world: Any, status: int) -> None:
    world.aws.behave = answer(status)
    reply = ask(world.port, "/api/v5?q=1")
    assert (reply.status, reply.headers["trunkline-site"]) == (200, "google")
    assert world.google.hits[0].target == "/api/v5?q=1"


@pytest.mark.parametrize("status", [400, 404, 429, 500, 501, 529])
def test_other_errors_are_the_answer(world: Any, status: int) -> None:
    world.aws.behave = answer(status)
    reply = ask(world.port, "/api/v5")
    assert (reply.status, reply.headers["trunkline-site"]) == (status, "aws")
    assert not world.google.hits


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_killed_site_costs_next_to_nothing(world: Any, method: str) -> None:
    world.aws.kill()
    site, seconds = timed(world.port, method=method)
    assert site == "google"
    assert seconds < 0.5


@pytest.mark.slow
def test_a_hung_site_costs_its_timeout(world: Any) -> None:
    world.aws.behave = hang()
    site, seconds = timed(world.port)
    assert site == "google"
    assert 0.9 < seconds < 2


def test_sites_are_tried_in_their_order(world: Any) -> None:
    world.aws.kill()
    world.google.behave = disconnect
    assert timed(world.port)[0] == "azure"


@pytest.mark.slow
def test_the_last_site_may_take_its_time(world: Any) -> None:
    world.google.behave = lambda handler: (hang(1.5)(handler), answer()(handler))
    assert ask(world.port, "/api/v6").status == 200


def test_the_last_answer_counts_when_all_fail(world: Any) -> None:
    world.aws.behave = world.google.behave = answer(503)
    world.azure.behave = answer(530, b"tunnel")
    reply = ask(world.port, "/api/v5")
    assert (reply.status, reply.body) == (530, b"tunnel")
    assert reply.headers["trunkline-site"] == "azure"


def test_nobody_answers(world: Any) -> None:
    world.google.kill()
    reply = ask(world.port, "/api/v6")
    assert (reply.status, json.loads(reply.body)) == (502, {"error": "no site answered"})


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
@pytest.mark.parametrize(("behave", "status"), [(answer(503), 503), (disconnect, 502)])
def test_a_request_with_a_body_is_never_replayed(
    world: Any, behave: Any, status: int, method: str
) -> None:
    world.aws.behave = behave
    assert ask(world.port, "/api/v5", method=method, body=b"pay").status == status
    assert [len(world.aws.hits), len(world.google.hits), len(world.azure.hits)] == [1, 0, 0]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_changes_something_is_never_replayed(world: Any, method: str) -> None:
    world.aws.behave = answer(503)
    assert ask(world.port, "/api/v5", method=method).status == 503
    assert not world.google.hits


@pytest.mark.slow
def test_a_post_has_no_timeout(world: Any) -> None:
    world.aws.behave = lambda handler: (hang(1.5)(handler), answer()(handler))
    reply = ask(world.port, "/api/v5", method="POST", body=b"think")
    assert (reply.status, reply.headers["trunkline-site"]) == (200, "aws")


def open_breaker(world: Any) -> None:
    world.aws.behave = answer(503)
    for _ in range(3):
        assert timed(world.port)[0] == "google"
    world.aws.hits.clear()
    world.google.hits.clear()


@pytest.mark.slow
def test_a_hung_site_costs_its_timeout_only_until_the_breaker_opens(world: Any) -> None:
    world.aws.behave = hang()
    seconds = [timed(world.port)[1] for _ in range(6)]
    assert [duration > 0.9 for duration in seconds] == [True] * 3 + [False] * 3
    assert len(world.aws.hits) == 3


def test_an_open_breaker_sends_a_post_straight_to_a_healthy_site(world: Any) -> None:
    open_breaker(world)
    site, _ = timed(world.port, method="POST", body=b"pay")
    assert site == "google"
    assert [len(world.aws.hits), len(world.google.hits)] == [0, 1]


def test_a_client_cannot_open_a_breaker(world: Any) -> None:
    for _ in range(4):
        assert ask(world.port, "/api/v5", method="GET", body=b"odd").status == 400
    assert timed(world.port)[0] == "aws"


def test_failures_must_follow_one_another(world: Any) -> None:
    for status in (503, 503, 200, 503, 503, 200):
        world.aws.behave = answer(status)
        timed(world.port)
    assert len(world.aws.hits) == 6


def test_all_open_means_all_are_tried(world: Any) -> None:
    world.aws.behave = world.google.behave = world.azure.behave = answer(503)
    for _ in range(4):
        assert ask(world.port, "/api/v5").status == 503
    assert [len(world.aws.hits), len(world.google.hits), len(world.azure.hits)] == [4, 4, 4]


@pytest.mark.slow
def test_one_try_after_ten_seconds_closes_the_breaker_or_not(world: Any) -> None:
    open_breaker(world)
    eventually(lambda: bool(timed(world.port) and world.aws.hits), 12)
    assert timed(world.port)[0] == "google"
    assert len(world.aws.hits) == 1  # the try failed: closed again for another period
    world.aws.behave = answer()
    eventually(lambda: timed(world.port)[0] == "aws", 12)
    assert [timed(world.port)[0] for _ in range(3)] == ["aws"] * 3


@pytest.mark.slow
def test_only_one_request_at_a_time_tries_a_failed_site(world: Any) -> None:
    open_breaker(world)
    world.aws.behave = hang()
    time.sleep(10.2)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(timed, world.port)
        eventually(lambda: bool(world.aws.hits))
        assert timed(world.port)[1] < 0.5
        assert first.result()[1] > 0.9
    assert len(world.aws.hits) == 1


@pytest.mark.slow
def test_a_post_leaves_the_first_try_to_others(world: Any) -> None:
    open_breaker(world)
    time.sleep(10.5)
    assert timed(world.port, method="POST", body=b"pay")[0] == "google"
    world.aws.behave = answer()
    time.sleep(10)
    # Where nothing but POST comes in, somebody has to find out.
    assert timed(world.port, method="POST", body=b"pay")[0] == "aws"
