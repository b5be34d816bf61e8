"""What the Worker does when a site fails: another site, once, and never twice for a POST.

An edge says of an answer whether it is its own, by its response flags; Cloudflare says nothing.
"""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.loopback import Behaviour, answer, ask, disconnect, eventually, hang

UNAVAILABLE = (502, 503, 504, 520, 524, 527, 530)


def edges(status: int, flags: str = "-", body: bytes = b"edge") -> Behaviour:
    """An answer as an edge gives it: its service's own, or for a reason of Envoy's."""
    return answer(status, body, **{"trunkline-response-flags": flags})


def timed(port: int, target: str = "/api/v5", **kwargs: Any) -> tuple[str | None, float]:
    """The site that answered, and after how many seconds."""
    start = time.monotonic()
    reply = ask(port, target, **kwargs)
    return reply.headers.get("trunkline-site"), time.monotonic() - start


def post(world: Any) -> tuple[int, str | None]:
    """The status of a POST, and the site that answered."""
    reply = ask(world.port, "/api/v5", method="POST", body=b"pay")
    return reply.status, reply.headers.get("trunkline-site")


def hits(world: Any) -> list[int]:
    return [len(site.hits) for site in (world.aws, world.google, world.azure)]


# --- what is a failure


@pytest.mark.parametrize("status", UNAVAILABLE)
def test_what_cloudflare_answers_in_place_of_an_edge_is_passed_over(
    world: Any, status: int
) -> None:
    world.aws.behave = answer(status)
    reply = ask(world.port, "/api/v5?q=1")
    assert (reply.status, reply.headers["trunkline-site"]) == (200, "google")
    assert world.google.hits[0].target == "/api/v5?q=1"


@pytest.mark.parametrize("flags", ["UF", "UH", "UC", "DF", "OM", "UF,URX"])
def test_what_an_edge_answers_in_place_of_its_service_is_passed_over(
    world: Any, flags: str
) -> None:
    world.aws.behave = edges(503, flags)
    assert timed(world.port)[0] == "google"


@pytest.mark.parametrize("status", UNAVAILABLE)
def test_what_a_service_answers_itself_is_the_answer(world: Any, status: int) -> None:
    world.aws.behave = edges(status)
    reply = ask(world.port, "/api/v5")
    assert (reply.status, reply.headers["trunkline-site"]) == (status, "aws")
    assert hits(world) == [1, 0, 0]


@pytest.mark.parametrize("status", [400, 404, 429, 500, 501, 529])
def test_other_errors_are_the_answer(world: Any, status: int) -> None:
    world.aws.behave = answer(status)
    reply = ask(world.port, "/api/v5")
    assert (reply.status, reply.headers["trunkline-site"]) == (status, "aws")
    assert not world.google.hits


# --- another site


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_killed_site_costs_next_to_nothing(world: Any, method: str) -> None:
    world.aws.kill()
    site, seconds = timed(world.port, method=method)
    assert site == "google"
    assert seconds < 0.5


def test_sites_are_tried_in_their_order(world: Any) -> None:
    world.aws.kill()
    world.google.behave = disconnect
    assert timed(world.port)[0] == "azure"


def test_the_last_answer_counts_when_all_fail(world: Any) -> None:
    world.aws.behave = world.google.behave = edges(503, "UF")
    world.azure.behave = answer(530, b"tunnel")
    reply = ask(world.port, "/api/v5")
    assert (reply.status, reply.body) == (530, b"tunnel")
    assert reply.headers["trunkline-site"] == "azure"


def test_where_nobody_answers_a_client_learns_when_to_come_back(world: Any) -> None:
    world.google.kill()
    reply = ask(world.port, "/api/v6")
    assert (reply.status, json.loads(reply.body)) == (503, {"error": "no site answered"})
    assert reply.headers["retry-after"] == "2"


def test_sites_that_are_all_unhealthy_are_all_tried(world: Any) -> None:
    for site in (world.aws, world.google, world.azure):
        site.fail(answer(530))
    for _ in range(4):
        assert ask(world.port, "/api/v5").status == 530
    assert hits(world) == [4, 4, 4]


