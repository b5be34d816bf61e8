"""Prefixes become Envoy routes."""

from __future__ import annotations

import pytest

from trunkline.envoy.route import routes
from trunkline.model import Upstream

SERVICE = Upstream("10.0.1.20", 8080, False)


def test_every_prefix_answers_and_the_longest_comes_first() -> None:
    made = routes(["/", "/api/v5", "/api", "/api/v5/models"], None)
    assert [route["name"] for route in made] == ["/api/v5/models", "/api/v5", "/api", "/"]
    assert made[0]["match"] == {"path_separated_prefix": "/api/v5/models"}
    assert made[-1]["match"] == {"prefix": "/"}  # path_separated_prefix does not take it
    assert all(route["direct_response"] == {"status": 200} for route in made)


@pytest.mark.parametrize("upstream", [None, SERVICE])
def test_a_trailing_slash_does_not_count(upstream: Upstream | None) -> None:
    assert routes(["/api/"], upstream) == routes(["/api", "/api/"], upstream)


def test_an_upstream_gets_every_prefix_and_nothing_else() -> None:
    made = routes(["/api/v5", "/a.b~c-d"], SERVICE)
    assert {route["name"]: route["match"] for route in made} == {
        "/api/v5": {"path_separated_prefix": "/api/v5"},
        "/a.b~c-d": {"path_separated_prefix": "/a.b~c-d"},
    }
    assert {route["route"]["cluster"] for route in made} == {"upstream"}


def test_a_stream_has_no_time_limit() -> None:
    (route,) = routes(["/api"], SERVICE)
    assert route["route"] == {"cluster": "upstream", "timeout": "0s", "auto_host_rewrite": True}