# --- slow and stalled


@pytest.mark.slow
def test_a_slow_answer_of_a_healthy_edge_is_waited_for(world: Any) -> None:
    world.aws.behave = lambda handler: (hang(4)(handler), edges(200)(handler))
    site, seconds = timed(world.port)
    assert site == "aws"
    assert seconds > 3.9
    assert hits(world) == [1, 0, 0]


@pytest.mark.slow
def test_a_stalled_edge_is_given_up_within_three_seconds(world: Any) -> None:
    world.aws.fail(hang())
    site, seconds = timed(world.port)
    assert site == "google"
    assert 1 < seconds < 3.5
    assert timed(world.port)[1] < 0.5  # it is known now


@pytest.mark.slow
def test_a_stalled_edge_costs_no_post_more_than_two_seconds(world: Any) -> None:
    world.aws.fail(hang())
    start = time.monotonic()
    assert post(world) == (200, "google")
    assert time.monotonic() - start < 2.5
    assert not world.aws.hits


@pytest.mark.slow
def test_a_hedged_route_asks_another_site_after_its_timeout(start: Any) -> None:
    routes = {"/api/v5": ["aws", "google"], "/api/v6": ["aws", "google"]}
    world = start(routes, hedged={"/api/v5"})
    world.aws.behave = lambda handler: (hang(3)(handler), edges(200)(handler))
    site, seconds = timed(world.port)
    assert site == "google"
    assert 0.9 < seconds < 2
    assert timed(world.port, "/api/v6")[0] == "aws"


@pytest.mark.slow
def test_the_last_site_may_take_its_time(world: Any) -> None:
    world.google.behave = lambda handler: (hang(1.5)(handler), answer()(handler))
    assert ask(world.port, "/api/v6").status == 200


# --- requests that may be sent once


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
@pytest.mark.parametrize(("behave", "status"), [(edges(503, "UC"), 503), (disconnect, 503)])
def test_a_request_with_a_body_is_never_replayed(
    world: Any, behave: Any, status: int, method: str
) -> None:
    world.aws.behave = behave
    assert ask(world.port, "/api/v5", method=method, body=b"pay").status == status
    assert hits(world) == [1, 0, 0]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_changes_something_is_never_replayed(world: Any, method: str) -> None:
    world.aws.behave = edges(503, "UC")
    assert ask(world.port, "/api/v5", method=method).status == 503
    assert not world.google.hits


@pytest.mark.slow
def test_a_post_has_no_timeout(world: Any) -> None:
    world.aws.behave = lambda handler: (hang(1.5)(handler), answer()(handler))
    assert post(world) == (200, "aws")


def test_a_dead_edge_costs_no_post_of_a_new_isolate(world: Any) -> None:
    world.aws.kill()
    assert [post(world) for _ in range(5)] == [(200, "google")] * 5


def test_a_dead_edge_costs_one_post_at_most(world: Any) -> None:
    assert post(world) == (200, "aws")
    world.aws.kill()
    answers = [post(world) for _ in range(10)]
    assert answers[1:] == [(200, "google")] * 9


# --- what is known of a site


def test_the_health_of_an_edge_is_asked_and_not_tried_with_requests(world: Any) -> None:
    world.aws.fail(answer(530))
    assert timed(world.port)[0] == "google"
    eventually(lambda: world.aws.checks > 0)
    time.sleep(0.2)
    world.aws.forget()
    assert [timed(world.port)[0] for _ in range(5)] == ["google"] * 5
    assert not world.aws.hits
    world.aws.fail(edges(200))
    eventually(lambda: timed(world.port)[0] == "aws", 5)


def test_an_upstream_that_is_down_makes_its_own_routes_turn_to_another_site(start: Any) -> None:
    routes = {"/models": ["aws", "google"], "/orders": ["aws", "google"]}
    world = start(routes, health={"/models": "/healthz/models"})

    def without_models(handler: Any) -> None:
        answer(503 if handler.path == "/healthz/models" else 200)(handler)

    world.aws.service.behave = without_models
    for target, site in {"/models": "google", "/orders": "aws"}.items():
        reply = ask(world.port, target, method="POST", body=b"a")
        assert reply.headers["trunkline-site"] == site


@pytest.mark.slow
def test_what_was_heard_before_a_time_without_requests_is_forgotten(world: Any) -> None:
    world.aws.fail(answer(530))
    timed(world.port)
    eventually(lambda: world.aws.checks > 0)
    time.sleep(10.5)
    world.aws.fail(edges(200))
    assert timed(world.port)[0] == "aws"


def test_a_request_that_fails_asks_for_the_health_of_its_edge_at_once(world: Any) -> None:
    assert timed(world.port)[0] == "aws"
    eventually(lambda: world.aws.checks > 0)
    time.sleep(0.3)
    world.aws.fail(answer(530))
    assert timed(world.port)[0] == "google"
    time.sleep(0.3)
    world.aws.forget()
    with ThreadPoolExecutor(20) as pool:
        sites = [*pool.map(lambda _: timed(world.port)[0], range(20))]
    assert sites == ["google"] * 20
    assert not world.aws.hits


def test_many_requests_ask_for_an_edges_health_once_in_two_seconds(world: Any) -> None:
    for _ in range(50):
        timed(world.port)
    assert world.aws.checks <= 2


def test_only_a_fifth_of_the_requests_under_way_are_sent_again(start: Any) -> None:
    world = start({"/api/v5": ["aws", "google"]})
    world.aws.behave = edges(503, "UO")  # it has had the request
    world.google.behave = lambda handler: (hang(1.5)(handler), edges(200)(handler))
    statuses = at_once(world)
    assert 3 <= statuses.count(200) < 20
    assert statuses.count(503) == 20 - statuses.count(200)


@pytest.mark.parametrize("killed", [False, True])
def test_all_requests_go_elsewhere_when_an_edge_is_gone(start: Any, killed: bool) -> None:
    world = start({"/api/v5": ["aws", "google"]})
    world.aws.behave = answer(530)  # a tunnel that is down, in Cloudflare's words
    if killed:
        world.aws.kill()
    world.google.behave = lambda handler: (hang(0.5)(handler), edges(200)(handler))
    assert at_once(world) == [200] * 20


def at_once(world: Any) -> list[int]:
    """The statuses of 20 requests that are under way together."""
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda _: ask(world.port, "/api/v5").status, range(20)))


# --- what a client cannot do: each of these switched a site off for all others once


def served_by_aws(world: Any) -> bool:
    world.aws.behave = edges(200)
    return [timed(world.port)[0] for _ in range(3)] == ["aws"] * 3 and post(world)[1] == "aws"


def test_a_client_cannot_switch_a_site_off_by_chunks_with_a_bad_size(world: Any) -> None:
    head = b"POST /api/v5 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", world.port), timeout=5) as client:
            client.sendall(head + b"nonsense\r\n\r\n")
            client.recv(1000)
    assert served_by_aws(world)


def test_a_client_cannot_switch_a_site_off_by_uploads_that_end_early(world: Any) -> None:
    head = b"POST /api/v5 HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nshort"
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", world.port), timeout=5) as client:
            client.sendall(head)
            time.sleep(0.1)
    assert served_by_aws(world)


def test_a_client_cannot_switch_sites_off_with_a_path_that_answers_503(world: Any) -> None:
    world.aws.behave = edges(503)
    for _ in range(4):
        assert timed(world.port)[0] == "aws"
    assert served_by_aws(world)


def test_a_client_cannot_switch_a_site_off_with_a_request_that_kills_its_service(
    world: Any,
) -> None:
    world.aws.behave = edges(503, "UC")
    for _ in range(4):
        assert timed(world.port)[0] == "google"
    assert served_by_aws(world)


def test_a_get_with_a_body_is_refused_and_one_with_an_empty_body_is_not(world: Any) -> None:
    assert ask(world.port, "/api/v5", body=b"odd").status == 400
    assert ask(world.port, "/api/v5", content__length="0").status == 200
